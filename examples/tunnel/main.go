// Command tunnel is a web app that carries its browsers' error reports itself: blockers see only
// its own site. Set the SDK's option tunnel to "/errors", its DSN to http://<key>@<this host>/1.
package main

import (
	"cmp"
	"context"
	"log"
	"log/slog"
	"net/http"
	"os"

	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/relay"
)

func main() {
	ctx, app := context.Background(), http.NewServeMux()
	app.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("the app\n")) })

	queue := must(stream.Open(ctx, stream.Config{Dir: cmp.Or(os.Getenv("DATA_DIR"), "data"), NATSURL: os.Getenv("NATS_URL"), Log: slog.Default()}))
	defer queue.Close()
	keys := must(relay.NewSnapshot(ctx, relay.SnapshotConfig{Log: slog.Default(), Load: func(context.Context) ([]relay.Key, error) {
		return []relay.Key{{PublicKey: os.Getenv("SENTRY_KEY"), OrgID: 1, ProjectID: 1, Active: true}}, nil
	}}))
	edge := must(relay.New(relay.Config{Keys: keys, Publish: queue}))
	go edge.Run(ctx)
	app.Handle("/errors", edge.Tunnel(nil))
	log.Fatal(http.ListenAndServe(cmp.Or(os.Getenv("LISTEN"), "127.0.0.1:8080"), app))
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}
