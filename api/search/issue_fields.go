package search

import (
	"strconv"
	"strings"

	"github.com/hindsight-dev/hindsight/store"
)

// Issues compiles a query over issues. What is asked of events holds for an issue when one of its events has it.
func Issues(c Context, n Node) (store.Filter, error) { return issues().compile(c, n) }

func issues() subject {
	s := subject{
		name: "Issues",
		keys: map[string]key{
			"is": isKey, "assigned": assignedKey, "assigned_to": assignedKey, "issue": shortIDKey,
			"issue.id": intKey("id"), "project": projectKey, "project.name": projectKey, "project.id": projectKey,
			"level": enumKey("level", levels...), "platform": textKey("platform"), "platform.name": textKey("platform"),
			"logger": textKey("logger"), "firstSeen": dateKey("first_seen_ms"), "first_seen": dateKey("first_seen_ms"),
			"age": dateKey("first_seen_ms"), "lastSeen": dateKey("last_seen_ms"), "last_seen": dateKey("last_seen_ms"),
			"event.timestamp": dateKey("event.timestamp"), "timestamp": dateKey("event.timestamp"), "date": dateKey("event.timestamp"),
			"timesSeen": intKey("times_seen"), "times_seen": intKey("times_seen"), "userCount": intKey("users_seen"),
			"firstRelease": textKey("first_release"), "first-release": textKey("first_release"),
			"trace": idKey("trace"), "id": idKey("event.id"),
			"replay": idKey("replay"), "replayId": idKey("replay"), "replay.id": idKey("replay"),
			"title": substringKey("title"), "message": substringKey("text"), "culprit": substringKey("culprit"),
			"location":      substringKey("metadata.filename", "culprit"),
			"error.value":   both(substringKey("text"), substringKey("metadata.value")), // the first is an index to the second
			"error.handled": boolKey("unhandled", true), "error.unhandled": boolKey("unhandled", false),
			"event.type": eventTypeKey, "issue.type": enumKey("type", "error", "default", "csp"), "side": enumKey("side", "backend", "frontend"),
			"issue.category": categoryKey, "issue.priority": enumKey("priority", "high", "medium", "low"),
			"bookmarks": byMemberKey("bookmarked_by"), "subscribed": byMemberKey("subscribed_by"),
		},
		has: map[string]store.Filter{
			"replay": hasReplay(), "replayId": hasReplay(), "replay.id": hasReplay(), "trace": present("trace"),
			"assigned": eq("assigned", true), "platform": present("platform"), "logger": present("logger"), "level": present("level"), "culprit": present("culprit"),
		},
		text: func(v Value) store.Filter { return contains("text", v) },
	}
	addTags(&s)
	return s
}

// isWords are what is: may be asked of an issue.
var isWords = map[string]store.Filter{
	"unresolved": eq("status", store.IssueUnresolved), "resolved": eq("status", store.IssueResolved),
	"ignored": eq("status", store.IssueIgnored), "archived": eq("status", store.IssueIgnored), "muted": eq("status", store.IssueIgnored),
	"assigned": eq("assigned", true), "unassigned": eq("assigned", false), "unlinked": {Op: store.FilterAll}, "linked": {Op: store.FilterAny},
	"for_review": eq("for_review", true), "reprocessing": {Op: store.FilterAny},
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

// byMemberKey finds issues by what they are to a person: me, an id or an e-mail address.
func byMemberKey(field string) key {
	return func(c Context, t Term) (store.Filter, error) {
		f := store.Filter{Op: store.FilterAny}
		for _, v := range t.Values {
			id, err := strconv.ParseInt(strings.TrimPrefix(v.Text, "user:"), 10, 64)
			if v.Text == "me" {
				id = c.UserID
			} else if err != nil && c.Member != nil {
				id, _ = c.Member(v.Text)
			}
			if id != 0 {
				f.Subs = append(f.Subs, eq(field, id))
			}
		}
		return f, nil
	}
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

// both holds when each of the keys does.
func both(keys ...key) key {
	return func(c Context, t Term) (store.Filter, error) {
		f := store.Filter{Op: store.FilterAll}
		for _, k := range keys {
			sub, err := k(c, t)
			if err != nil {
				return f, err
			}
			f.Subs = append(f.Subs, sub)
		}
		return f, nil
	}
}
