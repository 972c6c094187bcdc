package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hindsight-dev/hindsight/store/storetest"
)

// terraform asks as the provider (jianyuan/sentry) does, which compares statuses and reads JSON by its header only. What it
// reads of an answer has to be there: keys names them, dots go inwards.
func (w *world) terraform(t *testing.T, method, path, body string, status int, keys ...string) map[string]any {
	t.Helper()
	r := w.do(w.acme.token, method, "/api/0"+path, body)
	if r.Code != status {
		t.Fatalf("%s %s: %d, want %d: %.300s", method, path, r.Code, status, r.Body)
	}
	if status == http.StatusNoContent || status == http.StatusAccepted && r.Body.Len() == 0 {
		return nil
	}
	if ct := r.Header().Get("Content-Type"); !strings.Contains(ct, "json") {
		t.Fatalf("%s %s: %s", method, path, ct)
	}
	var v any
	if err := json.Unmarshal(r.Body.Bytes(), &v); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	if rows, ok := v.([]any); ok {
		if len(rows) == 0 {
			if len(keys) > 0 {
				t.Errorf("%s %s: nothing", method, path)
			}
			return nil
		}
		v = rows[len(rows)-1]
	}
	o, _ := v.(map[string]any)
	for _, k := range keys {
		if !hasKey(o, strings.Split(k, ".")) {
			t.Errorf("%s %s: no %s in %v", method, path, k, slices.Sorted(maps.Keys(o)))
		}
	}
	return o
}

func hasKey(o map[string]any, path []string) bool {
	v, ok := o[path[0]]
	if !ok || len(path) == 1 {
		return ok
	}
	inner, _ := v.(map[string]any)
	return hasKey(inner, path[1:])
}

// echoes: a plan never settles when a value does not come back as it was sent.
func echoes(t *testing.T, got map[string]any, sent string) {
	t.Helper()
	var want map[string]any
	must(t, json.Unmarshal([]byte(sent), &want))
	for k, v := range want {
		a, _ := json.Marshal(v)
		b, _ := json.Marshal(got[k])
		if string(a) != string(b) {
			t.Errorf("%s was sent as %s and is %s", k, a, b)
		}
	}
}

