package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/uptrace/bun"
)

// drive tells how the rows that fit a comparison are found by an index: a SELECT of their ids.
type drive func(f Filter) (query string, args []any, ok bool)

// driveBy compares expr in a SELECT that is written up to its WHERE's end.
func driveBy(from, expr string, args ...any) drive {
	return func(f Filter) (string, []any, bool) {
		cmp, more := f.compare(expr)
		return from + " AND " + cmp, slices.Concat(args, more), true
	}
}

// eventOf reaches an issue's events.
const eventOf = "SELECT 1 FROM events AS fe WHERE fe.issue_id = i.id"

// issueFields are what issues can be filtered by; the rest depends on what is asked.
var issueFields = map[string]field{
	"id": {expr: "i.id"}, "number": {expr: "i.number"}, "project_id": {expr: "i.project_id"}, "status": {expr: "i.status"},
	"substatus": {expr: "i.substatus"}, "level": {expr: "i.level"}, "platform": {expr: "i.platform"}, "type": {expr: "i.type"},
	"title": {expr: "i.title"}, "culprit": {expr: "i.culprit"}, "logger": {expr: "i.logger"}, "unhandled": {expr: "i.unhandled"},
	"first_seen_ms": {expr: "i.first_seen_ms"}, "last_seen_ms": {expr: "i.last_seen_ms"},
	"times_seen": {expr: "i.times_seen"}, "users_seen": {expr: "i.users_seen"},
	"first_release": {expr: "i.first_release"}, "last_release": {expr: "i.last_release"}, "assignee_id": {expr: "i.assignee_id"},
	"assigned":         {expr: "(i.assignee_id IS NOT NULL OR i.assignee_team_id IS NOT NULL)"},
	"assignee_team_id": {expr: "i.assignee_team_id"},
	"priority":         {expr: "i.priority"},
	"for_review":       {expr: "(i.inbox_reason IS NOT NULL)"},
	"bookmarked_by":    {expr: "im.user_id", in: "SELECT 1 FROM issue_members AS im WHERE im.issue_id = i.id AND im.bookmarked"},
	"subscribed_by":    {expr: "im.user_id", in: "SELECT 1 FROM issue_members AS im WHERE im.issue_id = i.id AND im.subscribed NOT IN ('', 'disabled')"},
	"text":             {expr: "ix.text", in: "SELECT 1 FROM issue_texts AS ix WHERE ix.issue_id = i.id"},
	"event.id":         {expr: "fe.event_id", in: eventOf},
	"trace":            {expr: "fe.trace_id", in: eventOf},
	"side":             {expr: "fe.side", in: eventOf},
	"event.timestamp":  {expr: "fe.timestamp_ms", in: eventOf},
	"replay": {expr: "fl.replay_id", in: "SELECT 1 FROM replay_links AS fl JOIN replays AS fr ON fr.org_id = fl.org_id AND fr.replay_id = fl.replay_id " +
		"AND fr.state = 'live' WHERE fl.org_id = i.org_id AND fl.issue_id = i.id AND " + countedLink("fl")},
}

// issueFieldsOf are all fields that a filter over issues of a scope can name.
func (s *Store) issueFieldsOf(scope Scope, f Filter) map[string]field {
	fs := maps.Clone(issueFields)
	for _, key := range []string{"type", "value", "filename", "function"} { // JSON: the engines spell that differently
		fs["metadata."+key] = field{expr: s.jsonText("i.metadata", key)}
	}
	set := func(name string, d drive) { fd := fs[name]; fd.drive = d; fs[name] = fd }
	for _, c := range []string{"first_seen_ms", "last_seen_ms", "times_seen", "users_seen", "project_id"} {
		set(c, driveBy("SELECT di.id FROM issues AS di WHERE di.org_id = ?", "di."+c, scope.OrgID))
	}
	// The index has only issues that came with a release, and SQLite has to be told that no others are asked for.
	set("first_release", exactly(driveBy("SELECT di.id FROM issues AS di WHERE di.org_id = ? AND di.first_release <> ''", "di.first_release", scope.OrgID)))
	set("substatus", rareSubstatus(driveBy("SELECT di.id FROM issues AS di WHERE di.org_id = ? AND di.substatus IN ('regressed', 'escalating')", "di.substatus", scope.OrgID)))
	for _, c := range []string{"assignee_id", "assignee_team_id"} {
		set(c, exactly(driveBy("SELECT di.id FROM issues AS di WHERE di.org_id = ?", "di."+c, scope.OrgID)))
	}
	set("for_review", exactly(driveBy("SELECT di.id FROM issues AS di WHERE di.org_id = ? AND di.inbox_reason IS NOT NULL", "(di.inbox_reason IS NOT NULL)", scope.OrgID)))
	for _, c := range []string{"event_id", "trace_id"} {
		set(map[string]string{"event_id": "event.id", "trace_id": "trace"}[c], driveBy("SELECT de.issue_id FROM events AS de WHERE de.org_id = ?", "de."+c, scope.OrgID))
	}
	set("replay", driveBy("SELECT dl.issue_id FROM replay_links AS dl WHERE dl.org_id = ? AND dl.issue_id IS NOT NULL", "dl.replay_id", scope.OrgID))
	for name, member := range map[string]string{"bookmarked_by": "dm.bookmarked", "subscribed_by": "dm.subscribed NOT IN ('', 'disabled')"} {
		set(name, driveBy("SELECT dm.issue_id FROM issue_members AS dm WHERE dm.org_id = ? AND "+member, "dm.user_id", scope.OrgID))
	}
	set("text", s.textDrive(scope, false))
	set("title", s.textDrive(scope, true))
	set("culprit", s.textDrive(scope, true))
	for _, key := range tagsNamed(f) {
		fs[TagField+key] = field{expr: "it.value", in: "SELECT 1 FROM issue_tags AS it WHERE it.owner_id = i.id AND it.key = ?", args: []any{key},
			or: cutTag(scope, key), drive: s.issueTagDrive(scope, key)}
	}
	return fs
}

