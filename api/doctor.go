package api

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/linker/link"
)

// SetupDoctor is what real traffic says about the set-up, the worst first.
type SetupDoctor struct {
	Replays  int64     `json:"replays" doc:"Looked at: of the last 7 days."`
	Errors   int64     `json:"errors" doc:"Backend errors looked at."`
	Findings []Finding `json:"findings"`
}

// Finding is something that keeps errors from finding their replay.
type Finding struct {
	ID       string `json:"id" enum:"tracing_missing,backend_loses_id,cors_blocks,poisoned_trace,buffer_hole,sdk_too_old"`
	Title    string `json:"title"`
	Detail   string `json:"detail"`
	Affected int64  `json:"affected"`
	Of       int64  `json:"of"`
	Project  string `json:"project" doc:"Slug; empty when it is no single project's."`
	Where    string `json:"where" doc:"browser, backend or web server"`
	Line     string `json:"line" doc:"What to add or change."`
}

const doctorWindow = 7 * 24 * time.Hour

func (a *API) getSetupDoctor(ctx context.Context, _ *OrgPath) (*One[SetupDoctor], error) {
	rq := from(ctx)
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	fromMS := a.Now().Add(-doctorWindow).UnixMilli()
	out := SetupDoctor{Findings: []Finding{}}
	poisoned, err := a.Store.PoisonedTraces(ctx, rq.scope, link.MaxReplaysPerTrace, 100)
	if err != nil {
		return nil, a.fail("read shared traces", err)
	}
	if len(poisoned) > 0 {
		out.Findings = append(out.Findings, Finding{ID: "poisoned_trace", Title: "Cached pages carry one trace to many visitors",
			Detail:   fmt.Sprintf("Trace %s is in %d replays. Such a trace links nothing: a wrong replay is worse than none.", poisoned[0].TraceID, poisoned[0].Replays),
			Affected: int64(len(poisoned)), Of: int64(len(poisoned)), Where: "web server", Line: "Cache-Control: no-store  # on HTML with <meta name=\"sentry-trace\">, or leave the meta tags out of it"})
	}
	setups, err := a.Store.Setup(ctx, rq.scope, fromMS)
	if err != nil {
		return nil, a.fail("read set-up", err)
	}
	sums := map[int64]*setupSum{}
	var order []int64
	for _, s := range setups {
		out.Replays += s.Replays
		if sums[s.ProjectID] == nil {
			sums[s.ProjectID] = &setupSum{}
			order = append(order, s.ProjectID)
		}
		sums[s.ProjectID].add(s.Replays, s.Asking, s.Untraced, s.Refused, s.Mode, s.SDKName, s.SDKVersion)
	}
	for _, id := range order {
		out.Findings = append(out.Findings, sums[id].findings(set.slug(id))...)
	}
	lost, err := a.lostIDs(ctx, rq, set, fromMS, &out)
	if err != nil {
		return nil, err
	}
	out.Findings = append(out.Findings, lost...)
	return one(out), nil
}

// setupSum adds up one project's replays.
type setupSum struct {
	replays, asking, untraced, refused, buffered, old int64
	oldest                                            string
}

func (s *setupSum) add(replays, asking, untraced, refused int64, mode, sdk, version string) {
	s.replays += replays
	s.asking += asking
	s.untraced += untraced
	s.refused += refused
	if mode == "buffer" {
		s.buffered += replays
	}
	if strings.Contains(sdk, "javascript") && olderThan(version, 10, 54) {
		s.old += replays
		s.oldest = sdk + " " + version
	}
}

func (s *setupSum) findings(project string) []Finding {
	var out []Finding
	if s.untraced > 0 && 2*s.untraced >= s.asking {
		out = append(out, Finding{ID: "tracing_missing", Title: "The browser sends no trace headers", Affected: s.untraced, Of: s.asking, Project: project, Where: "browser",
			Detail: "These recordings have requests and not one trace. The headers leave the browser only with the tracing integration; it needs no sample rate.",
			Line:   "integrations: [Sentry.browserTracingIntegration(), Sentry.replayIntegration()]"})
	}
	if s.refused > 0 {
		out = append(out, Finding{ID: "cors_blocks", Title: "Requests to another host get no answer", Affected: s.refused, Of: s.replays, Project: project, Where: "backend",
			Detail: "A server that does not allow the trace headers makes the browser refuse the request.", Line: "Access-Control-Allow-Headers: baggage, sentry-trace, traceparent"})
	}
	if s.replays > 0 && s.buffered == s.replays {
		out = append(out, Finding{ID: "buffer_hole", Title: "Only sessions with a frontend error are recorded", Affected: s.buffered, Of: s.replays, Project: project, Where: "browser",
			Detail: "Without a session sample rate no replay id is sent until the frontend itself breaks: a backend error that the page handles has no recording.",
			Line:   "replaysSessionSampleRate: 0.1"})
	}
	if s.old > 0 {
		out = append(out, Finding{ID: "sdk_too_old", Title: "An SDK that forgets the replay on some pages", Affected: s.old, Of: s.replays, Project: project, Where: "browser",
			Detail: s.oldest + " does not send the replay id on server-rendered pages and after an on-error recording began.", Line: "npm install @sentry/browser@latest  # 10.54 or newer"})
	}
	return out
}

// olderThan compares the first two numbers of a version; what is no version is not old.
func olderThan(version string, major, minor int) bool {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return false
	}
	x, err := strconv.Atoi(parts[0])
	y, err2 := strconv.Atoi(parts[1])
	return err == nil && err2 == nil && (x < major || x == major && y < minor)
}

// lostIDs finds backends whose errors carry the replay id in their request's baggage only.
func (a *API) lostIDs(ctx context.Context, rq *request, set *projectSet, fromMS int64, out *SetupDoctor) ([]Finding, error) {
	var ids []int64
	for i := range set.list {
		ids = append(ids, set.list[i].ID)
	}
	rows, err := a.Store.Coverage(ctx, rq.scope, ids, fromMS, 0, dayMS)
	if err != nil {
		return nil, a.fail("read coverage", err)
	}
	lost, all := map[int64]int64{}, map[int64]int64{}
	for _, r := range rows {
		out.Errors += r.Errors
		if s := link.Signals(r.Signals); s&link.Baggage != 0 {
			all[r.ProjectID] += r.Errors
			if s&(link.DSC|link.EventContext) == 0 {
				lost[r.ProjectID] += r.Errors
			}
		}
	}
	found := []Finding{}
	for i := range set.list {
		p := &set.list[i]
		if lost[p.ID] == 0 {
			continue
		}
		f := Finding{ID: "backend_loses_id", Title: "The backend drops the replay id it received", Affected: lost[p.ID], Of: all[p.ID], Project: p.Slug, Where: "backend",
			Detail: "It is read from the request's baggage header instead, which works as long as the SDK sends request headers.",
			Line:   "send_default_pii and header filters must leave the baggage header in event.request.headers"}
		if p.Platform == "go" {
			f.Line = "sentryhttp.New(sentryhttp.Options{Repanic: true})  // keep it: with EnableTracing only the request's own headers hold the id"
		}
		found = append(found, f)
	}
	return found, nil
}
