package envelope

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode"
)

// CheckIn is one report of a scheduled job.
type CheckIn struct {
	ID            ID     // zero: the latest check-in in progress of this monitor and environment
	MonitorSlug   string // slugified
	Status        string // "ok", "error", "in_progress"; "unknown" for anything else
	Duration      *float64
	Release       string
	Environment   string // "production" when not sent
	TraceID       ID
	MonitorConfig *MonitorConfig
}

// MonitorConfig is what a check-in says of its monitor; nil counts were not sent.
type MonitorConfig struct {
	ScheduleType          string // "crontab" or "interval"
	Crontab               string // of a crontab
	Interval              int    // of an interval
	Unit                  string // of an interval: "minute" to "year"
	CheckInMargin         *int   // minutes
	MaxRuntime            *int   // minutes
	FailureIssueThreshold *int
	RecoveryThreshold     *int
	Timezone              string // IANA name, unchecked
	Owner                 string

	Raw json.RawMessage
}

// maxSlug is the length of a monitor's slug, as in Relay.
const maxSlug = 50

// ParseCheckIn reads a check_in payload; one that names no monitor is refused.
func ParseCheckIn(payload []byte) (*CheckIn, error) {
	c := CheckIn{Status: "unknown"}
	err := readObject(payload, func(name string, v []byte) {
		switch name {
		case "check_in_id":
			c.ID = jsonID(v)
		case "monitor_slug":
			s, _ := scalarText(v)
			c.MonitorSlug = Slug(s)
		case "status":
			c.Status = checkInStatus(v)
		case "duration":
			c.Duration = nil
			if f, ok := jsonFloat(v); ok && f >= 0 {
				c.Duration = &f
			}
		case "release":
			c.Release = releaseText(v)
		case "environment":
			c.Environment = environmentText(v)
		case "contexts":
			if trace := getMember(v, "trace"); trace != nil {
				c.TraceID = jsonID(getMember(trace, "trace_id"))
			}
		case "monitor_config":
			c.MonitorConfig = monitorConfig(v)
		}
	})
	if err != nil {
		return nil, err
	}
	if c.MonitorSlug == "" {
		return nil, errors.New("check-in without monitor_slug")
	}
	if c.Environment == "" {
		c.Environment = "production"
	}
	return &c, nil
}

func checkInStatus(v []byte) string {
	switch s, _ := jsonText(v); s {
	case "ok", "error", "in_progress":
		return s
	}
	return "unknown"
}

func monitorConfig(v []byte) *MonitorConfig {
	m := MonitorConfig{Raw: v}
	if !eachMember(v, func(name string, v []byte) {
		switch name {
		case "schedule":
			m.schedule(v)
		case "checkin_margin":
			m.CheckInMargin = count(v)
		case "max_runtime":
			m.MaxRuntime = count(v)
		case "failure_issue_threshold":
			m.FailureIssueThreshold = count(v)
		case "recovery_threshold":
			m.RecoveryThreshold = count(v)
		case "timezone":
			m.Timezone = shortText(v, 64)
		case "owner":
			m.Owner = shortText(v, maxShort)
		}
	}) {
		return nil
	}
	return &m
}

func (m *MonitorConfig) schedule(v []byte) {
	m.ScheduleType = shortText(getMember(v, "type"), 20)
	value := getMember(v, "value")
	switch m.ScheduleType {
	case "crontab":
		m.Crontab = shortText(value, maxShort)
	case "interval":
		m.Interval, _ = jsonCount(value)
		m.Unit = shortText(getMember(v, "unit"), 20)
	}
}

// Slug makes a monitor's slug: lower case, letters, digits, "_" and "-" only, at most 50
// characters.
func Slug(s string) string {
	var b strings.Builder
	n, gap := 0, false
	for _, r := range strings.TrimSpace(s) {
		if n >= maxSlug {
			break
		}
		r = unicode.ToLower(r)
		if !(r == '_' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9') {
			gap = gap || r == '-' || unicode.IsSpace(r)
			continue
		}
		if gap && n > 0 && n+1 < maxSlug {
			b.WriteByte('-')
			n++
		}
		gap = false
		b.WriteRune(r)
		n++
	}
	return b.String()
}
