package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/uptrace/bun"

	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// seedProject makes an organisation with a project and gives their ids.
func seedProject(t testing.TB, s *store.Store, name string) (org, project int64) {
	t.Helper()
	o := &store.Organization{Slug: name, Name: name, CreatedMS: 1}
	p := &store.Project{Slug: name, Name: name, Settings: "{}", CreatedMS: 1}
	err := s.Tx(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(o).Returning("id").Exec(ctx); err != nil {
			return err
		}
		p.OrgID = o.ID
		_, err := tx.NewInsert().Model(p).Returning("id").Exec(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return o.ID, p.ID
}

// all reads a whole table.
func all[T any](t *testing.T, s *store.Store, order ...string) []T {
	t.Helper()
	var rows []T
	err := s.Tx(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		return tx.NewSelect().Model(&rows).Order(order...).Scan(ctx)
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func hex32(n int) string { return fmt.Sprintf("%032x", n) }

// eventWrite is a message with one event.
func eventWrite(org, project int64, message string, event int, hash string, ms int64) *store.Write {
	e := store.Event{ProjectID: project, EventID: hex32(event), OrgID: org, Level: "error", Platform: "go", Title: "t" + hash,
		TimestampMS: ms, ReceivedMS: ms, UserKey: fmt.Sprintf("id:%d", event%3), Side: store.SideBackend, Payload: []byte("x")}
	return &store.Write{MessageID: message, ReceivedMS: ms, OrgID: org, Events: []store.EventWrite{{Event: e, Hashes: []string{hash}, Algorithm: "v1",
		Issue:    store.Issue{Type: "error", Title: "t" + hash, Culprit: "c"},
		Outcomes: []store.Outcome{{MinuteMS: ms, OrgID: org, ProjectID: project, Category: "error", Outcome: store.OutcomeAccepted, Quantity: 1}}}}}
}

func ingest(t *testing.T, s *store.Store, ws ...*store.Write) *store.Ingested {
	t.Helper()
	got, err := s.Ingest(t.Context(), ws)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func outcomeSums(t *testing.T, s *store.Store) map[string]int64 {
	t.Helper()
	sums := map[string]int64{}
	for _, o := range all[store.Outcome](t, s) {
		sums[strings.TrimSuffix(o.Category+"/"+o.Outcome+"/"+o.Reason, "/")] += o.Quantity
	}
	return sums
}

func TestIngestCountsOnce(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		org, project := seedProject(t, s, "shop")
		ingest(t, s, eventWrite(org, project, "m1", 1, "h", 1_000), eventWrite(org, project, "m2", 2, "h", 2_000))
		for range 2 { // redelivered
			got := ingest(t, s, eventWrite(org, project, "m1", 1, "h", 1_000), eventWrite(org, project, "m3", 3, "h", 500))
			if !got.Known["m1"] {
				t.Errorf("known = %v, want m1", got.Known)
			}
		}
		ingest(t, s, eventWrite(org, project, "m4", 2, "h", 2_000), eventWrite(org, project, "m5", 5, "other", 9_000)) // the client sent event 2 again

		issues := all[store.Issue](t, s, "number")
		if len(issues) != 2 {
			t.Fatalf("%d issues, want 2", len(issues))
		}
		is := issues[0]
		if is.TimesSeen != 3 || is.UsersSeen != 3 || is.FirstSeenMS != 500 || is.LastSeenMS != 2_000 || is.Number != 1 || issues[1].Number != 2 {
			t.Errorf("issue = %+v", is)
		}
		hours := all[store.IssueHour](t, s, "issue_id")
		if len(hours) != 2 || hours[0].Events != 3 {
			t.Errorf("hours = %+v", hours)
		}
		want := map[string]int64{"error/accepted": 4, "error/invalid/duplicate": 1}
		if diff := cmp.Diff(want, outcomeSums(t, s)); diff != "" {
			t.Error(diff)
		}
		if p := all[store.Project](t, s); *p[0].FirstEventMS != 1_000 || p[0].IssueNumber != 2 {
			t.Errorf("project = %+v", p[0])
		}
	})
}

// Two linkers meet the same new error at the same moment, in both orders, again and again.
func TestIngestRace(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		org, project := seedProject(t, s, "shop")
		const rounds, writers = 8, 4
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for r := range rounds {
					var ws []*store.Write
					for e := range 5 {
						n := r*5 + e
						if w%2 == 1 {
							n = r*5 + 4 - e
						}
						// Every event is sent by every writer, in a message of its own.
						ws = append(ws, eventWrite(org, project, fmt.Sprintf("%d-%d", w, n), n+1, fmt.Sprint("h", n%7), int64(1_000+n)))
					}
					if _, err := s.Ingest(t.Context(), ws); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		const events = rounds * 5
		if n := len(all[store.Event](t, s)); n != events {
			t.Errorf("%d events, want %d", n, events)
		}
		issues := all[store.Issue](t, s, "number")
		seen := int64(0)
		for i, is := range issues {
			seen += is.TimesSeen
			if is.Number != int64(i+1) {
				t.Errorf("issue %d has number %d", i+1, is.Number)
			}
		}
		if len(issues) != 7 || seen != events {
			t.Errorf("%d issues saw %d events, want 7 and %d", len(issues), seen, events)
		}
		want := map[string]int64{"error/accepted": events, "error/invalid/duplicate": events * (writers - 1)}
		if diff := cmp.Diff(want, outcomeSums(t, s)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestResolvedIssueRegresses(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		org, project := seedProject(t, s, "shop")
		ingest(t, s, eventWrite(org, project, "m1", 1, "h", 1_000))
		err := s.Tx(t.Context(), func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewUpdate().Model((*store.Issue)(nil)).Set("status = ?", store.IssueResolved).Set("status_changed_ms = 5000").Where("1 = 1").Exec(ctx)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		ingest(t, s, eventWrite(org, project, "m2", 2, "h", 4_000)) // received before it was resolved
		if is := all[store.Issue](t, s)[0]; is.Status != store.IssueResolved || is.TimesSeen != 2 {
			t.Errorf("issue = %+v, want resolved", is)
		}
		ingest(t, s, eventWrite(org, project, "m3", 3, "h", 6_000))
		if is := all[store.Issue](t, s)[0]; is.Status != store.IssueUnresolved || is.Substatus != store.SubstatusRegressed {
			t.Errorf("issue = %+v, want regressed", is)
		}
	})
}

func segmentWrite(org, project int64, message, replay string, segment int64, first, last int64, fields map[string]string, urls ...string) *store.Write {
	seg := store.ReplaySegment{OrgID: org, ReplayID: replay, SegmentID: segment, BodyHash: fmt.Sprint("b", segment), ProjectID: project,
		FirstMS: &first, LastMS: &last, Bytes: 1, Playable: true, Blob: "k" + message, ReceivedMS: last}
	return &store.Write{MessageID: message, ReceivedMS: last, OrgID: org, Segments: []store.SegmentWrite{{Segment: seg,
		Meta:     store.ReplayMeta{Fields: fields, URLs: urls, Releases: []string{fmt.Sprint("r", segment%2)}, Tags: map[string][]string{"k": {fmt.Sprint(segment)}}},
		Outcomes: []store.Outcome{{MinuteMS: last, OrgID: org, ProjectID: project, Category: "replay", Outcome: store.OutcomeAccepted, Quantity: 1}}}}}
}

// Whatever the order of its segments, a replay is the same.
func TestReplayMergesInAnyOrder(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		org, project := seedProject(t, s, "shop")
		segment := func(replay string, n int64) *store.Write {
			fields := map[string]string{"platform": "javascript", "environment": fmt.Sprint("e", n)}
			if n > 0 {
				fields["user_key"] = fmt.Sprint("id:", n)
			}
			return segmentWrite(org, project, fmt.Sprint(replay, n), replay, n, 10_000*n+1_000, 10_000*n+9_000, fields, fmt.Sprint("/page", n), "/twice")
		}
		for i, order := range [][]int64{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1}} {
			for _, n := range order {
				ingest(t, s, segment(hex32(i+1), n))
				ingest(t, s, segment(hex32(i+1), n))
			}
		}
		rows := all[store.Replay](t, s, "replay_id")
		if len(rows) != 4 {
			t.Fatalf("%d replays, want 4", len(rows))
		}
		first := rows[0]
		if *first.StartedMS != 1_000 || *first.FinishedMS != 29_000 || first.UserKey != "id:1" || first.Environment != "e0" ||
			first.URLs != `["/page0","/twice","/page1","/twice","/page2","/twice"]` || first.CountURLs != 6 || first.State != store.ReplayLive ||
			first.Releases != `["r0","r1"]` || first.Tags != `{"k":["0","1","2"]}` {
			t.Errorf("replay = %+v", first)
		}
		for _, r := range rows[1:] {
			r.ReplayID, r.FirstSeenMS = first.ReplayID, first.FirstSeenMS
			if diff := cmp.Diff(first, r); diff != "" {
				t.Error(diff)
			}
		}
		if diff := cmp.Diff(map[string]int64{"replay/accepted": 12}, outcomeSums(t, s)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestDeletedReplayRefusesSegments(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		org, project := seedProject(t, s, "shop")
		ingest(t, s, segmentWrite(org, project, "m1", hex32(7), 0, 1, 2, nil))
		err := s.Tx(t.Context(), func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewUpdate().Model((*store.Replay)(nil)).Set("state = ?", store.ReplayDeleted).Where("1 = 1").Exec(ctx)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		late := segmentWrite(org, project, "m2", hex32(7), 1, 3, 4, nil)
		late.Segments[0].Traces = []store.ReplayTrace{{OrgID: org, TraceID: hex32(9), ReplayID: hex32(7), Sources: 64}}
		got := ingest(t, s, late)
		if len(got.Orphans) != 1 || got.Orphans[0] != "km2" {
			t.Errorf("orphans = %v, want the late segment's blob", got.Orphans)
		}
		if n := len(all[store.ReplaySegment](t, s)); n != 1 {
			t.Errorf("%d segments, want 1", n)
		}
		if n := len(all[store.ReplayTrace](t, s)); n != 0 {
			t.Errorf("%d pairs, want none", n)
		}
		if r := all[store.Replay](t, s)[0]; r.State != store.ReplayDeleted {
			t.Errorf("state = %s", r.State)
		}
		want := map[string]int64{"replay/accepted": 1, "replay/filtered/" + store.ReasonReplayDeleted: 1}
		if diff := cmp.Diff(want, outcomeSums(t, s)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSessions(t *testing.T) {
	update := func(message, sid string, org, project, seq int64, status string, errors int64) *store.Write {
		return &store.Write{MessageID: message, ReceivedMS: seq, OrgID: org, Sessions: []store.SessionWrite{{Session: store.ReleaseSession{
			ProjectID: project, SID: sid, OrgID: org, Seq: seq, Status: status, Errors: errors, Release: "r", StartedMS: 100 - seq, UpdatedMS: 100 + seq},
			Outcomes: []store.Outcome{{MinuteMS: 0, OrgID: org, ProjectID: project, Category: "session", Outcome: store.OutcomeAccepted, Quantity: 1}}}}}
	}
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		org, project := seedProject(t, s, "shop")
		for n, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}} {
			sid := fmt.Sprint("s", n)
			ws := []*store.Write{update(sid+"a", sid, org, project, 0, "ok", 0), update(sid+"b", sid, org, project, 1, "crashed", 1),
				update(sid+"c", sid, org, project, 2, "ok", 0)}
			for _, i := range order {
				ingest(t, s, ws[i])
			}
			ingest(t, s, update(sid+"d", sid, org, project, 2, "crashed", 1)) // the same seq again
			rows := all[store.ReleaseSession](t, s, "sid")
			if r := rows[n]; len(rows) != n+1 || r.Status != "crashed" || r.Errors != 1 || r.Seq != 2 || r.StartedMS != 98 || r.UpdatedMS != 102 {
				t.Errorf("in the order %v: sessions = %+v, want one, crashed", order, rows)
			}
		}
		// Two updates of one millisecond that say the same are two updates, as no SDK has an id for them.
		ingest(t, s, update("again", "s0", org, project, 2, "crashed", 1))
		if diff := cmp.Diff(map[string]int64{"session/accepted": 13}, outcomeSums(t, s)); diff != "" {
			t.Error(diff)
		}
		for range 2 {
			ingest(t, s, &store.Write{MessageID: "e", OrgID: org, SessionCounts: []store.ReleaseSessionCount{
				{ProjectID: project, OrgID: org, Release: "r", StartedMS: 60_000, Exited: 3, Errored: 2, Crashed: 1},
				{ProjectID: project, OrgID: org, Release: "r", StartedMS: 60_000, Exited: 1}}})
		}
		ingest(t, s, &store.Write{MessageID: "f", OrgID: org, SessionCounts: []store.ReleaseSessionCount{{ProjectID: project, OrgID: org, Release: "r", StartedMS: 60_000, Crashed: 1}}})
		if c := all[store.ReleaseSessionCount](t, s); len(c) != 1 || c[0].Exited != 4 || c[0].Errored != 2 || c[0].Crashed != 2 {
			t.Errorf("counts = %+v", c)
		}
	})
}