// exactly is a drive of values that are there, which is what an index has: not of false, of nothing, or of a range.
func exactly(by drive) drive {
	return func(f Filter) (string, []any, bool) {
		if f.Op != FilterEq || slices.Contains(f.Values, any("")) || slices.Contains(f.Values, any(false)) || slices.Contains(f.Values, any(nil)) {
			return "", nil, false
		}
		return by(f)
	}
}

// rareSubstatus is a drive of those that an index has.
func rareSubstatus(by drive) drive {
	return func(f Filter) (string, []any, bool) {
		if f.Op != FilterEq || slices.ContainsFunc(f.Values, func(v any) bool { return v != "regressed" && v != "escalating" }) {
			return "", nil, false
		}
		return by(f)
	}
}

// tagsNamed lists the keys of the tags that a filter compares.
func tagsNamed(f Filter) (keys []string) {
	if key, ok := strings.CutPrefix(f.Field, TagField); ok {
		keys = append(keys, key)
	}
	for _, sub := range f.Subs {
		keys = append(keys, tagsNamed(sub)...)
	}
	return unique(keys)
}

// ofTag reaches the events of a tag. The tag is of the scope, and so are its events.
const ofTag = "FROM event_tags AS ct JOIN events AS ce ON ce.project_id = ct.project_id AND ce.event_id = ct.event_id WHERE ct.tag IN (?)"

// tagHashes are the tags that a comparison wants exactly; none for others.
func tagHashes(scope Scope, key string, f Filter) (hashes []int64) {
	if f.Op != FilterEq {
		return nil
	}
	for _, v := range f.Values {
		text, _ := v.(string)
		hashes = append(hashes, TagHash(scope.OrgID, key, text))
	}
	return hashes
}

// cutTag finds a value that an issue had but does not keep, since it had so many, among its events.
func cutTag(scope Scope, key string) func(Filter) (string, []any) {
	return func(f Filter) (string, []any) {
		hashes := tagHashes(scope, key, f)
		if hashes == nil {
			return "", nil
		}
		return exists("SELECT 1 FROM issue_tag_keys AS ck WHERE ck.owner_id = i.id AND ck.key = ?", "ck.cut") + " AND " + exists("SELECT 1 "+ofTag, "ce.issue_id = i.id"),
			[]any{key, bun.List(hashes)}
	}
}

// issueTagDrive finds issues by a tag. A pattern is looked up among the values that there are, see [Store.patterns].
func (s *Store) issueTagDrive(scope Scope, key string) drive {
	return func(f Filter) (string, []any, bool) {
		if f.Op == FilterLike {
			if f.fitting == nil {
				return "", nil, false
			}
			f = Filter{Op: FilterEq, Values: f.fitting}
		}
		query, args, ok := driveBy("SELECT dt.owner_id FROM issue_tags AS dt WHERE dt.org_id = ? AND dt.key = ?", "dt.value", scope.OrgID, key)(f)
		if hashes := tagHashes(scope, key, f); hashes != nil {
			query += " UNION ALL SELECT ce.issue_id " + ofTag + " AND EXISTS (SELECT 1 FROM issue_tag_keys AS ck WHERE ck.org_id = ? AND ck.key = ? AND ck.cut)"
			args = append(args, bun.List(hashes), scope.OrgID, key)
		}
		return query, args, ok
	}
}

