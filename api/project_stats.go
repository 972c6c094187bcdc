package api

import (
	"context"

	"github.com/hindsight-dev/hindsight/store"
)

// ProjectStatsInput asks for one of a project's series.
type ProjectStatsInput struct {
	ProjectPath
	Stat       string `query:"stat" enum:"received,rejected,blacklisted,generated" default:"received"`
	Since      int64  `query:"since" doc:"Epoch seconds; a day ago when it is left out."`
	Until      int64  `query:"until" doc:"Epoch seconds; now when it is left out."`
	Resolution string `query:"resolution" doc:"10s, 1h or 1d: the length of a point."`
}

// statOutcomes are the outcomes that are counted by the old names: what came in, what limits refused and what filters dropped.
var statOutcomes = map[string][]string{
	"received": {"accepted", "filtered", "rate_limited", "invalid", "abuse"}, "generated": {"accepted"},
	"rejected": {"rate_limited", "abuse", "invalid"}, "blacklisted": {"filtered"},
}

// maxStatPoints bounds a series.
const maxStatPoints = 4000

// getProjectStats counts a project's error events by the old names, in points of an hour or a day. Shorter points than a minute are not kept.
func (a *API) getProjectStats(ctx context.Context, in *ProjectStatsInput) (*One[[]Point], error) {
	rq := from(ctx)
	lengths := map[string]int64{"": hour, "1h": hour, "1d": 24 * hour, "10s": 60_000, "1m": 60_000}
	length, ok := lengths[in.Resolution]
	if !ok {
		return nil, badRequest("Invalid resolution: want 10s, 1h or 1d.")
	}
	until := a.Now().UnixMilli()
	if in.Until > 0 {
		until = min(until, in.Until*1000)
	}
	since := until - 24*hour
	if in.Since > 0 {
		since = in.Since * 1000
	}
	since = since / length * length
	if since > until || (until-since)/length >= maxStatPoints {
		return nil, badRequest("since, until: want the earlier one first, and at most 4000 points.")
	}
	rows, err := a.Store.Outcomes(ctx, rq.scope, store.OutcomeQuery{FromMS: since, ToMS: until, BucketMS: length, Projects: []int64{rq.project.ID},
		Categories: []string{"error"}, Outcomes: statOutcomes[in.Stat]})
	if err != nil {
		return nil, a.fail("read outcomes", err)
	}
	out := make([]Point, (until-since)/length+1) // the last one is not over
	for n := range out {
		out[n] = Point{(since + int64(n)*length) / 1000, 0}
	}
	for _, r := range rows {
		if r.Bucket >= 0 && r.Bucket < int64(len(out)) {
			out[r.Bucket][1] += r.Quantity
		}
	}
	return one(out), nil
}
