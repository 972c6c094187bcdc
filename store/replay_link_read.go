package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/uptrace/bun"
)

// Which signals make a link count. These are package linker/link's bits, which may not be imported
// here; a test of package api holds the two together.
const (
	CountedSignals  = 1<<0 | 1<<1 | 1<<2 | 1<<3 | 1<<4 | 1<<5 | 1<<8 | 1<<9 | 1<<12 | 1<<13 // whatever the flags say
	CountedByTrace  = 1<<6 | 1<<7                                                           // unless the link is ambiguous
	AmbiguousFlag   = 1 << 2
	BufferingFlag   = 1 << 3
	maxLinkSelector = 100
)

// countedLink is the condition that a link has a tier of 1 to 4: what every count of every screen asks.
func countedLink(alias string) string {
	return strings.NewReplacer("l.", alias+".", "{any}", strconv.Itoa(CountedSignals), "{trace}", strconv.Itoa(CountedByTrace),
		"{ambiguous}", strconv.Itoa(AmbiguousFlag)).
		Replace("((l.signals & {any}) <> 0 OR ((l.signals & {trace}) <> 0 AND (l.flags & {ambiguous}) = 0))")
}

// ofLivingReplay is the condition that a link's replay is not of a project that is being deleted.
func ofLivingReplay(alias string) string {
	return "NOT EXISTS (SELECT 1 FROM replays AS gr JOIN projects AS gp ON gp.id = gr.project_id WHERE gr.org_id = " + alias + ".org_id AND gr.replay_id = " + alias + ".replay_id AND gp.deleted_ms IS NOT NULL)"
}

// LinkQuery asks for links; what is given is joined by OR.
type LinkQuery struct {
	Events       []string
	Issues       []int64
	Traces       []string
	Transactions []string
	Replays      []string
	Page         Page
}

// LinkedReplay is a link with what is known about its replay.
type LinkedReplay struct {
	ReplayLink      `bun:",extend"`
	ReplayState     string  `bun:"replay_state"`
	ReplayStartedMS *int64  `bun:"replay_started_ms"`
	ReplayNamedMS   *int64  `bun:"replay_named_ms"` // when it was first named
	ReplayPlays     bool    `bun:"replay_plays"`
	IssueNumber     *int64  `bun:"issue_number"`
	ProjectSlug     *string `bun:"project_slug"`
	ReplayBuffering bool    `bun:"replay_buffering"` // an item said that the recorder only buffered; false of recorded ones
	ReplayLoss      *string `bun:"replay_loss"`      // why a segment of it was refused, when one was
}

// ReplayLinks gives a page of links, the newest first. An item that has not arrived yet has no time:
// it is listed by when the link was made.
func (s *Store) ReplayLinks(ctx context.Context, scope Scope, in LinkQuery) (Paged[LinkedReplay], error) {
	arms := s.linkArms(scope, in)
	if len(arms) == 0 {
		return Paged[LinkedReplay]{}, nil
	}
	chosen := arms[0]
	for _, a := range arms[1:] {
		chosen = chosen.Union(a)
	}
	var rows []LinkedReplay
	q := s.read.NewSelect().With("chosen", chosen).TableExpr("chosen").
		Join("LEFT JOIN replays AS r ON r.org_id = chosen.org_id AND r.replay_id = chosen.replay_id").
		Join("LEFT JOIN issues AS i ON i.id = chosen.issue_id AND i.org_id = chosen.org_id").
		Join("LEFT JOIN projects AS p ON p.id = chosen.project_id AND p.org_id = chosen.org_id").
		ColumnExpr("chosen.*").ColumnExpr("CASE WHEN ? THEN COALESCE(r.state, ?) ELSE ? END AS replay_state", bun.Safe(living("r")), ReplayPending, ReplayDeleted).
		ColumnExpr("r.started_ms AS replay_started_ms, r.first_seen_ms AS replay_named_ms, i.number AS issue_number, p.slug AS project_slug").
		ColumnExpr("EXISTS (SELECT 1 FROM replay_segments AS fs WHERE fs.org_id = chosen.org_id AND fs.replay_id = chosen.replay_id AND fs.playable) AS replay_plays").
		ColumnExpr("COALESCE(r.state, '') <> ? AND EXISTS (SELECT 1 FROM replay_links AS rb WHERE rb.org_id = chosen.org_id AND rb.replay_id = chosen.replay_id AND (rb.flags & ?) <> 0) AS replay_buffering", ReplayLive, BufferingFlag).
		ColumnExpr("(SELECT MIN(rx.reason) FROM replay_losses AS rx WHERE rx.org_id = chosen.org_id AND rx.replay_id = chosen.replay_id) AS replay_loss")
	q = keyset(q, in.Page, linkOrder("chosen", "COALESCE(chosen.ts_ms, chosen.created_ms)"))
	if err := q.Scan(ctx, &rows); err != nil {
		return Paged[LinkedReplay]{}, border(fmt.Errorf("replay links: %w", err))
	}
	return paged(rows, in.Page, func(l LinkedReplay) Cursor {
		v := l.CreatedMS
		if l.TimeMS != nil {
			v = *l.TimeMS
		}
		return Cursor{Value: v, Tie: l.ItemID + l.ItemKind + l.ReplayID}
	}), nil
}

