package api

import (
	"context"
	"errors"
	"strings"

	"github.com/hindsight-dev/hindsight/api/search"
	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/linker/link"
	"github.com/hindsight-dev/hindsight/store"
)

var errEventID = badRequest("Event ID must be a valid UUID: 32 hex digits.")

// stored reads an event's payload. A payload that cannot be read any more is shown as an empty one:
// the columns still say what it was.
func (a *API) stored(e *store.Event) (*envelope.Event, []byte) {
	raw, err := store.Decompress(e.Payload)
	if err == nil {
		var ev *envelope.Event
		if ev, err = envelope.ParseEvent(raw); err == nil {
			return ev, raw
		}
	}
	a.Log.Warn("event payload cannot be read", "project", e.ProjectID, "event_id", e.EventID, "err", err)
	return &envelope.Event{}, raw
}

// fullEvent is an event with its neighbours in its issue and its replay.
func (a *API) fullEvent(ctx context.Context, rq *request, set *projectSet, e *store.Event) (*Event, error) {
	previous, next, err := a.Store.IssueNeighbours(ctx, rq.scope, e)
	if err != nil {
		return nil, a.fail("read neighbours", err)
	}
	replays, err := a.Store.EventReplays(ctx, rq.scope, []string{e.EventID})
	if err != nil {
		return nil, a.fail("read replay of event", err)
	}
	expecting, err := a.Store.ExpectingEvents(ctx, rq.scope, []string{e.EventID})
	if err != nil {
		return nil, a.fail("read expectations of event", err)
	}
	ev, raw := a.stored(e)
	out := eventView(e, ev, len(raw))
	out.ProjectSlug = set.slug(e.ProjectID)
	out.PreviousEventID, out.NextEventID = text(previous), text(next)
	out.Hindsight = eventHindsight(e, replays, expecting)
	return out, nil
}

func eventHindsight(e *store.Event, replays map[string]store.EventReplay, expecting map[string]bool) EventHindsight {
	h := EventHindsight{Side: sideOr(e.Side), TraceID: e.TraceID, Unhandled: e.Unhandled, ExpectsReplay: expecting[e.EventID]}
	if r, ok := replays[e.EventID]; ok {
		h.ReplayID, h.ReplayPlays = &r.ReplayID, r.Plays
		h.ReplayTier = int(link.TierOf(link.Signals(r.Signals), link.Flags(r.Flags)))
		h.ExpectsReplay = h.ExpectsReplay && !link.Tier(h.ReplayTier).Counted()
	}
	return h
}

