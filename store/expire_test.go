package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
)

// everything is a message with one item of each kind that happened at a moment, in an issue of its own.
func (w *shelf) everything(name string, at time.Time) *store.Write {
	w.t.Helper()
	org, project, ms, us := w.org.ID, w.web.ID, at.UnixMilli(), at.UnixMicro()
	id := w.id()
	file := func(kind string) string {
		key := fmt.Sprintf("%d/%d/%s/%s", org, project, kind, id)
		if err := w.blobs.Put(w.t.Context(), key, strings.NewReader("bytes"), 5); err != nil {
			w.t.Fatal(err)
		}
		return key
	}
	trace := id
	event := store.Event{ProjectID: project, EventID: id, OrgID: org, Level: "error", Platform: "go", Title: "t " + name, TimestampMS: ms, ReceivedMS: ms, TraceID: &trace,
		Environment: "e " + name, UserKey: "id:" + name, Side: store.SideBackend, Payload: []byte("x")}
	feedback := "f" + id[1:]
	attachment := func(event, kind string, position int) store.AttachmentWrite {
		return store.AttachmentWrite{Attachment: store.Attachment{OrgID: org, ProjectID: project, EventID: event, MessageID: id, Position: position, Name: kind, Blob: file(kind), Size: 5, ReceivedMS: ms}}
	}
	unknown := "0" + id[1:] + "p"
	return &store.Write{MessageID: id, ReceivedMS: ms, OrgID: org,
		Events: []store.EventWrite{{Event: event, Hashes: []string{name}, Algorithm: "v1", Issue: store.Issue{Type: "error", Title: "t " + name, Culprit: "c"},
			Tags: []store.Tag{{Key: "plan", Value: name}, {Key: "shared", Value: "yes"}}, Wanted: []string{"map"}}},
		Attachments: []store.AttachmentWrite{attachment(id, "file", 1), attachment(feedback, "screenshot", 2), attachment("e"+id[1:], "lone", 3)},
		Spans: []store.SpanWrite{{Span: store.Span{OrgID: org, TraceID: trace, SpanID: id[16:], ProjectID: project, IsSegment: true, Name: "s " + name, StartUS: us, EndUS: us + 1, ReceivedMS: ms, Payload: []byte("x")}},
			{Span: store.Span{OrgID: org, TraceID: trace, SpanID: "f" + id[17:], ProjectID: project, Name: "s " + name, StartUS: us, EndUS: us + 1, ReceivedMS: ms, Payload: []byte("x")}}},
		Logs:          []store.LogWrite{{Log: store.Log{OrgID: org, LogID: id, ProjectID: project, TimestampUS: us, Severity: "info", Body: name, Attributes: []byte("x"), ReceivedMS: ms}}},
		Feedback:      []store.FeedbackWrite{{Feedback: store.Feedback{OrgID: org, EventID: feedback, ProjectID: project, TimestampMS: ms, Message: name, Payload: []byte("x"), ReceivedMS: ms}}},
		RawItems:      []store.RawItem{{MessageID: id, Position: 9, OrgID: org, ProjectID: project, Type: "profile", EventID: &trace, Header: "{}", Blob: file("item"), ReceivedMS: ms}},
		Sessions:      []store.SessionWrite{{Session: store.ReleaseSession{ProjectID: project, SID: id, OrgID: org, Status: "exited", Release: "r", StartedMS: ms, UpdatedMS: ms}}},
		SessionCounts: []store.ReleaseSessionCount{{ProjectID: project, Release: "r", Environment: "e", StartedMS: ms - ms%60_000, OrgID: org, Exited: 1}},
		CheckIns: []store.CheckInWrite{{ItemID: id, CheckIn: store.CheckIn{OrgID: org, CheckInID: id, ProjectID: project, MonitorSlug: "m", Environment: "e", Status: "ok", StartedMS: ms, UpdatedMS: ms},
			Monitor: &store.Monitor{ProjectID: project, Slug: "m", OrgID: org, Config: "{}", ConfigMS: ms, ID: fmt.Sprint(project)}}},
		Hints:        []store.EventHint{{OrgID: org, EventID: id, ProjectID: project, TimeMS: ms}},
		ItemSessions: []store.ItemSession{{OrgID: org, SessionID: id, ItemKind: "log", ItemID: id, ReceivedMS: ms}},
		Expected:     []store.ExpectedReplay{{OrgID: org, TraceID: trace, FirstMS: ms}},
		Losses:       []store.ReplayLoss{{OrgID: org, ProjectID: project, ReplayID: unknown, Reason: "x", FirstMS: ms}},
		Links: []store.ReplayLink{{OrgID: org, ItemKind: store.ItemEvent, ItemID: id, ReplayID: unknown, ProjectID: &project, Signals: 1, CreatedMS: ms},
			{OrgID: org, ItemKind: store.ItemLog, ItemID: id, ReplayID: unknown, ProjectID: &project, Signals: 1, CreatedMS: ms}},
		Traces:   []store.ReplayTrace{{OrgID: org, TraceID: trace, ReplayID: unknown, Sources: 1, FirstMS: ms, LastMS: ms}},
		Outcomes: []store.Outcome{{MinuteMS: ms - ms%60_000, OrgID: org, ProjectID: project, Category: "error", Outcome: store.OutcomeAccepted, Quantity: 1}},
	}
}

