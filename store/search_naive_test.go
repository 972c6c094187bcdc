package store_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/uptrace/bun"

	"github.com/hindsight-dev/hindsight/store"
)

// values are what a row has of a field; a comparison holds when it does for one of them.
type values func(field string) []any

func fits(f store.Filter, of values) bool {
	switch f.Op {
	case store.FilterAll:
		return !slices.ContainsFunc(f.Subs, func(s store.Filter) bool { return !fits(s, of) })
	case store.FilterAny:
		return slices.ContainsFunc(f.Subs, func(s store.Filter) bool { return fits(s, of) })
	case store.FilterNot:
		return !fits(f.Subs[0], of)
	}
	return slices.ContainsFunc(of(f.Field), func(v any) bool {
		switch f.Op {
		case store.FilterEq:
			return slices.Contains(f.Values, v)
		case store.FilterGt:
			return compared(v, f.Values[0]) > 0
		case store.FilterGte:
			return compared(v, f.Values[0]) >= 0
		case store.FilterLt:
			return compared(v, f.Values[0]) < 0
		case store.FilterLte:
			return compared(v, f.Values[0]) <= 0
		case store.FilterLike:
			return like(f.Parts, v.(string))
		}
		panic(fmt.Sprint("no naive way for ", f.Op))
	})
}

func compared(x, y any) int {
	if n, ok := x.(int64); ok {
		return cmp.Compare(n, y.(int64))
	}
	return cmp.Compare(x.(string), y.(string))
}

func like(parts []string, text string) bool {
	text, ok := strings.CutPrefix(lowered(text), lowered(parts[0]))
	for _, p := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(text, lowered(p))
		text, ok = after, ok && found
	}
	return ok && strings.HasSuffix(text, lowered(parts[len(parts)-1]))
}

