package api

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
)

func (a *API) registerQuotas() {
	const org = "/api/0/organizations/{org}/"
	handle(a, Route{ID: "getOrganizationQuotas", Method: "GET", Path: org + "quotas/", Access: "org:read", Summary: "Limits over all projects of an organisation", Ours: true}, a.getOrganizationQuotas)
	handle(a, Route{ID: "updateOrganizationQuotas", Method: "PUT", Path: org + "quotas/", Access: "org:write", Summary: "Replace the limits over all projects", Ours: true}, a.updateOrganizationQuotas)
	handle(a, Route{ID: "getForwarding", Method: "GET", Path: "/api/0/projects/{org}/{project}/forwarding/", Access: "project:read", Summary: "How forwarding of a project is going", Ours: true}, a.getForwarding)
}

// OrganizationQuotas are limits that count all projects of an organisation together.
type OrganizationQuotas struct {
	Limits []OrganizationLimit `json:"limits" maxItems:"50"`
}

// OrganizationLimit allows so many items of some categories in a window of time.
type OrganizationLimit struct {
	ID            string   `json:"id" doc:"Names its counter: letters, digits, _ and -."`
	Categories    []string `json:"categories" doc:"Data categories; empty: all."`
	Limit         int64    `json:"limit" minimum:"0" doc:"Items in a window (bytes for attachment); 0 refuses everything."`
	WindowSeconds int      `json:"windowSeconds" minimum:"1"`
}

// OrganizationQuotasInput replaces the limits of an organisation.
type OrganizationQuotasInput struct {
	OrgPath
	Body OrganizationQuotas
}

func (a *API) getOrganizationQuotas(ctx context.Context, _ *OrgPath) (*One[OrganizationQuotas], error) {
	return one(a.quotasOf(from(ctx).org)), nil
}

func (a *API) quotasOf(o *store.Organization) OrganizationQuotas {
	out := OrganizationQuotas{Limits: []OrganizationLimit{}}
	var list []settings.Quota
	if err := json.Unmarshal([]byte(o.Quotas), &list); err != nil {
		a.Log.Error("quotas of an organisation cannot be read; showing none", "organization", o.ID, "err", err)
	}
	for _, q := range list {
		if q.Categories == nil {
			q.Categories = []string{}
		}
		out.Limits = append(out.Limits, OrganizationLimit{q.ID, q.Categories, q.Limit, q.WindowSeconds})
	}
	return out
}

func (a *API) updateOrganizationQuotas(ctx context.Context, in *OrganizationQuotasInput) (*One[OrganizationQuotas], error) {
	rq := from(ctx)
	list := make([]settings.Quota, 0, len(in.Body.Limits))
	for _, l := range in.Body.Limits {
		list = append(list, settings.Quota{ID: l.ID, Scope: settings.ScopeProject, Categories: l.Categories, Limit: l.Limit, WindowSeconds: l.WindowSeconds})
	}
	if err := a.Store.SetOrganizationQuotas(ctx, rq.scope, list); err != nil {
		return nil, a.failSettings("update quotas", err)
	}
	o, err := a.Store.Organization(ctx, rq.scope, itoa(rq.org.ID))
	if err != nil {
		return nil, a.fail("update quotas", err)
	}
	return one(a.quotasOf(o)), nil
}

// Forwarding is how forwarding of a project is going, over all relays.
type Forwarding struct {
	Pending      int64            `json:"pending" doc:"Copies that wait."`
	LagSeconds   float64          `json:"lagSeconds" doc:"Age of the copies handled last, at the relay that is furthest behind."`
	Sent         int64            `json:"sent" doc:"Copies the upstream took since the relays started."`
	Dropped      map[string]int64 `json:"dropped" doc:"Copies given up since the relays started, by reason."`
	LastSent     *time.Time       `json:"lastSent" nullable:"true"`
	LastError    string           `json:"lastError" doc:"What was wrong with the last attempt; empty when it worked."`
	LimitedUntil *time.Time       `json:"limitedUntil" nullable:"true" doc:"Until when the upstream asked to hold back."`
	UpdatedAt    *time.Time       `json:"updatedAt" nullable:"true" doc:"When a relay last told; null: none did."`
	Relays       int              `json:"relays"`
}

func (a *API) getForwarding(ctx context.Context, _ *ProjectPath) (*One[Forwarding], error) {
	rq := from(ctx)
	rows, err := a.Store.ForwardStates(ctx, rq.scope, rq.project.ID)
	if err != nil {
		return nil, a.fail("read state of forwarding", err)
	}
	f := Forwarding{Dropped: map[string]int64{}, Relays: len(rows)}
	later := func(t **time.Time, ms *int64) bool {
		if ms == nil || *t != nil && !at(*ms).After(**t) {
			return false
		}
		*t = atPtr(ms)
		return true
	}
	for i := range rows {
		r := &rows[i]
		f.Pending += r.Pending
		f.Sent += r.Sent
		f.LagSeconds = max(f.LagSeconds, float64(r.LagMS)/1000)
		var dropped map[string]int64
		if err := json.Unmarshal([]byte(r.Dropped), &dropped); err != nil {
			return nil, a.fail("read state of forwarding", err)
		}
		for reason, n := range dropped {
			f.Dropped[reason] += n
		}
		later(&f.LastSent, r.LastSentMS)
		later(&f.LimitedUntil, r.LimitedUntilMS)
		later(&f.UpdatedAt, &r.UpdatedMS)
		if r.LastError != "" {
			f.LastError = r.LastError
		}
	}
	return one(f), nil
}
