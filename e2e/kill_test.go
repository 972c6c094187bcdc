package e2e

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/internal/testkit"
)

// sender posts one-event envelopes and keeps a ledger of what was acknowledged.
type sender struct {
	endpoint string
	client   *http.Client

	mu    sync.Mutex
	sent  []string // tried at least once
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

func (s *sender) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.acked)
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
	s.mu.Lock()
	s.sent = append(s.sent, id)
	s.mu.Unlock()
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
	for _, at := range []int{total / 4, total / 2} {
		until(t, time.Minute, fmt.Sprintf("%d acknowledged", at), func() bool { return out.count() >= at })
		s.kill()
		s.again(t)
	}
	wg.Wait()
	s.kill()
	s.again(t)
	if got := out.count(); got != total {
		t.Fatalf("%d of %d envelopes were acknowledged in time", got, total)
	}
	a := s.api(t)
	held(t, a, "ledger", out)
	if got := stored(t, a, "ledger"); len(got) != total {
		t.Errorf("%d events are stored, %d were sent", len(got), total)
	}
}

// TestPowerCutInTheMiddle is the same promise when the disk loses its power: what the system had not
// yet written is gone, what was acknowledged is there.
func TestPowerCutInTheMiddle(t *testing.T) {
	disk := testkit.NewDisk(t)
	s := startOn(t, filepath.Join(disk.Dir, "data"))
	out := newSender(t, s.command(t, "project", "create", "ledger", "--platform", "go"))

	var cut atomic.Bool
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for out.send(newID(), cut.Load) {
			}
		})
	}
	until(t, time.Minute, "2000 acknowledged", func() bool { return out.count() >= 2000 })
	disk.Cut(t, s.cmd.Process)
	cut.Store(true)
	wg.Wait()
	<-s.done
	disk.Mount(t)
	s.again(t)
	t.Logf("%d acknowledged before the cut", out.count())
	held(t, s.api(t), "ledger", out)
	s.stop()
}

// held waits until every acknowledged event is stored, and then sees that nothing is stored twice or was
// never sent, and that the issue counts exactly what is there. What was sent and not answered may be
// there once or not at all.
func held(t *testing.T, a *API, project string, out *sender) {
	t.Helper()
	var got map[string]int
	until(t, time.Minute, "all acknowledged events stored", func() bool {
		got = map[string]int{}
		for _, id := range stored(t, a, project) {
			got[id]++
		}
		return !slices.ContainsFunc(out.acked, func(id string) bool { return got[id] == 0 })
	})
	for id, n := range got {
		if n != 1 || !slices.Contains(out.sent, id) {
			t.Errorf("event %s is stored %d times; was it sent? %t", id, n, slices.Contains(out.sent, id))
		}
	}
	var issues []struct {
		Count string `json:"count"`
	}
	a.get(t, "/projects/main/"+project+"/issues/?query=", &issues)
	if len(issues) != 1 || issues[0].Count != fmt.Sprint(len(got)) {
		t.Errorf("want one issue that counts %d, got %+v", len(got), issues)
	}
}
