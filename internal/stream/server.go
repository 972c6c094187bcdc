package stream

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// startServer starts the embedded server: in this process, on no socket.
func startServer(cfg Config) (*server.Server, error) {
	opts := &server.Options{
		ServerName:             "hindsight",
		DontListen:             true,
		NoSigs:                 true,
		JetStream:              true,
		StoreDir:               cfg.Dir,
		MaxPayload:             maxPayload,
		JetStreamMaxMemory:     64 << 20,
		JetStreamMaxStore:      1 << 50, // no limit: both streams have their own, which may shrink
		DisableJetStreamBanner: true,
	}
	switch cfg.Sync {
	case SyncPower:
		opts.SyncAlways = true
		opts.SyncInterval = time.Second
	case SyncProcess:
		opts.SyncInterval = time.Second
	}
	srv, err := server.NewServer(opts)
	if err != nil {
		return nil, fmt.Errorf("embedded nats: %w", err)
	}
	srv.SetLoggerV2(serverLog{cfg.Log.With("component", "nats")}, false, false, false)
	srv.Start()
	if !srv.ReadyForConnections(30 * time.Second) {
		srv.Shutdown()
		srv.WaitForShutdown()
		return nil, fmt.Errorf("embedded nats in %s: not ready after 30 s", cfg.Dir)
	}
	return srv, nil
}

// healthy asks the embedded server about itself. A stream whose disk failed is frozen by the
// server and shows here; only a restart of the process heals it.
func healthy(srv *server.Server) error {
	if !srv.Running() {
		return errors.New("embedded nats is not running")
	}
	if h := srv.Healthz(&server.HealthzOptions{}); h.StatusCode != 0 && h.StatusCode != 200 {
		return fmt.Errorf("embedded nats: %s", h.Error)
	}
	return nil
}

func connectEmbedded(srv *server.Server, name string, log *slog.Logger) (*nats.Conn, error) {
	nc, err := nats.Connect("", append(connOptions(name, log), nats.InProcessServer(srv))...)
	if err != nil {
		return nil, fmt.Errorf("connect to embedded nats: %w", err)
	}
	return nc, nil
}

func connOptions(name string, log *slog.Logger) []nats.Option {
	return []nats.Option{
		nats.Name("hindsight " + name),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(500 * time.Millisecond),
		nats.ReconnectJitter(250*time.Millisecond, 500*time.Millisecond),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			log.Warn("nats connection", "connection", name, "err", err)
		}),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("nats disconnected", "connection", name, "err", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { log.Info("nats reconnected", "connection", name) }),
	}
}

// serverLog hands the embedded server's log on. Its notices are our debug: they tell a NATS
// operator about ports and routes, of which there are none.
type serverLog struct{ log *slog.Logger }

func (l serverLog) Noticef(format string, a ...any) { l.log.Debug(fmt.Sprintf(format, a...)) }
func (l serverLog) Warnf(format string, a ...any)   { l.log.Warn(fmt.Sprintf(format, a...)) }
func (l serverLog) Fatalf(format string, a ...any)  { l.log.Error(fmt.Sprintf(format, a...)) }
func (l serverLog) Errorf(format string, a ...any)  { l.log.Error(fmt.Sprintf(format, a...)) }
func (l serverLog) Debugf(format string, a ...any)  { l.log.Debug(fmt.Sprintf(format, a...)) }
func (l serverLog) Tracef(format string, a ...any)  { l.log.Debug(fmt.Sprintf(format, a...)) }
