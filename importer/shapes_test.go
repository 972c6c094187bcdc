package importer_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/importer"
	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// shapes answers what a file says, in the shapes of another server's published API; 404 for the rest.
func shapes(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	must(t, err)
	var answers map[string]json.RawMessage
	must(t, json.Unmarshal(b, &answers))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := answers[strings.Trim(strings.TrimPrefix(r.URL.Path, "/api/0/"), "/")]
		w.Header().Set("Content-Type", "application/json")
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			a = json.RawMessage(`{"detail":"The requested resource does not exist"}`)
		}
		_, _ = w.Write(a)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// cartError is the event of issue 101 as the SDK sends the next one: another line, another person.
const cartError = `{"platform":"python","level":"error","release":"shop@1.5.0","environment":"production","user":{"id":"8"},"sdk":{"name":"sentry.python","version":"2.2.0"},
 "exception":{"values":[{"type":"ValueError","value":"no such cart","mechanism":{"type":"django","handled":false},"stacktrace":{"frames":[
 {"function":"handle","module":"shop.http","filename":"shop/http.py","abs_path":"/srv/shop/http.py","lineno":11,"in_app":true,"context_line":"    return add(cart)"},
 {"function":"add","module":"shop.cart","filename":"shop/cart.py","abs_path":"/srv/shop/cart.py","lineno":22,"in_app":true,"context_line":"    raise ValueError('no such cart')"}]}}]}}`

// bankError is that of issue 102.
const bankError = `{"platform":"python","level":"error","exception":{"values":[{"type":"TimeoutError","value":"","mechanism":{"type":"generic","handled":true},"stacktrace":{"frames":[
 {"function":"ask","module":"shop.bank","filename":"shop/bank.py","abs_path":"/srv/shop/bank.py","lineno":5,"in_app":true,"pre_context":["def ask():"],"context_line":"    raise TimeoutError"}]}}]}}`

func TestImportFromSentry(t *testing.T) {
	address := shapes(t, "testdata/sentry.json")
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		h := newHouse(t, s, "main")
		ann, err := s.CreateUser(ctx, store.NewUser{Email: "ann@acme.example", Password: "correct horse battery"})
		must(t, err)
		must(t, s.SetMember(ctx, h.scope, ann.ID, store.RoleOwner))
		dry := h.imports(ctx, t, address, "x", func(c *importer.Config) { c.DryRun = true })
		got := h.imports(ctx, t, address, "x", nil)
		notes := said(got.Notes)
		dry.Notes, got.Notes, got.DSNs = nil, nil, nil
		want := importer.Summary{Projects: 1, Releases: 2, Issues: 3, Events: 2, WithoutEvent: 1, Settings: 1, Rules: 3, MetricRules: 1, Monitors: 1, Searches: 1}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if want.Events, want.WithoutEvent, want.Rules, want.MetricRules = 0, 0, 4, 2; !cmp.Equal(want, dry) { // what is refused shows when it is written
			t.Errorf("dry run: %s", cmp.Diff(want, dry))
		}
		for _, want := range []string{
			"groupingEnhancements: not imported: ", "@unknown: left out", "staging-7: is hidden there",
			"To Slack: is off until you have set up a Slack channel for #ops", `Of a plugin: not imported: conditions: There is no condition or filter with the id "acme.conditions`,
			"Mails who left: is off until you have set up somebody to mail instead of bob@acme.example", "Slow checkout: not imported: ", "1 are a person's own",
		} {
			if !strings.Contains(notes, want) {
				t.Errorf("no note of %q in\n%s", want, notes)
			}
		}
		h.hasSettings(t)
		h.hasWatches(t)
		h.hasIssues(t)

		again := h.imports(ctx, t, address, "x", nil)
		again.Notes, again.DSNs = nil, nil
		if diff := cmp.Diff(importer.Summary{Known: 1 + 2 + 2 + 3 + 1 + 1 + 1, Issues: 0}, again, cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Known" }, cmp.Ignore())); diff != "" {
			t.Errorf("the second run: %s", diff)
		}
	})
}

