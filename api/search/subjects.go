package search

import (
	"strconv"
	"strings"

	"github.com/hindsight-dev/hindsight/store"
)

var levels = []string{"fatal", "error", "warning", "info", "debug", "sample"}

// never and always are filters without a field.
func never() store.Filter { return store.Filter{Op: store.FilterAny} }

func hasReplay() store.Filter {
	return store.Filter{Op: store.FilterGt, Field: "replay", Values: []any{""}}
}

// Issues compiles a query over issues.
func Issues(c Context, n Node) (store.Filter, error) { return issues().compile(c, n) }

func issues() subject {
	return subject{
		name: "Issues",
		keys: map[string]key{
			"is": isKey, "assigned": assignedKey, "assigned_to": assignedKey, "issue": shortIDKey,
			"issue.id": intKey("id"), "project": projectKey, "project.name": projectKey, "project.id": projectKey,
			"level": enumKey("level", levels...), "platform": textKey("platform"), "platform.name": textKey("platform"),
			"logger": textKey("logger"), "firstSeen": dateKey("first_seen_ms"), "first_seen": dateKey("first_seen_ms"),
			"age": dateKey("first_seen_ms"), "lastSeen": dateKey("last_seen_ms"), "last_seen": dateKey("last_seen_ms"),
			"event.timestamp": dateKey("event.timestamp"), "timestamp": dateKey("event.timestamp"), "date": dateKey("event.timestamp"),
			"timesSeen": intKey("times_seen"), "times_seen": intKey("times_seen"), "userCount": intKey("users_seen"),
			"firstRelease": textKey("first_release"), "first-release": textKey("first_release"), "release": textKey("release"),
			"environment": textKey("environment"), "trace": idKey("trace"), "id": idKey("event.id"),
			"replay": idKey("replay"), "replayId": idKey("replay"), "replay.id": idKey("replay"),
			"title": substringKey("title"), "message": substringKey("title"), "culprit": substringKey("culprit"),
			"location": substringKey("metadata.filename", "culprit"), "transaction": textKey("culprit"),
			"error.type": textKey("metadata.type"), "error.value": substringKey("metadata.value"),
			"error.handled": boolKey("unhandled", true), "error.unhandled": boolKey("unhandled", false),
			"event.type": eventTypeKey, "issue.type": enumKey("type", "error", "default", "csp"), "side": enumKey("side", "backend", "frontend"),
			"issue.category": categoryKey, "user": userKey("user", ""),
			"user.id": userKey("user", "id:"), "user.email": userKey("user", "email:"), "user.username": userKey("user", "username:"), "user.ip": userKey("user", "ip:"),
		},
		has: map[string]store.Filter{
			"replay": hasReplay(), "replayId": hasReplay(), "replay.id": hasReplay(), "release": present("release"), "environment": present("environment"),
			"trace": present("trace"), "user": present("user"), "assigned": eq("assigned", true), "platform": present("platform"),
			"logger": present("logger"), "level": present("level"), "culprit": present("culprit"),
		},
		text: func(v Value) store.Filter {
			return store.Filter{Op: store.FilterAny, Subs: []store.Filter{contains("title", v), contains("culprit", v)}}
		},
	}
}

// isWords are what is: may be asked of an issue.
var isWords = map[string]store.Filter{
	"unresolved": eq("status", store.IssueUnresolved), "resolved": eq("status", store.IssueResolved),
	"ignored": eq("status", store.IssueIgnored), "archived": eq("status", store.IssueIgnored), "muted": eq("status", store.IssueIgnored),
	"assigned": eq("assigned", true), "unassigned": eq("assigned", false), "unlinked": {Op: store.FilterAll}, "linked": {Op: store.FilterAny},
	"for_review": eq("status", store.IssueUnresolved), "reprocessing": {Op: store.FilterAny},
	"new": eq("substatus", "new"), "ongoing": eq("substatus", "ongoing"), "escalating": eq("substatus", "escalating"), "regressed": eq("substatus", "regressed"),
	"archived_until_escalating":    eq("substatus", "archived_until_escalating"),
	"archived_until_condition_met": eq("substatus", "archived_until_condition_met"),
	"archived_forever":             eq("substatus", "archived_forever"),
}

const isList = "unresolved, resolved, ignored, archived, muted, reprocessing, assigned, unassigned, for_review, linked, unlinked, " +
	"new, ongoing, escalating, regressed, archived_until_escalating, archived_until_condition_met, archived_forever"

func isKey(_ Context, t Term) (store.Filter, error) {
	if err := ops(t, "="); err != nil {
		return store.Filter{}, err
	}
	if len(t.Values) > 1 {
		return store.Filter{}, errorf("\"is\" takes one value, not a list.")
	}
	f, ok := isWords[t.Values[0].Text]
	if !ok {
		return store.Filter{}, errorf("\"is:%s\" is not known; valid are %s.", clip(t.Values[0].Text), isList)
	}
	return f, nil
}

