package store_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// shelf is an organisation with recordings on a disk that can be measured.
type shelf struct {
	t     *testing.T
	s     *store.Store
	blobs store.Blobs
	dir   string
	org   *store.Organization
	web   *store.Project
	now   time.Time
	n     int
}

func eachShelf(t *testing.T, fn func(t *testing.T, w *shelf)) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		w := &shelf{t: t, s: s, dir: t.TempDir(), now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}
		s.SetClock(func() time.Time { return w.now })
		var err error
		if w.blobs, err = store.OpenBlobs(t.Context(), "file:"+w.dir); err != nil {
			t.Fatal(err)
		}
		if w.org, err = s.CreateOrganization(t.Context(), "acme", "Acme"); err != nil {
			t.Fatal(err)
		}
		if w.web, _, err = s.CreateProject(t.Context(), w.org.Scope(), store.NewProject{Name: "web"}); err != nil {
			t.Fatal(err)
		}
		fn(t, w)
	})
}

// disk is the bytes of all objects.
func (w *shelf) disk() (sum int64, files int) {
	w.t.Helper()
	err := filepath.WalkDir(w.dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		i, err := d.Info()
		sum, files = sum+i.Size(), files+1
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return sum, files
}

func (w *shelf) id() string { w.n++; return fmt.Sprintf("%032x", w.n) }

// events is what a segment holds: a page that is much the same every time.
func events(replay string, n int) string {
	r := rand.New(rand.NewPCG(uint64(n), 7))
	var b strings.Builder
	fmt.Fprintf(&b, `[{"type":%d,"timestamp":%d,"data":{"replay":%q,"node":[`, 2+min(n%10, 1), n, replay)
	for i := range 200 {
		fmt.Fprintf(&b, `{"id":%d,"tagName":"div","attributes":{"class":"row cell-%d"},"textContent":"Item %d costs %d"},`, i, i%7, i, r.IntN(1000))
	}
	b.WriteString(`{}]}}]`)
	return b.String()
}

// record stores a replay of some segments that ended at a moment.
func (w *shelf) record(end time.Time, segments int, words string) string {
	w.t.Helper()
	ctx, id := w.t.Context(), w.id()
	wr := &store.Write{MessageID: "m" + id, ReceivedMS: end.UnixMilli(), OrgID: w.org.ID}
	for n := range segments {
		body := []byte(events(id, n))
		if n%3 != 0 { // some clients do not compress
			var z bytes.Buffer
			zw := zlib.NewWriter(&z)
			_, _ = zw.Write(body)
			_ = zw.Close()
			body = z.Bytes()
		}
		key := fmt.Sprintf("%d/%d/replay/%s/%d-h%d", w.org.ID, w.web.ID, id, n, n)
		if err := w.blobs.Put(ctx, key, bytes.NewReader(body), int64(len(body))); err != nil {
			w.t.Fatal(err)
		}
		frames, err := store.Compress(fmt.Appendf(nil, `[{"kind":"console","timeMs":%d,"message":"line %d"}]`, n, n))
		if err != nil {
			w.t.Fatal(err)
		}
		at := end.Add(time.Duration(n-segments+1) * 5 * time.Second).UnixMilli()
		sw := store.SegmentWrite{Segment: store.ReplaySegment{OrgID: w.org.ID, ReplayID: id, SegmentID: int64(n), BodyHash: fmt.Sprintf("h%d", n), ProjectID: w.web.ID,
			FirstMS: &at, LastMS: &at, Bytes: int64(len(body)), Playable: true, HasSnapshot: n%10 == 0, Blob: key, Frames: frames, ReceivedMS: at},
			Meta: store.ReplayMeta{Tags: map[string][]string{"plan": {"gold", "tried 100%"}}}}
		if n == 0 {
			sw.Screen = &store.ReplayScreen{OrgID: w.org.ID, ReplayID: id, BodyHash: "h0", Words: store.Words(words, store.MaxScreenWords)}
			sw.Clicks = []store.ReplayClick{{OrgID: w.org.ID, ReplayID: id, TimeMS: at, NodeID: 7, Kind: store.ClickRow, ProjectID: w.web.ID, Tag: "button", ElementID: "pay",
				Classes: " btn big ", Text: "Pay now", Element: "button#pay.btn.big", Dead: true}}
		}
		wr.Segments = append(wr.Segments, sw)
	}
	if _, err := w.s.Ingest(ctx, []*store.Write{wr}); err != nil {
		w.t.Fatal(err)
	}
	return id
}

// served is what the endpoints build their answers from: every segment's events and frames.
func (w *shelf) served(id string) string {
	w.t.Helper()
	segments, err := w.s.Segments(w.t.Context(), w.org.Scope(), id, 0, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	var b strings.Builder
	as := &store.Archives{Blobs: w.blobs}
	for i := range segments {
		e, err := as.Events(w.t.Context(), &segments[i], 50<<20)
		if err != nil {
			w.t.Fatal(err)
		}
		b.Write(e)
	}
	err = w.s.EachSegmentFrames(w.t.Context(), w.blobs, w.org.Scope(), id, func(f []byte) error { b.Write(f); return nil })
	if err != nil {
		w.t.Fatal(err)
	}
	return b.String()
}

func TestCompactReplay(t *testing.T) {
	eachShelf(t, func(t *testing.T, w *shelf) {
		ctx := t.Context()
		id := w.record(w.now.Add(-time.Hour), 40, "")
		fresh := w.record(w.now.Add(-time.Minute), 3, "")
		before, _ := w.disk()
		want := w.served(id)
		keys, err := w.s.FinishedReplays(ctx, 10)
		if err != nil || len(keys) != 1 || keys[0].ReplayID != id {
			t.Fatalf("finished: %v, %v; want only %s, not %s", keys, err, id, fresh)
		}
		c, err := w.s.CompactReplay(ctx, w.blobs, keys[0])
		if err != nil || c.Segments != 40 {
			t.Fatalf("%+v, %v", c, err)
		}
		if got := w.served(id); got != want {
			t.Errorf("the packed replay differs: %d bytes, want %d", len(got), len(want))
		}
		if n, err := w.s.SweepBlobs(ctx, w.blobs, time.Minute, 100); err != nil || n != 0 {
			t.Errorf("swept %d objects that may still be read, %v", n, err)
		}
		w.now = w.now.Add(2 * time.Minute)
		if n, err := w.s.SweepBlobs(ctx, w.blobs, time.Minute, 100); err != nil || n != 40 {
			t.Errorf("swept %d, %v", n, err)
		}
		after, files := w.disk()
		t.Logf("40 segments: %d bytes, packed %d", c.Before, c.After)
		if got := before - after; got != c.Before-c.After || c.After*2 > c.Before || files != 1+3 {
			t.Errorf("the disk went from %d to %d in %d files; %+v", before, after, files, c)
		}
		if got := w.served(id); got != want {
			t.Error("the packed replay differs after the sweep")
		}
		if keys, err := w.s.FinishedReplays(ctx, 10); err != nil || len(keys) != 0 {
			t.Errorf("packed again: %v, %v", keys, err)
		}
	})
}

// A late segment joins the archive the next time; one that cannot be read stays as it is.
func TestCompactAgain(t *testing.T) {
	eachShelf(t, func(t *testing.T, w *shelf) {
		ctx := t.Context()
		id := w.record(w.now.Add(-time.Hour), 12, "")
		k := store.ReplayKey{OrgID: w.org.ID, ReplayID: id}
		if _, err := w.s.CompactReplay(ctx, w.blobs, k); err != nil {
			t.Fatal(err)
		}
		at := w.now.Add(-30 * time.Minute).UnixMilli()
		for n, body := range []string{events(id, 12), "x\x9cnot zlib"} {
			key := fmt.Sprintf("%d/%d/replay/%s/%d-late", w.org.ID, w.web.ID, id, 12+n)
			if err := w.blobs.Put(ctx, key, strings.NewReader(body), int64(len(body))); err != nil {
				t.Fatal(err)
			}
			_, err := w.s.Ingest(ctx, []*store.Write{{MessageID: key, ReceivedMS: at, OrgID: w.org.ID, Segments: []store.SegmentWrite{{Segment: store.ReplaySegment{OrgID: w.org.ID,
				ReplayID: id, SegmentID: int64(12 + n), BodyHash: "late", ProjectID: w.web.ID, FirstMS: &at, LastMS: &at, Playable: true, Blob: key, ReceivedMS: at}}}}})
			if err != nil {
				t.Fatal(err)
			}
		}
		c, err := w.s.CompactReplay(ctx, w.blobs, k)
		if err != nil || c.Segments != 13 {
			t.Fatalf("%+v, %v", c, err)
		}
		segments, err := w.s.Segments(ctx, w.org.Scope(), id, 0, 100)
		if err != nil || len(segments) != 14 || *segments[13].Place != -1 || *segments[12].Place != 12 {
			t.Fatalf("%+v, %v", segments, err)
		}
		e, err := (&store.Archives{Blobs: w.blobs}).Events(ctx, &segments[12], 1<<20)
		if err != nil || string(e) != events(id, 12) {
			t.Errorf("the late segment differs, %v", err)
		}
		if keys, err := w.s.FinishedReplays(ctx, 10); err != nil || len(keys) != 0 {
			t.Errorf("what cannot be packed is tried again: %v, %v", keys, err)
		}
	})
}

func TestRemovedReplaysFreeTheDisk(t *testing.T) {
	eachShelf(t, func(t *testing.T, w *shelf) {
		ctx := t.Context()
		old := w.record(w.now.Add(-100*24*time.Hour), 10, "")
		valued := w.record(w.now.Add(-100*24*time.Hour), 10, "")
		ancient := w.record(w.now.Add(-400*24*time.Hour), 10, "")
		young := w.record(w.now.Add(-24*time.Hour), 10, "out of stock")
		film := fmt.Sprintf("%d/%d/replay/%s/0-h0.mp4", w.org.ID, w.web.ID, old)
		if err := w.blobs.Put(ctx, film, strings.NewReader("film"), 4); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{valued, ancient} {
			w.link(id, store.IssueUnresolved)
		}
		w.link(old, store.IssueResolved)
		start, _ := w.disk()
		n, err := w.s.ExpireReplays(ctx, w.blobs, store.ReplayRetention{Days: 90, ValuedDays: 365}, 10)
		if err != nil || n != 2 {
			t.Fatalf("%d expired, %v", n, err)
		}
		expired, _ := w.disk()
		if err := w.s.RemoveReplay(ctx, w.blobs, store.ReplayTombstone{OrgID: w.org.ID, ReplayID: young, Reason: store.GoneDeleted}); err != nil {
			t.Fatal(err)
		}
		deleted, files := w.disk()
		t.Logf("disk: %d bytes, after expiry %d, after a deletion %d", start, expired, deleted)
		if expired > start*6/10 || deleted > start*3/10 || files != 10 {
			t.Errorf("disk went %d, %d, %d in %d files", start, expired, deleted, files)
		}
		stones, err := w.s.Tombstones(ctx, w.org.Scope(), []string{old, valued, ancient, young})
		if err != nil || stones[old].Reason != store.GoneExpired || stones[ancient].Reason != store.GoneExpired || stones[young].Reason != store.GoneDeleted || len(stones) != 3 {
			t.Errorf("%+v, %v", stones, err)
		}
		for _, table := range []string{"replay_segments", "replay_screens", "replay_clicks", "replay_stale"} {
			var left int
			if err := w.s.Reader().NewRaw("SELECT COUNT(*) FROM "+table+" WHERE replay_id <> ?", valued).Scan(ctx, &left); err != nil || left != 0 {
				t.Errorf("%d rows are left in %s, %v", left, table, err)
			}
		}
	})
}

// A project's own settings say how long and how much; what is tied to open issues goes last.
func TestProjectsKeepTheirOwn(t *testing.T) {
	eachShelf(t, func(t *testing.T, w *shelf) {
		ctx := t.Context()
		set := func(r settings.Recordings) {
			t.Helper()
			_, err := w.s.EditSettings(ctx, w.org.Scope(), w.web.ID, func(doc *settings.Settings) error { doc.Recordings = r; return nil })
			if err != nil {
				t.Fatal(err)
			}
		}
		ten := w.record(w.now.Add(-10*24*time.Hour), 2, "")
		older := w.record(w.now.Add(-5*24*time.Hour), 2, "")
		valued := w.record(w.now.Add(-6*24*time.Hour), 2, "")
		young := w.record(w.now.Add(-24*time.Hour), 2, "")
		w.link(valued, store.IssueUnresolved)
		live := func() (ids []string) {
			t.Helper()
			if err := w.s.Reader().NewRaw("SELECT replay_id FROM replays WHERE state = 'live' ORDER BY finished_ms").Scan(ctx, &ids); err != nil {
				t.Fatal(err)
			}
			return ids
		}
		set(settings.Recordings{Days: 7, ValuedDays: 30})
		if n, err := w.s.ExpireReplays(ctx, w.blobs, store.ReplayRetention{}, 10); err != nil || n != 1 || slices.Contains(live(), ten) {
			t.Fatalf("%d expired, %v: %v", n, err, live())
		}
		if n, err := w.s.ShrinkReplays(ctx, w.blobs, 10); err != nil || n != 0 {
			t.Fatalf("%d gone without a bound, %v", n, err)
		}
		var bytes int64
		if err := w.s.Reader().NewRaw("SELECT SUM(bytes) FROM replay_segments").Scan(ctx, &bytes); err != nil {
			t.Fatal(err)
		}
		set(settings.Recordings{MaxBytes: bytes - 1})
		if n, err := w.s.ShrinkReplays(ctx, w.blobs, 10); err != nil || n != 1 || !slices.Equal(live(), []string{valued, young}) {
			t.Fatalf("%d gone, %v: %v; want the oldest without an open issue (%s) gone", n, err, live(), older)
		}
		set(settings.Recordings{MaxBytes: 1})
		if n, err := w.s.ShrinkReplays(ctx, w.blobs, 1); err != nil || n != 1 || !slices.Equal(live(), []string{valued}) {
			t.Fatalf("%d gone, %v: %v; want the one of an open issue last", n, err, live())
		}
	})
}

// link ties a replay to an issue of a state.
func (w *shelf) link(replay, status string) {
	w.t.Helper()
	ctx, ms := context.WithoutCancel(w.t.Context()), w.now.UnixMilli()
	event := w.id()
	_, err := w.s.Ingest(ctx, []*store.Write{{MessageID: "e" + event, ReceivedMS: ms, OrgID: w.org.ID,
		Events: []store.EventWrite{{Hashes: []string{event}, Algorithm: "v1",
			Event: store.Event{ProjectID: w.web.ID, EventID: event, OrgID: w.org.ID, Level: "error", Title: "E", TimestampMS: ms, ReceivedMS: ms, Side: "backend", Payload: []byte{}},
			Issue: store.Issue{OrgID: w.org.ID, ProjectID: w.web.ID, Status: status, Level: "error", Type: "error", Title: "E", Metadata: "{}", FirstSeenMS: ms, LastSeenMS: ms, CreatedMS: ms}}}}})
	if err != nil {
		w.t.Fatal(err)
	}
	es, err := w.s.EventsByID(ctx, w.org.Scope(), []string{event})
	if err != nil || len(es) != 1 {
		w.t.Fatal(es, err)
	}
	if _, err := w.s.Writer().NewRaw("UPDATE issues SET status = ? WHERE id = ?", status, es[0].IssueID).Exec(ctx); err != nil {
		w.t.Fatal(err)
	}
	level, side, name := "error", "backend", "E"
	row := store.ReplayLink{OrgID: w.org.ID, ItemKind: store.ItemEvent, ItemID: event, ReplayID: replay, ProjectID: &w.web.ID, IssueID: &es[0].IssueID, Level: &level, Side: &side,
		Name: &name, TimeMS: &ms, Signals: 1, Primary: true, CreatedMS: ms}
	if _, err := w.s.Ingest(ctx, []*store.Write{{MessageID: "l" + event, ReceivedMS: ms, OrgID: w.org.ID, Links: []store.ReplayLink{row}}}); err != nil {
		w.t.Fatal(err)
	}
}
