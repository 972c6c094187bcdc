package store_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/uptrace/bun"

	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// eventLeaf is a random comparison of events.
func (x *searched) eventLeaf() store.Filter {
	r, e := x.rnd, pick(x.rnd, x.events...)
	switch r.IntN(16) {
	case 0:
		return pick(r, is("level", e.Level), is("unhandled", e.Unhandled), is("side", e.Side), is("type", "csp"), is("project_id", e.ProjectID))
	case 1, 2:
		return x.pattern("title", e.Title)
	case 3:
		return x.pattern("culprit", cmp.Or(e.Culprit, "shop"))
	case 4, 5:
		field := pick(r, "environment", "release", "user")
		return x.tag(field, cmp.Or(map[string]string{"environment": e.Environment, "release": e.Release, "user": e.UserKey}[field], "x"))
	case 6:
		return pick(r, x.trace(), is("event.id", e.EventID))
	case 7:
		return x.number("event.timestamp", e.TimestampMS)
	case 8:
		return x.mark()
	case 9:
		return x.replay()
	}
	return x.anyTag()
}

// alongTags counts the walks that went along the events of tags.
type alongTags struct{ walks int }

func (a *alongTags) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }

func (a *alongTags) AfterQuery(_ context.Context, e *bun.QueryEvent) {
	if strings.HasPrefix(e.Query, "SELECT ct.timestamp_ms, ct.event_id") || strings.HasPrefix(e.Query, "(SELECT ct.timestamp_ms, ct.event_id") {
		a.walks++
	}
}

func TestRandomEventSearches(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		x := fillSearched(t, s)
		along := &alongTags{}
		s.SetReader(s.Reader().WithQueryHook(along))
		found := 0
		for n := range 100 {
			limits := x.limit()
			if limits.Walked, limits.Tried = max(limits.Walked, 25), max(limits.Tried, 3); limits.Patience == 0 { // a step is a page
				limits.Tried = 50
			}
			s.SetSearchLimits(limits)
			q := store.EventQuery{Filter: x.filter(3, x.eventLeaf), Ascending: x.rnd.IntN(3) == 0}
			switch x.rnd.IntN(4) {
			case 0:
				q.IssueID = pick(x.rnd, x.issues...).ID
			case 1:
				q.ProjectID = x.projects[0]
			case 2:
				q.Projects = x.projects[:1+x.rnd.IntN(2)]
			}
			if x.rnd.IntN(4) == 0 {
				q.Environments = []string{"Staging", "production"}[:1+x.rnd.IntN(2)]
			}
			x.period(&q.FromMS, &q.ToMS)
			want := x.wantEvents(q)
			found += min(len(want), 1)
			wrong := followed(x.rnd, want, func(p store.Page) (store.Paged[store.Event], error) {
				q.Page = p
				return s.Events(t.Context(), x.scope, q)
			}, func(e store.Event) string { return e.EventID })
			if wrong == "" {
				limit := pick(x.rnd, 5, 10_000)
				var each []string
				more, err := s.EachEvent(t.Context(), x.scope, q, 1_000_000, func(e *store.Event) error { each = append(each, e.EventID); return nil })
				if q.Ascending {
					slices.Reverse(each)
				}
				if err != nil || more || !slices.Equal(each, want) {
					wrong = fmt.Sprintf("each:\n have %v\n want %v: %v, more %v", each, want, err, more)
				}
				if got, err := s.CountEvents(t.Context(), x.scope, q, limit); err != nil || got != int64(min(limit, len(want))) {
					wrong = fmt.Sprintf("counted %d of %d up to %d: %v", got, len(want), limit, err)
				}
			}
			if wrong != "" {
				t.Errorf("question %d, issue %d, project %d, projects %v, environments %q, %d to %d, limits %+v: %s\n%s", n, q.IssueID, q.ProjectID, q.Projects, q.Environments, q.FromMS, q.ToMS, limits, told(q.Filter), wrong)
			}
		}
		if along.walks == 0 {
			t.Error("no walk went along the events of tags")
		}
		if found < 30 {
			t.Errorf("only %d questions found something", found)
		}
	})
}

