package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/url"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/api"
)

var update = flag.Bool("update", false, "rewrite generated files")

// The UI's client is generated from the committed document, so it must be what the code says.
//
//go:generate go test -run IsCurrent -update .
func TestOpenAPIIsCurrent(t *testing.T) {
	a := api.New(api.Config{BaseURL: &url.URL{Scheme: "http", Host: "127.0.0.1:8000"}})
	raw, err := a.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := json.Indent(&want, raw, "", "  "); err != nil {
		t.Fatal(err)
	}
	want.WriteByte('\n')
	checkGenerated(t, "openapi.json", want.Bytes())
}

// checkGenerated compares a generated file with what the code says now; -update rewrites it.
func checkGenerated(t *testing.T, name string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), string(want)); diff != "" {
		t.Errorf("%s is stale, run go generate ./api (-committed +code):\n%s", name, diff)
	}
}
