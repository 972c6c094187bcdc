package store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/internal/testkit/s3test"
	"github.com/hindsight-dev/hindsight/store"
)

// eachBlobs runs one contract on every implementation.
func eachBlobs(t *testing.T, fn func(t *testing.T, b store.Blobs)) {
	t.Helper()
	urls := map[string]func(t *testing.T) string{
		"files":     func(t *testing.T) string { return "file:" + filepath.Join(t.TempDir(), "new", "blobs") },
		"s3":        func(t *testing.T) string { return s3test.URL(t) },
		"s3 prefix": func(t *testing.T) string { return strings.Replace(s3test.URL(t), "?", "/some/where?", 1) },
	}
	for _, name := range slices.Sorted(maps.Keys(urls)) {
		t.Run(name, func(t *testing.T) {
			b, err := store.OpenBlobs(t.Context(), urls[name](t))
			if err != nil {
				t.Fatal(err)
			}
			fn(t, b)
		})
	}
}

func put(t *testing.T, b store.Blobs, key, body string) {
	t.Helper()
	if err := b.Put(t.Context(), key, strings.NewReader(body), int64(len(body))); err != nil {
		t.Fatal(err)
	}
}

// read gives what a Get or GetRange answered.
func read(t *testing.T, r io.ReadCloser, err error) string {
	t.Helper()
	if err != nil {
		t.Error(err)
		return ""
	}
	body, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil {
		t.Error(err)
	}
	return string(body)
}

func list(t *testing.T, b store.Blobs, prefix string) map[string]int64 {
	t.Helper()
	got := map[string]int64{}
	err := b.List(t.Context(), prefix, func(key string, size int64) bool {
		got[key] = size
		return true
	})
	if err != nil {
		t.Error(err)
	}
	return got
}

func TestBlobsPutGetReplaceDelete(t *testing.T) {
	eachBlobs(t, func(t *testing.T, b store.Blobs) {
		const key = "1/2/replay/0123456789abcdef0123456789abcdef/0-d41d8cd98f"
		for _, body := range []string{"first", "second, longer", "", "3rd"} {
			put(t, b, key, body)
			r, err := b.Get(t.Context(), key)
			if got := read(t, r, err); got != body {
				t.Errorf("got %q, want %q", got, body)
			}
			if size, err := b.Stat(t.Context(), key); err != nil || size != int64(len(body)) {
				t.Errorf("size %d, %v; want %d", size, err, len(body))
			}
		}
		for range 2 { // the second time it is missing already
			if err := b.Delete(t.Context(), key); err != nil {
				t.Error(err)
			}
		}
		if _, err := b.Get(t.Context(), key); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("deleted: %v, want ErrNotFound", err)
		}
		put(t, b, key, "again") // the folder may have gone with it
	})
}

func TestBlobsMissing(t *testing.T) {
	eachBlobs(t, func(t *testing.T, b store.Blobs) {
		put(t, b, "1/events/a", "x")
		for _, key := range []string{"1/events/b", "2/events/a", "1/events", "1"} {
			_, getErr := b.Get(t.Context(), key)
			_, rangeErr := b.GetRange(t.Context(), key, 0, 1)
			_, emptyErr := b.GetRange(t.Context(), key, 0, 0)
			_, statErr := b.Stat(t.Context(), key)
			for what, err := range map[string]error{"get": getErr, "range": rangeErr, "empty range": emptyErr, "stat": statErr} {
				if !errors.Is(err, store.ErrNotFound) || store.Retryable(err) {
					t.Errorf("%s %s: %v, want a permanent ErrNotFound", what, key, err)
				}
			}
			if err := b.Delete(t.Context(), key); err != nil {
				t.Errorf("delete %s: %v", key, err)
			}
		}
		if got := list(t, b, ""); len(got) != 1 {
			t.Errorf("deleting what is not there left %v", got)
		}
	})
}

