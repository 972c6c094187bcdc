package relay

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hindsight-dev/hindsight/internal/stream"
)

// conformanceCase is one line of protocol.md §15: name begins with its number.
type conformanceCase struct {
	name string
	run  func(t *testing.T, e *edge)
}

// TestConformance is protocol.md §15 as far as the edge can show it: answers, and what is
// published. What becomes of it then is shown where it is stored.
func TestConformance(t *testing.T) {
	for _, list := range [][]conformanceCase{authCases(), envelopeCases(), limitCases(), storeCases(), endpointCases(), replayCases(), quotaCases(), ruleCases()} {
		for _, c := range list {
			t.Run(c.name, func(t *testing.T) { c.run(t, newEdge(t)) })
		}
	}
}

const eventItem = `{"type":"event"}`

// anEvent is an envelope with id A and one event.
func anEvent() string { return env(`{"event_id":"`+idA+`"}`, eventItem, `{"message":"m"}`) }

func (e *edge) to(target, body string, header ...string) answer {
	e.t.Helper()
	return e.do("POST", target, strings.NewReader(body), header...)
}

func authCases() []conformanceCase {
	const target = "/api/42/envelope/"
	return []conformanceCase{
		{"01_x_sentry_auth", func(t *testing.T, e *edge) {
			a := e.to(target, anEvent(), "X-Sentry-Auth", "Sentry sentry_key="+key42+", sentry_version=7")
			a.wantOK(t, idA)
			if m, _ := a.only(t, stream.KindEvent); m.ProjectID != 42 || m.OrgID != 1 || m.PublicKey != key42 {
				t.Errorf("message for project %d, org %d, key %s", m.ProjectID, m.OrgID, m.PublicKey)
			}
		}},
		{"02_authorization_header", func(t *testing.T, e *edge) {
			e.to(target, anEvent(), "Authorization", "Sentry sentry_key="+key42).wantOK(t, idA)
		}},
		{"03_query_only_text_plain", func(t *testing.T, e *edge) {
			a := e.to(target+"?sentry_key="+key42+"&sentry_version=7&sentry_client=x%2F1", anEvent(), "Content-Type", "text/plain;charset=UTF-8")
			a.wantOK(t, idA)
			if m, _ := a.only(t, stream.KindEvent); m.Client != "x/1" {
				t.Errorf("client %q", m.Client)
			}
		}},
		{"04_dsn_in_envelope_header", func(t *testing.T, e *edge) {
			a := e.to(target, env(`{"event_id":"`+idA+`","dsn":"https://`+key42+`@x.test/42"}`, eventItem, `{}`))
			a.wantOK(t, idA)
			if _, env := a.only(t, stream.KindEvent); env.Header.DSN != "" {
				t.Errorf("dsn was published: %q", env.Header.DSN)
			}
		}},
		{"05_dsn_of_another_project", func(t *testing.T, e *edge) {
			e.to(target, env(`{"dsn":"https://`+key42+`@x.test/43"}`)).
				wantError(t, 400, "invalid event envelope", "project id mismatch between envelope and request")
			e.to(target, env(`{"dsn":"https://`+key42+`@x.test/43"}`), "X-Sentry-Auth", auth(key42)).
				wantError(t, 400, "invalid event envelope", "project id mismatch between envelope and request")
		}},
		{"06_dsn_with_another_key", func(t *testing.T, e *edge) {
			e.to(target, env(`{"dsn":"https://`+key1+`@x.test/42"}`), "X-Sentry-Auth", auth(key42)).
				wantError(t, 400, "invalid event envelope", "public key mismatch between envelope and request")
		}},
		{"07_two_places", func(t *testing.T, e *edge) {
			for _, h := range []string{"X-Sentry-Auth", "Authorization"} {
				e.to(target+"?sentry_key="+key42, anEvent(), h, auth(key42)).wantError(t, 401, "multiple authorization payloads detected")
			}
		}},
		{"08_no_auth", func(t *testing.T, e *edge) {
			e.to(target, anEvent()).wantError(t, 401, "missing authorization information")
		}},
		{"09_empty_header_and_query", func(t *testing.T, e *edge) {
			e.to(target+"?sentry_key="+key42, anEvent(), "X-Sentry-Auth", "").wantOK(t, idA)
		}},
		{"10_bearer_ignored", func(t *testing.T, e *edge) {
			e.to(target+"?sentry_key="+key42, anEvent(), "Authorization", "Bearer x").wantOK(t, idA)
		}},
		{"11_short_key", func(t *testing.T, e *edge) {
			e.to(target, anEvent(), "X-Sentry-Auth", auth(key42[:31])).wantError(t, 400, "bad sentry DSN public key")
		}},
		{"12_unknown_or_disabled_key", func(t *testing.T, e *edge) {
			e.to(target, anEvent(), "X-Sentry-Auth", auth(strings.Repeat("e", 32))).wantError(t, 403, "event submission rejected with_reason: ProjectId")
			e.to("/api/13/envelope/", anEvent(), "X-Sentry-Auth", auth(keyNo)).wantError(t, 403, "event submission rejected with_reason: ProjectId")
		}},
		{"13_key_of_another_project", func(t *testing.T, e *edge) {
			e.to("/api/2/envelope/", anEvent(), "X-Sentry-Auth", auth(key1)).wantError(t, 403, "event submission rejected with_reason: ProjectId")
		}},
		{"14_legacy_store_without_project", func(t *testing.T, e *edge) {
			a := e.to("/api/store/", `{"event_id":"`+idA+`"}`, "X-Sentry-Auth", auth(key1))
			a.wantOK(t, idA)
			if m, _ := a.only(t, stream.KindEvent); m.ProjectID != 1 {
				t.Errorf("project %d", m.ProjectID)
			}
		}},
		{"15_project_not_a_number", func(t *testing.T, e *edge) {
			e.to("/api/abc/envelope/", anEvent(), "X-Sentry-Auth", auth(key42)).wantError(t, 400, "bad project path parameter")
		}},
		{"16_version_too_new", func(t *testing.T, e *edge) {
			e.to(target, anEvent(), "X-Sentry-Auth", "Sentry sentry_key="+key42+",sentry_version=99").wantError(t, 400, "unsupported protocol version (99)")
		}},
		{"17_header_without_key", func(t *testing.T, e *edge) {
			e.to(target, anEvent(), "X-Sentry-Auth", "Sentry sentry_version=7").wantError(t, 401, "bad x-sentry-auth header")
		}},
		{"18_origin", func(t *testing.T, e *edge) {
			for _, c := range []struct {
				name, value string
				ok          bool
			}{
				{"Origin", "https://evil.example", false}, {"Referer", "https://evil.example/page", false},
				{"Origin", "https://good.example", true}, {"Origin", "null", true}, {"X", "none", true},
			} {
				a := e.to("/api/9/envelope/", anEvent(), "X-Sentry-Auth", auth(keyGo), c.name, c.value)
				if c.ok {
					a.wantOK(t, idA)
				} else {
					a.wantError(t, 403, "event submission rejected with_reason: Cors")
				}
			}
		}},
		{"19_preflight", func(t *testing.T, e *edge) {
			a := e.do("OPTIONS", target, nil, "Access-Control-Request-Method", "POST", "Origin", "https://x.test")
			want := map[string]string{
				"Access-Control-Allow-Origin":  "*",
				"Access-Control-Allow-Methods": "POST",
				"Access-Control-Allow-Headers": "x-sentry-auth, x-requested-with, x-forwarded-for, origin, referer, accept, content-type, " +
					"authentication, authorization, content-encoding, transfer-encoding",
				"Access-Control-Expose-Headers": "x-sentry-error, x-sentry-rate-limits, retry-after",
				"Access-Control-Max-Age":        "3600",
			}
			for name, v := range want {
				if got := a.header.Get(name); got != v {
					t.Errorf("%s = %q, want %q", name, got, v)
				}
			}
			if a.status != 200 || a.header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("status %d, %v", a.status, a.header)
			}
		}},
		{"20_cors_on_errors", func(t *testing.T, e *edge) {
			e.to(target, anEvent()).wantError(t, 401, "missing authorization information") // wantError looks at the headers
			e.to(target, anEvent(), "X-Sentry-Auth", auth(keyNo)).wantError(t, 403, "event submission rejected with_reason: ProjectId")
			e.post("x", "Content-Encoding", "lzma").wantError(t, 415, "unsupported content encoding")
			e.post(env(`{}`, eventItem, `{}`, eventItem, `{}`)).wantError(t, 413,
				"envelope exceeded size limits for type 'event' (https://develop.sentry.dev/sdk/envelopes/#size-limits)")
			e.do("POST", "/api/42/nothing/", nil).wantError(t, 404, "not found")
			e.do("DELETE", target, nil).wantError(t, 405, "method not allowed")
			e.pub.err = errors.New("down")
			if a := e.post(anEvent()); a.status != 500 || a.header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%d %v", a.status, a.header)
			}
			e.pub.err = stream.ErrFull
			a := e.post(anEvent())
			a.wantError(t, 503, "service is busy, try again later")
			if s := a.header.Get("Retry-After"); len(s) != 2 || s < "10" || s > "60" {
				t.Errorf("Retry-After %q", s)
			}
		}},
		{"21_slashes_folded", func(t *testing.T, e *edge) {
			e.to("/api//42///envelope/", anEvent(), "X-Sentry-Auth", auth(key42)).wantOK(t, idA)
		}},
		{"22_no_trailing_slash", func(t *testing.T, e *edge) {
			e.to("/api/42/envelope", anEvent(), "X-Sentry-Auth", auth(key42)).wantOK(t, idA)
		}},
		{"23_health", func(t *testing.T, e *edge) {
			get := func(path string) answer { return e.do("GET", path, nil) }
			for _, path := range []string{"/api/relay/healthcheck/live/", "/api/relay/healthcheck/ready/", "/api/0/relays/live/", "/api/relay/healthcheck/ready"} {
				if a := get(path); a.status != 200 || a.body != `{"is_healthy":true}` {
					t.Errorf("%s: %d %s", path, a.status, a.body)
				}
			}
			unready := func(why string) {
				t.Helper()
				if a := get("/api/relay/healthcheck/ready/"); a.status != 503 || a.body != `{"is_healthy":false}` {
					t.Errorf("%s: %d %s", why, a.status, a.body)
				}
				if a := get("/api/relay/healthcheck/live/"); a.status != 200 {
					t.Errorf("%s: live %d", why, a.status)
				}
			}
			e.pub.err = errors.New("disk")
			unready("stream cannot be written")
			e.pub.err, e.pub.fill = nil, 0.96
			unready("stream is full")
			e.pub.fill = 0
			e.Stop()
			unready("stopping")
		}},
	}
}

