package relay

import (
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/tidwall/gjson"
)

// facts reads what the event's own request headers say of its trace and replay: the one place
// where a backend's SDK that rebuilds the trace header still has the replay id. It is read here,
// before any scrubbing, and by name, without decoding the event.
func (q *request) facts(m *stream.Message, p *parcel) error {
	if m.Kind != stream.KindEvent && m.Kind != stream.KindTransaction {
		return nil
	}
	for i := range p.items {
		it := &p.items[i]
		if it.kind != m.Kind || it.header.Type != "event" && it.header.Type != "transaction" {
			continue
		}
		b, err := it.payload.bytes()
		if err != nil {
			return err
		}
		addFacts(m, b)
	}
	return nil
}

func addFacts(m *stream.Message, event []byte) {
	baggage, sentryTrace := traceHeaders(event)
	if dsc := envelope.ParseBaggage(baggage).DSC(); dsc != nil {
		m.BaggageTraceID, m.BaggageReplayID = dsc.TraceID, dsc.ReplayID
	}
	for _, v := range sentryTrace {
		st, ok := envelope.ParseSentryTrace(v)
		if !ok {
			continue
		}
		if m.TraceID.IsZero() {
			m.TraceID = st.TraceID
		}
		m.ExpectsReplay = m.ExpectsReplay || st.HasReplay
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
