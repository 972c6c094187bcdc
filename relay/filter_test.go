package relay

import (
	"strings"
	"testing"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/settings"
)

// newFilteringEdge has one project, 42, with these filters.
func newFilteringEdge(t *testing.T, change func(*settings.Settings)) *edge {
	s := settings.Default()
	change(&s)
	return newEdge(t, func(c *Config) {
		c.Keys = testKeys{key42: {PublicKey: key42, OrgID: 1, ProjectID: 42, Active: true, Rules: NewRules(s)}}
	})
}

// pairsOf lists what the edge told of dropped items.
func pairsOf(t *testing.T, msgs []*stream.Message) []stream.Pair {
	t.Helper()
	for _, m := range msgs {
		if m.Kind != stream.KindReport || m.ProjectID == 0 {
			continue
		}
		env, err := envelope.Parse(m.Body)
		if err != nil {
			t.Fatal(err)
		}
		if env.Items[0].Header.Type != stream.ItemPairs || m.OrgID != 1 || m.ProjectID != 42 {
			continue
		}
		list, err := stream.ParsePairs(env.Items[0].Payload)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	return nil
}

func TestFilteredItemsAreCountedAndTeach(t *testing.T) {
	e := newFilteringEdge(t, func(s *settings.Settings) { s.Filters.Localhost = true })
	trace, replay := strings.Repeat("c", 32), strings.Repeat("e", 32)
	a := e.post(env(`{"event_id":"`+idA+`"}`, `{"type":"event"}`,
		`{"request":{"url":"http://localhost/"},"contexts":{"trace":{"trace_id":"`+trace+`"},"replay":{"replay_id":"`+replay+`"}}}`,
		`{"type":"attachment","length":1}`, "x", `{"type":"client_report"}`, `{"discarded_events":[]}`))
	a.wantOK(t, idA)
	if got := counted(t, a.msgs); got["error/filtered/localhost"] != 1 || got["attachment/filtered/localhost"] != 1 || len(a.msgs) != 3 {
		t.Errorf("%d messages, %v", len(a.msgs), got)
	}
	got := pairsOf(t, a.msgs)
	if len(got) != 1 || got[0].Trace.String() != trace || got[0].Replay.String() != replay || got[0].Source != stream.PairItem {
		t.Errorf("pairs %+v", got)
	}

	a = e.post(env(`{"event_id":"`+replay+`"}`, `{"type":"replay_event"}`, `{"replay_id":"`+replay+`","segment_id":0,"urls":["http://localhost/"],"trace_ids":["`+trace+`","no"]}`,
		`{"type":"replay_recording","length":19}`, "{\"segment_id\":0}\n[]"))
	a.wantOK(t, replay)
	if got := counted(t, a.msgs); got["replay/filtered/localhost"] != 2 || len(a.msgs) != 2 {
		t.Errorf("%d messages, %v", len(a.msgs), got)
	}
	if got := pairsOf(t, a.msgs); len(got) != 1 || got[0].Source != stream.PairTraceIDs {
		t.Errorf("pairs %+v", got)
	}
}

func TestRateLimitedItemsTeach(t *testing.T) {
	e := newFilteringEdge(t, func(s *settings.Settings) {
		s.Quotas.Limits = []settings.Quota{{ID: "none", Scope: settings.ScopeProject, Limit: 0, WindowSeconds: 60}}
	})
	a := e.post(env(`{"event_id":"`+idA+`","trace":{"trace_id":"`+idB+`","public_key":"k","replay_id":"`+idA+`"}}`, `{"type":"event"}`, `{}`))
	if a.status != 429 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if got := pairsOf(t, a.msgs); len(got) != 1 || got[0].Trace.String() != idB || got[0].Replay.String() != idA {
		t.Errorf("pairs %+v", got)
	}
}

func TestFilteredLogsLeaveTheirContainer(t *testing.T) {
	e := newFilteringEdge(t, func(s *settings.Settings) { s.Filters.LogMessages = []string{"noise*"} })
	const head = `{"type":"log","item_count":3,"content_type":"application/vnd.sentry.items.log+json"}`
	a := e.post(env(`{}`, head, `{"version":2, "items" : [ {"body":"noise 1"}, {"body":"signal"} ,{"body":"noise 2"}],"x":1}`))
	if a.status != 200 {
		t.Fatal(a.status, a.body)
	}
	_, sent := a.only(t, stream.KindItem)
	h := sent.Items[0].Header
	if got := string(sent.Items[0].Payload); got != `{"version":2, "items" : [{"body":"signal"}],"x":1}` || h.ItemCount == nil || *h.ItemCount != 1 {
		t.Errorf("%s %s", h.Raw(), got)
	}
	if got := counted(t, a.msgs); got["log_item/filtered/log-message"] != 2 || got["log_byte/filtered/log-message"] != 36 {
		t.Errorf("%v", got)
	}
	a = e.post(env(`{}`, strings.Replace(head, "3", "1", 1), `{"items":[{"body":"noise"}]}`))
	if got := counted(t, a.msgs); len(a.msgs) != 1 || got["log_item/filtered/log-message"] != 1 {
		t.Errorf("nothing is left: %d messages, %v", len(a.msgs), got)
	}
}
