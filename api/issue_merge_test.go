package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hindsight-dev/hindsight/store"
)

// another stores an event of shop-api with a hash of its own and gives its issue.
func (w *world) another(event, hash string) int64 {
	w.t.Helper()
	e := w.event(w.acme, w.acme.api, event, store.SideBackend, w.base)
	e.Hashes = []string{hash}
	_, err := w.s.Ingest(w.t.Context(), []*store.Write{{MessageID: "m-" + event, ReceivedMS: w.base.UnixMilli(), OrgID: w.acme.org.ID, Events: []store.EventWrite{e}}})
	must(w.t, err)
	i, err := w.s.IssueByHashes(w.t.Context(), w.acme.org.Scope(), w.acme.api.ID, []string{hash})
	must(w.t, err)
	return i.ID
}

func (w *world) answer(method, path, body string, code int) response {
	w.t.Helper()
	r := w.do(w.acme.token, method, path, body)
	if r.Code != code {
		w.t.Fatalf("%s %s: %d %s, want %d", method, path, r.Code, r.Body, code)
	}
	return r
}

func TestMergeAndUnmerge(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		const second, third = "0000000000000000000000000000000e", "0000000000000000000000000000000f"
		child := w.another(second, "other")
		parent := itoa(w.acme.issue)
		r := w.answer("PUT", org+"issues/?id="+parent+"&id="+itoa(child), `{"merge":1}`, 200)
		got := decode[struct {
			Merge struct {
				Parent   string
				Children []string
			}
		}](r)
		if got.Merge.Parent != parent || len(got.Merge.Children) != 1 || got.Merge.Children[0] != itoa(child) {
			t.Fatalf("merged %s", r.Body)
		}
		if i := decode[map[string]any](w.get(org + "issues/" + itoa(child) + "/")); i["id"] != parent || i["count"] != "3" {
			t.Errorf("the child answers %v with %v events", i["id"], i["count"])
		}
		if i := decode[map[string]any](w.get("/api/0/issues/" + itoa(child) + "/")); i["id"] != parent {
			t.Errorf("the old path of the child answers %v", i["id"])
		}
		w.get(org + "issues/" + parent + "/events/" + second + "/")
		hashes := decode[[]struct {
			ID          string
			LatestEvent struct{ EventID string }
		}](w.get(org + "issues/" + parent + "/hashes/"))
		if len(hashes) != 2 {
			t.Fatalf("hashes %v", hashes)
		}
		// The member of the organisation may merge, but not delete.
		un := decode[map[string]string](w.answer("PUT", org+"issues/"+parent+"/hashes/?id=other", "", 202))
		w.answer("PUT", org+"issues/"+parent+"/hashes/?id=other", "", 409)
		w.answer("DELETE", org+"issues/"+parent+"/hashes/?id=shop-api", "", 400)
		if i := decode[map[string]any](w.get(org + "issues/" + un["id"] + "/")); i["count"] != "1" || i["shortId"] != un["shortId"] {
			t.Errorf("the new issue: %v %v", i["count"], i["shortId"])
		}
		if again := w.another(third, "other"); itoa(again) != un["id"] {
			t.Errorf("a new event went to %d, want %s", again, un["id"])
		}
		w.answer("PUT", org+"issues/?id="+parent, `{"merge":true}`, 400)
		w.answer("PUT", org+"issues/?id="+itoa(w.other.issue)+"&id="+itoa(w.other.issue+100), `{"merge":true}`, 204)
	})
}

