package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/api/search"
	"github.com/hindsight-dev/hindsight/store"
)

func TestSearchOfWhatIsDerived(t *testing.T) {
	eachShelf(t, func(t *testing.T, w *shelf) {
		ctx := t.Context()
		a := w.record(w.now.Add(-time.Hour), 2, "The blue shoe is OUT of stock. 在庫切れ Größe 42")
		b := w.record(w.now.Add(-time.Hour), 1, "out of the box, in stock")
		w.link(a, store.IssueUnresolved)
		mark := func(id, status, route string) {
			t.Helper()
			all, err := w.s.StaleReplays(ctx, 1<<60, 100)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range all {
				if m.ReplayID != id {
					continue
				}
				rows := []store.ReplayChapter{{OrgID: w.org.ID, ReplayID: id, ChapterID: "c1", Kind: "click", Label: `Click "Pay now"`, Status: status, TriggerRoute: route, Body: []byte{1}}}
				done, err := w.s.WriteChapters(ctx, m, rows, &store.ReplaySummary{OrgID: w.org.ID, ReplayID: id, Worth: int64(len(status)), Chapters: 1})
				if err != nil || !done {
					t.Fatal(done, err)
				}
				if done, err := w.s.WriteChapters(ctx, m, nil, nil); err != nil || done {
					t.Errorf("a mark was used twice: %v", err)
				}
			}
		}
		mark(a, "error", "/cart/:id")
		mark(b, "ok", "/")
		hook := &queries{}
		reader := w.s.Reader().WithQueryHook(hook)
		w.s.SetReader(reader)
		for query, want := range map[string][]string{
			`text:"out of stock"`: {a}, `text:stock`: {a, b}, `text:STOCK !text:shoe`: {b}, `text:"在庫"`: {a}, `text:größe`: {a}, `text:"stock out"`: {},
			`trigger_route:/cart/:id`: {a}, `trigger_route:/cart*`: {a}, `chapter.status:error`: {a}, `chapter.status:[ok,slow]`: {b}, `chapter.label:pay`: {a, b},
			`has_backend_error:true`: {a}, `backend_error:E`: {a}, `link_tier:1`: {a}, `link_tier:>1`: {}, `!link_tier:1`: {b}, `usefulness:>2`: {a},
			`click.tag:button`: {a, b}, `click.class:big`: {a, b}, `click.class:bi`: {}, `click.selector:"button#pay.btn"`: {a, b}, `click.selector:"a#pay, .none"`: {},
			`dead.selector:"#pay"`: {a, b}, `rage.selector:"#pay"`: {}, `click.textContent:Pay*`: {a, b}, `click.role:x`: {}, `has:click.role`: {},
			`plan:gold`: {a, b}, `tags[plan]:silver`: {}, `plan:"tried 100%"`: {a, b}, `plan:tried*`: {a, b}, `has:plan`: {a, b}, `!has:colour`: {a, b},
			`user.geo.city:Bern`: {}, `duration:<1h (text:shoe OR chapter.status:ok) has_backend_error:true`: {a},
		} {
			n, err := search.Parse(query)
			if err != nil {
				t.Fatal(err)
			}
			f, err := search.Replays(search.Context{Now: w.now}, n)
			if err != nil {
				t.Errorf("%s: %v", query, err)
				continue
			}
			hook.list = nil
			page, err := w.s.Replays(ctx, w.org.Scope(), store.ReplayQuery{Filter: f, Sort: "started_at", FromMS: 1, Page: store.Page{Limit: 10}})
			if err != nil {
				t.Errorf("%s: %v", query, err)
				continue
			}
			got := []string{}
			for _, r := range page.Rows {
				got = append(got, r.ReplayID)
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", query, got, want)
			}
			for _, q := range hook.list {
				for _, line := range wholeReads(t, w.s.Writer(), q) {
					t.Errorf("%s reads a table whole: %s", query, line)
				}
			}
		}
		for _, sort := range []string{"usefulness", "user.email", "browser.name", "project_id", "os.name"} {
			var seen []string
			page := store.Page{Limit: 1}
			for range 3 {
				p, err := w.s.Replays(ctx, w.org.Scope(), store.ReplayQuery{Sort: sort, Page: page})
				if err != nil {
					t.Fatalf("sort %s: %v", sort, err)
				}
				for _, r := range p.Rows {
					seen = append(seen, r.ReplayID)
				}
				page.Cursor = p.Next
			}
			if len(seen) != 2 || seen[0] == seen[1] || sort == "usefulness" && seen[0] != a {
				t.Errorf("sorted by %s: %v", sort, seen)
			}
		}
		found, err := w.s.ClickedElements(ctx, w.org.Scope(), nil, 1, 0, false, false, 0, 10)
		if err != nil || len(found) != 1 || found[0].Dead != 2 || found[0].Element != "button#pay.btn.big" {
			t.Errorf("%+v, %v", found, err)
		}
	})
}

func TestWords(t *testing.T) {
	for in, want := range map[string]string{"": "", " Out-of  STOCK! ": "out of stock", "在庫 a": "在 庫 a", "n'est": "n est", `" OR *`: "or", "x\x00y": "x y"} {
		if got := store.Words(in, 100); got != want {
			t.Errorf("Words(%q) = %q, want %q", in, got, want)
		}
	}
	if got := store.Words("a b c d", 2); got != "a b" {
		t.Errorf("%q", got)
	}
}

func TestChanges(t *testing.T) {
	in := []int64{1_700_000_000_123, 1_700_000_000_150, 1_700_000_060_000}
	if got := store.DecodeChanges(store.EncodeChanges(in)); !slices.Equal(got, []int64{1_700_000_000_100, 1_700_000_060_000}) {
		t.Errorf("%v", got)
	}
	if got := store.DecodeChanges([]byte{0xff, 0xff}); got != nil {
		t.Errorf("%v", got)
	}
}
