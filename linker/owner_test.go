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
		if _, err := w.s.EditSettings(t.Context(), scope, w.first, func(s *settings.Settings) error {
			s.Ownership = settings.Ownership{AutoAssign: settings.AssignOwner, Raw: "path:pay.py gone@acme.example #payments\npath:cart.py gone@acme.example"}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
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
