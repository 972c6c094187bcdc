package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/api"
	"github.com/hindsight-dev/hindsight/settings"
)

func TestProjectSettings(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		const project = "/api/0/projects/acme/shop-web/"
		get := func() settings.Settings {
			t.Helper()
			return decode[settings.Settings](w.get(project + "settings/"))
		}
		put := func(path, body string) response {
			t.Helper()
			return w.do(w.acme.token, "PUT", path, body)
		}
		if diff := cmp.Diff(settings.Default(), get()); diff != "" {
			t.Fatalf("a new project: %s", diff)
		}

		s := settings.Default()
		s.Forward, s.Filters.ErrorMessages = settings.Forward{DSN: "https://k@up.example/7", Mode: settings.ForwardErrors, Rate: 1}, []string{"*x*"}
		if r := put(project+"settings/", string(s.JSON())); r.Code != 200 {
			t.Fatal(r.Code, r.Body)
		}
		if diff := cmp.Diff(s, get()); diff != "" {
			t.Error(diff)
		}
		bad := s
		bad.IP = "sometimes"
		if r := put(project+"settings/", string(bad.JSON())); r.Code != 400 || !strings.Contains(r.Body.String(), "ip must be") {
			t.Errorf("%d %s", r.Code, r.Body)
		}

		// Sentry's shape changes the same document, and nothing it does not name.
		r := put(project, `{"allowedDomains":["*.shop.example"],"dataScrubber":true,"sensitiveFields":["iban"],"safeFields":["token_count"],
			"scrubIPAddresses":true,"options":{"filters:releases":"1.*\n2.*\n","filters:react-hydration-errors":false,"sentry:unknown":3}}`)
		if r.Code != 200 {
			t.Fatal(r.Code, r.Body)
		}
		s.AllowedDomains, s.IP, s.Scrub.SensitiveFields, s.Scrub.SafeFields = []string{"*.shop.example"}, settings.IPDrop, []string{"iban"}, []string{"token_count"}
		s.Filters.Releases, s.Filters.ReactHydrationErrors = []string{"1.*", "2.*"}, false
		if diff := cmp.Diff(s, get()); diff != "" {
			t.Error(diff)
		}
		detail := decode[api.ProjectDetail](w.get(project))
		if !detail.ScrubIPAddresses || detail.AllowedDomains[0] != "*.shop.example" || detail.SensitiveFields[0] != "iban" ||
			detail.Options["filters:releases"] != "1.*\n2.*" || detail.Options["filters:react-hydration-errors"] != false || detail.Options["filters:error_messages"] != "*x*" {
			t.Errorf("%+v", detail)
		}
		for body, want := range map[string]string{
			`{"options":{"filters:releases":3}}`:  "filters:releases",
			`{"allowedDomains":["https://a/b"]}`:  "allowedDomains has",
			`{"options":{"filters:localhost":5}}`: "true or false",
		} {
			if r := put(project, body); r.Code != 400 || !strings.Contains(r.Body.String(), want) {
				t.Errorf("%s: %d %s", body, r.Code, r.Body)
			}
		}
		// All of a change or none of it.
		for _, body := range []string{`{"name":"Half","options":{"filters:localhost":5}}`, `{"name":"Half","allowedDomains":["https://a/b"]}`,
			`{"slug":"shop-api","options":{"filters:releases":"9.*"}}`} {
			if r := put(project, body); r.Code < 400 {
				t.Errorf("%s: %d", body, r.Code)
			}
		}
		if p := decode[api.ProjectDetail](w.get(project)); p.Name == "Half" || cmp.Diff(s, get()) != "" {
			t.Errorf("a refused change did something: %q, %s", p.Name, cmp.Diff(s, get()))
		}
		if r := put(project, `{"name":"Whole","options":{"filters:releases":"9.*"}}`); r.Code != 200 || decode[api.ProjectDetail](r).Name != "Whole" || get().Filters.Releases[0] != "9.*" {
			t.Errorf("%d %s", r.Code, r.Body)
		}
	})
}

func TestProjectFilters(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		const filters = "/api/0/projects/acme/shop-web/filters/"
		states := func() map[string]string {
			t.Helper()
			m := map[string]string{}
			for _, f := range decode[[]api.FilterState](w.get(filters)) {
				b, err := json.Marshal(f.Active)
				must(t, err)
				m[f.ID] = string(b)
			}
			return m
		}
		want := map[string]string{"browser-extensions": "false", "localhost": "false", "filtered-transaction": "true", "web-crawlers": "false", "legacy-browsers": "false"}
		if diff := cmp.Diff(want, states()); diff != "" {
			t.Error(diff)
		}
		for _, c := range []struct {
			id, body string
			status   int
		}{
			{"localhost", `{"active":true}`, 204}, {"filtered-transaction", `{"active":false}`, 204},
			{"legacy-browsers", `{"subfilters":["ie9","ie10"]}`, 204}, {"legacy-browsers", `{"subfilters":["netscape"]}`, 400},
			{"localhost", `{}`, 400}, {"nothing", `{"active":true}`, 404},
		} {
			if r := w.do(w.acme.token, "PUT", filters+c.id+"/", c.body); r.Code != c.status {
				t.Errorf("%s %s: %d %s", c.id, c.body, r.Code, r.Body)
			}
		}
		want["localhost"], want["filtered-transaction"], want["legacy-browsers"] = "true", "false", `["ie9","ie10"]`
		if diff := cmp.Diff(want, states()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestScrubTest(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	for _, c := range []struct{ body, want string }{
		{`{"type":"event","input":"{\"extra\":{\"password\":\"x\"}}"}`, `{"extra":{"password":"[Filtered]"},`},
		{`{"type":"text","input":"token=abc.txt"}`, `token=[Filtered]`},
		{`{"type":"body","input":"a=b&password=c"}`, `a=b&password=[Filtered]`},
		{`{"type":"recording","input":"[{\"type\":5,\"data\":{\"payload\":{\"message\":\"password=x\"}}}]"}`, `[{"type":5,"data":{"payload":{"message":"password=[Filtered]"}}}]`},
		{`{"type":"event","input":"{\"user\":{\"ip_address\":\"10.1.2.3\"}}","ip":"truncate"}`, `{"user":{"ip_address":"10.1.2.0"},`},
		{`{"type":"text","input":"token=x","scrub":{"enabled":false,"defaults":true,"sensitiveFields":[],"safeFields":[],"domText":false}}`, `token=x`},
	} {
		r := w.do(w.acme.token, "POST", "/api/0/projects/acme/shop-web/scrub-test/", c.body)
		if got := decode[api.ScrubTest](r); r.Code != 200 || !strings.HasPrefix(got.Output, c.want) {
			t.Errorf("%s: %d %s", c.body, r.Code, r.Body)
		}
	}
	if r := w.do(w.acme.token, "POST", "/api/0/projects/acme/shop-web/scrub-test/", `{"type":"event","input":"no json"}`); r.Code != 400 {
		t.Errorf("%d %s", r.Code, r.Body)
	}
}
