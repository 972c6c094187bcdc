package api_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/store"
)

// Every way to resolve and to archive an issue, as it is asked for and as it is told again, by the issue itself and in bulk.
func TestStatusDetails(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		_, _, err := w.s.UpsertRelease(t.Context(), w.acme.org.Scope(), "shop@1.0.0", store.ReleaseChange{Projects: []int64{w.acme.api.ID}})
		must(t, err)
		one := "/api/0/organizations/acme/issues/" + itoa(w.acme.issue) + "/"
		bulk := "/api/0/projects/acme/shop-api/issues/?id=" + itoa(w.acme.issue)
		type issue struct {
			Status, Substatus string
			StatusDetails     map[string]json.RawMessage
		}
		for _, c := range []struct{ ask, status, substatus, details string }{
			{`{"status":"resolved"}`, "resolved", "", `{}`},
			{`{"status":"resolvedInNextRelease"}`, "resolved", "", `{"inNextRelease":true}`},
			{`{"status":"resolved","statusDetails":{"inNextRelease":true}}`, "resolved", "", `{"inNextRelease":true}`},
			{`{"status":"resolved","statusDetails":{"inUpcomingRelease":true}}`, "resolved", "", `{"inUpcomingRelease":true}`},
			{`{"status":"resolved","statusDetails":{"inRelease":"shop@1.0.0"}}`, "resolved", "", `{"inRelease":"shop@1.0.0"}`},
			{`{"status":"resolved","statusDetails":{"inRelease":"latest"}}`, "resolved", "", `{"inRelease":"` + w.acme.version + `"}`},
			{`{"status":"resolved","statusDetails":{"inCommit":{"commit":"c0ffee","repository":"acme/shop"}}}`, "resolved", "", `{"inCommit":{"commit":"c0ffee"}}`},
			{`{"status":"ignored","substatus":"archived_until_escalating"}`, "ignored", "archived_until_escalating", `{}`},
			{`{"status":"ignored","substatus":"archived_forever"}`, "ignored", "archived_forever", `{}`},
			{`{"status":"ignored","statusDetails":{"ignoreCount":7}}`, "ignored", "archived_until_condition_met", `{"ignoreCount":7}`},
			{`{"status":"ignored","statusDetails":{"ignoreCount":7,"ignoreWindow":60}}`, "ignored", "archived_until_condition_met", `{"ignoreCount":7,"ignoreWindow":60}`},
			{`{"status":"ignored","statusDetails":{"ignoreUserCount":3}}`, "ignored", "archived_until_condition_met", `{"ignoreUserCount":3}`},
			{`{"status":"ignored","ignoreUserCount":3,"ignoreUserWindow":1440}`, "ignored", "archived_until_condition_met", `{"ignoreUserCount":3,"ignoreUserWindow":1440}`},
			{`{"status":"unresolved"}`, "unresolved", "ongoing", `{}`},
		} {
			for _, path := range []string{one, bulk} {
				if r := w.do(w.acme.token, "PUT", path, c.ask); r.Code != 200 {
					t.Errorf("%s %s: %d %s", path, c.ask, r.Code, r.Body)
					continue
				}
				got := decode[issue](w.get(one))
				delete(got.StatusDetails, "actor")
				details, err := json.Marshal(got.StatusDetails)
				must(t, err)
				if got.Status != c.status || got.Substatus != c.substatus || string(details) != c.details {
					t.Errorf("%s %s: %s/%s %s, want %s/%s %s", path, c.ask, got.Status, got.Substatus, details, c.status, c.substatus, c.details)
				}
			}
		}
		before := time.Now()
		if r := w.do(w.acme.token, "PUT", one, `{"status":"ignored","statusDetails":{"ignoreDuration":30}}`); r.Code != 200 {
			t.Fatalf("%d %s", r.Code, r.Body)
		}
		var until time.Time
		must(t, json.Unmarshal(decode[issue](w.get(one)).StatusDetails["ignoreUntil"], &until))
		if late := until.Sub(before); late < 29*time.Minute || late > 40*time.Minute {
			t.Errorf("archived for half an hour: until %s, asked at %s", until, before)
		}
	})
}

// A comment is its writer's to change and to take back; others read it, and anybody of the organisation may write their own.
func TestNotesOfOthers(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		member, _, err := w.s.CreateToken(t.Context(), w.acme.org.Scope(), store.NewToken{Name: "member", Scopes: []string{"event:read", "event:write", "event:admin"}, UserID: &w.acme.member.ID})
		must(t, err)
		notes := "/api/0/organizations/acme/issues/" + itoa(w.acme.issue) + "/notes/"
		type note struct {
			ID   string
			Data struct{ Text string }
			User struct{ ID string }
		}
		r := w.do(member, "POST", notes, `{"text":"It is the *bank*."}`)
		if r.Code != 201 {
			t.Fatalf("%d %s", r.Code, r.Body)
		}
		mine := decode[note](r)
		if mine.User.ID != itoa(w.acme.member.ID) || mine.Data.Text != "It is the *bank*." {
			t.Errorf("written: %+v", mine)
		}
		for _, method := range []string{"PUT", "DELETE"} {
			if r := w.do(w.acme.token, method, notes+mine.ID+"/", `{"text":"It is not."}`); r.Code != 404 && r.Code != 403 {
				t.Errorf("%s by another person: %d %s", method, r.Code, r.Body)
			}
		}
		text := func() string {
			for _, n := range decode[[]note](w.get(notes)) {
				if n.ID == mine.ID {
					return n.Data.Text
				}
			}
			return ""
		}
		if got := text(); got != "It is the *bank*." {
			t.Errorf("another person changed it: %q", got)
		}
		if r := w.do(member, "PUT", notes+mine.ID+"/", `{"text":"It was the bank."}`); r.Code != 200 || text() != "It was the bank." {
			t.Errorf("by its writer: %d %s, now %q", r.Code, r.Body, text())
		}
		if r := w.do(member, "DELETE", notes+mine.ID+"/", ""); r.Code != 204 || text() != "" {
			t.Errorf("taken back: %d %s, now %q", r.Code, r.Body, text())
		}
	})
}
