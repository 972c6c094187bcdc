package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/uptrace/bun"
)

const (
	ofClick   = "SELECT 1 FROM replay_clicks AS fc WHERE fc.org_id = r.org_id AND fc.replay_id = r.replay_id AND fc.kind = 'click'"
	ofTap     = "SELECT 1 FROM replay_clicks AS fc WHERE fc.org_id = r.org_id AND fc.replay_id = r.replay_id AND fc.kind = 'tap'"
	ofChapter = "SELECT 1 FROM replay_chapters AS fh WHERE fh.org_id = r.org_id AND fh.replay_id = r.replay_id"
)

// linkTier is a link's tier in SQL; a test of package linker holds it and link.TierOf together.
const linkTier = "CASE WHEN (fl.signals & 12575) <> 0 THEN 1 WHEN (fl.signals & 32) <> 0 THEN 2 WHEN (fl.signals & 192) <> 0 AND (fl.flags & 4) = 0 THEN 3 " +
	"WHEN (fl.signals & 512) <> 0 THEN 4 WHEN (fl.signals & 1216) <> 0 THEN 5 ELSE 0 END"

// derivedFields are what replays can be filtered by of what is derived from their recordings.
var derivedFields = map[string]field{
	"link_tier":     {expr: linkTier, in: "SELECT 1 FROM replay_links AS fl WHERE fl.org_id = r.org_id AND fl.replay_id = r.replay_id AND fl.item_kind = 'event'"},
	"trigger_route": {expr: "fh.trigger_route", in: ofChapter}, "chapter.status": {expr: "fh.status", in: ofChapter},
	"chapter.label": {expr: "fh.label", in: ofChapter}, "chapter.kind": {expr: "fh.kind", in: ofChapter},
	"click": {in: ofClick}, "tap": {in: ofTap},
	"click.alt": {expr: "fc.alt", in: ofClick}, "click.classes": {expr: "fc.classes", in: ofClick}, "click.component_name": {expr: "fc.component", in: ofClick},
	"click.id": {expr: "fc.element_id", in: ofClick}, "click.label": {expr: "fc.label", in: ofClick}, "click.role": {expr: "fc.role", in: ofClick},
	"click.tag": {expr: "fc.tag", in: ofClick}, "click.testid": {expr: "fc.testid", in: ofClick}, "click.textContent": {expr: "fc.text", in: ofClick},
	"click.title": {expr: "fc.title", in: ofClick}, "click.dead": {expr: "fc.dead", in: ofClick}, "click.rage": {expr: "fc.rage", in: ofClick},
	"tap.message": {expr: "fc.selector", in: ofTap}, "tap.view_id": {expr: "fc.element_id", in: ofTap}, "tap.view_class": {expr: "fc.component", in: ofTap},
}

// TagField begins the names of fields that are tags.
const TagField = "tag:"

// derivedFieldsOf adds the fields whose SQL depends on the engine or on what is asked for.
func (s *Store) derivedFieldsOf(fs map[string]field, scope Scope, f *Filter) {
	for k, v := range derivedFields {
		fs[k] = v
	}
	for _, m := range []string{"city", "country_code", "region", "subdivision"} {
		fs["user.geo."+m] = field{expr: s.jsonPath("r.user_json", "geo", m)}
	}
	fs["text"] = field{word: s.shownWords(), phrase: s.phrase,
		in: "r.replay_id IN (SELECT fx.replay_id FROM replay_screens AS fx WHERE fx.org_id = " + strconv.FormatInt(scope.OrgID, 10) + " AND "}
	s.tagFields(fs, f)
}

// tagFields makes a field of each tag that a filter names: an element of a JSON array in the column of tags.
func (s *Store) tagFields(fs map[string]field, f *Filter) {
	if name, ok := strings.CutPrefix(f.Field, TagField); ok {
		in := "SELECT 1 FROM json_each(r.tags) AS tk, json_each(tk.value) AS tv WHERE tk.key = ?"
		expr := "CAST(tv.value AS TEXT)"
		if s.postgres() {
			in, expr = "SELECT 1 FROM jsonb_array_elements_text(r.tags::jsonb -> ?) AS tv(value) WHERE TRUE", "tv.value"
		}
		fs[f.Field] = field{expr: expr, in: in, args: []any{name}}
	}
	for i := range f.Subs {
		s.tagFields(fs, &f.Subs[i])
	}
}

func (s *Store) jsonPath(column, a, b string) string {
	if s.postgres() {
		return "(" + column + "::json #>> '{" + a + "," + b + "}')"
	}
	return "json_extract(" + column + ", '$." + a + "." + b + "')"
}

