package normalize

import (
	"encoding/json"
	"testing"

	"github.com/hindsight-dev/hindsight/envelope"
)

// A Go program that was built with -trimpath: sentry-go says that none of its frames is the application's.
func TestTrimmedGo(t *testing.T) {
	const frames = `[
		{"function":"(*conn).serve","module":"net/http","filename":"net/http/server.go","in_app":false},
		{"function":"run.(*Handler).handle.func7","module":"main","filename":"github.com/getsentry/sentry-go@v0.50.0/http/sentryhttp.go","in_app":false},
		{"function":"New","module":"github.com/getsentry/sentry-go","filename":"github.com/getsentry/sentry-go/client.go","in_app":false},
		{"function":"Do","module":"example.com/shop/vendor/x","filename":"example.com/shop/vendor/x/do.go","in_app":false},
		{"function":"Pay","module":"example.com/shop/pay","filename":"example.com/shop/pay/pay.go","in_app":false},
		{"function":"Go","module":"shop/jobs","filename":"shop/jobs/go.go","in_app":false},
		{"function":"run","module":"main","filename":"./main.go","in_app":false}`
	own := func(platform, more string) (out []bool) {
		ev, err := envelope.ParseEvent([]byte(`{"platform":"` + platform + `","exception":{"values":[{"type":"E","stacktrace":{"frames":` + frames + more + `]}}]}}`))
		if err != nil {
			t.Fatal(err)
		}
		Event(ev, Input{})
		for _, f := range ev.Exceptions[0].Stacktrace.Frames {
			out = append(out, f.InApp != nil && *f.InApp)
		}
		return out
	}
	for _, c := range []struct{ name, platform, more, want string }{
		{"trimmed", "go", "", `[false,false,false,false,true,true,true]`},
		{"another platform", "python", "", `[false,false,false,false,false,false,false]`},
		{"a frame that the SDK knows", "go", `,{"function":"x","module":"main","filename":"a/x.go","in_app":true}`, `[false,false,false,false,false,false,false,true]`},
		{"a file with its whole path", "go", `,{"function":"x","module":"net","filename":"x.go","abs_path":"/usr/local/go/src/net/x.go","in_app":false}`, `[false,false,false,false,false,false,false,false]`},
	} {
		if got, _ := json.Marshal(own(c.platform, c.more)); string(got) != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
