package relay_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/relay"
)

// Example mounts the edge in a service of its own: keys from a snapshot, envelopes into an
// embedded stream, and a tunnel path on the service's own site.
func Example() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	dir, err := os.MkdirTemp("", "hindsight")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	quiet := slog.New(slog.DiscardHandler)

	queue, err := stream.Open(ctx, stream.Config{Dir: dir, Log: quiet, MaxBytes: 64 << 20})
	if err != nil {
		log.Fatal(err)
	}
	defer queue.Close()
	keys, err := relay.NewSnapshot(ctx, relay.SnapshotConfig{
		Path: dir + "/keys.json",
		Log:  quiet,
		Load: func(context.Context) ([]relay.Key, error) {
			return []relay.Key{{
				PublicKey: "0123456789abcdef0123456789abcdef", OrgID: 1, ProjectID: 42,
				Active: true,
			}}, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	go keys.Run(ctx)

	edge, err := relay.New(relay.Config{Keys: keys, Publish: queue, Log: quiet})
	if err != nil {
		log.Fatal(err)
	}
	go edge.Run(ctx) // tells what was refused

	mux := http.NewServeMux()
	mux.Handle("/api/", edge)
	mux.Handle("/my/tunnel", edge.Tunnel(nil))
	server := httptest.NewServer(mux)
	defer server.Close()

	envelope := `{"event_id":"9ec79c33ec9942ab8353589fcb2e04dc"}
{"type":"event"}
{"message":"disk is full","level":"error"}
`
	resp, err := http.Post(server.URL+"/api/42/envelope/?sentry_key=0123456789abcdef0123456789abcdef", "", strings.NewReader(envelope))
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.StatusCode, string(body))
	// Output: 200 {"id":"9ec79c33ec9942ab8353589fcb2e04dc"}
}
