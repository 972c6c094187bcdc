package linker

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/linker/chapter"
	"github.com/hindsight-dev/hindsight/store"
)

var update = flag.Bool("update", false, "rewrite golden files")

// chapters derives what is queued and tells every replay's chapters.
func (w *world) chapters() []string {
	w.t.Helper()
	for n := 1; n > 0; {
		var err error
		if n, err = w.l.DeriveChapters(w.t.Context(), 10); err != nil {
			w.t.Fatal(err)
		}
	}
	out := []string{}
	for _, id := range w.lines("SELECT replay_id FROM replays WHERE state = 'live' ORDER BY replay_id") {
		rows, err := w.s.Chapters(w.t.Context(), store.Scope{OrgID: w.org}, id)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, r := range rows {
			var c chapter.Chapter
			raw, err := store.Decompress(r.Body)
			if err == nil {
				err = json.Unmarshal(raw, &c)
			}
			if err != nil {
				w.t.Fatal(err)
			}
			line := fmt.Sprint(r.ChapterID, " ", c.Label, " ", c.Status)
			for _, x := range c.Requests {
				line += fmt.Sprintf(" | %s %s %d %s", x.Method, x.Path, x.Status, x.MatchedBy)
				for _, b := range x.Work {
					line += " " + b.Name
				}
			}
			for _, e := range c.Errors {
				line += " ! " + e.Side + " " + e.Title
			}
			out = append(out, line)
		}
	}
	return out
}

// Real visits: chapters do not depend on the order of arrival, and each request finds its backend.
func TestChaptersOfVisits(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		for _, visit := range []string{"central", "twp"} {
			var all [][]string
			for _, backwards := range []bool{false, true} {
				w.t = t
				w.empty()
				for _, table := range []string{"replay_chapters", "replay_stale", "replay_summaries", "replay_clicks", "replay_screens"} {
					if _, err := w.raw.ExecContext(t.Context(), "DELETE FROM "+table); err != nil {
						t.Fatal(err)
					}
				}
				ds := w.visit(visit)
				if backwards {
					slices.Reverse(ds)
				}
				for i, d := range ds {
					w.deliver(d)
					if i%7 == 0 {
						w.chapters() // too early: they are derived again
					}
				}
				all = append(all, w.chapters())
			}
			if diff := cmp.Diff(all[0], all[1]); diff != "" {
				t.Errorf("%s: the order of arrival shows:\n%s", visit, diff)
			}
			if len(all[0]) < 5 {
				t.Errorf("%s: %d chapters", visit, len(all[0]))
			}
			golden := filepath.Join("testdata", "chapters-"+visit+".txt")
			if *update {
				if err := os.WriteFile(golden, []byte(strings.Join(all[0], "\n")+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(strings.TrimSpace(string(want)), "\n"), all[0]); diff != "" {
				t.Errorf("%s (-golden +got)\n%s", visit, diff)
			}
		}
	})
}

// An issue that is resolved makes its replays worth less, one that comes back more: whoever changed it.
func TestWorthFollowsTheIssue(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		w.deliver(w.recorded(replayA, 0, noon, noon.Add(time.Minute), []string{traceT}, nil), w.goError(1, traceT, noon.Add(time.Second)))
		w.chapters()
		worth := func() string {
			t.Helper()
			for {
				more, err := w.l.RankReplays(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if !more {
					break
				}
			}
			if left := w.lines("SELECT issue_id FROM stale_issues"); len(left) != 0 {
				t.Errorf("issues are left to do: %v", left)
			}
			return w.lines("SELECT worth FROM replay_summaries")[0]
		}
		open := worth()
		for _, step := range []struct{ status, want string }{{"resolved", "1"}, {"unresolved", open}, {"ignored", "1"}} {
			if _, err := w.raw.ExecContext(t.Context(), "UPDATE issues SET status = ?", step.status); err != nil {
				t.Fatal(err)
			}
			if got := worth(); got != step.want {
				t.Errorf("%s: worth %s, want %s", step.status, got, step.want)
			}
		}
		if open == "1" {
			t.Error("an open issue is worth no more than a resolved one")
		}
	})
}
