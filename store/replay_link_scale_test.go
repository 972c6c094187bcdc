//go:build scale

package store_test

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/uptrace/bun"

	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// What a question may take at the 99th percentile of the smaller size.
const linkLimit = 20 * time.Millisecond

// TestLinksAtScale asks, among a thousand replays of 200 errors each and then among ten times as many, for the replays
// of an issue and for the errors of a replay, as the two pages do: make scale. It prints the percentiles beside the limit,
// and what ten times the data costs. SCALE_REPLAYS says how many replays the smaller size has.
func TestLinksAtScale(t *testing.T) {
	replays := 1_000
	if n, err := strconv.Atoi(os.Getenv("SCALE_REPLAYS")); err == nil {
		replays = n
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	defer out.Flush()
	fmt.Fprintf(out, "| engine\t| question\t| %d × %d: p50\t| p99\t| %d × %d: p50\t| p99\t| limit of the first p99\t| ten times the data: p50\t| p99\t|\n", replays, errorsPerReplay, 10*replays, errorsPerReplay)
	fmt.Fprintln(out, "|-\t|-\t|-\t|-\t|-\t|-\t|-\t|-\t|-\t|")
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		engine := t.Name()[strings.LastIndexByte(t.Name(), '/')+1:]
		w := newLinkWorld(t, s)
		var small, large []time.Duration // p50 and p99 of each question
		for _, size := range []int{replays, 10 * replays} {
			w.grow(size)
			took := []time.Duration{}
			for _, q := range w.questions() {
				took = append(took, percentiles(t, q.ask)...)
			}
			small, large = large, took
		}
		ms := func(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1_000) }
		for i, q := range w.questions() {
			a, b := small[2*i:2*i+2], large[2*i:2*i+2]
			verdict := "20 ms: kept"
			if a[1] > linkLimit {
				verdict = "20 ms: BROKEN"
			}
			fmt.Fprintf(out, "| %s\t| %s\t| %s\t| %s\t| %s\t| %s\t| %s\t| × %.1f\t| × %.1f\t|\n", engine, q.name, ms(a[0]), ms(a[1]), ms(b[0]), ms(b[1]), verdict,
				b[0].Seconds()/a[0].Seconds(), b[1].Seconds()/a[1].Seconds())
		}
	})
}

// percentiles asks a question of many rows and gives the 50th and 99th percentile.
func percentiles(t *testing.T, ask func(context.Context, int) error) []time.Duration {
	t.Helper()
	const warm, asked = 50, 1_000
	took := make([]time.Duration, 0, asked)
	for i := range warm + asked {
		start := time.Now()
		if err := ask(t.Context(), i*7_919); err != nil {
			t.Fatal(err)
		}
		if i >= warm {
			took = append(took, time.Since(start))
		}
	}
	slices.Sort(took)
	return []time.Duration{took[asked/2], took[asked*99/100]}
}

// linkWorld is an organisation whose replays have errorsPerReplay errors each. One issue is in every replay; each of the
// others, of which there are in proportion, has 400 errors in about as many replays.
type linkWorld struct {
	t       *testing.T
	s       *store.Store
	scope   store.Scope
	replays int
	block   int // replays that share issues
}

const (
	errorsPerReplay = 200
	replaysPerIssue = 2
	copied          = 100_000 // rows of one statement
)

