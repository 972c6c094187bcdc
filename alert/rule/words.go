package rule

import (
	"strconv"
	"strings"
)

// Words says a condition as the end of a sentence that begins with "when" or "if".
func (c *Condition) Words() string {
	n := strconv.FormatFloat(c.Value, 'f', -1, 64)
	not := ""
	if c.Exclude {
		not = "not "
	}
	switch c.Type {
	case FirstSeen:
		return "a new issue is created"
	case Regression:
		return "an issue comes back after it was resolved"
	case Reappeared:
		return "an archived issue escalates"
	case NewHighPriority:
		return "a new issue has high priority"
	case KnownHighPriority:
		return "a known issue of high priority has an event"
	case Resolved:
		return "an issue is resolved"
	case EveryEvent:
		return "an issue has an event"
	case BackendReplay:
		return "a backend error has a replay"
	case CheckInFailure:
		return "a scheduled job fails or is missed"
	case EventFrequency, UserFrequency, SessionPercent:
		what := map[string]string{EventFrequency: "events", UserFrequency: "users", SessionPercent: "percent of sessions"}[c.Type]
		if c.Percent {
			return "an issue has " + n + " % more " + what + " in " + c.Interval + " than " + c.Than + " before"
		}
		return "an issue has more than " + n + " " + what + " in " + c.Interval
	case Age:
		than := "older"
		if c.Newer {
			than = "newer"
		}
		return "the issue is " + than + " than " + n + " " + plural(c.Unit, c.Value)
	case Occurrences:
		return "the issue has had at least " + n + " events"
	case AssignedTo:
		if c.TargetID == "" {
			return "the issue is assigned to nobody"
		}
		return "the issue is assigned to " + strings.ToLower(c.Target) + " " + c.TargetID
	case Category, Type:
		return "the issue is " + not + "of the category " + c.Text
	case PriorityAtLeast:
		return "the issue's priority is at least " + priorityWord(int(c.Value))
	case PriorityFalling:
		return "the issue's priority falls below " + priorityWord(int(c.Value))
	case Attribute:
		return "the event's " + c.Key + " " + matchWords[c.Match] + " " + c.Text
	case Tagged:
		return "the event's tag " + c.Key + " " + matchWords[c.Match] + " " + c.Text
	case Level:
		return "the level " + map[string]string{"eq": "is ", "gte": "is at least ", "lte": "is at most "}[c.Match] + levelWord(int(c.Value))
	case LatestRelease:
		return "the event is of the latest release"
	case LatestAdopted:
		return "the release is the latest in " + c.Env
	case FirstRelease:
		return "the issue began in the event's release"
	case HasReplay:
		return "the event has " + map[bool]string{true: "no ", false: "a "}[c.Exclude] + "replay"
	}
	return c.Type
}

var matchWords = map[string]string{"co": "contains", "nc": "does not contain", "eq": "is", "ne": "is not", "sw": "begins with",
	"ew": "ends with", "is": "is set", "ns": "is not set"}

func plural(unit string, n float64) string {
	if n == 1 {
		return unit
	}
	return unit + "s"
}

func priorityWord(n int) string {
	for w, v := range priorities {
		if v == n {
			return w
		}
	}
	return strconv.Itoa(n)
}

func levelWord(n int) string {
	for w, v := range levels {
		if v == n {
			return w
		}
	}
	return strconv.Itoa(n)
}
