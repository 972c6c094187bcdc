package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/mail"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/store"
)

// ReportUser is who wrote a report.
type ReportUser struct {
	ID        *string `json:"id"`
	Username  *string `json:"username"`
	Email     *string `json:"email"`
	Name      *string `json:"name"`
	IPAddress *string `json:"ipAddress"`
	AvatarURL *string `json:"avatarUrl"`
}

// ReportEvent is the event that a report is about.
type ReportEvent struct {
	ID      string `json:"id"`
	EventID string `json:"eventID"`
}

// ReportIssue is the issue that a report is about.
type ReportIssue struct {
	ID      string `json:"id"`
	ShortID string `json:"shortId"`
	Title   string `json:"title"`
}

// ReportReplay is the recording that a report was written in.
type ReportReplay struct {
	ID    string `json:"id"`
	Plays bool   `json:"plays"`
	AtSec int64  `json:"at" doc:"Seconds from its start to when the report was sent."`
}

// UserReport is what a person wrote, in Sentry's older form.
type UserReport struct {
	ID          string             `json:"id"`
	EventID     string             `json:"eventID" doc:"Of the event it is about, or its own."`
	Name        *string            `json:"name"`
	Email       *string            `json:"email"`
	Comments    string             `json:"comments"`
	DateCreated time.Time          `json:"dateCreated"`
	User        Null[ReportUser]   `json:"user"`
	Event       ReportEvent        `json:"event"`
	Issue       Null[ReportIssue]  `json:"issue"`
	ProjectSlug string             `json:"projectSlug" doc:"Ours."`
	URL         *string            `json:"url" doc:"Ours: where it was written."`
	Source      *string            `json:"source" doc:"Ours: widget, api, …"`
	Environment *string            `json:"environment" doc:"Ours."`
	Replay      Null[ReportReplay] `json:"replay" doc:"Ours."`
	Release     *string            `json:"release" doc:"Ours."`
	TraceID     *string            `json:"traceId" doc:"Ours."`
	Status      string             `json:"status" enum:"unresolved,resolved,spam" doc:"Ours."`
}

// ReportKey names a report of a project.
type ReportKey struct {
	ID          string `json:"id"`
	ProjectSlug string `json:"projectSlug"`
}

// UserReportDetails is a report with the files that came with it and those written just before and after it.
type UserReportDetails struct {
	UserReport
	Attachments []Attachment    `json:"attachments"`
	Older       Null[ReportKey] `json:"older"`
	Newer       Null[ReportKey] `json:"newer"`
}

// UserReportsInput lists reports of an organisation.
type UserReportsInput struct {
	OrgPath
	PageParams
	WindowParams
	FilterParams
	ReportStatus
}

// ReportStatus narrows reports to what became of them.
type ReportStatus struct {
	Status string `query:"status" enum:"unresolved,resolved,spam," doc:"What became of them; nothing: all."`
}

// ReportPath names a report by its own id.
type ReportPath struct {
	ProjectPath
	Report string `path:"report" doc:"32 hex digits."`
}

// ReportInput asks for a report; its neighbours are those of the status.
type ReportInput struct {
	ReportPath
	ReportStatus
}

// UpdateReportInput says what became of a report.
type UpdateReportInput struct {
	ReportPath
	Body struct {
		Status string `json:"status" enum:"unresolved,resolved,spam"`
	}
}

// ProjectReportsInput lists reports of a project.
type ProjectReportsInput struct {
	ProjectPath
	PageParams
}

// IssueReportsInput lists reports about an issue.
type IssueReportsInput struct {
	OrgPath
	PageParams
	Issue string `path:"issue"`
}

// CreateReportInput writes a report.
type CreateReportInput struct {
	ProjectPath
	Body struct {
		_ struct{} `json:"-" additionalProperties:"true"`

		EventID  string `json:"event_id"`
		Name     string `json:"name,omitempty" maxLength:"200"`
		Email    string `json:"email,omitempty" maxLength:"254"`
		Comments string `json:"comments" minLength:"1" maxLength:"4096"`
	}
}

