package api

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/api/search"
	"github.com/hindsight-dev/hindsight/linker/link"
	"github.com/hindsight-dev/hindsight/store"
)

// maxAsked bounds the ids of one request, of each kind.
const maxAsked = 100

func hexIDs(in []string, what string) ([]string, error) {
	if len(in) > maxAsked {
		return nil, badRequest("At most 100 " + what + " ids at once.")
	}
	out := make([]string, len(in))
	for i, s := range in {
		id, ok := hexID(s)
		if !ok {
			return nil, badRequest("Invalid " + what + " id: want 32 hex digits.")
		}
		out[i] = id
	}
	return out, nil
}

func (a *API) listReplayLinks(ctx context.Context, in *LinksInput) (*DataList[ReplayLink], error) {
	rq := from(ctx)
	q, err := a.linkQuery(ctx, rq, in)
	if err != nil {
		return nil, err
	}
	page, err := a.Store.ReplayLinks(ctx, rq.scope, q)
	if err != nil {
		return nil, a.fail("read replay links", err)
	}
	out := &DataList[ReplayLink]{Link: pageLink(a, rq, page)}
	out.Body.Data = []ReplayLink{}
	for i := range page.Rows {
		out.Body.Data = append(out.Body.Data, a.linkView(&page.Rows[i]))
	}
	return out, a.explainMissing(ctx, rq, page.Rows, out.Body.Data)
}

// How long before and after a replay was named the fate of other recordings tells something of its own.
const (
	troubleBefore = 2 * time.Minute
	troubleAfter  = 5 * time.Minute
)

// explainMissing says of replays that never came and of which nothing is known by name what became of other recordings
// at that time.
func (a *API) explainMissing(ctx context.Context, rq *request, rows []store.LinkedReplay, views []ReplayLink) error {
	asked := map[string][]store.ReplayTrouble{}
	for i := range rows {
		if views[i].State != string(link.StateMissing) || rows[i].ReplayLoss != nil || rows[i].ReplayBuffering {
			continue
		}
		id := rows[i].ReplayID
		since := namedAt(&rows[i])
		if _, known := asked[id]; !known {
			troubles, err := a.Store.ReplayTroubles(ctx, rq.scope, since.Add(-troubleBefore).UnixMilli(), since.Add(troubleAfter).UnixMilli())
			if err != nil {
				return a.fail("read what became of recordings", err)
			}
			asked[id] = troubles
		}
		worst := int64(0)
		trouble := ""
		for _, t := range asked[id] {
			if words := link.TroubleInWords(t.Outcome, t.Reason); words != "" && t.Quantity > worst {
				worst, trouble = t.Quantity, words
			}
		}
		_, why := link.StateOf(false, link.Absence{Since: since, Trouble: trouble}, a.Now())
		views[i].StateReason = text(why)
	}
	return nil
}

// namedAt is when a link's replay was first named.
func namedAt(l *store.LinkedReplay) time.Time {
	named := l.CreatedMS
	if l.ReplayNamedMS != nil {
		named = min(named, *l.ReplayNamedMS)
	}
	return time.UnixMilli(named)
}

func (a *API) linkQuery(ctx context.Context, rq *request, in *LinksInput) (q store.LinkQuery, err error) {
	if q.Events, err = hexIDs(nonEmpty(in.Event), "event"); err != nil {
		return q, err
	}
	if q.Traces, err = hexIDs(nonEmpty(in.Trace), "trace"); err != nil {
		return q, err
	}
	if q.Replays, err = hexIDs(nonEmpty(in.Replay), "replay"); err != nil {
		return q, err
	}
	if q.Transactions = nonEmpty(in.Transaction); len(q.Transactions) > maxAsked || len(in.Issue) > maxAsked {
		return q, badRequest("At most 100 transactions and issues at once.")
	}
	for _, id := range nonEmpty(in.Issue) {
		n, bad := strconv.ParseInt(id, 10, 64)
		if bad != nil {
			i, err := a.issueByAnyID(ctx, rq.scope, id)
			if err != nil {
				return q, err
			}
			n = i.ID
		}
		q.Issues = append(q.Issues, n)
	}
	if len(q.Events)+len(q.Traces)+len(q.Replays)+len(q.Transactions)+len(q.Issues) == 0 {
		return q, badRequest("Ask for at least one event, issue, trace, transaction or replay.")
	}
	q.Page.Limit = perPage(in.PerPage, 100)
	q.Page.Cursor, err = parseCursor(in.Cursor)
	return q, err
}