func (x *searched) wantEvents(q store.EventQuery) (ids []string) {
	var rows []store.Event
	for _, e := range x.events {
		switch {
		case q.IssueID != 0 && e.IssueID != q.IssueID, q.ProjectID != 0 && e.ProjectID != q.ProjectID, len(q.Projects) > 0 && !slices.Contains(q.Projects, e.ProjectID),
			len(q.Environments) > 0 && !slices.Contains(q.Environments, e.Environment), e.TimestampMS < q.FromMS, q.ToMS != 0 && e.TimestampMS > q.ToMS, !fits(q.Filter, x.ofEvent[e.EventID]):
			continue
		}
		rows = append(rows, e)
	}
	slices.SortFunc(rows, func(a, b store.Event) int {
		return -cmp.Or(cmp.Compare(a.TimestampMS, b.TimestampMS), cmp.Compare(a.EventID, b.EventID))
	})
	if q.Ascending {
		slices.Reverse(rows)
	}
	for _, e := range rows {
		ids = append(ids, e.EventID)
	}
	return ids
}

// Values are completed alike when projects have few of them, and when they are held to have very many.
func TestRandomTagValues(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		x := fillSearched(t, s)
		for n := range 150 {
			l := store.UsualListLimits()
			if x.rnd.IntN(3) > 0 {
				l.Exact = 0
			}
			q := store.TagQuery{Key: pick(x.rnd, "browser", "@user.email", "server", "@error.type", "user", "release", "order"), Newest: x.rnd.IntN(3) == 0, Limit: pick(x.rnd, 1, 5, 1000)}
			all := x.values(q)
			if x.rnd.IntN(3) == 0 {
				q.Projects = x.projects[:1+x.rnd.IntN(2)]
			}
			if x.rnd.IntN(2) == 0 {
				letters := []rune(pick(x.rnd, all...).Value)
				from := x.rnd.IntN(len(letters))
				q.Contains = string(letters[from:min(len(letters), from+1+x.rnd.IntN(5))])
			}
			if x.rnd.IntN(3) == 0 {
				q.Offset = x.rnd.IntN(4)
			}
			if x.rnd.IntN(3) == 0 {
				q.FromMS = int64(10_000 + x.rnd.IntN(3_000))
			}
			s.SetListLimits(l)
			want := x.values(q)
			want = want[min(q.Offset, len(want)):]
			want = want[:min(q.Limit, len(want))]
			got, err := s.TagValues(t.Context(), x.scope, q)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("question %d, %+v of %+v: %v\n have %v\n want %v", n, q, l, err, got, want)
			}
		}
	})
}

// values counts the values of a key among the events.
func (x *searched) values(q store.TagQuery) (out []store.ValueCount) {
	type owned struct {
		project int64
		value   string
	}
	sums := map[owned]*store.ValueCount{}
	for _, e := range x.events {
		v, ok := store.TagsOf(e.Tags)[q.Key]
		if !ok || len(q.Projects) > 0 && !slices.Contains(q.Projects, e.ProjectID) || !strings.Contains(lowered(v), lowered(q.Contains)) {
			continue
		}
		c := sums[owned{e.ProjectID, v}]
		if c == nil {
			c = &store.ValueCount{Key: q.Key, Value: v, FirstMS: e.TimestampMS}
			sums[owned{e.ProjectID, v}] = c
		}
		c.Events++
		c.FirstMS, c.LastMS = min(c.FirstMS, e.TimestampMS), max(c.LastMS, e.TimestampMS)
	}
	byValue := map[string]store.ValueCount{}
	for o, c := range sums {
		if c.LastMS < q.FromMS { // a project that did not have it since then does not count it
			continue
		}
		sum, ok := byValue[o.value]
		if !ok {
			sum = store.ValueCount{Key: q.Key, Value: o.value, FirstMS: c.FirstMS}
		}
		sum.Events += c.Events
		sum.FirstMS, sum.LastMS = min(sum.FirstMS, c.FirstMS), max(sum.LastMS, c.LastMS)
		byValue[o.value] = sum
	}
	for _, c := range byValue {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b store.ValueCount) int {
		if q.Newest {
			return cmp.Or(cmp.Compare(b.LastMS, a.LastMS), cmp.Compare(a.Value, b.Value))
		}
		return cmp.Or(cmp.Compare(b.Events, a.Events), cmp.Compare(a.Value, b.Value))
	})
	return out
}
