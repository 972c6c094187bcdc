package rule

import (
	"fmt"
	"slices"
	"time"
)

// Invalid says what is wrong with one field of a rule.
type Invalid struct{ Field, Message string }

// Error is a sentence without a capital and a stop.
func (e *Invalid) Error() string { return e.Field + " " + e.Message }

func invalid(field, format string, args ...any) error {
	return &Invalid{field, fmt.Sprintf(format, args...)}
}

var (
	matches = []string{"any", "any-short", "all", "none"}
	texts   = []string{"co", "nc", "eq", "ne", "sw", "ew", "is", "ns"}
	whens   = []string{FirstSeen, Regression, Reappeared, NewHighPriority, KnownHighPriority, Resolved, EveryEvent, BackendReplay, CheckInFailure}
)

// Validate says what is wrong with a rule; nil: nothing.
func (r *Rule) Validate() error {
	if r.Frequency < minFrequency || r.Frequency > maxFrequency {
		return invalid("frequency", "must be %d to %d minutes", minFrequency, maxFrequency)
	}
	if !slices.Contains(matches, r.Match) {
		return invalid("match", "must be any, all or none")
	}
	if len(r.When) > maxConditions || len(r.Then) > maxGroups {
		return invalid("conditions", "are too many: at most %d, in %d groups", maxConditions, maxGroups)
	}
	for i := range r.When {
		if err := r.When[i].validate("conditions"); err != nil {
			return err
		}
	}
	for _, g := range r.Then {
		if !slices.Contains(matches, g.Match) {
			return invalid("filterMatch", "must be any, all or none")
		}
		if len(g.If) > maxConditions || len(g.Do) > maxActions {
			return invalid("filters", "or actions are too many: at most %d and %d", maxConditions, maxActions)
		}
		for i := range g.If {
			if err := g.If[i].validate("filters"); err != nil {
				return err
			}
		}
	}
	if r.Metric != nil {
		if err := r.Metric.validate(); err != nil {
			return err
		}
	}
	return r.validateTimes()
}

func (r *Rule) validateTimes() error {
	if d := r.Digest; d != nil && (d.MinSeconds < 0 || d.MaxSeconds < d.MinSeconds || d.MaxSeconds > maxDigest) {
		return invalid("digest", "must wait 0 to %d seconds, the longest not shorter than the shortest", maxDigest)
	}
	q := r.Quiet
	if q == nil {
		return nil
	}
	if _, err := time.LoadLocation(q.TimeZone); err != nil {
		return invalid("quiet", "hours have the time zone %q, which is not known", q.TimeZone)
	}
	_, okStart := clock(q.Start)
	_, okEnd := clock(q.End)
	if !okStart || !okEnd || q.Start == q.End {
		return invalid("quiet", "hours must go from one HH:MM to another")
	}
	if slices.ContainsFunc(q.Days, func(d int) bool { return d < 0 || d >= daysOfWeek }) {
		return invalid("quiet", "days are 0 (Sunday) to 6")
	}
	return nil
}

func (c *Condition) validate(field string) error {
	if len(c.Text) > maxConditionText || len(c.Key) > maxConditionText || len(c.TargetID) > maxConditionText || len(c.Sub) > 16<<10 {
		return invalid(field, "have a text that is too long")
	}
	if slices.Contains(whens, c.Type) {
		return nil
	}
	switch c.Type {
	case EventFrequency, UserFrequency, SessionPercent:
		if _, ok := Intervals()[c.Interval]; !ok {
			return invalid("interval", "must be 1m, 5m, 15m, 1h, 1d, 1w or 30d")
		}
		if _, ok := Intervals()[c.Than]; !ok && c.Percent {
			return invalid("comparisonInterval", "must be 5m, 15m, 1h, 1d, 1w or 30d")
		}
		if c.Value < 0 || c.Value > maxThreshold {
			return invalid("value", "must be 0 to %d", maxThreshold)
		}
		if _, err := c.Counted(); err != nil {
			return err
		}
	case Age:
		if units[c.Unit] == 0 || c.Value < 0 || c.Value > maxThreshold {
			return invalid("time", "must be minute, hour, day or week, and value not negative")
		}
	case Attribute, Tagged:
		if !slices.Contains(texts, c.Match) {
			return invalid("match", "must be one of co, nc, eq, ne, sw, ew, is, ns")
		}
		if c.Key == "" {
			return invalid("key", "is missing")
		}
	case Level:
		if !slices.Contains([]string{"eq", "gte", "lte"}, c.Match) {
			return invalid("match", "must be eq, gte or lte")
		}
	case AssignedTo:
		if !slices.Contains([]string{"Unassigned", "NoOne", "Team", "Member"}, c.Target) {
			return invalid("targetType", "must be Unassigned, Team or Member")
		}
	case Occurrences, Category, Type, PriorityAtLeast, PriorityFalling, LatestRelease, LatestAdopted, FirstRelease, HasReplay:
	default:
		return invalid(field, "have the unknown kind %q", c.Type)
	}
	return nil
}
