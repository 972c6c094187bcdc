package cron

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Config is a monitor's configuration, as a check-in carries it and as it is stored.
type Config struct {
	Schedule         Schedule `json:"schedule"`
	Margin           *int     `json:"checkin_margin,omitempty"` // minutes
	MaxRuntime       *int     `json:"max_runtime,omitempty"`    // minutes
	FailureThreshold *int     `json:"failure_issue_threshold,omitempty"`
	RecoverThreshold *int     `json:"recovery_threshold,omitempty"`
	TimeZone         string   `json:"timezone,omitempty"`
	Owner            string   `json:"owner,omitempty"`
}

// Schedule is crontab with Value as text, or interval with Value as a number and a Unit.
type Schedule struct {
	Type  string          `json:"type"`
	Value json.RawMessage `json:"value"`
	Unit  string          `json:"unit,omitempty"`
}

// Defaults are Sentry's.
const (
	defaultMargin     = 1
	defaultMaxRuntime = 30
	defaultThreshold  = 1
	maxMinutes        = 40_320 // 28 days
	maxThreshold      = 720
	maxInterval       = 100_000
)

// Parse reads a stored configuration.
func Parse(doc string) (*Config, error) {
	c := new(Config)
	if err := json.Unmarshal([]byte(doc), c); err != nil {
		return nil, fmt.Errorf("monitor configuration: %w", err)
	}
	return c, nil
}

// Crontab is the schedule's text, of a crontab.
func (s *Schedule) Crontab() string {
	var text string
	_ = json.Unmarshal(s.Value, &text) // no text: no crontab
	return text
}

// Every is the schedule's number, of an interval.
func (s *Schedule) Every() int {
	var n float64
	if json.Unmarshal(s.Value, &n) != nil {
		return 0
	}
	return int(n)
}

func or(v *int, byDefault, most int) int {
	if v == nil || *v < 0 {
		return byDefault
	}
	return min(*v, most)
}

// MarginMinutes is how long a check-in may be late.
func (c *Config) MarginMinutes() int { return max(or(c.Margin, defaultMargin, maxMinutes), 1) }

// RuntimeMinutes is how long a run may take.
func (c *Config) RuntimeMinutes() int { return max(or(c.MaxRuntime, defaultMaxRuntime, maxMinutes), 1) }

// Failures is how many failures in a row make an issue.
func (c *Config) Failures() int {
	return max(or(c.FailureThreshold, defaultThreshold, maxThreshold), 1)
}

// Recoveries is how many good runs in a row end it.
func (c *Config) Recoveries() int {
	return max(or(c.RecoverThreshold, defaultThreshold, maxThreshold), 1)
}

// Zone is the time zone's name.
func (c *Config) Zone() string {
	if c.TimeZone == "" {
		return "UTC"
	}
	return c.TimeZone
}

// Validate says in a sentence what keeps a configuration from working.
func (c *Config) Validate() error {
	if _, err := time.LoadLocation(c.Zone()); err != nil {
		return fmt.Errorf("the time zone %q is not known", c.TimeZone)
	}
	_, err := c.next()
	return err
}

// next gives the function from a time to the next run after it.
func (c *Config) next() (func(time.Time) time.Time, error) {
	loc, err := time.LoadLocation(c.Zone())
	if err != nil {
		loc = time.UTC
	}
	switch c.Schedule.Type {
	case "crontab":
		text := sundays(c.Schedule.Crontab())
		if strings.Contains(text, "TZ=") || strings.HasPrefix(text, "@every") {
			return nil, errors.New("the crontab has a time zone or an interval in it: they have fields of their own")
		}
		s, err := cron.ParseStandard(text)
		if err != nil {
			return nil, fmt.Errorf("the crontab cannot be read: %w", err)
		}
		if s.Next(time.Now()).IsZero() {
			return nil, errors.New("the crontab names a day that never comes")
		}
		return func(t time.Time) time.Time { return s.Next(t.In(loc)) }, nil
	case "interval":
		n := c.Schedule.Every()
		if n < 1 || n > maxInterval {
			return nil, fmt.Errorf("the interval must be 1 to %d", maxInterval)
		}
		add, ok := map[string]func(time.Time) time.Time{
			"minute": func(t time.Time) time.Time { return t.Add(time.Duration(n) * time.Minute) },
			"hour":   func(t time.Time) time.Time { return t.Add(time.Duration(n) * time.Hour) },
			"day":    func(t time.Time) time.Time { return t.In(loc).AddDate(0, 0, n) },
			"week":   func(t time.Time) time.Time { return t.In(loc).AddDate(0, 0, 7*n) },
			"month":  func(t time.Time) time.Time { return t.In(loc).AddDate(0, n, 0) },
			"year":   func(t time.Time) time.Time { return t.In(loc).AddDate(n, 0, 0) },
		}[c.Schedule.Unit]
		if !ok {
			return nil, fmt.Errorf("the unit %q is not minute, hour, day, week, month or year", c.Schedule.Unit)
		}
		return add, nil
	}
	return nil, fmt.Errorf("the schedule type %q is not crontab or interval", c.Schedule.Type)
}

// sundays makes Sunday's other number, 7, the 0 that the parser knows.
func sundays(crontab string) string {
	fields := strings.Fields(crontab)
	if len(fields) != 5 {
		return crontab
	}
	days := strings.Split(fields[4], ",")
	for i, d := range days {
		from, to, isRange := strings.Cut(d, "-")
		switch {
		case d == "7":
			days[i] = "0"
		case isRange && to == "7":
			if n, err := strconv.Atoi(from); err == nil && n < 7 {
				days[i] = from + "-6,0"
			}
		}
	}
	fields[4] = strings.Join(days, ",")
	return strings.Join(fields, " ")
}

// Next is when the run after t is expected; zero when the schedule cannot be read.
func (c *Config) Next(t time.Time) time.Time {
	next, err := c.next()
	if err != nil {
		return time.Time{}
	}
	return next(t)
}

// early is how much before its time a run may begin and still be the one that was expected.
const early = time.Minute

// After is when the next run is expected after one that began at t: one that began a little early is the
// one that was due.
func (c *Config) After(t time.Time) time.Time {
	n := c.Next(t)
	if c.Schedule.Type == "crontab" && !n.IsZero() && n.Sub(t) <= early && c.Next(n).Sub(n) > 2*early {
		return c.Next(n)
	}
	return n
}

// Number is a number made of a monitor's id (hex), for clients that want one: 48 bits of it.
func Number(id string) int64 {
	n, err := strconv.ParseInt(id[:min(len(id), 12)], 16, 64)
	if err != nil {
		return -1
	}
	return n
}