// linkArms is one query for each thing that is asked for. Each gives no more than its own part of the page, and
// walks an index in the order of the list where many links can be found: an item has few links, a trace few
// that are links; but an issue, a name or a replay can have any number. UNION drops what two arms both find.
func (s *Store) linkArms(scope Scope, in LinkQuery) (arms []*bun.SelectQuery) {
	arm := func(by, where string, args ...any) {
		q := s.read.NewSelect().TableExpr("replay_links AS x").ColumnExpr("x.*").Where("x.org_id = ?", scope.OrgID).Where(living("x")).Where(where, args...)
		q = keyset(q, in.Page, linkOrder("x", by))
		arms = append(arms, s.read.NewSelect().TableExpr("(?) AS c", q).ColumnExpr("c.*"))
	}
	const either, known, made = "COALESCE(x.ts_ms, x.created_ms)", "x.ts_ms", "x.created_ms"
	if len(in.Events) > 0 {
		arm(either, "x.item_kind = ? AND x.item_id IN (?)", ItemEvent, bun.List(in.Events))
	}
	if len(in.Traces) > 0 {
		arm(either, "x.trace_id IN (?)", bun.List(in.Traces))
	}
	// What has an issue or a name has arrived, so it has a time.
	for _, id := range in.Issues {
		arm(known, "x.issue_id = ? AND x.ts_ms IS NOT NULL", id)
	}
	for _, name := range in.Transactions {
		arm(known, "x.name = ? AND x.item_kind IN (?) AND x.ts_ms IS NOT NULL", name, bun.List(transactionKinds()))
	}
	for _, id := range in.Replays {
		arm(known, "x.replay_id = ? AND x.ts_ms IS NOT NULL", id)
		arm(made, "x.replay_id = ? AND x.ts_ms IS NULL", id)
	}
	return arms
}

func linkOrder(alias, by string) order {
	return order{expr: by, tie: "(" + alias + ".item_id || " + alias + ".item_kind || " + alias + ".replay_id)", tieValue: textTie}
}

// EventReplay is the primary link of an event.
type EventReplay struct {
	EventID  string `bun:"item_id"`
	ReplayID string `bun:"replay_id"`
	Signals  int64  `bun:"signals"`
	Flags    int64  `bun:"flags"`
	Plays    bool   `bun:"plays"`
}

// EventReplays gives the primary links of events, by event id.
func (s *Store) EventReplays(ctx context.Context, scope Scope, eventIDs []string) (map[string]EventReplay, error) {
	out := map[string]EventReplay{}
	if len(eventIDs) == 0 {
		return out, nil
	}
	var rows []EventReplay
	err := s.read.NewSelect().TableExpr("replay_links AS rl").ColumnExpr("rl.item_id, rl.replay_id, rl.signals, rl.flags").
		ColumnExpr("EXISTS (SELECT 1 FROM replay_segments AS fs WHERE fs.org_id = rl.org_id AND fs.replay_id = rl.replay_id AND fs.playable) AS plays").
		Where("rl.org_id = ? AND rl.item_kind = ?", scope.OrgID, ItemEvent).Where("rl.item_id IN (?)", bun.List(eventIDs)).
		Where("rl.is_primary").Where(ofLivingReplay("rl")).Scan(ctx, &rows)
	if err != nil {
		return nil, border(fmt.Errorf("replays of events: %w", err))
	}
	for _, r := range rows {
		out[r.EventID] = r
	}
	return out, nil
}

