package relay

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/settings"
)

// withQuotas gives project 42 quotas, and its key more to be changed.
func withQuotas(limits ...settings.Quota) func(*Config) {
	return func(c *Config) {
		keys := newTestKeys()
		s := settings.Default()
		for i := range limits {
			if limits[i].ID == "" {
				limits[i].ID = "q" + strconv.Itoa(i)
			}
			if limits[i].Scope == "" {
				limits[i].Scope = settings.ScopeProject
			}
			if limits[i].WindowSeconds == 0 {
				limits[i].WindowSeconds = 3600
			}
		}
		s.Quotas.Limits = limits
		k := keys[key42]
		k.Rules = NewRules(s)
		keys[key42] = k
		c.Keys = keys
	}
}

func limitOf(n int64, categories ...string) settings.Quota {
	return settings.Quota{Limit: n, Categories: categories}
}

// limitsGrammar is protocol.md §11.1 with what is always there: categories, scope, reason.
var limitsGrammar = regexp.MustCompile(`^[1-9]\d*:[a-z_]+(;[a-z_]+)*:(key|project|organization):[a-z_]+(, [1-9]\d*:[a-z_]+(;[a-z_]+)*:(key|project|organization):[a-z_]+)*$`)

func (a answer) wantLimited(t testing.TB, categories string) {
	t.Helper()
	a.wantError(t, 429, "Sentry dropped data due to a quota or internal rate limit being reached. This will not affect your application. "+
		"See https://docs.sentry.io/product/accounts/quotas/ for more information.")
	a.wantLimitsHeader(t, categories)
	if n, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || n < 1 || n > maxLimit {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
}

func (a answer) wantLimitsHeader(t testing.TB, categories string) {
	t.Helper()
	h := a.header.Get("X-Sentry-Rate-Limits")
	if !limitsGrammar.MatchString(h) {
		t.Errorf("X-Sentry-Rate-Limits %q is not of the grammar", h)
	}
	if p := strings.Split(h, ":"); len(p) < 2 || p[1] != categories {
		t.Errorf("X-Sentry-Rate-Limits %q, want categories %s", h, categories)
	}
}

func (a answer) wantNoID(t testing.TB) {
	t.Helper()
	if a.status != 200 || a.body != "{}" {
		t.Errorf("got %d %s; want 200 {}", a.status, a.body)
	}
}

const aSession = "{\"type\":\"session\"}\n{}\n"

func quotaCases() []conformanceCase {
	return []conformanceCase{
		{"121_limit_0", func(t *testing.T, _ *edge) {
			e := newEdge(t, withQuotas(limitOf(0, "error")))
			e.post(anEvent()).wantLimited(t, "error")
			if got := e.flushed(); got["error/rate_limited/project_quota"] != 1 || len(got) != 1 {
				t.Errorf("outcomes %v", got)
			}
			e.post("{}\n" + aSession).wantNoID(t)
		}},
		{"122_the_request_that_crosses", func(t *testing.T, _ *edge) {
			e := newEdge(t, withQuotas(limitOf(2, "error")))
			for range 2 {
				e.post(anEvent()).wantOK(t, idA)
			}
			e.post(anEvent()).wantLimited(t, "error")
			e.post(anEvent()).wantLimited(t, "error")
			// One request that takes more than is left is taken whole.
			e = newEdge(t, withQuotas(limitOf(1, "session")))
			if _, env := e.post("{}\n"+strings.Repeat(aSession, 5)).only(t, stream.KindSession); len(env.Items) != 5 {
				t.Errorf("%d sessions of 5", len(env.Items))
			}
			e.post("{}\n"+aSession).wantLimited(t, "session")
		}},
		{"123_some_items_limited", func(t *testing.T, _ *edge) {
			e := newEdge(t, withQuotas(limitOf(0, "error")))
			a := e.post(env(`{"event_id":"`+idA+`"}`, `{"type":"event"}`, `{"message":"m"}`, `{"type":"session"}`, `{}`))
			a.wantOK(t, idA)
			a.wantLimitsHeader(t, "error")
			if a.kinds() != "session report" {
				t.Errorf("published %q", a.kinds())
			}
			if got := counted(t, a.msgs); got["error/rate_limited/project_quota"] != 1 || len(got) != 1 {
				t.Errorf("outcomes %v", got)
			}
		}},
		{"124_dependent_items", func(t *testing.T, _ *edge) {
			both := env(`{"event_id":"`+idA+`"}`, `{"type":"event"}`, `{"message":"m"}`, `{"type":"attachment","filename":"f","length":3}`, `abc`)
			e := newEdge(t, withQuotas(limitOf(0, "error")))
			e.post(both).wantLimited(t, "error")
			if got := e.flushed(); got["attachment/rate_limited/project_quota"] != 3 || got["attachment_item/rate_limited/project_quota"] != 1 || got["error/rate_limited/project_quota"] != 1 {
				t.Errorf("outcomes %v", got)
			}
			e = newEdge(t, withQuotas(limitOf(0, "attachment")))
			a := e.post(both)
			a.wantOK(t, idA)
			a.wantLimitsHeader(t, "attachment")
			if _, env := a.only(t, stream.KindEvent); len(env.Items) != 1 || env.Items[0].Header.Type != "event" {
				t.Errorf("kept %d items", len(env.Items))
			}
			e = newEdge(t, withQuotas(limitOf(0, "transaction")))
			e.post(env(`{}`, `{"type":"transaction"}`, `{"type":"transaction"}`, `{"type":"profile"}`, `{}`)).wantLimited(t, "transaction")
			// A crash is an error whatever it came as; limits on attachments are not for it.
			dump := env(`{}`, `{"type":"attachment","attachment_type":"event.minidump","length":4}`, `MDMP`)
			newEdge(t, withQuotas(limitOf(0, "attachment"))).post(dump).wantID(t)
			newEdge(t, withQuotas(limitOf(0, "error"))).post(dump).wantLimited(t, "error")
		}},
		{"126_no_empty_category_list", func(t *testing.T, _ *edge) {
			e := newEdge(t, withQuotas(limitOf(0)))
			a := e.post(anEvent())
			h := a.header.Get("X-Sentry-Rate-Limits")
			if a.status != 429 || !limitsGrammar.MatchString(h) || !strings.Contains(h, "error;transaction;") {
				t.Errorf("%d %q", a.status, h)
			}
			// Client reports are never limited, and keep an answer 200.
			e.post(env(`{}`, `{"type":"client_report"}`, `{}`)).wantNoID(t)
			a = e.post(env(`{"event_id":"`+idA+`"}`, `{"type":"event"}`, `{}`, `{"type":"client_report"}`, `{}`))
			a.wantOK(t, idA)
			if a.kinds() != "report report" {
				t.Errorf("published %q", a.kinds())
			}
		}},
		{"68_nel_while_limited", func(t *testing.T, _ *edge) {
			e := newEdge(t, withQuotas(limitOf(0)))
			a := e.do("POST", "/api/42/nel/?sentry_key="+key42, strings.NewReader("[]"), "Content-Type", "application/reports+json")
			if a.status != 200 || a.header.Get("X-Sentry-Rate-Limits") != "" {
				t.Errorf("%d %v", a.status, a.header)
			}
		}},
		{"73_unreal_while_limited", func(t *testing.T, _ *edge) {
			e := newEdge(t, withQuotas(limitOf(0, "error")))
			a := e.do("POST", "/api/42/unreal/"+key42+"/", strings.NewReader("crash"))
			if a.status != 200 || len(a.body) != 36 || len(a.msgs) != 0 {
				t.Errorf("%d %q, %d messages", a.status, a.body, len(a.msgs))
			}
			if got := e.flushed(); got["error/rate_limited/project_quota"] != 1 {
				t.Errorf("outcomes %v", got)
			}
		}},
		{"74_cron_while_limited", func(t *testing.T, _ *edge) {
			e := newEdge(t, withQuotas(limitOf(0, "monitor")))
			if a := e.do("GET", "/api/42/cron/nightly/"+key42+"?status=ok", nil); a.status != 202 || len(a.msgs) != 0 {
				t.Errorf("%d, %d messages", a.status, len(a.msgs))
			}
			if got := e.flushed(); got["monitor/rate_limited/project_quota"] != 1 {
				t.Errorf("outcomes %v", got)
			}
		}},
	}
}
