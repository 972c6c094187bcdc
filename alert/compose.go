package alert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/hindsight-dev/hindsight/alert/channel"
	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/store"
)

// maxSteps is how many of the user's last steps a message tells.
const maxSteps = 6

// compose makes the message of a delivery and those told with it, as things are now. hold says that it is
// worth waiting a moment: the session that the error happened in is still coming in.
func (w *Worker) compose(ctx context.Context, ds []store.AlertDelivery) (m *channel.Message, hold bool, err error) {
	d := &ds[0]
	scope := store.Scope{OrgID: d.OrgID}
	org, err := w.cfg.Store.Organization(ctx, scope, strconv.FormatInt(d.OrgID, 10))
	if err != nil {
		return nil, false, err
	}
	m = &channel.Message{Key: d.Key, Reason: d.Reason, Rule: d.RuleName, Organization: org.Slug}
	if d.RuleID != 0 {
		m.RuleURL = w.at(org, "alerts/rules/"+strconv.FormatInt(d.RuleID, 10)+"/")
	}
	if d.ProjectID != 0 {
		p, err := w.cfg.Store.Project(ctx, scope, strconv.FormatInt(d.ProjectID, 10))
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, false, err
		}
		if err == nil {
			m.Project = p.Slug
		}
	}
	switch {
	case d.IssueID != 0:
		hold, err = w.describeIssue(ctx, scope, org, d, m)
	case d.Body != "":
		err = w.describeMetric(org, d, m)
	default:
		m.Title, m.URL, m.Dedup, m.Level = "This is a test from Hindsight", w.at(org, "alerts/channels/"), "test", "info"
	}
	if err != nil || hold {
		return nil, hold, err
	}
	m.Others, err = w.others(ctx, scope, org, ds[1:])
	return m, false, err
}

func (w *Worker) at(org *store.Organization, path string) string {
	return w.cfg.BaseURL + "/organizations/" + url.PathEscape(org.Slug) + "/" + path
}

func (w *Worker) issueURL(org *store.Organization, issueID int64, eventID string) string {
	path := "issues/" + strconv.FormatInt(issueID, 10) + "/"
	if eventID != "" {
		path += "events/" + eventID + "/"
	}
	return w.at(org, path)
}

// describeIssue says what happened, where, how often, and what the user did before.
func (w *Worker) describeIssue(ctx context.Context, scope store.Scope, org *store.Organization, d *store.AlertDelivery, m *channel.Message) (hold bool, err error) {
	i, err := w.cfg.Store.Issue(ctx, scope, d.IssueID)
	if errors.Is(err, store.ErrNotFound) {
		return false, &channel.Failed{Permanent: true, Err: errors.New("the issue was deleted before it could be told")}
	}
	if err != nil {
		return false, err
	}
	m.Title, m.Level, m.Culprit, m.ShortID = i.Title, i.Level, i.Culprit, store.ShortID(m.Project, i.Number)
	m.Events, m.Users, m.FirstSeen, m.LastSeen = i.TimesSeen, i.UsersSeen, time.UnixMilli(i.FirstSeenMS).UTC(), time.UnixMilli(i.LastSeenMS).UTC()
	m.Dedup = fmt.Sprintf("issue-%d", i.ID)
	m.Release, m.Over = i.LastRelease, i.Status == store.IssueResolved
	m.URL = w.issueURL(org, i.ID, "")
	if d.EventID == "" {
		return false, nil
	}
	e, err := w.cfg.Store.Event(ctx, scope, d.ProjectID, d.EventID)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	m.Title, m.Level, m.Culprit, m.Environment, m.Release = e.Title, e.Level, e.Culprit, e.Environment, e.Release
	m.URL = w.issueURL(org, i.ID, e.EventID)
	return w.describeReplay(ctx, scope, org, d, e, m)
}