func said(notes []importer.Note) string {
	lines := make([]string, len(notes))
	for i, n := range notes {
		lines[i] = fmt.Sprintf("%s %s %s: %s", n.Project, n.Kind, n.Name, n.Why)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func (h *house) hasSettings(t *testing.T) {
	t.Helper()
	p, err := h.s.Project(t.Context(), h.scope, "shop")
	must(t, err)
	for _, want := range []string{`"sensitiveFields":["iban"]`, `"resolveAge":720`, `"ip":"drop"`, `order-error`, `"releases":["1.*"]`, `"browserExtensions":true`, `"localhost":false`, `"autoAssign":"suspect"`} {
		if !strings.Contains(p.Settings, want) {
			t.Errorf("no %s in %s", want, p.Settings)
		}
	}
	rules, err := h.s.OwnershipRules(t.Context(), h.scope, p.ID)
	must(t, err)
	for _, want := range []string{`path:src/pay/* #web`, `ann@acme.example`} {
		if !strings.Contains(rules, want) {
			t.Errorf("no %s in the ownership rules %q", want, rules)
		}
	}
}

func (h *house) hasWatches(t *testing.T) {
	t.Helper()
	web, err := h.s.Team(t.Context(), h.scope, "web", 0)
	must(t, err)
	rules, err := h.s.AlertRules(t.Context(), h.scope)
	must(t, err)
	on := map[string]bool{}
	for _, r := range rules {
		on[r.Name] = r.Enabled
		if r.Name == "New ones to Bob" && !(strings.Contains(r.Body, fmt.Sprintf(`"targetId":"%d"`, web.ID)) && strings.Contains(r.Body, fmt.Sprintf(`"owner":"team:%d"`, web.ID))) {
			t.Errorf("the team is not ours: %s", r.Body)
		}
	}
	if diff := cmp.Diff(map[string]bool{"New ones to Bob": true, "To Slack": false, "Mails who left": false, "Many errors": true}, on); diff != "" {
		t.Error(diff)
	}
	p, err := h.s.Project(t.Context(), h.scope, "shop")
	must(t, err)
	m, err := h.s.Monitor(t.Context(), h.scope, p.ID, "nightly")
	must(t, err)
	b, err := json.Marshal(m)
	must(t, err)
	for _, want := range []string{"0 3 * * *", "Europe/Berlin", "45", "7"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("monitor without %s: %s", want, b)
		}
	}
}

// hasIssues: they are as they were, and meet their next events.
func (h *house) hasIssues(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	cart, err := h.s.IssueByShortID(ctx, h.scope, "SHOP-1")
	must(t, err)
	bank, err := h.s.IssueByShortID(ctx, h.scope, "SHOP-2")
	must(t, err)
	gone, err := h.s.IssueByShortID(ctx, h.scope, "SHOP-3")
	must(t, err)
	if cart.TimesSeen != 12 || cart.UsersSeen != 3 || cart.Status != store.IssueResolved || cart.Resolution != store.ResolvedInRelease || cart.Priority != store.PriorityMedium ||
		cart.LastRelease != "shop@1.3.0" || cart.AssigneeID == nil {
		t.Errorf("%+v", cart)
	}
	if bank.Substatus != store.SubstatusUntilCondition || bank.IgnoreEvents == nil || *bank.IgnoreEvents != 12 || gone.IgnoreUntilMS == nil {
		t.Errorf("%+v, %+v", bank, gone)
	}
	e, err := h.s.IssueEvent(ctx, h.scope, bank.ID, true, nil)
	must(t, err)
	payload, err := store.Decompress(e.Payload)
	must(t, err)
	for _, want := range []string{`"context_line":"    raise TimeoutError"`, `"pre_context":["def ask():"]`, `"lineno":5`, "asks", "https://shop.example/pay", `"order":7`, "web-1"} {
		if !strings.Contains(string(payload), want) {
			t.Errorf("no %s in %s", want, payload)
		}
	}
	p := cart.ProjectID
	ids := h.takes(t, []arrival{{p, strings.Repeat("b", 32), decode(t, []byte(cartError))}, {p, strings.Repeat("c", 32), decode(t, []byte(bankError))}})
	if diff := cmp.Diff([]int64{cart.ID, bank.ID}, ids); diff != "" {
		t.Fatal(diff)
	}
	if cart, err = h.s.Issue(ctx, h.scope, cart.ID); err != nil || cart.TimesSeen != 13 || cart.UsersSeen != 4 || cart.Substatus != store.SubstatusRegressed {
		t.Errorf("after the next event: %+v, %v", cart, err)
	}
	if bank, err = h.s.Issue(ctx, h.scope, bank.ID); err != nil || bank.TimesSeen != 8 || bank.Status != store.IssueIgnored {
		t.Errorf("after the next event: %+v, %v", bank, err)
	}
}

func TestImportFromGlitchTip(t *testing.T) {
	address := shapes(t, "testdata/glitchtip.json")
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		h := newHouse(t, s, "main")
		got := h.imports(ctx, t, address, "x", func(c *importer.Config) { c.Members = true })
		notes := said(got.Notes)
		got.Notes, got.DSNs = nil, nil
		if diff := cmp.Diff(importer.Summary{Projects: 1, Issues: 1, Events: 1, Settings: 1, Rules: 2, Members: 1}, got); diff != "" {
			t.Error(diff)
		}
		for _, want := range []string{"Many: of uptime: not imported", "counts events within 15m; there it is 10 minutes", "Alert 5: is off until you have set up a Discord channel for discord.example", "ann@acme.example: signs in with http"} {
			if !strings.Contains(notes, want) {
				t.Errorf("no note of %q in\n%s", want, notes)
			}
		}
		if strings.Contains(notes, "secret") {
			t.Errorf("a secret in the notes: %s", notes)
		}
		is, err := s.IssueByShortID(ctx, h.scope, "SHOP-1")
		must(t, err)
		next := decode(t, []byte(cartError))
		if ids := h.takes(t, []arrival{{is.ProjectID, strings.Repeat("b", 32), next}}); ids[0] != is.ID {
			t.Fatalf("the next event is of issue %d, not %d", ids[0], is.ID)
		}
		if is, err = s.Issue(ctx, h.scope, is.ID); err != nil || is.TimesSeen != 13 || is.Substatus != store.SubstatusRegressed {
			t.Errorf("after the next event: %+v, %v", is, err)
		}
	})
}
