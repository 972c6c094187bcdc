package cron

import (
	"encoding/json"
	"testing"
	"time"
)

func crontab(text, zone string) *Config {
	b, _ := json.Marshal(text)
	return &Config{Schedule: Schedule{Type: "crontab", Value: b}, TimeZone: zone}
}

func at(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestNext(t *testing.T) {
	for _, c := range []struct {
		cfg        *Config
		from, want string
	}{
		{crontab("0 3 * * *", ""), "2026-06-01T03:00:00Z", "2026-06-02T03:00:00Z"},
		{crontab("0 3 * * *", "Europe/Berlin"), "2026-06-01T12:00:00Z", "2026-06-02T01:00:00Z"},
		{crontab("0 3 * * *", "Europe/Berlin"), "2026-12-01T12:00:00Z", "2026-12-02T02:00:00Z"},
		{crontab("0 0 * * 7", ""), "2026-06-01T00:00:00Z", "2026-06-07T00:00:00Z"},
		{crontab("0 0 * * 5-7", ""), "2026-06-06T00:00:00Z", "2026-06-07T00:00:00Z"},
		{crontab("@daily", ""), "2026-06-01T05:00:00Z", "2026-06-02T00:00:00Z"},
		{&Config{Schedule: Schedule{Type: "interval", Value: json.RawMessage("10"), Unit: "minute"}}, "2026-06-01T00:00:00Z", "2026-06-01T00:10:00Z"},
		{&Config{Schedule: Schedule{Type: "interval", Value: json.RawMessage("1"), Unit: "month"}}, "2026-01-15T00:00:00Z", "2026-02-15T00:00:00Z"},
	} {
		if got := c.cfg.Next(at(t, c.from)); !got.Equal(at(t, c.want)) {
			t.Errorf("%s %s after %s: %s, want %s", c.cfg.Schedule.Value, c.cfg.TimeZone, c.from, got, c.want)
		}
	}
	// A run that began a few seconds early is the one that was due.
	if got := crontab("0 3 * * *", "").After(at(t, "2026-06-01T02:59:50Z")); !got.Equal(at(t, "2026-06-02T03:00:00Z")) {
		t.Errorf("after an early run: %s", got)
	}
	for _, bad := range []*Config{crontab("61 * * * *", ""), crontab("* * *", ""), crontab("@every 1s", ""), crontab("TZ=UTC * * * * *", ""), crontab("0 0 30 2 *", ""),
		crontab("* * * * *", "Mars/Olympus"), {Schedule: Schedule{Type: "interval", Value: json.RawMessage("0"), Unit: "hour"}}, {Schedule: Schedule{Type: "x"}}} {
		if bad.Validate() == nil {
			t.Errorf("%s %s was taken", bad.Schedule.Value, bad.TimeZone)
		}
	}
}

func TestJudge(t *testing.T) {
	two := 2
	cfg := crontab("0 * * * *", "")
	cfg.FailureThreshold, cfg.RecoverThreshold = &two, &two
	run := func(hour int, status string) Run { return Run{status, time.Date(2026, 6, 1, hour, 0, 0, 0, time.UTC)} }
	for _, c := range []struct {
		name string
		runs []Run // the newest first
		was  bool
		want bool
	}{
		{"nothing", nil, false, false},
		{"one failure", []Run{run(2, "error"), run(1, "ok")}, false, false},
		{"two failures", []Run{run(3, "missed"), run(2, "timeout"), run(1, "ok")}, false, true},
		{"one good run is not enough", []Run{run(4, "ok"), run(3, "missed"), run(2, "error")}, true, true},
		{"two are", []Run{run(5, "ok"), run(4, "ok"), run(3, "missed")}, true, false},
		{"unknown counts for nothing", []Run{run(4, "unknown"), run(3, "missed"), run(2, "error")}, false, true},
		{"running says nothing", []Run{run(4, "in_progress"), run(3, "ok")}, false, false},
	} {
		if got := Judge(cfg, c.runs, c.was); got.Failing != c.want {
			t.Errorf("%s: failing %v, want %v", c.name, got.Failing, c.want)
		}
	}
	s := Judge(cfg, []Run{run(1, "ok")}, false)
	if s.Next.Hour() != 2 || s.Late.Sub(s.Next) != time.Minute {
		t.Errorf("next %s, late %s", s.Next, s.Late)
	}
}