func (w *Worker) describeReplay(ctx context.Context, scope store.Scope, org *store.Organization, d *store.AlertDelivery, e *store.Event, m *channel.Message) (hold bool, err error) {
	links, err := w.cfg.Store.EventReplays(ctx, scope, []string{e.EventID})
	if err != nil {
		return false, err
	}
	link, linked := links[e.EventID]
	young := w.nowMS()-d.CreatedMS < replayHold.Milliseconds()
	if !linked || !link.Plays {
		if (linked || e.ExpectsReplay) && young {
			return true, nil
		}
		m.Steps = w.breadcrumbs(e)
		return false, nil
	}
	_, started, _, err := w.cfg.Store.ReplayState(ctx, store.ReplayKey{OrgID: scope.OrgID, ReplayID: link.ReplayID})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	at := max(e.TimestampMS-started, 0) / 1000
	m.ReplayURL = w.at(org, "replays/"+link.ReplayID+"/?t="+strconv.FormatInt(max(at-5, 0), 10)) // the player begins 5 s before
	m.ReplayAt = fmt.Sprintf("%d:%02d", at/60, at%60)
	chapters, err := w.cfg.Store.Steps(ctx, scope, link.ReplayID, e.TimestampMS, maxSteps)
	if err != nil {
		return false, err
	}
	for _, c := range chapters {
		m.Steps = append(m.Steps, channel.Step{Before: time.Duration(e.TimestampMS-c.StartMS) * time.Millisecond, Text: c.Label, Status: c.Status})
	}
	if len(m.Steps) == 0 && young { // its chapters are derived within a second
		return true, nil
	}
	return false, nil
}

// breadcrumbs are the last steps as the event itself tells them.
func (w *Worker) breadcrumbs(e *store.Event) []channel.Step {
	ev, err := readEvent(e)
	if err != nil {
		w.log.Warn("an event cannot be read for an alert", "event", e.EventID, "err", err)
		return nil
	}
	var out []channel.Step
	for i := len(ev.Breadcrumbs) - 1; i >= 0 && len(out) < maxSteps; i-- {
		if s, ok := crumb(&ev.Breadcrumbs[i], e.TimestampMS); ok {
			out = append([]channel.Step{s}, out...)
		}
	}
	return out
}

func crumb(b *envelope.Breadcrumb, atMS int64) (channel.Step, bool) {
	text := b.Message
	if text == "" {
		var data struct {
			Method, URL, From, To string
			Status                any `json:"status_code"`
		}
		if raw, err := json.Marshal(b.Data); err == nil {
			_ = json.Unmarshal(raw, &data) // what has other types says nothing
		}
		switch {
		case data.URL != "":
			text = data.Method + " " + data.URL
		case data.To != "":
			text = "to " + data.To
		}
	}
	if text == "" {
		return channel.Step{}, false
	}
	if b.Category != "" {
		text = b.Category + ": " + text
	}
	status := "ok"
	if b.Level == "error" || b.Level == "fatal" {
		status = "error"
	}
	return channel.Step{Before: time.Duration(atMS-b.Timestamp.UnixMilli()) * time.Millisecond, Text: text, Status: status}, true
}

// others lists what is told in the same message, an issue once.
func (w *Worker) others(ctx context.Context, scope store.Scope, org *store.Organization, ds []store.AlertDelivery) ([]channel.Line, error) {
	var out []channel.Line
	at := map[int64]int{}
	for i := range ds {
		d := &ds[i]
		if n, ok := at[d.IssueID]; ok && d.IssueID != 0 {
			out[n].Count++
			continue
		}
		line := channel.Line{Title: d.Reason, Count: 1, URL: w.at(org, "alerts/rules/"+strconv.FormatInt(d.RuleID, 10)+"/")}
		if d.IssueID != 0 {
			is, err := w.cfg.Store.Issue(ctx, scope, d.IssueID)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
			line.Title, line.URL = is.Title, w.issueURL(org, is.ID, d.EventID)
			if p, err := w.cfg.Store.Project(ctx, scope, strconv.FormatInt(is.ProjectID, 10)); err == nil {
				line.Project, line.ShortID = p.Slug, store.ShortID(p.Slug, is.Number)
			}
		}
		at[d.IssueID] = len(out)
		out = append(out, line)
	}
	return out, nil
}
