package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/uptrace/bun"
)

// EventQuery asks for events of an issue, of a project, or of all the scope's. Payloads come only with WithPayload.
type EventQuery struct {
	IssueID      int64 // or
	ProjectID    int64 // or
	Projects     []int64
	Environments []string
	FromMS, ToMS int64 // zero is open
	Filter       Filter
	WithPayload  bool
	OnlyTags     bool // [Store.EachEvent] reads only the times and the tags
	Ascending    bool // the oldest first
	Page         Page
}

// eventFields are what events can be filtered by; tags besides.
var eventFields = map[string]field{
	"event.id": {expr: "e.event_id"}, "level": {expr: "e.level"}, "platform": {expr: "e.platform"}, "title": {expr: "e.title"},
	"culprit": {expr: "e.culprit"}, "environment": {expr: "e.environment"}, "release": {expr: "e.release"}, "trace": {expr: "e.trace_id"},
	"user": {expr: "e.user_key"}, "unhandled": {expr: "e.unhandled"}, "side": {expr: "e.side"}, "event.timestamp": {expr: "e.timestamp_ms"},
	"issue_id": {expr: "e.issue_id"}, "project_id": {expr: "e.project_id"}, "span_id": {expr: "e.span_id"},
	"type": {expr: "fi.type", in: "SELECT 1 FROM issues AS fi WHERE fi.id = e.issue_id"},
	"replay": {expr: "fl.replay_id", in: "SELECT 1 FROM replay_links AS fl JOIN replays AS fr ON fr.org_id = fl.org_id AND fr.replay_id = fl.replay_id " +
		"AND fr.state = 'live' WHERE fl.org_id = e.org_id AND fl.item_kind = 'event' AND fl.item_id = e.event_id AND " + countedLink("fl")},
}

// taggedColumns are the columns that are tags of every event too, under these keys.
var taggedColumns = map[string]string{"level": "level", "environment": "environment", "release": "release", "user": "user"}

// ofIssues says of a key that only issues are found by it.
func ofIssues(key string) bool {
	return strings.HasPrefix(key, MarkPrefix+"stack.") || strings.HasPrefix(key, MarkPrefix+"flags.")
}

// moreInIssues says of a key that issues have values of it that their events do not: the types of causes.
func moreInIssues(key string) bool { return key == MarkPrefix+"error.type" }

// eventFieldsOf are all fields that a filter over events of a scope can name. Drives give event ids.
func (s *Store) eventFieldsOf(scope Scope, in EventQuery) map[string]field {
	fs := maps.Clone(eventFields)
	set := func(name string, d drive) { fd := fs[name]; fd.drive = d; fs[name] = fd }
	set("trace", driveBy("SELECT de.event_id FROM events AS de WHERE de.org_id = ?", "de.trace_id", scope.OrgID))
	set("replay", driveBy("SELECT dl.item_id FROM replay_links AS dl WHERE dl.org_id = ? AND dl.item_kind = 'event'", "dl.replay_id", scope.OrgID))
	for name, key := range taggedColumns {
		set(name, s.eventTagDrive(scope, key, in))
	}
	for _, key := range tagsNamed(in.Filter) {
		if ofIssues(key) {
			fs[TagField+key] = field{expr: "it.value", in: "SELECT 1 FROM issue_tags AS it WHERE it.owner_id = e.issue_id AND it.key = ?", args: []any{key}}
			continue
		}
		fs[TagField+key] = field{expr: s.tagOfEvent(key), drive: s.eventTagDrive(scope, key, in)}
	}
	return fs
}

// tagOfEvent is the text of one of an event's tags in SQL. The key is written into it as a literal: what a key
// cannot have is taken out, and then nothing has it.
func (s *Store) tagOfEvent(key string) string {
	key = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || strings.ContainsRune(`'"\?`, r) {
			return '_'
		}
		return r
	}, key)
	if s.postgres() {
		return "(e.tags ->> '" + key + "')"
	}
	return `json_extract(e.tags, '$."` + key + `"')`
}

// eventTagDrive finds events by a tag.
func (s *Store) eventTagDrive(scope Scope, key string, in EventQuery) drive {
	return func(f Filter) (string, []any, bool) {
		hashes := tagHashes(scope, key, f)
		if len(hashes) == 0 {
			return "", nil, false
		}
		query, args := "SELECT dt.event_id FROM event_tags AS dt WHERE dt.tag IN (?)", []any{bun.List(hashes)}
		if in.FromMS != 0 {
			query, args = query+" AND dt.timestamp_ms >= ?", append(args, in.FromMS)
		}
		if in.ToMS != 0 {
			query, args = query+" AND dt.timestamp_ms <= ?", append(args, in.ToMS)
		}
		return query, args, true
	}
}

// patterns replaces patterns of tags by the values that fit, where few do, and else notes them with the pattern. columns
// are fields of events that are tags by another name; nil: the filter is of issues.
func (s *Store) patterns(ctx context.Context, scope Scope, f Filter, columns map[string]string) (Filter, error) {
	if len(f.Subs) > 0 {
		f.Subs = slices.Clone(f.Subs)
		for i := range f.Subs {
			sub, err := s.patterns(ctx, scope, f.Subs[i], columns)
			if err != nil {
				return f, err
			}
			f.Subs[i] = sub
		}
		return f, nil
	}
	key, ok := strings.CutPrefix(f.Field, TagField)
	if !ok {
		key, ok = columns[f.Field]
	}
	if !ok || f.Op != FilterLike {
		return f, nil
	}
	values, all, err := s.valuesLike(ctx, scope, key, columns == nil, f, s.limits.FittingValues)
	if err != nil || !all {
		return f, err // read from the rows on the way
	}
	exact := Filter{Op: FilterEq, Field: f.Field, Values: make([]any, len(values))}
	for i, v := range values {
		exact.Values[i] = v
	}
	switch {
	case len(values) == 0:
		return Filter{Op: FilterAny}, nil
	case len(values) > s.limits.PatternValues:
		f.fitting = exact.Values
		return f, nil
	}
	return exact, nil
}

// textIssues gives the issues whose events a filter's texts can be in, when there are few such events.
func (s *Store) textIssues(ctx context.Context, scope Scope, f Filter) (ids []int64, found bool, err error) {
	fields := map[string]field{}
	for _, name := range []string{"title", "culprit"} {
		fields[name] = field{drive: s.textDrive(scope, true)}
	}
	for _, key := range tagsNamed(f) {
		if ofIssues(key) {
			fields[TagField+key] = field{drive: s.issueTagDrive(scope, key)}
		}
	}
	ids, found, _, err = narrow[int64](ctx, s, fields, f)
	if err != nil || !found || len(ids) == 0 {
		return ids, found, err
	}
	var events int64
	err = s.read.NewSelect().Model((*Issue)(nil)).ColumnExpr("COALESCE(SUM(times_seen), 0)").Where("id IN (?)", bun.List(ids)).Where("org_id = ?", scope.OrgID).Scan(ctx, &events)
	if err != nil {
		return nil, false, border(fmt.Errorf("events with a text: %w", err))
	}
	return ids, events <= s.limits.TextEvents, nil
}
