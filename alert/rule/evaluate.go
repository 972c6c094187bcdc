package rule

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What happened, as a rule sees it.
type Happened struct {
	New, Regressed, Escalating, Resolved, Event, Replay bool
}

// Issue is what conditions ask of an issue.
type Issue struct {
	Level        string
	Type         string // error, default, csp, cron, …
	Priority     string // high medium low; may be empty
	FirstSeen    time.Time
	Events       int64
	FirstRelease string
	AssigneeID   int64
	AssigneeTeam bool
}

// Facts answer what conditions ask. Each is asked only when a condition needs it.
type Facts interface {
	Happened() Happened
	Issue() Issue
	Now() time.Time
	Environment() string // of the event
	Release() string
	// Frequency counts the issue's events, or its users, in the rule's environment.
	Frequency(ctx context.Context, c Count) (int64, error)
	// Sessions counts the project's release sessions in a window.
	Sessions(ctx context.Context, from, to time.Time) (int64, error)
	// Values gives the event's values of an attribute or tag.
	Values(ctx context.Context, tag bool, key string) ([]string, error)
	// LatestRelease gives the project's latest release that was seen in an environment, the rule's when it is empty.
	LatestRelease(ctx context.Context, environment string) (string, error)
	HasReplay(ctx context.Context) (bool, error)
}

// Fires says whether a rule's When holds, and which of its groups are to be done. Why names the condition
// that held, in words.
func (r *Rule) Fires(ctx context.Context, f Facts) (groups []Group, why string, err error) {
	h := f.Happened()
	// A rule that asks for nothing fires for everything; one that only counts is asked at each event.
	ok, why, err := join(ctx, f, r.Match, r.When)
	if err != nil || !ok {
		return nil, "", err
	}
	if why == "" {
		why = happened(h)
	}
	for _, g := range r.Then {
		ok, held, err := join(ctx, f, g.Match, g.If)
		if err != nil {
			return nil, "", err
		}
		if ok {
			groups = append(groups, g)
			if held != "" && len(r.When) == 0 {
				why = held
			}
		}
	}
	return groups, why, nil
}

func happened(h Happened) string {
	switch {
	case h.New:
		return "a new issue"
	case h.Regressed:
		return "the issue is back after it was resolved"
	case h.Escalating:
		return "the issue escalates"
	case h.Resolved:
		return "the issue was resolved"
	case h.Replay:
		return "a backend error has a replay"
	}
	return "an event"
}

// join asks conditions until the answer is known. None of them: it holds.
func join(ctx context.Context, f Facts, match string, cs []Condition) (ok bool, why string, err error) {
	if len(cs) == 0 {
		return true, "", nil
	}
	for i := range cs {
		held, err := cs[i].holds(ctx, f)
		if err != nil {
			return false, "", err
		}
		switch match {
		case "all":
			if !held {
				return false, "", nil
			}
			why = cs[i].Words()
		case "none":
			if held {
				return false, "", nil
			}
		default:
			if held {
				return true, cs[i].Words(), nil
			}
		}
	}
	return match == "all" || match == "none", why, nil
}

func (c *Condition) holds(ctx context.Context, f Facts) (bool, error) {
	h, is := f.Happened(), f.Issue()
	switch c.Type {
	case FirstSeen:
		return h.New, nil
	case Regression:
		return h.Regressed, nil
	case Reappeared:
		return h.Escalating, nil
	case NewHighPriority:
		return h.New && is.Priority == "high", nil
	case KnownHighPriority:
		return !h.New && h.Event && is.Priority == "high", nil
	case Resolved:
		return h.Resolved, nil
	case EveryEvent:
		return h.Event, nil
	case BackendReplay:
		return h.Replay, nil
	case CheckInFailure:
		return is.Type == "cron" && (h.New || h.Regressed || h.Event), nil
	case EventFrequency, UserFrequency:
		return c.frequent(ctx, f)
	case SessionPercent:
		return c.ofSessions(ctx, f)
	case Age:
		age := f.Now().Sub(is.FirstSeen)
		limit := time.Duration(c.Value) * units[c.Unit]
		return age < limit == c.Newer, nil
	case Occurrences:
		return is.Events >= int64(c.Value), nil
	case AssignedTo:
		return c.assigned(is), nil
	case Category, Type:
		return c.category(is) != c.Exclude, nil
	case PriorityAtLeast:
		return priorities[is.Priority] >= int(c.Value), nil
	case PriorityFalling:
		return priorities[is.Priority] < int(c.Value), nil
	case Level:
		return c.level(is.Level), nil
	case Attribute, Tagged:
		vs, err := f.Values(ctx, c.Type == Tagged, c.Key)
		return c.matches(vs), err
	case LatestRelease:
		latest, err := f.LatestRelease(ctx, "")
		return err == nil && latest != "" && latest == f.Release(), err
	case LatestAdopted:
		latest, err := f.LatestRelease(ctx, c.Env)
		of := is.FirstRelease
		if c.ReleaseAge == "newest" {
			of = f.Release()
		}
		return err == nil && latest != "" && of != "" && (of == latest) == c.Newer, err
	case FirstRelease:
		return is.FirstRelease != "" && is.FirstRelease == f.Release(), nil
	case HasReplay:
		has, err := f.HasReplay(ctx)
		return has != c.Exclude, err
	}
	return false, nil
}

