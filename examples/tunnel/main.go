package main

import (
	"cmp"
	"context"
	"log"
	"log/slog"
	"net/http"
	"os"

	"github.com/hindsight-dev/hindsight/relay"
)

func main() {
	app := http.NewServeMux()
	app.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("the app\n")) })

	edge, err := relay.OpenUpstream(context.Background(), relay.UpstreamConfig{
		Dir: cmp.Or(os.Getenv("DATA_DIR"), "data"), DSNs: []string{os.Getenv("SENTRY_DSN")}, Log: slog.Default(),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer edge.Close()
	app.Handle("/errors", edge.Tunnel(nil))
	log.Fatal(http.ListenAndServe(cmp.Or(os.Getenv("LISTEN"), "127.0.0.1:8080"), app))
}
