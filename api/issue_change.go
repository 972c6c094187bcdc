package api

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/store"
)

// statusWords are the states a person may ask for, with the stored one; muted is an old word.
var statusWords = map[string]string{
	"resolved": store.IssueResolved, "resolvedInNextRelease": store.IssueResolved, "unresolved": store.IssueUnresolved,
	"ignored": store.IssueIgnored, "muted": store.IssueIgnored,
}

var (
	ignoredSubstatus    = []string{store.SubstatusUntilEscalating, store.SubstatusUntilCondition, store.SubstatusForever}
	unresolvedSubstatus = []string{store.SubstatusNew, store.SubstatusOngoing, store.SubstatusEscalating, store.SubstatusRegressed}
)

// change makes the stored change of what a person asked for. project is the one that all the issues are
// of, nil when they are of several or not known yet.
func (a *API) change(ctx context.Context, rq *request, up IssueUpdate, raw []byte, project *int64) (store.IssueChange, error) {
	c := store.IssueChange{HasSeen: up.HasSeen, Bookmarked: up.IsBookmarked, Subscribed: up.IsSubscribed, Public: up.IsPublic, Priority: up.Priority, Inbox: up.Inbox}
	if id := rq.caller.userID(); id != 0 {
		c.Actor = &id
	}
	if up.Status != nil {
		if err := a.statusChange(ctx, rq, up, project, &c); err != nil {
			return c, err
		}
	}
	var given map[string]json.RawMessage
	_ = json.Unmarshal(raw, &given) // huma has read it before: it is an object
	if _, ok := given["assignedTo"]; ok {
		who, err := a.assignee(ctx, rq, deref(up.AssignedTo))
		if err != nil {
			return c, err
		}
		c.Assignee = &who
	}
	return c, nil
}

func (a *API) statusChange(ctx context.Context, rq *request, up IssueUpdate, project *int64, c *store.IssueChange) error {
	status := statusWords[*up.Status]
	substatus := map[string]string{store.IssueUnresolved: store.SubstatusOngoing, store.IssueIgnored: store.SubstatusUntilEscalating}[status]
	if up.Substatus != nil && *up.Substatus != "" {
		substatus = *up.Substatus
	}
	c.Status, c.Substatus = &status, &substatus
	details := up.details()
	switch status {
	case store.IssueUnresolved:
		if !slices.Contains(unresolvedSubstatus, substatus) {
			return badField("substatus", "Invalid substatus for this status.")
		}
	case store.IssueResolved:
		substatus = ""
		if *up.Status == "resolvedInNextRelease" {
			details.InNextRelease = true
		}
		return a.resolution(ctx, rq, details, project, &c.Resolution)
	case store.IssueIgnored:
		if !slices.Contains(ignoredSubstatus, substatus) {
			return badField("substatus", "Invalid substatus for this status.")
		}
		var err error
		if c.Ignore, err = details.ignore(); err != nil {
			return err
		}
		if substatus == store.SubstatusUntilCondition && c.Ignore == (store.Ignore{}) {
			return badField("statusDetails", "archived_until_condition_met wants ignoreDuration, ignoreCount or ignoreUserCount.")
		}
	}
	return nil
}

// resolution reads how an issue is resolved. The release "latest" is the newest of the issues' project.
func (a *API) resolution(ctx context.Context, rq *request, d StatusDetailsInput, project *int64, r *store.Resolution) error {
	switch {
	case d.InRelease != "":
		version := d.InRelease
		if version == "latest" {
			if project == nil {
				return badField("statusDetails", "inRelease: latest is of issues of one project.")
			}
			newest, err := a.Store.NewestRelease(ctx, rq.scope, *project)
			if err != nil {
				return a.fail("newest release", err)
			}
			if newest == nil {
				return badField("statusDetails", "inRelease: No release data present in the system to form a basis for 'Next Release'")
			}
			version = newest.Version
		}
		found, err := a.Store.Release(ctx, rq.scope, version)
		if err != nil {
			if a.fail("read release", err) == errNotFound {
				return badField("statusDetails", "inRelease: Unable to find a release with the given version.")
			}
			return a.fail("read release", err)
		}
		r.Kind, r.ReleaseID = store.ResolvedInRelease, found.ID
	case d.InCommit.Commit != "":
		if len(d.InCommit.Commit) > 64 {
			return badField("statusDetails", "inCommit: commit has at most 64 characters.")
		}
		r.Kind, r.Commit = store.ResolvedInCommit, d.InCommit.Commit
	case d.InNextRelease:
		r.Kind = store.ResolvedInNextRelease
	case d.InUpcomingRelease:
		r.Kind = store.ResolvedInUpcomingRelease
	}
	return nil
}

