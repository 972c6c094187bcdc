package relay

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/klauspost/compress/zstd"
)

// pack compresses b as an SDK would.
func pack(t testing.TB, enc string, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	var err error
	switch enc {
	case "gzip", "x-gzip":
		w = gzip.NewWriter(&out)
	case "deflate":
		w = zlib.NewWriter(&out)
	case "deflate-raw":
		w, err = flate.NewWriter(&out, 6)
	case "br":
		w = brotli.NewWriter(&out)
	case "zstd":
		w, err = zstd.NewWriter(&out)
	case "xz":
		return packXZ(b, 22)
	default:
		return b
	}
	if err != nil {
		t.Fatal(err)
	}
	w.Write(b)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// bombSize is more than the edge takes of any body, inflated.
const bombSize = 210 << 20

var (
	bombsMu sync.Mutex
	bombs   = map[string][]byte{}
)

// bomb gives an envelope of bombSize zero bytes, compressed. It is made once: that takes longer than to
// refuse it. It must not be written to.
func bomb(t testing.TB, enc string) []byte {
	t.Helper()
	bombsMu.Lock()
	defer bombsMu.Unlock()
	if bombs[enc] == nil {
		bombs[enc] = makeBomb(enc)
	}
	return bombs[enc]
}

func makeBomb(enc string) []byte {
	var out bytes.Buffer
	var w io.WriteCloser
	switch enc {
	case "gzip":
		w, _ = gzip.NewWriterLevel(&out, gzip.BestCompression)
	case "deflate":
		w, _ = zlib.NewWriterLevel(&out, zlib.BestCompression)
	case "br":
		w = brotli.NewWriterLevel(&out, 5)
	case "zstd":
		w, _ = zstd.NewWriter(&out, zstd.WithWindowSize(maxZstdWindow))
	}
	zeros := make([]byte, 1<<20)
	io.WriteString(w, "{}\n{\"type\":\"attachment\",\"filename\":\"f\"}\n")
	for n := 0; n < bombSize; n += len(zeros) {
		w.Write(zeros)
	}
	w.Close()
	return out.Bytes()
}

const tooLargeFor = "envelope exceeded size limits for type '%s' (https://develop.sentry.dev/sdk/envelopes/#size-limits)"

func (a answer) wantTooLarge(t *testing.T, itemType string) {
	t.Helper()
	a.wantError(t, 413, fmt.Sprintf(tooLargeFor, itemType))
	if a.header.Get("Connection") != "close" {
		t.Error("the connection stays open")
	}
}

func limitCases() []conformanceCase {
	head := `{"event_id":"` + idA + `"}` + "\n"
	return []conformanceCase{
		{"50_encodings", func(t *testing.T, e *edge) {
			for _, enc := range []string{"gzip", "x-gzip", "deflate", "br", "zstd"} {
				for range 2 { // the second time with a used decoder
					e.post(string(pack(t, enc, []byte(anEvent()))), "Content-Encoding", enc).wantOK(t, idA)
				}
			}
			for range 2 {
				e.post(string(pack(t, "deflate-raw", []byte(anEvent()))), "Content-Encoding", "deflate").wantOK(t, idA)
			}
			e.post("", "Content-Encoding", "gzip").wantError(t, 400, "empty request body")
		}},
		{"51_encoding_utf8_or_empty", func(t *testing.T, e *edge) {
			for _, enc := range []string{"UTF-8", "", "identity"} {
				e.post(anEvent(), "Content-Encoding", enc).wantOK(t, idA)
			}
			for _, enc := range []string{"gzip, br", "lzma", "gzip, gzip"} {
				e.post(anEvent(), "Content-Encoding", enc).wantError(t, 415, "unsupported content encoding")
			}
			e.post(anEvent(), "Content-Encoding", "gzip", "Content-Encoding", "br").wantError(t, 415, "unsupported content encoding")
		}},
		{"52_corrupt_stream", func(t *testing.T, e *edge) {
			for _, enc := range []string{"gzip", "deflate", "br", "zstd"} {
				good := pack(t, enc, []byte(anEvent()+strings.Repeat("\n", 1000)))
				for name, b := range map[string][]byte{"cut": good[:len(good)-5], "garbage": []byte("\x01garbage that is no stream at all")} {
					a := e.post(string(b), "Content-Encoding", enc)
					if a.status != 400 {
						t.Errorf("%s %s: %d %s", enc, name, a.status, a.body)
					}
				}
				e.post(string(good), "Content-Encoding", enc).wantOK(t, idA) // the decoder is fit again
			}
		}},
		{"53_bomb", func(t *testing.T, e *edge) {
			for _, enc := range []string{"gzip", "deflate", "br", "zstd"} {
				e := newEdge(t, func(c *Config) { c.MaxEnvelope = 8 << 20 })
				b := bomb(t, enc)
				r := &countingReader{r: bytes.NewReader(b)}
				e.do("POST", "/api/42/envelope/", struct{ io.Reader }{r}, "X-Sentry-Auth", auth(key42), "Content-Encoding", enc).
					wantError(t, 413, "payload reached size limits")
				if enc == "gzip" && r.n >= int64(len(b)) {
					t.Errorf("%s: all of its %d bytes were read", enc, len(b))
				}
			}
		}},
		{"54_event_over_1_MiB", func(t *testing.T, e *edge) {
			event := func(n int) string { return `{"m":"` + strings.Repeat("x", n-8) + `"}` }
			e.post(head+"{\"type\":\"event\"}\n"+event(1<<20)+"\n").wantOK(t, idA)
			e.post(head+"{\"type\":\"event\"}\n"+event(1<<20+1)+"\n").wantTooLarge(t, "event")
			e.post(head+fmt.Sprintf("{\"type\":\"event\",\"length\":%d}\n", 1<<20+1)+event(1<<20+1)+"\n").wantTooLarge(t, "event")
		}},
		{"55_attachment_over_limit", func(t *testing.T, _ *edge) {
			e := newEdge(t, func(c *Config) { s := *c.withDefaults().Sizes; s.Attachment = 1000; c.Sizes = &s })
			at := func(n int) string {
				return fmt.Sprintf("{\"type\":\"attachment\",\"filename\":\"f\",\"length\":%d}\n%s\n", n, strings.Repeat("x", n))
			}
			e.post(anEvent()+at(1000)).wantOK(t, idA)
			e.post(anEvent()+at(1001)).wantTooLarge(t, "attachment")
			if e.pub.calls != 1 {
				t.Errorf("published %d times", e.pub.calls)
			}
		}},
		{"56_31_attachments", func(t *testing.T, e *edge) {
			at := "{\"type\":\"attachment\",\"filename\":\"f\",\"length\":0}\n\n"
			e.post(head+strings.Repeat(at, 30)).wantOK(t, idA)
			e.post(head+strings.Repeat(at, 31)).wantTooLarge(t, "attachment")
		}},
		{"57_101_sessions", func(t *testing.T, e *edge) {
			s := "{\"type\":\"session\"}\n{}\n"
			if a := e.post("{}\n" + strings.Repeat(s, 100)); a.status != 200 {
				t.Errorf("100: %d %s", a.status, a.body)
			}
			e.post("{}\n"+strings.Repeat(s, 101)).wantTooLarge(t, "session")
		}},
		{"58_client_report_over_100_KiB", func(t *testing.T, e *edge) {
			e.post("{}\n{\"type\":\"client_report\"}\n{\"x\":\""+strings.Repeat("x", 100<<10)+"\"}\n").wantTooLarge(t, "client_report")
		}},
		{"59_item_counts", func(t *testing.T, e *edge) {
			it := "{\"type\":\"foobar\",\"length\":1}\nx\n"
			a := e.post("{}\n" + strings.Repeat(it, 1000))
			if _, env := a.only(t, stream.KindItem); a.status != 200 || len(env.Items) != 1000 {
				t.Errorf("%d, %d items", a.status, len(env.Items))
			}
			if a := e.post("{}\n" + strings.Repeat(it, 10_000)); a.status != 200 {
				t.Errorf("10 000: %d %s", a.status, a.body)
			}
			e.post("{}\n"+strings.Repeat(it, 10_001)).wantTooLarge(t, "foobar")
		}},
		{"60_chunked", func(t *testing.T, e *edge) {
			// A reader of unknown size has no Content-Length, as a chunked body.
			e.do("POST", "/api/42/envelope/", struct{ io.Reader }{strings.NewReader(anEvent())}, "X-Sentry-Auth", auth(key42)).wantOK(t, idA)
		}},
	}
}

type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
