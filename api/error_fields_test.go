package api_test

import (
	"testing"
)

// A body that cannot be is answered with each field that is wrong, as Sentry does, beside the sentence that says it all.
func TestWrongFields(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	issue, project := "/api/0/organizations/acme/issues/"+itoa(w.acme.issue)+"/", "/api/0/projects/acme/shop-web/"
	for _, c := range []struct{ method, path, body, field string }{
		{"PUT", issue, `{"assignedTo":"nobody-here"}`, "assignedTo"},
		{"PUT", issue, `{"priority":"urgent"}`, "priority"},
		{"PUT", issue, `{"hasSeen":"yes"}`, "hasSeen"},
		{"PUT", issue, `{"status":"ignored","substatus":"ongoing"}`, "substatus"},
		{"PUT", issue, `{"status":"resolved","statusDetails":{"inRelease":"none@9"}}`, "statusDetails"},
		{"PUT", issue, `{"status":"ignored","statusDetails":{"ignoreWindow":5}}`, "statusDetails"},
		{"POST", issue + "notes/", `{"text":""}`, "text"},
		{"POST", issue + "notes/", `{}`, "text"},
		{"PUT", project, `{"slug":"No Slug"}`, "slug"},
		{"PUT", project, `{"resolveAge":-4}`, "resolveAge"},
		{"POST", "/api/0/teams/acme/web/projects/", `{}`, "name"},
		{"PUT", project + "ownership/", `{"raw":"path:a"}`, "raw"},
		{"POST", project + "rules/", `{"name":"r","frequency":5,"actionMatch":"any","conditions":[{"id":"nothing"}],"actions":[]}`, "conditions"},
		{"POST", project + "rules/", `{"name":"r","frequency":5,"actionMatch":"any","conditions":[],"actions":[{"id":"nothing"}]}`, "actions"},
		{"POST", project + "rules/", `{"name":"r","frequency":-1,"actionMatch":"any","conditions":[],"actions":[]}`, "frequency"},
	} {
		r := w.do(w.acme.token, c.method, c.path, c.body)
		if r.Code != 400 {
			t.Errorf("%s %s: %d %.200s", c.path, c.body, r.Code, r.Body)
			continue
		}
		got := decode[map[string]any](r)
		list, _ := got[c.field].([]any)
		if detail, _ := got["detail"].(string); len(list) == 0 || list[0] == "" || detail == "" || len(got) != 2 {
			t.Errorf("%s %s: %s", c.path, c.body, r.Body)
		}
	}
}