func (a *API) getIssueEvent(ctx context.Context, in *IssueEventInput) (*One[Event], error) {
	rq := from(ctx)
	i, err := a.issueByAnyID(ctx, rq.scope, in.Issue)
	if err != nil {
		return nil, err
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	e, err := a.pickEvent(ctx, rq, i, in.Event, nonEmpty(in.Environment))
	if err != nil {
		return nil, err
	}
	full, err := a.fullEvent(ctx, rq, set, e)
	if err != nil {
		return nil, err
	}
	return one(*full), nil
}

// pickEvent finds latest, oldest, recommended or one by its id. Recommended is the newest one whose
// replay plays, and the newest of all when there is none.
func (a *API) pickEvent(ctx context.Context, rq *request, i *store.Issue, which string, environments []string) (*store.Event, error) {
	var e *store.Event
	var err error
	switch which {
	case "latest":
		e, err = a.Store.IssueEvent(ctx, rq.scope, i.ID, true, environments)
	case "oldest":
		e, err = a.Store.IssueEvent(ctx, rq.scope, i.ID, false, environments)
	case "recommended":
		if e, err = a.Store.IssueEventWithReplay(ctx, rq.scope, i.ID, environments); errors.Is(err, store.ErrNotFound) {
			e, err = a.Store.IssueEvent(ctx, rq.scope, i.ID, true, environments)
		}
	default:
		id, ok := hexID(which)
		if !ok {
			return nil, errEventID
		}
		if e, err = a.Store.Event(ctx, rq.scope, i.ProjectID, id); err == nil && e.IssueID != i.ID {
			err = a.isMerged(ctx, rq, e, i)
		}
	}
	if err != nil {
		return nil, a.fail("read event of issue", err)
	}
	return e, nil
}

// isMerged says whether an event that names another issue is on its way into this one.
func (a *API) isMerged(ctx context.Context, rq *request, e *store.Event, i *store.Issue) error {
	into, err := a.Store.Issue(ctx, rq.scope, e.IssueID)
	if err == nil && into.ID != i.ID {
		return store.ErrNotFound
	}
	return err
}

func (a *API) listIssueEvents(ctx context.Context, in *IssueEventsInput) (*List[SimpleEvent], error) {
	rq := from(ctx)
	i, err := a.issueByAnyID(ctx, rq.scope, in.Issue)
	if err != nil {
		return nil, err
	}
	return a.eventPage(ctx, rq, store.EventQuery{IssueID: i.ID, Environments: nonEmpty(in.Environment)}, in.PageParams, in.WindowParams, in.Query)
}

func (a *API) listProjectEvents(ctx context.Context, in *ProjectEventsInput) (*List[SimpleEvent], error) {
	rq := from(ctx)
	return a.eventPage(ctx, rq, store.EventQuery{ProjectID: rq.project.ID}, in.PageParams, in.WindowParams, in.Query)
}

func (a *API) eventPage(ctx context.Context, rq *request, q store.EventQuery, p PageParams, w WindowParams, query string) (*List[SimpleEvent], error) {
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	if id, ok := hexID(strings.TrimSpace(query)); ok {
		query = "id:" + id
	}
	if q.Filter, err = compile(a.searchContext(ctx, rq, set), query, search.Events); err != nil {
		return nil, err
	}
	if q.FromMS, q.ToMS, err = a.window(w, 0); err != nil {
		return nil, err
	}
	q.Page.Limit, q.WithPayload = perPage(p.PerPage, 50), true
	if q.Page.Cursor, err = parseCursor(p.Cursor); err != nil {
		return nil, err
	}
	page, err := a.Store.Events(ctx, rq.scope, q)
	if err != nil {
		return nil, a.fail("list events", err)
	}
	ids := make([]string, len(page.Rows))
	for n := range page.Rows {
		ids[n] = page.Rows[n].EventID
	}
	replays, err := a.Store.EventReplays(ctx, rq.scope, ids)
	if err != nil {
		return nil, a.fail("read replays of events", err)
	}
	expecting, err := a.Store.ExpectingEvents(ctx, rq.scope, ids)
	if err != nil {
		return nil, a.fail("read expectations of events", err)
	}
	rows := []SimpleEvent{}
	for n := range page.Rows {
		e := &page.Rows[n]
		ev, _ := a.stored(e)
		s := simpleEvent(e, ev)
		s.Hindsight = eventHindsight(e, replays, expecting)
		rows = append(rows, s)
	}
	return &List[SimpleEvent]{Link: pageLink(a, rq, page), Body: rows}, nil
}

// projectEvent reads the event that a path names in a project.
func (a *API) projectEvent(ctx context.Context, rq *request, eventID string) (*store.Event, error) {
	id, ok := hexID(eventID)
	if !ok {
		return nil, errEventID
	}
	e, err := a.Store.Event(ctx, rq.scope, rq.project.ID, id)
	if err != nil {
		return nil, a.fail("read event", err)
	}
	return e, nil
}

func (a *API) getProjectEvent(ctx context.Context, in *ProjectEventPath) (*One[Event], error) {
	rq := from(ctx)
	e, err := a.projectEvent(ctx, rq, in.Event)
	if err != nil {
		return nil, err
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	full, err := a.fullEvent(ctx, rq, set, e)
	if err != nil {
		return nil, err
	}
	return one(*full), nil
}

func (a *API) getEventID(ctx context.Context, in *EventIDInput) (*One[EventIDInfo], error) {
	rq := from(ctx)
	id, ok := hexID(in.Event)
	if !ok {
		return nil, errEventID
	}
	es, err := a.Store.EventsByID(ctx, rq.scope, []string{id})
	if err != nil {
		return nil, a.fail("look up event", err)
	}
	if len(es) == 0 {
		return nil, errNotFound
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	e, err := a.Store.Event(ctx, rq.scope, es[0].ProjectID, id)
	if err != nil {
		return nil, a.fail("read event", err)
	}
	full, err := a.fullEvent(ctx, rq, set, e)
	if err != nil {
		return nil, err
	}
	return one(EventIDInfo{OrganizationSlug: rq.org.Slug, ProjectSlug: set.slug(e.ProjectID), GroupID: itoa(e.IssueID), EventID: id, Event: *full}), nil
}

func attachment(f *store.Attachment) Attachment {
	return Attachment{ID: itoa(f.ID), EventID: f.EventID, Type: f.Type, Name: f.Name, MIMEType: f.ContentType, DateCreated: at(f.ReceivedMS),
		Size: f.Size, Headers: map[string]string{"Content-Type": f.ContentType}, SHA1: f.SHA1}
}

func (a *API) listAttachments(ctx context.Context, in *ProjectEventPath) (*List[Attachment], error) {
	rq := from(ctx)
	id, ok := hexID(in.Event)
	if !ok {
		return nil, errEventID
	}
	files, err := a.Store.Attachments(ctx, rq.scope, rq.project.ID, id)
	if err != nil {
		return nil, a.fail("list attachments", err)
	}
	rows := []Attachment{}
	for n := range files {
		rows = append(rows, attachment(&files[n]))
	}
	return &List[Attachment]{Link: a.linkHeader(rq, "0:0:1", false, "0:0:0", false), Body: rows}, nil
}

// attachmentByID finds a file among those of its event: an id alone opens nothing.
func (a *API) attachmentByID(ctx context.Context, rq *request, eventID, attachmentID string) (*store.Attachment, error) {
	id, ok := hexID(eventID)
	if !ok {
		return nil, errEventID
	}
	files, err := a.Store.Attachments(ctx, rq.scope, rq.project.ID, id)
	if err != nil {
		return nil, a.fail("read attachment", err)
	}
	for n := range files {
		if itoa(files[n].ID) == attachmentID {
			return &files[n], nil
		}
	}
	return nil, errNotFound
}

func (a *API) getAttachment(ctx context.Context, in *AttachmentPath) (*One[Attachment], error) {
	f, err := a.attachmentByID(ctx, from(ctx), in.Event, in.Attachment)
	if err != nil {
		return nil, err
	}
	return one(attachment(f)), nil
}
