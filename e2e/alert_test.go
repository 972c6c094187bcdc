package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/alert/channel"
	"github.com/hindsight-dev/hindsight/internal/testkit"
	"github.com/hindsight-dev/hindsight/internal/testkit/mailtest"
)

// gate stops a receiver at a message that it has and has not answered.
type gate struct {
	mu      sync.Mutex
	pass    int           // messages that go through before
	reached chan struct{} // closed when one is held
	opened  chan struct{} // nil: nothing is held
}

// close lets so many messages through and holds the next one until open is called.
func (g *gate) close(after int) (reached <-chan struct{}, open func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, o := make(chan struct{}), make(chan struct{})
	g.pass, g.reached, g.opened = after, r, o
	return r, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.opened = nil
		close(o)
	}
}

// enter is called with each message, before it is answered.
func (g *gate) enter() {
	g.mu.Lock()
	opened := g.opened
	if opened == nil || g.pass > 0 {
		g.pass--
		g.mu.Unlock()
		return
	}
	if g.reached != nil {
		close(g.reached)
		g.reached = nil
	}
	g.mu.Unlock()
	<-opened
}

// hooks is a webhook's receiver. It counts what it was told by idempotency key.
type hooks struct {
	*httptest.Server
	gate
	mu     sync.Mutex
	byKey  map[string]int
	titles map[string]string // of a key
	bad    []string
}

const hookSecret = "a secret of the webhook"

func startHooks(tb testing.TB) *hooks {
	h := &hooks{byKey: map[string]int{}, titles: map[string]string{}}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		var p channel.Payload
		key := r.Header.Get("Idempotency-Key")
		h.mu.Lock()
		if err := json.Unmarshal(body, &p); err != nil || key == "" || p.ID != key {
			h.bad = append(h.bad, fmt.Sprintf("key %q, payload %s", key, body))
		}
		if r.Header.Get(channel.HeaderSignature) != channel.Sign(hookSecret, r.Header.Get(channel.HeaderTimestamp), body) {
			h.bad = append(h.bad, "wrong signature")
		}
		h.byKey[key]++
		h.titles[key] = p.Title
		h.mu.Unlock()
		h.enter()
	}))
	tb.Cleanup(h.Close)
	return h
}

// Alerts to a mail server and a webhook while the server is killed again and again, each time while both have a message
// in hand: none is lost, each has a key, and what is repeated is what was in flight, one message a kill and place.
func TestAlertsSurviveKill(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { alertsSurviveKill(t, 4) })
	// Which processes live, nobody can tell here: what was in flight waits until its lease has ended.
	t.Run("postgres", func(t *testing.T) { alertsSurviveKill(t, 1, "HINDSIGHT_DATABASE_URL="+testkit.Postgres(t)) })
}