// TestTerraform makes every call of the provider but those of alerts, which are a matter of their own, through the life of
// each resource.
func TestTerraform(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	organization := []string{"id", "slug", "name", "features", "orgRoleList", "teamRoleList"}
	project := []string{"id", "name", "slug", "platform", "dateCreated", "teams", "features", "options", "color", "isPublic", "digestsMinDelay", "digestsMaxDelay", "resolveAge",
		"fingerprintingRules", "groupingEnhancements", "allowedDomains", "scrapeJavaScript", "securityToken", "securityTokenHeader", "subjectTemplate", "verifySSL", "highlightTags",
		"organization.id", "organization.slug", "organization.name", "organization.orgRoleList", "organization.teamRoleList"}
	key := []string{"id", "name", "label", "public", "secret", "projectId", "isActive", "rateLimit", "dsn.public", "dsn.secret", "browserSdkVersion", "dateCreated",
		"dynamicSdkLoaderOptions.hasReplay", "dynamicSdkLoaderOptions.hasPerformance", "dynamicSdkLoaderOptions.hasDebug"}

	t.Run("start", func(t *testing.T) {
		w.terraform(t, "GET", "/internal/health/", "", 200)
		if r := w.do("", "GET", "/api/0/internal/health/", ""); r.Code != 401 {
			t.Errorf("health of nobody: %d", r.Code)
		}
	})
	t.Run("organization", func(t *testing.T) {
		o := w.terraform(t, "GET", "/organizations/acme/", "", 200, organization...)
		role := first(o["orgRoleList"])
		for _, k := range []string{"id", "name", "desc", "scopes", "isAllowed", "isRetired", "isGlobal", "minimumTeamRole"} {
			if _, ok := role[k]; !ok {
				t.Errorf("orgRoleList without %s", k)
			}
		}
		if _, ok := first(o["teamRoleList"])["isMinimumRoleFor"]; !ok {
			t.Error("teamRoleList without isMinimumRoleFor")
		}
		echoes(t, w.terraform(t, "PUT", "/organizations/acme/", `{"name":"Acme Works","slug":"acme"}`, 200, organization...), `{"name":"Acme Works","slug":"acme"}`)
	})
	t.Run("team", func(t *testing.T) {
		echoes(t, w.terraform(t, "POST", "/organizations/acme/teams/", `{"name":"Infra","slug":"infra"}`, 201, "id", "slug", "name", "hasAccess", "isPending", "isMember"), `{"name":"Infra","slug":"infra"}`)
		w.terraform(t, "GET", "/teams/acme/infra/", "", 200, "id", "slug", "name")
		echoes(t, w.terraform(t, "PUT", "/teams/acme/infra/", `{"name":"Infra","slug":"infra-2"}`, 200, "id"), `{"slug":"infra-2"}`)
		w.terraform(t, "DELETE", "/teams/acme/infra-2/", "", 204)
		w.terraform(t, "GET", "/teams/acme/infra-2/", "", 404)
	})
	t.Run("project", func(t *testing.T) {
		made := w.terraform(t, "POST", "/teams/acme/acme/projects/", `{"name":"Planned","slug":"planned","platform":"go","default_rules":false}`, 201, "id", "slug", "name", "platform")
		id := made["id"].(string)
		for _, change := range []string{
			`{"name":"Planned","slug":"planned","platform":"go"}`,
			`{"digestsMinDelay":120,"digestsMaxDelay":900,"resolveAge":720}`,
			`{"fingerprintingRules":"error.type:X -> x","groupingEnhancements":"function:f -app"}`,
			`{"allowedDomains":["https://a.example","*.b.example"],"scrapeJavaScript":true,"securityToken":"abc","securityTokenHeader":"X-Token","verifySSL":false}`,
			`{"highlightTags":["release","environment"],"subjectTemplate":"$title of $project"}`,
		} {
			w.terraform(t, "PUT", "/projects/acme/"+id+"/", change, 200, project...)
			echoes(t, w.terraform(t, "GET", "/projects/acme/"+id+"/", "", 200, project...), change)
		}
		w.terraform(t, "PUT", "/projects/acme/"+id+"/", `{"options":{"filters:blacklisted_ips":"1.2.3.4\n5.6.7.0/24","filters:releases":"1.*","filters:error_messages":"Timeout*"}}`, 200)
		options, _ := w.terraform(t, "GET", "/projects/acme/"+id+"/", "", 200)["options"].(map[string]any)
		if options["filters:blacklisted_ips"] != "1.2.3.4\n5.6.7.0/24" || options["filters:releases"] != "1.*" || options["filters:error_messages"] != "Timeout*" {
			t.Errorf("options %v", options)
		}
		w.terraform(t, "POST", "/projects/acme/planned/teams/web/", "", 201, "id", "slug")
		w.terraform(t, "DELETE", "/projects/acme/planned/teams/web/", "", 200, "id", "slug")
		made = w.terraform(t, "GET", "/projects/acme/planned/keys/", "", 200, key...)
		w.terraform(t, "DELETE", "/projects/acme/planned/keys/"+made["id"].(string)+"/", "", 204) // default_key = false
		w.terraform(t, "GET", "/organizations/acme/projects/?options=filters:releases", "", 200, "id", "slug", "name", "options")
		w.terraform(t, "GET", "/projects/", "", 200, "id", "slug")
		w.terraform(t, "DELETE", "/projects/acme/planned/", "", 204)
		w.terraform(t, "GET", "/projects/acme/planned/", "", 404)
		w.terraform(t, "GET", "/projects/acme/"+id+"/", "", 404)
	})
	t.Run("key", func(t *testing.T) {
		const at = "/projects/acme/shop-web/keys/"
		sent := `{"name":"tf","rateLimit":{"window":60,"count":10},"browserSdkVersion":"10.x","dynamicSdkLoaderOptions":{"hasReplay":false,"hasPerformance":true,"hasDebug":false}}`
		made := w.terraform(t, "POST", at, sent, 201, key...)
		echoes(t, made, `{"name":"tf","rateLimit":{"window":60,"count":10}}`)
		id := made["id"].(string)
		for name, v := range made["dsn"].(map[string]any) { // decoded as a map of strings
			if _, ok := v.(string); !ok {
				t.Errorf("dsn.%s is %v", name, v)
			}
		}
		if _, ok := made["projectId"].(float64); !ok {
			t.Errorf("projectId is %v", made["projectId"])
		}
		echoes(t, w.terraform(t, "PUT", at+id+"/", `{"name":"tf2","isActive":false,"rateLimit":null}`, 200, key...), `{"name":"tf2","isActive":false,"rateLimit":null}`)
		if off := w.terraform(t, "GET", at+"?status=inactive", "", 200, key...); off["id"] != id {
			t.Errorf("inactive keys: %v", off)
		}
		if on := w.terraform(t, "GET", at+"?status=active", "", 200, key...); on["id"] == id {
			t.Error("an inactive key is among the active ones")
		}
		w.terraform(t, "DELETE", at+id+"/", "", 204)
		w.terraform(t, "GET", at+id+"/", "", 404)
	})
	t.Run("filters and ownership", func(t *testing.T) {
		const at = "/projects/acme/shop-web/"
		w.terraform(t, "GET", at+"filters/", "", 200, "id", "active")
		for _, body := range []string{`{"active":true}`, `{"active":false}`} {
			if r := w.do(w.acme.token, "PUT", "/api/0"+at+"filters/browser-extensions/", body); r.Code/100 != 2 {
				t.Errorf("%d %s", r.Code, r.Body)
			}
		}
		if r := w.do(w.acme.token, "PUT", "/api/0"+at+"filters/legacy-browsers/", `{"subfilters":["ie","safari"]}`); r.Code/100 != 2 {
			t.Errorf("%d %s", r.Code, r.Body)
		}
		ownership := []string{"raw", "fallthrough", "dateCreated", "lastUpdated", "isActive", "autoAssignment", "codeownersAutoSync"}
		w.terraform(t, "GET", at+"ownership/", "", 200, ownership...)
		// The provider's API file declares it without its last slash.
		sent := `{"raw":"path:src/* #web","fallthrough":false,"autoAssignment":"Auto Assign to Issue Owner","codeownersAutoSync":false}`
		w.terraform(t, "PUT", strings.TrimSuffix(at+"ownership/", "/"), sent, 200, ownership...)
		echoes(t, w.terraform(t, "GET", strings.TrimSuffix(at+"ownership/", "/"), "", 200), sent)
		w.terraform(t, "GET", at+"symbol-sources/", "", 200)
		w.terraform(t, "POST", at+"symbol-sources/", `{"type":"http"}`, 404)
	})
	t.Run("members", func(t *testing.T) {
		const at = "/organizations/acme/members/"
		member := []string{"id", "email", "name", "pending", "expired", "orgRole"}
		w.terraform(t, "GET", at, "", 200, member...)
		made := w.terraform(t, "POST", at, `{"email":"tf@acme.example","orgRole":"member","teams":["web"]}`, 201, member...)
		w.terraform(t, "POST", at, `{"email":"tf@acme.example","role":"member"}`, 409)
		id := made["id"].(string)
		detail := w.terraform(t, "GET", at+id+"/", "", 200, append(member, "user", "orgRoleList", "teamRoles", "teamRoleList")...)
		if role := first(detail["teamRoles"]); role["teamSlug"] != "web" {
			t.Errorf("teamRoles %v", detail["teamRoles"])
		}
		echoes(t, w.terraform(t, "PUT", at+id+"/", `{"orgRole":"manager"}`, 200, member...), `{"orgRole":"manager"}`)
		w.terraform(t, "POST", at+id+"/teams/acme/", "", 201, "slug")
		w.terraform(t, "PUT", at+id+"/teams/acme/", `{"teamRole":"admin"}`, 200, "isActive", "teamRole")
		w.terraform(t, "DELETE", at+id+"/teams/acme/", "", 200, "slug")
		w.terraform(t, "DELETE", at+id+"/", "", 204)
		w.terraform(t, "GET", at+id+"/", "", 404)
	})
	t.Run("what there is not", func(t *testing.T) {
		for _, path := range []string{"repos", "code-mappings", "integrations", "sentry-app-installations", "dashboards"} {
			w.terraform(t, "GET", "/organizations/acme/"+path+"/", "", 200)
		}
		w.terraform(t, "GET", "/organizations/acme/integrations/1/", "", 404)
		w.terraform(t, "GET", "/organizations/acme/notifications/actions/1/", "", 404)
		w.terraform(t, "POST", "/organizations/acme/spike-protections/", `{"projects":["shop-web"]}`, 404)
		w.terraform(t, "GET", "/projects/acme/shop-web/plugins/slack/", "", 404)
		w.terraform(t, "POST", "/organizations/acme/dashboards/", `{"title":"x"}`, 404)
	})
}

// first is the first of a list of objects.
func first(v any) map[string]any {
	rows, _ := v.([]any)
	if len(rows) == 0 {
		return nil
	}
	o, _ := rows[0].(map[string]any)
	return o
}