func newLinkWorld(t *testing.T, s *store.Store) *linkWorld {
	org, project := seedProject(t, s, "acme")
	id, start, end, level, side, name, issue := hex32(0), int64(1), int64(2), "error", store.SideBackend, "Error", int64(1)
	for _, row := range []any{
		&store.Issue{ID: 1, OrgID: org, ProjectID: project, Number: 1, Status: "unresolved", Level: level, Type: "error", Title: name, Metadata: "{}", FirstSeenMS: 1, LastSeenMS: 1},
		&store.Replay{OrgID: org, ReplayID: id, ProjectID: &project, State: store.ReplayLive, Releases: "[]", Tags: "{}", URLs: "[]", Origins: "{}", UserJSON: "{}", StartedMS: &start, FinishedMS: &end},
		&store.ReplaySegment{OrgID: org, ReplayID: id, BodyHash: "h", ProjectID: project, Playable: true, Blob: "b"},
		&store.Event{ProjectID: project, EventID: id, OrgID: org, IssueID: 1, Level: level, Title: name, TimestampMS: 1, ReceivedMS: 1, Side: side, Payload: []byte{1}},
		&store.ReplayLink{OrgID: org, ItemKind: store.ItemEvent, ItemID: id, ReplayID: id, ProjectID: &project, IssueID: &issue, Level: &level, Side: &side, Name: &name, TimeMS: &start, Signals: 1, Primary: true},
	} {
		if _, err := s.Writer().NewInsert().Model(row).Returning("NULL").Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return &linkWorld{t: t, s: s, scope: store.Scope{OrgID: org}, replays: 1}
}

// grow adds replays until there are so many, copies of the first in all but what tells them apart.
func (w *linkWorld) grow(replays int) {
	if w.block == 0 {
		w.block = replays
	}
	w.copy(reflect.TypeFor[store.Issue](), int64(w.replays/replaysPerIssue), int64(replays/replaysPerIssue), map[string]string{"id": "n + 2", "number": "n + 2"}, "id = 1")
	of := "n / 200" // the replay of the nth error
	start := func(replay string) string { return "1700000000000 + (" + replay + ") * 60000" }
	w.copy(reflect.TypeFor[store.Replay](), int64(w.replays), int64(replays),
		map[string]string{"replay_id": w.hex("n"), "started_ms": start("n"), "finished_ms": start("n") + " + 60000"}, "replay_id = '"+hex32(0)+"'")
	w.copy(reflect.TypeFor[store.ReplaySegment](), int64(w.replays), int64(replays), map[string]string{"replay_id": w.hex("n")}, "replay_id = '"+hex32(0)+"'")
	// The errors of the first replays, and of as many after them, are among issues of their own.
	issue := fmt.Sprintf("CASE WHEN n %% 200 = 0 THEN 1 ELSE 2 + n / %d * %d + n * 31 %% %d END", w.block*errorsPerReplay, w.block/replaysPerIssue, w.block/replaysPerIssue)
	at := start(of) + " + n % 200 * 300"
	from, to := int64(w.replays)*errorsPerReplay, int64(replays)*errorsPerReplay
	w.copy(reflect.TypeFor[store.Event](), from, to, map[string]string{"event_id": w.hex("n"), "issue_id": issue, "timestamp_ms": at, "received_ms": at}, "event_id = '"+hex32(0)+"'")
	w.copy(reflect.TypeFor[store.ReplayLink](), from, to, map[string]string{"item_id": w.hex("n"), "replay_id": w.hex(of), "issue_id": issue, "ts_ms": at}, "item_id = '"+hex32(0)+"'")
	w.replays = replays
	w.exec("ANALYZE")
	if w.s.Writer().Dialect().Name().String() == "pg" {
		w.exec("VACUUM") // what autovacuum does to a table that is left alone for a minute
	}
}

func (w *linkWorld) exec(q string) {
	w.t.Helper()
	if _, err := w.s.Writer().ExecContext(w.t.Context(), q); err != nil {
		w.t.Fatalf("%v\n%s", err, q)
	}
}

func (w *linkWorld) hex(n string) string {
	if w.s.Writer().Dialect().Name().String() == "pg" {
		return "lpad(to_hex(" + n + "), 32, '0')"
	}
	return "printf('%032x', " + n + ")"
}

// copy inserts rows from..to-1 of a table as copies of one of its rows, with some columns of their own.
func (w *linkWorld) copy(of reflect.Type, from, to int64, own map[string]string, first string) {
	w.t.Helper()
	for ; from+copied < to; from += copied {
		w.copyPart(of, from, from+copied, own, first)
	}
	w.copyPart(of, from, to, own, first)
}

func (w *linkWorld) copyPart(of reflect.Type, from, to int64, own map[string]string, first string) {
	w.t.Helper()
	table := w.s.Writer().Table(of)
	var columns, values []string
	for _, f := range table.Fields {
		columns = append(columns, string(f.SQLName))
		if v, ok := own[f.Name]; ok {
			values = append(values, v)
		} else {
			values = append(values, "t."+string(f.SQLName))
		}
	}
	numbers := fmt.Sprintf("WITH RECURSIVE g(n) AS (SELECT %d UNION ALL SELECT n + 1 FROM g WHERE n < %d)", from, to-1)
	if w.s.Writer().Dialect().Name().String() == "pg" {
		numbers = fmt.Sprintf("WITH g(n) AS (SELECT generate_series(%d, %d))", from, to-1)
	}
	insert := fmt.Sprintf("INSERT INTO %s (%s) ", bun.Safe(table.Name), strings.Join(columns, ", "))
	query := fmt.Sprintf("%s SELECT %s FROM g, %s AS t WHERE t.%s", numbers, strings.Join(values, ", "), table.Name, first)
	if w.s.Writer().Dialect().Name().String() == "pg" {
		w.exec(insert + query)
		return
	}
	w.exec(strings.Replace(query, numbers, numbers+" "+insert, 1))
}

type linkQuestion struct {
	name string
	ask  func(ctx context.Context, i int) error
}

// questions are what the pages of an issue and of a replay ask.
func (w *linkWorld) questions() []linkQuestion {
	issue := func(ctx context.Context, id int64) error {
		page, err := w.s.ReplayLinks(ctx, w.scope, store.LinkQuery{Issues: []int64{id}, Page: store.Page{Limit: 25}})
		if err != nil {
			return err
		}
		n, err := w.s.IssueReplayCounts(ctx, w.scope, []int64{id})
		if err == nil && (len(page.Rows) != 25 || n[id] == 0) {
			err = fmt.Errorf("issue %d has %d links on its page and %d replays", id, len(page.Rows), n[id])
		}
		return err
	}
	return []linkQuestion{
		{"issue → replays", func(ctx context.Context, i int) error { return issue(ctx, int64(2+i%(w.replays/replaysPerIssue))) }},
		{"replay → errors", func(ctx context.Context, i int) error {
			id := hex32(1 + i%(w.replays-1))
			r, err := w.s.Replay(ctx, w.scope, id)
			if err != nil {
				return err
			}
			page, err := w.s.EventsOfReplay(ctx, w.scope, id, store.Page{Limit: 100})
			if err == nil && (len(page.Rows) != 100 || r.Errors != errorsPerReplay) {
				err = fmt.Errorf("replay %s has %d errors, %d on its page", id, r.Errors, len(page.Rows))
			}
			return err
		}},
		{"issue of all replays → replays", func(ctx context.Context, _ int) error { return issue(ctx, 1) }},
	}
}
