package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/uptrace/bun"
)

// ReplayChapter is one chapter of a replay: the columns that are searched, and Body, which is zstd JSON of all of it.
type ReplayChapter struct {
	bun.BaseModel `bun:"table:replay_chapters,alias:rc"`

	OrgID          int64  `bun:"org_id,pk"`
	ReplayID       string `bun:"replay_id,pk"`
	ChapterID      string `bun:"chapter_id,pk"`
	StartMS        int64  `bun:"start_ms"`
	EndMS          int64  `bun:"end_ms"`
	Kind           string `bun:"kind"`
	Label          string `bun:"label"`
	TriggerRoute   string `bun:"trigger_route"`
	URL            string `bun:"url"`
	Status         string `bun:"status"`
	Requests       int64  `bun:"requests"`
	Failed         int64  `bun:"failed"`
	SlowestMS      int64  `bun:"slowest_ms"`
	BackendErrors  int64  `bun:"backend_errors"`
	FrontendErrors int64  `bun:"frontend_errors"`
	Body           []byte `bun:"body"`
}

// ReplaySummary is what lists rank replays by. It is derived with the chapters.
type ReplaySummary struct {
	bun.BaseModel `bun:"table:replay_summaries,alias:rsu"`

	OrgID     int64  `bun:"org_id,pk"`
	ReplayID  string `bun:"replay_id,pk"`
	Worth     int64  `bun:"worth"` // of the errors it has; 0: none
	Chapters  int64  `bun:"chapters"`
	DerivedMS int64  `bun:"derived_ms"`
}

// StaleReplay says that a replay's chapters must be derived again. Each marking has a token of its own, so
// that who derived them can tell whether something changed meanwhile.
type StaleReplay struct {
	bun.BaseModel `bun:"table:replay_stale,alias:rst"`

	OrgID    int64  `bun:"org_id,pk"`
	ReplayID string `bun:"replay_id,pk"`
	Token    int64  `bun:"token"`
	SinceMS  int64  `bun:"since_ms"`
}

// markStale marks replays in the transaction that changes what their chapters come from.
func (s *Store) markStale(ctx context.Context, tx bun.Tx, keys []ReplayKey) error {
	keys = slices.Compact(sortedReplays(slices.Values(keys)))
	rows := make([]StaleReplay, len(keys))
	for i, k := range keys {
		rows[i] = StaleReplay{OrgID: k.OrgID, ReplayID: k.ReplayID, Token: rand.Int64(), SinceMS: s.nowMS()}
	}
	for part := range slices.Chunk(rows, chunk) {
		_, err := tx.NewInsert().Model(&part).On("CONFLICT (org_id, replay_id) DO UPDATE").Set("token = EXCLUDED.token").Returning("NULL").Exec(ctx)
		if err != nil {
			return fmt.Errorf("mark replays: %w", err)
		}
	}
	return nil
}

// stale marks every replay that a batch changes: those with new segments, those its items name, and those
// that have a trace of its spans.
func (b *batch) stale(ctx context.Context) error {
	keys := slices.Clone(b.out.Replays)
	for k := range b.facts.links {
		keys = append(keys, ReplayKey{k.org, k.replay})
	}
	traces := map[int64][]string{}
	for _, w := range b.fresh {
		for i := range w.Spans {
			traces[w.Spans[i].Span.OrgID] = append(traces[w.Spans[i].Span.OrgID], w.Spans[i].Span.TraceID)
		}
	}
	for org, ids := range traces {
		slices.Sort(ids)
		for part := range slices.Chunk(slices.Compact(ids), 5*chunk) {
			var found []ReplayKey
			err := b.tx.NewSelect().TableExpr("replay_traces AS t").ColumnExpr("DISTINCT t.org_id, t.replay_id").
				Where("t.org_id = ? AND t.trace_id IN (?)", org, bun.List(part)).Limit(MaxPairsPerTrace).Scan(ctx, &found)
			if err != nil {
				return err
			}
			keys = append(keys, found...)
		}
	}
	return b.s.markStale(ctx, b.tx, keys)
}

// StaleReplays gives up to limit replays whose chapters must be derived, the one that waits longest first,
// of those marked before a moment.
func (s *Store) StaleReplays(ctx context.Context, beforeMS int64, limit int) ([]StaleReplay, error) {
	var rows []StaleReplay
	err := s.read.NewSelect().Model(&rows).Where("since_ms <= ?", beforeMS).Order("since_ms", "org_id", "replay_id").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("stale replays: %w", err))
	}
	return rows, nil
}

// Bounds on what one replay's chapters are derived from.
const (
	maxChapterItems  = 10_000
	maxChapterSpans  = 50_000
	maxChapterTraces = 200
)

