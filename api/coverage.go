package api

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/hindsight-dev/hindsight/linker/link"
)

// CoverageInput asks for coverage.
type CoverageInput struct {
	OrgPath
	WindowParams
	FilterParams
}

// Covered counts backend errors, and those of them with a recorded replay.
type Covered struct {
	Name    string  `json:"name" doc:"A project's slug, an SDK with its version, a mode, a signal, or a day."`
	Errors  int64   `json:"errors"`
	Covered int64   `json:"covered"`
	Share   float64 `json:"share" doc:"Covered of errors, 0 to 1."`
}

// ReplayCoverage is the share of backend errors with a replay. By replay SDK, mode and signal only covered
// errors can be told apart: there errors is all of the window's.
type ReplayCoverage struct {
	Total    Covered   `json:"total"`
	Projects []Covered `json:"projects"`
	Platform []Covered `json:"platforms" doc:"Of the backend."`
	SDKs     []Covered `json:"sdks" doc:"That made the recordings."`
	Modes    []Covered `json:"modes" doc:"session, buffer"`
	Signals  []Covered `json:"signals" doc:"An error counts for each signal that agreed."`
	Days     []Covered `json:"days"`
}

const dayMS = 24 * 60 * 60 * 1000

func (a *API) getReplayCoverage(ctx context.Context, in *CoverageInput) (*One[ReplayCoverage], error) {
	rq := from(ctx)
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	projects, err := set.choose(in.FilterParams)
	if err != nil {
		return nil, err
	}
	if len(projects) == 0 {
		for i := range set.list {
			projects = append(projects, set.list[i].ID)
		}
	}
	fromMS, toMS, err := a.window(in.WindowParams, 14*24*time.Hour)
	if err != nil {
		return nil, err
	}
	rows, err := a.Store.Coverage(ctx, rq.scope, projects, fromMS, toMS, dayMS)
	if err != nil {
		return nil, a.fail("read coverage", err)
	}
	t := map[string]tallies{}
	for _, dim := range []string{"total", "project", "platform", "sdk", "mode", "signal", "day"} {
		t[dim] = tallies{}
	}
	for _, r := range rows {
		linked := int64(0)
		if r.Linked {
			linked = r.Errors
			t["sdk"].add(r.SDKName+" "+r.SDKVersion, 0, linked)
			t["mode"].add(cmp.Or(r.Mode, "session"), 0, linked)
			for _, s := range link.Signals(r.Signals).Names() {
				t["signal"].add(s, 0, linked)
			}
		}
		t["total"].add("", r.Errors, linked)
		t["project"].add(set.slug(r.ProjectID), r.Errors, linked)
		t["platform"].add(r.Platform, r.Errors, linked)
		t["day"].add(at(r.BucketMS).Format("2006-01-02"), r.Errors, linked)
	}
	total := Covered{}
	if c := t["total"][""]; c != nil {
		total = *c
	}
	total.share()
	out := ReplayCoverage{Total: total, Projects: t["project"].list(0), Platform: t["platform"].list(0), SDKs: t["sdk"].list(total.Errors),
		Modes: t["mode"].list(total.Errors), Signals: t["signal"].list(total.Errors), Days: t["day"].list(0)}
	slices.SortFunc(out.Days, func(x, y Covered) int { return cmp.Compare(x.Name, y.Name) })
	return one(out), nil
}

type tallies map[string]*Covered

func (t tallies) add(name string, errors, covered int64) {
	if t[name] == nil {
		t[name] = &Covered{Name: name}
	}
	t[name].Errors += errors
	t[name].Covered += covered
}

func (c *Covered) share() {
	if c.Errors > 0 {
		c.Share = float64(c.Covered) / float64(c.Errors)
	}
}

// list gives the largest first; of is what to take the share of where a tally has no errors of its own.
func (t tallies) list(of int64) []Covered {
	out := []Covered{}
	for _, c := range t {
		if of > 0 {
			c.Errors = of
		}
		c.share()
		out = append(out, *c)
	}
	slices.SortFunc(out, func(x, y Covered) int {
		return cmp.Or(cmp.Compare(y.Errors, x.Errors), cmp.Compare(y.Covered, x.Covered), cmp.Compare(x.Name, y.Name))
	})
	return out
}
