package linker

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
)

// A new issue goes to the first owner that is there, of the last rule that matches; a later event moves nothing.
func TestNewIssuesGoToTheirOwner(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		scope := store.Scope{OrgID: w.org}
		team, err := w.s.CreateTeam(t.Context(), scope, "Payments", "payments")
		if err != nil {
			t.Fatal(err)
		}
		w.assignBy(settings.AssignOwner, "path:pay.py gone@acme.example #payments\npath:cart.py gone@acme.example")
		send := func(n int, file string) *store.Issue {
			w.deliver(w.errorOf(fmt.Sprintf("o%d", n), w.first, json.RawMessage(`{"platform":"python","exception":[{"type":"Oops","value":"`+file+`","stacktrace":{"frames":[{"filename":"`+file+`","function":"f","in_app":true}]}}]}`), n)...)
			e, err := w.s.Event(t.Context(), scope, w.first, fmt.Sprintf("%032x", n))
			if err != nil {
				t.Fatal(err)
			}
			i, err := w.s.Issue(t.Context(), scope, e.IssueID)
			if err != nil {
				t.Fatal(err)
			}
			return i
		}
		owned := send(1, "pay.py")
		if owned.AssigneeTeamID == nil || *owned.AssigneeTeamID != team.ID || owned.AssigneeID != nil {
			t.Errorf("assigned to team %v, user %v, want team %d", owned.AssigneeTeamID, owned.AssigneeID, team.ID)
		}
		if got := w.lines("SELECT type, data FROM activities WHERE type = 'assigned'"); len(got) != 1 || !strings.Contains(got[0], `"projectOwnership"`) {
			t.Errorf("activities: %v", got)
		}
		if i := send(2, "cart.py"); i.AssigneeTeamID != nil || i.AssigneeID != nil {
			t.Errorf("assigned to who is gone: %+v", i)
		}
		if _, err := w.s.UpdateIssues(t.Context(), scope, []int64{owned.ID}, store.IssueChange{Assignee: &store.Assignee{}}); err != nil {
			t.Fatal(err)
		}
		if again := send(3, "pay.py"); again.ID != owned.ID || again.AssigneeTeamID != nil {
			t.Errorf("a later event assigned it again: %+v", again)
		}
	})
}

// assignBy says to whom the first project's new issues are assigned.
func (w *world) assignBy(to settings.AutoAssign, rules string) {
	w.t.Helper()
	_, err := w.s.UpdateProject(w.t.Context(), store.Scope{OrgID: w.org}, w.first, store.ProjectChange{Ownership: &rules, Edit: func(s *settings.Settings) error {
		s.Ownership.AutoAssign = to
		s.Ownership.UpdatedMS++
		return nil
	}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.l.groupers.m = nil // what it remembers is old
}

func (w *world) newMember(email string) int64 {
	w.t.Helper()
	u := &store.User{Email: email, Name: email, CreatedMS: 1}
	if _, err := w.raw.NewInsert().Model(u).Returning("id").Exec(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	if err := w.s.SetMember(w.t.Context(), store.Scope{OrgID: w.org}, u.ID, "member"); err != nil {
		w.t.Fatal(err)
	}
	return u.ID
}

// Where suspect commits are preferred, a new issue goes to the member whose commit of the event's release last touched the newest frame's file; else to
// its owner. Where owners are, commits say nothing.
func TestNewIssuesGoToSuspects(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		ctx, scope := t.Context(), store.Scope{OrgID: w.org}
		if _, err := w.s.CreateTeam(ctx, scope, "Acme", "acme"); err != nil {
			t.Fatal(err)
		}
		ann := w.newMember("ann@acme.example")
		bob := w.newMember("bob@acme.example")
		commit := func(sha, email, file string) store.CommitWrite {
			return store.CommitWrite{Repository: "acme/shop", SHA: sha, AuthorName: sha, AuthorEmail: email, DateMS: 1, Files: []store.CommitFile{{Path: file, Type: "M"}}}
		}
		if _, _, err := w.s.UpsertRelease(ctx, scope, "shop@1", store.ReleaseChange{Projects: []int64{w.first}, Commits: []store.CommitWrite{ // the newest first
			commit("c4", "stranger@else.example", "src/cart.py"), commit("c3", "ANN@acme.example", "src/pay.py"), commit("c2", "bob@acme.example", "src/pay.py")}}); err != nil {
			t.Fatal(err)
		}
		n := 0
		send := func(file, release string) (*store.Issue, string) {
			n++
			w.deliver(w.errorOf(fmt.Sprintf("s%d", n), w.first, json.RawMessage(fmt.Sprintf(`{"platform":"python","release":%q,"exception":[{"type":"Oops%d","value":"x",
				"stacktrace":{"frames":[{"filename":%q,"function":"f%d","in_app":true}]}}]}`, release, n, file, n)), n)...)
			e, err := w.s.Event(ctx, scope, w.first, fmt.Sprintf("%032x", n))
			if err != nil {
				t.Fatal(err)
			}
			i, err := w.s.Issue(ctx, scope, e.IssueID)
			if err != nil {
				t.Fatal(err)
			}
			by := ""
			for _, line := range w.lines(fmt.Sprintf("SELECT data FROM activities WHERE type = 'assigned' AND issue_id = %d", i.ID)) {
				var data struct{ Integration string }
				if err := json.Unmarshal([]byte(line), &data); err != nil {
					t.Fatal(err)
				}
				by = data.Integration
			}
			return i, by
		}
		for _, c := range []struct {
			to            settings.AutoAssign
			file, release string
			want          int64
			by            string
		}{
			{settings.AssignSuspect, "app/src/pay.py", "shop@1", ann, "suspectCommitter"},
			{settings.AssignSuspect, "app/src/cart.py", "shop@1", bob, "projectOwnership"}, // its author is no member
			{settings.AssignSuspect, "app/src/pay.py", "shop@2", bob, "projectOwnership"},  // no commits
			{settings.AssignOwner, "app/src/pay.py", "shop@1", bob, "projectOwnership"},
			{"", "app/src/pay.py", "shop@1", 0, ""},
		} {
			w.assignBy(c.to, "path:*.py bob@acme.example")
			i, by := send(c.file, c.release)
			got := int64(0)
			if i.AssigneeID != nil {
				got = *i.AssigneeID
			}
			if got != c.want || by != c.by {
				t.Errorf("%q, %s of %s: assigned to %d by %q, want %d by %q", c.to, c.file, c.release, got, by, c.want, c.by)
			}
		}
	})
}
