package linker

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/linker/normalize"
	"github.com/hindsight-dev/hindsight/linker/symbolicate"
	"github.com/hindsight-dev/hindsight/store"
)

// Foreign reads events that another server kept, by the steps an event of the stream goes through: normalised, its
// frames mapped, grouped by the project's rules. So the next event of the same cause has its hashes.
type Foreign struct{ l *Linker }

// NewForeign makes a reader for the projects of a store.
func NewForeign(s *store.Store, blobs store.Blobs) *Foreign {
	return &Foreign{&Linker{cfg: Config{Store: s, Blobs: blobs}, agents: normalize.NewAgents(), symbols: symbolicate.New(symbolBytes),
		uploads: &uploads{store: s}, groupers: groupers{store: s, now: time.Now}}}
}

// Event reads the payload of an event of a project. Its times stay as they are. Where the old server has mapped frames it
// keeps those names, and has the hashes of the frames that were reported as well: the next event may come without its
// source maps. nil is one that cannot be an event of an issue: no JSON, a transaction, without an id.
func (f *Foreign) Event(ctx context.Context, org, project int64, payload []byte) (*store.EventWrite, error) {
	ev, err := envelope.ParseEvent(payload)
	if err != nil || ev.EventID.IsZero() || ev.Type == "transaction" {
		return nil, nil
	}
	received := ev.Received
	if received.IsZero() || ev.Timestamp.After(received) {
		received = ev.Timestamp
	}
	if received.IsZero() {
		received = time.Now()
	}
	d := &stream.Delivery{Message: stream.Message{OrgID: org, ProjectID: project, Received: received}}
	m := &message{Delivery: d, l: f.l, header: &envelope.Header{}, w: &store.Write{ReceivedMS: received.UnixMilli(), OrgID: org}}
	if m.rules, err = f.l.groupers.of(ctx, org, project); err != nil {
		return nil, err
	}
	normalize.Event(ev, m.input())
	var wanted, other []string
	if mapped(ev) {
		again, err := envelope.ParseEvent(payload)
		if err != nil {
			return nil, fmt.Errorf("event %s: %w", ev.EventID, err)
		}
		normalize.Event(again, m.input())
		m.symbolicate(ctx, again)
		other = m.rules.Group(again).Hashes
	} else {
		wanted = m.symbolicate(ctx, ev)
	}
	w, err := m.write(ev, ev.TraceID())
	if err != nil {
		return nil, err
	}
	w.Wanted = wanted
	for _, h := range other {
		if !slices.Contains(w.Hashes, h) {
			w.Hashes = append(w.Hashes, h)
		}
	}
	return w, nil
}

// mapped says whether frames of an event have others that they were made of.
func mapped(ev *envelope.Event) bool {
	return slices.ContainsFunc(ev.Exceptions, func(x envelope.Exception) bool { return x.RawStacktrace != nil }) ||
		slices.ContainsFunc(ev.Threads, func(t envelope.Thread) bool { return t.RawStacktrace != nil })
}
