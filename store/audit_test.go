package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

func auditOf(t *testing.T, s *store.Store, scope store.Scope) []store.AuditEntry {
	t.Helper()
	page, err := s.AuditLog(t.Context(), scope, store.AuditQuery{Page: store.Page{Limit: 100}})
	if err != nil {
		t.Fatal(err)
	}
	return page.Rows
}

func audits(ctx context.Context) context.Context {
	return store.WithActor(ctx, store.Actor{Name: "command line", Address: "192.0.2.7"})
}

// What failed leaves no entry, what nobody did neither; of what happened each change is told.
func TestAuditIsInTheTransaction(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		ctx := audits(t.Context())
		org, err := s.CreateOrganization(t.Context(), "acme", "Acme")
		if err != nil {
			t.Fatal(err)
		}
		scope := org.Scope()
		p, key, err := s.CreateProject(t.Context(), scope, store.NewProject{Name: "Web", Slug: "web"})
		if err != nil {
			t.Fatal(err)
		}
		if rows := auditOf(t, s, scope); len(rows) != 0 {
			t.Fatalf("entries of nobody's: %+v", rows)
		}
		if _, _, err := s.CreateProject(ctx, scope, store.NewProject{Name: "Web", Slug: "web"}); !errors.Is(err, store.ErrConflict) {
			t.Fatalf("%v, want a conflict", err)
		}
		if err := s.DeleteKey(ctx, store.Scope{OrgID: scope.OrgID + 1}, p.ID, key.PublicKey); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("%v, want it not found", err)
		}
		if _, err := s.EditSettings(ctx, scope, p.ID, func(*settings.Settings) error { return errors.New("no") }); err == nil {
			t.Fatal("the edit's own error was lost")
		}
		if _, err := s.UpdateKey(ctx, scope, p.ID, key.PublicKey, store.KeyChange{Label: &key.Label}); err != nil { // as it was
			t.Fatal(err)
		}
		if rows := auditOf(t, s, scope); len(rows) != 0 {
			t.Fatalf("entries of what did not happen: %+v", rows)
		}
		off := false
		if _, err := s.UpdateKey(ctx, scope, p.ID, key.PublicKey, store.KeyChange{Active: &off, Rate: &store.KeyRate{Count: 5, Window: 60}}); err != nil {
			t.Fatal(err)
		}
		rows := auditOf(t, s, scope)
		if len(rows) != 1 || rows[0].Event != store.AuditKeyEdit || rows[0].ActorName != "command line" || rows[0].Address != "192.0.2.7" || rows[0].TargetName != "Default" {
			t.Fatalf("%+v", rows)
		}
		if strings.Contains(rows[0].TargetID+rows[0].Data, key.PublicKey) {
			t.Errorf("the key stands in the log: %+v", rows[0])
		}
		var data struct {
			Project   string
			Active    struct{ From, To bool }
			RateLimit struct{ From, To string }
		}
		if err := json.Unmarshal([]byte(rows[0].Data), &data); err != nil || data.Project != "web" || !data.Active.From || data.Active.To || data.RateLimit.To != "5 in 60 s" {
			t.Errorf("%v %s", err, rows[0].Data)
		}
	})
}

// Each part of the settings has its own event, and no value that may be a secret is told.
func TestAuditOfSettings(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		ctx := audits(t.Context())
		org, err := s.CreateOrganization(t.Context(), "acme", "Acme")
		if err != nil {
			t.Fatal(err)
		}
		p, _, err := s.CreateProject(t.Context(), org.Scope(), store.NewProject{Name: "Web"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.EditSettings(ctx, org.Scope(), p.ID, func(d *settings.Settings) error {
			d.Scrub.SensitiveFields = []string{"iban"}
			d.Filters.Localhost = true
			d.Filters.ErrorMessages = []string{"*top secret*"}
			d.Recordings.Days = 7
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, e := range auditOf(t, s, org.Scope()) {
			got[e.Event] = e.Data
		}
		want := map[string]string{
			store.AuditScrubbing: `{"changed":{"scrub.sensitiveFields":{"from":[],"to":["iban"]}}}`,
			store.AuditFilters:   `{"changed":{"filters.errorMessages":{},"filters.localhost":{"from":false,"to":true}}}`,
			store.AuditRetention: `{"changed":{"recordings.days":{"from":null,"to":7}}}`,
		}
		for event, data := range want {
			if got[event] != data {
				t.Errorf("%s: %s, want %s", event, got[event], data)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%v", got)
		}
	})
}

// Entries are never altered, and end with their age.
func TestAuditStaysAndEnds(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		org, err := s.CreateOrganization(audits(t.Context()), "acme", "Acme")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Writer().ExecContext(t.Context(), "UPDATE audit_log SET actor_name = 'nobody'"); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("an entry was altered: %v", err)
		}
		for _, at := range []struct {
			age  time.Duration
			left int
		}{{300 * 24 * time.Hour, 1}, {401 * 24 * time.Hour, 0}} {
			s.SetClock(func() time.Time { return time.Now().Add(at.age) })
			if _, err := s.Expire(t.Context()); err != nil {
				t.Fatal(err)
			}
			if rows := auditOf(t, s, org.Scope()); len(rows) != at.left {
				t.Errorf("after %s there are %d entries, want %d", at.age, len(rows), at.left)
			}
		}
	})
}