func TestDeleteAndDiscardIssues(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		const second = "0000000000000000000000000000000e"
		id := itoa(w.another(second, "other"))
		w.answer("DELETE", org+"issues/", "", 400)
		w.answer("DELETE", org+"issues/"+id+"/", "", 202)
		if r := w.do(w.acme.token, "GET", org+"issues/"+id+"/", ""); r.Code != 404 {
			t.Errorf("a deleted issue answers %d", r.Code)
		}
		if r := w.do(w.acme.token, "GET", "/api/0/projects/acme/shop-api/events/"+second+"/", ""); r.Code != 404 {
			t.Errorf("its event answers %d", r.Code)
		}
		w.answer("DELETE", org+"issues/?id=99999", "", 204)
		id = itoa(w.another("0000000000000000000000000000000f", "other"))
		w.answer("PUT", org+"issues/?id="+id, `{"discard":true}`, 204)
		stones := decode[[]struct {
			ID, Title, Level string
			Actor            *struct{ Name, Email string }
		}](w.get("/api/0/projects/acme/shop-api/tombstones/"))
		if len(stones) != 2 || !strings.Contains(stones[0].Title, "card declined") || stones[0].Actor == nil || stones[0].Level != "error" {
			t.Fatalf("tombstones %+v", stones)
		}
		w.answer("DELETE", "/api/0/projects/acme/shop-api/tombstones/"+stones[0].ID+"/", "", 204)
		w.answer("DELETE", "/api/0/projects/acme/shop-api/tombstones/"+stones[0].ID+"/", "", 404)
		w.another("00000000000000000000000000000010", "other")
	})
}

func TestGroupingRulesAndTester(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	const project = "/api/0/projects/acme/shop-api/"
	info := decode[map[string]struct {
		Hash, Type                string
		Contributes, HashMismatch bool
		Component                 struct{ Values []any }
	}](w.get(project + "events/" + eventA + "/grouping-info/"))
	app := info["app"]
	if !app.Contributes || app.Type != "component" || len(app.Hash) != 32 || !app.HashMismatch || len(app.Component.Values) == 0 || info["system"].Contributes {
		t.Fatalf("grouping info %+v", info)
	}
	type result struct {
		Errors struct {
			FingerprintRules, StackTraceRules []struct {
				Line    int
				Message string
			}
		}
		Hashes             []string
		Title, MatchedRule string
		Issue              *struct{ ShortID string }
		Stacks             []struct {
			Frames []struct {
				Function           string
				InApp, Contributes bool
				Hint               string
			}
		}
	}
	try := func(body string) result {
		return decode[result](w.answer("POST", project+"grouping-test/", body, 200))
	}
	r := try(`{"eventId":"` + eventA + `","fingerprintRules":"error.value:\"card*\" -> card-{{ level }} title=\"Cards\"","stackTraceRules":"function:main +app"}`)
	if r.Title != "Cards" || !strings.HasPrefix(r.MatchedRule, "error.value:") || len(r.Hashes) != 1 || !r.Stacks[0].Frames[0].InApp || !strings.Contains(r.Stacks[0].Frames[0].Hint, "function:main +app") {
		t.Errorf("%+v", r)
	}
	r = try(`{"event":{"message":"hello 7"},"fingerprintRules":"\nmessage:x\nfoo:bar -> y","stackTraceRules":"stack.function:x +wrong"}`)
	if len(r.Errors.FingerprintRules) != 2 || r.Errors.FingerprintRules[0].Line != 2 || r.Errors.FingerprintRules[1].Line != 3 || len(r.Errors.StackTraceRules) != 1 || len(r.Hashes) != 0 {
		t.Errorf("%+v", r)
	}
	// As a project's options, where Sentry has them.
	w.answer("PUT", project, `{"fingerprintingRules":"message:x"}`, 400)
	w.answer("PUT", project, `{"fingerprintingRules":"message:hello* -> greeting","groupingEnhancements":"family:native -app"}`, http.StatusOK)
	p := decode[map[string]any](w.get(project))
	if p["fingerprintingRules"] != "message:hello* -> greeting" || p["groupingEnhancements"] != "family:native -app" {
		t.Errorf("%v %v", p["fingerprintingRules"], p["groupingEnhancements"])
	}
	if r := try(`{"event":{"message":"hello 7"}}`); r.MatchedRule == "" {
		t.Errorf("the project's own rules were not used: %+v", r)
	}
}
