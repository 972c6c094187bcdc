package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/uptrace/bun/dialect"

	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// What keeps a project's id after it is gone: usage, tombstones, and what its age ends.
var outliveProject = map[string]bool{"outcomes": true, "replays": true, "issue_jobs": true, "event_hints": true, "replay_losses": true,
	"alert_signals": true, "alert_deliveries": true, "replay_delete_jobs": true}

// rowsOf counts a project's rows in every table that has such.
func rowsOf(t *testing.T, s *store.Store, project int64) map[string]int64 {
	t.Helper()
	q := `SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'project_id'`
	if s.Reader().Dialect().Name() == dialect.SQLite {
		q = `SELECT m.name FROM sqlite_master m, pragma_table_info(m.name) p WHERE m.type = 'table' AND p.name = 'project_id'`
	}
	var tables []string
	if err := s.Reader().NewRaw(q).Scan(t.Context(), &tables); err != nil {
		t.Fatal(err)
	}
	if len(tables) < 20 {
		t.Fatalf("tables with projects: %v", tables)
	}
	n := map[string]int64{}
	for _, table := range tables {
		c, err := s.Reader().NewSelect().Table(table).Where("project_id = ?", project).Count(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if c > 0 && !outliveProject[table] {
			n[table] = c
		}
	}
	return n
}

func TestDeletedProjectLeavesNothing(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		blobs, err := store.OpenBlobs(ctx, "file:"+t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		org, doomed := seedProject(t, s, "shop")
		scope := store.Scope{OrgID: org}
		if _, err := s.CreateTeam(ctx, scope, "Team", "team"); err != nil {
			t.Fatal(err)
		}
		kept, _, err := s.CreateProject(ctx, scope, store.NewProject{Name: "kept"})
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now().UnixMilli()
		for i, p := range []int64{doomed, kept.ID} {
			name := fmt.Sprint("m", i)
			w := eventWrite(org, p, name, 10+i, "h", now)
			w.Events[0].Tags = []store.Tag{{Key: "k", Value: "v"}}
			w.Events[0].Event.Release = "r@1"
			w.Attachments = []store.AttachmentWrite{
				{Attachment: store.Attachment{OrgID: org, ProjectID: p, EventID: hex32(10 + i), MessageID: name, Name: "a", Blob: name + "/a", ReceivedMS: now}},
				{Attachment: store.Attachment{OrgID: org, ProjectID: p, EventID: hex32(90 + i), MessageID: name, Position: 1, Name: "lone", Blob: name + "/b", ReceivedMS: now}}}
			for n := range 3 {
				w.Spans = append(w.Spans, store.SpanWrite{Span: store.Span{OrgID: org, TraceID: hex32(7), SpanID: fmt.Sprintf("%016x", 10*n+i), ProjectID: p, Op: "db", Name: "q",
					StartUS: now * 1000, EndUS: now*1000 + 1, ReceivedMS: now, Payload: []byte("x")}})
			}
			w.RawItems = []store.RawItem{{MessageID: name, Position: 5, OrgID: org, ProjectID: p, Type: "other", Header: "{}", Blob: name + "/c", ReceivedMS: now}}
			w.Logs = []store.LogWrite{{Log: store.Log{OrgID: org, LogID: hex32(20 + i), ProjectID: p, TimestampUS: now * 1000, Severity: "info", Body: "b", Attributes: []byte("x")}}}
			w.Links = []store.ReplayLink{{OrgID: org, ItemKind: store.ItemEvent, ItemID: hex32(70 + i), ReplayID: hex32(5), ProjectID: &p, CreatedMS: now}}
			ingest(t, s, w, segmentWrite(org, p, name+"/s", hex32(30+i), 0, now-1000, now, map[string]string{"platform": "javascript"}))
			if err := s.AddDebugFiles(ctx, scope, p, []store.DebugFile{{SHA1: "y", DebugID: hex32(9), ObjectName: "a", Blob: "shared"}}, 0); err != nil {
				t.Fatal(err)
			}
		}
		before := rowsOf(t, s, kept.ID)
		if got := rowsOf(t, s, doomed); len(got) < 10 {
			t.Fatalf("the project holds only %v", got)
		}

		if err := s.DeleteProject(ctx, scope, doomed); err != nil {
			t.Fatal(err)
		}
		if keys := all[store.ProjectKey](t, s); len(keys) != 1 || keys[0].ProjectID != kept.ID {
			t.Errorf("keys left: %+v", keys)
		}
		if ps, err := s.Projects(ctx, scope); err != nil || len(ps) != 1 || ps[0].ID != kept.ID {
			t.Errorf("projects %+v, %v", ps, err)
		}
		if err := s.DeleteProject(ctx, scope, doomed); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("deleted again: %v", err)
		}
		if _, _, err := s.CreateProject(ctx, scope, store.NewProject{Name: "shop", Slug: "shop"}); err != nil {
			t.Errorf("its slug is not free: %v", err)
		}

		if n, err := s.PurgeProjects(ctx, blobs); err != nil || n != 1 {
			t.Fatalf("purged %d, %v", n, err)
		}
		finish(t, s)
		if got := rowsOf(t, s, doomed); len(got) > 0 {
			t.Errorf("left: %v", got)
		}
		if diff := cmp.Diff(before, rowsOf(t, s, kept.ID)); diff != "" {
			t.Errorf("the other project lost something: %s", diff)
		}
		if n, err := s.SweepBlobs(ctx, blobs, 0, 100); err != nil || n < 3 {
			t.Errorf("swept %d objects, %v", n, err)
		}
		// What was still on its way, and then the project itself.
		ingest(t, s, eventWrite(org, doomed, "late", 50, "h", now))
		if n, err := s.PurgeProjects(ctx, blobs); err != nil || n != 0 {
			t.Fatalf("purged too early: %d, %v", n, err)
		}
		s.SetClock(func() time.Time { return time.Now().Add(8 * 24 * time.Hour) })
		if n, err := s.PurgeProjects(ctx, blobs); err != nil || n != 1 {
			t.Fatalf("purged %d, %v", n, err)
		}
		finish(t, s)
		if got := rowsOf(t, s, doomed); len(got) > 0 {
			t.Errorf("left in the end: %v", got)
		}
		if is, err := s.HasDeletedProjects(ctx, scope); err != nil || is {
			t.Errorf("still there: %v, %v", is, err)
		}
	})
}
