package rule

import (
	"testing"
	"time"
)

func TestQuiet(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	night := &Quiet{TimeZone: "Europe/Berlin", Start: "22:00", End: "07:00"}
	for _, c := range []struct {
		now, want string // local
	}{
		{"2026-06-01 21:59", "2026-06-01 21:59"}, {"2026-06-01 22:00", "2026-06-02 07:00"}, {"2026-06-02 06:59", "2026-06-02 07:00"}, {"2026-06-02 07:00", "2026-06-02 07:00"},
		{"2026-03-29 01:30", "2026-03-29 07:00"}, // the clock goes forward in this night
		{"2026-10-25 02:30", "2026-10-25 07:00"}, // and back in this one
	} {
		now, _ := time.ParseInLocation("2006-01-02 15:04", c.now, berlin)
		want, _ := time.ParseInLocation("2006-01-02 15:04", c.want, berlin)
		if got := night.Until(now); !got.Equal(want) {
			t.Errorf("at %s quiet until %s, want %s", c.now, got, want)
		}
	}
	weekend := &Quiet{TimeZone: "UTC", Start: "00:00", End: "23:59", Days: []int{0, 6}}
	if now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC); !weekend.Until(now).Equal(now) { // a Monday
		t.Error("quiet on a Monday")
	}
}

func TestValidateRule(t *testing.T) {
	good := Rule{Match: "any", Frequency: 30, When: []Condition{{Type: FirstSeen}}, Then: []Group{{Match: "all", If: []Condition{{Type: Level, Match: "gte", Value: 40}}}}}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Rule){
		"frequency": func(r *Rule) { r.Frequency = 0 },
		"match":     func(r *Rule) { r.Match = "some" },
		"kind":      func(r *Rule) { r.When = []Condition{{Type: "moon"}} },
		"interval":  func(r *Rule) { r.When = []Condition{{Type: EventFrequency, Value: 1, Interval: "2h"}} },
		"value":     func(r *Rule) { r.When = []Condition{{Type: EventFrequency, Value: 1e9, Interval: "1h"}} },
		"zone":      func(r *Rule) { r.Quiet = &Quiet{TimeZone: "Nowhere", Start: "22:00", End: "07:00"} },
		"digest":    func(r *Rule) { r.Digest = &Digest{MinSeconds: 10, MaxSeconds: 5} },
		"many":      func(r *Rule) { r.When = make([]Condition, 51) },
	} {
		bad := good
		spoil(&bad)
		if bad.Validate() == nil {
			t.Errorf("%s: was taken", name)
		}
	}
}

func TestJudgeMetric(t *testing.T) {
	resolve := 50.0
	m := &Metric{Resolve: &resolve, Triggers: []Trigger{{Label: Critical, At: 100}, {Label: Warning, At: 80}}}
	for _, c := range []struct {
		was  string
		v    float64
		want string
	}{{"", 80, ""}, {"", 81, Warning}, {Warning, 101, Critical}, {Critical, 90, Warning}, {Warning, 60, Warning}, {Warning, 50, ""}, {"", 60, ""}} {
		if got := m.Judge(c.was, c.v); got != c.want {
			t.Errorf("%s at %v: %q, want %q", c.was, c.v, got, c.want)
		}
	}
	low := &Metric{Below: true, Triggers: []Trigger{{Label: Critical, At: 99}}}
	if low.Judge("", 98.5) != Critical || low.Judge(Critical, 99.5) != "" {
		t.Error("a number that must not be low")
	}
}
