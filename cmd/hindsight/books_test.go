package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/linker"
	"github.com/hindsight-dev/hindsight/relay"
	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// books is what was sent, by project and category.
type books map[string]int64

func (b books) add(project int64, h envelope.ItemHeader, size int64) {
	for _, q := range envelope.Quantities(h.Type, h, size) {
		if q.N > 0 {
			b[fmt.Sprintf("%d %s", project, q.Category)] += q.N
		}
	}
}

// sample makes items of one type; n makes them differ.
type sample func(r *rand.Rand, n int) (header, payload string)

func hexID(r *rand.Rand) string { return fmt.Sprintf("%016x%016x", r.Uint64()|1, r.Uint64()) }

func fixed(header, payload string) sample {
	return func(*rand.Rand, int) (string, string) { return header, payload }
}

// samples are all that an envelope may hold, sound and not.
func samples() []sample {
	return []sample{
		fixed(`{"type":"event"}`, `{"message":"m","level":"error"}`),
		fixed(`{"type":"event"}`, `{"message":"m","request":{"url":"http://localhost/x"}}`), // filtered
		fixed(`{"type":"event"}`, `{"message":`),                                            // no JSON
		fixed(`{"type":"event"}`, `[1]`),
		func(r *rand.Rand, n int) (string, string) {
			return `{"type":"transaction"}`, fmt.Sprintf(`{"type":"transaction","transaction":"/t%d","start_timestamp":1767225600,"timestamp":1767225601,"contexts":{"trace":{"trace_id":"%s","span_id":"%016x"}},"spans":[]}`, n%5, hexID(r), r.Uint64()|1)
		},
		fixed(`{"type":"transaction"}`, `{"type":"transaction"}`), // without a trace
		fixed(`{"type":"session"}`, `{"sid":"c4b9f4f8-6f3c-4f6e-9f5b-6a1d6f9a0b11","init":true,"started":"2026-01-01T00:00:00Z","status":"ok","attrs":{"release":"a@1"}}`),
		fixed(`{"type":"session"}`, `{"status":"ok"}`), // without a release
		fixed(`{"type":"sessions"}`, `{"aggregates":[{"started":"2026-01-01T00:00:00Z","exited":3}],"attrs":{"release":"a@1"}}`),
		fixed(`{"type":"feedback"}`, `{"contexts":{"feedback":{"message":"hello"}}}`),
		fixed(`{"type":"user_report"}`, `{"event_id":"`+strings.Repeat("a", 32)+`","name":"n","email":"e@x","comments":"c"}`),
		fixed(`{"type":"check_in"}`, `{"check_in_id":"`+strings.Repeat("b", 32)+`","monitor_slug":"nightly","status":"ok"}`), // waits for the next one
		fixed(`{"type":"check_in"}`, `{"check_in_id":"`+strings.Repeat("b", 32)+`","monitor_slug":"nightly","status":"in_progress","monitor_config":{"schedule":{"type":"interval","value":1,"unit":"day"}}}`),
		fixed(`{"type":"log","item_count":2,"content_type":"application/vnd.sentry.items.log+json"}`, `{"items":[{"timestamp":1767225600,"level":"info","trace_id":"`+strings.Repeat("d", 32)+`","body":"a","attributes":{}},{"timestamp":1767225600,"level":"info","body":"b","attributes":{}}]}`),
		fixed(`{"type":"log","item_count":2,"content_type":"application/vnd.sentry.items.log+json"}`, `{"items":[{"timestamp":1767225600,"level":"info","body":"a"}]}`), // wrong count
		fixed(`{"type":"trace_metric","item_count":1,"content_type":"application/vnd.sentry.items.trace-metric+json"}`, `{"items":[{"name":"x","value":1}]}`),
		fixed(`{"type":"attachment","filename":"f.txt"}`, `0123456789`),
		fixed(`{"type":"attachment","attachment_type":"event.minidump","filename":"d"}`, `MDMP0123`),
		fixed(`{"type":"client_report"}`, `{"timestamp":1767225600,"discarded_events":[{"reason":"sample_rate","category":"error","quantity":2}]}`),
		fixed(`{"type":"profile"}`, `{"version":"1","platform":"python"}`),
		fixed(`{"type":"profile_chunk","platform":"python"}`, `{"version":"2"}`),
		fixed(`{"type":"raw_security"}`, `{"csp-report":{"document-uri":"https://a/"}}`),
		fixed(`{"type":"statsd"}`, `a:1|c`),
		fixed(`{"type":"nel"}`, `[{}]`),
		fixed(`{"type":"foobar"}`, `whatever`),
		func(r *rand.Rand, _ int) (string, string) {
			return `{"type":"span"}`, fmt.Sprintf(`{"trace_id":"%s","span_id":"%016x","start_timestamp":1767225600,"timestamp":1767225601}`, hexID(r), r.Uint64()|1)
		},
		fixed(`{"type":"span"}`, `{"nothing":1}`),
		fixed(`{"type":"replay_video"}`, `no msgpack`),
		fixed(`{"type":"replay_recording"}`, "{\"segment_id\":0}\n[]"),
	}
}

