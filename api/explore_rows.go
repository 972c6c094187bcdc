package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/api/explore"
	"github.com/hindsight-dev/hindsight/store"
)

// How many rows one question goes over: the newest of its window. An answer over fewer than there are says so.
const (
	maxScannedEvents = 50_000
	maxScannedItems  = 20_000
)

// datasets are the names of what can be explored, with what each means here; "" is known and empty.
var datasets = map[string]string{
	"": "discover", "discover": "discover", "errors": "errors", "spans": "spans", "spansIndexed": "spans", "spansMetrics": "spans",
	"transactions": "transactions", "metricsEnhanced": "transactions", "metrics": "transactions", "generic_metrics": "transactions",
	"logs": "logs", "ourlogs": "logs", "tracemetrics": "", "profiles": "", "profileFunctions": "", "profile_functions": "", "uptimeChecks": "",
	"uptime_results": "", "issuePlatform": "", "replays": "",
}

func dataset(name string) (string, error) {
	d, ok := datasets[name]
	if !ok {
		var names []string
		for n := range datasets {
			if n != "" {
				names = append(names, n)
			}
		}
		slices.Sort(names)
		return "", badRequest("dataset must be one of: " + strings.Join(names, ", "))
	}
	return d, nil
}

// exploreShapes are what each dataset calls its own.
var exploreShapes = map[string]explore.Dataset{
	"errors": {Duration: "transaction.duration", Texts: []string{"title", "culprit"}, Latest: true}, "discover": {Duration: "transaction.duration", Texts: []string{"title", "culprit"}, Latest: true},
	"transactions": {Duration: "transaction.duration", Texts: []string{"transaction"}}, "spans": {Duration: "span.duration", Texts: []string{"span.description", "span.op"}},
	"logs": {Duration: "span.duration", Texts: []string{"message"}}, "": {Duration: "span.duration"},
}

// source is where the rows of a question come from.
type source struct {
	a       *API
	rq      *request
	set     *projectSet
	dataset string
	query   *explore.Query
	filter  store.Filter // of errors: the whole query
	scan    store.ScanQuery
	limit   int // rows to go over at most; 0: the dataset's own
}

// each gives the rows that fit, the newest first, until fn says that it has enough. partial says that not all
// rows of the window were looked at.
func (s *source) each(ctx context.Context, fn func(explore.Row) (bool, error)) (partial bool, err error) {
	enough := false
	take := func(r explore.Row) error {
		more, err := fn(r)
		if err == nil && !more {
			enough, err = true, errEnough
		}
		return err
	}
	read := map[string]func(context.Context, func(explore.Row) error) (bool, error){
		"errors": s.errors, "spans": s.spans, "transactions": s.spans, "logs": s.logs, "discover": s.discover,
	}[s.dataset]
	if read == nil {
		return false, nil
	}
	partial, err = read(ctx, take)
	if enough {
		return false, nil
	}
	return partial, err
}

// errEnough ends a walk over rows early.
var errEnough = &Error{Detail: "enough rows"}

func (s *source) limitOr(n int) int {
	if s.limit > 0 {
		return min(s.limit, n)
	}
	return n
}

func (s *source) errors(ctx context.Context, fn func(explore.Row) error) (bool, error) {
	q := store.EventQuery{Projects: s.scan.Projects, Environments: s.scan.Environments, FromMS: s.scan.FromMS, ToMS: s.scan.ToMS, Filter: s.filter}
	return s.a.Store.EachEvent(ctx, s.rq.scope, q, s.limitOr(maxScannedEvents), func(e *store.Event) error { return fn(s.event(e)) })
}

func (s *source) spans(ctx context.Context, fn func(explore.Row) error) (bool, error) {
	in := s.scan
	in.Segments = s.dataset == "transactions" || s.dataset == "discover"
	in.WithPayload = slices.ContainsFunc(s.query.Columns(), func(c string) bool { return !slices.Contains(spanColumns, c) })
	return s.a.Store.EachSpan(ctx, s.rq.scope, in, s.limitOr(maxScannedItems), func(sp *store.Span) error {
		if r := s.span(sp); s.query.Matches(r) {
			return fn(r)
		}
		return nil
	})
}

func (s *source) logs(ctx context.Context, fn func(explore.Row) error) (bool, error) {
	in := s.scan
	in.WithPayload = slices.ContainsFunc(s.query.Columns(), func(c string) bool { return !slices.Contains(logColumns, c) })
	in.Body = wordsOf(s.query.Where)
	return s.a.Store.EachLog(ctx, s.rq.scope, in, s.limitOr(maxScannedItems), func(l *store.Log) error {
		if r := s.log(l); s.query.Matches(r) {
			return fn(r)
		}
		return nil
	})
}

// discover is errors and transactions: those of old tools.
func (s *source) discover(ctx context.Context, fn func(explore.Row) error) (bool, error) {
	type timed struct {
		at  time.Time
		row explore.Row
	}
	var rows []timed
	keep := func(r explore.Row) error {
		t, _ := r("timestamp").(time.Time)
		rows = append(rows, timed{t, r})
		return nil
	}
	partial, err := s.errors(ctx, keep)
	if err != nil {
		return false, err
	}
	more, err := s.spans(ctx, keep)
	if err != nil {
		return false, err
	}
	slices.SortStableFunc(rows, func(x, y timed) int { return y.at.Compare(x.at) })
	for _, r := range rows {
		if err := fn(r.row); err != nil {
			return partial || more, err
		}
	}
	return partial || more, nil
}
