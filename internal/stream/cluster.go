package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// cluster is the way to the NATS servers outside of this process.
type cluster struct {
	b  *broker
	up chan struct{} // closed once the streams are there and promise enough

	mu    sync.Mutex
	drift error
}

// openCluster connects and sets the streams up; what is not possible at once goes on behind.
func (s *Stream) openCluster(ctx, run context.Context) error {
	opts := func(name string) []nats.Option {
		o := append(connOptions(name, s.log), nats.RetryOnFailedConnect(true), nats.Timeout(5*time.Second))
		if s.cfg.NATSCreds != "" {
			o = append(o, nats.UserCredentials(s.cfg.NATSCreds))
		}
		return o
	}
	pubc, err := nats.Connect(s.cfg.NATSURL, opts("cluster publish")...)
	if err != nil {
		return fmt.Errorf("connect to nats: %w", err)
	}
	subc, err := nats.Connect(s.cfg.NATSURL, opts("cluster consume")...)
	if err != nil {
		pubc.Close()
		return fmt.Errorf("connect to nats: %w", err)
	}
	b, err := newBroker("cluster", pubc, subc, s.tune.pubTimeout, 0)
	if err != nil {
		return err
	}
	s.cluster = &cluster{b: b, up: make(chan struct{})}

	err = s.setUpCluster(ctx)
	switch {
	case err == nil:
		close(s.cluster.up)
	case errors.Is(err, ErrDrift):
		return err
	default:
		s.log.Warn("nats cluster is not there yet, going on without it", "err", err)
		s.running.Go(func() { s.keepSettingUp(run) })
	}
	if s.local != nil {
		s.running.Go(func() { s.pump(run) })
	}
	return nil
}

func (c *cluster) close() { c.b.close() }

// wait gives the cluster's broker once it is usable.
func (c *cluster) wait(ctx context.Context) (*broker, error) {
	select {
	case <-c.up:
		return c.b, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the nats cluster: %w", ctx.Err())
	}
}

func (c *cluster) ready(needed bool) error {
	c.mu.Lock()
	drift := c.drift
	c.mu.Unlock()
	if drift != nil {
		return drift
	}
	if !needed {
		return nil
	}
	select {
	case <-c.up:
	default:
		return errors.New("nats cluster has not been reached yet")
	}
	if !c.b.subc.IsConnected() {
		return errors.New("nats cluster is not connected")
	}
	return nil
}

func (s *Stream) keepSettingUp(ctx context.Context) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		err := s.setUpCluster(ctx)
		if err == nil {
			s.log.Info("nats cluster is there")
			close(s.cluster.up)
			return
		}
		s.cluster.mu.Lock()
		was := s.cluster.drift
		s.cluster.drift = nil
		if errors.Is(err, ErrDrift) {
			s.cluster.drift = err
		}
		s.cluster.mu.Unlock()
		if errors.Is(err, ErrDrift) && was == nil {
			s.log.Error("nats cluster is not used", "err", err)
		}
	}
}

// setUpCluster creates the streams that are missing and checks those that are there: they belong
// to the operator, so they are not changed.
func (s *Stream) setUpCluster(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	b := s.cluster.b
	if !b.subc.IsConnected() {
		return errors.New("not connected")
	}
	replicas := s.cfg.Replicas
	if replicas == 0 {
		replicas = 1
		if b.subc.ConnectedClusterName() != "" {
			replicas = 3
		}
	}
	if err := s.checkServers(ctx); err != nil {
		return err
	}
	for _, want := range []jetstream.StreamConfig{ingestConfig(s.cfg.MaxBytes, replicas), deadConfig(s.cfg.MaxBytes, replicas)} {
		st, err := b.js.Stream(ctx, want.Name)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			st, err = b.js.CreateStream(ctx, want)
		}
		if err != nil {
			return fmt.Errorf("set up stream %s: %w", want.Name, err)
		}
		if err := s.allow(drift(want, st.CachedInfo().Config)); err != nil {
			return err
		}
	}
	for _, k := range Kinds() {
		_, err := b.js.Consumer(ctx, ingestStream, string(k))
		if errors.Is(err, jetstream.ErrConsumerNotFound) {
			_, err = b.js.CreateOrUpdateConsumer(ctx, ingestStream, consumerConfig(k, s.tune.ackWait, defaultAckPending))
		}
		if err != nil {
			return fmt.Errorf("set up consumer %s: %w", k, err)
		}
	}
	return nil
}

// allow lets a drift pass with a warning if it was told to.
func (s *Stream) allow(err error) error {
	if err != nil && s.cfg.AllowDrift {
		s.log.Warn("nats cluster promises less than configured, used all the same", "err", err)
		return nil
	}
	return err
}
