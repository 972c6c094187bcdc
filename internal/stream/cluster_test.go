package stream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
)

// outside is a NATS server as an operator would run it: with a socket, and settings of its own.
type outside struct {
	t    testing.TB
	opts server.Options
	srv  *server.Server
}

func newOutside(t testing.TB, change func(*server.Options)) *outside {
	t.Helper()
	o := &outside{t: t, opts: server.Options{
		ServerName: "outside", Host: "127.0.0.1", Port: server.RANDOM_PORT, HTTPHost: "127.0.0.1", HTTPPort: server.RANDOM_PORT,
		JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true, SyncAlways: true,
	}}
	if change != nil {
		change(&o.opts)
	}
	o.start()
	t.Cleanup(o.stop)
	return o
}

func (o *outside) start() {
	o.t.Helper()
	opts := o.opts
	srv, err := server.NewServer(&opts)
	if err != nil {
		o.t.Fatal(err)
	}
	srv.Start()
	if !srv.ReadyForConnections(10 * time.Second) {
		o.t.Fatal("server is not ready")
	}
	o.srv = srv
	// The same ports when it is started again.
	o.opts.Port = opts.Port
	o.opts.HTTPPort = srv.MonitorAddr().Port
}

func (o *outside) stop() {
	o.srv.Shutdown()
	o.srv.WaitForShutdown()
}

func (o *outside) url() string     { return fmt.Sprintf("nats://127.0.0.1:%d", o.opts.Port) }
func (o *outside) monitor() string { return fmt.Sprintf("http://127.0.0.1:%d", o.opts.HTTPPort) }