// ChapterFacts is everything a replay's chapters come from.
type ChapterFacts struct {
	Replay   *Replay
	Segments []ReplaySegment // with their frames, compressed; a segment in an archive has none here
	Changes  [][]byte        // as [EncodeChanges] made them
	Hands    [][]byte        // zstd JSON of what was touched and is called how
	Requests []ReplayRequest
	Items    []ChapterItem
	Spans    []ChapterSpan
}

// ChapterItem is a linked item that counts.
type ChapterItem struct {
	Kind      string  `bun:"item_kind"`
	ID        string  `bun:"item_id"`
	ProjectID int64   `bun:"project_id"`
	IssueID   *int64  `bun:"issue_id"`
	TraceID   *string `bun:"trace_id"`
	SpanID    *string `bun:"span_id"`
	Level     *string `bun:"level"`
	Side      *string `bun:"side"`
	Name      *string `bun:"name"`
	TimeMS    int64   `bun:"ts_ms"`
	Flags     int64   `bun:"flags"`

	IssueStatus  *string `bun:"issue_status"`
	IssueFirstMS *int64  `bun:"issue_first_ms"`
	Unhandled    *bool   `bun:"unhandled"`
}

// ChapterSpan is a span of a replay's traces. Payload is there for segments and outgoing requests only.
type ChapterSpan struct {
	TraceID      string  `bun:"trace_id"`
	SpanID       string  `bun:"span_id"`
	ProjectID    int64   `bun:"project_id"`
	ParentSpanID *string `bun:"parent_span_id"`
	EventID      *string `bun:"event_id"`
	IsSegment    bool    `bun:"is_segment"`
	Op           string  `bun:"op"`
	Name         string  `bun:"name"`
	Status       string  `bun:"status"`
	Side         string  `bun:"side"`
	StartUS      int64   `bun:"start_us"`
	EndUS        int64   `bun:"end_us"`
	Payload      []byte  `bun:"payload"`
}

// ChapterFacts reads what a replay's chapters come from. [ErrNotFound]: there is no recording.
func (s *Store) ChapterFacts(ctx context.Context, k ReplayKey) (*ChapterFacts, error) {
	f := &ChapterFacts{Replay: new(Replay)}
	err := s.read.NewSelect().Model(f.Replay).Where("org_id = ? AND replay_id = ? AND state = ?", k.OrgID, k.ReplayID, ReplayLive).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("recording of replay %s: %w", k.ReplayID, ErrNotFound)
	}
	for _, step := range []struct {
		name string
		read func() error
	}{
		{"replay", func() error { return err }},
		{"segments", func() error {
			return s.read.NewSelect().Model(&f.Segments).Where("org_id = ? AND replay_id = ?", k.OrgID, k.ReplayID).Order("segment_id", "body_hash").Scan(ctx)
		}},
		{"changes", func() error {
			return s.read.NewSelect().Model((*ReplayScreen)(nil)).Column("changes").Where("org_id = ? AND replay_id = ?", k.OrgID, k.ReplayID).
				Where("changes IS NOT NULL").Scan(ctx, &f.Changes)
		}},
		{"touched elements", func() error {
			return s.read.NewSelect().Model((*ReplayScreen)(nil)).Column("hand").Where("org_id = ? AND replay_id = ?", k.OrgID, k.ReplayID).
				Where("hand IS NOT NULL").Scan(ctx, &f.Hands)
		}},
		{"requests", func() error {
			return s.read.NewSelect().Model(&f.Requests).Where("org_id = ? AND replay_id = ?", k.OrgID, k.ReplayID).
				Order("start_us", "url_hash").Limit(maxChapterItems).Scan(ctx)
		}},
		{"items", func() error { return s.chapterItems(ctx, k, f) }},
		{"spans", func() error { return s.chapterSpans(ctx, k, f) }},
	} {
		if err := step.read(); err != nil {
			return nil, border(fmt.Errorf("%s of replay %s: %w", step.name, k.ReplayID, err))
		}
	}
	return f, nil
}

func (s *Store) chapterItems(ctx context.Context, k ReplayKey, f *ChapterFacts) error {
	return s.read.NewSelect().TableExpr("replay_links AS fl").
		Join("LEFT JOIN events AS e ON fl.item_kind = 'event' AND e.project_id = fl.project_id AND e.event_id = fl.item_id").
		Join("LEFT JOIN issues AS i ON i.id = fl.issue_id AND i.org_id = fl.org_id").
		ColumnExpr("fl.item_kind, fl.item_id, fl.project_id, fl.issue_id, fl.trace_id, fl.level, fl.side, fl.name, fl.ts_ms, fl.flags").
		ColumnExpr("e.span_id, e.unhandled, i.status AS issue_status, i.first_seen_ms AS issue_first_ms").
		Where("fl.org_id = ? AND fl.replay_id = ? AND fl.ts_ms IS NOT NULL AND fl.project_id IS NOT NULL", k.OrgID, k.ReplayID).
		Where("fl.item_kind IN (?)", bun.List([]string{ItemEvent, ItemLog, ItemFeedback, ItemCheckIn})).Where(countedLink("fl")).
		OrderExpr("fl.ts_ms, fl.item_id").Limit(maxChapterItems).Scan(ctx, &f.Items)
}