func (w *shelf) ingest(ws ...*store.Write) {
	w.t.Helper()
	if _, err := w.s.Ingest(w.t.Context(), ws); err != nil {
		w.t.Fatal(err)
	}
}

func (w *shelf) expire(keep settings.Retention) store.Aged {
	w.t.Helper()
	gone, err := w.s.ExpireAged(w.t.Context(), w.blobs, keep)
	if err != nil {
		w.t.Fatal(err)
	}
	return gone
}

// tables counts the rows of every table that is the schema's own.
func (w *shelf) tables() map[string]int64 {
	w.t.Helper()
	q := `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`
	if w.s.Reader().Dialect().Name() == dialect.SQLite {
		q = `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '%\_grams%' ESCAPE '\' AND name NOT LIKE 'replay\_words%' ESCAPE '\'`
	}
	var names []string
	if err := w.s.Reader().NewRaw(q).Scan(w.t.Context(), &names); err != nil {
		w.t.Fatal(err)
	}
	out := map[string]int64{}
	for _, name := range names {
		n, err := w.s.Reader().NewSelect().Table(name).Count(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		out[name] = n
	}
	return out
}

// Nothing younger than its kind is kept for goes, and all that is older.
func TestExpireAged(t *testing.T) {
	eachShelf(t, func(t *testing.T, w *shelf) {
		hour := w.now.Truncate(time.Hour)
		keep := settings.Retention{Events: 10, Spans: 3, Logs: 4, Items: 5, Sessions: 6, Feedback: 7}
		const day = 24 * time.Hour
		edges := map[string]time.Duration{"events": 10 * day, "spans": 3 * day, "logs": 4 * day, "raw_items": 5 * day, "release_sessions": 6 * day, "feedback": 7 * day}
		for kind, age := range edges {
			w.ingest(w.everything("before "+kind, hour.Add(-age-time.Millisecond)), w.everything("after "+kind, hour.Add(-age)))
		}
		w.ingest(w.everything("before events", w.now)) // this issue is still met, by the same person
		counted := map[string]int64{}
		for _, i := range all[store.Issue](t, w.s) {
			counted[i.Title] = i.TimesSeen
		}

		gone := w.expire(keep)
		// Two items of each kind at each of the other edges that are further back, and the one before its own.
		want := store.Aged{Events: 1, Feedback: 3, Sessions: 10, Items: 7, Logs: 9, Spans: 2 * 11, Files: 1, Replays: 1}
		if d := cmp.Diff(want, gone); d != "" {
			t.Errorf("gone (-want +got):\n%s", d)
		}
		for _, left := range []struct {
			table, column string
			age           time.Duration
			per           int64
		}{
			{"events", "timestamp_ms", edges["events"], 1}, {"spans", "start_us", edges["spans"], 1000}, {"logs", "timestamp_us", edges["logs"], 1000},
			{"raw_items", "received_ms", edges["raw_items"], 1}, {"release_sessions", "started_ms", edges["release_sessions"], 1}, {"feedback", "timestamp_ms", edges["feedback"], 1},
			{"attachments", "received_ms", edges["events"], 1}, {"event_tags", "timestamp_ms", edges["events"], 1},
		} {
			var oldest int64
			if err := w.s.Reader().NewRaw("SELECT MIN("+left.column+") FROM "+left.table).Scan(t.Context(), &oldest); err != nil {
				t.Fatal(err)
			}
			if edge := hour.Add(-left.age).UnixMilli(); oldest/left.per != edge {
				t.Errorf("the oldest of %s is %d ms from the edge", left.table, oldest/left.per-edge)
			}
		}
		sameCounts(t, w.s, "after the old ones went")
		titles := map[string]int64{}
		for _, i := range all[store.Issue](t, w.s) {
			titles[i.Title] = i.TimesSeen
		}
		if d := cmp.Diff(counted, titles); d != "" {
			t.Errorf("issues and how often they were seen (-before +after):\n%s", d)
		}
		if d := cmp.Diff(store.Aged{}, w.expire(keep)); d != "" {
			t.Errorf("gone a second time:\n%s", d)
		}

		// A day later the next edge has passed: its issue had nothing else, and goes.
		w.now = w.now.Add(day)
		if gone = w.expire(keep); gone.Events != 1 || gone.Issues != 1 {
			t.Errorf("a day later %+v; want an event gone, and its issue", gone)
		}
		for _, i := range all[store.Issue](t, w.s) {
			if i.Title == "t after events" {
				t.Error("an issue without events, unseen for longer than events are kept, is still there")
			}
		}
	})
}

// A project keeps as it says; a trace stays whole for the project that keeps it longest.
func TestExpireAgedByProject(t *testing.T) {
	eachShelf(t, func(t *testing.T, w *shelf) {
		ctx, web := t.Context(), w.web
		api, _, err := w.s.CreateProject(ctx, w.org.Scope(), store.NewProject{Name: "api"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.s.EditSettings(ctx, w.org.Scope(), api.ID, func(doc *settings.Settings) error {
			doc.Retention = settings.Retention{Events: 200, Spans: 100, Logs: 1}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		at := w.now.Add(-99 * 24 * time.Hour)
		w.ingest(w.everything("web", at))
		w.web = api
		w.ingest(w.everything("api", at), w.everything("young", w.now.Add(-25*time.Hour)))
		w.web = web
		gone := w.expire(settings.DefaultRetention())
		want := store.Aged{Events: 1, Issues: 1, Logs: 3, Items: 2, Sessions: 4, Feedback: 2, Files: 1}
		if d := cmp.Diff(want, gone); d != "" {
			t.Errorf("gone (-want +got):\n%s", d)
		}
	})
}

// kept are the tables that no age empties, and why. Whoever adds a table gives it an end, or a reason here.
var kept = map[string]string{
	"bun_migrations": "the schema", "bun_migration_locks": "the schema",
	"organizations": "people make them", "projects": "people make them", "project_keys": "people make them", "project_teams": "people make them",
	"teams": "people make them", "team_members": "people make them", "users": "people make them", "memberships": "people make them",
	"user_identities": "people make them", "api_tokens": "people make them", "saved_searches": "people make them",
	"recent_searches": "the last few of each person", "issue_tombstones": "people make them", "tombstone_hashes": "people make them",
	"ownership_rules": "people make them", "alert_rules": "people make them", "alert_channels": "people make them", "replay_delete_jobs": "people make them",
	"monitors": "until a person deletes it: what runs, not its runs", "monitor_environments": "with its monitor",
	"releases": "history that issues and uploads name, a row a version", "release_projects": "with its release", "release_environments": "with its release",
	"release_commits": "with its release", "release_refs": "with its release", "deploys": "with its release",
	"repositories": "people make them", "commits": "history that issues name", "commit_files": "with its commit",
	"artifact_bundles": "builds upload them, people delete them", "artifact_releases": "with its bundle", "artifact_files": "with its bundle", "artifact_urls": "with its bundle",
	"debug_files": "builds upload them, people delete them", "proguard_releases": "with its mapping",
	"imported_issues": "so that an import again makes nothing twice, a row an issue", "forward_states": "a row a forwarding project and relay",
	"worker_clocks": "a row a worker",
	"upload_chunks": "swept by their own age, with uploads", "remap_jobs": "a queue, emptied by work", "alert_signals": "a queue, emptied by work",
	"replay_stale": "a queue, emptied by work", "stale_issues": "a queue, emptied by work", "assemblies": "see TestExpire", "pending_check_ins": "see its own test",
	"user_sessions": "see TestExpire", "sign_in_links": "see TestExpire", "alert_deliveries": "see TestExpire", "alert_fires": "see TestExpire",
	"merged_issues": "with the issue they went into", "activities": "with its issue", "issue_members": "with its issue",
}

// Every table that grows with what comes in is empty when all of it is too old, and so are the objects.
func TestAllThatComesInEnds(t *testing.T) {
	eachShelf(t, func(t *testing.T, w *shelf) {
		ctx := t.Context()
		at := w.now
		w.ingest(w.everything("a", at), w.everything("b", at.Add(time.Second)))
		recorded := w.record(at, 3, "words of a page")
		w.link(recorded, store.IssueUnresolved)
		key := fmt.Sprintf("%d/%d/replay/%s/0-h", w.org.ID, w.web.ID, "silent")
		if err := w.blobs.Put(ctx, key, strings.NewReader("?"), 1); err != nil {
			t.Fatal(err)
		}
		silent := &store.Write{MessageID: "silent", ReceivedMS: at.UnixMilli(), OrgID: w.org.ID, Segments: []store.SegmentWrite{{
			Segment: store.ReplaySegment{OrgID: w.org.ID, ReplayID: w.id(), BodyHash: "h", ProjectID: w.web.ID, Blob: key, ReceivedMS: at.UnixMilli()}}}}
		w.ingest(silent)
		for _, row := range []any{
			&store.ReplayRequest{OrgID: w.org.ID, ReplayID: recorded}, &store.ReplayLoad{OrgID: w.org.ID, ReplayID: recorded}, &store.ReplayView{OrgID: w.org.ID, ReplayID: recorded},
			&store.ReplayChapter{OrgID: w.org.ID, ReplayID: recorded, Body: []byte{}}, &store.ReplaySummary{OrgID: w.org.ID, ReplayID: recorded},
			&store.AuditEntry{OrgID: w.org.ID, CreatedMS: at.UnixMilli(), Data: "{}"},
		} {
			if _, err := w.s.Writer().NewInsert().Model(row).Returning("NULL").Exec(ctx); err != nil {
				t.Fatal(err)
			}
		}

		before := w.tables()
		for table, n := range before {
			if n == 0 && kept[table] == "" && !slices.Contains([]string{"issue_jobs", "replay_tombstones", "stale_blobs"}, table) {
				t.Errorf("the test puts nothing into %s: it shows nothing about it", table)
			}
		}
		for range 4 { // what goes leaves tombstones and jobs, which go when they are old themselves
			w.now = w.now.Add(400 * 24 * time.Hour)
			if _, err := w.s.ExpireReplays(ctx, w.blobs, store.ReplayRetention{}, 100); err != nil {
				t.Fatal(err)
			}
			w.expire(settings.DefaultRetention())
			for more := true; more; {
				var err error
				if more, err = w.s.RunIssueJobs(ctx); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := w.s.Expire(ctx); err != nil {
				t.Fatal(err)
			}
			if _, err := w.s.SweepBlobs(ctx, w.blobs, 0, 100); err != nil {
				t.Fatal(err)
			}
		}
		for table, n := range w.tables() {
			if n > 0 && kept[table] == "" {
				t.Errorf("%d of %d rows of %s stay for ever: give it a retention, or a reason among those that are kept", n, before[table], table)
			}
		}
		if bytes, files := w.disk(); files > 0 {
			t.Errorf("%d objects of %d bytes stay for ever", files, bytes)
		}
	})
}

// What is deleted is counted out once, whoever else deletes and stores meanwhile, and wherever one is stopped.
func TestExpireAgedMeanwhile(t *testing.T) {
	eachShelf(t, func(t *testing.T, w *shelf) {
		const old, young = 700, 150
		at := func(i int) *store.Write {
			ms := w.now.Add(-200 * 24 * time.Hour).UnixMilli()
			if i >= old {
				ms = w.now.UnixMilli()
			}
			e := eventWrite(w.org.ID, w.web.ID, fmt.Sprint("m", i), i, fmt.Sprint("h", i%7), ms)
			e.Events[0].Tags = []store.Tag{{Key: "n", Value: fmt.Sprint(i % 50)}, {Key: "same", Value: "x"}}
			return e
		}
		for i := 0; i < old; i += 100 {
			var ws []*store.Write
			for n := range 100 {
				ws = append(ws, at(i+n))
			}
			w.ingest(ws...)
		}
		stopped, stop := context.WithCancel(t.Context())
		var work sync.WaitGroup
		work.Go(func() {
			for i := range young {
				w.ingest(at(old + i))
				if i == young/3 {
					stop()
				}
			}
		})
		var gone [2]int64
		for n, ctx := range []context.Context{stopped, t.Context()} {
			work.Go(func() {
				got, err := w.s.ExpireAged(ctx, w.blobs, settings.DefaultRetention())
				if err != nil && ctx.Err() == nil {
					t.Error(err)
				}
				gone[n] = got.Events
			})
		}
		work.Wait()
		rest := w.expire(settings.DefaultRetention())
		// One that is stopped may have deleted what it did not live to count.
		if sum := gone[0] + gone[1] + rest.Events; sum > old || sum < old-100 {
			t.Errorf("%d + %d + %d deleted of %d", gone[0], gone[1], rest.Events, old)
		}
		if left := len(all[store.Event](t, w.s)); left != young {
			t.Errorf("%d events left of %d that are young", left, young)
		}
		sameCounts(t, w.s, "after all")
	})
}

// What finds old rows reads no table whole.
func TestExpireAgedByIndex(t *testing.T) {
	eachShelf(t, func(t *testing.T, w *shelf) {
		w.ingest(w.everything("old", w.now.Add(-400*24*time.Hour)))
		asked := new(statements)
		w.s.SetWriter(w.s.Writer().WithQueryHook(asked))
		w.s.SetReader(w.s.Reader().WithQueryHook(asked))
		w.expire(settings.DefaultRetention())
		if len(asked.list) < 30 {
			t.Fatalf("%d statements: too few to show anything", len(asked.list))
		}
		for _, q := range asked.list {
			if strings.Contains(q, `FROM "projects"`) {
				continue // they are few
			}
			for _, step := range wholeReads(t, w.s.Reader(), q) {
				t.Errorf("%s\nin %s", step, q)
			}
		}
	})
}

// statements keeps what reads or changes rows.
type statements struct{ list []string }

func (*statements) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }

func (q *statements) AfterQuery(_ context.Context, e *bun.QueryEvent) {
	for _, verb := range []string{"SELECT", "WITH", "UPDATE", "DELETE"} {
		if strings.HasPrefix(e.Query, verb) {
			q.list = append(q.list, e.Query)
		}
	}
}
