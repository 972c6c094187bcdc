package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/uptrace/bun"
)

// ReplayItems are the ids of a replay's events by level, and its traces; at most limit of each.
type ReplayItems struct {
	Errors, Warnings, Infos, Traces []string
	BackendProjects                 []string // slugs
}

// ReplayItems gives what lists and pages name of replays, by replay id. One statement tells all of it: a list of a
// hundred replays would else ask five hundred times.
func (s *Store) ReplayItems(ctx context.Context, scope Scope, replayIDs []string, limit int) (map[string]*ReplayItems, error) {
	out := map[string]*ReplayItems{}
	for _, id := range replayIDs {
		out[id] = &ReplayItems{Errors: []string{}, Warnings: []string{}, Infos: []string{}, Traces: []string{}, BackendProjects: []string{}}
	}
	if len(out) == 0 {
		return out, nil
	}
	events := "replay_links AS fl WHERE fl.org_id = r.org_id AND fl.replay_id = r.replay_id AND fl.item_kind = 'event' AND " + countedLink("fl") + " AND " + living("fl") + " AND "
	byLevel := func(levels string) string {
		return s.jsonList("SELECT fl.item_id AS v, fl.ts_ms AS at FROM "+events+levels+" ORDER BY fl.ts_ms, fl.item_id LIMIT ?", "chosen.at, chosen.v")
	}
	traces := s.jsonList("SELECT ft.trace_id AS v, ft.first_ms AS at FROM replay_traces AS ft WHERE ft.org_id = r.org_id AND ft.replay_id = r.replay_id ORDER BY ft.first_ms, ft.trace_id LIMIT ?", "chosen.at, chosen.v")
	projects := s.jsonList("SELECT p.slug AS v FROM projects AS p WHERE p.org_id = r.org_id AND p.id IN (SELECT fl.project_id FROM "+events+"fl.side = 'backend' AND fl.level IN ('error', 'fatal'))", "chosen.v")
	var rows []struct {
		ReplayID                                         string
		Errors, Warnings, Infos, Traces, BackendProjects string
	}
	err := s.read.NewSelect().TableExpr("replays AS r").ColumnExpr("r.replay_id").Where("r.org_id = ? AND r.replay_id IN (?)", scope.OrgID, bun.List(replayIDs)).
		ColumnExpr(byLevel("fl.level IN ('error', 'fatal')")+" AS errors", limit).ColumnExpr(byLevel("fl.level = 'warning'")+" AS warnings", limit).
		ColumnExpr(byLevel("fl.level IN ('info', 'debug', 'sample', 'log')")+" AS infos", limit).
		ColumnExpr(traces+" AS traces", limit).ColumnExpr(projects+" AS backend_projects").Scan(ctx, &rows)
	if err != nil {
		return nil, border(fmt.Errorf("items of replays: %w", err))
	}
	for _, r := range rows {
		it := out[r.ReplayID]
		err := errors.Join(json.Unmarshal([]byte(r.Errors), &it.Errors), json.Unmarshal([]byte(r.Warnings), &it.Warnings), json.Unmarshal([]byte(r.Infos), &it.Infos),
			json.Unmarshal([]byte(r.Traces), &it.Traces), json.Unmarshal([]byte(r.BackendProjects), &it.BackendProjects))
		if err != nil {
			return nil, fmt.Errorf("items of replay %s: %w", r.ReplayID, err)
		}
	}
	return out, nil
}

// jsonList makes a JSON array, in an order, of the column v of a query.
func (s *Store) jsonList(query, order string) string {
	if s.postgres() {
		return "(SELECT COALESCE(json_agg(chosen.v ORDER BY " + order + ")::text, '[]') FROM (" + query + ") AS chosen)"
	}
	return "(SELECT json_group_array(chosen.v ORDER BY " + order + ") FROM (" + query + ") AS chosen)"
}
