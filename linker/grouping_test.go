package linker

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/linker/grouping"
	"github.com/hindsight-dev/hindsight/linker/grouping/groupingtest"
	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
)

func goldenEvents(t *testing.T) map[string][]groupingtest.Sample {
	t.Helper()
	all, err := groupingtest.Corpus("grouping/testdata")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]groupingtest.Sample{}
	for _, s := range all {
		out[s.Project] = append(out[s.Project], s)
	}
	return out
}

// errorOf is a message with one error event of a project.
func (w *world) errorOf(id string, project int64, event json.RawMessage, n int) []*stream.Delivery {
	w.t.Helper()
	var e map[string]any
	if err := json.Unmarshal(event, &e); err != nil {
		w.t.Fatal(err)
	}
	e["event_id"] = fmt.Sprintf("%032x", n)
	// The corpus has frames as they are after mapping: from the raw ones the linker would start again.
	if x, ok := e["exception"].(map[string]any); ok {
		for _, v := range x["values"].([]any) {
			delete(v.(map[string]any), "raw_stacktrace")
		}
	}
	b, err := json.Marshal(e)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.split(id, project, noon, []byte("{}\n{\"type\":\"event\"}\n"+string(b)))
}

// TestGroupingCorpusInTheDatabase puts the whole corpus through the linker and both databases, and compares all
// pairs of each project with what people say.
func TestGroupingCorpusInTheDatabase(t *testing.T) {
	corpus := goldenEvents(t)
	var partitions [][]string
	eachDB(t, func(t *testing.T, w *world) {
		o, err := w.s.CreateOrganization(t.Context(), "corpus", "Corpus")
		if err != nil {
			t.Fatal(err)
		}
		w.org = o.ID
		n, total := 0, 0
		var together, belong, both float64
		var partition []string
		for file, events := range corpus {
			p, _, err := w.s.CreateProject(t.Context(), store.Scope{OrgID: w.org}, store.NewProject{Name: file, Slug: strings.ReplaceAll(file, "_", "-")})
			if err != nil {
				t.Fatal(err)
			}
			var ds []*stream.Delivery
			ids := make([]int, len(events))
			for i, e := range events {
				n++
				ids[i] = n
				ds = append(ds, w.errorOf(fmt.Sprintf("c%d", n), p.ID, e.Event, n)...)
			}
			w.deliver(ds...)
			issues := make([]int64, len(events))
			for i := range events {
				e, err := w.s.Event(t.Context(), store.Scope{OrgID: w.org}, p.ID, fmt.Sprintf("%032x", ids[i]))
				if err != nil {
					t.Fatalf("%s: %v", events[i].Name, err)
				}
				issues[i] = e.IssueID
			}
			total += len(events)
			for i := range events {
				first := slices.Index(issues, issues[i]) // the partition, whatever the ids are
				partition = append(partition, fmt.Sprintf("%s %s: %d", file, events[i].Name, first))
			}
			for i := range events {
				for j := range i {
					same, want := issues[i] == issues[j], events[i].Issue == events[j].Issue
					if same {
						together++
					}
					if want {
						belong++
					}
					if same && want {
						both++
					} else if same {
						t.Logf("together but different: %s, %s", events[j].Name, events[i].Name)
					}
				}
			}
		}
		precision, recall := both/together, both/belong
		t.Logf("%d events over %d projects: precision %.4f, recall %.4f", total, len(corpus), precision, recall)
		if total < 500 || precision < 0.98 || recall < 0.98 {
			t.Errorf("%d events: precision %.4f, recall %.4f, want 500 and 0.98 each", total, precision, recall)
		}
		slices.Sort(partition)
		partitions = append(partitions, partition)
	})
	if len(partitions) == 2 {
		if diff := cmp.Diff(partitions[0], partitions[1]); diff != "" {
			t.Errorf("the engines group differently:\n%s", diff)
		}
	}
}

// An issue of the first algorithm keeps its events when the second one looks at them.
func TestAlgorithmUpgradeSplitsNoIssue(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		event := json.RawMessage(`{"platform":"java","exception":[{"type":"IllegalStateException","value":"closed","stacktrace":{"frames":[{"function":"lambda$sync$0","module":"com.shop.Sync","lineno":5}]}}]}`)
		ds := w.errorOf("new", w.first, event, 2)
		m, err := w.l.decode(t.Context(), stream.KindEvent, ds[0])
		if err != nil {
			t.Fatal(err)
		}
		older := m.w.Events[0]
		if len(older.Older) == 0 || older.Older[0] == older.Hashes[0] {
			t.Fatalf("%+v", older)
		}
		old := older // as the first algorithm stored it
		old.Event.EventID, old.Hashes, old.Older, old.Algorithm = fmt.Sprintf("%032x", 1), older.Older, nil, grouping.V1
		if _, err := w.s.Ingest(t.Context(), []*store.Write{{MessageID: "old", ReceivedMS: noon.UnixMilli(), OrgID: w.org, Events: []store.EventWrite{old}}}); err != nil {
			t.Fatal(err)
		}
		w.deliver(ds...)
		if got := w.lines("SELECT COUNT(*), MIN(times_seen) FROM issues"); len(got) != 1 || got[0] != "1|2" {
			t.Errorf("issues and events: %v", got)
		}
		if got := w.lines("SELECT algorithm, COUNT(*) FROM issue_hashes WHERE chose GROUP BY algorithm ORDER BY algorithm"); strings.Join(got, " ") != "v1|1 v2|1" {
			t.Errorf("hashes: %v", got)
		}
	})
}

// Rules hold for the events after they were saved, and are compiled once.
func TestRulesOfAProject(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		clock := noon
		w.l.groupers.now = func() time.Time { return clock }
		send := func(n int, text string) int64 {
			w.deliver(w.errorOf(fmt.Sprintf("r%d", n), w.first, json.RawMessage(`{"platform":"python","exception":[{"type":"Timeout","value":"`+text+`"}]}`), n)...)
			e, err := w.s.Event(t.Context(), store.Scope{OrgID: w.org}, w.first, fmt.Sprintf("%032x", n))
			if err != nil {
				t.Fatal(err)
			}
			return e.IssueID
		}
		a, b := send(1, "read of the cart"), send(2, "write of the order")
		if a == b {
			t.Fatal("the two are the same without rules")
		}
		_, err := w.s.EditSettings(t.Context(), store.Scope{OrgID: w.org}, w.first, func(s *settings.Settings) error {
			s.Grouping.FingerprintRules = "error.type:Timeout -> slow, {{ error.type }} title=\"All that is slow\""
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if send(3, "read of the cart") != a {
			t.Error("rules are read for each event")
		}
		clock = clock.Add(rulesAge)
		c, d := send(4, "read of the cart"), send(5, "write of the order")
		if c != d || c == a || c == b {
			t.Errorf("with the rule: %d and %d, before %d and %d", c, d, a, b)
		}
		config := w.l.groupers.m[w.first].config
		clock = clock.Add(rulesAge)
		send(6, "x")
		if w.l.groupers.m[w.first].config != config {
			t.Error("rules that did not change were compiled again")
		}
		if got := w.lines("SELECT title FROM issues WHERE id = ?", c); len(got) != 1 || got[0] != "All that is slow" {
			t.Errorf("title %v", got)
		}
	})
}
