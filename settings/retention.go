package settings

// Retention says how many days what came in is kept, by the time it happened. A zero is what the server says.
type Retention struct {
	Events   int `json:"events,omitempty"`   // errors with their files; an issue goes with the last of its events and recordings
	Spans    int `json:"spans,omitempty"`    // a trace stays whole: the longest of an organisation's projects counts
	Logs     int `json:"logs,omitempty"`     //
	Items    int `json:"items,omitempty"`    // metrics, profiles, and what else is kept as it came
	Sessions int `json:"sessions,omitempty"` // of releases
	Feedback int `json:"feedback,omitempty"` // with its screenshots
}

// DefaultRetention is what a server keeps that is not told otherwise: Sentry's 90 days, and 30 of what comes in masses.
func DefaultRetention() Retention {
	return Retention{Events: 90, Spans: 30, Logs: 30, Items: 90, Sessions: 90, Feedback: 90}
}

// Or gives r with the days of other where it has none.
func (r Retention) Or(other Retention) Retention {
	for i, days := range r.fields() {
		if *days.at <= 0 {
			*days.at = *other.fields()[i].at
		}
	}
	return r
}

// Longest gives of each kind the longer of both.
func (r Retention) Longest(other Retention) Retention {
	for i, days := range r.fields() {
		*days.at = max(*days.at, *other.fields()[i].at)
	}
	return r
}

type daysField struct {
	name string
	at   *int
}

func (r *Retention) fields() []daysField {
	return []daysField{{"events", &r.Events}, {"spans", &r.Spans}, {"logs", &r.Logs}, {"items", &r.Items}, {"sessions", &r.Sessions}, {"feedback", &r.Feedback}}
}

// MaxDays bounds how long anything is kept, in days: ten years.
const MaxDays = 3_650

func (r *Retention) check(c *checker) {
	for _, days := range r.fields() {
		if *days.at < 0 || *days.at > MaxDays {
			c.add("retention."+days.name, "must be from 1 to %d days, or 0 for what the server keeps", MaxDays)
		}
	}
}