// TestDisconnectAfterBody: case 48 with a real connection's context.
func TestDisconnectAfterBody(t *testing.T) {
	e := newEdge(t)
	ctx, cancel := context.WithCancel(t.Context())
	e.pub.hook = func(ctx context.Context) {
		cancel()
		if ctx.Err() != nil {
			t.Error("the client's leaving ends the publishing")
		}
	}
	r := httptest.NewRequestWithContext(ctx, "POST", "/api/42/envelope/", strings.NewReader(anEvent()))
	r.Header.Set("X-Sentry-Auth", auth(key42))
	e.ServeHTTP(httptest.NewRecorder(), r)
	if len(e.pub.take()) != 1 {
		t.Error("the event is lost")
	}
}

func TestOriginAllowed(t *testing.T) {
	for _, c := range []struct {
		origin, pattern string
		want            bool
	}{
		{"https://a.example", "*", true},
		{"https://a.example", "a.example", true},
		{"https://a.example:8443", "a.example", true},
		{"https://a.example:8443", "a.example:8443", true},
		{"https://a.example", "a.example:8443", false},
		{"https://a.example", "https://a.example:443", true},
		{"http://a.example", "https://a.example", false},
		{"https://x.a.example", "*.a.example", true},
		{"https://a.example", "*.a.example", true},
		{"https://evila.example", "*.a.example", false},
		{"https://A.Example", "a.example", true},
		{"http://[::1]:3000", "[::1]", true},
		{"http://a.example", "", false},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header.Set("Origin", c.origin)
		if got := originAllowed(requestOrigin(r), []string{c.pattern}); got != c.want {
			t.Errorf("%s against %q: %v", c.origin, c.pattern, got)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Header.Set("Origin", "https://a.example")
	if originAllowed(requestOrigin(r), nil) {
		t.Error("no allowed domains: no browser may")
	}
}
