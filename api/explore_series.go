package api

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hindsight-dev/hindsight/api/explore"
)

// maxTopEvents is how many groups a series can have.
const maxTopEvents = 10

// seriesAnswer is aggregates over time.
type seriesAnswer struct {
	axes    []explore.Field
	by      []string
	lines   []explore.Line
	start   int64 // milliseconds
	end     int64
	length  int64
	partial bool
	dataset string
}

// series answers a question over time.
func (a *API) series(ctx context.Context, rq *request, in *SeriesInput) (*seriesAnswer, int, error) {
	top, err := topEvents(in.TopEvents)
	if err != nil {
		return nil, 0, err
	}
	axes := nonEmpty(in.YAxis)
	if len(axes) == 0 {
		axes = []string{"count()"}
	}
	fields := slices.Clone(axes)
	if top > 0 {
		for _, f := range append(nonEmpty(in.GroupBy), nonEmpty(in.Field)...) {
			if !strings.Contains(f, "(") && !slices.Contains(fields, f) {
				fields = append(fields, f)
			}
		}
	}
	if slices.Contains(fields, "timestamp") {
		return nil, 0, badRequest("Cannot group by timestamp")
	}
	sort := nonEmpty(append(in.Sort, in.Orderby...))
	if slices.ContainsFunc(sort, func(s string) bool { return strings.TrimPrefix(s, "-") == "timestamp" }) {
		return nil, 0, badRequest("Cannot order by timestamp")
	}
	s, err := a.explorer(ctx, rq, in.ExploreParams, fields, sort)
	if err != nil {
		return nil, 0, err
	}
	if s.scan.ToMS == 0 {
		s.scan.ToMS = a.Now().UnixMilli()
	}
	interval := in.Interval
	if interval == "" {
		interval = "1h"
		if s.window() > 30*24*time.Hour {
			interval = "1d"
		} else if s.window() <= 2*time.Hour {
			interval = "1m"
		}
	}
	length, err := bucketLength(interval, s.scan.FromMS, s.scan.ToMS)
	if err != nil {
		return nil, 0, err
	}
	out := &seriesAnswer{start: s.scan.FromMS / length * length, end: s.scan.ToMS, length: length, dataset: s.dataset}
	n := int((out.end-out.start)/length) + 1
	series := s.query.Over(at(out.start), time.Duration(length)*time.Millisecond, n)
	out.axes, out.by = series.Axes(), series.GroupedBy()
	var rows []explore.Row // kept only while there may be others than the first
	others := len(out.by) > 0 && !yes(in.ExcludeOther)
	out.partial, err = s.each(ctx, func(r explore.Row) (bool, error) {
		if others {
			r = s.query.Compact(r)
			rows = append(rows, r)
		}
		return true, series.Add(r)
	})
	if err == nil {
		out.lines, err = series.Lines(max(top, 1))
	}
	if err == nil && others {
		err = out.addOthers(s.query, series, rows, n)
	}
	if err != nil {
		return nil, 0, a.fail("explore", question(err))
	}
	return out, top, nil
}

// addOthers adds a line of the rows that are in none of the others.
func (o *seriesAnswer) addOthers(q *explore.Query, series *explore.Series, rows []explore.Row, n int) error {
	rest := series.Rest(o.lines)
	other := q.Ungrouped().Over(at(o.start), time.Duration(o.length)*time.Millisecond, n)
	some := false
	for _, r := range rows {
		if rest(r) {
			some = true
			if err := other.Add(r); err != nil {
				return err
			}
		}
	}
	if !some {
		return nil
	}
	lines, err := other.Lines(1)
	if err != nil {
		return err
	}
	lines[0].Other = true
	o.lines = append(o.lines, lines[0])
	return nil
}

func topEvents(s string) (int, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	switch {
	case err != nil:
		return 0, badRequest("topEvents must be an integer")
	case n > maxTopEvents:
		return 0, badRequest("Can only get up to 10 top events")
	case n < 1:
		return 0, badRequest("topEvents needs to be at least 1")
	}
	return n, nil
}

// StatsLine is a series in the older form: [seconds, [{"count": n}]].
type StatsLine struct {
	Data          []StatsPoint   `json:"data"`
	Start         int64          `json:"start"`
	End           int64          `json:"end"`
	IsMetricsData bool           `json:"isMetricsData"`
	Meta          map[string]any `json:"meta"`
	Order         int            `json:"order"`
}

// StatsPoint is a bucket of a StatsLine.
type StatsPoint struct {
	Seconds int64
	Count   any
}

// MarshalJSON writes [seconds, [{"count": n}]].
func (p StatsPoint) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{p.Seconds, []map[string]any{{"count": p.Count}}})
}

