package linker

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/internal/testkit"
	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// world is a database with one organisation of five projects, as the corpus has them, and a linker.
type world struct {
	t     testing.TB
	s     *store.Store
	raw   *bun.DB // a connection of the test's own, to look with
	blobs store.Blobs
	l     *Linker
	org   int64
	first int64 // id of the first project; the corpus' project n is first+n-1
}

// eachDB runs fn on each engine, with a new database.
func eachDB(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, newWorld(t, storetest.SQLiteURL(t))) })
	t.Run("postgres", func(t *testing.T) { fn(t, newWorld(t, storetest.PostgresURL(t))) })
}

func newWorld(t testing.TB, url string) *world {
	t.Helper()
	ctx := t.Context()
	s := storetest.Open(t, url)
	var err error
	w := &world{t: t, s: s}
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
		if err != nil {
			t.Fatal(err)
		}
		w.raw = bun.NewDB(db, sqlitedialect.New())
	} else {
		db, err := sql.Open("pgx", url)
		if err != nil {
			t.Fatal(err)
		}
		w.raw = bun.NewDB(db, pgdialect.New())
	}
	t.Cleanup(func() { _ = w.raw.Close() })
	if w.blobs, err = store.OpenBlobs(ctx, "file:"+testkit.Dir(t)); err != nil {
		t.Fatal(err)
	}
	w.org, w.first = w.newOrganization("main")
	w.l = w.linker(nil)
	return w
}

