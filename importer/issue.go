package importer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/hindsight-dev/hindsight/store"
)

// eventReaders is how many issues' events are read from the old server at a time: it has other people to serve.
const eventReaders = 4

type issue struct {
	ID, Title, Culprit, Level, Status, Substatus, Type, Platform, Logger, Priority string

	Count               json.RawMessage // "12", or 12
	UserCount           int64
	FirstSeen, LastSeen *time.Time
	IsUnhandled         bool
	Metadata            map[string]any
	AssignedTo          *struct{ Type, Email, Name string }
	StatusDetails       json.RawMessage
}

// statusDetails is how an issue was resolved, or until when it is archived; counts are what remains.
type statusDetails struct {
	InRelease                        string
	InNextRelease, InUpcomingRelease bool
	InCommit                         any // {"commit": …}, or its sha

	IgnoreUntil                    *time.Time
	IgnoreCount, IgnoreUserCount   int64
	IgnoreWindow, IgnoreUserWindow int64 // minutes
}

// issues brings in those of a project, page by page, newest first.
func (r *run) issues(ctx context.Context, in *project, p *store.Project) error {
	q := url.Values{"query": {""}, "project": {in.ID}, "limit": {"100"}, "sort": {"new"},
		"start": {r.Since.UTC().Format(naive)}, "end": {time.Now().UTC().Add(time.Hour).Format(naive)}}
	err := r.issuePages(ctx, q, in, p)
	var no *refused
	if errors.As(err, &no) && no.status == http.StatusBadRequest { // a server that keeps no more than its default, and does not clamp
		r.note(in.Slug, "issues", "", "the old server refuses issues since %s (%s): those of its last 90 days are read", r.Since.Format(time.DateOnly), no.detail)
		q.Del("start")
		q.Del("end")
		q.Set("statsPeriod", "90d")
		err = r.issuePages(ctx, q, in, p)
	}
	return err
}

// naive is a time as every server of this API takes it, in UTC.
const naive = "2006-01-02T15:04:05"

func (r *run) issuePages(ctx context.Context, q url.Values, in *project, p *store.Project) error {
	done := 0
	return pages(ctx, r.source, r.org("issues"), q, func(is []issue, total int) error {
		if err := r.issuePage(ctx, is, in, p); err != nil {
			return err
		}
		done += len(is)
		if total >= done {
			r.Tell("issues of %s: %d of %d", in.Slug, done, total)
		} else {
			r.Tell("issues of %s: %d", in.Slug, done)
		}
		return nil
	})
}

func (r *run) issuePage(ctx context.Context, is []issue, in *project, p *store.Project) error {
	known := map[string]bool{}
	if p != nil {
		ids := make([]string, len(is))
		for i := range is {
			ids[i] = is[i].ID
		}
		var err error
		if known, err = r.Store.ImportedIssues(ctx, r.Scope, p.ID, r.name, ids); err != nil {
			return err
		}
	}
	var todo []*issue
	for i := range is {
		whole, there := known[is[i].ID]
		switch {
		case there && (whole || !r.Events):
			r.sum.Known++
		case r.DryRun && !there:
			r.sum.Issues++
		case r.DryRun:
			r.sum.Known++
		default:
			todo = append(todo, &is[i])
		}
	}
	events, err := r.latestEvents(ctx, todo, in, p)
	if err != nil {
		return err
	}
	for i, x := range todo {
		if err := r.issue(ctx, x, p, events[i]); err != nil {
			return err
		}
	}
	return nil
}