func TestBlobsRanges(t *testing.T) {
	eachBlobs(t, func(t *testing.T, b store.Blobs) {
		put(t, b, "r", "0123456789")
		put(t, b, "empty", "")
		for _, c := range []struct {
			key            string
			offset, length int64
			want           string
		}{
			{"r", 0, 1, "0"}, {"r", 0, 10, "0123456789"}, {"r", 0, -1, "0123456789"}, {"r", 3, 4, "3456"}, {"r", 9, 1, "9"},
			{"r", 4, -1, "456789"}, {"r", 8, 100, "89"}, {"r", 5, 0, ""}, {"r", 10, 1, ""}, {"r", 1000, 5, ""}, {"r", 1000, -1, ""},
			{"r", 1, 1<<63 - 1, "123456789"}, {"empty", 0, 1, ""}, {"empty", 0, -1, ""},
		} {
			r, err := b.GetRange(t.Context(), c.key, c.offset, c.length)
			if got := read(t, r, err); got != c.want {
				t.Errorf("%s from %d, %d bytes: %q, want %q", c.key, c.offset, c.length, got, c.want)
			}
		}
		if _, err := b.GetRange(t.Context(), "r", -1, 1); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("a negative offset: %v, want ErrInvalid", err)
		}
	})
}

func TestBlobsHostileKeys(t *testing.T) {
	eachBlobs(t, func(t *testing.T, b store.Blobs) {
		for _, key := range []string{"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/..", ".tmp/x", "a/.b", "a\x00b", "a\nb", `a\b`,
			"a b", "a%2fb", "ä", "C:", strings.Repeat("a", 201), strings.Repeat("a/", 300) + "a"} {
			_, getErr := b.Get(t.Context(), key)
			_, rangeErr := b.GetRange(t.Context(), key, 0, 1)
			_, statErr := b.Stat(t.Context(), key)
			for what, err := range map[string]error{
				"put": b.Put(t.Context(), key, strings.NewReader("x"), 1), "get": getErr, "range": rangeErr, "stat": statErr, "delete": b.Delete(t.Context(), key),
			} {
				if !errors.Is(err, store.ErrInvalid) {
					t.Errorf("%s %q: %v, want ErrInvalid", what, key, err)
				}
			}
		}
		for _, prefix := range []string{"..", "../", "/", "a//", "a/../", ".tmp/"} {
			if err := b.List(t.Context(), prefix, func(string, int64) bool { return true }); !errors.Is(err, store.ErrInvalid) {
				t.Errorf("list %q: %v, want ErrInvalid", prefix, err)
			}
		}
	})
}