// lowered is in lower case as both engines know it: of ASCII.
func lowered(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

const (
	randomIssues = 200
	randomEvents = 1_500
	manyOrders   = 1_050 // more than an issue keeps values of a key
)

// searched is what is searched: the rows that the store has, and the values of each by field.
type searched struct {
	s        *store.Store
	rnd      *rand.Rand
	scope    store.Scope
	projects []int64
	issues   []store.Issue
	events   []store.Event
	ofIssue  map[int64]values
	ofEvent  map[string]values
	said     map[string]string   // the value of an event's exception, which its text has, whatever issue it is in
	replays  map[string][]string // recordings that play, by the event that is linked to them
	members  map[string]map[int64][]any
	taken    map[string]int // ways to pages of issues
}

var (
	randomTitles = []string{"TypeError: undefined is not a function", "PaymentError: 100%_refused!", "Größe: ÄRGER in wörtern", "ab", "TimeoutError: Order took too long"}
	randomTypes  = []string{"TypeError", "PaymentError", "KeyError"}
)

// fillSearched writes issues with events, and the same for another organisation.
func fillSearched(t *testing.T, s *store.Store) *searched {
	t.Helper()
	x := &searched{s: s, rnd: rand.New(rand.NewPCG(7, 11)), ofIssue: map[int64]values{}, ofEvent: map[string]values{}, said: map[string]string{}, replays: map[string][]string{}, taken: map[string]int{}}
	org, first := seedProject(t, s, "shop")
	second := &store.Project{OrgID: org, Slug: "web", Name: "web", Settings: "{}", CreatedMS: 1}
	err := s.Tx(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewInsert().Model(second).Returning("id").Exec(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	x.scope, x.projects = store.Scope{OrgID: org}, []int64{first, second.ID}
	marks := map[string][]store.Tag{}
	var ws []*store.Write
	for n := range randomEvents {
		w := x.event(n, 1+min(x.rnd.IntN(randomIssues), x.rnd.IntN(randomIssues)))
		marks[w.Events[0].Event.EventID] = w.Events[0].Marks
		x.record(w)
		ws = append(ws, w)
	}
	for n := range manyOrders {
		w := x.event(randomEvents+n, 0)
		w.Events[0].Tags, w.Events[0].Marks = []store.Tag{{Key: "order", Value: fmt.Sprint(n)}}, nil
		ws = append(ws, w)
	}
	other, project := seedProject(t, s, "other")
	for n := range 100 {
		w := x.event(n, n)
		w.MessageID, w.OrgID = "other"+w.MessageID, other
		w.Events[0].Event.OrgID, w.Events[0].Event.ProjectID = other, project
		w.Events[0].Outcomes = nil
		ws = append(ws, w)
	}
	for n := range randomReplays / 2 { // the others never come
		ws = append(ws, segmentWrite(org, first, fmt.Sprint("r", n), replayID(n), 0, 10_000, 11_000, map[string]string{"platform": "javascript"}))
	}
	for part := range slices.Chunk(ws, 400) {
		ingest(t, s, part...)
	}
	x.merge(t)
	x.linkIssues(t)
	err = s.Tx(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		for _, set := range []string{"status = 'resolved' WHERE number % 3 = 1", "status = 'ignored', priority = 'low' WHERE number % 7 = 2", "assignee_id = 7 WHERE number % 5 = 0", "inbox_reason = 1 WHERE number % 4 = 0"} {
			if _, err := tx.NewRaw("UPDATE issues SET " + set).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	x.follow(t)
	x.read(t, marks)
	return x
}

// randomReplays are the recordings that events name; half of them are there.
const randomReplays = 24

func replayID(n int) string { return hex32(5_000 + n) }

// record has an event name a recording, now and then two.
func (x *searched) record(w *store.Write) {
	e := &w.Events[0].Event
	for range max(0, x.rnd.IntN(9)-6) {
		n := x.rnd.IntN(randomReplays)
		level, side, name, project, ms := e.Level, e.Side, e.Title, e.ProjectID, e.TimestampMS
		w.Links = append(w.Links, store.ReplayLink{OrgID: e.OrgID, ItemKind: store.ItemEvent, ItemID: e.EventID, ReplayID: replayID(n), ProjectID: &project,
			Level: &level, Side: &side, Name: &name, TimeMS: &ms, Signals: 1, CreatedMS: ms})
		if n < randomReplays/2 && !slices.Contains(x.replays[e.EventID], replayID(n)) {
			x.replays[e.EventID] = append(x.replays[e.EventID], replayID(n))
		}
	}
}

// merge makes one of some issues, and lets what they had follow.
func (x *searched) merge(t *testing.T) {
	t.Helper()
	issues := all[store.Issue](t, x.s, "id")
	for range 12 {
		a, b := pick(x.rnd, issues...), pick(x.rnd, issues...)
		if a.ID == b.ID || a.ProjectID != b.ProjectID || a.OrgID != x.scope.OrgID || max(a.TimesSeen, b.TimesSeen) >= manyOrders {
			continue
		}
		if _, err := x.s.MergeIssues(t.Context(), x.scope, []int64{a.ID, b.ID}, nil); err != nil {
			t.Fatal(err)
		}
		finish(t, x.s)
		issues = all[store.Issue](t, x.s, "id")
	}
}

// linkIssues tells links of which issue their events are, as the linker does after a batch.
func (x *searched) linkIssues(t *testing.T) {
	t.Helper()
	mustRaw(t, x.s, `UPDATE replay_links SET issue_id = (SELECT e.issue_id FROM events AS e WHERE e.org_id = replay_links.org_id AND e.event_id = replay_links.item_id AND e.project_id = replay_links.project_id)`)
}

// The people who follow issues; the last follows none.
var followers = []int64{71, 72, 73}

// follow has people bookmark issues and subscribe to them.
func (x *searched) follow(t *testing.T) {
	t.Helper()
	x.members = map[string]map[int64][]any{"bookmarked_by": {}, "subscribed_by": {}}
	for _, i := range all[store.Issue](t, x.s, "id") {
		for _, user := range followers[:2] {
			marked, subscribed := x.rnd.IntN(4) == 0, pick(x.rnd, "", "", "disabled", store.SubscribedBookmark)
			mustRaw(t, x.s, "INSERT INTO issue_members (issue_id, user_id, org_id, bookmarked, subscribed) VALUES (?, ?, ?, ?, ?)", i.ID, user, i.OrgID, marked, subscribed)
			if marked {
				x.members["bookmarked_by"][i.ID] = append(x.members["bookmarked_by"][i.ID], user)
			}
			if subscribed == store.SubscribedBookmark {
				x.members["subscribed_by"][i.ID] = append(x.members["subscribed_by"][i.ID], user)
			}
		}
	}
}

func (x *searched) event(n, issue int) *store.Write {
	r := x.rnd
	w := eventWrite(x.scope.OrgID, x.projects[issue%2], fmt.Sprint("m", n), n+1, fmt.Sprint("h", issue), int64(10_000+r.IntN(3_000)))
	e := &w.Events[0]
	e.Event.Title = randomTitles[issue%len(randomTitles)]
	if r.IntN(4) == 0 {
		e.Event.Title += fmt.Sprint(" of ", r.IntN(40))
	}
	e.Event.Culprit = []string{"", "shop.charge in pay", "Web/Cart.tsx"}[issue/3%3]
	e.Event.UserKey = []string{"", fmt.Sprint("id:", r.IntN(60))}[r.IntN(2)]
	e.Event.Level, e.Event.Unhandled = []string{"error", "warning", "fatal"}[r.IntN(3)], r.IntN(5) == 0
	e.Event.Release, e.Event.Environment = []string{"", fmt.Sprint("app@1.", issue%9), "app@2.0"}[r.IntN(3)], []string{"", "production", "Staging"}[r.IntN(3)]
	if issue%4 == 3 {
		e.Event.Side = store.SideFrontend
	}
	if r.IntN(3) == 0 {
		trace := hex32(1000 + r.IntN(400))
		e.Event.TraceID = &trace
	}
	if x.said[e.Event.EventID] == "" { // the other organisation's come later, with the same ids
		x.said[e.Event.EventID] = fmt.Sprintf("value %d of it", issue%20)
	}
	e.Issue = store.Issue{Type: []string{"error", "csp"}[issue/5%2], Title: e.Event.Title, Culprit: e.Event.Culprit, Level: e.Event.Level, Unhandled: e.Event.Unhandled, FirstRelease: e.Event.Release,
		Metadata: fmt.Sprintf(`{"type":"E","value":"value %d of it"}`, issue%20)}
	tag := func(key, value string) { e.Tags = append(e.Tags, store.Tag{Key: key, Value: value}) }
	tag("browser", []string{"Chrome 1", "Chrome 12", "firefox 9%", "Safari_!"}[r.IntN(4)])
	if r.IntN(2) == 0 {
		tag("@user.email", fmt.Sprintf("User%d@%s", r.IntN(300), []string{"x.de", "Shop.example"}[r.IntN(2)]))
	}
	if r.IntN(10) == 0 {
		tag("server", []string{"old", "web-1", "日本語"}[r.IntN(3)])
	}
	tag("@error.type", randomTypes[issue%3])
	if r.IntN(9) == 0 {
		e.Marks = append(e.Marks, store.Tag{Key: "@error.type", Value: "Cause" + fmt.Sprint(issue%6)})
	}
	for range r.IntN(3) {
		m := store.Tag{Key: "@stack.function", Value: fmt.Sprint("doWork", r.IntN(50))}
		if !slices.Contains(e.Marks, m) {
			e.Marks = append(e.Marks, m)
		}
	}
	return w
}

// read notes the rows and what they have, without the tables that are made for searching.
func (x *searched) read(t *testing.T, marks map[string][]store.Tag) {
	t.Helper()
	mine := func(org int64) bool { return org != x.scope.OrgID }
	x.issues = slices.DeleteFunc(all[store.Issue](t, x.s, "id"), func(i store.Issue) bool { return mine(i.OrgID) })
	x.events = slices.DeleteFunc(all[store.Event](t, x.s, "event_id"), func(e store.Event) bool { return mine(e.OrgID) })
	tags, has := map[int64]map[string][]any{}, map[int64]map[string][]any{}
	put := func(m map[int64]map[string][]any, issue int64, key string, v any) {
		if m[issue] == nil {
			m[issue] = map[string][]any{}
		}
		if !slices.Contains(m[issue][key], v) {
			m[issue][key] = append(m[issue][key], v)
		}
	}
	values := map[int64]string{}
	types := map[int64]string{}
	for _, i := range x.issues {
		var m struct{ Value string }
		if err := json.Unmarshal([]byte(i.Metadata), &m); err != nil {
			t.Fatal(err)
		}
		values[i.ID], types[i.ID] = m.Value, i.Type
	}
	for _, e := range x.events {
		own := store.TagsOf(e.Tags)
		for k, v := range own {
			put(tags, e.IssueID, k, v)
		}
		for _, m := range marks[e.EventID] {
			put(tags, e.IssueID, m.Key, m.Value)
		}
		put(has, e.IssueID, "text", lowered(e.Title+"\n"+e.Culprit+"\n"+x.said[e.EventID]))
		put(has, e.IssueID, "event.id", e.EventID)
		put(has, e.IssueID, "side", e.Side)
		put(has, e.IssueID, "event.timestamp", e.TimestampMS)
		if e.TraceID != nil {
			put(has, e.IssueID, "trace", *e.TraceID)
		}
		for _, id := range x.replays[e.EventID] {
			put(has, e.IssueID, "replay", id)
		}
		x.ofEvent[e.EventID] = func(field string) []any {
			if field == "replay" {
				var ids []any
				for _, id := range x.replays[e.EventID] {
					ids = append(ids, id)
				}
				return ids
			}
			if key, ok := strings.CutPrefix(field, store.TagField); ok {
				if strings.HasPrefix(key, "@stack.") {
					return tags[e.IssueID][key]
				}
				if v, ok := own[key]; ok {
					return []any{v}
				}
				return nil
			}
			if field == "trace" && e.TraceID == nil {
				return nil
			}
			return []any{map[string]func() any{
				"event.id": func() any { return e.EventID }, "level": func() any { return e.Level }, "title": func() any { return e.Title }, "culprit": func() any { return e.Culprit },
				"environment": func() any { return e.Environment }, "release": func() any { return e.Release }, "trace": func() any { return *e.TraceID }, "user": func() any { return e.UserKey },
				"unhandled": func() any { return e.Unhandled }, "side": func() any { return e.Side }, "event.timestamp": func() any { return e.TimestampMS },
				"project_id": func() any { return e.ProjectID }, "type": func() any { return types[e.IssueID] },
			}[field]()}
		}
	}
	for _, i := range x.issues {
		x.ofIssue[i.ID] = func(field string) []any {
			if key, ok := strings.CutPrefix(field, store.TagField); ok {
				return tags[i.ID][key]
			}
			if vs, ok := has[i.ID][field]; ok || field == "trace" || field == "replay" {
				return vs
			}
			if by, ok := x.members[field]; ok {
				return by[i.ID]
			}
			if field == "assignee_id" {
				if i.AssigneeID == nil {
					return nil
				}
				return []any{*i.AssigneeID}
			}
			return []any{map[string]any{
				"status": i.Status, "level": i.Level, "title": i.Title, "culprit": i.Culprit, "type": i.Type, "priority": i.Priority, "unhandled": i.Unhandled, "project_id": i.ProjectID,
				"times_seen": i.TimesSeen, "users_seen": i.UsersSeen, "first_seen_ms": i.FirstSeenMS, "last_seen_ms": i.LastSeenMS, "first_release": i.FirstRelease,
				"assigned": i.AssigneeID != nil || i.AssigneeTeamID != nil, "for_review": i.InboxReason != nil, "metadata.value": values[i.ID],
			}[field]}
		}
	}
}
