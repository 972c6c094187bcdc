package relay

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/settings"
)

// drained lists the logs of an answer: level, body, and the named attributes.
func drained(t *testing.T, a answer, names ...string) []string {
	t.Helper()
	var out []string
	for _, m := range a.msgs {
		if m.Kind == stream.KindReport {
			continue
		}
		env, err := envelope.Parse(m.Body)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range env.Items {
			parts, _, err := envelope.ParseContainer(it.Header, it.Payload)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range parts {
				line := []string{gjson.GetBytes(p, "timestamp").Raw, gjson.GetBytes(p, "level").String(), gjson.GetBytes(p, "body").String()}
				if id := gjson.GetBytes(p, "trace_id").String(); len(id) != 32 {
					t.Errorf("trace %q", id)
				}
				for _, n := range names {
					line = append(line, gjson.GetBytes(p, "attributes."+strings.ReplaceAll(n, ".", `\.`)+".value").String())
				}
				out = append(out, strings.Join(line, "|"))
			}
		}
	}
	return out
}

const (
	vercelLine = `{"id":"1573817187330377061717300000","message":"Adding customer password=hunter2","timestamp":1573817187330,"type":"stdout","source":"lambda","projectId":"gdufoJxB6b9b1fEqr1jUtFkyavUU","deploymentId":"dpl_233NRGRjVZX1caZrXWtz5g1TAksD","host":"shop.vercel.app","requestId":"643af4e3-975a-4cc7-9e7a-1eda11539d90","statusCode":500,"environment":"production","level":"error","executionRegion":"sfo1"}`
	vercelEdge = `{"id":"2","timestamp":1573817250283,"source":"static","proxy":{"timestamp":1573817250172,"method":"GET","host":"shop.vercel.app","path":"/cart?token=x","clientIp":"203.0.113.7","statusCode":200}}`
)

func TestVercelDrain(t *testing.T) {
	e := newEdge(t)
	const target = "/api/42/integration/vercel/logs/"
	want := []string{
		"1573817187.33|error|Adding customer password=[Filtered]|shop.vercel.app|500|dpl_233NRGRjVZX1caZrXWtz5g1TAksD|production",
		"1573817250.283|info|GET /cart?token=[Filtered] 200||||",
	}
	names := []string{"server.address", "http.response.status_code", "vercel.deployment_id", "sentry.environment"}
	for media, body := range map[string]string{"application/json": "[" + vercelLine + "," + vercelEdge + "]", "application/x-ndjson": vercelLine + "\n\n" + vercelEdge} {
		a := e.to(target+"?sentry_key="+key42, body, "Content-Type", media)
		if a.status != 202 || a.body != "" {
			t.Errorf("%d %s", a.status, a.body)
		}
		if diff := cmp.Diff(want, drained(t, a, names...)); diff != "" {
			t.Errorf("%s: %s", media, diff)
		}
	}
	a := e.to(target, vercelLine+"\nno log\n[1]\n", "X-Sentry-Auth", auth(key42), "Content-Type", "application/x-ndjson")
	if diff := cmp.Diff(map[string]int64{"log_item/invalid/invalid_log": 2}, counted(t, a.msgs)); diff != "" || a.status != 202 || len(drained(t, a)) != 1 {
		t.Errorf("%d: %s", a.status, diff)
	}
	e.to(target, "[{]", "X-Sentry-Auth", auth(key42), "Content-Type", "application/json").wantError(t, 400, "invalid JSON data")
	e.to(target, "[]", "X-Sentry-Auth", auth(key42), "Content-Type", "text/plain").wantError(t, 415, "unsupported media type")
	e.to(target, "[]", "Content-Type", "application/json").wantError(t, 401, "missing authorization information")
	if a := e.to(strings.Replace(target, "/integration", "", 1), "[]", "X-Sentry-Auth", auth(key42)); a.status != 404 {
		t.Errorf("without integration/: %d", a.status)
	}
}

func TestVercelSignature(t *testing.T) {
	s := settings.Default()
	s.Drains = settings.Drains{VercelSecret: "drain-secret", HerokuToken: "d.9173ea1f"}
	keys := newTestKeys()
	k := keys[key42]
	k.Rules = NewRules(s)
	keys[key42] = k
	e := newEdge(t, func(c *Config) { c.Keys = keys })
	mac := hmac.New(sha1.New, []byte("drain-secret"))
	mac.Write([]byte(vercelLine))
	sum := hex.EncodeToString(mac.Sum(nil))
	send := func(body, signature string) answer {
		return e.to("/api/42/integration/vercel/logs/", body, "X-Sentry-Auth", auth(key42), "Content-Type", "application/x-ndjson", "X-Vercel-Signature", signature)
	}
	if a := send(vercelLine, sum); a.status != 202 || len(drained(t, a)) != 1 {
		t.Errorf("%d %s", a.status, a.body)
	}
	send(vercelEdge, sum).wantError(t, 403, "invalid signature")
	send(vercelLine, "").wantError(t, 403, "invalid signature")
	for token, want := range map[string]int{"d.9173ea1f": 202, "d.other": 403, "": 403} {
		a := e.to("/api/42/integration/heroku/logs/", frame("<40>1 2012-11-30T06:45:29+00:00 host heroku web.3 - up"),
			"X-Sentry-Auth", auth(key42), "Content-Type", "application/logplex-1", "Logplex-Drain-Token", token)
		if a.status != want {
			t.Errorf("token %q: %d %s", token, a.status, a.body)
		}
	}
}

