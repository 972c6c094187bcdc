package linker

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
)

// person is how both sides know somebody.
type person struct{ id, email, ip, agent string }

func (p person) user() map[string]any {
	u := map[string]any{}
	for k, v := range map[string]string{"id": p.id, "email": p.email, "ip_address": p.ip} {
		if v != "" {
			u[k] = v
		}
	}
	return u
}

// failing is a recording of one minute of a person's session in which a request failed at the moment.
// Its page is not traced: nothing is handed over.
func (w *world) failing(replay string, p person, at time.Time, status int) *stream.Delivery {
	d := w.recorded(replay, 0, at.Add(-30*time.Second), at.Add(30*time.Second), nil, nil)
	w.payload(d, func(v map[string]any) {
		v["user"] = p.user()
		v["request"] = map[string]any{"headers": map[string]string{"User-Agent": p.agent}}
	})
	return w.edit(d, func(env *envelope.Envelope) {
		for i := range env.Items {
			if env.Items[i].Header.Type != "replay_recording" {
				continue
			}
			head, body, _ := strings.Cut(string(env.Items[i].Payload), "\n")
			start := float64(at.Add(-50*time.Millisecond).UnixMilli()) / 1e3
			request := fmt.Sprintf(`{"type":5,"timestamp":%f,"data":{"tag":"performanceSpan","payload":{"op":"resource.fetch","description":"http://api.test/charge?x=1",`+
				`"startTimestamp":%f,"endTimestamp":%f,"data":{"method":"POST","statusCode":%d}}}}`, start, start, start+0.1, status)
			env.Items[i].Payload = []byte(head + "\n" + strings.TrimSuffix(body, "]") + "," + request + "]")
		}
	})
}

// charged is the error of a server that is not traced, while it answered the person's request.
func (w *world) charged(n int, p person, at time.Time) *stream.Delivery {
	d := w.goError(n, fmt.Sprintf("%032x", 0xabc000+n), at)
	return w.payload(d, func(v map[string]any) {
		delete(v["contexts"].(map[string]any), "trace")
		v["user"] = p.user()
		v["request"] = map[string]any{"url": "http://10.0.0.9:8080/charge?x=1", "method": "POST", "headers": map[string]string{"User-Agent": p.agent}}
		v["release"] = fmt.Sprint("api@", n)
	})
}

var (
	ann    = person{id: "7", ip: "203.0.113.7", agent: "Mozilla/5.0 Ann"}
	bob    = person{id: "8", ip: "203.0.113.8", agent: "Mozilla/5.0 Bob"}
	nobody = person{agent: "curl/8"}
)

