package relay_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/hindsight-dev/hindsight/relay"
)

// ExampleOpenUpstream mounts the edge in a service of its own, before another server.
func ExampleOpenUpstream() {
	arrived := make(chan string, 1)
	sentry := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		arrived <- strings.Split(string(body), "\n")[2]
	}))
	defer sentry.Close()
	dir, err := os.MkdirTemp("", "relay")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	const key = "0123456789abcdef0123456789abcdef"
	edge, err := relay.OpenUpstream(context.Background(), relay.UpstreamConfig{
		Dir: dir, DSNs: []string{strings.Replace(sentry.URL, "://", "://"+key+"@", 1) + "/42"},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer edge.Close()

	mux := http.NewServeMux()
	mux.Handle("/api/", edge)                  // what SDKs with a DSN of this host send
	mux.Handle("/my/tunnel", edge.Tunnel(nil)) // what browsers send through the site
	server := httptest.NewServer(mux)
	defer server.Close()

	envelope := `{"event_id":"9ec79c33ec9942ab8353589fcb2e04dc"}
{"type":"event"}
{"message":"disk is full","extra":{"password":"123456"}}
`
	resp, err := http.Post(server.URL+"/api/42/envelope/?sentry_key="+key, "", strings.NewReader(envelope))
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode)
	event, _, _ := strings.Cut(<-arrived, `,"_meta"`)
	fmt.Println(event)
	// Output:
	// 200
	// {"message":"disk is full","extra":{"password":"[Filtered]"}
}

// printer is a Publisher of one's own.
type printer struct{}

// Publish implements relay.Publisher. A real one answers nil only for what it will not lose.
func (printer) Publish(_ context.Context, msgs ...*relay.Message) error {
	for _, m := range msgs {
		fmt.Printf("%s %s of project %d\n", m.Kind, m.EventID, m.ProjectID)
	}
	return nil
}

// Fill implements relay.Publisher.
func (printer) Fill() float64 { return 0 }

// Ready implements relay.Publisher.
func (printer) Ready() error { return nil }

// Example takes envelopes for a publisher of one's own, with keys from wherever they are.
func Example() {
	const key = "0123456789abcdef0123456789abcdef"
	keys, err := relay.NewSnapshot(context.Background(), relay.SnapshotConfig{
		Load: func(context.Context) ([]relay.Key, error) {
			return []relay.Key{{PublicKey: key, OrgID: 1, ProjectID: 42, Active: true}}, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	edge, err := relay.New(relay.Config{Keys: keys, Publish: printer{}})
	if err != nil {
		log.Fatal(err)
	}
	envelope := "{\"event_id\":\"9ec79c33ec9942ab8353589fcb2e04dc\"}\n{\"type\":\"event\"}\n{\"message\":\"disk is full\"}\n"
	w := httptest.NewRecorder()
	edge.ServeHTTP(w, httptest.NewRequest("POST", "/api/42/envelope/?sentry_key="+key, strings.NewReader(envelope)))
	fmt.Println(w.Code, w.Body)
	// Output:
	// event 9ec79c33ec9942ab8353589fcb2e04dc of project 42
	// 200 {"id":"9ec79c33ec9942ab8353589fcb2e04dc"}
}