// latestEvents reads the newest event of each issue; nil where there is none.
func (r *run) latestEvents(ctx context.Context, is []*issue, in *project, p *store.Project) ([]*store.EventWrite, error) {
	out := make([]*store.EventWrite, len(is))
	if !r.Events || len(is) == 0 {
		return out, nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var readers sync.WaitGroup
	next := make(chan int)
	for range eventReaders {
		readers.Go(func() {
			for i := range next {
				payload, err := r.latestPayload(ctx, in.Slug, is[i].ID)
				if err == nil && payload != nil {
					out[i], err = r.Reader.Event(ctx, r.Scope.OrgID, p.ID, payload)
				}
				if err != nil {
					cancel(fmt.Errorf("event of issue %s: %w", is[i].ID, err))
				}
			}
		})
	}
	for i := range is {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	readers.Wait()
	return out, context.Cause(ctx)
}

func (r *run) issue(ctx context.Context, in *issue, p *store.Project, event *store.EventWrite) error {
	row, unassigned := r.row(in, p)
	if err := r.settle(ctx, in, &row); err != nil {
		return err
	}
	as, err := r.Store.ImportIssue(ctx, r.Scope, store.ForeignIssue{Source: r.name, ID: in.ID, Issue: row, Event: event})
	if err != nil {
		return err
	}
	switch {
	case as.New:
		r.sum.Issues++
	case as.Joined:
		r.sum.Joined++
	case as.Discarded:
		r.sum.Discarded++
	default:
		r.sum.Known++
	}
	if as.Event {
		r.sum.Events++
	}
	if as.New && unassigned {
		r.sum.Unassigned++
	}
	if as.New && r.Events && event == nil {
		r.sum.WithoutEvent++
	}
	return nil
}

// row is an issue in our words; unassigned: its assignee is nobody here.
func (r *run) row(in *issue, p *store.Project) (row store.Issue, unassigned bool) {
	row = store.Issue{OrgID: r.Scope.OrgID, ProjectID: p.ID, Title: in.Title, Culprit: in.Culprit, Level: in.Level, Type: in.Type, Platform: in.Platform, Logger: in.Logger,
		Status: in.Status, Substatus: in.Substatus, Unhandled: in.IsUnhandled, UsersSeen: in.UserCount, Priority: in.Priority}
	row.TimesSeen, _ = strconv.ParseInt(plain(in.Count), 10, 64) // 0 where a server says "1k"
	if first := ms(in.FirstSeen); first != nil {
		row.FirstSeenMS = *first
	}
	if last := ms(in.LastSeen); last != nil {
		row.LastSeenMS = *last
	}
	meta := map[string]string{"imported": r.name}
	for _, k := range []string{"type", "value", "filename", "function", "title"} {
		if s, ok := in.Metadata[k].(string); ok {
			meta[k] = s
		}
	}
	doc, _ := json.Marshal(meta) // strings never fail
	row.Metadata = string(doc)
	if in.AssignedTo != nil {
		row.AssigneeID = r.users[in.AssignedTo.Email]
		if id, ok := r.teams[in.AssignedTo.Name]; ok && in.AssignedTo.Type == "team" {
			row.AssigneeTeamID = &id
		}
	}
	return row, in.AssignedTo != nil && row.AssigneeID == nil && row.AssigneeTeamID == nil
}

// settle gives a resolved issue the release or commit of its fix, and an archived one what it waits for.
func (r *run) settle(ctx context.Context, in *issue, row *store.Issue) error {
	var d statusDetails
	if len(in.StatusDetails) == 0 || json.Unmarshal(in.StatusDetails, &d) != nil {
		return nil // another server's own words: the status is kept
	}
	switch in.Status {
	case store.IssueResolved:
		return r.resolve(ctx, &d, row)
	case store.IssueIgnored:
		row.IgnoreUntilMS = ms(d.IgnoreUntil)
		row.IgnoreEvents, row.IgnoreEventsWindowMS = wake(d.IgnoreCount, d.IgnoreWindow, row.TimesSeen)
		row.IgnoreUsers, row.IgnoreUsersWindowMS = wake(d.IgnoreUserCount, d.IgnoreUserWindow, row.UsersSeen)
	}
	return nil
}

func (r *run) resolve(ctx context.Context, d *statusDetails, row *store.Issue) error {
	after := func(version string) error { // nil: its releases decide from the next one on
		rel, err := r.Store.Release(ctx, r.Scope, version)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err == nil {
			row.ResolutionReleaseID = &rel.ID
		}
		return err
	}
	switch {
	case d.InRelease != "":
		row.Resolution = store.ResolvedInRelease
		return after(d.InRelease)
	case d.InNextRelease, d.InUpcomingRelease:
		row.Resolution = store.ResolvedInNextRelease
		newest, err := r.Store.NewestRelease(ctx, r.Scope, row.ProjectID)
		if err == nil && newest != nil {
			row.ResolutionReleaseID = &newest.ID
		}
		return err
	case d.InCommit != nil:
		sha, _ := d.InCommit.(string)
		if o, ok := d.InCommit.(map[string]any); ok {
			if sha, _ = o["commit"].(string); sha == "" {
				sha, _ = o["id"].(string)
			}
		}
		if sha != "" {
			row.Resolution, row.ResolutionCommit = store.ResolvedInCommit, sha
		}
	}
	return nil
}

// wake is when an archived issue comes back: at so many more, or at so many within a window of minutes.
func wake(n, window, total int64) (at, within *int64) {
	if n <= 0 {
		return nil, nil
	}
	if window > 0 {
		ms := time.Duration(window * int64(time.Minute)).Milliseconds()
		return &n, &ms
	}
	n += total
	return &n, nil
}

// plain is a text or a number without its quotes.
func plain(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

func ms(t *time.Time) *int64 {
	if t == nil {
		return nil
	}
	n := t.UnixMilli()
	return &n
}