// T11. Nothing was handed over: the recorded request and the person decide, and where they do not, nobody does.
func TestGuesses(t *testing.T) {
	byIP := func(p person) person { p.id = ""; return p }
	byAgent := func(p person) person { return person{agent: p.agent} }
	const events = "item_kind = 'event'"
	inEachScenario(t, []scenario{
		{"same address, same second", func(w *world) []*stream.Delivery {
			return []*stream.Delivery{w.failing(replayA, ann, noon, 500), w.charged(1, byIP(ann), noon)}
		}, events, []string{"event aaaa request_shape primary"}},
		{"two people behind one address: nobody", func(w *world) []*stream.Delivery {
			two := byIP(bob)
			two.ip = ann.ip
			return []*stream.Delivery{w.failing(replayA, byIP(ann), noon, 500), w.failing(replayB, two, noon, 500),
				w.charged(1, person{ip: ann.ip, agent: "proxy"}, noon)}
		}, events, []string{"event aaaa same_user", "event bbbb same_user"}},
		{"two people behind one address, and the server knows which", func(w *world) []*stream.Delivery {
			two := bob
			two.ip = ann.ip
			return []*stream.Delivery{w.failing(replayA, ann, noon, 500), w.failing(replayB, two, noon, 500), w.charged(1, two, noon)}
		}, events, []string{"event bbbb request_shape primary"}},
		{"a weak sign, alone for ten seconds", func(w *world) []*stream.Delivery {
			return []*stream.Delivery{w.failing(replayA, ann, noon, 500), w.charged(1, byAgent(ann), noon)}
		}, events, []string{"event aaaa request_shape primary"}},
		{"a weak sign, with another's request nine seconds later", func(w *world) []*stream.Delivery {
			return []*stream.Delivery{w.failing(replayA, ann, noon, 500), w.failing(replayB, bob, noon.Add(9*time.Second), 500), w.charged(1, byAgent(ann), noon)}
		}, events, []string{}},
		{"no sign at all", func(w *world) []*stream.Delivery {
			return []*stream.Delivery{w.failing(replayA, ann, noon, 500), w.charged(1, nobody, noon)}
		}, events, []string{}},
		{"another person's error at the same address", func(w *world) []*stream.Delivery {
			two := bob
			two.ip = ann.ip
			return []*stream.Delivery{w.failing(replayA, ann, noon, 500), w.charged(1, two, noon)}
		}, events, []string{}},
		{"the request went well: only the person", func(w *world) []*stream.Delivery {
			return []*stream.Delivery{w.failing(replayA, ann, noon, 200), w.charged(1, ann, noon)}
		}, events, []string{"event aaaa same_user"}},
		{"three seconds off: only the person", func(w *world) []*stream.Delivery {
			return []*stream.Delivery{w.failing(replayA, ann, noon, 500), w.charged(1, ann, noon.Add(3*time.Second))}
		}, events, []string{"event aaaa same_user"}},
		{"the same e-mail address, the ids differ in kind", func(w *world) []*stream.Delivery {
			return []*stream.Delivery{w.failing(replayA, person{id: "7", email: "Ann@example.org"}, noon, 200), w.charged(1, person{email: "ann@example.org"}, noon)}
		}, events, []string{"event aaaa same_user"}},
		{"two minutes after the recording", func(w *world) []*stream.Delivery {
			return []*stream.Delivery{w.failing(replayA, ann, noon, 500), w.charged(1, ann, noon.Add(2*time.Minute+31*time.Second))}
		}, events, []string{}},
		{"an id comes later: the guess goes", func(w *world) []*stream.Delivery {
			e := w.charged(1, ann, noon)
			return []*stream.Delivery{w.failing(replayA, ann, noon, 500), e,
				w.recorded(replayB, 0, noon, noon.Add(time.Minute), nil, []string{e.EventID.String()})}
		}, events, []string{"event bbbb error_ids primary"}},
		{"one trace in two replays at once: the request decides", func(w *world) []*stream.Delivery {
			trace := func(d *stream.Delivery) *stream.Delivery {
				return w.payload(d, func(v map[string]any) {
					if v["type"] == "replay_event" {
						v["trace_ids"] = []string{traceT}
						return
					}
					v["contexts"].(map[string]any)["trace"] = map[string]any{"trace_id": traceT, "span_id": spanT}
				})
			}
			return []*stream.Delivery{trace(w.failing(replayA, byIP(ann), noon, 500)), trace(w.failing(replayB, byIP(bob), noon, 500)),
				trace(w.charged(1, byIP(bob), noon))}
		}, events, []string{"event bbbb trace_ids primary"}},
	})
}

// rendered is a recording of a person's session that began with loading the page /shop at the moment, 200 ms long.
func (w *world) rendered(replay string, p person, at time.Time) *stream.Delivery {
	d := w.failing(replay, p, at.Add(20*time.Second), 200)
	return w.edit(d, func(env *envelope.Envelope) {
		for i := range env.Items {
			if env.Items[i].Header.Type != "replay_recording" {
				continue
			}
			start := float64(at.UnixMilli()) / 1e3
			load := fmt.Sprintf(`,{"type":5,"timestamp":%f,"data":{"tag":"performanceSpan","payload":{"op":"navigation.navigate","description":"http://shop.test/shop?x=1",`+
				`"startTimestamp":%f,"endTimestamp":%f,"data":{}}}}]`, start, start, start+0.2)
			env.Items[i].Payload = []byte(strings.TrimSuffix(string(env.Items[i].Payload), "]") + load)
		}
	})
}

// rendering is the error of a server while it made the page /shop.
func (w *world) rendering(n int, p person, at time.Time) *stream.Delivery {
	return w.payload(w.charged(n, p, at), func(v map[string]any) {
		v["request"] = map[string]any{"url": "http://10.0.0.9:8080/shop", "method": "GET", "headers": map[string]string{"User-Agent": p.agent}}
	})
}