// TestClosedBooks sends 10 000 envelopes of every kind, sound and not, filtered, limited, sent
// twice, through the edge, the stream and the linker into each database. Then, per project and
// category, what was received is what the outcomes say became of it.
func TestClosedBooks(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		org, err := s.CreateOrganization(ctx, "books", "Books")
		if err != nil {
			t.Fatal(err)
		}
		rules := settings.Default()
		rules.Filters.Localhost = true
		rules.Quotas.Limits = []settings.Quota{
			{ID: "e", Scope: settings.ScopeProject, Categories: []string{"error"}, Limit: 300, WindowSeconds: 86400},
			{ID: "s", Scope: settings.ScopeProject, Categories: []string{"session"}, Limit: 0, WindowSeconds: 60},
		}
		var keys []relay.Key
		for i, name := range []string{"free", "limited"} {
			p, k, err := s.CreateProject(ctx, org.Scope(), store.NewProject{Name: name, Slug: name, Platform: "go"})
			if err != nil {
				t.Fatal(err)
			}
			key := relay.Key{PublicKey: k.PublicKey, OrgID: org.ID, ProjectID: envelope.ProjectID(p.ID), Active: true}
			if i == 1 {
				key.Rules = relay.NewRules(rules)
			}
			keys = append(keys, key)
		}
		blobs, err := store.OpenBlobs(ctx, "file:"+t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		log := slog.New(slog.DiscardHandler)
		queue, err := stream.Open(ctx, stream.Config{Dir: t.TempDir(), Blobs: blobs, Log: log, MaxBytes: 1 << 30, Sync: stream.SyncProcess})
		if err != nil {
			t.Fatal(err)
		}
		defer queue.Close()
		snapshot, err := relay.NewSnapshot(ctx, relay.SnapshotConfig{Log: log, Load: func(context.Context) ([]relay.Key, error) { return keys, nil }})
		if err != nil {
			t.Fatal(err)
		}
		edge, err := relay.New(relay.Config{Keys: snapshot, Publish: queue, TempDir: t.TempDir(), Log: log, MaxRequestsPerIP: 1000})
		if err != nil {
			t.Fatal(err)
		}
		link, err := linker.New(linker.Config{Store: s, Blobs: blobs, Stream: queue, Log: log})
		if err != nil {
			t.Fatal(err)
		}
		var running sync.WaitGroup
		running.Go(func() { edge.Run(ctx) })
		running.Go(func() { link.Run(ctx) })
		defer running.Wait()
		defer stop()

		var mu sync.Mutex
		received, answers := books{}, map[int]int{}
		var senders sync.WaitGroup
		for worker := range 8 {
			senders.Go(func() {
				r := rand.New(rand.NewPCG(uint64(worker), 1))
				for n := range 1_250 {
					key := keys[n%2]
					body, items := newEnvelope(r, n)
					q := httptest.NewRequest("POST", fmt.Sprintf("/api/%d/envelope/", key.ProjectID), bytes.NewReader(body))
					q.Header.Set("X-Sentry-Auth", "Sentry sentry_key="+key.PublicKey)
					w := httptest.NewRecorder()
					edge.ServeHTTP(w, q)
					mu.Lock()
					answers[w.Code]++
					if w.Code == 413 {
						items = readOf(items)
					}
					for _, it := range items {
						received.add(int64(key.ProjectID), it.Header, int64(len(it.Payload)))
					}
					mu.Unlock()
				}
			})
		}
		senders.Wait()
		if answers[200] == 0 || answers[429] == 0 || answers[500]+answers[503] > 0 {
			t.Fatalf("answers %v", answers)
		}

		ended := func() (books, map[string]int64) {
			sums, err := s.Outcomes(ctx, org.Scope(), store.OutcomeQuery{
				FromMS: time.Now().Add(-24 * time.Hour).UnixMilli(), ToMS: time.Now().Add(time.Hour).UnixMilli(), BucketMS: 25 * time.Hour.Milliseconds(),
				GroupBy: []string{"project_id", "category", "outcome"},
			})
			if err != nil {
				t.Fatal(err)
			}
			got, by := books{}, map[string]int64{}
			for _, o := range sums {
				if o.Outcome == store.OutcomeClientDiscard {
					continue // never arrived
				}
				got[fmt.Sprintf("%d %s", o.ProjectID, o.Category)] += o.Quantity
				by[o.Outcome] += o.Quantity
			}
			return got, by
		}
		var got books
		var by map[string]int64
		deadline, last := time.Now().Add(2*time.Minute), int64(-1)
		for still := 0; still < 30 && time.Now().Before(deadline); <-time.After(100 * time.Millisecond) {
			if got, by = ended(); maps.Equal(got, received) {
				break
			}
			sum := int64(0)
			for _, n := range got {
				sum += n
			}
			if still++; sum != last {
				still, last = 0, sum
			}
		}
		for _, key := range slices.Sorted(maps.Keys(received)) {
			if got[key] != received[key] {
				t.Errorf("project and category %s: %d received, %d ended", key, received[key], got[key])
			}
		}
		for _, key := range slices.Sorted(maps.Keys(got)) {
			if _, ok := received[key]; !ok {
				t.Errorf("project and category %s: %d ended that were never received", key, got[key])
			}
		}
		for _, outcome := range []string{store.OutcomeAccepted, store.OutcomeFiltered, store.OutcomeRateLimited, store.OutcomeInvalid} {
			if by[outcome] == 0 {
				t.Errorf("nothing was %s: %v", outcome, by)
			}
		}
		t.Logf("answers %v, outcomes %v", answers, by)
	})
}