func (a *API) registerFeedback() {
	const org, project = "/api/0/organizations/{org}/", "/api/0/projects/{org}/{project}/"
	handle(a, Route{ID: "listUserFeedback", Method: "GET", Path: org + "user-feedback/", Access: "event:read", Summary: "What people wrote"}, a.listUserFeedback)
	handle(a, Route{ID: "listProjectUserFeedback", Method: "GET", Path: project + "user-feedback/", Access: "event:read", Summary: "What people wrote of a project"}, a.listProjectFeedback)
	handle(a, Route{ID: "listProjectUserReports", Method: "GET", Path: project + "user-reports/", Access: "event:read", Summary: "What people wrote of a project, older name"}, a.listProjectFeedback)
	handle(a, Route{ID: "createUserFeedback", Method: "POST", Path: project + "user-feedback/", Access: "event:write", Summary: "Write a report about an event"}, a.createUserFeedback)
	handle(a, Route{ID: "getUserFeedback", Method: "GET", Path: project + "user-feedback/{report}/", Access: "event:read", Summary: "A report, with its files and neighbours"}, a.getUserFeedback)
	handle(a, Route{ID: "updateUserFeedback", Method: "PUT", Path: project + "user-feedback/{report}/", Access: "event:write", Summary: "Say what became of a report"}, a.updateUserFeedback)
	handle(a, Route{ID: "listIssueUserReports", Method: "GET", Path: org + "issues/{issue}/user-reports/", Access: "event:read", Summary: "What people wrote about an issue"}, a.listIssueReports)
}

func (a *API) userReport(set *projectSet, f *store.ListedFeedback) UserReport {
	out := UserReport{ID: f.EventID, EventID: f.EventID, Name: text(f.Name), Email: text(f.ContactEmail), Comments: f.Message, DateCreated: at(f.TimestampMS),
		ProjectSlug: set.slug(f.ProjectID), URL: text(f.URL), Source: text(f.Source), Environment: text(f.Environment),
		Release: text(f.Release), TraceID: f.TraceID, Status: f.Status}
	if f.AssociatedEventID != nil {
		out.EventID = *f.AssociatedEventID
	}
	out.Event = ReportEvent{ID: out.EventID, EventID: out.EventID}
	if kind, value, ok := strings.Cut(f.UserKey, ":"); ok {
		u := &ReportUser{Name: text(f.Name)}
		if at := map[string]**string{"id": &u.ID, "email": &u.Email, "username": &u.Username, "ip": &u.IPAddress}[kind]; at != nil {
			*at = &value
		}
		out.User = null(u)
	}
	if f.IssueID != nil && f.IssueNumber != nil && f.IssueTitle != nil {
		out.Issue = null(&ReportIssue{ID: itoa(*f.IssueID), ShortID: store.ShortID(set.slug(f.ProjectID), *f.IssueNumber), Title: *f.IssueTitle})
	}
	if f.ReplayID != nil {
		r := &ReportReplay{ID: *f.ReplayID, Plays: f.ReplayPlays}
		if f.StartedMS != nil {
			r.AtSec = max(f.TimestampMS-*f.StartedMS, 0) / 1000
		}
		out.Replay = null(r)
	}
	return out
}