// Schema implements huma.SchemaProvider.
func (StatsPoint) Schema(huma.Registry) *huma.Schema { return &huma.Schema{Type: huma.TypeArray} }

// EventsStats is one line, or lines by name, which may nest once more by aggregate.
type EventsStats struct {
	Line  *StatsLine
	Named map[string]EventsStats
}

// MarshalJSON writes the line, or the named ones.
func (e EventsStats) MarshalJSON() ([]byte, error) {
	if e.Line != nil {
		return json.Marshal(e.Line)
	}
	return json.Marshal(e.Named)
}

// Schema implements huma.SchemaProvider.
func (EventsStats) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{r.Schema(reflect.TypeFor[StatsLine](), true, ""), {Type: huma.TypeObject, AdditionalProperties: true}}}
}

func (a *API) eventsStats(ctx context.Context, in *SeriesInput) (*One[EventsStats], error) {
	answer, top, err := a.series(ctx, from(ctx), in)
	if err != nil {
		return nil, err
	}
	if top == 0 || len(answer.by) == 0 {
		return one(answer.stats(answer.lines[0], 0, top > 0)), nil // named per aggregate when the top was asked for
	}
	out := EventsStats{Named: map[string]EventsStats{}}
	for i, l := range answer.lines {
		out.Named[lineName(l)] = answer.stats(l, i, false)
	}
	return one(out), nil
}

// stats writes a line: as it is with one aggregate, else by aggregate.
func (o *seriesAnswer) stats(l explore.Line, order int, named bool) EventsStats {
	lineOf := func(axis, order int) EventsStats {
		f := o.axes[axis]
		kind, unit := f.Kind()
		meta := map[string]any{"fields": map[string]string{f.Name: kind}, "units": map[string]any{f.Name: orNil(unit)}, "dataScanned": scanned(o.partial)}
		s := StatsLine{Data: []StatsPoint{}, Start: o.start / 1000, End: o.end / 1000, Meta: meta, Order: order}
		for b, v := range l.Values[axis] {
			if v == nil {
				v = 0
			}
			s.Data = append(s.Data, StatsPoint{Seconds: (o.start + int64(b)*o.length) / 1000, Count: cellNumber(v)})
		}
		return EventsStats{Line: &s}
	}
	if len(o.axes) == 1 && !named {
		return lineOf(0, order)
	}
	out := EventsStats{Named: map[string]EventsStats{}}
	for i, f := range o.axes {
		out.Named[f.Name] = lineOf(i, i)
	}
	return out
}

func cellNumber(v any) any {
	if t, ok := v.(time.Time); ok {
		return t.Unix()
	}
	return v
}

func scanned(partial bool) string {
	if partial {
		return "partial"
	}
	return "full"
}

func lineName(l explore.Line) string {
	if l.Other {
		return "Other"
	}
	parts := make([]string, len(l.Groups))
	for i, c := range l.Groups {
		if c != nil {
			parts[i] = fmt.Sprint(cellJSON(c))
		}
	}
	return strings.Join(parts, ",")
}

func (a *API) eventsTimeSeries(ctx context.Context, in *SeriesInput) (*One[AllTimeSeries], error) {
	if in.TopEvents != "" && len(nonEmpty(in.GroupBy)) == 0 {
		if _, err := topEvents(in.TopEvents); err != nil {
			return nil, err
		}
		return nil, badRequest("groupBy is a required parameter when doing topEvents")
	}
	answer, top, err := a.series(ctx, from(ctx), in)
	if err != nil {
		return nil, err
	}
	out := AllTimeSeries{TimeSeries: []TimeSeries{}}
	out.Meta.Dataset, out.Meta.Start, out.Meta.End = answer.dataset, answer.start, answer.end
	for order, l := range answer.lines {
		for axis, f := range answer.axes {
			kind, unit := f.Kind()
			t := TimeSeries{YAxis: f.Name, Values: []TimeSeriesValue{}, Meta: TimeSeriesMeta{ValueType: kind, ValueUnit: text(unit), Interval: answer.length, IsOther: l.Other,
				DataScanned: scanned(answer.partial)}}
			if top > 0 {
				t.Meta.Order = &order
				for i, c := range l.Groups {
					t.GroupBy = append(t.GroupBy, TimeSeriesGroup{Key: answer.by[i], Value: cellJSON(c)})
				}
			}
			for b, v := range l.Values[axis] {
				ms := answer.start + int64(b)*answer.length
				if v == nil {
					v = 0
				}
				t.Values = append(t.Values, TimeSeriesValue{Timestamp: ms, Value: cellNumber(v), Incomplete: ms+answer.length > answer.end})
			}
			out.TimeSeries = append(out.TimeSeries, t)
		}
	}
	return one(out), nil
}
