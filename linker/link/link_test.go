package link

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/envelope"
)

const (
	idA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	idB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	idT = "cccccccccccccccccccccccccccccccc"
	idU = "dddddddddddddddddddddddddddddddd"
)

func id(t *testing.T, s string) envelope.ID {
	t.Helper()
	out, err := envelope.ParseID(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The names and their order are the API's.
func TestSignalNames(t *testing.T) {
	want := []string{"dsc", "event_context", "event_tag", "baggage", "error_ids", "recorded_header", "trace_ids", "trace_bridge",
		"attribute", "request_shape", "same_user", "replay_flag", "feedback", "recording"}
	if diff := cmp.Diff(want, Signals(1<<14-1).Names()); diff != "" {
		t.Error(diff)
	}
	for i, n := range want {
		if s, ok := ParseSignal(n); !ok || s != 1<<i {
			t.Errorf("ParseSignal(%q) = %b, %v", n, s, ok)
		}
	}
	if _, ok := ParseSignal("nonsense"); ok {
		t.Error("nonsense is a signal")
	}
}

func TestTiers(t *testing.T) {
	for _, tt := range []struct {
		s    Signals
		f    Flags
		want Tier
	}{
		{0, 0, NoLink}, {ReplayFlag, 0, NoLink}, {DSC, 0, 1}, {ErrorIDs | TraceIDs, Ambiguous, 1}, {RecordedHeader | TraceIDs, 0, 2},
		{TraceIDs, 0, 3}, {TraceBridge, 0, 3}, {TraceBridge, Ambiguous, 5}, {RequestShape | TraceIDs, Ambiguous, 4},
		{RequestShape, 0, 4}, {SameUser, 0, 5}, {Feedback, 0, 1}, {Attribute, Buffering, 1},
	} {
		if got := TierOf(tt.s, tt.f); got != tt.want {
			t.Errorf("TierOf(%s, %v) = %d, want %d", tt.s, tt.f.Names(), got, tt.want)
		}
		if (Reason(tt.s, tt.f) == "") != (tt.want == NoLink) {
			t.Errorf("Reason(%s) = %q", tt.s, Reason(tt.s, tt.f))
		}
	}
	if TierPossible.Counted() || NoLink.Counted() || !TierShape.Counted() {
		t.Error("tiers 1 to 4 are counted, no other")
	}
}

func TestCollect(t *testing.T) {
	trace, other := id(t, idT), id(t, idU)
	for _, tt := range []struct {
		name string
		in   Facts
		want []Explicit
	}{
		{"nothing", Facts{TraceID: trace}, nil},
		{"no trace: a link, no pair", Facts{DSC: idA}, []Explicit{{ReplayID: id(t, idA), Signals: DSC}}},
		{"all agree", Facts{TraceID: trace, DSC: idA, DSCTrace: trace, Context: idA, Tags: []string{idA}, Baggage: idA, BaggageTrace: trace, Feedback: idA, Attributes: []string{idA}},
			[]Explicit{{id(t, idA), DSC | EventContext | EventTag | Baggage | Feedback | Attribute, SameBaggage, []envelope.ID{trace}}}},
		{"conflict keeps both", Facts{TraceID: trace, DSC: idB, DSCTrace: trace, Tags: []string{idA}},
			[]Explicit{{id(t, idA), EventTag, 0, []envelope.ID{trace}}, {id(t, idB), DSC, 0, []envelope.ID{trace}}}},
		{"baggage of another trace teaches that trace", Facts{TraceID: trace, Baggage: idA, BaggageTrace: other},
			[]Explicit{{id(t, idA), Baggage, 0, []envelope.ID{other}}}},
		{"forms of an id", Facts{Tags: []string{strings.ToUpper(idA), "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"}},
			[]Explicit{{ReplayID: id(t, idA), Signals: EventTag}}},
		{"no ids", Facts{DSC: strings.Repeat("0", 32), Context: "short", Baggage: idA + "a", Feedback: "'; DROP TABLE replays; --",
			Tags: []string{"", "true", "00000000-0000-0000-0000-000000000000", strings.Repeat("z", 32)}}, nil},
		{"buffering", Facts{Attributes: []string{idA}, Buffering: true}, []Explicit{{ReplayID: id(t, idA), Signals: Attribute, Flags: Buffering}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Collect(tt.in)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

const minute = int64(60_000)

// rec is a replay recorded from start to end, in minutes.
func rec(id string, start, end int64) Replay {
	return Replay{ID: id, Recorded: true, StartedMS: 1_000*minute + start*minute, FinishedMS: 1_000*minute + end*minute}
}

func at(min int64) Item { return Item{TimeMS: 1_000*minute + min*minute} }

func judgeNames(it Item, cs ...Candidate) []string {
	var out []string
	for _, l := range Judge(it, cs) {
		s := l.ReplayID + ":" + l.Signals.String()
		for _, f := range l.Flags.Names() {
			s += " " + f
		}
		if l.Primary {
			s += " primary"
		}
		out = append(out, s)
	}
	return out
}

func TestJudge(t *testing.T) {
	frontend := Item{TimeMS: at(5).TimeMS, Frontend: true}
	user := Item{TimeMS: at(5).TimeMS, UserKey: "id:7"}
	withUser := func(r Replay, u string) Replay { r.UserKey = u; return r }
	for _, tt := range []struct {
		name string
		it   Item
		cs   []Candidate
		want []string
	}{
		{"one replay, inside", at(5), []Candidate{{Replay: rec("a", 0, 10), Pair: TraceIDs | TraceBridge}}, []string{"a:trace_ids+trace_bridge primary"}},
		{"one replay, hours late", at(360), []Candidate{{Replay: rec("a", 0, 10), Pair: TraceIDs}}, []string{"a:trace_ids after_session primary"}},
		{"page render: within the minute before", Item{TimeMS: at(0).TimeMS - 30_000}, []Candidate{{Replay: rec("a", 0, 10), Pair: TraceBridge}}, []string{"a:trace_bridge primary"}},
		{"long before", at(-2), []Candidate{{Replay: rec("a", 0, 10), Pair: TraceBridge}}, []string{"a:trace_bridge before_session primary"}},
		{"pending replay", at(5), []Candidate{{Replay: Replay{ID: "a"}, Pair: TraceBridge}}, []string{"a:trace_bridge primary"}},
		{"consecutive replays: by window", at(5), []Candidate{{Replay: rec("a", 0, 10), Pair: TraceBridge}, {Replay: rec("b", 40, 50), Pair: TraceBridge}},
			[]string{"a:trace_bridge primary", "b:"}},
		{"two at once: ambiguous, no primary", at(5), []Candidate{{Replay: rec("a", 0, 10), Pair: TraceBridge}, {Replay: rec("b", 0, 10), Pair: TraceBridge}},
			[]string{"a:trace_bridge ambiguous", "b:trace_bridge ambiguous"}},
		{"two at once, the request decides", at(5), []Candidate{{Replay: rec("a", 0, 10), Pair: TraceBridge}, {Replay: rec("b", 0, 10), Pair: TraceBridge, Span: true}},
			[]string{"a:", "b:recorded_header+trace_bridge primary"}},
		{"two at once, the user decides", user, []Candidate{{Replay: withUser(rec("a", 0, 10), "id:8"), Pair: TraceBridge}, {Replay: withUser(rec("b", 0, 10), "id:7"), Pair: TraceBridge}},
			[]string{"a:", "b:trace_bridge primary"}},
		{"two at once, the item names one", at(5), []Candidate{{Replay: rec("a", 0, 10), Pair: TraceBridge, Stored: DSC | TraceBridge}, {Replay: rec("b", 0, 10), Pair: TraceBridge}},
			[]string{"a:dsc+trace_bridge primary", "b:"}},
		{"stored judgement is judged anew", at(5), []Candidate{{Replay: rec("a", 40, 50), Pair: TraceBridge, Stored: TraceBridge, Flags: Ambiguous}, {Replay: rec("b", 0, 10), Pair: TraceBridge}},
			[]string{"a:", "b:trace_bridge primary"}},
		{"no window fits: the nearest three, possible", at(500), []Candidate{{Replay: rec("a", 0, 10), Pair: TraceBridge}, {Replay: rec("b", 40, 50), Pair: TraceBridge},
			{Replay: rec("c", 80, 90), Pair: TraceBridge}, {Replay: rec("d", 120, 130), Pair: TraceBridge}},
			[]string{"a:", "b:trace_bridge after_session ambiguous", "c:trace_bridge after_session ambiguous", "d:trace_bridge after_session ambiguous"}},
		// Conflicting explicit ids.
		{"frontend: the tag beats the DSC", frontend, []Candidate{{Replay: rec("a", 0, 10), Stored: DSC}, {Replay: rec("b", 0, 10), Stored: EventTag}}, []string{"a:dsc", "b:event_tag primary"}},
		{"backend: the DSC beats the tag", at(5), []Candidate{{Replay: rec("a", 0, 10), Stored: DSC}, {Replay: rec("b", 0, 10), Stored: EventTag}}, []string{"a:dsc primary", "b:event_tag"}},
		{"backend: the baggage of its own trace beats all", at(5), []Candidate{{Replay: rec("a", 0, 10), Stored: DSC}, {Replay: rec("b", 0, 10), Stored: Baggage, Flags: SameBaggage}}, []string{"a:dsc", "b:baggage primary"}},
		{"recorded beats missing", frontend, []Candidate{{Replay: rec("a", 0, 10), Stored: DSC}, {Replay: Replay{ID: "b"}, Stored: EventTag}}, []string{"a:dsc primary", "b:event_tag"}},
		{"inside beats outside", frontend, []Candidate{{Replay: rec("a", 0, 10), Stored: DSC}, {Replay: rec("b", 60, 70), Stored: EventTag}}, []string{"a:dsc primary", "b:event_tag before_session"}},
		{"tier beats recorded", at(5), []Candidate{{Replay: Replay{ID: "a"}, Stored: DSC}, {Replay: rec("b", 0, 10), Pair: TraceBridge}}, []string{"a:dsc primary", "b:trace_bridge"}},
		{"a segment at that moment", at(5), []Candidate{{Replay: rec("a", 0, 10), Stored: DSC}, {Replay: rec("b", 0, 10), Stored: DSC, Covers: true}}, []string{"a:dsc", "b:dsc primary"}},
		{"a replay of the item's own naming that lost its pair", at(5), []Candidate{{Replay: rec("a", 0, 10), Stored: TraceBridge}}, []string{"a:"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, judgeNames(tt.it, tt.cs...)); diff != "" {
				t.Error(diff)
			}
			// The order of the candidates must not matter.
			slices.Reverse(tt.cs)
			got := judgeNames(tt.it, tt.cs...)
			slices.Reverse(got)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("reversed: %s", diff)
			}
		})
	}
}

func TestPoisonedTraceLinksNothing(t *testing.T) {
	var cs []Candidate
	for i := range MaxReplaysPerTrace {
		cs = append(cs, Candidate{Replay: rec(string(rune('a'+i)), int64(100*i), int64(100*i+10)), Pair: TraceBridge})
	}
	if l := Judge(at(5), cs); l[0].Signals != TraceBridge || !l[0].Primary {
		t.Errorf("with %d replays: %+v, want the link by window", len(cs), l[0])
	}
	cs = append(cs, Candidate{Replay: rec("z", 9_000, 9_010), Pair: TraceBridge, Stored: DSC})
	for i, l := range Judge(at(5), cs) {
		want := Signals(0)
		if i == MaxReplaysPerTrace {
			want = DSC // what the item names itself stays
		}
		if l.Signals != want {
			t.Errorf("with %d replays, %s: %s, want %s", len(cs), l.ReplayID, l.Signals, want)
		}
	}
}

func TestStateOf(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) Absence { return Absence{Since: now.Add(-d)} }
	limited := ago(2 * time.Hour)
	limited.Reason = "rate limit"
	buffering := ago(2 * time.Hour)
	buffering.Buffering = true
	troubled := ago(2 * time.Hour)
	troubled.Trouble = TroubleInWords("client_discard", "ratelimit_backoff")
	for _, tt := range []struct {
		recorded bool
		in       Absence
		state    State
		reason   string
	}{
		{true, ago(2 * time.Hour), StateAvailable, ""},
		{false, ago(30 * time.Second), StatePending, "recording still arriving"},
		{false, ago(74 * time.Minute), StatePending, "recording not received yet"},
		{false, ago(76 * time.Minute), StateMissing, "recording never received"},
		{false, limited, StateMissing, "recording lost: rate limit"},
		{false, buffering, StateMissing, "the recorder was only buffering and never sent the recording"},
		{false, troubled, StateMissing, "recording never received; at that time browsers held recordings back, as this server's rate limit told them"},
		{true, Absence{Deleted: true}, StateDeleted, "the recording was deleted"},
	} {
		if s, r := StateOf(tt.recorded, tt.in, now); s != tt.state || r != tt.reason {
			t.Errorf("StateOf(%v, %+v) = %s, %q; want %s, %q", tt.recorded, tt.in, s, r, tt.state, tt.reason)
		}
	}
}

// In a crowd only the very person is taken for it: an address, or the only request that was looked at, is not enough.
func TestShapeInACrowd(t *testing.T) {
	ann, address := Person{Key: "id:7", IP: "203.0.113.7"}, Person{IP: "203.0.113.7"}
	of := func(p Person) Candidate {
		return Candidate{Replay: Replay{ID: "a", Recorded: true, Person: p}, Frames: []Frame{{StartMS: 900, EndMS: 1100, Status: 500}}}
	}
	for _, tt := range []struct {
		name    string
		crowded bool
		item    Person
		replay  Person
		want    int
	}{
		{"the person, alone", false, ann, ann, 0},
		{"the address, alone", false, address, ann, 0},
		{"the person in a crowd", true, ann, ann, 0},
		{"the address in a crowd", true, address, ann, -1},
		{"somebody at that address in a crowd", true, ann, address, -1},
	} {
		if got := shape(Item{Guess: true, Crowded: tt.crowded, TimeMS: 1000, Person: tt.item}, []Candidate{of(tt.replay)}); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}