// newOrganization makes an organisation with five projects.
func (w *world) newOrganization(slug string) (org, first int64) {
	w.t.Helper()
	o := &store.Organization{Slug: slug, Name: slug, CreatedMS: 1}
	if _, err := w.raw.NewInsert().Model(o).Returning("id").Exec(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	for n := range 5 {
		p := &store.Project{OrgID: o.ID, Slug: fmt.Sprint(slug, n+1), Name: "p", Settings: "{}", CreatedMS: 1}
		if _, err := w.raw.NewInsert().Model(p).Returning("id").Exec(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		if n == 0 {
			first = p.ID
		}
	}
	return o.ID, first
}

type noStream struct{}

func (noStream) Consume(context.Context, stream.Kind, stream.ConsumeOptions, func(context.Context, []*stream.Delivery) error) error {
	return nil
}

func (w *world) linker(committed func(context.Context, stream.Kind)) *Linker {
	w.t.Helper()
	l, err := New(Config{Store: w.s, Blobs: w.blobs, Stream: noStream{}, Committed: committed,
		Log: slog.New(slog.NewTextHandler(w.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

// deliver hands a batch to the linker, as the stream does.
func (w *world) deliver(ds ...*stream.Delivery) {
	w.t.Helper()
	for _, kind := range stream.Kinds() {
		var batch []*stream.Delivery
		for _, d := range ds {
			if d.Kind == kind {
				batch = append(batch, d)
			}
		}
		if len(batch) == 0 {
			continue
		}
		if err := w.l.handler(kind)(w.t.Context(), batch); err != nil {
			w.t.Fatal(err)
		}
	}
}

// kindOf is where the edge puts an item.
func kindOf(itemType string) stream.Kind {
	switch itemType {
	case "event":
		return stream.KindEvent
	case "transaction":
		return stream.KindTransaction
	case "span":
		return stream.KindSpan
	case "replay_event", "replay_recording", "replay_video":
		return stream.KindReplay
	case "session", "sessions":
		return stream.KindSession
	case "client_report":
		return stream.KindReport
	}
	return stream.KindItem
}

// split cuts an envelope into messages by kind, as the edge does; attachments go with what they are attached to.
func (w *world) split(id string, project int64, received time.Time, body []byte) []*stream.Delivery {
	w.t.Helper()
	env, err := envelope.Parse(body)
	if err != nil {
		w.t.Fatalf("%s: %v", id, err)
	}
	parts := map[stream.Kind]*envelope.Envelope{}
	var order []stream.Kind
	main := stream.KindItem
	for i := range env.Items {
		if k := kindOf(env.Items[i].Header.Type); k == stream.KindEvent {
			main = k
		}
	}
	for _, it := range env.Items {
		k := kindOf(it.Header.Type)
		if it.Header.Type == "attachment" {
			k = main
		}
		if parts[k] == nil {
			parts[k] = &envelope.Envelope{Header: env.Header}
			order = append(order, k)
		}
		parts[k].Items = append(parts[k].Items, it)
	}
	var out []*stream.Delivery
	for n, k := range order {
		d := &stream.Delivery{Message: stream.Message{Kind: k, ID: fmt.Sprintf("%s:%d", id, n), Received: received, OrgID: w.org,
			ProjectID: project, PublicKey: "k", EventID: env.Header.EventID, Body: parts[k].Bytes()}, Attempt: 1}
		out = append(out, d)
	}
	return out
}

// visit reads a recorded visit: all requests of a browser and two backends, in the order in which they arrived.
func (w *world) visit(name string) []*stream.Delivery {
	w.t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", name, "*.envelope"))
	if err != nil || len(files) == 0 {
		w.t.Fatalf("no visit %s: %v", name, err)
	}
	slices.Sort(files)
	var out []*stream.Delivery
	for _, f := range files {
		out = append(out, w.file(f)...)
	}
	return out
}

// file reads one request of a visit; its name says when it came, and for which project.
func (w *world) file(path string) []*stream.Delivery {
	w.t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	base := strings.TrimSuffix(filepath.Base(path), ".envelope")
	parts := strings.SplitN(base, "-", 3)
	ms, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil {
		w.t.Fatal(err)
	}
	project, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.split(parts[2], w.first+project-1, time.UnixMilli(ms), body)
}

// dump is everything that must not depend on the order of arrival, as lines.
func (w *world) dump() []string {
	w.t.Helper()
	var out []string
	for _, q := range []string{
		`SELECT 'link', l.item_kind, l.item_id, l.replay_id, l.project_id, COALESCE(i.title, ''), COALESCE(l.trace_id, ''), COALESCE(l.level, ''),
			COALESCE(l.side, ''), COALESCE(l.name, ''), l.ts_ms, l.signals, l.flags, l.is_primary
			FROM replay_links l LEFT JOIN issues i ON i.id = l.issue_id ORDER BY l.org_id, l.item_kind, l.item_id, l.replay_id`,
		`SELECT 'pair', trace_id, replay_id, sources FROM replay_traces ORDER BY org_id, trace_id, replay_id`,
		`SELECT 'replay', replay_id, project_id, state, replay_type, platform, environment, releases, sdk_name, sdk_version, user_key, user_json,
			browser_name, browser_version, os_name, urls, tags, started_ms, finished_ms, first_seen_ms, last_segment_ms, count_urls,
			count_dead_clicks, count_rage_clicks FROM replays ORDER BY org_id, replay_id`,
		`SELECT 'segment', replay_id, segment_id, first_ms, last_ms, bytes, playable, problem, has_snapshot FROM replay_segments ORDER BY org_id, replay_id, segment_id`,
		`SELECT 'request', replay_id, start_us, method, url, status, trace_id, span_id FROM replay_requests ORDER BY org_id, replay_id, start_us, url_hash`,
		`SELECT 'load', replay_id, start_us, end_us, path_hash FROM replay_loads ORDER BY org_id, replay_id, start_us, path_hash`,
		`SELECT 'issue', project_id, title, culprit, level, times_seen, users_seen, first_seen_ms, last_seen_ms FROM issues ORDER BY project_id, title, culprit, times_seen, last_seen_ms`,
		`SELECT 'event', project_id, event_id, title, COALESCE(trace_id, ''), side FROM events ORDER BY project_id, event_id`,
		`SELECT 'span', project_id, trace_id, span_id, is_segment, name FROM spans ORDER BY trace_id, span_id`,
		`SELECT 'session', sid, status, errors FROM release_sessions ORDER BY sid`,
		`SELECT 'attachment', event_id, name, size, sha1 FROM attachments ORDER BY event_id, name`,
		`SELECT 'log', log_id, trace_id, severity, body FROM logs ORDER BY log_id`,
		`SELECT 'feedback', event_id, message, trace_id, associated_event_id FROM feedback ORDER BY event_id`,
		`SELECT 'check-in', check_in_id, monitor_slug, status, duration_ms, started_ms, updated_ms FROM check_ins ORDER BY check_in_id`,
		`SELECT 'hint', event_id, method, path_hash, user_key, user_email, ip FROM event_hints ORDER BY event_id`,
		`SELECT 'raw', message_id, position, type, size FROM raw_items ORDER BY message_id, position`,
		`SELECT 'outcome', project_id, category, outcome, reason, SUM(quantity) FROM outcomes GROUP BY project_id, category, outcome, reason
			ORDER BY project_id, category, outcome, reason`,
	} {
		out = append(out, w.lines(q)...)
	}
	return out
}

func (w *world) lines(query string, args ...any) []string {
	w.t.Helper()
	rows, err := w.raw.QueryContext(w.t.Context(), query, args...)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	cols, err := rows.Columns()
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for rows.Next() {
		vals := make([]any, len(cols))
		ptrs := make([]any, len(cols))
		for i := range vals {
			ptrs[i] = &vals[i]
		}
		if err := rows.Scan(ptrs...); err != nil {
			w.t.Fatal(err)
		}
		words := make([]string, len(vals))
		for i, v := range vals {
			switch v := v.(type) {
			case []byte:
				words[i] = string(v)
			case bool:
				words[i] = strconv.Itoa(map[bool]int{true: 1}[v])
			default:
				words[i] = fmt.Sprint(v)
			}
		}
		out = append(out, strings.Join(words, "|"))
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return out
}