// assignedKey finds issues by who has them: me, none, an id or an e-mail address.
func assignedKey(c Context, t Term) (store.Filter, error) {
	f := store.Filter{Op: store.FilterAny}
	for _, v := range t.Values {
		who := strings.TrimPrefix(v.Text, "user:")
		id, err := strconv.ParseInt(who, 10, 64)
		switch {
		case who == "none":
			f.Subs = append(f.Subs, eq("assigned", false))
			continue
		case who == "me":
			id = c.UserID
		case err == nil:
		case c.Member != nil:
			id, _ = c.Member(who)
		}
		if id != 0 {
			f.Subs = append(f.Subs, eq("assignee_id", id))
		}
	}
	return f, nil
}

func shortIDKey(c Context, t Term) (store.Filter, error) {
	f := store.Filter{Op: store.FilterAny}
	for _, v := range t.Values {
		slug, number, ok := store.ParseShortID(v.Text)
		if !ok {
			return f, errorf("\"issue:%s\" wants a short id, such as SHOP-1.", clip(v.Text))
		}
		if project, ok := c.Project(slug); ok {
			f.Subs = append(f.Subs, store.And(eq("project_id", project), eq("number", number)))
		}
	}
	return f, nil
}

func eventTypeKey(c Context, t Term) (store.Filter, error) {
	return enumKey("type", "error", "default", "csp", "transaction")(c, t)
}

// categoryKey knows that every issue there is yet is an error.
func categoryKey(c Context, t Term) (store.Filter, error) {
	words := []string{"error", "outage", "metric", "db_query", "http_client", "frontend", "mobile", "feedback", "cron", "performance", "replay", "uptime"}
	if _, err := enumKey("type", words...)(c, t); err != nil {
		return store.Filter{}, err
	}
	for _, v := range t.Values {
		if v.Text == "error" {
			return store.Filter{Op: store.FilterAll}, nil
		}
	}
	return never(), nil
}

// Events compiles a query over events.
func Events(c Context, n Node) (store.Filter, error) { return events().compile(c, n) }

func events() subject {
	return subject{
		name: "Events",
		keys: map[string]key{
			"project": projectKey, "project.name": projectKey, "project.id": projectKey, "issue.id": intKey("issue_id"),
			"id": idKey("event.id"), "trace": idKey("trace"), "level": enumKey("level", levels...),
			"platform": textKey("platform"), "platform.name": textKey("platform"), "title": substringKey("title"), "message": substringKey("title"),
			"culprit": substringKey("culprit"), "transaction": textKey("culprit"), "environment": textKey("environment"), "release": textKey("release"),
			"error.handled": boolKey("unhandled", true), "error.unhandled": boolKey("unhandled", false), "side": enumKey("side", "backend", "frontend"),
			"timestamp": dateKey("event.timestamp"), "event.timestamp": dateKey("event.timestamp"), "user": userKey("user", ""),
			"user.id": userKey("user", "id:"), "user.email": userKey("user", "email:"), "user.username": userKey("user", "username:"), "user.ip": userKey("user", "ip:"),
			"replay": idKey("replay"), "replayId": idKey("replay"), "replay.id": idKey("replay"),
		},
		has: map[string]store.Filter{
			"replay": hasReplay(), "replayId": hasReplay(), "replay.id": hasReplay(), "trace": present("trace"), "user": present("user"),
			"environment": present("environment"), "release": present("release"),
		},
		text: func(v Value) store.Filter {
			return store.Filter{Op: store.FilterAny, Subs: []store.Filter{contains("title", v), contains("culprit", v)}}
		},
	}
}

// Replays compiles a query over replays.
func Replays(c Context, n Node) (store.Filter, error) { return replays().compile(c, n) }