// S10 of a page: the recording knows that the person loaded it, and when, but not how it was answered. So only the same
// person's recording will do, and only when it is the only one.
func TestPageRenders(t *testing.T) {
	const events = "item_kind = 'event'"
	inEachScenario(t, []scenario{
		{"the same person loads the page", func(w *world) []*stream.Delivery {
			return []*stream.Delivery{w.rendered(replayA, ann, noon), w.rendering(1, ann, noon.Add(100*time.Millisecond))}
		}, events, []string{"event aaaa request_shape primary"}},
		{"three seconds later: only the person", func(w *world) []*stream.Delivery {
			return []*stream.Delivery{w.rendered(replayA, ann, noon), w.rendering(1, ann, noon.Add(3*time.Second))}
		}, events, []string{"event aaaa same_user"}},
		{"another path: only the person", func(w *world) []*stream.Delivery {
			e := w.payload(w.rendering(1, ann, noon), func(v map[string]any) { v["request"].(map[string]any)["url"] = "http://10.0.0.9/cart" })
			return []*stream.Delivery{w.rendered(replayA, ann, noon), e}
		}, events, []string{"event aaaa same_user"}},
		{"a POST is no page: only the person", func(w *world) []*stream.Delivery {
			e := w.payload(w.rendering(1, ann, noon), func(v map[string]any) { v["request"].(map[string]any)["method"] = "POST" })
			return []*stream.Delivery{w.rendered(replayA, ann, noon), e}
		}, events, []string{"event aaaa same_user"}},
		{"two tabs of one person at once: nobody knows which", func(w *world) []*stream.Delivery {
			return []*stream.Delivery{w.rendered(replayA, ann, noon), w.rendered(replayB, ann, noon), w.rendering(1, ann, noon)}
		}, events, []string{"event aaaa same_user", "event bbbb same_user"}},
		{"two people at once, each with an own error", func(w *world) []*stream.Delivery {
			return []*stream.Delivery{w.rendered(replayA, ann, noon), w.rendered(replayB, bob, noon), w.rendering(1, bob, noon)}
		}, events, []string{"event bbbb request_shape primary"}},
		{"an address is not enough: the same, but nobody says who", func(w *world) []*stream.Delivery {
			p := ann
			p.id = ""
			return []*stream.Delivery{w.rendered(replayA, p, noon), w.rendering(1, p, noon)}
		}, events, []string{"event aaaa same_user"}},
	})
}

// What is known of the person may come with a later segment, or with an earlier one that arrives later.
// In an outage many requests of one shape fail at a moment, more than are looked at: those of the very person still tell.
func TestGuessesInAnOutage(t *testing.T) {
	crowd := func(w *world) (all []*stream.Delivery) {
		for n := range 60 {
			p := person{id: fmt.Sprint(100 + n), ip: fmt.Sprintf("198.51.100.%d", n), agent: "Mozilla/5.0"}
			all = append(all, w.failing(fmt.Sprintf("%032x", 0xc0000+n), p, noon, 500))
		}
		return append(all, w.failing(replayA, ann, noon, 500))
	}
	const events = "item_kind = 'event'"
	inEachScenario(t, []scenario{
		{"who says who they are is found", func(w *world) []*stream.Delivery { return append(crowd(w), w.charged(1, ann, noon)) },
			events, []string{"event aaaa request_shape primary"}},
	})
}

func TestGuessesAreJudgedAgain(t *testing.T) {
	inBothOrders(t, func(w *world) []*stream.Delivery {
		late := w.payload(w.recorded(replayA, 1, noon.Add(30*time.Second), noon.Add(40*time.Second), nil, nil),
			func(v map[string]any) { v["user"] = ann.user() })
		return []*stream.Delivery{w.charged(1, ann, noon), w.failing(replayA, person{agent: "x"}, noon, 500), late}
	}, func(t *testing.T, w *world) {
		if diff := cmp.Diff([]string{"event aaaa request_shape primary"}, w.links("1 = 1")); diff != "" {
			t.Error(diff)
		}
	})
}

// The server's clock runs five seconds ahead. A request that both sides name shows it, and then the error
// of another request, which only its shape ties to the recording, is found.
func TestClocksAreCompared(t *testing.T) {
	const ahead = 5 * time.Second
	inBothOrders(t, func(w *world) []*stream.Delivery {
		rec := w.withRequests(w.failing(replayA, ann, noon, 500), spanT)
		page := rec.Received.Add(-2 * time.Second) // when withRequests lets the request begin
		start := float64(page.Add(ahead).UnixMilli()) / 1e3
		span, err := json.Marshal(map[string]any{"version": 2, "items": []any{map[string]any{"trace_id": traceT, "span_id": "eeee0000eeee0000",
			"parent_span_id": spanT, "name": "POST /other", "status": "ok", "is_segment": true, "start_timestamp": start, "end_timestamp": start + 0.05,
			"attributes": map[string]any{}}}})
		if err != nil {
			t.Fatal(err)
		}
		body := fmt.Sprintf("{}\n{\"type\":\"span\",\"item_count\":1,\"content_type\":\"application/vnd.sentry.items.span.v2+json\"}\n%s\n", span)
		return []*stream.Delivery{rec, w.charged(1, ann, noon.Add(ahead)), w.split("service", w.first+2, noon.Add(time.Minute), []byte(body))[0]}
	}, func(t *testing.T, w *world) {
		if diff := cmp.Diff([]string{"event aaaa request_shape primary"}, w.links("item_kind = 'event'")); diff != "" {
			t.Error(diff)
		}
	})
}