func (a *API) reports(ctx context.Context, rq *request, q store.FeedbackQuery, p PageParams) (*List[UserReport], error) {
	c, err := parseCursor(p.Cursor)
	if err != nil {
		return nil, err
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	q.Page = store.Page{Limit: perPage(p.PerPage, 50), Cursor: c}
	page, err := a.Store.Feedbacks(ctx, rq.scope, q)
	if err != nil {
		return nil, a.fail("list feedback", err)
	}
	out := make([]UserReport, len(page.Rows))
	for i := range page.Rows {
		out[i] = a.userReport(set, &page.Rows[i])
	}
	return &List[UserReport]{Link: pageLink(a, rq, page), Body: out}, nil
}

func (a *API) listUserFeedback(ctx context.Context, in *UserReportsInput) (*List[UserReport], error) {
	rq := from(ctx)
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	projects, err := set.choose(in.FilterParams)
	if err != nil {
		return nil, err
	}
	q := store.FeedbackQuery{Status: in.Status}
	if q.FromMS, q.ToMS, err = a.window(in.WindowParams, 0); err != nil {
		return nil, err
	}
	if len(projects) > 1 {
		return nil, badRequest("One project at most can be asked for here.")
	}
	if len(projects) == 1 {
		q.ProjectID = projects[0]
	}
	return a.reports(ctx, rq, q, in.PageParams)
}

func (a *API) listProjectFeedback(ctx context.Context, in *ProjectReportsInput) (*List[UserReport], error) {
	rq := from(ctx)
	return a.reports(ctx, rq, store.FeedbackQuery{ProjectID: rq.project.ID}, in.PageParams)
}

func (a *API) listIssueReports(ctx context.Context, in *IssueReportsInput) (*List[UserReport], error) {
	rq := from(ctx)
	is, err := a.issueByAnyID(ctx, rq.scope, in.Issue)
	if err != nil {
		return nil, a.fail("read issue", err)
	}
	return a.reports(ctx, rq, store.FeedbackQuery{IssueID: is.ID}, in.PageParams)
}

func (a *API) oneReport(ctx context.Context, rq *request, id string) (*store.ListedFeedback, error) {
	id, ok := hexID(id)
	if !ok {
		return nil, errNotFound
	}
	f, err := a.Store.OneFeedback(ctx, rq.scope, rq.project.ID, id)
	if err != nil {
		return nil, a.fail("read feedback", err)
	}
	return f, nil
}

func (a *API) getUserFeedback(ctx context.Context, in *ReportInput) (*One[UserReportDetails], error) {
	rq := from(ctx)
	f, err := a.oneReport(ctx, rq, in.Report)
	if err != nil {
		return nil, err
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	files, err := a.Store.Attachments(ctx, rq.scope, f.ProjectID, f.EventID)
	if err != nil {
		return nil, a.fail("list attachments", err)
	}
	older, newer, err := a.Store.FeedbackBeside(ctx, rq.scope, &f.Feedback, in.Status)
	if err != nil {
		return nil, a.fail("read feedback", err)
	}
	key := func(k *store.FeedbackKey) Null[ReportKey] {
		if k == nil {
			return null[ReportKey](nil)
		}
		return null(&ReportKey{ID: k.EventID, ProjectSlug: set.slug(k.ProjectID)})
	}
	out := UserReportDetails{UserReport: a.userReport(set, f), Attachments: []Attachment{}, Older: key(older), Newer: key(newer)}
	for i := range files {
		out.Attachments = append(out.Attachments, attachment(&files[i]))
	}
	return one(out), nil
}

func (a *API) updateUserFeedback(ctx context.Context, in *UpdateReportInput) (*One[UserReport], error) {
	rq := from(ctx)
	f, err := a.oneReport(ctx, rq, in.Report)
	if err != nil {
		return nil, err
	}
	if err := a.Store.SetFeedbackStatus(ctx, rq.scope, f.ProjectID, f.EventID, in.Body.Status); err != nil {
		return nil, a.fail("update feedback", err)
	}
	f.Status = in.Body.Status
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	return one(a.userReport(set, f)), nil
}

// createUserFeedback stores a report; the same one again is the one that is there.
func (a *API) createUserFeedback(ctx context.Context, in *CreateReportInput) (*One[UserReport], error) {
	rq := from(ctx)
	about, ok := hexID(in.Body.EventID)
	if !ok {
		return nil, badRequest("Invalid event_id.")
	}
	if in.Body.Email != "" {
		if _, err := mail.ParseAddress(in.Body.Email); err != nil {
			return nil, badRequest("Invalid email.")
		}
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{"report", itoa(rq.project.ID), about, in.Body.Email, in.Body.Comments}, "\x00")))
	id, err := envelope.ParseID(hex.EncodeToString(sum[:16]))
	if err != nil {
		return nil, a.fail("make report", err)
	}
	now := a.Now()
	b, err := (&envelope.Event{EventID: id, Timestamp: now.UTC(), Received: now.UTC()}).Encode()
	if err != nil {
		return nil, a.fail("make report", err)
	}
	payload, err := store.Compress(b)
	if err != nil {
		return nil, a.fail("make report", err)
	}
	row := store.Feedback{OrgID: rq.scope.OrgID, EventID: id.String(), ProjectID: rq.project.ID, TimestampMS: now.UnixMilli(), ReceivedMS: now.UnixMilli(),
		Message: in.Body.Comments, Name: in.Body.Name, ContactEmail: in.Body.Email, Source: "api", AssociatedEventID: &about, Side: store.SideFrontend, Payload: payload}
	_, err = a.Store.Ingest(ctx, []*store.Write{{MessageID: "report:" + id.String(), ReceivedMS: now.UnixMilli(), OrgID: rq.scope.OrgID, Feedback: []store.FeedbackWrite{{Feedback: row}}}})
	if err != nil {
		return nil, a.fail("store report", err)
	}
	f, err := a.Store.OneFeedback(ctx, rq.scope, rq.project.ID, id.String())
	if err != nil {
		return nil, a.fail("read report", err)
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	return one(a.userReport(set, f)), nil
}
