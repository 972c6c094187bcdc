package relay

import (
	"github.com/tidwall/gjson"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
)

// maxPairs bounds what one request teaches.
const maxPairs = 200

// taught remembers what dropped items say of traces and replays, to be told in their stead.
type taught struct{ pairs []stream.Pair }

func (t *taught) add(trace, replay envelope.ID, source string) {
	if trace.IsZero() || replay.IsZero() || len(t.pairs) >= maxPairs {
		return
	}
	pair := stream.Pair{Trace: trace, Replay: replay, Source: source}
	for _, p := range t.pairs {
		if p == pair {
			return
		}
	}
	t.pairs = append(t.pairs, pair)
}

// teach learns from an item that is about to be dropped, whoever drops it. It is called before the
// payload is gone; publish tells what was learned, also when nothing is left of the parcel.
func (q *request) teach(p *parcel, it *item) {
	if t := p.header.Trace; t != nil {
		q.taught.add(t.TraceID, t.ReplayID, stream.PairItem)
	}
	switch it.header.Type {
	case "event", "transaction", "feedback", "replay_event":
	default:
		return
	}
	b, err := it.payload.bytes()
	if err != nil {
		q.rl.cfg.Log.Debug("a dropped item teaches nothing", "err", err)
		return
	}
	trace := parseID(gjson.GetBytes(b, "contexts.trace.trace_id"))
	if it.header.Type == "replay_event" {
		replay := parseID(gjson.GetBytes(b, "replay_id"))
		gjson.GetBytes(b, "trace_ids").ForEach(func(_, v gjson.Result) bool {
			q.taught.add(parseID(v), replay, stream.PairTraceIDs)
			return len(q.taught.pairs) < maxPairs
		})
		return
	}
	q.taught.add(trace, parseID(gjson.GetBytes(b, "contexts.replay.replay_id")), stream.PairItem)
	q.taught.add(trace, parseID(gjson.GetBytes(b, "contexts.feedback.replay_id")), stream.PairItem)
	var f facts
	f.add(b)
	q.taught.add(f.baggageTraceID, f.baggageReplayID, stream.PairItem)
	q.taught.add(trace, f.baggageReplayID, stream.PairItem)
}

func parseID(v gjson.Result) envelope.ID {
	id, err := envelope.ParseID(v.String())
	if err != nil {
		return envelope.ID{}
	}
	return id
}

// pairsMessage is the message with what dropped items taught; nil: nothing.
func (q *request) pairsMessage() (*stream.Message, error) {
	if len(q.taught.pairs) == 0 {
		return nil, nil
	}
	m, err := stream.NewPairsMessage(q.newIngestID()+":p", q.received, q.key.OrgID, int64(q.key.ProjectID), q.taught.pairs)
	q.taught.pairs = nil
	return m, err
}

// tellPairs publishes what was learned of a request that is refused; that it cannot be published
// costs a hint, not data.
func (q *request) tellPairs() {
	m, err := q.pairsMessage()
	if err != nil || m == nil {
		return
	}
	ctx, cancel := q.publishContext()
	defer cancel()
	if err := q.rl.cfg.Publish.Publish(ctx, m); err != nil {
		q.rl.cfg.Log.Debug("pairs of dropped items are not told", "err", err)
	}
}