func frame(s string) string { return fmt.Sprintf("%d %s", len(s), s) }

func TestHerokuDrain(t *testing.T) {
	e := newEdge(t)
	send := func(body string) answer {
		return e.to("/api/42/integration/heroku/logs/", body, "X-Sentry-Auth", auth(key42), "Content-Type", "application/logplex-1",
			"Logplex-Msg-Count", "3", "Logplex-Frame-Id", "f-1", "Logplex-Drain-Token", "d.73ea7440")
	}
	a := send(frame("<40>1 2012-11-30T06:45:29+00:00 host heroku web.3 - State changed from starting to up\n") +
		frame("<187>1 2012-11-30T06:45:26.5+00:00 host app web.3 - Grüße, password=hunter2 and\na second line") + frame("no syslog"))
	want := []string{"1354257929|info|State changed from starting to up|heroku|web.3|f-1",
		"1354257926.5|error|Grüße, password=[Filtered] and\na second line|app|web.3|f-1"}
	want[0] = strings.Replace(want[0], "|info|", "|fatal|", 1) // <40> is severity 0 of facility 5
	if diff := cmp.Diff(want, drained(t, a, "heroku.source", "heroku.process", "heroku.logplex.frame_id")); diff != "" || a.status != 202 {
		t.Errorf("%d: %s", a.status, diff)
	}
	if got := counted(t, a.msgs); got["log_item/invalid/invalid_log"] != 1 {
		t.Errorf("%v", got)
	}
	for _, bad := range []string{"plain", "9 short", "x y", "999999999 a", " a"} {
		send(bad).wantError(t, 400, "invalid syslog framing")
	}
	if a := send(strings.Repeat(frame("<13>1 2012-11-30T06:45:29+00:00 host app web.1 - x"), 250)); a.status != 202 || len(drained(t, a)) != 250 {
		t.Errorf("%d, %d logs", a.status, len(drained(t, a)))
	}
	if a := send(strings.Repeat("0 ", 10_001)); a.status != 413 {
		t.Errorf("too many: %d", a.status)
	}
}

// TestHerokuDeliversAgain: a delivery that comes again, since Logplex heard no answer, has the ids it had, so it is
// stored and counted once; another delivery has others.
func TestHerokuDeliversAgain(t *testing.T) {
	e := newEdge(t)
	logs := strings.Repeat(frame("<13>1 2012-11-30T06:45:29+00:00 host app web.1 - x"), 250) + frame("no syslog")
	ids := func(frameID, body string) []string {
		var list []string
		for _, m := range e.to("/api/42/integration/heroku/logs/", body, "X-Sentry-Auth", auth(key42), "Content-Type", "application/logplex-1", "Logplex-Frame-Id", frameID).msgs {
			list = append(list, m.ID)
		}
		return list
	}
	first := ids("09C557EAFCFB6CF2740EE62F62971098", logs)
	if len(first) != 4 || len(slices.Compact(slices.Sorted(slices.Values(first)))) != 4 { // three containers, and what is told of the rest
		t.Errorf("messages %q", first)
	}
	if diff := cmp.Diff(first, ids("09C557EAFCFB6CF2740EE62F62971098", logs)); diff != "" {
		t.Errorf("delivered again: %s", diff)
	}
	for what, other := range map[string][]string{"another frame": ids("1", logs), "another body": ids("09C557EAFCFB6CF2740EE62F62971098", logs+frame("x")), "no frame": ids("", logs)} {
		if other[0] == first[0] {
			t.Errorf("%s is taken for the same", what)
		}
	}
}

// TestVercelVerifies: before it makes a drain, Vercel looks for its word at the drain's address.
func TestVercelVerifies(t *testing.T) {
	s := settings.Default()
	s.Drains = settings.Drains{VercelVerify: "9d8cd31a", VercelSecret: "not known yet"}
	keys := newTestKeys()
	k := keys[key42]
	k.Rules = NewRules(s)
	keys[key42] = k
	e := newEdge(t, func(c *Config) { c.Keys = keys })
	const target = "/api/42/integration/vercel/logs/?sentry_key=" + key42
	for _, method := range []string{"GET", "POST"} {
		a := e.do(method, target, strings.NewReader(""))
		if a.status != 200 || a.header.Get("X-Vercel-Verify") != "9d8cd31a" || len(a.msgs) != 0 {
			t.Errorf("%s: %d %v, %d messages", method, a.status, a.header, len(a.msgs))
		}
	}
	if a := e.do("GET", "/api/42/integration/vercel/logs/", nil); a.status != 401 || a.header.Get("X-Vercel-Verify") != "" {
		t.Errorf("without a key: %d %v", a.status, a.header)
	}
}

// FuzzDrain: no delivery makes the edge panic or answer with a fault of its own.
func FuzzDrain(f *testing.F) {
	f.Add(true, "["+vercelLine+","+vercelEdge+"]")
	f.Add(true, vercelLine+"\n"+vercelEdge)
	f.Add(false, frame("<40>1 2012-11-30T06:45:29+00:00 host heroku web.3 - State changed")+frame("<13>1 - - - - -"))
	f.Fuzz(func(t *testing.T, vercel bool, body string) {
		e := newEdge(t)
		target, media := "/api/42/integration/heroku/logs/", "application/logplex-1"
		if vercel {
			target, media = "/api/42/integration/vercel/logs/", "application/x-ndjson"
		}
		if a := e.to(target, body, "X-Sentry-Auth", auth(key42), "Content-Type", media); a.status >= 500 {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
}
