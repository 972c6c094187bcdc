package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Stream is the way from the relay to the linker. All methods may be called concurrently.
type Stream struct {
	cfg  Config
	log  *slog.Logger
	tune tuning

	lock    *os.File
	srv     *server.Server
	local   *broker  // nil in the role linker
	cluster *cluster // nil without a NATS URL

	stop    context.CancelFunc
	running sync.WaitGroup
	closed  sync.Once

	stretch stretch

	bytes  atomic.Int64 // of the embedded stream at the last look
	added  atomic.Int64 // published since
	looked atomic.Int64 // when that was, ns since 1970
}

// tuning holds what only tests change.
type tuning struct {
	ackWait    time.Duration // a third of it is the pace of InProgress
	pubTimeout time.Duration
	retryMin   time.Duration // of a message after a passing error
	retryMax   time.Duration
	breakMax   time.Duration // of the fetch loop
	idle       time.Duration // of one waiting fetch
	grace      time.Duration // for handlers at the end
	look       time.Duration // between two looks at the fill
	alone      int           // from this attempt on, messages are handled one by one
}

func defaultTuning() tuning {
	return tuning{
		ackWait:    60 * time.Second,
		pubTimeout: 5 * time.Second,
		retryMin:   time.Second,
		retryMax:   5 * time.Minute,
		breakMax:   30 * time.Second,
		idle:       10 * time.Second,
		grace:      20 * time.Second,
		look:       500 * time.Millisecond,
		alone:      4,
	}
}

// Open starts the embedded server (unless the role is linker) and the way to the cluster (if
// there is a NATS URL). A cluster that cannot be reached is no error: it is tried for ever. A
// cluster that answers and promises too little is [ErrDrift]. Close ends it all.
func Open(ctx context.Context, cfg Config) (*Stream, error) {
	return openTuned(ctx, cfg, defaultTuning())
}

func openTuned(ctx context.Context, cfg Config, t tuning) (*Stream, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("stream settings: %w", err)
	}
	s := &Stream{cfg: cfg, log: cfg.Log.With("component", "stream"), tune: t}
	s.stretch.base = time.Now().UnixMilli()
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	if cfg.Role != RoleLinker {
		if err := s.openLocal(ctx, run); err != nil {
			s.Close()
			return nil, err
		}
	}
	if cfg.NATSURL != "" {
		if err := s.openCluster(ctx, run); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

func (s *Stream) openLocal(ctx, run context.Context) (err error) {
	if s.lock, err = lockDir(s.cfg.Dir); err != nil {
		return fmt.Errorf("open stream: %w", err)
	}
	if s.srv, err = startServer(s.cfg); err != nil {
		return err
	}
	pubc, err := connectEmbedded(s.srv, "publish", s.log)
	if err != nil {
		return err
	}
	subc, err := connectEmbedded(s.srv, "consume", s.log)
	if err != nil {
		pubc.Close()
		return err
	}
	b, err := newBroker("embedded", pubc, subc, s.tune.pubTimeout, s.cfg.BatchWait)
	if err != nil {
		return err
	}
	if s.cfg.Sync == SyncProcess { // nothing is synced, so there is nothing to share
		b.pub.alone, b.pub.wait = maxBatchMsgs, 0
	}
	if err := b.setUpLocal(ctx, s.cfg, s.tune.ackWait); err != nil {
		b.close()
		return err
	}
	s.local = b
	if err := s.look(ctx); err != nil {
		b.close()
		s.local = nil
		return err
	}
	s.running.Go(func() { s.keepLooking(run) })
	go b.pub.run() // ended by its close, which waits for it
	return nil
}

// Close answers the publishes in flight, ends everything, and lets go of the directory. Contexts
// given to Consume should have ended before. Nothing that was acknowledged depends on it.
func (s *Stream) Close() error {
	s.closed.Do(func() {
		if s.local != nil {
			s.local.pub.close()
		}
		s.stop()
		s.running.Wait()
		if s.cluster != nil {
			s.cluster.close()
		}
		if s.local != nil {
			s.local.close()
		}
		if s.srv != nil {
			s.srv.Shutdown()
			s.srv.WaitForShutdown()
		}
		if s.lock != nil {
			s.lock.Close()
		}
	})
	return nil
}

// readyFill is how full the embedded stream may be before the relay is no longer ready.
const readyFill = 0.95

// Ready says whether this process can do its part: in the role linker, that the cluster is there
// and promises enough; else, that the embedded stream can be written to and is not nearly full.
// A cluster that is away does not make a relay unready: that is what its own stream is for.
func (s *Stream) Ready() error {
	if s.cluster != nil {
		if err := s.cluster.ready(s.cfg.Role == RoleLinker); err != nil {
			return err
		}
	}
	if s.local == nil {
		return nil
	}
	if err := healthy(s.srv); err != nil {
		return err
	}
	if age := time.Since(time.Unix(0, s.looked.Load())); age > 10*time.Second+10*s.tune.look {
		return fmt.Errorf("embedded stream has not answered for %s", age.Round(time.Second))
	}
	if f := s.Fill(); f >= readyFill {
		return fmt.Errorf("stream is %.0f %% full: %w", f*100, ErrFull)
	}
	return nil
}

// Fill is the embedded stream's share of its byte limit, 0 to 1. It costs nothing to ask; it is
// exact to half a second's acknowledgements. In the role linker it is 0.
func (s *Stream) Fill() float64 {
	if s.local == nil {
		return 0
	}
	f := float64(s.bytes.Load()+s.added.Load()) / float64(s.cfg.MaxBytes)
	return min(max(f, 0), 1)
}

// look refreshes what Fill tells.
func (s *Stream) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	before := s.added.Load()
	st, err := s.local.js.Stream(ctx, ingestStream)
	if err != nil {
		return fmt.Errorf("look at the stream: %w", err)
	}
	s.bytes.Store(int64(st.CachedInfo().State.Bytes))
	s.added.Add(-before)
	s.looked.Store(time.Now().UnixNano())
	return nil
}

func (s *Stream) keepLooking(ctx context.Context) {
	t := time.NewTicker(s.tune.look)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if err := s.look(ctx); err != nil && !errors.Is(err, context.Canceled) {
			s.log.Warn("embedded stream does not answer", "err", err)
		}
	}
}

// main is where messages are consumed and dead letters kept.
func (s *Stream) main(ctx context.Context) (*broker, error) {
	if s.cluster == nil {
		return s.local, nil
	}
	return s.cluster.wait(ctx)
}