func TestRelayToLinkerThroughACluster(t *testing.T) {
	o := newOutside(t, nil)
	relay := openTest(t, Config{Role: RoleRelay, NATSURL: o.url(), NATSMonitorURL: o.monitor()}, quick())
	linker := openTest(t, Config{Role: RoleLinker, NATSURL: o.url(), NATSMonitorURL: o.monitor()}, quick())
	for i := range 500 {
		for _, k := range []Kind{KindEvent, KindReplay} {
			m := message(k, i)
			m.ID = fmt.Sprintf("%s-%d", k, i)
			publish(t, relay, m)
		}
	}
	bad := message(KindEvent, 1000)
	publish(t, relay, bad)
	var got seen
	handle := func(ctx context.Context, batch []*Delivery) error {
		for _, d := range batch {
			if d.ID == bad.ID {
				return Permanent("bad", nil)
			}
		}
		return got.handle(ctx, batch)
	}
	consume(t, linker, KindEvent, ConsumeOptions{Workers: 2}, handle)
	consume(t, linker, KindReplay, ConsumeOptions{}, handle)
	eventually(t, "all messages at the linker", func() bool { return len(got.ids()) == 1000 })
	eventually(t, "dead letter at the linker", func() bool { return len(deadLetters(t, linker)) == 1 })
	st, err := relay.Stats(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if st.PumpLag != 0 || st.Kinds != nil {
		t.Errorf("relay's stats %+v, want no lag and no kinds", st)
	}
	if err := errors.Join(relay.Ready(), linker.Ready()); err != nil {
		t.Errorf("Ready: %v", err)
	}
	if err := relay.Consume(context.Background(), KindEvent, ConsumeOptions{}, handle); err == nil {
		t.Error("a relay consumes")
	}
	if err := linker.Publish(context.Background(), message(KindEvent, 1)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a linker publishes: %v", err)
	}
}

// While the cluster is away, before the first contact or later, publishing goes on; then
// everything arrives, once.
func TestClusterAway(t *testing.T) {
	o := newOutside(t, nil)
	url := o.url()
	o.stop()
	s := openTest(t, Config{NATSURL: url}, quick())
	publish(t, s, message(KindEvent, 1))
	if err := s.Ready(); err != nil {
		t.Errorf("Ready without the cluster: %v", err)
	}
	var got seen
	consume(t, s, KindEvent, ConsumeOptions{}, got.handle)
	o.start()
	eventually(t, "the message from before", func() bool { return len(got.ids()) == 1 })

	o.stop()
	for i := range 300 {
		publish(t, s, message(KindEvent, 2+i))
	}
	o.start()
	eventually(t, "those from the outage", func() bool { return len(got.ids()) == 301 })
	eventually(t, "nothing left here", func() bool {
		st, err := s.Stats(context.Background())
		return err == nil && st.PumpLag == 0 && st.Kinds[KindEvent].Pending == 0
	})
}

// A full cluster stream holds the pump back; what does not fit stays here.
func TestClusterFull(t *testing.T) {
	o := newOutside(t, nil)
	s := openTest(t, Config{NATSURL: o.url(), MaxBytes: 2 << 20}, quick())
	const n = 60 // of 100 KiB: more than one stream holds
	var published atomic.Int64
	go func() {
		for i := 0; i < n; {
			m := message(KindEvent, i)
			m.Body = make([]byte, 100<<10)
			switch err := s.Publish(context.Background(), m); {
			case err == nil:
				i++
				published.Add(1)
			case !errors.Is(err, ErrFull):
				t.Error(err)
				return
			}
		}
	}()
	eventually(t, "both full", func() bool {
		st, err := s.Stats(context.Background())
		return err == nil && s.Fill() > 0.9 && st.Kinds[KindEvent].Pending > 15
	})
	var got seen
	consume(t, s, KindEvent, ConsumeOptions{Batch: 5}, got.handle)
	eventually(t, "all of them", func() bool { return len(got.ids()) == n && published.Load() == n })
}

// Going over to a cluster takes along what is still in the embedded stream.
func TestModeChangeLeavesNothingBehind(t *testing.T) {
	s := openTest(t, Config{}, quick())
	dir := s.cfg.Dir
	stop := consume(t, s, KindEvent, ConsumeOptions{}, func(context.Context, []*Delivery) error { return Permanent("x", nil) })
	for i := range 3 {
		publish(t, s, message(KindEvent, 100+i))
	}
	eventually(t, "three dead letters", func() bool { return len(deadLetters(t, s)) == 3 })
	stop()
	for i := range 20 {
		publish(t, s, message(KindEvent, i))
	}
	s.Close()
	o := newOutside(t, nil)
	s = openTest(t, Config{Dir: dir, NATSURL: o.url()}, quick())
	var got seen
	consume(t, s, KindEvent, ConsumeOptions{}, got.handle)
	eventually(t, "all of them", func() bool { return len(got.ids()) == 20 })
	if l := deadLetters(t, s); len(l) != 3 || l[0].Reason != "x" {
		t.Errorf("dead letters in the cluster: %+v, want the three", l)
	}
}

func TestDriftIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		server func(*server.Options)
		stream func(*jetstream.StreamConfig)
		want   string
	}{
		"sync":      {server: func(o *server.Options) { o.SyncAlways = false }, want: "sync_interval"},
		"discard":   {stream: func(c *jetstream.StreamConfig) { c.Discard = jetstream.DiscardOld }, want: "discard"},
		"retention": {stream: func(c *jetstream.StreamConfig) { c.Retention = jetstream.LimitsPolicy }, want: "retention"},
		"max age":   {stream: func(c *jetstream.StreamConfig) { c.MaxAge = time.Hour }, want: "max_age"},
		"storage":   {stream: func(c *jetstream.StreamConfig) { c.Storage = jetstream.MemoryStorage; c.Replicas = 1 }, want: "storage"},
		"max bytes": {stream: func(c *jetstream.StreamConfig) { c.MaxBytes = -1 }, want: "max_bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOutside(t, c.server)
			if c.stream != nil {
				create(t, o, c.stream)
			}
			cfg := Config{Role: RoleLinker, NATSURL: o.url(), NATSMonitorURL: o.monitor(), Log: testLog(t)}
			_, err := openTuned(context.Background(), cfg, quick())
			if !errors.Is(err, ErrDrift) || !strings.Contains(fmt.Sprint(err), c.want) {
				t.Fatalf("Open: %v, want ErrDrift about %s", err, c.want)
			}
			cfg.AllowDrift = true
			openTest(t, cfg, quick())
			cfg.AllowDrift = false
			if name == "sync" {
				cfg.Sync = SyncProcess
				openTest(t, cfg, quick())
			}
		})
	}
}

// create makes the cluster's stream as an operator might have, changed.
func create(t *testing.T, o *outside, change func(*jetstream.StreamConfig)) {
	t.Helper()
	nc, err := connectEmbedded(o.srv, "operator", testLog(t))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	cfg := ingestConfig(16<<20, 1)
	change(&cfg)
	if _, err := js.CreateStream(context.Background(), cfg); err != nil {
		t.Fatal(err)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  Config
		want []string
	}{
		"nothing":  {Config{}, []string{"directory", "log"}},
		"relay":    {Config{Role: RoleRelay}, []string{"nats_url"}},
		"linker":   {Config{Role: RoleLinker}, []string{"nats_url"}},
		"role":     {Config{Role: "boss"}, []string{"role"}},
		"sync":     {Config{Sync: "2m"}, []string{"durability"}},
		"bytes":    {Config{MaxBytes: -1}, []string{"max bytes"}},
		"replicas": {Config{Replicas: 7}, []string{"replicas"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.cfg.Validate()
			for _, want := range c.want {
				if !strings.Contains(fmt.Sprint(err), want) {
					t.Errorf("Validate: %v, want something about %s", err, want)
				}
			}
		})
	}
}