// StatusDetailsInput says how an issue is resolved, or until when it is archived.
type StatusDetailsInput struct {
	_ struct{} `json:"-" additionalProperties:"true"`

	InNextRelease     bool   `json:"inNextRelease,omitempty"`
	InUpcomingRelease bool   `json:"inUpcomingRelease,omitempty"`
	InRelease         string `json:"inRelease,omitempty" doc:"A version, or latest."`
	InCommit          struct {
		_ struct{} `json:"-" additionalProperties:"true"`

		Commit     string `json:"commit,omitempty"`
		Repository string `json:"repository,omitempty"`
	} `json:"inCommit,omitempty"`
	IgnoreInput
}

// IgnoreInput says until when an issue is archived; whichever comes first.
type IgnoreInput struct {
	Duration   *int64 `json:"ignoreDuration,omitempty" nullable:"true" minimum:"0" doc:"Minutes."`
	Count      *int64 `json:"ignoreCount,omitempty" nullable:"true" minimum:"0" doc:"So many events more."`
	Window     *int64 `json:"ignoreWindow,omitempty" nullable:"true" minimum:"0" maximum:"10080" doc:"Minutes that ignoreCount is within."`
	UserCount  *int64 `json:"ignoreUserCount,omitempty" nullable:"true" minimum:"0" doc:"So many users more."`
	UserWindow *int64 `json:"ignoreUserWindow,omitempty" nullable:"true" minimum:"0" maximum:"10080" doc:"Minutes that ignoreUserCount is within."`
}

// details are the update's status details; clients also put them beside the status.
func (up *IssueUpdate) details() StatusDetailsInput {
	var d StatusDetailsInput
	if up.StatusDetails != nil {
		d = *up.StatusDetails
	}
	for to, from := range map[**int64]*int64{&d.Duration: up.Duration, &d.Count: up.Count, &d.Window: up.Window, &d.UserCount: up.UserCount, &d.UserWindow: up.UserWindow} {
		if *to == nil {
			*to = from
		}
	}
	if d.Duration == nil {
		d.Duration = up.SnoozeDuration
	}
	return d
}

// maxIgnoreMinutes is 10 years: longer is for ever.
const maxIgnoreMinutes = 10 * 366 * 24 * 60

func (d *StatusDetailsInput) ignore() (store.Ignore, error) {
	n := func(p *int64) int64 {
		if p == nil {
			return 0
		}
		return *p
	}
	g := store.Ignore{Duration: time.Duration(min(n(d.Duration), maxIgnoreMinutes)) * time.Minute, Events: n(d.Count), Users: n(d.UserCount),
		EventsWindow: time.Duration(n(d.Window)) * time.Minute, UsersWindow: time.Duration(n(d.UserWindow)) * time.Minute}
	if n(d.Window) > 0 && g.Events == 0 || n(d.UserWindow) > 0 && g.Users == 0 {
		return g, badField("statusDetails", "ignoreWindow wants ignoreCount, and ignoreUserWindow wants ignoreUserCount.")
	}
	if g.Events > 1_000_000 || g.Users > 1_000_000 {
		return g, badField("statusDetails", "ignoreCount and ignoreUserCount are at most 1000000.")
	}
	return g, nil
}

// assignee finds a member by user:7, an id, a name or an e-mail address, and a team by team:3 or #slug;
// nobody for an empty text.
func (a *API) assignee(ctx context.Context, rq *request, who string) (store.Assignee, error) {
	if who == "" {
		return store.Assignee{}, nil
	}
	unknown := badField("assignedTo", "Unknown actor input: nobody in this organization is called "+strconv.Quote(who)+".")
	team, isTeam := strings.CutPrefix(who, "team:")
	if slug, ok := strings.CutPrefix(who, "#"); ok {
		team, isTeam = slug, true
	}
	if isTeam {
		t, err := a.Store.Team(ctx, rq.scope, team, 0)
		if err != nil {
			if a.fail("read team", err) == errNotFound {
				return store.Assignee{}, unknown
			}
			return store.Assignee{}, a.fail("read team", err)
		}
		return store.Assignee{TeamID: &t.ID}, nil
	}
	ms, err := a.Store.Members(ctx, rq.scope)
	if err != nil {
		return store.Assignee{}, a.fail("read members", err)
	}
	who = strings.TrimPrefix(who, "user:")
	id, _ := strconv.ParseInt(who, 10, 64)
	for _, m := range ms {
		if m.ID == id || strings.EqualFold(m.Email, who) || m.Name == who {
			return store.Assignee{UserID: &m.ID}, nil
		}
	}
	return store.Assignee{}, unknown
}
