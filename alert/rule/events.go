package rule

import (
	"encoding/json"
	"time"

	"github.com/hindsight-dev/hindsight/store"
)

// Count asks how many of an issue's events, or of the users that had them, lie in a window.
type Count struct {
	Users    bool
	From, To time.Time
	Events   store.Filter // those that count; zero: all
	Limit    int64        // counting more is of no use
}

// narrowing is one condition that events must fit to count in a frequency, as the workflows form sends it.
type narrowing struct {
	Key       string `json:"key"`
	Attribute string `json:"attribute"`
	Match     string `json:"match"`
	Value     string `json:"value"`
}

// columns are the attributes of events that can be counted by: what a list of events is searched by.
var columns = map[string]string{
	"message": "title", "platform": "platform", "environment": "environment", "type": "type", "level": "level", "release": "release",
	"exception.type": marked("error.type"), "error.type": marked("error.type"), "user.id": marked("user.id"), "user.email": marked("user.email"),
	"user.username": marked("user.username"), "user.ip_address": marked("user.ip"), "http.method": marked("http.method"),
	"http.status_code": marked("http.status_code"),
}

func marked(name string) string { return store.TagField + store.MarkPrefix + name }

// ownColumns are tags that stand in columns of their own.
var ownColumns = map[string]string{"level": "level", "environment": "environment", "release": "release", "user": "user"}

// Counted gives which events count in a frequency.
func (c *Condition) Counted() (store.Filter, error) {
	if len(c.Sub) == 0 {
		return store.Filter{}, nil
	}
	var list []narrowing
	if err := json.Unmarshal(c.Sub, &list); err != nil {
		return store.Filter{}, invalid("filters", "of a frequency are a list of a key or an attribute, a match and a value")
	}
	all := store.And()
	for _, n := range list {
		f, err := n.filter()
		if err != nil {
			return store.Filter{}, err
		}
		all.Subs = append(all.Subs, f)
	}
	return all, nil
}

// filter is the condition in the words of the store. As in all conditions of rules, case does not count.
func (n *narrowing) filter() (store.Filter, error) {
	column := columns[n.Attribute]
	if n.Key != "" {
		if column = ownColumns[n.Key]; column == "" {
			column = store.TagField + n.Key
		}
	}
	if column == "" {
		return store.Filter{}, invalid("filters", "of a frequency cannot count by %q; they can by tags, and by message, platform, environment, type, level, release, "+
			"error.type, user.id, user.email, user.username, user.ip_address, http.method and http.status_code", n.Attribute)
	}
	if len(n.Key)+len(n.Value) > maxConditionText {
		return store.Filter{}, invalid("filters", "of a frequency have a text that is too long")
	}
	like := func(parts ...string) store.Filter {
		return store.Filter{Op: store.FilterLike, Field: column, Parts: parts}
	}
	not := func(f store.Filter) store.Filter { return store.Filter{Op: store.FilterNot, Subs: []store.Filter{f}} }
	isSet := store.And(like("", ""), not(store.Filter{Op: store.FilterEq, Field: column, Values: []any{""}}))
	switch n.Match {
	case "eq":
		return like(n.Value), nil
	case "ne":
		return not(like(n.Value)), nil
	case "co":
		return like("", n.Value, ""), nil
	case "nc":
		return not(like("", n.Value, "")), nil
	case "sw":
		return like(n.Value, ""), nil
	case "ew":
		return like("", n.Value), nil
	case "is":
		return isSet, nil
	case "ns":
		return not(isSet), nil
	}
	return store.Filter{}, invalid("match", "must be one of co, nc, eq, ne, sw, ew, is, ns")
}
