package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// BenchmarkReplayLinks asks, among so many replays with 200 errors each, for the replays of an issue and for the
// errors of a replay, as the pages do. p99-ms is what to compare: it stays when the data grows ten times.
func BenchmarkReplayLinks(b *testing.B) {
	const perReplay, issues = 200, 500
	for engine, open := range map[string]func(testing.TB) *store.Store{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		for _, replays := range []int{100, 1000} {
			s := open(b)
			scope := fillLinks(b, s, replays, perReplay, issues)
			ask := map[string]func(ctx context.Context, i int) error{
				"issue-replays": func(ctx context.Context, i int) error {
					issue := int64(1 + i%issues)
					if _, err := s.ReplayLinks(ctx, scope, store.LinkQuery{Issues: []int64{issue}, Page: store.Page{Limit: 25}}); err != nil {
						return err
					}
					_, err := s.IssueReplayCounts(ctx, scope, []int64{issue})
					return err
				},
				"replay-errors": func(ctx context.Context, i int) error {
					id := fmt.Sprintf("%032x", 1+i%replays)
					if _, err := s.Replay(ctx, scope, id); err != nil {
						return err
					}
					_, err := s.EventsOfReplay(ctx, scope, id, store.Page{Limit: 100})
					return err
				},
			}
			for name, fn := range ask {
				b.Run(fmt.Sprintf("%s/%s/%d", engine, name, replays), func(b *testing.B) {
					var took []time.Duration
					for i := 0; b.Loop(); i++ {
						start := time.Now()
						if err := fn(b.Context(), i*7919); err != nil {
							b.Fatal(err)
						}
						took = append(took, time.Since(start))
					}
					slices.Sort(took)
					b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
				})
			}
		}
	}
}

// fillLinks stores replays with events, each of them one of the issues.
func fillLinks(b *testing.B, s *store.Store, replays, perReplay, issues int) store.Scope {
	b.Helper()
	ctx := b.Context()
	o, err := s.CreateOrganization(ctx, "acme", "Acme")
	if err != nil {
		b.Fatal(err)
	}
	p, _, err := s.CreateProject(ctx, o.Scope(), store.NewProject{Name: "api"})
	if err != nil {
		b.Fatal(err)
	}
	put := func(rows any) {
		err := s.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewInsert().Model(rows).Returning("NULL").Exec(ctx)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	var is []store.Issue
	for i := range issues {
		is = append(is, store.Issue{ID: int64(i + 1), OrgID: o.ID, ProjectID: p.ID, Number: int64(i + 1), Status: "unresolved", Level: "error", Type: "error", Title: "E", Metadata: "{}", FirstSeenMS: 1, LastSeenMS: 1})
	}
	put(&is)
	level, side, name := "error", "backend", "E"
	for r := range replays {
		id, start := fmt.Sprintf("%032x", r+1), int64(1_700_000_000_000+r*60_000)
		end := start + 60_000
		put(&[]store.Replay{{OrgID: o.ID, ReplayID: id, ProjectID: &p.ID, State: store.ReplayLive, Releases: "[]", Tags: "{}", URLs: "[]", Origins: "{}", UserJSON: "{}", StartedMS: &start, FinishedMS: &end}})
		put(&[]store.ReplaySegment{{OrgID: o.ID, ReplayID: id, BodyHash: "h", ProjectID: p.ID, Playable: true, Blob: "b"}})
		var es []store.Event
		var ls []store.ReplayLink
		for e := range perReplay {
			n := r*perReplay + e
			event, issue, ms := fmt.Sprintf("%032x", n+1), int64(1+n*31%issues), start+int64(e)*300
			es = append(es, store.Event{ProjectID: p.ID, EventID: event, OrgID: o.ID, IssueID: issue, Level: level, Title: "E", TimestampMS: ms, ReceivedMS: ms, Side: side, Payload: []byte{1}})
			ls = append(ls, store.ReplayLink{OrgID: o.ID, ItemKind: store.ItemEvent, ItemID: event, ReplayID: id, ProjectID: &p.ID, IssueID: &issue, Level: &level, Side: &side, Name: &name,
				TimeMS: &ms, Signals: 1, Primary: true})
		}
		put(&es)
		put(&ls)
	}
	if s.Writer().Dialect().Name().String() == "pg" {
		if _, err := s.Writer().ExecContext(ctx, "ANALYZE"); err != nil {
			b.Fatal(err)
		}
	}
	return o.Scope()
}
