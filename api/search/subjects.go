package search

import (
	"strconv"

	"github.com/hindsight-dev/hindsight/store"
)

var levels = []string{"fatal", "error", "warning", "info", "debug", "sample"}

// never and always are filters without a field.
func never() store.Filter { return store.Filter{Op: store.FilterAny} }

func hasReplay() store.Filter {
	return store.Filter{Op: store.FilterGt, Field: "replay", Values: []any{""}}
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
