package api

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/hindsight-dev/hindsight/store"
)

// statsWindow reads since, until and resolution; a series has at most 1000 points.
func (a *API) statsWindow(since, until float64, resolution string) (fromMS, toMS, stepMS int64, err error) {
	step, ok := parsePeriod(cmp.Or(resolution, "1h"))
	if !ok || step < time.Second {
		return 0, 0, 0, badRequest("Invalid resolution: want a number and one of s, m, h, d, w, such as 1h.")
	}
	now := a.Now().UnixMilli()
	toMS, stepMS = now, step.Milliseconds()
	if until > 0 {
		toMS = int64(until * 1000)
	}
	fromMS = toMS - 24*time.Hour.Milliseconds()
	if since > 0 {
		fromMS = int64(since * 1000)
	}
	if fromMS >= toMS || (toMS-fromMS)/stepMS > 1000 || toMS > now+366*24*time.Hour.Milliseconds() {
		return 0, 0, 0, badRequest(fmt.Sprintf("The window from since to until must have 1 to 1000 steps of %s.", step))
	}
	return fromMS - fromMS%stepMS, toMS, stepMS, nil
}

func (b *MonitorBucket) count(status string, n int64) {
	switch status {
	case store.CheckInOK:
		b.OK += n
	case store.CheckInError:
		b.Error += n
	case store.CheckInMissed:
		b.Missed += n
	case store.CheckInTimeout:
		b.Timeout += n
	case store.CheckInProgress:
		b.InProgress += n
	default:
		b.Unknown += n
	}
}

func (a *API) getMonitorStats(ctx context.Context, in *MonitorStatsInput) (*One[[]MonitorBucket], error) {
	m, err := a.findMonitor(ctx, in.Monitor)
	if err != nil {
		return nil, err
	}
	fromMS, toMS, stepMS, err := a.statsWindow(in.Since, in.Until, in.Resolution)
	if err != nil {
		return nil, err
	}
	rows, err := a.Store.CheckInStats(ctx, from(ctx).scope, []store.Monitor{*m}, nonEmpty(in.Environment), fromMS, toMS, stepMS)
	if err != nil {
		return nil, a.fail("count check-ins", err)
	}
	out := []MonitorBucket{}
	for ms := fromMS; ms < toMS; ms += stepMS {
		b := MonitorBucket{TS: ms / 1000}
		for _, r := range rows {
			if r.BucketMS == ms {
				b.count(r.Status, r.N)
			}
		}
		out = append(out, b)
	}
	return one(out), nil
}

// listMonitorsStats gives by slug a series of [epoch seconds, {environment: {status: count}}].
func (a *API) listMonitorsStats(ctx context.Context, in *MonitorsStatsInput) (*One[map[string][][2]any], error) {
	rq := from(ctx)
	names := nonEmpty(in.Monitor)
	if len(names) > 100 {
		return nil, badRequest("At most 100 monitors can be asked for at once.")
	}
	fromMS, toMS, stepMS, err := a.statsWindow(in.Since, in.Until, in.Resolution)
	if err != nil {
		return nil, err
	}
	ms := make([]store.Monitor, 0, len(names))
	keys := map[string]string{}
	for _, name := range names {
		m, err := a.findMonitor(ctx, name)
		if err != nil {
			return nil, err
		}
		ms = append(ms, *m)
		keys[strconv.FormatInt(m.ProjectID, 10)+"/"+m.Slug] = name
	}
	rows, err := a.Store.CheckInStats(ctx, rq.scope, ms, nonEmpty(in.Environment), fromMS, toMS, stepMS)
	if err != nil {
		return nil, a.fail("count check-ins", err)
	}
	counts := map[string]map[int64]map[string]map[string]int64{}
	for _, r := range rows {
		key := keys[strconv.FormatInt(r.ProjectID, 10)+"/"+r.Slug]
		if counts[key] == nil {
			counts[key] = map[int64]map[string]map[string]int64{}
		}
		if counts[key][r.BucketMS] == nil {
			counts[key][r.BucketMS] = map[string]map[string]int64{}
		}
		if counts[key][r.BucketMS][r.Environment] == nil {
			counts[key][r.BucketMS][r.Environment] = map[string]int64{}
		}
		counts[key][r.BucketMS][r.Environment][r.Status] += r.N
	}
	out := map[string][][2]any{}
	for _, name := range names {
		out[name] = [][2]any{}
		for t := fromMS; t < toMS; t += stepMS {
			envs := counts[name][t]
			if envs == nil {
				envs = map[string]map[string]int64{}
			}
			out[name] = append(out[name], [2]any{t / 1000, envs})
		}
	}
	return one(out), nil
}
