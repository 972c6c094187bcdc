package importer

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A server that is busy is asked again, as late as it says, and ever later where it does not; not for ever.
func TestBusyServerIsWaitedFor(t *testing.T) {
	reset := strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)
	for name, c := range map[string]struct {
		answers []int // the last one again and again
		header  map[string]string
		want    []time.Duration
		status  int // of the error; 0: none
	}{
		"it says how long":     {[]int{429, 200}, map[string]string{"Retry-After": "7"}, []time.Duration{7 * time.Second}, 0},
		"it says until when":   {[]int{429, 200}, map[string]string{"X-Sentry-Rate-Limit-Reset": reset}, []time.Duration{maxWait}, 0},
		"it is broken a while": {[]int{503, 502, 500, 200}, nil, []time.Duration{1 * time.Second, 2 * time.Second, 4 * time.Second}, 0},
		"it stays broken":      {[]int{500}, nil, []time.Duration{1e9, 2e9, 4e9, 8e9, 16e9, 32e9, 64e9}, 500},
		"it refuses":           {[]int{403}, nil, nil, 403},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				code := c.answers[min(asked, len(c.answers)-1)]
				if asked++; code != 200 {
					for k, v := range c.header {
						w.Header().Set(k, v)
					}
					http.Error(w, `{"detail":"not now"}`, code)
					return
				}
				_, _ = w.Write([]byte(`["a"]`))
			}))
			defer srv.Close()
			base, err := url.Parse(srv.URL)
			if err != nil {
				t.Fatal(err)
			}
			var waited []time.Duration
			s := &source{base: base, http: srv.Client(), wait: func(_ context.Context, d time.Duration) error { waited = append(waited, d); return nil }}
			got, err := list[string](t.Context(), s, "things", nil)
			if d := cmp.Diff(c.want, waited); d != "" {
				t.Errorf("waited (-want +got):\n%s", d)
			}
			var no *refused
			switch {
			case c.status == 0 && (err != nil || len(got) != 1):
				t.Errorf("%v, %v", got, err)
			case c.status != 0 && (!errors.As(err, &no) || no.status != c.status):
				t.Errorf("error %v, want one of %d", err, c.status)
			}
		})
	}
}
