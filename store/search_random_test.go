package store_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// Random questions, asked of the store and of the rows themselves: whichever way the store takes to its rows, the
// answers are the same.

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

var orderings = []store.FilterOp{store.FilterGt, store.FilterGte, store.FilterLt, store.FilterLte, store.FilterEq}

// filter is a random condition. leaf makes a comparison.
func (x *searched) filter(depth int, leaf func() store.Filter) store.Filter {
	f := store.Filter{Op: store.FilterAll}
	switch n := x.rnd.IntN(10); {
	case depth == 0 || n < 3:
		return leaf()
	case n < 4:
		return store.Filter{Op: store.FilterNot, Subs: []store.Filter{x.filter(depth-1, leaf)}}
	case n < 6:
		f.Op = store.FilterAny
	}
	for range 1 + x.rnd.IntN(3) {
		f.Subs = append(f.Subs, x.filter(depth-1, leaf))
	}
	return f
}

// pattern is a part of a text, at its begin, its end or in it; in any case of letters.
func (x *searched) pattern(field, text string) store.Filter {
	r, letters := x.rnd, []rune(text)
	from := r.IntN(len(letters))
	to := min(from+1+r.IntN(8), len(letters))
	parts := []string{"", string(letters[from:to]), ""}
	switch r.IntN(5) {
	case 0: // of the begin
		parts = []string{string(letters[:to]), ""}
	case 1: // of the end
		parts = []string{"", string(letters[from:])}
	case 2: // two parts
		parts = []string{"", string(letters[:1+from/2]), string(letters[from:to]), ""}
	}
	if r.IntN(2) == 0 {
		for i := range parts {
			parts[i] = lowered(parts[i])
		}
	}
	return store.Filter{Op: store.FilterLike, Field: field, Parts: parts}
}

func (x *searched) number(field string, near int64) store.Filter {
	return store.Filter{Op: pick(x.rnd, orderings...), Field: field, Values: []any{near + int64(x.rnd.IntN(3)) - 1}}
}

func is(field string, vs ...any) store.Filter {
	return store.Filter{Op: store.FilterEq, Field: field, Values: vs}
}

func some(field string) store.Filter {
	return store.Filter{Op: store.FilterGt, Field: field, Values: []any{""}}
}

// tag compares a tag that a random event has.
func (x *searched) tag(field string, value string) store.Filter {
	switch x.rnd.IntN(6) {
	case 0:
		return some(field)
	case 1, 2:
		return x.pattern(field, value)
	case 3:
		return is(field, value, pick(x.rnd, "old", "Chrome 1", "nothing of it"))
	}
	return is(field, value)
}

