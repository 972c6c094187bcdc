package e2e

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// sender posts one-event envelopes and keeps a ledger of what was acknowledged.
type sender struct {
	endpoint string
	client   *http.Client

	mu    sync.Mutex
	acked []string
}

func newSender(tb testing.TB, dsn string) *sender {
	tb.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		tb.Fatal(err)
	}
	return &sender{
		endpoint: fmt.Sprintf("%s://%s/api%s/envelope/?sentry_version=7&sentry_key=%s", u.Scheme, u.Host, u.Path, u.User.Username()),
		client:   &http.Client{Timeout: 10 * time.Second},
	}
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// send posts the event id until it is acknowledged: as a patient client does. It gives up when stop says so.
func (s *sender) send(id string, stop func() bool) bool {
	event := fmt.Sprintf(`{"event_id":%q,"timestamp":%d,"platform":"go","level":"error","exception":{"values":[{"type":"LedgerError","value":"entry"}]}}`, id, time.Now().Unix())
	body := fmt.Sprintf("{\"event_id\":%q}\n{\"type\":\"event\",\"length\":%d}\n%s\n", id, len(event), event)
	for !stop() {
		res, err := s.client.Post(s.endpoint, "application/x-sentry-envelope", strings.NewReader(body))
		if err != nil {
			continue // the server is away: a client tries again
		}
		res.Body.Close()
		if res.StatusCode == http.StatusOK {
			s.mu.Lock()
			s.acked = append(s.acked, id)
			s.mu.Unlock()
			return true
		}
	}
	return false
}

// stored reads every event id of a project, page by page.
func stored(tb testing.TB, a *API, project string) []string {
	tb.Helper()
	var ids []string
	cursor := ""
	for {
		var page []struct {
			EventID string `json:"eventID"`
		}
		cursor = a.get(tb, "/projects/main/"+project+"/events/?per_page=100&cursor="+url.QueryEscape(cursor), &page)
		for _, e := range page {
			ids = append(ids, e.EventID)
		}
		if cursor == "" {
			return ids
		}
	}
}

// TestKillInTheMiddle is the promise of a 200: the server is killed while 2 000 envelopes come in,
// and again while it works them off; every acknowledged one is there afterwards, once.
func TestKillInTheMiddle(t *testing.T) {
	const total = 2000
	s := start(t)
	out := newSender(t, s.command(t, "project", "create", "ledger", "--platform", "go"))

	var next atomic.Int64
	deadline := time.Now().Add(2 * time.Minute)
	late := func() bool { return time.Now().After(deadline) }
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for next.Add(1) <= total && out.send(newID(), late) {
			}
		})
	}
	count := func() int { out.mu.Lock(); defer out.mu.Unlock(); return len(out.acked) }
	for _, at := range []int{total / 4, total / 2} {
		until(t, time.Minute, fmt.Sprintf("%d acknowledged", at), func() bool { return count() >= at })
		s.kill()
		s.again(t)
	}
	wg.Wait()
	s.kill()
	s.again(t)
	if got := count(); got != total {
		t.Fatalf("%d of %d envelopes were acknowledged in time", got, total)
	}
	same(t, s.api(t), "ledger", out.acked)
}

// same waits until the project holds exactly the acknowledged events, each once, and the issue counts them.
func same(t *testing.T, a *API, project string, acked []string) {
	t.Helper()
	slices.Sort(acked)
	var got []string
	until(t, time.Minute, "all acknowledged events stored", func() bool {
		got = stored(t, a, project)
		return len(got) >= len(acked)
	})
	slices.Sort(got)
	if !slices.Equal(got, acked) {
		t.Fatalf("%d events are stored, %d were acknowledged, and they are not the same", len(got), len(acked))
	}
	var issues []struct {
		Count string `json:"count"`
	}
	a.get(t, "/projects/main/"+project+"/issues/?query=", &issues)
	if len(issues) != 1 || issues[0].Count != fmt.Sprint(len(acked)) {
		t.Fatalf("want one issue that counts %d, got %+v", len(acked), issues)
	}
}