// IssueReplayCounts counts the distinct recorded replays of issues. This and [Store.ReplayIDsOf] are
// the one source of every count.
func (s *Store) IssueReplayCounts(ctx context.Context, scope Scope, issueIDs []int64) (map[int64]int64, error) {
	out := map[int64]int64{}
	if len(issueIDs) == 0 {
		return out, nil
	}
	var rows []struct {
		ID int64 `bun:"issue_id"`
		N  int64 `bun:"n"`
	}
	// The index replay_links_seen has all that is asked of the links; the state is asked once a replay.
	seen := s.read.NewSelect().TableExpr("replay_links AS rl").ColumnExpr("DISTINCT rl.issue_id, rl.replay_id").
		Where("rl.org_id = ?", scope.OrgID).Where("rl.issue_id IN (?)", bun.List(issueIDs)).Where(countedLink("rl"))
	err := s.read.NewSelect().TableExpr("(?) AS counted", seen).ColumnExpr("counted.issue_id, COUNT(*) AS n").
		Where(recorded("counted"), scope.OrgID, ReplayLive).GroupExpr("counted.issue_id").Scan(ctx, &rows)
	if err != nil {
		return nil, border(fmt.Errorf("replays of issues: %w", err))
	}
	for _, r := range rows {
		out[r.ID] = r.N
	}
	return out, nil
}

// counted are the scope's links that count, of replays that were recorded. The state is asked link by link,
// by the replay's key: as a join, a Postgres that has no statistics yet reads all links once per replay.
func (s *Store) counted(scope Scope) *bun.SelectQuery {
	return s.read.NewSelect().TableExpr("replay_links AS rl").
		Where("rl.org_id = ?", scope.OrgID).Where(countedLink("rl")).
		Where(recorded("rl"), scope.OrgID, ReplayLive).Where(living("rl"))
}

// recorded is the condition that a row's replay has a recording; it takes the organisation and [ReplayLive].
func recorded(alias string) string {
	return "(SELECT r.state FROM replays AS r WHERE r.org_id = ? AND r.replay_id = " + alias + ".replay_id AND " + living("r") + ") = ?"
}

// ReplayTally is how many replays something has, and the newest of them.
type ReplayTally struct {
	Count int64
	IDs   []string
}

// ReplaysOfIssues tallies the recorded replays of issues, by issue id; at most limit ids each, the newest first.
func (s *Store) ReplaysOfIssues(ctx context.Context, scope Scope, ids []int64, limit int) (map[string]ReplayTally, error) {
	out := map[string]ReplayTally{}
	for _, id := range ids {
		t, err := s.tally(ctx, scope, limit, "rl.issue_id = ?", id)
		if err != nil {
			return nil, err
		}
		out[strconv.FormatInt(id, 10)] = t
	}
	return out, nil
}

// ReplaysOfTransactions tallies the recorded replays of transactions, by name.
func (s *Store) ReplaysOfTransactions(ctx context.Context, scope Scope, names []string, limit int) (map[string]ReplayTally, error) {
	out := map[string]ReplayTally{}
	for _, name := range names {
		t, err := s.tally(ctx, scope, limit, "rl.item_kind IN (?) AND rl.name = ?", bun.List(transactionKinds()), name)
		if err != nil {
			return nil, err
		}
		out[name] = t
	}
	return out, nil
}

// transactionKinds are the kinds that are a transaction to people: the item of that name, and the segment
// span that SDKs stream in its place.
func transactionKinds() []string { return []string{ItemTransaction, ItemSpan} }

func (s *Store) tally(ctx context.Context, scope Scope, limit int, where string, args ...any) (ReplayTally, error) {
	t := ReplayTally{IDs: []string{}}
	err := s.counted(scope).ColumnExpr("COUNT(DISTINCT rl.replay_id)").Where(where, args...).Scan(ctx, &t.Count)
	if err == nil && limit > 0 {
		err = s.counted(scope).ColumnExpr("rl.replay_id").Where(where, args...).GroupExpr("rl.replay_id").
			OrderExpr("MAX(rl.ts_ms) DESC, rl.replay_id").Limit(int64(limit)).Scan(ctx, &t.IDs)
	}
	if err != nil {
		return t, border(fmt.Errorf("tally replays: %w", err))
	}
	return t, nil
}