func replays() subject {
	s := subject{
		name: "Replays",
		keys: map[string]key{
			"id": idKey("id"), "project": projectKey, "project.name": projectKey, "project.id": projectKey, "project_id": projectKey,
			"duration": durationKey("duration_ms", "s"), "url": arrayKey("urls"), "urls": arrayKey("urls"), "screen": arrayKey("urls"), "screens": arrayKey("urls"),
			"release": arrayKey("releases"), "releases": arrayKey("releases"),
			"trace": idKey("trace"), "trace_id": idKey("trace"), "trace_ids": idKey("trace"),
			"error_id": idKey("error_id"), "error_ids": idKey("error_id"), "warning_id": idKey("warning_id"), "warning_ids": idKey("warning_id"),
			"info_id": idKey("info_id"), "info_ids": idKey("info_id"), "issue.id": intKey("issue_id"),
			"seen_by_me": viewedKey, "viewed_by_me": viewedKey, "viewed_by_id": intKey("viewed_by"), "seen_by_id": intKey("viewed_by"),
			"has_backend_error": backendKey, "backend_error": backendErrorKey,
			"activity": activityKey, "started_at": dateKey("started_ms"), "timestamp": dateKey("started_ms"),
		},
		has: map[string]store.Filter{
			"backend_error": {Op: store.FilterGt, Field: "count_backend_errors", Values: []any{int64(0)}}, "error_ids": {Op: store.FilterGt, Field: "count_errors", Values: []any{int64(0)}},
			"trace": present("trace"), "url": {Op: store.FilterGt, Field: "urls", Values: []any{"[]"}},
		},
		text: func(v Value) store.Filter {
			return store.Filter{Op: store.FilterAny, Subs: []store.Filter{contains("urls", v), contains("user.email", v), contains("user.username", v),
				contains("user.id", v), contains("backend_error.title", v), contains("request.path", v)}}
		},
	}
	for _, k := range []string{"count_errors", "count_backend_errors", "count_warnings", "count_infos", "count_segments", "count_urls", "count_traces",
		"count_dead_clicks", "count_rage_clicks"} {
		s.keys[k] = intKey(k)
	}
	for name, field := range map[string]string{"browser.name": "browser.name", "browser": "browser.name", "browser.version": "browser.version",
		"os.name": "os.name", "os": "os.name", "os.version": "os.version", "device.name": "device.name", "device": "device.name", "device.family": "device.family",
		"device.brand": "device.brand", "device.model_id": "device.model_id", "sdk.name": "sdk.name", "sdk": "sdk.name", "sdk.version": "sdk.version",
		"platform": "platform", "dist": "dist", "environment": "environment", "replay_type": "replay_type",
		"user.id": "user.id", "user.email": "user.email", "user.username": "user.username", "user": "user.username", "user.ip": "user.ip_address", "user.ip_address": "user.ip_address"} {
		s.keys[name] = textKey(field)
		s.has[name] = present(field)
	}
	addDerived(&s)
	return s
}

// arrayKey finds an element of a column that holds a JSON array of text.
func arrayKey(field string) key {
	return func(_ Context, t Term) (store.Filter, error) {
		if err := ops(t, "="); err != nil {
			return store.Filter{}, err
		}
		f := store.Filter{Op: store.FilterAny}
		for _, v := range t.Values {
			parts := v.Wildcard
			if len(parts) == 0 {
				parts = []string{v.Text}
			}
			quoted := make([]string, len(parts))
			for i, p := range parts { // as the text stands inside the JSON
				q := strconv.Quote(p)
				quoted[i] = q[1 : len(q)-1]
			}
			quoted[0] = `"` + quoted[0]
			quoted[len(quoted)-1] += `"`
			f.Subs = append(f.Subs, store.Filter{Op: store.FilterLike, Field: field, Parts: append(append([]string{""}, quoted...), "")})
		}
		return f, nil
	}
}

func viewedKey(c Context, t Term) (store.Filter, error) {
	f, err := boolKey("viewed_by", false)(c, t)
	if err != nil {
		return f, err
	}
	seen := eq("viewed_by", c.UserID)
	if f.Values[0] == false {
		return not(seen), nil
	}
	return seen, nil
}

func backendKey(c Context, t Term) (store.Filter, error) {
	f, err := boolKey("count_backend_errors", false)(c, t)
	if err != nil {
		return f, err
	}
	some := store.Filter{Op: store.FilterGt, Field: "count_backend_errors", Values: []any{int64(0)}}
	if f.Values[0] == false {
		return not(some), nil
	}
	return some, nil
}

// backendErrorKey finds replays by an issue of a backend: its id, or part of its title.
func backendErrorKey(_ Context, t Term) (store.Filter, error) {
	if err := ops(t, "="); err != nil {
		return store.Filter{}, err
	}
	f := store.Filter{Op: store.FilterAny}
	for _, v := range t.Values {
		if id, err := strconv.ParseInt(v.Text, 10, 64); err == nil {
			f.Subs = append(f.Subs, eq("backend_error.id", id))
		} else {
			f.Subs = append(f.Subs, contains("backend_error.title", v))
		}
	}
	return f, nil
}

// activityKey compares the score from 1 to 10; ten times it is what the store computes.
func activityKey(c Context, t Term) (store.Filter, error) {
	f, err := intKey("activity")(c, t)
	for i, v := range f.Values {
		f.Values[i] = v.(int64) * 10
	}
	if err == nil && f.Op == store.FilterEq && len(f.Values) == 1 {
		n := f.Values[0].(int64)
		return store.And(store.Filter{Op: store.FilterGte, Field: "activity", Values: []any{n}}, store.Filter{Op: store.FilterLt, Field: "activity", Values: []any{n + 10}}), nil
	}
	return f, err
}
