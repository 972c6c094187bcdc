package alert

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hindsight-dev/hindsight/alert/rule"
	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/store"
)

// facts answers what rules ask about one signal; what is dear is read when it is asked for, once.
type facts struct {
	w       *Worker
	scope   store.Scope
	signal  *store.AlertSignal
	issue   *store.Issue
	event   *store.Event // nil: it is gone
	payload *envelope.Event
}

func (w *Worker) facts(ctx context.Context, s *store.AlertSignal) (*facts, error) {
	f := &facts{w: w, scope: store.Scope{OrgID: s.OrgID}, signal: s}
	var err error
	if f.issue, err = w.cfg.Store.Issue(ctx, f.scope, s.IssueID); err != nil {
		return nil, err
	}
	if s.EventID == "" { // of an issue that was resolved: its last event says where it was
		f.event, err = w.cfg.Store.IssueEvent(ctx, f.scope, s.IssueID, true, nil)
		if errors.Is(err, store.ErrNotFound) {
			return f, nil
		}
		return f, err
	}
	f.event, err = w.cfg.Store.Event(ctx, f.scope, s.ProjectID, s.EventID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	return f, nil
}

// ruleFacts are the facts as one rule asks for them: what it counts is of its environment.
type ruleFacts struct {
	*facts
	environment string // empty: all
}

// Frequency implements rule.Facts.
func (f ruleFacts) Frequency(ctx context.Context, c rule.Count) (int64, error) {
	return f.w.cfg.Store.Frequency(ctx, f.scope, store.FrequencyQuery{IssueID: f.issue.ID, Environment: f.environment, FromMS: c.From.UnixMilli(), ToMS: c.To.UnixMilli(),
		Filter: c.Events, Limit: c.Limit, Users: c.Users})
}

// Sessions implements rule.Facts.
func (f ruleFacts) Sessions(ctx context.Context, from, to time.Time) (int64, error) {
	n, err := f.w.cfg.Store.CountSessions(ctx, f.scope, []int64{f.issue.ProjectID}, f.environment, from.UnixMilli(), to.UnixMilli())
	return n.Total, err
}

// LatestRelease implements rule.Facts.
func (f ruleFacts) LatestRelease(ctx context.Context, environment string) (string, error) {
	return f.w.cfg.Store.LatestRelease(ctx, f.scope, f.issue.ProjectID, cmp.Or(environment, f.environment))
}

// Happened implements rule.Facts.
func (f *facts) Happened() rule.Happened {
	k := f.signal.Kinds
	return rule.Happened{New: k&store.SignalNew != 0, Regressed: k&store.SignalRegressed != 0, Escalating: k&store.SignalEscalating != 0,
		Resolved: k&store.SignalResolved != 0, Event: k&store.SignalEvent != 0, Replay: k&store.SignalReplay != 0}
}

// Issue implements rule.Facts.
func (f *facts) Issue() rule.Issue {
	i := f.issue
	out := rule.Issue{Level: i.Level, Type: i.Type, Priority: i.Priority, FirstSeen: time.UnixMilli(i.FirstSeenMS), Events: i.TimesSeen, FirstRelease: i.FirstRelease}
	switch {
	case i.AssigneeID != nil:
		out.AssigneeID = *i.AssigneeID
	case i.AssigneeTeamID != nil:
		out.AssigneeID, out.AssigneeTeam = *i.AssigneeTeamID, true
	}
	return out
}

// Now implements rule.Facts.
func (f *facts) Now() time.Time { return f.w.cfg.Now() }

// Environment implements rule.Facts.
func (f *facts) Environment() string {
	if f.event == nil {
		return ""
	}
	return f.event.Environment
}

// Release implements rule.Facts.
func (f *facts) Release() string {
	if f.event == nil {
		return f.issue.LastRelease
	}
	return f.event.Release
}

// HasReplay implements rule.Facts.
func (f *facts) HasReplay(ctx context.Context) (bool, error) {
	if f.signal.ReplayID != "" {
		return true, nil
	}
	got, err := f.w.cfg.Store.EventReplays(ctx, f.scope, []string{f.signal.EventID})
	return err == nil && got[f.signal.EventID].Plays, err
}

// Values implements rule.Facts.
func (f *facts) Values(_ context.Context, tag bool, key string) ([]string, error) {
	ev, err := f.read()
	if err != nil || ev == nil {
		return nil, err
	}
	if tag {
		return tagValues(ev, f.event, key), nil
	}
	return attributeValues(ev, f.issue, key), nil
}

func (f *facts) read() (*envelope.Event, error) {
	if f.payload != nil || f.event == nil {
		return f.payload, nil
	}
	ev, err := readEvent(f.event)
	f.payload = ev
	return ev, err
}

// readEvent opens a stored event's payload.
func readEvent(e *store.Event) (*envelope.Event, error) {
	b, err := store.Decompress(e.Payload)
	if err != nil {
		return nil, fmt.Errorf("event %s: %w", e.EventID, err)
	}
	return envelope.ParseEvent(b)
}

// tagValues gives the values of a tag; level, environment, release and user are tags as well.
func tagValues(ev *envelope.Event, row *store.Event, key string) []string {
	var out []string
	for _, p := range ev.Tags {
		if p.Key == key {
			out = append(out, p.Value)
		}
	}
	if len(out) > 0 {
		return out
	}
	return some(map[string]string{"level": row.Level, "environment": row.Environment, "release": row.Release, "sentry:release": row.Release,
		"user": row.UserKey, "sentry:user": row.UserKey, "server_name": ev.ServerName, "transaction": ev.Transaction, "dist": ev.Dist}[key])
}

func some(values ...string) []string {
	var out []string
	for _, v := range values {
		if v != "" {
			out = append(out, v)
		}
	}
	return out
}

// attributeValues gives the values of an attribute, by the names of Sentry's rules.
func attributeValues(ev *envelope.Event, i *store.Issue, key string) []string {
	var out []string
	switch key {
	case "message":
		if ev.Message != nil {
			out = some(ev.Message.Formatted, ev.Message.Template)
		}
		return append(out, some(i.Title)...)
	case "platform":
		return some(ev.Platform)
	case "environment":
		return some(ev.Environment)
	case "type":
		return some(i.Type)
	case "exception.type", "error.type":
		for _, e := range ev.Exceptions {
			out = append(out, some(e.Type)...)
		}
	case "exception.value", "error.value":
		for _, e := range ev.Exceptions {
			out = append(out, some(e.Value)...)
		}
	case "error.handled", "error.unhandled":
		return []string{map[bool]string{true: "true", false: "false"}[ev.Unhandled() == (key == "error.unhandled")]}
	case "user.id", "user.email", "user.username", "user.ip_address":
		if u := ev.User; u != nil {
			return some(map[string]string{"user.id": u.ID, "user.email": u.Email, "user.username": u.Username, "user.ip_address": u.IPAddress}[key])
		}
	case "http.method", "http.url":
		if r := ev.Request; r != nil {
			return some(map[string]string{"http.method": r.Method, "http.url": r.URL}[key])
		}
	case "http.status_code":
		return some(ev.Tag("http.status_code"))
	case "sdk.name":
		if ev.SDK != nil {
			return some(ev.SDK.Name)
		}
	case "stacktrace.code", "stacktrace.module", "stacktrace.filename", "stacktrace.abs_path", "stacktrace.package":
		for _, e := range ev.Exceptions {
			if e.Stacktrace == nil {
				continue
			}
			for _, fr := range e.Stacktrace.Frames {
				out = append(out, some(map[string]string{"stacktrace.code": fr.ContextLine, "stacktrace.module": fr.Module,
					"stacktrace.filename": fr.Filename, "stacktrace.abs_path": fr.AbsPath, "stacktrace.package": fr.Package}[key])...)
			}
		}
	default:
		return some(ev.Tag(key))
	}
	return out
}
