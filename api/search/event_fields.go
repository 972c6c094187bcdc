package search

import (
	"strings"

	"github.com/hindsight-dev/hindsight/store"
)

// Events compiles a query over events.
func Events(c Context, n Node) (store.Filter, error) { return events().compile(c, n) }

func events() subject {
	s := subject{
		name: "Events",
		keys: map[string]key{
			"project": projectKey, "project.name": projectKey, "project.id": projectKey, "issue.id": intKey("issue_id"), "issue": issueOfEventKey,
			"id": idKey("event.id"), "trace": idKey("trace"), "span_id": textKey("span_id"), "level": enumKey("level", levels...),
			"platform": textKey("platform"), "platform.name": textKey("platform"), "title": substringKey("title"), "message": substringKey("title", "culprit"),
			"culprit": substringKey("culprit"), "environment": textKey("environment"), "release": textKey("release"),
			"error.value":   substringKey("title"),
			"error.handled": boolKey("unhandled", true), "error.unhandled": boolKey("unhandled", false), "side": enumKey("side", "backend", "frontend"),
			"event.type": eventTypeKey, "timestamp": dateKey("event.timestamp"), "event.timestamp": dateKey("event.timestamp"), "date": dateKey("event.timestamp"),
			"user": textKey("user"), "replay": idKey("replay"), "replayId": idKey("replay"), "replay.id": idKey("replay"),
		},
		has: map[string]store.Filter{
			"replay": hasReplay(), "replayId": hasReplay(), "replay.id": hasReplay(), "trace": present("trace"), "user": present("user"),
			"environment": present("environment"), "release": present("release"), "level": present("level"), "platform": present("platform"),
			"culprit": present("culprit"), "title": present("title"),
		},
		text: func(v Value) store.Filter {
			return store.Filter{Op: store.FilterAny, Subs: []store.Filter{contains("title", v), contains("culprit", v)}}
		},
	}
	addTags(&s)
	return s
}

// marks are the keys whose values are kept beside an event's tags, as the linker takes them from other fields.
var marks = []string{
	"error.type", "user.id", "user.email", "user.username", "user.ip", "geo.country_code", "geo.region", "geo.city", "geo.subdivision",
	"http.method", "http.referer", "http.status_code", "sdk.version", "device.arch", "device.brand", "device.charging", "device.class", "device.locale",
	"device.model_id", "device.name", "device.orientation", "device.simulator", "os.build", "os.kernel_version", "os.rooted", "app.in_foreground", "profile.id",
	"stack.filename", "stack.abs_path", "stack.module", "stack.package", "stack.function", "stack.in_app", "stack.lineno",
}

// tagAliases are the names of tags that are searched by another.
var tagAliases = map[string]string{
	"error.mechanism": "mechanism", "http.url": "url", "sdk.name": "sdk", "sentry:dist": "dist", "sentry:release": "release", "sentry:user": "user",
	"user.ip_address": store.MarkPrefix + "user.ip", "user.geo.country_code": store.MarkPrefix + "geo.country_code", "user.geo.city": store.MarkPrefix + "geo.city",
	"user.geo.region": store.MarkPrefix + "geo.region", "user.geo.subdivision": store.MarkPrefix + "geo.subdivision",
}

// TagKey is the key under which the values of a field are kept with an event.
func TagKey(name string) string {
	if forced := tagName(name); forced != name {
		return strings.TrimPrefix(forced, store.MarkPrefix)
	}
	if flag, ok := strings.CutPrefix(name, "flags["); ok {
		return store.MarkPrefix + "flags." + strings.TrimSuffix(flag, "]")
	}
	if tag, ok := tagAliases[name]; ok {
		return tag
	}
	for _, m := range marks {
		if m == name {
			return store.MarkPrefix + name
		}
	}
	return strings.TrimPrefix(name, store.MarkPrefix)
}

// FieldOf is the name by which what is kept under a key is searched: the inverse of [TagKey].
func FieldOf(key string) string {
	if flag, ok := strings.CutPrefix(key, store.MarkPrefix+"flags."); ok {
		return "flags[" + flag + "]"
	}
	return strings.TrimPrefix(key, store.MarkPrefix)
}

// addTags makes every key that is not one of the subject's own a tag, or a field that is kept like one.
func addTags(s *subject) {
	s.keys["user.display"] = anyOf(textKey(tagField("user.email")), textKey(tagField("user.username")), textKey(tagField("user.id")), textKey(tagField("user.ip")))
	addReleases(s)
	s.other = func(name string) (key, store.Filter) {
		return textKey(tagField(name)), present(tagField(name))
	}
}

func tagField(name string) string { return store.TagField + TagKey(name) }

// anyOf holds when one of the keys does.
func anyOf(keys ...key) key {
	every := both(keys...)
	return func(c Context, t Term) (store.Filter, error) {
		f, err := every(c, t)
		f.Op = store.FilterAny
		return f, err
	}
}

// issueOfEventKey finds the events of issues by short ids.
func issueOfEventKey(c Context, t Term) (store.Filter, error) {
	f := store.Filter{Op: store.FilterEq, Field: "issue_id"}
	for _, v := range t.Values {
		if _, _, ok := store.ParseShortID(v.Text); !ok {
			return f, errorf("\"issue:%s\" wants a short id, such as SHOP-1.", clip(v.Text))
		}
		if c.Issue != nil {
			if id, ok := c.Issue(v.Text); ok {
				f.Values = append(f.Values, id)
			}
		}
	}
	if len(f.Values) == 0 {
		return never(), nil
	}
	return f, nil
}
