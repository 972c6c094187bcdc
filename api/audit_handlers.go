package api

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strconv"

	"github.com/hindsight-dev/hindsight/store"
)

func (a *API) registerAudit() {
	handle(a, Route{ID: "listAuditLogs", Method: "GET", Path: "/api/0/organizations/{org}/audit-logs/", Access: "org:write", Summary: "Who changed what"}, a.listAuditLogs)
}

// actor is who a request changes things for: nobody yet when they are signing in.
func (a *API) actor(r *http.Request, c *caller) store.Actor {
	out := store.Actor{}
	if a.ClientAddr != nil {
		if ip := a.ClientAddr(r); ip.IsValid() {
			out.Address = ip.String()
		}
	} else if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		out.Address = host
	}
	if c == nil {
		return out
	}
	out.Token = c.token
	if c.user != nil {
		out.UserID, out.Name = c.user.ID, c.user.Email
	} else {
		out.Name = "token " + c.token
	}
	return out
}

func (a *API) listAuditLogs(ctx context.Context, in *AuditInput) (*AuditPage, error) {
	rq := from(ctx)
	if in.Event != "" && !slices.Contains(store.AuditEvents(), in.Event) {
		return nil, badRequest("There is no event " + strconv.Quote(in.Event) + " in the audit log.")
	}
	q := store.AuditQuery{Event: in.Event}
	switch {
	case in.Actor == "me":
		q.ActorID = rq.caller.userID()
	case in.Actor != "":
		id, err := strconv.ParseInt(in.Actor, 10, 64)
		if err != nil || id <= 0 {
			return nil, badRequest("Invalid actor: want the id of a user, or me.")
		}
		q.ActorID = id
	}
	var err error
	if q.FromMS, q.ToMS, err = a.window(in.WindowParams, 0); err != nil {
		return nil, err
	}
	if q.Page.Cursor, err = parseCursor(in.Cursor); err != nil {
		return nil, err
	}
	q.Page.Limit = perPage(in.PerPage, 50)
	page, err := a.Store.AuditLog(ctx, rq.scope, q)
	if err != nil {
		return nil, a.fail("read audit log", err)
	}
	out := &AuditPage{Link: pageLink(a, rq, page), Body: AuditLogs{Rows: []AuditLog{}, Options: store.AuditEvents()}}
	for i := range page.Rows {
		out.Body.Rows = append(out.Body.Rows, auditLog(&page.Rows[i]))
	}
	return out, nil
}

func auditLog(e *store.AuditEntry) AuditLog {
	out := AuditLog{ID: itoa(e.ID), Event: e.Event, Note: e.Event + " " + e.TargetName, TargetObject: e.TargetID, TargetKind: e.TargetKind, TargetName: e.TargetName,
		Data: map[string]any{}, DateCreated: at(e.CreatedMS), Actor: &AuditActor{Name: e.ActorName, Username: e.ActorName, Token: e.ActorToken}}
	if e.ActorID != nil {
		out.Actor.ID, out.Actor.Email = itoa(*e.ActorID), e.ActorName
	}
	if e.Address != "" {
		out.IPAddress = &e.Address
	}
	if e.TargetKind == "user" {
		out.TargetUser = null(&AuditActor{ID: e.TargetID, Name: e.TargetName, Email: e.TargetName, Username: e.TargetName})
	}
	_ = json.Unmarshal([]byte(e.Data), &out.Data) // of our own making; shown empty otherwise
	return out
}

// audit writes a change that was made outside the database into the audit log.
func (a *API) audit(ctx context.Context, rq *request, event, kind, id, name string) error {
	err := a.Store.RecordAudit(ctx, rq.scope, store.Audit{Event: event, TargetKind: kind, TargetID: id, TargetName: name})
	if err != nil {
		return a.fail("write audit log", err)
	}
	return nil
}