var units = map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour, "week": 7 * 24 * time.Hour}

var priorities = map[string]int{"high": high, "medium": medium, "low": less}

var levels = map[string]int{"fatal": fatal, "error": 40, "warning": 30, "info": 20, "debug": 10, "sample": 0}

func (c *Condition) frequent(ctx context.Context, f Facts) (bool, error) {
	if !f.Happened().Event {
		return false, nil
	}
	counted, err := c.Counted()
	if err != nil {
		return false, err
	}
	now, window := f.Now(), Intervals()[c.Interval]
	ask := Count{Users: c.Type == UserFrequency, From: now.Add(-window), To: now, Events: counted, Limit: int64(c.Value) + 1}
	if c.Percent {
		ask.Limit = maxThreshold
	}
	n, err := f.Frequency(ctx, ask)
	if err != nil || !c.Percent {
		return err == nil && float64(n) > c.Value, err
	}
	ago := Intervals()[c.Than]
	ask.From, ask.To = ask.From.Add(-ago), ask.To.Add(-ago)
	before, err := f.Frequency(ctx, ask)
	return err == nil && before > 0 && 100*float64(n-before)/float64(before) > c.Value, err
}

func (c *Condition) ofSessions(ctx context.Context, f Facts) (bool, error) {
	if !f.Happened().Event {
		return false, nil
	}
	counted, err := c.Counted()
	if err != nil {
		return false, err
	}
	window, now := Intervals()[c.Interval], f.Now()
	share := func(from, to time.Time) (float64, error) {
		n, err := f.Frequency(ctx, Count{From: from, To: to, Events: counted, Limit: maxThreshold})
		if err != nil {
			return 0, err
		}
		all, err := f.Sessions(ctx, from, to)
		if err != nil || all == 0 {
			return 0, err
		}
		return 100 * float64(n) / float64(all), nil
	}
	v, err := share(now.Add(-window), now)
	if err != nil || !c.Percent {
		return err == nil && v > c.Value, err
	}
	ago := Intervals()[c.Than]
	before, err := share(now.Add(-window-ago), now.Add(-ago))
	return err == nil && before > 0 && 100*(v-before)/before > c.Value, err
}

func (c *Condition) assigned(is Issue) bool {
	if c.Target == "Unassigned" || c.Target == "NoOne" {
		return is.AssigneeID == 0
	}
	id, err := strconv.ParseInt(c.TargetID, 10, 64)
	return err == nil && is.AssigneeID == id && is.AssigneeTeam == (c.Target == "Team")
}

// category compares with Sentry's numbers and names: 1 error, 4 cron, 6 feedback.
func (c *Condition) category(is Issue) bool {
	own := "error"
	if is.Type == "cron" {
		own = "cron"
	}
	names := map[string]string{"1": "error", "4": "cron", "6": "feedback", "monitor_check_in_failure": "cron"}
	if n, ok := names[c.Text]; ok {
		return own == n
	}
	return own == c.Text
}

func (c *Condition) level(of string) bool {
	have, want := levels[of], int(c.Value)
	switch c.Match {
	case "gte":
		return have >= want
	case "lte":
		return have <= want
	}
	return have == want
}

// matches compares values with the condition's text, in any case. A negative match holds when no value
// fits, so also when there is none.
func (c *Condition) matches(vs []string) bool {
	want := strings.ToLower(c.Text)
	fits := func(test func(v string) bool) bool {
		return slices.ContainsFunc(vs, func(v string) bool { return test(strings.ToLower(v)) })
	}
	switch c.Match {
	case "co":
		return fits(func(v string) bool { return strings.Contains(v, want) })
	case "nc":
		return !fits(func(v string) bool { return strings.Contains(v, want) })
	case "eq":
		return fits(func(v string) bool { return v == want })
	case "ne":
		return !fits(func(v string) bool { return v == want })
	case "sw":
		return fits(func(v string) bool { return strings.HasPrefix(v, want) })
	case "ew":
		return fits(func(v string) bool { return strings.HasSuffix(v, want) })
	case "is":
		return len(vs) > 0
	}
	return len(vs) == 0 // ns
}