func (x *searched) anyTag() store.Filter {
	r := x.rnd
	tags := store.TagsOf(pick(r, x.events...).Tags)
	var keys []string
	for k := range tags {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	key := pick(r, keys...)
	if key == "order" { // a pattern may not find what is not kept
		return is(store.TagField+key, tags[key])
	}
	return x.tag(store.TagField+key, tags[key])
}

func (x *searched) mark() store.Filter {
	if x.rnd.IntN(2) == 0 {
		return x.tag(store.TagField+"@error.type", fmt.Sprint("Cause", x.rnd.IntN(7)))
	}
	return x.tag(store.TagField+"@stack.function", fmt.Sprint("doWork", x.rnd.IntN(60)))
}

func (x *searched) trace() store.Filter {
	if e := pick(x.rnd, x.events...); e.TraceID != nil {
		return is("trace", *e.TraceID)
	}
	return some("trace")
}

// issueLeaf is a random comparison of issues.
func (x *searched) issueLeaf() store.Filter {
	r, i := x.rnd, pick(x.rnd, x.issues...)
	switch r.IntN(22) {
	case 0:
		return is("status", pick[any](r, "unresolved", "resolved", "ignored"))
	case 1:
		return is(pick(r, "assigned", "for_review", "unhandled"), r.IntN(2) == 0)
	case 2:
		return pick(r, is("level", "error"), is("type", "csp"), is("priority", "low"), is("assignee_id", int64(7)), is("side", store.SideFrontend), is("project_id", x.projects[0]))
	case 3, 4:
		return x.pattern("title", i.Title)
	case 5:
		return is("title", i.Title)
	case 6:
		return x.pattern("culprit", cmp.Or(i.Culprit, "shop"))
	case 7, 8:
		return x.pattern("text", pick(r, x.events...).Title)
	case 9:
		return x.pattern("metadata.value", "value 1 of it")
	case 10:
		return x.number("times_seen", i.TimesSeen)
	case 11:
		return x.number("users_seen", i.UsersSeen)
	case 12:
		return x.number(pick(r, "first_seen_ms", "last_seen_ms"), pick(r, i.FirstSeenMS, i.LastSeenMS))
	case 13:
		return pick(r, is("first_release", i.FirstRelease), some("first_release"), x.pattern("first_release", cmp.Or(i.FirstRelease, "app")))
	case 14:
		return pick(r, x.trace(), is("event.id", pick(r, x.events...).EventID), x.number("event.timestamp", i.LastSeenMS))
	case 15:
		return x.mark()
	case 16:
		return is(pick(r, "bookmarked_by", "subscribed_by"), pick(r, followers...))
	case 17:
		return x.replay()
	}
	return x.anyTag()
}

func (x *searched) replay() store.Filter {
	if x.rnd.IntN(3) == 0 {
		return some("replay")
	}
	return is("replay", replayID(x.rnd.IntN(randomReplays)), replayID(x.rnd.IntN(randomReplays)))
}

// limit has the store take other ways than so few rows need.
func (x *searched) limit() store.SearchLimits {
	l, r := store.UsualLimits(), x.rnd
	l.Narrow = pick(r, 0, 0, 3, 20, l.Narrow)
	l.Tried, l.Walked = pick(r, 1, 7, 40, l.Tried), pick(r, 1, 7, 40, l.Walked)
	l.Walking, l.Patience = pick(r, 0, 0, time.Minute), pick(r, 0, time.Minute)
	l.Driven = pick(r, 0, 5, 60, 200, l.Driven)
	l.TextEvents = pick(r, 0, 100, l.TextEvents)
	l.PatternValues, l.FittingValues = pick(r, 0, 2, l.PatternValues), pick(r, 0, 3, l.FittingValues)
	l.ReadValues, l.GramValues, l.FrameValues = pick(r, 0, l.ReadValues), pick(r, 1, 5, l.GramValues), pick(r, 1, 5, l.FrameValues)
	x.s.SetSearchLimits(l)
	return l
}

func (x *searched) period(low, high *int64) {
	if x.rnd.IntN(3) == 0 {
		*low = int64(10_000 + x.rnd.IntN(2_500))
	}
	if x.rnd.IntN(3) == 0 {
		*high = int64(10_500 + x.rnd.IntN(2_500))
	}
}

// followed follows a list to its end and back, and gives what is wrong with it. Pages are of such a size that there are some.
func followed[T any](r *rand.Rand, want []string, read func(store.Page) (store.Paged[T], error), id func(T) string) (wrong string) {
	size := min(max(pick(r, 1, 3, 10, 100), 1+len(want)/5), 100)
	var there, back []string
	last := 0 // rows of the last page
	next := store.Page{Limit: size}
	for {
		got, err := read(next)
		if err != nil {
			return err.Error()
		}
		last = len(got.Rows)
		for _, row := range got.Rows {
			there = append(there, id(row))
		}
		if len(there) > len(want) || !got.More {
			next.Cursor = got.Prev
			break
		}
		next.Cursor = got.Next
	}
	if !slices.Equal(there, want) {
		return fmt.Sprintf("pages of %d:\n have %v\n want %v", size, there, want)
	}
	if len(want) == 0 || r.IntN(3) > 0 {
		return ""
	}
	for next.Cursor != nil {
		got, err := read(next)
		if err != nil {
			return err.Error()
		}
		var page []string
		for _, row := range got.Rows {
			page = append(page, id(row))
		}
		back = append(page, back...)
		if len(back) > len(want) {
			break
		}
		if next.Cursor = got.Prev; !got.HasPrev {
			break
		}
	}
	if before := want[:len(want)-last]; !slices.Equal(back, before) {
		return fmt.Sprintf("pages of %d, backwards:\n have %v\n want %v", size, back, before)
	}
	return ""
}

// ways notes how a page of issues was read.
type ways struct{ steps []string }

func (w *ways) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }

// fewIDs are those of rows that are looked up.
var fewIDs = regexp.MustCompile(`i\.id IN \(\d`)

// manySteps are those of a walk after the first.
var manySteps = regexp.MustCompile(`reach walk( reach walk)+`)