// chapterSpans reads the spans of the traces that count as the replay's: a trace that too many replays
// share has no links and so tells nothing here either.
func (s *Store) chapterSpans(ctx context.Context, k ReplayKey, f *ChapterFacts) error {
	var traces []string
	err := s.read.NewSelect().TableExpr("replay_links AS fl").ColumnExpr("fl.trace_id").
		Where("fl.org_id = ? AND fl.replay_id = ? AND fl.trace_id IS NOT NULL", k.OrgID, k.ReplayID).Where(countedLink("fl")).
		GroupExpr("fl.trace_id").OrderExpr("MIN(fl.ts_ms), fl.trace_id").Limit(maxChapterTraces).Scan(ctx, &traces)
	if err != nil || len(traces) == 0 {
		return err
	}
	return s.read.NewSelect().TableExpr("spans AS sp").
		ColumnExpr("sp.trace_id, sp.span_id, sp.project_id, sp.parent_span_id, sp.event_id, sp.is_segment, sp.op, sp.name, sp.status, sp.side, sp.start_us, sp.end_us").
		ColumnExpr("CASE WHEN sp.is_segment OR sp.op = 'http.client' THEN sp.payload END AS payload").
		Where("sp.org_id = ? AND sp.trace_id IN (?)", k.OrgID, bun.List(traces)).Limit(maxChapterSpans).Scan(ctx, &f.Spans)
}

// WriteChapters makes a replay's chapters those given, and deletes the others. It writes nothing, and says so,
// when the replay was marked again since the token was read, or derived by somebody else.
func (s *Store) WriteChapters(ctx context.Context, mark StaleReplay, rows []ReplayChapter, sum *ReplaySummary) (bool, error) {
	written := false
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		// The replay first, as everybody does who marks it; a tombstone gets no chapters.
		live, err := s.lockReplays(ctx, tx, []ReplayKey{{mark.OrgID, mark.ReplayID}})
		if err != nil {
			return err
		}
		res, err := tx.NewDelete().Model((*StaleReplay)(nil)).Where("org_id = ? AND replay_id = ? AND token = ?", mark.OrgID, mark.ReplayID, mark.Token).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		written = true
		if r := live[ReplayKey{mark.OrgID, mark.ReplayID}]; r == nil || r.State != ReplayLive || sum == nil {
			return nil
		}
		return writeChapters(ctx, tx, mark, rows, sum)
	})
	if err != nil {
		return false, fmt.Errorf("write chapters of replay %s: %w", mark.ReplayID, err)
	}
	return written, nil
}

func writeChapters(ctx context.Context, tx bun.Tx, mark StaleReplay, rows []ReplayChapter, sum *ReplaySummary) error {
	gone := tx.NewDelete().Model((*ReplayChapter)(nil)).Where("org_id = ? AND replay_id = ?", mark.OrgID, mark.ReplayID)
	if len(rows) > 0 {
		ids := make([]string, len(rows))
		for i := range rows {
			ids[i] = rows[i].ChapterID
		}
		gone = gone.Where("chapter_id NOT IN (?)", bun.List(ids))
	}
	if _, err := gone.Exec(ctx); err != nil {
		return err
	}
	slices.SortFunc(rows, func(a, b ReplayChapter) int { return cmp.Compare(a.ChapterID, b.ChapterID) })
	for part := range slices.Chunk(rows, chunk) {
		q := tx.NewInsert().Model(&part).On("CONFLICT (org_id, replay_id, chapter_id) DO UPDATE")
		for _, c := range []string{"start_ms", "end_ms", "kind", "label", "trigger_route", "url", "status", "requests", "failed", "slowest_ms",
			"backend_errors", "frontend_errors", "body"} {
			q = q.Set("? = EXCLUDED.?", bun.Ident(c), bun.Ident(c))
		}
		if _, err := q.Returning("NULL").Exec(ctx); err != nil {
			return err
		}
	}
	_, err := tx.NewInsert().Model(sum).On("CONFLICT (org_id, replay_id) DO UPDATE").Set("worth = EXCLUDED.worth").Set("chapters = EXCLUDED.chapters").
		Set("derived_ms = EXCLUDED.derived_ms").Returning("NULL").Exec(ctx)
	return err
}

// Chapters gives a replay's chapters in the order of time.
func (s *Store) Chapters(ctx context.Context, scope Scope, replayID string) ([]ReplayChapter, error) {
	var rows []ReplayChapter
	err := s.read.NewSelect().Model(&rows).Where("org_id = ? AND replay_id = ?", scope.OrgID, replayID).
		OrderExpr("CASE WHEN kind = 'background' THEN 1 ELSE 0 END, start_ms, chapter_id").Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("chapters of replay %s: %w", replayID, err))
	}
	return rows, nil
}
