package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/uptrace/bun"
)

// maxNarrow is how many rows a condition may leave to be looked up one by one. A condition that leaves more is
// met often enough on a walk in the order of the list.
const maxNarrow = 2000

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
	for _, c := range []string{"first_seen_ms", "last_seen_ms", "times_seen", "users_seen", "first_release"} {
		set(c, driveBy("SELECT di.id FROM issues AS di WHERE di.org_id = ?", "di."+c, scope.OrgID))
	}
	for _, c := range []string{"event_id", "trace_id"} {
		set(map[string]string{"event_id": "event.id", "trace_id": "trace"}[c], driveBy("SELECT de.issue_id FROM events AS de WHERE de.org_id = ?", "de."+c, scope.OrgID))
	}
	set("replay", driveBy("SELECT dl.issue_id FROM replay_links AS dl WHERE dl.org_id = ? AND dl.issue_id IS NOT NULL", "dl.replay_id", scope.OrgID))
	set("text", s.textDrive(scope, false))
	set("title", s.textDrive(scope, true))
	set("culprit", s.textDrive(scope, true))
	for _, key := range tagsNamed(f) {
		fs[TagField+key] = field{expr: "it.value", in: "SELECT 1 FROM issue_tags AS it WHERE it.owner_id = i.id AND it.key = ?", args: []any{key},
			or: cutTag(scope, key), drive: s.issueTagDrive(scope, key)}
	}
	return fs
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
		hashes = append(hashes, tagHash(scope.OrgID, key, text))
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
		return "EXISTS (SELECT 1 FROM issue_tag_keys AS ck WHERE ck.owner_id = i.id AND ck.key = ? AND ck.cut) AND EXISTS (SELECT 1 " + ofTag + " AND ce.issue_id = i.id)",
			[]any{key, bun.List(hashes)}
	}
}

// issueTagDrive finds issues by a tag. A pattern is looked up among the values that the projects' events had.
func (s *Store) issueTagDrive(scope Scope, key string) drive {
	const from = "SELECT dt.owner_id FROM issue_tags AS dt WHERE dt.org_id = ? AND dt.key = ?"
	return func(f Filter) (string, []any, bool) {
		if f.Op != FilterLike || strings.HasPrefix(key, MarkPrefix+"stack.") || strings.HasPrefix(key, MarkPrefix+"flags.") { // which projects do not count
			query, args, ok := driveBy(from, "dt.value", scope.OrgID, key)(f)
			if hashes := tagHashes(scope, key, f); hashes != nil {
				query += " UNION ALL SELECT ce.issue_id " + ofTag + " AND EXISTS (SELECT 1 FROM issue_tag_keys AS ck WHERE ck.org_id = ? AND ck.key = ? AND ck.cut)"
				args = append(args, bun.List(hashes), scope.OrgID, key)
			}
			return query, args, ok
		}
		cmp, args := f.compare("dp.value")
		return from + " AND dt.value IN (SELECT dp.value FROM project_tags AS dp WHERE dp.org_id = ? AND dp.key = ? AND " + cmp + ")",
			append([]any{scope.OrgID, key, scope.OrgID, key}, args...), true
	}
}

// textDrive finds issues by a part of their texts, by its trigrams. With whole, issues that have more texts than
// are kept are among them: one that is not kept may fit.
func (s *Store) textDrive(scope Scope, whole bool) drive {
	return func(f Filter) (string, []any, bool) {
		grams := gramsOf(f)
		if len(grams) == 0 {
			return "", nil, false
		}
		query := "SELECT dx.issue_id FROM issue_texts AS dx WHERE dx.org_id = ? AND dx.text LIKE ? ESCAPE '!'" // it is folded already
		args := []any{scope.OrgID, likePattern(f.Parts)}
		if !s.postgres() { // by the trigrams of its own table; Postgres finds them for LIKE
			query += " AND dx.id IN (SELECT rowid FROM issue_grams WHERE issue_grams MATCH ?)"
			args = append(args, strings.Join(grams, " AND "))
		}
		if whole {
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

// narrow looks for a condition of a filter that leaves few rows, or for several that do together, and gives the
// ids of those rows. Not found: the list is to be walked in its order, where every condition is met often.
//
// Each probe reads at most maxNarrow ids from an index.
func narrow[ID comparable](ctx context.Context, s *Store, fields map[string]field, f Filter) (ids []ID, found bool, err error) {
	type source struct {
		query string
		args  []any
	}
	var dense []source
	probe := func(query string, args []any) ([]ID, error) {
		var got []ID
		err := s.read.NewRaw("SELECT * FROM ("+query+") AS driven LIMIT ?", append(args, maxNarrow+1)...).Scan(ctx, &got)
		if err != nil {
			return nil, border(fmt.Errorf("narrow a search: %w", err))
		}
		return got, nil
	}
	keep := func(got []ID) {
		if len(got) <= maxNarrow && (!found || len(got) < len(ids)) {
			ids, found = got, true
		}
	}
	for _, c := range conjuncts(f) {
		query, args, ok := driveOf(fields, c)
		if !ok {
			continue
		}
		got, err := probe(query, args)
		if err != nil {
			return nil, false, err
		}
		if keep(got); len(got) > maxNarrow {
			dense = append(dense, source{query, args})
		}
		if found && len(ids) <= maxNarrow/10 {
			break
		}
	}
	if !found && len(dense) > 1 {
		var parts []string
		var args []any
		for _, d := range dense {
			parts, args = append(parts, "SELECT * FROM ("+d.query+") AS one"), append(args, d.args...)
		}
		got, err := probe(strings.Join(parts, " INTERSECT "), args)
		if err != nil {
			return nil, false, err
		}
		keep(got)
	}
	return distinct(ids), found, nil
}

func distinct[T comparable](in []T) []T {
	seen := make(map[T]bool, len(in))
	return slices.DeleteFunc(in, func(v T) bool {
		had := seen[v]
		seen[v] = true
		return had
	})
}

// listedIssues are what a query asks for, by an index: a walk in the order of the list, or few that are
// looked up. columns gives the name of a column as it is to be written.
func (s *Store) listedIssues(ctx context.Context, q *bun.SelectQuery, scope Scope, in IssueQuery) (_ *bun.SelectQuery, columns string, err error) {
	fields := s.issueFieldsOf(scope, in.Filter)
	ids, few, err := narrow[int64](ctx, s, fields, in.Filter)
	if err != nil {
		return nil, "", err
	}
	columns = "i."
	if few {
		columns = "+i." // no index but that of the ids is to be used
		q = q.Where("i.id IN (?)", bun.List(append(ids, 0)))
	}
	q = q.Where(columns+"org_id = ?", scope.OrgID)
	if len(in.Projects) > 0 {
		q = q.Where(columns+"project_id IN (?)", bun.List(in.Projects))
	}
	if in.FromMS != 0 {
		q = q.Where(columns+"last_seen_ms >= ?", in.FromMS)
	}
	if in.ToMS != 0 {
		q = q.Where(columns+"first_seen_ms <= ?", in.ToMS)
	}
	where, args, err := in.Filter.where(fields)
	if err != nil {
		return nil, "", err
	}
	return q.Where(where, args...), columns, nil
}
