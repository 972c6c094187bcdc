package api

import (
	"cmp"
	"encoding/json"
	"strings"

	"github.com/hindsight-dev/hindsight/alert/cron"
	"github.com/hindsight-dev/hindsight/store"
)

// monitorConfig gives a stored configuration in the API's form.
func monitorConfig(m *store.Monitor) MonitorConfig {
	c, err := cron.Parse(m.Config)
	if err != nil { // only a hand in the database makes such a one
		c = &cron.Config{}
	}
	out := MonitorConfig{ScheduleType: c.Schedule.Type, Schedule: c.Schedule.Crontab(), CheckInMargin: c.MarginMinutes(), MaxRuntime: c.RuntimeMinutes(),
		Timezone: c.Zone(), FailureThreshold: c.Failures(), RecoverThreshold: c.Recoveries()}
	if c.Schedule.Type == "interval" {
		out.Schedule = []any{c.Schedule.Every(), c.Schedule.Unit}
	}
	return out
}

// readMonitorConfig reads the API's form onto what was stored.
func readMonitorConfig(e element, old string) (string, error) {
	c := &cron.Config{}
	if old != "" {
		if read, err := cron.Parse(old); err == nil {
			c = read
		}
	}
	if v, ok := e["schedule"]; ok {
		typ := word(e, "schedule_type")
		switch s := v.(type) {
		case string:
			c.Schedule = cron.Schedule{Type: cmp.Or(typ, "crontab")}
			c.Schedule.Value, _ = json.Marshal(strings.TrimSpace(s)) // a text
		case []any:
			if len(s) != 2 {
				return "", badRequest("An interval is a number and a unit, such as [1, \"hour\"].")
			}
			c.Schedule = cron.Schedule{Type: cmp.Or(typ, "interval"), Unit: word(element{"u": s[1]}, "u")}
			c.Schedule.Value, _ = json.Marshal(number(element{"n": s[0]}, "n")) // a number
		case map[string]any:
			c.Schedule = cron.Schedule{Type: word(s, "type"), Unit: word(s, "unit")}
			c.Schedule.Value, _ = json.Marshal(s["value"]) // it came from JSON
		}
	}
	for key, to := range map[string]**int{"checkin_margin": &c.Margin, "max_runtime": &c.MaxRuntime, "failure_issue_threshold": &c.FailureThreshold,
		"recovery_threshold": &c.RecoverThreshold} {
		if v, ok := e[key]; ok {
			*to = nil
			if v != nil {
				n := int(number(e, key))
				*to = &n
			}
		}
	}
	if v, ok := e["timezone"]; ok && v != nil {
		c.TimeZone = word(e, "timezone")
	}
	if err := c.Validate(); err != nil {
		return "", badRequest(sentence(err))
	}
	b, err := json.Marshal(c)
	return string(b), err
}