// newEnvelope makes an envelope of one to three items of different budgets, and gives what the
// books are to say about it.
func newEnvelope(r *rand.Rand, n int) ([]byte, []envelope.Item) {
	all := samples()
	id := hexID(r)
	if r.IntN(20) == 0 {
		id = strings.Repeat("c", 32) // sent again and again
	}
	b := bytes.NewBufferString(`{"event_id":"` + id + "\"}\n")
	for _, i := range r.Perm(len(all))[:1+r.IntN(3)] {
		header, payload := all[i](r, n)
		header = strings.TrimSuffix(header, "}") + fmt.Sprintf(`,"length":%d}`, len(payload))
		b.WriteString(header + "\n" + payload + "\n")
	}
	env, err := envelope.Parse(b.Bytes())
	if err != nil {
		panic(err) // the samples are wrong
	}
	return b.Bytes(), env.Items
}

// readOf is what the edge reads of an envelope it refuses with 413: up to the item whose budget is
// used up, of which it reads no more than the type.
func readOf(items []envelope.Item) []envelope.Item {
	seen := map[envelope.Budget]bool{}
	for i := range items {
		switch b := envelope.BudgetOf(&items[i].Header); b {
		case envelope.BudgetNone, envelope.BudgetAttachment, envelope.BudgetSession, envelope.BudgetClientReport, envelope.BudgetSpan:
		default:
			if seen[b] {
				return append(slices.Clone(items[:i]), envelope.Item{Header: envelope.ItemHeader{Type: items[i].Header.Type}})
			}
			seen[b] = true
		}
	}
	return items
}
