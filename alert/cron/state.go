package cron

import "time"

// Run is a check-in as far as states go.
type Run struct {
	Status  string // ok error in_progress missed timeout unknown
	Started time.Time
}

// Failed says whether a run counts as a failure.
func (r Run) Failed() bool {
	return r.Status == "error" || r.Status == "missed" || r.Status == "timeout"
}

// State is what a monitor's runs in one environment make of it.
type State struct {
	Status   string    // active ok error missed timeout
	Failing  bool      // enough failures in a row, and not enough good runs since
	Since    time.Time // of the first failure in a row, when Failing
	Next     time.Time // when the next run is expected; zero: never
	Late     time.Time // when it is missed
	Failures int       // in a row, up to now
}

// Judge works out the state from the last runs, the newest first. failing is what it was before. It depends
// on its arguments alone: runs may come in any order and twice.
func Judge(c *Config, runs []Run, failing bool) State {
	s := State{Status: "active", Failing: failing}
	ended := make([]Run, 0, len(runs))
	for _, r := range runs { // what goes on, or nobody saw, says nothing yet
		if r.Failed() || r.Status == "ok" {
			ended = append(ended, r)
		}
	}
	if len(ended) > 0 {
		s.Status = ended[0].Status
	}
	good := 0
	for _, r := range ended {
		if r.Failed() {
			break
		}
		good++
	}
	for _, r := range ended {
		if !r.Failed() {
			break
		}
		s.Failures++
		s.Since = r.Started
	}
	switch {
	case s.Failures >= c.Failures():
		s.Failing = true
	case good >= c.Recoveries():
		s.Failing = false
	}
	if len(runs) > 0 {
		s.Next = c.After(runs[0].Started)
		if !s.Next.IsZero() {
			s.Late = s.Next.Add(time.Duration(c.MarginMinutes()) * time.Minute)
		}
	}
	return s
}