func alertsSurviveKill(t *testing.T, kills int, env ...string) {
	const between = 4 // messages that arrive well before the next kill
	issues := kills*(between+1) + 5
	hook, mails := startHooks(t), mailtest.Start(t)
	_, port, err := net.SplitHostPort(mails.Addr)
	if err != nil {
		t.Fatal(err)
	}
	env = append(env, "HINDSIGHT_SMTP_HOST=127.0.0.1", "HINDSIGHT_SMTP_PORT="+port, "HINDSIGHT_SMTP_SECURITY=none",
		"HINDSIGHT_SMTP_FROM=alerts@hindsight.example", "HINDSIGHT_OUTBOUND_ALLOW=127.0.0.0/8")
	s := start(t, env...)
	dsn := s.command(t, "project", "create", "kill-alerts", "--platform", "go")
	api := &API{url: s.URL, token: s.command(t, "token", "create", "--scopes", "org:read,org:integrations,project:read,alerts:write,event:read")}
	var ch struct{ ID string }
	api.send(t, "POST", "/organizations/"+org(t, api)+"/alert-channels/", map[string]any{"name": "hook", "kind": "webhook",
		"config": map[string]any{"url": hook.URL + "/alerts", "secret": hookSecret}}, 201, &ch)
	var mc struct{ ID string }
	api.send(t, "POST", "/organizations/"+org(t, api)+"/alert-channels/", map[string]any{"name": "mail", "kind": "email",
		"config": map[string]any{"to": []string{"dev@example.com"}}}, 201, &mc)
	api.send(t, "POST", "/projects/"+org(t, api)+"/kill-alerts/rules/", map[string]any{"name": "new issues", "frequency": 5,
		"conditions": []any{map[string]any{"id": "sentry.rules.conditions.first_seen_event.FirstSeenEventCondition"}},
		"actions": []any{map[string]any{"id": "hindsight.actions.channel.ChannelAction", "channelId": ch.ID},
			map[string]any{"id": "hindsight.actions.channel.ChannelAction", "channelId": mc.ID}}}, 201, nil)

	var mailed gate
	mails.Hold(func(mailtest.Mail) { mailed.enter() })
	for i := range issues {
		sendError(t, dsn, fmt.Sprintf("Broken part %c%c", 'A'+i/26, 'A'+i%26))
	}
	for range kills {
		hooked, openHook := hook.close(between)
		posted, openMail := mailed.close(between)
		for _, held := range []<-chan struct{}{hooked, posted} {
			select {
			case <-held:
			case <-time.After(60 * time.Second):
				t.Fatal("no alert was sent for a minute")
			}
		}
		s.kill()
		openHook()
		openMail()
		s.again(t)
	}
	until(t, 90*time.Second, "every alert is at the webhook and in the mail box", func() bool {
		hook.mu.Lock()
		hooked := len(hook.byKey)
		hook.mu.Unlock()
		return hooked >= issues && len(distinct(mails.Mails())) >= issues
	})
	hook.mu.Lock()
	defer hook.mu.Unlock()
	check(t, "webhook", hook.byKey, issues, kills)
	check(t, "mail", distinct(mails.Mails()), issues, kills)
	if len(hook.bad) > 0 {
		t.Errorf("%d bad requests, the first: %s", len(hook.bad), hook.bad[0])
	}
	titles := map[string]bool{}
	for _, title := range hook.titles {
		titles[title] = true
	}
	if len(titles) != issues {
		t.Errorf("%d issues were told, want %d", len(titles), issues)
	}
}

func distinct(ms []mailtest.Mail) map[string]int {
	out := map[string]int{}
	for _, m := range ms {
		out[m.Header.Get("X-Hindsight-Key")]++
	}
	return out
}

func check(t *testing.T, where string, byKey map[string]int, want, kills int) {
	t.Helper()
	repeats := 0
	for key, n := range byKey {
		if key == "" || n > 2 {
			t.Errorf("%s: key %q came %d times", where, key, n)
		}
		repeats += n - 1
	}
	t.Logf("%s: %d alerts, %d repeats after %d kills", where, len(byKey), repeats, kills)
	if len(byKey) != want || repeats != kills { // the one in hand is told again, as nobody knows that it arrived; no other is
		t.Errorf("%s: %d alerts and %d repeats, want %d and %d", where, len(byKey), repeats, want, kills)
	}
}

func sendError(t *testing.T, dsn, message string) {
	t.Helper()
	sendEvent(t, dsn, newID(), fmt.Sprintf(`"timestamp":%d,"platform":"go","level":"error","exception":{"values":[{"type":%q,"value":"it broke"}]}`, time.Now().Unix(), message))
}

// sendEvent sends an event with an id and the other fields.
func sendEvent(t *testing.T, dsn, id, fields string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	event := fmt.Sprintf(`{"event_id":%q,%s}`, id, fields)
	body := fmt.Sprintf("{\"event_id\":%q}\n{\"type\":\"event\",\"length\":%d}\n%s\n", id, len(event), event)
	res, err := http.Post(fmt.Sprintf("%s://%s/api%s/envelope/?sentry_key=%s", u.Scheme, u.Host, u.Path, u.User.Username()), "application/x-sentry-envelope", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("the event was answered %s", res.Status)
	}
}

func org(tb testing.TB, a *API) string {
	tb.Helper()
	var orgs []struct{ Slug string }
	a.get(tb, "/organizations/", &orgs)
	if len(orgs) == 0 {
		tb.Fatal("no organisation")
	}
	return orgs[0].Slug
}

// send sends a JSON body and decodes the answer into out, unless it is nil.
func (a *API) send(tb testing.TB, method, path string, in any, want int, out any) {
	tb.Helper()
	b, err := json.Marshal(in)
	if err != nil {
		tb.Fatal(err)
	}
	req, err := http.NewRequestWithContext(tb.Context(), method, a.url+"/api/0"+path, bytes.NewReader(b))
	if err != nil {
		tb.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatal(err)
	}
	if res.StatusCode != want {
		tb.Fatalf("%s %s: %s %s", method, path, res.Status, body)
	}
	if out != nil {
		if err := json.Unmarshal(body, out); err != nil {
			tb.Fatal(err)
		}
	}
}
