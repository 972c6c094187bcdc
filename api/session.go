package api

import (
	"time"

	"github.com/hindsight-dev/hindsight/store"
)

// SessionsParams ask how release sessions went over time.
type SessionsParams struct {
	OrgPath
	WindowParams
	FilterParams
	Query         string   `query:"query" doc:"release:x, environment:x, project:x (an id or a slug), and not of releases."`
	GroupBy       []string `query:"groupBy,explode" doc:"project, release, environment, session.status"`
	Interval      string   `query:"interval" doc:"1m to 1d; others are rounded up."`
	OrderBy       string   `query:"orderBy" doc:"One of the fields, with - the larger first. Else the most sessions first."`
	PerPage       int      `query:"per_page" doc:"Groups, at most 100."`
	IncludeTotals string   `query:"includeTotals" doc:"0: without totals."`
}

// SessionsInput asks in the names of the sessions endpoint.
type SessionsInput struct {
	SessionsParams
	Field         []string `query:"field,explode" doc:"sum(session), count_unique(user), crash_rate(session|user), crash_free_rate(session|user), errored_rate(session|user), avg|max(session.duration) in milliseconds"`
	IncludeSeries string   `query:"includeSeries" doc:"0: without series."`
}

// MetricsInput asks in the names of metrics.
type MetricsInput struct {
	SessionsParams
	Field         []string `query:"field,explode" doc:"session.all, session.healthy, session.errored, session.crashed, session.abnormal, each also with _user; session.crash_rate, session.crash_user_rate, session.crash_free_rate, session.crash_free_user_rate; session.anr_rate and session.foreground_anr_rate, which are null; count_unique(sentry.sessions.user)"`
	IncludeSeries string   `query:"includeSeries" doc:"1: with series."`
}

// Sessions is the answer to both.
type Sessions struct {
	Start     time.Time      `json:"start"`
	End       time.Time      `json:"end"`
	Query     string         `json:"query"`
	Intervals []time.Time    `json:"intervals"`
	Groups    []SessionGroup `json:"groups"`
}

// SessionGroup is one group; each of its series has as many values as there are intervals.
type SessionGroup struct {
	By     map[string]any        `json:"by" doc:"The project is a number, all else a text; nothing is null."`
	Totals map[string]*float64   `json:"totals"`
	Series map[string][]*float64 `json:"series"`
}

// What sessions can be grouped by in classes: how they went.
const (
	sessionHealthy   = "healthy"
	sessionErrored   = "errored"
	sessionCrashed   = "crashed"
	sessionAbnormal  = "abnormal"
	sessionUnhandled = "unhandled"
)

var sessionStatuses = []string{sessionHealthy, sessionErrored, sessionCrashed, sessionAbnormal, sessionUnhandled}

// sessionValue takes a field's value out of sums: of the sessions of one status, or of all when it is
// empty. nil is a value that there is none of.
type sessionValue func(sum store.SessionSum, status string) *float64

func ofSessions(s store.SessionSum) store.SessionClasses { return s.Sessions }
func ofUsers(s store.SessionSum) store.SessionClasses    { return s.Users }

// inClass counts those of a class.
func inClass(c store.SessionClasses, status string) int64 {
	switch status {
	case sessionHealthy:
		return c.Healthy()
	case sessionErrored:
		return c.Errored()
	case sessionCrashed:
		return c.Crashed
	case sessionAbnormal:
		return c.Abnormal
	case sessionUnhandled:
		return c.Unhandled
	}
	return c.All
}

// countOf is how many there were; with a class, of that class whatever the group's is.
func countOf(of func(store.SessionSum) store.SessionClasses, class string) sessionValue {
	return func(s store.SessionSum, status string) *float64 {
		n := int64(0)
		switch {
		case class == "":
			n = inClass(of(s), status)
		case status == "" || status == class:
			n = inClass(of(s), class)
		}
		return new(float64(n))
	}
}

// rateOf is a share of all, 0 to 1. Nobody has a rate within a class.
func rateOf(of func(store.SessionSum) store.SessionClasses, part func(store.SessionClasses) int64) sessionValue {
	return func(s store.SessionSum, status string) *float64 {
		c := of(s)
		if c.All == 0 || status != "" {
			return nil
		}
		return new(float64(part(c)) / float64(c.All))
	}
}

func crashed(c store.SessionClasses) int64   { return c.Crashed }
func crashFree(c store.SessionClasses) int64 { return c.All - c.Crashed }
func bad(c store.SessionClasses) int64       { return c.Bad }

// duration is one of a group's sessions that told how long they were, whatever their class.
func duration(of func(store.SessionSum) float64) sessionValue {
	return func(s store.SessionSum, status string) *float64 {
		if s.Timed == 0 || status != "" {
			return nil
		}
		return new(of(s))
	}
}

// unknownValue is of what SDKs tell and we do not keep: why a session ended abnormally.
func unknownValue(store.SessionSum, string) *float64 { return nil }

var sessionFields = map[string]sessionValue{
	"sum(session)":             countOf(ofSessions, ""),
	"count_unique(user)":       countOf(ofUsers, ""),
	"crash_rate(session)":      rateOf(ofSessions, crashed),
	"crash_rate(user)":         rateOf(ofUsers, crashed),
	"crash_free_rate(session)": rateOf(ofSessions, crashFree),
	"crash_free_rate(user)":    rateOf(ofUsers, crashFree),
	"errored_rate(session)":    rateOf(ofSessions, bad),
	"errored_rate(user)":       rateOf(ofUsers, bad),
	"avg(session.duration)":    duration(func(s store.SessionSum) float64 { return float64(s.DurationMS) / float64(s.Timed) }),
	"max(session.duration)":    duration(func(s store.SessionSum) float64 { return float64(s.MaxDuration) }),
}

var metricFields = map[string]sessionValue{
	"session.all":                        countOf(ofSessions, ""),
	"session.all_user":                   countOf(ofUsers, ""),
	"session.healthy":                    countOf(ofSessions, sessionHealthy),
	"session.healthy_user":               countOf(ofUsers, sessionHealthy),
	"session.errored":                    countOf(ofSessions, sessionErrored),
	"session.errored_user":               countOf(ofUsers, sessionErrored),
	"session.crashed":                    countOf(ofSessions, sessionCrashed),
	"session.crashed_user":               countOf(ofUsers, sessionCrashed),
	"session.abnormal":                   countOf(ofSessions, sessionAbnormal),
	"session.abnormal_user":              countOf(ofUsers, sessionAbnormal),
	"session.crash_rate":                 rateOf(ofSessions, crashed),
	"session.crash_user_rate":            rateOf(ofUsers, crashed),
	"session.crash_free_rate":            rateOf(ofSessions, crashFree),
	"session.crash_free_user_rate":       rateOf(ofUsers, crashFree),
	"session.anr_rate":                   unknownValue,
	"session.foreground_anr_rate":        unknownValue,
	"count_unique(sentry.sessions.user)": countOf(ofUsers, ""),
}
