package alert

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/hindsight-dev/hindsight/alert/channel"
	"github.com/hindsight-dev/hindsight/store"
)

const (
	lease     = 12 * time.Second // how long a process that died keeps its message from the others
	renew     = lease / 3        // a living one keeps it
	attempt   = 40 * time.Second // longer than any takes
	firstWait = 5 * time.Second
	longest   = 15 * time.Minute

	// A message about an error whose session is still being recorded waits this long for the replay.
	replayHold = 20 * time.Second
	holdRetry  = 4 * time.Second
)

// Deliver sends one message of the outbox and says whether there was one.
func (w *Worker) Deliver(ctx context.Context) (more bool, err error) {
	ds, err := w.cfg.Store.ClaimDelivery(ctx, w.nowMS(), lease.Milliseconds())
	if err != nil || len(ds) == 0 {
		return false, err
	}
	// What is claimed is finished, also while the process is stopping: an attempt that is cut off is repeated.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), attempt)
	defer cancel()
	head := &ds[0]
	letGo := w.keep(ctx, head)
	defer letGo()
	m, hold, err := w.compose(ctx, ds)
	if err == nil && hold {
		letGo()
		return true, w.cfg.Store.PutBackDelivery(ctx, head.Batch, w.nowMS()+holdRetry.Milliseconds())
	}
	code := 0
	if err == nil {
		code, err = w.send(ctx, head, m)
	}
	letGo() // what ends the attempt has the last word
	result := w.result(head, code, err)
	name := map[string]string{store.DeliverySent: "sent", store.DeliveryPending: "retry", store.DeliveryFailed: "failed"}[result.Status]
	w.m.deliveries.WithLabelValues(head.Kind, name).Inc()
	if result.Status != store.DeliverySent {
		w.log.Warn("an alert was not delivered", "delivery", head.ID, "kind", head.Kind, "to", head.Target, "attempt", head.Attempts,
			"again", result.Status == store.DeliveryPending, "err", err)
	}
	return true, w.cfg.Store.FinishDelivery(ctx, head.Batch, result)
}

// keep renews the lease of a message until it is let go, which may be twice.
func (w *Worker) keep(ctx context.Context, d *store.AlertDelivery) (letGo func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		w.every(ctx, renew, "keep an alert in hand", func(ctx context.Context) (bool, error) {
			return false, w.cfg.Store.RenewDelivery(ctx, d.Batch, w.nowMS()+lease.Milliseconds())
		})
	})
	return func() { cancel(); wg.Wait() }
}

// send opens the channel's configuration and sends.
func (w *Worker) send(ctx context.Context, d *store.AlertDelivery, m *channel.Message) (int, error) {
	cfg := &channel.Config{To: []string{d.Target}}
	if d.ChannelID != 0 {
		c, err := w.cfg.Store.AlertChannel(ctx, store.Scope{OrgID: d.OrgID}, d.ChannelID)
		if errors.Is(err, store.ErrNotFound) {
			return 0, &channel.Failed{Permanent: true, Err: errors.New("the channel was deleted")}
		}
		if err != nil {
			return 0, err
		}
		if cfg, err = channel.Open(w.cfg.Box, c.OrgID, c.Config); err != nil {
			return 0, &channel.Failed{Permanent: true, Err: err}
		}
	}
	m.SentAt = w.cfg.Now()
	return w.cfg.Senders.Send(ctx, d.Kind, cfg, m)
}

// result says what an attempt's end means: sent, to be tried again, or failed.
func (w *Worker) result(d *store.AlertDelivery, code int, err error) store.DeliveryResult {
	now := w.nowMS()
	r := store.DeliveryResult{Status: store.DeliverySent, Code: int64(code)}
	if err == nil {
		return r
	}
	r.Error = clip(err.Error(), 500)
	var f *channel.Failed
	wait := backoff(d.Attempts)
	if errors.As(err, &f) {
		if f.Permanent {
			r.Status = store.DeliveryFailed
			return r
		}
		wait = max(wait, f.After)
	}
	if now+wait.Milliseconds() > d.DeadlineMS {
		r.Status = store.DeliveryFailed
		r.Error = fmt.Sprintf("given up after %d attempts: %s", d.Attempts, r.Error)
		return r
	}
	r.Status, r.DueMS = store.DeliveryPending, now+wait.Milliseconds()
	return r
}

// backoff is how long to wait after so many attempts: twice as long each time, give or take a quarter.
func backoff(attempts int64) time.Duration {
	d := min(firstWait<<min(attempts-1, 20), longest)
	return d*3/4 + rand.N(d/2)
}

func clip(s string, n int) string {
	rs := []rune(s)
	if len(rs) <= n {
		return s
	}
	return string(rs[:n-1]) + "…"
}