func TestBlobsSizeIsAPromise(t *testing.T) {
	eachBlobs(t, func(t *testing.T, b store.Blobs) {
		put(t, b, "k", "before")
		broken := errors.New("broken pipe")
		for name, c := range map[string]struct {
			r    io.Reader
			size int64
		}{
			"short":                 {strings.NewReader("12345"), 6},
			"long":                  {strings.NewReader("1234567"), 6},
			"short stream":          {io.MultiReader(strings.NewReader("12345")), 6},
			"long stream":           {io.MultiReader(strings.NewReader("123456"), strings.NewReader("7")), 6},
			"none of some":          {iotest.ErrReader(io.EOF), 1},
			"some of none":          {strings.NewReader("1"), 0},
			"breaks":                {io.MultiReader(strings.NewReader("123"), iotest.ErrReader(broken)), 6},
			"breaks at the end":     {io.MultiReader(strings.NewReader("123456"), iotest.ErrReader(broken)), 6},
			"breaks, unknown":       {io.MultiReader(strings.NewReader("123"), iotest.ErrReader(broken)), -1},
			"breaks late, unknown":  {io.MultiReader(strings.NewReader(strings.Repeat("x", 300<<10)), iotest.ErrReader(broken)), -1},
			"breaks later, unknown": {io.MultiReader(strings.NewReader(strings.Repeat("x", 17<<20)), iotest.ErrReader(broken)), -1},
		} {
			if err := b.Put(t.Context(), "k", c.r, c.size); err == nil {
				t.Errorf("%s: stored", name)
			}
			r, err := b.Get(t.Context(), "k")
			if got := read(t, r, err); got != "before" {
				t.Errorf("%s: left %.20q (%d bytes)", name, got, len(got))
			}
		}
		for name, r := range map[string]io.Reader{
			"stream": io.MultiReader(strings.NewReader("123456")), "byte by byte": iotest.OneByteReader(strings.NewReader("123456")),
			"end with data": iotest.DataErrReader(strings.NewReader("123456")),
		} {
			if err := b.Put(t.Context(), "ok", r, 6); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if d := cmp.Diff(map[string]int64{"k": 6, "ok": 6}, list(t, b, "")); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}

// stream gives n pseudo-random bytes once and hashes them.
type stream struct {
	n    int64
	next byte
	sum  hash.Hash
}

func (s *stream) Read(p []byte) (int, error) {
	if s.n == 0 {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), s.n, 8191)]
	for i := range p {
		s.next = s.next*5 + 7
		p[i] = s.next
	}
	s.n -= int64(len(p))
	s.sum.Write(p)
	return len(p), nil
}

func TestBlobsLargeStreamsOfUnknownLength(t *testing.T) {
	eachBlobs(t, func(t *testing.T, b store.Blobs) {
		for _, size := range []int64{256 << 10, 256<<10 + 1, 16 << 20, 40<<20 + 3} { // around the peek, one part, three parts
			in := &stream{n: size, sum: sha256.New()}
			if err := b.Put(t.Context(), "large", in, -1); err != nil {
				t.Fatalf("%d bytes: %v", size, err)
			}
			r, err := b.Get(t.Context(), "large")
			if err != nil {
				t.Fatal(err)
			}
			out := sha256.New()
			n, err := io.Copy(out, r)
			if err = errors.Join(err, r.Close()); err != nil || n != size || !bytes.Equal(out.Sum(nil), in.sum.Sum(nil)) {
				t.Errorf("%d bytes: got %d, %v, or others", size, n, err)
			}
		}
	})
}

func TestBlobsList(t *testing.T) {
	eachBlobs(t, func(t *testing.T, b store.Blobs) {
		if got := list(t, b, "1/"); len(got) != 0 {
			t.Errorf("of nothing: %v", got)
		}
		all := map[string]int64{"1/replay/aa/0": 1, "1/replay/aa/1": 2, "1/replay/ab/0": 3, "1/replay-old/x": 4, "1/raw": 5, "10/replay/aa/0": 6}
		for key, size := range all {
			put(t, b, key, strings.Repeat("x", int(size)))
		}
		for prefix, want := range map[string][]string{
			"":              {"1/raw", "1/replay-old/x", "1/replay/aa/0", "1/replay/aa/1", "1/replay/ab/0", "10/replay/aa/0"},
			"1":             {"1/raw", "1/replay-old/x", "1/replay/aa/0", "1/replay/aa/1", "1/replay/ab/0", "10/replay/aa/0"},
			"1/":            {"1/raw", "1/replay-old/x", "1/replay/aa/0", "1/replay/aa/1", "1/replay/ab/0"},
			"1/r":           {"1/raw", "1/replay-old/x", "1/replay/aa/0", "1/replay/aa/1", "1/replay/ab/0"},
			"1/replay":      {"1/replay-old/x", "1/replay/aa/0", "1/replay/aa/1", "1/replay/ab/0"},
			"1/replay/":     {"1/replay/aa/0", "1/replay/aa/1", "1/replay/ab/0"},
			"1/replay/a":    {"1/replay/aa/0", "1/replay/aa/1", "1/replay/ab/0"},
			"1/replay/aa":   {"1/replay/aa/0", "1/replay/aa/1"},
			"1/replay/aa/1": {"1/replay/aa/1"},
			"1/replay/ac":   nil,
			"2/":            nil,
			"1/raw/":        nil,
		} {
			got := list(t, b, prefix)
			if d := cmp.Diff(want, slices.Sorted(maps.Keys(got))); d != "" {
				t.Errorf("%q (-want +got):\n%s", prefix, d)
			}
			for key, size := range got {
				if size != all[key] {
					t.Errorf("%s: %d bytes, want %d", key, size, all[key])
				}
			}
		}
		calls := 0
		err := b.List(t.Context(), "1/", func(string, int64) bool { calls++; return calls < 2 })
		if err != nil || calls != 2 {
			t.Errorf("stopped after %d keys, %v; want 2", calls, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := b.List(ctx, "1/", func(string, int64) bool { return true }); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	})
}

// Writers and readers of the same keys at once: a reader sees a whole body or none.
func TestBlobsAtOnce(t *testing.T) {
	eachBlobs(t, func(t *testing.T, b store.Blobs) {
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				for i := range 20 {
					key, body := fmt.Sprintf("a/%d/b", i%3), strings.Repeat(string(rune('a'+w)), 1000+w)
					if err := b.Put(t.Context(), key, strings.NewReader(body), int64(len(body))); err != nil {
						t.Error(err)
					}
					r, err := b.Get(t.Context(), key)
					if err == nil {
						got := read(t, r, nil)
						if got == "" || len(got) != 1000+int(got[0]-'a') || strings.Trim(got, got[:1]) != "" {
							t.Errorf("%s: %d bytes of several bodies", key, len(got))
						}
					} else if !errors.Is(err, store.ErrNotFound) {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
	})
}

// A folder that is removed because it is empty may be one that another body is about to need.
func TestFilesFoldersComeAndGo(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for w := range 4 { // each with a handle of its own, as processes have
		b, err := store.OpenBlobs(t.Context(), "file:"+dir)
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			for i := range 50 {
				key := fmt.Sprintf("a/%d/%d", i%3, w)
				if err := b.Put(t.Context(), key, strings.NewReader("x"), 1); err != nil {
					t.Error(err)
				}
				if err := b.Delete(t.Context(), key); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestFilesStayInTheirFolder(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	b, err := store.OpenBlobs(t.Context(), "file:"+dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Dir(outside), filepath.Join(dir, "folder")); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"link", "folder/secret"} {
		if r, err := b.Get(t.Context(), key); err == nil {
			t.Errorf("%s: read %q", key, read(t, r, nil))
		}
		if got := list(t, b, ""); len(got) != 0 {
			t.Errorf("listed %v", got)
		}
	}
	if err := b.Put(t.Context(), "folder/new", strings.NewReader("x"), 1); err == nil {
		t.Error("wrote through a link")
	}
	if entries, err := os.ReadDir(filepath.Dir(outside)); err != nil || len(entries) != 1 {
		t.Errorf("outside there are %v, %v", entries, err)
	}
}

func TestFilesLeaveNothingBehind(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, ".tmp", "crashed")
	fresh := filepath.Join(dir, ".tmp", "running")
	if err := os.Mkdir(filepath.Join(dir, ".tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{old, fresh} {
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	yesterday := time.Now().Add(-25 * time.Hour)
	if err := os.Chtimes(old, yesterday, yesterday); err != nil {
		t.Fatal(err)
	}
	b, err := store.OpenBlobs(t.Context(), "file:"+dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Put(t.Context(), "a/b/c", iotest.ErrReader(errors.New("broken")), -1); err == nil {
		t.Error("stored")
	}
	put(t, b, "a/b/c", "x")
	if err := b.Delete(t.Context(), "a/b/c"); err != nil {
		t.Error(err)
	}
	var left []string
	err = filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		left = append(left, path)
		return err
	})
	if d := cmp.Diff([]string{dir, filepath.Dir(fresh), fresh}, left); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

func TestOpenBlobsRefuses(t *testing.T) {
	good, err := url.Parse(s3test.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(*url.URL)) string {
		u := *good
		change(&u)
		return u.String()
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, u := range map[string]string{
		"nothing":       "",
		"a path":        "/var/lib/blobs",
		"no folder":     "file:",
		"a file":        "file:" + file,
		"no bucket":     with(func(u *url.URL) { u.Path = "/" }),
		"no host":       "s3:///bucket",
		"wrong secret":  with(func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), "secret-word") }),
		"bad secret":    "s3://key:secret-word/%zz@host/bucket",
		"bad bucket":    with(func(u *url.URL) { u.Path = "/No_Bucket!" }),
		"bad prefix":    with(func(u *url.URL) { u.Path += "/../x" }),
		"bad setting":   with(func(u *url.URL) { u.RawQuery = "secure=maybe" }),
		"other setting": with(func(u *url.URL) { u.RawQuery += "&tls=no" }),
	} {
		b, err := store.OpenBlobs(t.Context(), u)
		if err == nil {
			t.Errorf("%s: opened %T", name, b)
		} else if strings.Contains(err.Error(), "secret-word") {
			t.Errorf("%s: the secret is in the error: %v", name, err)
		}
	}
	if _, err := store.OpenBlobs(t.Context(), with(func(u *url.URL) { u.Path += "-new" })); err != nil {
		t.Errorf("a bucket to be made: %v", err)
	}
}
