package api

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/store"
)

// intervals are the lengths a bucket can have; others are rounded up to one of them.
var intervals = []time.Duration{time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour,
	2 * time.Hour, 4 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour}

const maxPoints = 10_000

// statsColumns are what outcomes can be grouped by, with the column of each.
var statsColumns = map[string]string{"outcome": "outcome", "category": "category", "reason": "reason", "project": "project_id"}

func (a *API) getStats(ctx context.Context, in *StatsInput) (*One[Stats], error) {
	rq := from(ctx)
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	from, to, err := a.window(in.WindowParams, 24*time.Hour)
	if err != nil {
		return nil, err
	}
	if to == 0 {
		to = a.Now().UnixMilli()
	}
	if from == 0 {
		from = to - 24*hour
	}
	length, err := bucketLength(in.Interval, from, to)
	if err != nil {
		return nil, err
	}
	q := store.OutcomeQuery{FromMS: from / length * length, ToMS: to, BucketMS: length, Categories: nonEmpty(in.Category), Outcomes: nonEmpty(in.Outcome), Reasons: nonEmpty(in.Reason)}
	if q.Projects, err = set.choose(FilterParams{Project: in.Project}); err != nil {
		return nil, err
	}
	groupBy := slices.Compact(slices.Sorted(slices.Values(nonEmpty(in.GroupBy))))
	for _, g := range groupBy {
		column, ok := statsColumns[g]
		if !ok {
			return nil, badRequest("Invalid groupBy: want outcome, category, reason or project.")
		}
		q.GroupBy = append(q.GroupBy, column)
	}
	fields := nonEmpty(in.Field)
	for _, f := range fields {
		if f != "sum(quantity)" && f != "sum(times_seen)" {
			return nil, badRequest("Invalid field: want sum(quantity) or sum(times_seen).")
		}
	}
	if len(fields) == 0 {
		fields = []string{"sum(quantity)"}
	}
	rows, err := a.Store.Outcomes(ctx, rq.scope, q)
	if err != nil {
		return nil, a.fail("read outcomes", err)
	}
	return one(stats(rows, q, groupBy, fields)), nil
}

func bucketLength(interval string, from, to int64) (int64, error) {
	want := time.Hour
	if interval != "" {
		d, ok := parsePeriod(interval)
		if !ok {
			return 0, badRequest("Invalid interval: want a number and one of m, h, d, such as 1h.")
		}
		want = d
	}
	length := intervals[len(intervals)-1]
	for _, d := range intervals {
		if d >= want && (to-from)/d.Milliseconds() <= maxPoints {
			length = d
			break
		}
	}
	if (to-from)/length.Milliseconds() > maxPoints {
		return 0, badRequest("Too many points: ask for a shorter window.")
	}
	return length.Milliseconds(), nil
}

// stats lays sums out as series; every series has a number for every interval.
func stats(rows []store.OutcomeSum, q store.OutcomeQuery, groupBy, fields []string) Stats {
	out := Stats{Start: at(q.FromMS), End: at(q.ToMS), Intervals: []time.Time{}, Groups: []StatsGroup{}}
	for ms := q.FromMS; ms < q.ToMS; ms += q.BucketMS {
		out.Intervals = append(out.Intervals, at(ms))
	}
	groups := map[string]*StatsGroup{}
	for _, r := range rows {
		by := map[string]any{}
		var key strings.Builder
		for _, g := range groupBy {
			by[g] = map[string]any{"outcome": r.Outcome, "category": r.Category, "reason": r.Reason, "project": r.ProjectID}[g]
			key.WriteString(strconv.Quote(r.Outcome + "\x00" + r.Category + "\x00" + r.Reason + "\x00" + itoa(r.ProjectID)))
		}
		g := groups[key.String()]
		if g == nil {
			g = &StatsGroup{By: by, Totals: map[string]int64{}, Series: map[string][]int64{}}
			for _, f := range fields {
				g.Totals[f], g.Series[f] = 0, make([]int64, len(out.Intervals))
			}
			groups[key.String()] = g
		}
		for _, f := range fields {
			if r.Bucket >= 0 && int(r.Bucket) < len(out.Intervals) {
				g.Series[f][r.Bucket] += r.Quantity
				g.Totals[f] += r.Quantity
			}
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(groups), func(x, y string) int {
		return cmp.Or(cmp.Compare(groups[y].Totals[fields[0]], groups[x].Totals[fields[0]]), cmp.Compare(x, y))
	}) {
		out.Groups = append(out.Groups, *groups[key])
	}
	return out
}
