package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"
)

// ReplayClick is a click or a tap in a recording. What the SDK finds out about a click later (that it was
// dead) comes with the click's own time and node, and is added to its row.
type ReplayClick struct {
	bun.BaseModel `bun:"table:replay_clicks,alias:rcl"`

	OrgID     int64  `bun:"org_id,pk"`
	ReplayID  string `bun:"replay_id,pk"`
	TimeMS    int64  `bun:"ts_ms,pk"`
	NodeID    int64  `bun:"node_id,pk"`
	Kind      string `bun:"kind,pk"` // click | tap
	ProjectID int64  `bun:"project_id"`
	Tag       string `bun:"tag"`
	ElementID string `bun:"element_id"` // of a tap: the view's id
	Classes   string `bun:"classes"`    // with a space before and after each
	Text      string `bun:"text"`
	Role      string `bun:"role"`
	Alt       string `bun:"alt"`
	TestID    string `bun:"testid"`
	Label     string `bun:"label"`
	Title     string `bun:"title"`
	Component string `bun:"component"` // of a tap: the view's class
	Selector  string `bun:"selector"`  // of a tap: its message
	Element   string `bun:"element"`   // tag, id, classes and attributes, as lists show it
	Dead      bool   `bun:"dead"`
	Rage      bool   `bun:"rage"`
}

// Kinds of [ReplayClick].
const (
	ClickRow = "click"
	TapRow   = "tap"
)

func (b *batch) clicks(ctx context.Context, rows []ReplayClick) error {
	slices.SortStableFunc(rows, func(x, y ReplayClick) int {
		return cmp.Or(cmp.Compare(x.OrgID, y.OrgID), cmp.Compare(x.ReplayID, y.ReplayID), cmp.Compare(x.TimeMS, y.TimeMS),
			cmp.Compare(x.NodeID, y.NodeID), cmp.Compare(x.Kind, y.Kind))
	})
	merged := rows[:0]
	for _, r := range rows {
		if n := len(merged); n > 0 {
			if p := &merged[n-1]; p.OrgID == r.OrgID && p.ReplayID == r.ReplayID && p.TimeMS == r.TimeMS && p.NodeID == r.NodeID && p.Kind == r.Kind {
				p.Dead, p.Rage = p.Dead || r.Dead, p.Rage || r.Rage
				continue
			}
		}
		merged = append(merged, r)
	}
	for part := range slices.Chunk(merged, chunk) {
		_, err := b.tx.NewInsert().Model(&part).On("CONFLICT (org_id, replay_id, ts_ms, node_id, kind) DO UPDATE").
			Set("dead = (rcl.dead OR EXCLUDED.dead)").Set("rage = (rcl.rage OR EXCLUDED.rage)").Returning("NULL").Exec(ctx)
		if err != nil {
			return fmt.Errorf("clicks: %w", err)
		}
	}
	return nil
}

func (b *batch) screens(ctx context.Context, rows []ReplayScreen) error {
	for part := range slices.Chunk(rows, chunk) {
		_, err := b.tx.NewInsert().Model(&part).On("CONFLICT (org_id, replay_id, segment_id, body_hash) DO NOTHING").Returning("NULL").Exec(ctx)
		if err != nil {
			return fmt.Errorf("screens: %w", err)
		}
	}
	return nil
}