func (w *ways) AfterQuery(_ context.Context, e *bun.QueryEvent) {
	switch q := e.Query; {
	case strings.HasPrefix(q, `SELECT i.`):
		w.steps = append(w.steps, "reach")
	case strings.HasPrefix(q, `SELECT "i"."id", `) && !fewIDs.MatchString(q):
		w.steps = append(w.steps, "walk")
	case !strings.HasPrefix(q, `SELECT "i"."id" FROM`): // or the rows of places that are known
	case strings.Contains(q, " INTERSECT "):
		w.steps = append(w.steps, "several")
	case strings.Contains(q, ") AS driven)"):
		w.steps = append(w.steps, "driven")
	default:
		w.steps = append(w.steps, "few")
	}
}

func TestRandomIssueSearches(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		x := fillSearched(t, s)
		w := &ways{}
		s.SetReader(s.Reader().WithQueryHook(w))
		found := 0
		for n := range 150 {
			limits := x.limit()
			q := store.IssueQuery{Filter: x.filter(3, x.issueLeaf), Sort: pick(x.rnd, store.IssuesByLastSeen, store.IssuesByFirstSeen, store.IssuesByEvents, store.IssuesByUsers)}
			if n%5 == 0 { // conditions that indexes find many rows of
				q.Filter = store.And(x.anyTag(), x.mark(), q.Filter)
			}
			if x.rnd.IntN(3) == 0 {
				q.Projects = x.projects[:1+x.rnd.IntN(2)]
			}
			q.Partial = x.rnd.IntN(2) == 0
			x.period(&q.FromMS, &q.ToMS)
			want := x.wantIssues(q)
			found += min(len(want), 1)
			wrong := followed(x.rnd, want, func(p store.Page) (store.Paged[store.Issue], error) {
				q.Page, w.steps = p, nil
				got, err := s.Issues(t.Context(), x.scope, q)
				if p.Cursor == nil {
					x.taken[manySteps.ReplaceAllString(strings.Join(w.steps, " "), "steps")]++
				}
				return got, err
			}, func(i store.Issue) string { return strconv.FormatInt(i.ID, 10) })
			if wrong == "" {
				limit := pick(x.rnd, 5, 1000)
				got, exact, err := s.CountIssues(t.Context(), x.scope, q, limit)
				if all := int64(min(limit, len(want))); err != nil || got > all || got != all && (exact || limits.Walking > 0) {
					wrong = fmt.Sprintf("counted %d of %d up to %d, exact %v: %v", got, len(want), limit, exact, err)
				}
			}
			if wrong != "" {
				t.Errorf("question %d by %s, projects %v, %d to %d, limits %+v, first page by %v: %s\n%s", n, q.Sort, q.Projects, q.FromMS, q.ToMS, limits, w.steps, told(q.Filter), wrong)
			}
		}
		t.Logf("%d found something; ways to first pages: %v", found, x.taken)
		for _, way := range []string{"few", "reach walk", "steps", "reach walk driven", "reach walk several"} {
			if x.taken[way] == 0 {
				t.Errorf("no question was answered by %q", way)
			}
		}
	})
}

func (x *searched) wantIssues(q store.IssueQuery) (ids []string) {
	place := map[string]func(store.Issue) int64{
		store.IssuesByLastSeen: func(i store.Issue) int64 { return i.LastSeenMS }, store.IssuesByFirstSeen: func(i store.Issue) int64 { return i.FirstSeenMS },
		store.IssuesByEvents: func(i store.Issue) int64 { return i.TimesSeen }, store.IssuesByUsers: func(i store.Issue) int64 { return i.UsersSeen },
	}[q.Sort]
	var rows []store.Issue
	for _, i := range x.issues {
		if (len(q.Projects) == 0 || slices.Contains(q.Projects, i.ProjectID)) && i.LastSeenMS >= q.FromMS && (q.ToMS == 0 || i.FirstSeenMS <= q.ToMS) && fits(q.Filter, x.ofIssue[i.ID]) {
			rows = append(rows, i)
		}
	}
	slices.SortFunc(rows, func(a, b store.Issue) int { return -cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a.ID, b.ID)) })
	for _, i := range rows {
		ids = append(ids, strconv.FormatInt(i.ID, 10))
	}
	return ids
}

func told(f store.Filter) string {
	var subs []string
	for _, s := range f.Subs {
		subs = append(subs, told(s))
	}
	word := []string{"all", "any", "not", "=", ">", ">=", "<", "<=", "some", "match", "like"}[f.Op]
	if f.Op <= store.FilterNot {
		return word + "(" + strings.Join(subs, ", ") + ")"
	}
	return fmt.Sprintf("%s %s %q%q", f.Field, word, f.Values, f.Parts)
}
