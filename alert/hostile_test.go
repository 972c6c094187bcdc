package alert_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/alert/channel"
	"github.com/hindsight-dev/hindsight/alert/rule"
	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// answer has the webhook answer with a status from now on.
func (sc *scene) answer(status int) {
	sc.lock.Lock()
	defer sc.lock.Unlock()
	sc.serve = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

// A receiver that makes an error of each alert, which alerts again: it is told so often in an hour and not more, the
// rest is counted, and then the loop has ended.
func TestAlertLoopEnds(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		sc := newScene(t, s)
		sc.rule(rule.Rule{When: []rule.Condition{{Type: rule.FirstSeen}}, Then: then(sc.hookChannel())})
		n := 0
		sc.serve = func(http.ResponseWriter, *http.Request) {
			n++
			sc.ingest(sc.write(fmt.Sprint("a new kind of trouble ", n)), sc.write(fmt.Sprint("and another ", n)))
		}
		sc.event("it begins")
		for more := true; more; {
			before := n
			sc.work()
			more = n > before
		}
		if n != 200 {
			t.Errorf("the webhook was told %d times in an hour", n)
		}
		var suppressed int64
		for _, d := range sc.log() {
			if d.Status == store.DeliverySuppressed {
				suppressed += d.Count
			}
		}
		if suppressed != 201 { // 1 + 2 × 200 issues, of which 200 were told
			t.Errorf("%d alerts were counted as not told, want 201", suppressed)
		}
		sc.told()
		sc.answer(200)
		sc.pass(61 * time.Minute)
		sc.event("an hour later")
		sc.expect("the next hour", 1)
	})
}

// A webhook that never answers keeps nobody waiting, is tried for a day, and then the log says so.
func TestWebhookNeverAnswers(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		sc := newScene(t, s)
		sc.worker(50 * time.Millisecond) // of real time, for each attempt
		silent := rule.Action{Type: rule.ToChannel, ChannelID: sc.channel("silent", channel.Webhook, channel.Config{URL: sc.hook.URL + "/silent"})}
		sc.rule(rule.Rule{When: []rule.Condition{{Type: rule.FirstSeen}}, Then: then(silent, sc.hookChannel())})
		sc.serve = func(_ http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/silent" {
				<-r.Context().Done()
			}
		}
		sc.event("broken")
		sc.work()
		paths := map[string]int{}
		keys := map[string]bool{}
		count := func() {
			for _, r := range sc.told() {
				paths[r.path]++
				keys[r.path+r.key] = true
			}
		}
		count()
		if paths["/in"] != 1 || paths["/silent"] != 1 {
			t.Fatalf("told %v", paths)
		}
		state := func() store.AlertDelivery {
			for _, d := range sc.log() {
				if d.Target == "silent" {
					return d
				}
			}
			t.Fatal("the log has nothing of the silent one")
			return store.AlertDelivery{}
		}
		if d := state(); d.Status != store.DeliveryPending || d.Attempts != 1 || d.Error == "" || d.DueMS <= sc.now().UnixMilli() {
			t.Errorf("after an attempt %+v", d)
		}
		for range 200 {
			if sc.pass(20 * time.Minute); state().Status != store.DeliveryPending {
				break
			}
			sc.work()
		}
		count()
		if d := state(); d.Status != store.DeliveryFailed || !strings.HasPrefix(d.Error, "given up after") || len(keys) != 2 {
			t.Errorf("after a day %+v, keys %v", d, keys)
		}
		if paths["/silent"] < 50 || paths["/in"] != 1 {
			t.Errorf("tried %v", paths)
		}
	})
}

// No way leads to an address that is not the public's: not by a redirect, not directly.
func TestForbiddenAddresses(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		sc := newScene(t, s)
		direct := rule.Action{Type: rule.ToChannel, ChannelID: sc.channel("direct", channel.Webhook, channel.Config{URL: "https://169.254.169.254/latest/meta-data/"})}
		sc.rule(rule.Rule{When: []rule.Condition{{Type: rule.FirstSeen}}, Then: then(direct, sc.hookChannel())})
		sc.serve = func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusTemporaryRedirect)
		}
		sc.event("broken")
		sc.work()
		want := map[string]string{"direct": "address is not allowed for outbound requests", "hook": "the server answered 307: redirects are not followed"}
		for _, d := range sc.log() {
			if d.Status != store.DeliveryFailed || d.Attempts != 1 || !strings.Contains(d.Error, want[d.Target]) {
				t.Errorf("log %+v", d)
			}
		}
		if len(sc.log()) != 2 || len(sc.told()) != 1 {
			t.Error("not each was tried once")
		}
	})
}
