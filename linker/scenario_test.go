package linker

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/linker/link"
	"github.com/hindsight-dev/hindsight/store"
)

// pick gives one request of a visit.
func (w *world) pick(visit, name string) []*stream.Delivery {
	w.t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", visit, "*-"+name+".envelope"))
	if err != nil || len(files) != 1 {
		w.t.Fatalf("%s/%s: %d files, %v", visit, name, len(files), err)
	}
	return w.file(files[0])
}

// edit changes what a message carries.
func (w *world) edit(d *stream.Delivery, change func(*envelope.Envelope)) *stream.Delivery {
	w.t.Helper()
	env, err := envelope.Parse(d.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	change(env)
	d.Body = env.Bytes()
	return d
}

// payload changes the JSON of each event of a message.
func (w *world) payload(d *stream.Delivery, change func(map[string]any)) *stream.Delivery {
	w.t.Helper()
	return w.edit(d, func(env *envelope.Envelope) {
		for i := range env.Items {
			switch env.Items[i].Header.Type {
			case "event", "transaction", "replay_event":
				var v map[string]any
				if err := json.Unmarshal(env.Items[i].Payload, &v); err != nil {
					w.t.Fatal(err)
				}
				change(v)
				b, err := json.Marshal(v)
				if err != nil {
					w.t.Fatal(err)
				}
				env.Items[i].Payload = b
			}
		}
	})
}

// renamed makes another message of one: with an id and an event id of its own.
func (w *world) renamed(d *stream.Delivery, n int) *stream.Delivery {
	c := *d
	c.ID = fmt.Sprintf("%s-copy%d", strings.ReplaceAll(d.ID, ".", "_"), n)
	c.EventID = envelope.ID{0xee, byte(n >> 8), byte(n), 1}
	return w.edit(w.payload(&c, func(v map[string]any) { v["event_id"] = c.EventID.String() }), func(e *envelope.Envelope) { e.Header.EventID = c.EventID })
}

func noDSC(env *envelope.Envelope) { env.Header.Set("trace", nil); env.Header.Trace = nil }

// recorded is a message with one segment, from start to end, as a client that does not compress sends it.
func (w *world) recorded(replay string, segment int, start, end time.Time, traces, errors []string) *stream.Delivery {
	event, err := json.Marshal(map[string]any{"type": "replay_event", "replay_id": replay, "event_id": replay, "segment_id": segment,
		"replay_type": "session", "replay_start_timestamp": float64(start.UnixMilli()) / 1e3, "timestamp": float64(end.UnixMilli()) / 1e3,
		"urls": []string{"http://shop.test/"}, "trace_ids": traces, "error_ids": errors, "platform": "javascript"})
	if err != nil {
		w.t.Fatal(err)
	}
	rec := fmt.Sprintf("{\"segment_id\":%d}\n[{\"type\":4,\"timestamp\":%d,\"data\":{\"href\":\"http://shop.test/\",\"width\":800,\"height\":600}},{\"type\":2,\"timestamp\":%d,\"data\":{}},{\"type\":3,\"timestamp\":%d,\"data\":{\"source\":1}}]",
		segment, start.UnixMilli(), start.UnixMilli(), end.UnixMilli())
	body := fmt.Sprintf("{\"event_id\":%q}\n{\"type\":\"replay_event\"}\n%s\n{\"type\":\"replay_recording\",\"length\":%d}\n%s\n", replay, event, len(rec), rec)
	return w.split(fmt.Sprintf("rec-%s-%d", replay, segment), w.first, end.Add(time.Second), []byte(body))[0]
}

// links gives each link as "kind title side: signals flags primary", sorted.
func (w *world) links(where string, args ...any) []string {
	w.t.Helper()
	var rows []store.ReplayLink
	if err := w.raw.NewSelect().Model(&rows).Where(where, args...).Scan(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	out := []string{}
	for _, r := range rows {
		s := r.ItemKind + " " + r.ReplayID[:4] + " " + link.Signals(r.Signals).String()
		for _, f := range link.Flags(r.Flags).Names() {
			s += " " + f
		}
		if r.Primary {
			s += " primary"
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

// inBothOrders delivers the messages one by one, first as given, then backwards, each twice, and checks that
// both end in the same, on each engine.
func inBothOrders(t *testing.T, build func(w *world) []*stream.Delivery, check func(t *testing.T, w *world)) {
	t.Helper()
	eachDB(t, func(t *testing.T, w *world) { w.bothOrders(t, build, check) })
}

func (w *world) bothOrders(t *testing.T, build func(w *world) []*stream.Delivery, check func(t *testing.T, w *world)) {
	t.Helper()
	var dumps [][]string
	for _, backwards := range []bool{false, true} {
		w.t = t
		w.empty()
		ds := build(w)
		if backwards {
			slices.Reverse(ds)
		}
		for _, d := range ds {
			w.deliver(d)
			w.deliver(d)
		}
		check(t, w)
		dumps = append(dumps, w.dump())
	}
	if diff := cmp.Diff(dumps[0], dumps[1]); diff != "" {
		t.Errorf("the order of arrival shows (-forwards +backwards): %s", diff)
	}
}

// scenario is a story of messages and the links they must end in.
type scenario struct {
	name  string
	build func(w *world) []*stream.Delivery
	where string
	want  []string
}

// inEachScenario tells every story on each engine, in both orders.
func inEachScenario(t *testing.T, scenarios []scenario) {
	t.Helper()
	eachDB(t, func(t *testing.T, w *world) {
		for _, tt := range scenarios {
			t.Run(tt.name, func(t *testing.T) {
				w.bothOrders(t, tt.build, func(t *testing.T, w *world) {
					if diff := cmp.Diff(tt.want, w.links(tt.where)); diff != "" {
						t.Error(diff)
					}
				})
			})
		}
	})
}

const (
	replayA = "aaaa0000aaaa4000aaaa0000aaaa0000"
	replayB = "bbbb0000bbbb4000bbbb0000bbbb0000"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// goError is the error of a Go service, in a trace, at a moment, naming no replay.
func (w *world) goError(n int, trace string, at time.Time) *stream.Delivery {
	d := w.renamed(w.pick("central", "go-v0.50.0-central-b11-03")[0], n)
	d.Received = at.Add(100 * time.Millisecond)
	return w.edit(w.payload(d, func(v map[string]any) {
		v["timestamp"] = at.Format(time.RFC3339Nano)
		v["contexts"].(map[string]any)["trace"].(map[string]any)["trace_id"] = trace
		v["contexts"].(map[string]any)["trace"].(map[string]any)["parent_span_id"] = spanT
		delete(v["request"].(map[string]any), "headers")
		v["user"] = map[string]any{}
	}), func(env *envelope.Envelope) {
		noDSC(env)
		env.Header.SentAt = at.Add(50 * time.Millisecond)
	})
}

const (
	traceT = "cccc0000cccc4000cccc0000cccc0000"
	spanT  = "dddd0000dddd0000"
)

// withRequests adds a request of trace T to a recording, with the headers that its owner let be recorded.
func (w *world) withRequests(d *stream.Delivery, span string) *stream.Delivery {
	return w.edit(d, func(env *envelope.Envelope) {
		for i := range env.Items {
			if env.Items[i].Header.Type != "replay_recording" {
				continue
			}
			head, body, ok := strings.Cut(string(env.Items[i].Payload), "\n")
			if !ok {
				w.t.Fatal("no recording")
			}
			at := float64(d.Received.Add(-2*time.Second).UnixMilli()) / 1e3
			request := fmt.Sprintf(`{"type":5,"timestamp":%f,"data":{"tag":"performanceSpan","payload":{"op":"resource.fetch","description":"http://api.test/charge",`+
				`"startTimestamp":%f,"endTimestamp":%f,"data":{"method":"POST","statusCode":500,"request":{"headers":{"sentry-trace":"%s-%s-1"}}}}}}`,
				at, at, at+0.1, traceT, span)
			env.Items[i].Payload = []byte(head + "\n" + strings.TrimSuffix(body, "]") + "," + request + "]")
		}
	})
}

func TestScenarios(t *testing.T) {
	events := "item_kind = 'event'"
	inEachScenario(t, []scenario{
		{"T1, T2: DSC id", func(w *world) []*stream.Delivery {
			return slices.Concat(w.pick("central", "node-11.12.0-central-b11-05"), w.pick("central", "browser-11.12.0-central-08"))
		}, events, []string{"event b584 dsc+baggage+trace_ids+trace_bridge primary"}},
		{"T3: tag alone, as the error that starts a buffered replay", func(w *world) []*stream.Delivery {
			return slices.Concat(w.pick("buffer", "browser-11.12.0-buffer-14"), w.pick("buffer", "browser-11.12.0-buffer-15"))
		}, events, []string{"event 41f9 event_tag+error_ids+trace_ids+trace_bridge primary"}},
		{"T4: Go with tracing: only the request headers have it", func(w *world) []*stream.Delivery {
			seg := w.payload(w.pick("central", "browser-11.12.0-central-08")[0], func(v map[string]any) { v["trace_ids"] = []string{} })
			return append(w.pick("central", "go-v0.50.0-central-b11-03"), seg)
		}, events, []string{"event b584 baggage+trace_bridge primary"}},
		{"T5: page rendered by the server: the page-load transaction bridges", func(w *world) []*stream.Delivery {
			page := w.edit(w.pick("classic", "browser-10.78.0-central-02")[0], noDSC)
			trace := envelopeTrace(w, page)
			return []*stream.Delivery{page, w.goError(1, trace, page.Received.Add(-time.Second))}
		}, "side = 'backend'", []string{"event 4287 trace_bridge primary"}},
		{"T6: tracing without performance: DSC, no trace ids", func(w *world) []*stream.Delivery {
			return slices.Concat(w.pick("twp", "node-11.12.0-twp-b11-01"), w.pick("twp", "browser-11.12.0-twp-02"))
		}, events, []string{"event 19ec dsc+baggage+trace_bridge primary"}},
		{"T8: buffer mode: a backend error before the browser's error", func(w *world) []*stream.Delivery {
			return slices.Concat(w.pick("buffer", "go-v0.50.0-buffer-b11-05"), w.pick("buffer", "browser-11.12.0-buffer-14"), w.pick("buffer", "browser-11.12.0-buffer-15"))
		}, "side = 'backend'", []string{"event 41f9 trace_ids+trace_bridge primary"}},
		{"T9: a backend SDK that drops the DSC keeps the headers", func(w *world) []*stream.Delivery {
			return append(w.pick("twp", "browser-11.12.0-twp-02"), w.edit(w.pick("twp", "node-11.12.0-twp-b11-01")[0], noDSC))
		}, events, []string{"event 19ec baggage+trace_bridge primary"}},
		{"a backend SDK that drops the trace over a baggage it cannot read keeps the headers", func(w *world) []*stream.Delivery {
			return []*stream.Delivery{w.recorded(replayA, 0, noon, noon.Add(time.Minute), []string{traceT}, nil),
				w.payload(w.goError(1, traceT, noon.Add(time.Second)), func(v map[string]any) {
					v["contexts"].(map[string]any)["trace"] = map[string]any{"trace_id": strings.Repeat("0", 32), "span_id": strings.Repeat("0", 16)}
					v["request"].(map[string]any)["headers"] = map[string]any{"Baggage": "undefined", "Sentry-Trace": traceT + "-" + spanT + "-1"}
				})}
		}, events, []string{"event aaaa trace_ids primary"}},
		{"T13: two consecutive replays of one trace: by window", func(w *world) []*stream.Delivery {
			return []*stream.Delivery{w.recorded(replayA, 0, noon, noon.Add(time.Minute), []string{traceT}, nil),
				w.recorded(replayB, 0, noon.Add(time.Hour), noon.Add(time.Hour+time.Minute), []string{traceT}, nil),
				w.goError(1, traceT, noon.Add(30*time.Second)), w.goError(2, traceT, noon.Add(time.Hour+30*time.Second))}
		}, events, []string{"event aaaa trace_ids primary", "event bbbb trace_ids primary"}},
		{"two replays at once: possible, no more", func(w *world) []*stream.Delivery {
			return []*stream.Delivery{w.recorded(replayA, 0, noon, noon.Add(time.Minute), []string{traceT}, nil), w.goError(1, traceT, noon.Add(30*time.Second)),
				w.recorded(replayB, 0, noon, noon.Add(time.Minute), []string{traceT}, nil)}
		}, events, []string{"event aaaa trace_ids ambiguous", "event bbbb trace_ids ambiguous"}},
		{"a late segment of the second replay covers the moment too", func(w *world) []*stream.Delivery {
			return []*stream.Delivery{w.recorded(replayA, 0, noon, noon.Add(time.Minute), []string{traceT}, nil),
				w.recorded(replayB, 1, noon.Add(2*time.Hour), noon.Add(2*time.Hour+time.Minute), []string{traceT}, nil),
				w.goError(1, traceT, noon.Add(30*time.Second)), w.recorded(replayB, 0, noon, noon.Add(time.Minute), nil, nil)}
		}, events, []string{"event aaaa trace_ids ambiguous", "event bbbb trace_ids ambiguous"}},
		{"T14: six hours late", func(w *world) []*stream.Delivery {
			return []*stream.Delivery{w.recorded(replayA, 0, noon, noon.Add(time.Minute), []string{traceT}, nil), w.goError(1, traceT, noon.Add(6*time.Hour))}
		}, events, []string{"event aaaa trace_ids after_session primary"}},
		{"late at first, inside once the next segment came", func(w *world) []*stream.Delivery {
			return []*stream.Delivery{w.recorded(replayA, 0, noon, noon.Add(time.Minute), []string{traceT}, nil), w.goError(1, traceT, noon.Add(40*time.Minute)),
				w.recorded(replayA, 9, noon.Add(30*time.Minute), noon.Add(31*time.Minute), nil, nil)}
		}, events, []string{"event aaaa trace_ids primary"}},
		{"the recording names the event first", func(w *world) []*stream.Delivery {
			e := w.goError(1, traceT, noon.Add(time.Second))
			return []*stream.Delivery{w.recorded(replayA, 0, noon, noon.Add(time.Minute), nil, []string{e.EventID.String()}), e}
		}, events, []string{"event aaaa error_ids primary"}},
		{"T10: the recording holds the very request", func(w *world) []*stream.Delivery {
			return []*stream.Delivery{w.withRequests(w.recorded(replayA, 0, noon, noon.Add(time.Minute), nil, nil), spanT), w.goError(1, traceT, noon.Add(time.Second))}
		}, events, []string{"event aaaa recorded_header+trace_bridge primary"}},
		{"the page's own span on every request: the trace, not the request", func(w *world) []*stream.Delivery {
			return []*stream.Delivery{w.withRequests(w.recorded(replayA, 0, noon, noon.Add(time.Minute), nil, nil), spanT), w.goError(1, traceT, noon.Add(time.Second)),
				w.withRequests(w.recorded(replayA, 1, noon.Add(time.Minute), noon.Add(2*time.Minute), nil, nil), spanT)}
		}, events, []string{"event aaaa trace_bridge primary"}},
		{"two replays at once, one holds the request", func(w *world) []*stream.Delivery {
			return []*stream.Delivery{w.withRequests(w.recorded(replayA, 0, noon, noon.Add(time.Minute), []string{traceT}, nil), spanT),
				w.recorded(replayB, 0, noon, noon.Add(time.Minute), []string{traceT}, nil), w.goError(1, traceT, noon.Add(time.Second))}
		}, events, []string{"event aaaa recorded_header+trace_ids+trace_bridge primary"}},
		{"T19: conflict on a server: the baggage of its own trace wins", func(w *world) []*stream.Delivery {
			d := w.pick("central", "node-11.12.0-central-b11-05")[0]
			return []*stream.Delivery{w.edit(d, func(e *envelope.Envelope) { e.Header.Trace.ReplayID, _ = envelope.ParseID(replayA) })}
		}, events, []string{"event aaaa dsc+trace_bridge", "event b584 baggage+trace_bridge primary"}},
		{"T19: conflict in a browser: the tag wins", func(w *world) []*stream.Delivery {
			d := w.pick("central", "browser-11.12.0-central-15")[0]
			return []*stream.Delivery{w.edit(d, func(e *envelope.Envelope) { e.Header.Trace.ReplayID, _ = envelope.ParseID(replayA) })}
		}, events, []string{"event aaaa dsc+trace_bridge", "event b584 event_tag+trace_bridge primary"}},
		{"T19: conflict: the recorded one wins over the missing one", func(w *world) []*stream.Delivery {
			d := w.pick("central", "browser-11.12.0-central-15")[0]
			at := d.Received
			return []*stream.Delivery{w.edit(d, func(e *envelope.Envelope) { e.Header.Trace.ReplayID, _ = envelope.ParseID(replayA) }),
				w.recorded(replayA, 0, at.Add(-time.Minute), at.Add(time.Minute), nil, nil)}
		}, events, []string{"event aaaa dsc+trace_bridge primary", "event b584 event_tag"}},
		{"T22: ids that are none", func(w *world) []*stream.Delivery {
			var out []*stream.Delivery
			for i, bad := range []any{strings.Repeat("0", 32), "abc", "'; DROP TABLE replays; --", strings.Repeat("g", 32), 17, nil, replayA + "a"} {
				d := w.goError(i, traceT, noon)
				out = append(out, w.edit(w.payload(d, func(v map[string]any) {
					v["tags"] = map[string]any{"replayId": bad}
					v["contexts"].(map[string]any)["replay"] = map[string]any{"replay_id": bad}
					v["request"].(map[string]any)["headers"] = map[string]any{"Baggage": fmt.Sprintf("sentry-replay_id=%v", bad)}
				}), func(e *envelope.Envelope) {
					b, _ := json.Marshal(map[string]any{"trace_id": traceT, "replay_id": bad})
					e.Header.Set("trace", b)
				}))
			}
			return out
		}, "1 = 1", []string{}},
		{"T22: forms of one id", func(w *world) []*stream.Delivery {
			return []*stream.Delivery{w.payload(w.goError(1, traceT, noon), func(v map[string]any) {
				v["tags"] = [][2]string{{"replayId", strings.ToUpper(replayA)}}
				v["contexts"].(map[string]any)["replay"] = map[string]any{"replay_id": "aaaa0000-aaaa-4000-aaaa-0000aaaa0000"}
			})}
		}, "1 = 1", []string{"event aaaa event_context+event_tag+trace_bridge primary"}},
	})
}

// envelopeTrace is the trace of the event or transaction of a message.
func envelopeTrace(w *world, d *stream.Delivery) (trace string) {
	w.payload(&stream.Delivery{Message: d.Message}, func(v map[string]any) {
		trace = v["contexts"].(map[string]any)["trace"].(map[string]any)["trace_id"].(string)
	})
	return trace
}

// T12. A page cached with its trace id: fifty people's replays share a trace.
func TestPoisonedTrace(t *testing.T) {
	inBothOrders(t, func(w *world) []*stream.Delivery {
		out := []*stream.Delivery{w.goError(99, traceT, noon.Add(5*time.Minute))}
		for i := range 50 {
			start := noon.Add(time.Duration(i) * time.Hour)
			out = append(out, w.recorded(fmt.Sprintf("aaaa%028x", i+1), 0, start, start.Add(10*time.Minute), []string{traceT}, nil))
			if i == 3 {
				out = append(out, w.goError(98, traceT, start.Add(time.Minute)))
			}
		}
		return out
	}, func(t *testing.T, w *world) {
		if got := w.links("1 = 1"); len(got) != 0 {
			t.Errorf("links = %v, want none", got)
		}
		if n := len(w.lines("SELECT replay_id FROM replay_traces")); n != 50 {
			t.Errorf("%d pairs, want 50", n)
		}
	})
}

// T14. What comes hours later belongs to the replay and does not make it longer.
func TestLateItemDoesNotStretchTheReplay(t *testing.T) {
	inBothOrders(t, func(w *world) []*stream.Delivery {
		return []*stream.Delivery{w.recorded(replayA, 0, noon, noon.Add(time.Minute), []string{traceT}, nil), w.goError(1, traceT, noon.Add(6*time.Hour))}
	}, func(t *testing.T, w *world) {
		want := []string{fmt.Sprintf("%d|%d", noon.UnixMilli(), noon.Add(time.Minute).UnixMilli())}
		if diff := cmp.Diff(want, w.lines("SELECT started_ms, finished_ms FROM replays")); diff != "" {
			t.Error(diff)
		}
	})
}

// T15. A replay that is named and not recorded is pending, and heals whenever a segment comes.
func TestDanglingReplayHeals(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		state := func() string { return strings.Join(w.lines("SELECT state FROM replays"), " ") }
		e := w.pick("central", "node-11.12.0-central-b11-05")
		w.deliver(e...)
		if s := state(); s != store.ReplayPending {
			t.Errorf("state = %s", s)
		}
		if diff := cmp.Diff([]string{"event b584 dsc+baggage+trace_bridge primary"}, w.links("1 = 1")); diff != "" {
			t.Error(diff)
		}
		late := w.pick("central", "browser-11.12.0-central-08")
		late[0].Received = late[0].Received.Add(70 * time.Minute)
		w.deliver(late...)
		if s := state(); s != store.ReplayLive {
			t.Errorf("state = %s", s)
		}
	})
}

// T16. A late segment of a deleted replay is refused.
func TestDeletedReplayStaysDeleted(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		w.deliver(w.recorded(replayA, 0, noon, noon.Add(time.Minute), nil, nil))
		if _, err := w.raw.ExecContext(t.Context(), "UPDATE replays SET state = 'deleted'"); err != nil {
			t.Fatal(err)
		}
		w.deliver(w.recorded(replayA, 1, noon.Add(time.Minute), noon.Add(2*time.Minute), []string{traceT}, nil))
		if got := w.lines("SELECT state FROM replays"); got[0] != store.ReplayDeleted {
			t.Errorf("state = %v", got)
		}
		blobs := 0
		if err := w.blobs.List(t.Context(), "", func(string, int64) bool { blobs++; return true }); err != nil {
			t.Fatal(err)
		}
		if n := len(w.lines("SELECT segment_id FROM replay_segments")); n != 1 || blobs != 1 {
			t.Errorf("%d segments and %d blobs, want one of each", n, blobs)
		}
	})
}

// T21. Two organisations that share a trace id share nothing.
func TestOrganisationsAreApart(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		other, project := w.newOrganization("other")
		mine := w.goError(1, traceT, noon.Add(time.Second))
		theirs := w.goError(2, traceT, noon.Add(time.Second))
		theirs.OrgID, theirs.ProjectID = other, project
		w.deliver(theirs)
		w.deliver(mine, w.recorded(replayA, 0, noon, noon.Add(time.Minute), []string{traceT}, []string{theirs.EventID.String()}))
		w.deliver(theirs)
		if got := w.links("org_id = ?", other); len(got) != 0 {
			t.Errorf("links of the other organisation = %v", got)
		}
		if got := w.links("org_id = ? AND item_id = ?", w.org, mine.EventID.String()); len(got) != 1 {
			t.Errorf("links = %v, want one", got)
		}
	})
}
