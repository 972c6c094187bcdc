package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// maxTagged is how many recordings of a project, the newest, its tags are read from.
const maxTagged = 5_000

// ReplayTag is a tag of replays, or one value of a tag.
type ReplayTag struct {
	Key     string `bun:"key"`
	Value   string `bun:"value"`
	Values  int64  `bun:"n_values"` // how many different ones a tag has
	Count   int64  `bun:"n"`        // of replays
	FirstMS int64  `bun:"first_ms"`
	LastMS  int64  `bun:"last_ms"`
}

// ReplayTagQuery asks for tags of a project's replays in a window; zero is open.
type ReplayTagQuery struct {
	ProjectID    int64
	FromMS, ToMS int64
	Key          string // the values of this tag; empty: the tags
	Contains     string // what a value has in it, whatever the case
	Limit        int
}

// ReplayTags gives tags or values of the newest recordings, the most frequent first.
func (s *Store) ReplayTags(ctx context.Context, scope Scope, in ReplayTagQuery) ([]ReplayTag, error) {
	newest := s.read.NewSelect().TableExpr("replays AS r").ColumnExpr("r.replay_id, r.tags, r.started_ms").
		Where("r.org_id = ? AND r.project_id = ? AND r.state = ? AND r.started_ms IS NOT NULL", scope.OrgID, in.ProjectID, ReplayLive).
		OrderExpr("r.started_ms DESC, r.replay_id DESC").Limit(maxTagged)
	if in.FromMS != 0 {
		newest = newest.Where("r.started_ms >= ?", in.FromMS)
	}
	if in.ToMS != 0 {
		newest = newest.Where("r.started_ms <= ?", in.ToMS)
	}
	members, value := "json_each(c.tags) AS tk, json_each(tk.value) AS tv", "CAST(tv.value AS TEXT)"
	if s.postgres() {
		members, value = "jsonb_each(c.tags::jsonb) AS tk(key, value), jsonb_array_elements_text(tk.value) AS tv(value)", "tv.value"
	}
	q := s.read.NewSelect().With("c", newest).TableExpr("c, " + members).ColumnExpr("tk.key AS key").
		ColumnExpr("COUNT(DISTINCT c.replay_id) AS n, MIN(c.started_ms) AS first_ms, MAX(c.started_ms) AS last_ms").Limit(int64(in.Limit))
	if in.Key == "" {
		q = q.ColumnExpr("COUNT(DISTINCT ?) AS n_values", bun.Safe(value)).GroupExpr("tk.key").OrderExpr("n DESC, tk.key")
	} else {
		q = q.ColumnExpr("? AS value", bun.Safe(value)).Where("tk.key = ?", in.Key).GroupExpr("tk.key, ?", bun.Safe(value)).OrderExpr("n DESC, ?", bun.Safe(value))
	}
	if in.Contains != "" {
		q = q.Where("LOWER(?) LIKE ? ESCAPE '!'", bun.Safe(value), likePattern([]string{"", in.Contains, ""}))
	}
	rows := []ReplayTag{}
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, border(fmt.Errorf("tags of replays: %w", err))
	}
	return rows, nil
}
