package e2e

import (
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// traceItem is a span, or an error no span of the trace has.
type traceItem struct {
	EventType   string `json:"event_type"`
	EventID     string `json:"event_id"`
	Op          string
	Description string
	Children    []traceItem
	Errors      []traceItem
}

// trace finds every span and the error inside of it.
func (r *sdkRun) trace(t *testing.T) {
	t.Helper()
	if r.sent.Trace == "" {
		return
	}
	var spans, errs []string
	poll(within, func() bool {
		var roots []traceItem
		r.api.get(t, "/organizations/main/trace/"+r.sent.Trace+"/?statsPeriod=1d", &roots)
		spans, errs = nil, nil
		walk(roots, func(i traceItem) {
			if i.EventType == "span" {
				spans = append(spans, i.Op+" "+i.Description)
			} else {
				errs = append(errs, i.EventID)
			}
		})
		if r.sdk.want.moreSpans {
			spans = slices.DeleteFunc(spans, func(s string) bool { return !slices.Contains(r.sdk.want.spans, s) })
		}
		slices.Sort(spans)
		return slices.Equal(spans, slices.Sorted(slices.Values(r.sdk.want.spans))) && slices.Contains(errs, r.sent.InTrace)
	})
	if diff := cmp.Diff(slices.Sorted(slices.Values(r.sdk.want.spans)), spans); diff != "" {
		t.Errorf("spans of trace %s (-want +got):\n%s", r.sent.Trace, diff)
	}
	if !slices.Contains(errs, r.sent.InTrace) {
		t.Errorf("error %s is not in trace %s: %v", r.sent.InTrace, r.sent.Trace, errs)
	}
}

func walk(items []traceItem, visit func(traceItem)) {
	for _, i := range items {
		visit(i)
		walk(i.Children, visit)
		walk(i.Errors, visit)
	}
}

// replay wants the session's recording, playable from its start, with the errors that happened in it.
func (r *sdkRun) replay(t *testing.T) {
	t.Helper()
	if r.sent.Replay == "" {
		return
	}
	var one struct {
		Data struct {
			CountErrors   int `json:"count_errors"`
			CountSegments int `json:"count_segments"`
			Duration      float64
			TraceIDs      []string `json:"trace_ids"`
			ErrorIDs      []string `json:"error_ids"`
			User          struct{ ID string }
			SDK           struct{ Name, Version string }
		}
	}
	poll(within, func() bool {
		r.api.get(t, "/organizations/main/replays/"+r.sent.Replay+"/", &one)
		return one.Data.CountSegments > 1 && slices.Contains(one.Data.ErrorIDs, r.sent.Handled[0])
	})
	d := one.Data
	if d.CountSegments < 2 || d.Duration <= 0 || d.User.ID != "42" || d.SDK.Name != r.sdk.want.sdkName || d.SDK.Version != r.sent.SDK {
		t.Errorf("replay: %+v", d)
	}
	if !slices.Contains(d.ErrorIDs, r.sent.Handled[0]) {
		t.Errorf("replay has the errors %v, want %s among them", d.ErrorIDs, r.sent.Handled[0])
	}
	if !slices.Contains(d.TraceIDs, r.sent.Trace) {
		t.Errorf("replay has the traces %v, want %s among them", d.TraceIDs, r.sent.Trace)
	}
	var segments [][]struct {
		Type      int
		Timestamp float64
	}
	r.api.get(t, "/projects/main/"+r.project+"/replays/"+r.sent.Replay+"/recording-segments/?download=true&per_page=100&cursor="+url.QueryEscape("0:0:0"), &segments)
	if len(segments) != d.CountSegments || !slices.ContainsFunc(segments[0], func(e struct {
		Type      int
		Timestamp float64
	}) bool {
		return e.Type == 2
	}) {
		t.Errorf("%d segments of recording, want %d, the first with a full snapshot", len(segments), d.CountSegments)
	}
}

// poll tries until a condition holds or the time is over; what then is wrong is for its caller to say.
func poll(within time.Duration, cond func() bool) {
	deadline := time.Now().Add(within)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for !cond() && time.Now().Before(deadline) {
		<-tick.C
	}
}
