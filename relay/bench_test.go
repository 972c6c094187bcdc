package relay

import (
	"bytes"
	"context"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/hindsight-dev/hindsight/internal/stream"
)

// BenchmarkServeHTTP is the edge's own cost: the publisher keeps nothing.
func BenchmarkServeHTTP(b *testing.B) {
	read := func(name string) []byte {
		body, err := os.ReadFile("testdata/corpus/" + name + ".body")
		if err != nil {
			b.Fatal(err)
		}
		return body
	}
	event := read("browser-11.12.0/error-03")
	for _, c := range []struct {
		name, enc string
		body      []byte
	}{
		{"event", "", event}, {"event-gzip", "gzip", pack(b, "gzip", event)}, {"event-br", "br", pack(b, "br", event)},
		{"event-zstd", "zstd", pack(b, "zstd", event)}, {"replay", "", read("browser-11.12.0/central-03")},
		{"attachment-4MiB", "", []byte("{\"event_id\":\"" + idA + "\"}\n{\"type\":\"attachment\",\"filename\":\"f\"}\n" + strings.Repeat("x", 4<<20))},
	} {
		b.Run(c.name, func(b *testing.B) {
			e := newEdge(b, func(cfg *Config) {
				cfg.Publish = publishFunc(func(context.Context, ...*stream.Message) error { return nil })
			})
			b.SetBytes(int64(len(c.body)))
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest("POST", "/api/42/envelope/?sentry_key="+key42, bytes.NewReader(c.body))
				if c.enc != "" {
					r.Header.Set("Content-Encoding", c.enc)
				}
				w := httptest.NewRecorder()
				e.ServeHTTP(w, r)
				if w.Code != 200 {
					b.Fatalf("%d %s", w.Code, w.Body)
				}
			}
		})
	}
}
