package store_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/uptrace/bun"

	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// What the database keeps with each replay is what its links say, whatever was done with them.
func TestReplayCountsAreOfLinks(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		o, err := s.CreateOrganization(ctx, "acme", "Acme")
		if err != nil {
			t.Fatal(err)
		}
		rnd := rand.New(rand.NewPCG(5, 6))
		replay := func() string { return fmt.Sprintf("%032x", rnd.IntN(6)) }
		for i := range 6 {
			r := &store.Replay{OrgID: o.ID, ReplayID: fmt.Sprintf("%032x", i), State: store.ReplayLive, Releases: "[]", UserJSON: "{}", Tags: "{}", URLs: "[]", Origins: "{}"}
			if _, err := s.Writer().NewInsert().Model(r).Exec(ctx); err != nil {
				t.Fatal(err)
			}
		}
		text := func(of ...string) *string {
			if v := pick(rnd, of...); v != "" {
				return &v
			}
			return nil
		}
		link := func() store.ReplayLink {
			l := store.ReplayLink{OrgID: o.ID, ItemKind: pick(rnd, "event", "event", "event", "transaction"), ItemID: fmt.Sprint(rnd.IntN(60)), ReplayID: replay(), CreatedMS: 1,
				Level: text("", "error", "error", "fatal", "warning", "info", "log", "debug", "sample", "odd"), Side: text("", "backend", "frontend", "other")}
			l.Signals, l.Flags = int64(1)<<rnd.IntN(14), int64(rnd.IntN(8))
			return l
		}
		for step := range 120 {
			var err error
			switch rnd.IntN(4) {
			case 0: // a batch, of which some are there
				rows := map[string]store.ReplayLink{}
				for range 1 + rnd.IntN(20) {
					l := link()
					rows[l.ItemKind+l.ItemID+l.ReplayID] = l
				}
				var batch []store.ReplayLink
				for _, l := range rows {
					batch = append(batch, l)
				}
				_, err = s.Writer().NewInsert().Model(&batch).On("CONFLICT (org_id, item_kind, item_id, replay_id) DO UPDATE").
					Set("signals = rl.signals | EXCLUDED.signals").Set("flags = EXCLUDED.flags").Set("level = COALESCE(rl.level, EXCLUDED.level)").Exec(ctx)
			case 1:
				l := link()
				_, err = s.Writer().NewUpdate().Model((*store.ReplayLink)(nil)).Set("level = ?", l.Level).Set("side = ?", l.Side).Set("signals = ?", l.Signals).Set("flags = ?", l.Flags).
					Where("replay_id = ? AND item_id LIKE ?", replay(), fmt.Sprint("%", rnd.IntN(10))).Exec(ctx)
			case 2:
				_, err = s.Writer().NewDelete().Model((*store.ReplayLink)(nil)).Where("replay_id = ? AND item_id LIKE ?", replay(), fmt.Sprint("%", rnd.IntN(10))).Exec(ctx)
			case 3:
				sum := &store.ReplaySummary{OrgID: o.ID, ReplayID: replay(), Worth: int64(rnd.IntN(3))}
				if rnd.IntN(3) == 0 {
					_, err = s.Writer().NewDelete().Model(sum).WherePK().Exec(ctx)
				} else {
					_, err = s.Writer().NewInsert().Model(sum).On("CONFLICT (org_id, replay_id) DO UPDATE").Set("worth = EXCLUDED.worth").Exec(ctx)
				}
			}
			if err != nil {
				t.Fatalf("step %d: %v", step, err)
			}
			for i := range 6 {
				id := fmt.Sprintf("%032x", i)
				got, err := s.Replay(ctx, o.Scope(), id)
				if err != nil {
					t.Fatal(err)
				}
				have := [6]int64{got.Errors, got.BackendErrors, got.FrontendErrors, got.Warnings, got.Infos, got.Worth}
				if want := countsOf(t, s.Writer(), id); have != want {
					t.Fatalf("step %d: replay %d counts errors, of the backend, of the frontend, warnings, infos, worth %v; its links say %v", step, i, have, want)
				}
			}
		}
	})
}

// countsOf counts a replay's links by reading each.
func countsOf(t *testing.T, db *bun.DB, id string) (n [6]int64) {
	t.Helper()
	var links []store.ReplayLink
	if err := db.NewSelect().Model(&links).Where("replay_id = ?", id).Scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, l := range links {
		counts := l.Signals&store.CountedSignals != 0 || l.Signals&store.CountedByTrace != 0 && l.Flags&store.AmbiguousFlag == 0
		if l.ItemKind != store.ItemEvent || !counts || l.Level == nil {
			continue
		}
		switch *l.Level {
		case "error", "fatal":
			n[0]++
			switch {
			case l.Side == nil || *l.Side == "frontend":
				n[2]++
			case *l.Side == "backend":
				n[1]++
			}
		case "warning":
			n[3]++
		case "info", "debug", "sample", "log":
			n[4]++
		}
	}
	var worth []int64
	if err := db.NewSelect().Model((*store.ReplaySummary)(nil)).Column("worth").Where("replay_id = ?", id).Scan(t.Context(), &worth); err != nil {
		t.Fatal(err)
	}
	if len(worth) > 0 {
		n[5] = worth[0]
	}
	return n
}
