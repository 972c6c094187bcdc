package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/hindsight-dev/hindsight/relay"
	"github.com/hindsight-dev/hindsight/store"
)

// tellForwardingEvery is the pace at which a relay writes down how forwarding is going: into the
// database, where an API in another process finds it.
const tellForwardingEvery = 5 * time.Second

// tellForwarding tells until ctx ends. A database that is away is tried again each time; what an SDK
// sends never waits for it.
func (h *house) tellForwarding(ctx context.Context, name string) error {
	tick := time.NewTicker(tellForwardingEvery)
	defer tick.Stop()
	told := false
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		states := forwardStates(h.keys.All(), h.relay.Forwarding)
		if len(states) == 0 && !told {
			continue
		}
		db, err := h.lazy.get(ctx)
		if err == nil {
			err = db.SaveForwardStates(ctx, name, states)
		}
		if err != nil {
			if ctx.Err() == nil {
				h.log.Warn("how forwarding is going cannot be written down", "err", err)
			}
			continue
		}
		told = len(states) > 0
	}
}

// forwardStates lists what a relay knows of the projects that forward, or did.
func forwardStates(keys []relay.Key, of func(project int64) (relay.ForwardState, bool)) []store.ForwardState {
	var states []store.ForwardState
	seen := map[int64]bool{}
	ms := func(t time.Time) *int64 {
		if t.IsZero() {
			return nil
		}
		v := t.UnixMilli()
		return &v
	}
	for _, k := range keys {
		project := int64(k.ProjectID)
		st, ok := of(project)
		if seen[project] || !ok {
			continue
		}
		seen[project] = true
		dropped, err := json.Marshal(st.Dropped)
		if err != nil {
			continue // a map of numbers always encodes
		}
		states = append(states, store.ForwardState{ProjectID: project, OrgID: k.OrgID, Pending: int64(st.Pending), LagMS: st.Lag.Milliseconds(),
			Sent: st.Sent, Dropped: string(dropped), LastSentMS: ms(st.LastSent), LastError: st.LastError, LimitedUntilMS: ms(st.LimitedUntil)})
	}
	return states
}

// relayName names this relay among others, the same after a restart.
func relayName(dataDir string) string {
	host, err := os.Hostname()
	if err != nil {
		host = "relay"
	}
	if abs, err := filepath.Abs(dataDir); err == nil {
		dataDir = abs
	}
	sum := sha256.Sum256([]byte(dataDir))
	return host + "-" + hex.EncodeToString(sum[:4])
}
