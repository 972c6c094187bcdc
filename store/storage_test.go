package store_test

import (
	"testing"

	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// Few rows are counted, many are reckoned from a bounded number of them.
func TestStorage(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		org, err := s.CreateOrganization(t.Context(), "acme", "Acme")
		if err != nil {
			t.Fatal(err)
		}
		p, _, err := s.CreateProject(t.Context(), org.Scope(), store.NewProject{Name: "Web"})
		if err != nil {
			t.Fatal(err)
		}
		quiet, _, err := s.CreateProject(t.Context(), org.Scope(), store.NewProject{Name: "Quiet"})
		if err != nil {
			t.Fatal(err)
		}
		logs := func(from, to int, project int64) {
			t.Helper()
			_, err := s.Writer().ExecContext(t.Context(), `WITH RECURSIVE n(i) AS (SELECT CAST(? AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < ?)
				INSERT INTO logs (org_id, log_id, project_id, timestamp_us, severity, severity_number, body, attributes, received_ms)
				SELECT ?, 'l' || i, ?, 1000000000 + i * 1000000, 'info', 9, 'ten bytes.', ?, 0 FROM n`, from, to, org.ID, project, []byte("ten bytes."))
			if err != nil {
				t.Fatal(err)
			}
		}
		use := func(project int64) map[string]store.StorageUse {
			t.Helper()
			list, err := s.StorageOfProject(t.Context(), org.Scope(), project)
			if err != nil {
				t.Fatal(err)
			}
			by := map[string]store.StorageUse{}
			for _, u := range list {
				by[u.Kind] = u
			}
			if len(by) != len(list) || len(list) != 8 {
				t.Fatalf("kinds: %+v", list)
			}
			return by
		}
		logs(1, 100, p.ID)
		if got, want := use(p.ID)[store.StorageLogs], (store.StorageUse{Kind: store.StorageLogs, Rows: 100, Bytes: 2000, OldestMS: 1001000, Sure: store.StorageExact}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		logs(101, 9000, p.ID)
		got := use(p.ID)[store.StorageLogs]
		if got.Rows < 8900 || got.Rows > 9100 || got.Bytes != got.Rows*20 || got.OldestMS != 1001000 || got.Sure != store.StorageAbout {
			t.Errorf("%+v, want about 9000 rows", got)
		}
		for kind, u := range use(quiet.ID) {
			if u.Rows != 0 || u.Bytes != 0 || u.Sure != store.StorageExact {
				t.Errorf("%s of a project without any: %+v", kind, u)
			}
		}
		for kind, u := range func() map[string]store.StorageUse {
			list, err := s.StorageOfProject(t.Context(), store.Scope{OrgID: org.ID + 1}, p.ID)
			if err != nil {
				t.Fatal(err)
			}
			by := map[string]store.StorageUse{}
			for _, u := range list {
				by[u.Kind] = u
			}
			return by
		}() {
			if u.Rows != 0 {
				t.Errorf("%s is shown to another organisation: %+v", kind, u)
			}
		}
		if spans, err := s.StorageOfSpans(t.Context(), org.Scope()); err != nil || spans.Rows != 0 {
			t.Errorf("spans: %v %+v", err, spans)
		}
	})
}

// The plans are by index.
func TestStoragePlans(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		q := &queries{}
		s.SetReader(s.Reader().WithQueryHook(q))
		if _, err := s.StorageOfProject(t.Context(), store.Scope{OrgID: 1}, 1); err != nil {
			t.Fatal(err)
		}
		if _, err := s.StorageOfSpans(t.Context(), store.Scope{OrgID: 1}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.AuditLog(t.Context(), store.Scope{OrgID: 1}, store.AuditQuery{Event: store.AuditSignIn, Page: store.Page{Limit: 10, Cursor: &store.Cursor{Value: 5, Tie: "1"}}}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.AuditLog(t.Context(), store.Scope{OrgID: 1}, store.AuditQuery{ActorID: 1, Page: store.Page{Limit: 10}}); err != nil {
			t.Fatal(err)
		}
		if len(q.list) < 9 {
			t.Fatalf("only %d queries were seen", len(q.list))
		}
		for _, query := range q.list {
			if bad := wholeReads(t, s.Reader(), query); len(bad) > 0 {
				t.Errorf("%s\n%v", query, bad)
			}
		}
	})
}