// textDrive finds issues by a part of their texts, by its trigrams. With within, the comparison is of something that
// is in a text: it begins and ends anywhere there. And issues that have more texts than are kept are among them, for one
// that is not kept may fit.
func (s *Store) textDrive(scope Scope, within bool) drive {
	return func(f Filter) (string, []any, bool) {
		if len(gramsOf(f)) == 0 {
			return "", nil, false
		}
		from, args := "issue_texts AS dx", []any{}
		if !s.postgres() { // by the trigrams of its own table, as they are met; Postgres finds them for LIKE
			from, args = "issue_grams CROSS JOIN issue_texts AS dx ON dx.id = issue_grams.rowid AND issue_grams MATCH ?", []any{gramQuery(f)}
		}
		parts := f.Parts
		if within {
			parts = slices.Concat([]string{""}, parts, []string{""})
		}
		query := "SELECT dx.issue_id FROM " + from + " WHERE dx.org_id = ? AND dx.text LIKE ? ESCAPE '!'" // it is folded already
		args = append(args, scope.OrgID, likePattern(parts))
		if within {
			query += " UNION ALL SELECT dx.issue_id FROM issue_texts AS dx WHERE dx.org_id = ? AND dx.is_last"
			args = append(args, scope.OrgID)
		}
		return query, args, true
	}
}

// gramsOf are the parts of a pattern that are long enough to have trigrams, quoted as FTS5 wants them.
func gramsOf(f Filter) (out []string) {
	if f.Op != FilterLike {
		return nil
	}
	for _, p := range f.Parts {
		if len([]rune(p)) >= 3 {
			out = append(out, `"`+strings.ReplaceAll(fold(p), `"`, `""`)+`"`)
		}
	}
	return out
}

// gramQuery asks FTS5 for what has all of a pattern's parts.
func gramQuery(f Filter) string { return strings.Join(gramsOf(f), " AND ") }

// driveOf is how the rows that fit a condition are found by indexes; not ok: they cannot.
func driveOf(fields map[string]field, f Filter) (query string, args []any, ok bool) {
	switch f.Op {
	case FilterNot, FilterSome, FilterMatch:
		return "", nil, false
	case FilterAll: // one of them is enough, the others are checked
		for _, sub := range f.Subs {
			if query, args, ok = driveOf(fields, sub); ok {
				return query, args, true
			}
		}
		return "", nil, false
	case FilterAny:
		var parts []string
		for _, sub := range f.Subs {
			q, a, ok := driveOf(fields, sub)
			if !ok {
				return "", nil, false
			}
			parts, args = append(parts, q), append(args, a...)
		}
		return strings.Join(parts, " UNION ALL "), args, len(parts) > 0
	}
	if d := fields[f.Field].drive; d != nil {
		return d(f)
	}
	return "", nil, false
}

// conjuncts are the conditions that must all hold.
func conjuncts(f Filter) []Filter {
	if f.Op != FilterAll {
		return []Filter{f}
	}
	var out []Filter
	for _, sub := range f.Subs {
		out = append(out, conjuncts(sub)...)
	}
	return out
}

// narrow looks for a condition of a filter that leaves few rows, and gives the ids of those rows. Not found: the list is
// walked in its order, where every condition is met often; dense are the conditions that indexes find more rows for.
//
// Each probe reads at most the limit of ids from an index.
func narrow[ID comparable](ctx context.Context, s *Store, fields map[string]field, f Filter) (ids []ID, found bool, dense []statementText, err error) {
	for _, c := range conjuncts(f) {
		query, args, ok := driveOf(fields, c)
		if !ok {
			continue
		}
		var got []ID
		err := s.read.NewRaw("SELECT * FROM ("+query+") AS driven LIMIT ?", append(args, s.limits.Narrow+1)...).Scan(ctx, &got)
		if err != nil {
			return nil, false, nil, border(fmt.Errorf("narrow a search: %w", err))
		}
		if len(got) > s.limits.Narrow {
			dense = append(dense, statementText{query, args})
		} else if !found || len(got) < len(ids) {
			ids, found = got, true
		}
		if found && len(ids) <= s.limits.Narrow/10 {
			break
		}
	}
	return distinct(ids), found, dense, nil
}

// driver is what finds the rows of the condition that leaves the fewest, or of several conditions together; nil when
// that are too many.
func (s *Store) driver(ctx context.Context, dense []statementText) (*statementText, error) {
	var best *statementText
	least := int64(s.limits.Driven + 1)
	consider := func(d statementText) error {
		n, err := s.countUpTo(ctx, s.read.NewSelect().TableExpr("("+d.text+") AS driven", d.args...).ColumnExpr("1"), s.limits.Driven+1)
		if err == nil && n < least {
			best, least = &d, n
		}
		return err
	}
	for _, d := range dense {
		if err := consider(d); err != nil {
			return nil, err
		}
	}
	if best != nil || len(dense) < 2 {
		return best, nil
	}
	var all statementText
	var parts []string
	for _, d := range dense {
		parts = append(parts, "SELECT * FROM ("+d.text+") AS one")
		all.args = append(all.args, d.args...)
	}
	all.text = strings.Join(parts, " INTERSECT ")
	err := consider(all)
	return best, err
}

func distinct[T comparable](in []T) []T {
	seen := make(map[T]bool, len(in))
	return slices.DeleteFunc(in, func(v T) bool {
		had := seen[v]
		seen[v] = true
		return had
	})
}