// textSorts are what replays can be sorted by that is text.
func (s *Store) textSorts() map[string]string {
	out := map[string]string{"browser.name": "r.browser_name", "browser.version": "r.browser_version", "device.name": "r.device_name", "device.brand": "r.device_brand",
		"device.family": "r.device_family", "device.model_id": "r.device_model", "dist": "r.dist", "os.name": "r.os_name", "os.version": "r.os_version",
		"platform": "r.platform", "sdk.name": "r.sdk_name", "sdk.version": "r.sdk_version", "environment": "r.environment", "replay_type": "r.replay_type"}
	for _, m := range []string{"id", "email", "username", "ip_address"} {
		out["user."+m] = "COALESCE(" + s.jsonText("r.user_json", m) + ", '')"
	}
	out["user.ip"] = out["user.ip_address"]
	if s.postgres() {
		for k, v := range out {
			out[k] = "(" + v + ` COLLATE "C")` // as SQLite compares
		}
	}
	return out
}

// ClickedNode is a click of a replay that was searched for.
type ClickedNode struct {
	NodeID int64 `bun:"node_id"`
	TimeMS int64 `bun:"ts_ms"`
}

// ReplayClicks gives a page of a replay's clicks that a filter over click fields finds, in the order of time.
func (s *Store) ReplayClicks(ctx context.Context, scope Scope, replayID string, f Filter, offset, limit int) ([]ClickedNode, error) {
	fs := map[string]field{"click": {}} // a row is the click itself here
	for k, v := range derivedFields {
		if v.in == ofClick && v.expr != "" {
			fs[k] = field{expr: v.expr}
		}
	}
	where, args, err := f.where(fs)
	if err != nil {
		return nil, err
	}
	rows := []ClickedNode{}
	err = s.read.NewSelect().TableExpr("replay_clicks AS fc").ColumnExpr("fc.node_id, fc.ts_ms").
		Where("fc.org_id = ? AND fc.replay_id = ? AND fc.kind = 'click'", scope.OrgID, replayID).Where(where, args...).
		OrderExpr("fc.ts_ms, fc.node_id").Offset(int64(offset)).Limit(int64(limit)).Scan(ctx, &rows)
	if err != nil {
		return nil, border(fmt.Errorf("clicks of replay %s: %w", replayID, err))
	}
	return rows, nil
}

// ClickedElement is an element that people clicked in vain.
type ClickedElement struct {
	ProjectID int64  `bun:"project_id"`
	Element   string `bun:"element"`
	Tag       string `bun:"tag"`
	ElementID string `bun:"element_id"`
	Classes   string `bun:"classes"`
	Role      string `bun:"role"`
	Alt       string `bun:"alt"`
	TestID    string `bun:"testid"`
	Label     string `bun:"label"`
	Title     string `bun:"title"`
	Component string `bun:"component"`
	Dead      int64  `bun:"dead_clicks"`
	Rage      int64  `bun:"rage_clicks"`
}

// ClickedElements gives a page of the elements with dead or rage clicks in a window, the most clicked first.
func (s *Store) ClickedElements(ctx context.Context, scope Scope, projects []int64, fromMS, toMS int64, byRage, ascending bool, offset, limit int) ([]ClickedElement, error) {
	order := "dead_clicks"
	if byRage {
		order = "rage_clicks"
	}
	if !ascending {
		order += " DESC"
	}
	columns := "fc.project_id, fc.element, fc.tag, fc.element_id, fc.classes, fc.role, fc.alt, fc.testid, fc.label, fc.title, fc.component"
	q := s.read.NewSelect().TableExpr("replay_clicks AS fc").ColumnExpr(columns).
		ColumnExpr("COUNT(*) AS dead_clicks, SUM(CASE WHEN fc.rage THEN 1 ELSE 0 END) AS rage_clicks").
		Where("fc.org_id = ? AND fc.dead AND fc.ts_ms >= ?", scope.OrgID, fromMS).GroupExpr(columns).
		OrderExpr(order + ", fc.project_id, fc.element").Offset(int64(offset)).Limit(int64(limit))
	if toMS != 0 {
		q = q.Where("fc.ts_ms <= ?", toMS)
	}
	if len(projects) > 0 {
		q = q.Where("fc.project_id IN (?)", bun.List(projects))
	}
	rows := []ClickedElement{}
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, border(fmt.Errorf("clicked elements: %w", err))
	}
	return rows, nil
}
