package relay

import (
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/tidwall/gjson"
)

// facts are what an event's own request headers say of its trace and replay: the one place where
// a backend's SDK that rebuilds the trace header still has the replay id.
type facts struct {
	traceID                         envelope.ID // of sentry-trace
	baggageTraceID, baggageReplayID envelope.ID
	expectsReplay                   bool
}

// learn reads the facts, before any scrubbing, and by name, without decoding the event.
func (p *parcel) learn() error {
	for i := range p.items {
		it := &p.items[i]
		kind := kindOf(it.header, false)
		if it.header.Type != "event" && it.header.Type != "transaction" {
			continue
		}
		b, err := it.payload.bytes()
		if err != nil {
			return err
		}
		if p.facts == nil {
			p.facts = make(map[stream.Kind]*facts)
		}
		if p.facts[kind] == nil {
			p.facts[kind] = new(facts)
		}
		p.facts[kind].add(b)
	}
	return nil
}

func (f *facts) add(event []byte) {
	baggage, sentryTrace := traceHeaders(event)
	if dsc := envelope.ParseBaggage(baggage).DSC(); dsc != nil {
		f.baggageTraceID, f.baggageReplayID = dsc.TraceID, dsc.ReplayID
	}
	for _, v := range sentryTrace {
		st, ok := envelope.ParseSentryTrace(v)
		if !ok {
			continue
		}
		if f.traceID.IsZero() {
			f.traceID = st.TraceID
		}
		f.expectsReplay = f.expectsReplay || st.HasReplay
	}
}

// tell writes the facts on a message. The trace of the envelope's header comes first.
func (f *facts) tell(m *stream.Message) {
	if f == nil {
		return
	}
	m.BaggageTraceID, m.BaggageReplayID, m.ExpectsReplay = f.baggageTraceID, f.baggageReplayID, f.expectsReplay
	if m.TraceID.IsZero() {
		m.TraceID = f.traceID
	}
}

// requestPaths are where an event may keep its request, newest spelling first.
var requestPaths = []string{`request.headers`, `sentry\.interfaces\.Http.headers`}

// traceHeaders finds baggage and sentry-trace among the request headers: an object or a list of
// pairs, names in any case, values text or a list of texts. Several baggage headers are one,
// joined with a comma (RFC 9110 §5.3).
func traceHeaders(event []byte) (baggage string, sentryTrace []string) {
	var members []string
	add := func(name string, value gjson.Result) {
		switch strings.ToLower(name) {
		case "baggage":
			members = append(members, texts(value)...)
		case "sentry-trace":
			sentryTrace = append(sentryTrace, texts(value)...)
		}
	}
	for _, path := range requestPaths {
		headers := gjson.GetBytes(event, path)
		switch {
		case headers.IsObject():
			headers.ForEach(func(name, value gjson.Result) bool {
				add(name.String(), value)
				return true
			})
		case headers.IsArray():
			headers.ForEach(func(_, pair gjson.Result) bool {
				if kv := pair.Array(); pair.IsArray() && len(kv) == 2 {
					add(kv[0].String(), kv[1])
				}
				return true
			})
		default:
			continue
		}
		break
	}
	return strings.Join(members, ","), sentryTrace
}

func texts(v gjson.Result) []string {
	if v.Type == gjson.String {
		return []string{v.String()}
	}
	var list []string
	if v.IsArray() {
		v.ForEach(func(_, e gjson.Result) bool {
			if e.Type == gjson.String {
				list = append(list, e.String())
			}
			return true
		})
	}
	return list
}