func (a *API) linkView(l *store.LinkedReplay) ReplayLink {
	signals, flags := link.Signals(l.Signals), link.Flags(l.Flags)
	state, why := link.StateOf(l.ReplayState == store.ReplayLive, link.Absence{
		Deleted: l.ReplayState == store.ReplayDeleted, Since: namedAt(l), Buffering: l.ReplayBuffering,
		Reason: link.LossInWords(l.ReplayLoss),
	}, a.Now())
	out := ReplayLink{
		ReplayID: l.ReplayID, State: string(state), StateReason: text(why), Plays: l.ReplayPlays && state == link.StateAvailable,
		Tier: int(link.TierOf(signals, flags)), Signals: signals.Names(), Reason: link.Reason(signals, flags), Primary: l.Primary,
		ItemKind: l.ItemKind, ItemID: l.ItemID, ProjectSlug: l.ProjectSlug, Level: l.Level, Timestamp: atPtr(l.TimeMS), Flags: flags.Names(),
		Side: l.Side, Title: l.Name, TraceID: l.TraceID,
	}
	if l.IssueID != nil {
		id := itoa(*l.IssueID)
		out.IssueID = &id
		if l.IssueNumber != nil && l.ProjectSlug != nil {
			out.ShortID = text(store.ShortID(*l.ProjectSlug, *l.IssueNumber))
		}
	}
	if l.TimeMS != nil && l.ReplayStartedMS != nil {
		offset := *l.TimeMS - *l.ReplayStartedMS
		out.OffsetMS = &offset
	}
	return out
}

var errCountQuery = badRequest("Ask for exactly one of issue.id:[…] (at most 25), transaction:[…] (at most 25) and replay_id:[…] (at most 100).")

// countReplays counts the recorded replays of issues, transactions or ids. The numbers are exact and
// are the same as everywhere else.
func (a *API) countReplays(ctx context.Context, in *ReplayCountInput) (*One[map[string]any], error) {
	rq := from(ctx)
	n, err := search.Parse(in.Query)
	if err != nil {
		return nil, badRequest("Error parsing search query: " + err.Error())
	}
	t, ok := n.(search.Term)
	if !ok || t.Op != "=" {
		return nil, errCountQuery
	}
	values := make([]string, len(t.Values))
	for i, v := range t.Values {
		values[i] = v.Text
	}
	limit := 0
	if yes(in.ReturnIDs) {
		limit = maxAsked
	}
	var tallies map[string]store.ReplayTally
	switch {
	case t.Key == "issue.id" && len(values) <= 25:
		ids, bad := integers(values, "Issue ids must be integers")
		if bad != nil {
			return nil, bad
		}
		tallies, err = a.Store.ReplaysOfIssues(ctx, rq.scope, ids, limit)
	case t.Key == "transaction" && len(values) <= 25:
		tallies, err = a.Store.ReplaysOfTransactions(ctx, rq.scope, values, limit)
	case t.Key == "replay_id" && len(values) <= maxAsked:
		return a.countKnown(ctx, rq, values, limit > 0)
	default:
		return nil, errCountQuery
	}
	if err != nil {
		return nil, a.fail("count replays", err)
	}
	out := map[string]any{}
	for key, t := range tallies {
		if limit > 0 {
			out[key] = t.IDs
		} else {
			out[key] = t.Count
		}
	}
	return one(out), nil
}

// countKnown says which of some replays are there.
func (a *API) countKnown(ctx context.Context, rq *request, asked []string, ids bool) (*One[map[string]any], error) {
	asked, err := hexIDs(asked, "replay")
	if err != nil {
		return nil, err
	}
	known, err := a.Store.RecordedReplays(ctx, rq.scope, asked)
	if err != nil {
		return nil, a.fail("count replays", err)
	}
	out := map[string]any{}
	for _, id := range known {
		if ids {
			out[id] = []string{id}
		} else {
			out[id] = 1
		}
	}
	return one(out), nil
}

func (a *API) listReplayEventsMeta(ctx context.Context, in *ReplayEventsMetaInput) (*DataList[ReplayEventMeta], error) {
	rq := from(ctx)
	n, err := search.Parse(in.Query)
	if err != nil {
		return nil, badRequest("Error parsing search query: " + err.Error())
	}
	t, ok := n.(search.Term)
	if !ok || t.Key != "replayId" && t.Key != "replay.id" && t.Key != "replay" || len(t.Values) != 1 {
		return nil, badRequest("Ask for the events of one replay: replayId:[id].")
	}
	id, ok := hexID(t.Values[0].Text)
	if !ok {
		return nil, badRequest("Invalid replay id: want 32 hex digits.")
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	cursor, err := parseCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	page, err := a.Store.EventsOfReplay(ctx, rq.scope, id, store.Page{Limit: perPage(in.PerPage, 50), Cursor: cursor})
	if err != nil {
		return nil, a.fail("list events of replay", err)
	}
	out := &DataList[ReplayEventMeta]{Link: pageLink(a, rq, page)}
	out.Body.Data = []ReplayEventMeta{}
	for _, e := range page.Rows {
		row := ReplayEventMeta{ID: e.EventID, Title: e.Title, ErrorType: []string{}, ErrorValue: []string{}, IssueID: e.IssueID, Level: e.Level, Side: sideOr(e.Side),
			Timestamp: strings.TrimSuffix(at(e.TimestampMS).Format("2006-01-02T15:04:05.000Z07:00"), "Z") + "+00:00", ProjectName: set.slug(e.ProjectID)}
		if e.IssueNumber != nil {
			row.Issue = store.ShortID(row.ProjectName, *e.IssueNumber)
		}
		if e.Metadata != nil {
			m := metadata(*e.Metadata)
			row.ErrorType, row.ErrorValue = list(m.Type), list(m.Value)
		}
		out.Body.Data = append(out.Body.Data, row)
	}
	return out, nil
}

func list(s string) []string {
	if s == "" {
		return []string{}
	}
	return []string{s}
}
