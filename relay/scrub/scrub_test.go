package scrub

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/envelope"
)

func scrubEvent(t testing.TB, s *Scrubber, in string) string {
	t.Helper()
	out, err := s.Event([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(out) {
		t.Fatalf("not JSON: %s", out)
	}
	again, err := s.Event(bytes.Clone(out))
	if err != nil || !bytes.Equal(out, again) {
		t.Errorf("a second time it changes again:\n%s\n%s", out, again)
	}
	return string(out)
}

// withoutMeta takes the remarks off, which have tests of their own.
func withoutMeta(out string) string {
	if i := strings.LastIndex(out, `,"_meta":{`); i >= 0 {
		return out[:i] + "}"
	}
	return out
}

func TestEventFields(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"120 password in extra", `{"extra":{"password":"hunter2","n":1}}`, `{"extra":{"password":"[Filtered]","n":1}}`},
		{"120 in request.data", `{"request":{"data":{"user":{"Password":"x"}}}}`, `{"request":{"data":{"user":{"Password":"[Filtered]"}}}}`},
		{"120 in vars", `{"exception":{"values":[{"type":"E","stacktrace":{"frames":[{"function":"auth","vars":{"api_key":"k"}}]}}]}}`,
			`{"exception":{"values":[{"type":"E","stacktrace":{"frames":[{"function":"auth","vars":{"api_key":"[Filtered]"}}]}}]}}`},
		{"exceptions as a list", `{"exception":[{"type":"AuthError","stacktrace":{"frames":[{"vars":{"secret":"k"}}]}}]}`,
			`{"exception":[{"type":"AuthError","stacktrace":{"frames":[{"vars":{"secret":"[Filtered]"}}]}}]}`},
		{"one exception", `{"exception":{"type":"E","value":"token=abc"}}`, `{"exception":{"type":"E","value":"token=[Filtered]"}}`},
		{"numbers, lists and objects go whole", `{"extra":{"secret":5,"token":[1],"auth":{"a":1}}}`, `{"extra":{"secret":"[Filtered]","token":"[Filtered]","auth":"[Filtered]"}}`},
		{"truth and nothing stay", `{"extra":{"is_authenticated":true,"token":null,"secret":"","password":"undefined"}}`, `{"extra":{"is_authenticated":true,"token":null,"secret":"","password":"undefined"}}`},
		{"filtered stays filtered", `{"extra":{"password":"[Filtered]"}}`, `{"extra":{"password":"[Filtered]"}}`},
		{"exact names", `{"extra":{"otp":"1","Two-Factor":"2","hotpot":"3"}}`, `{"extra":{"otp":"[Filtered]","Two-Factor":"[Filtered]","hotpot":"3"}}`},
		{"a word in text filters all of it", `{"extra":{"a":"my password is x","b":"a token","c":"token: x"}}`, `{"extra":{"a":"[Filtered]","b":"a token","c":"[Filtered]"}}`},
		{"pairs of names and values", `{"extra":{"list":[["password","x"],["please","y"]]}}`, `{"extra":{"list":[["password","[Filtered]"],["please","y"]]}}`},
		{"a list of two texts is no pair", `{"extra":{"list":["the password is x","y"]}}`, `{"extra":{"list":["[Filtered]","y"]}}`},
		{"three are no pair", `{"extra":{"list":["token","x","y"]}}`, `{"extra":{"list":["token","x","y"]}}`},
		{"names written with escapes", `{"extra":{"pass\u0077ord":"x"}}`, `{"extra":{"pass\u0077ord":"[Filtered]"}}`},
		{"every duplicate", `{"extra":{"password":"x","password":"y"}}`, `{"extra":{"password":"[Filtered]","password":"[Filtered]"}}`},

		{"messages are kept readable", `{"message":"auth failed for password=hunter2 card 4111 1111 1111 1111 of jane@example.test","logentry":{"message":"%s","params":["my secret"]}}`,
			`{"message":"auth failed for password=[Filtered] card [creditcard] of [email]","logentry":{"message":"%s","params":["[Filtered]"]}}`},
		{"exception values too", `{"exception":{"values":[{"type":"E","value":"no auth for jane@example.test: Bearer abc.def"}]}}`, `{"exception":{"values":[{"type":"E","value":"no auth for jane@example.test: Bearer [token]"}]}}`},
		{"transaction", `{"transaction":"/auth/login?token=abc"}`, `{"transaction":"/auth/login?token=[Filtered]"}`},
		{"code stays", `{"release":"auth@1","debug_meta":{"images":[{"code_file":"/home/jane/password"}]},"exception":[{"module":"secret","stacktrace":{"frames":[{"filename":"/home/jane/auth.py","abs_path":"/home/jane/auth.py","context_line":"password = 1"}]}}]}`,
			`{"release":"auth@1","debug_meta":{"images":[{"code_file":"/home/jane/password"}]},"exception":[{"module":"secret","stacktrace":{"frames":[{"filename":"/home/jane/auth.py","abs_path":"/home/jane/auth.py","context_line":"password = 1"}]}}]}`},
		{"tags in every form", `{"tags":{"token":"x","url":"http://auth/"}}`, `{"tags":{"token":"[Filtered]","url":"http://auth/"}}`},
		{"tags as pairs", `{"tags":[["token","x"],["a","auth"]]}`, `{"tags":[["token","[Filtered]"],["a","auth"]]}`},
		{"tags as objects", `{"tags":[{"key":"token","value":"x"},{"value":"y","key":"a"}]}`, `{"tags":[{"key":"token","value":"[Filtered]"},{"value":"y","key":"a"}]}`},
		{"user", `{"user":{"id":"auth0|1","email":"jane@example.test","ip_address":"10.0.0.1","data":{"secret":"x"},"pin_token":"y"}}`,
			`{"user":{"id":"auth0|1","email":"jane@example.test","ip_address":"10.0.0.1","data":{"secret":"[Filtered]"},"pin_token":"[Filtered]"}}`},
		{"breadcrumbs", `{"breadcrumbs":{"values":[{"category":"auth","message":"my password is x","data":{"url":"http://auth:3003/login?api_key=k#token=t","authorization":"x"}}]}}`,
			`{"breadcrumbs":{"values":[{"category":"auth","message":"[Filtered]","data":{"url":"http://auth:3003/login?api_key=[Filtered]","authorization":"[Filtered]"}}]}}`},
		{"unknown top-level keys", `{"new":{"message":"my password is x"}}`, `{"new":{"message":"[Filtered]"}}`},
		{"contexts", `{"contexts":{"trace":{"trace_id":"4111111111111111","data":{"http.request.header.authorization":"x"}},"os":{"name":"secret os"},"mine":{"token":"x"},"response":{"headers":{"Set-Cookie":"session=1; a=b"}}}}`,
			`{"contexts":{"trace":{"trace_id":"4111111111111111","data":{"http.request.header.authorization":"[Filtered]"}},"os":{"name":"secret os"},"mine":{"token":"[Filtered]"},"response":{"headers":{"Set-Cookie":"session=[Filtered]; a=b"}}}}`},
		{"feedback", `{"contexts":{"feedback":{"message":"my password=x, mail me","contact_email":"jane@example.test"}}}`, `{"contexts":{"feedback":{"message":"my password=[Filtered], mail me","contact_email":"jane@example.test"}}}`},
		{"spans of a transaction", `{"spans":[{"description":"SELECT * FROM auth WHERE password='x'","data":{"token":"x","db.statement":"SELECT auth","gen_ai.usage.total_tokens":5},"tags":{"secret":"x"}}]}`,
			`{"spans":[{"description":"SELECT * FROM auth WHERE password='[Filtered]'","data":{"token":"[Filtered]","db.statement":"SELECT auth","gen_ai.usage.total_tokens":5},"tags":{"secret":"[Filtered]"}}]}`},
		{"legacy names", `{"sentry.interfaces.Http":{"headers":{"Authorization":"x"}}}`, `{"sentry.interfaces.Http":{"headers":{"Authorization":"[Filtered]"}}}`},
		{"replay event", `{"type":"replay_event","urls":["http://shop/?token=x","http://auth/"],"trace_ids":["4111111111111111"]}`, `{"type":"replay_event","urls":["http://shop/?token=[Filtered]","http://auth/"],"trace_ids":["4111111111111111"]}`},
		{"card as a number", `{"extra":{"card":4111111111111111,"n":4111111111111112,"f":4111111111111.25}}`, `{"extra":{"card":"[Filtered]","n":4111111111111112,"f":4111111111111.25}}`},
	}
	s := New(DefaultConfig())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := withoutMeta(scrubEvent(t, s, tt.in)); got != tt.want {
				t.Errorf("\ngot  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestRequest(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"URL", `{"url":"https://jane:pw@shop.test/auth?token=x&a=b"}`, `{"url":"https://[Filtered]@shop.test/auth?token=[Filtered]&a=b"}`},
		{"query as text", `{"query_string":"?api_key=x&a=1&card=4111%201111%201111%201111&empty="}`, `{"query_string":"?api_key=[Filtered]&a=1&card=[Filtered]&empty="}`},
		{"query as pairs", `{"query_string":[["token","x"],["a","1"]]}`, `{"query_string":[["token","[Filtered]"],["a","1"]]}`},
		{"query as map", `{"query_string":{"token":"x","a":"1"}}`, `{"query_string":{"token":"[Filtered]","a":"1"}}`},
		{"cookies as text", `{"cookies":"PHPSESSID=1; csrf-token=2;theme=dark; session=3"}`, `{"cookies":"PHPSESSID=[Filtered]; csrf-token=[Filtered];theme=dark; session=[Filtered]"}`},
		{"cookies as map", `{"cookies":{"sessionid":"1","theme":"dark"}}`, `{"cookies":{"sessionid":"[Filtered]","theme":"dark"}}`},
		{"cookies as pairs", `{"cookies":[["_csrf","1"],["theme","dark"]]}`, `{"cookies":[["_csrf","[Filtered]"],["theme","dark"]]}`},
		{"session is no cookie elsewhere", `{"data":{"session":"1"}}`, `{"data":{"session":"1"}}`},
		{"headers as map", `{"headers":{"authorization":"Basic x","Cookie":"session=1; a=b","X-Api-Key":"k","User-Agent":"auth bot","Accept":"a"}}`,
			`{"headers":{"authorization":"[Filtered]","Cookie":"session=[Filtered]; a=b","X-Api-Key":"[Filtered]","User-Agent":"auth bot","Accept":"a"}}`},
		{"headers as pairs", `{"headers":[["Authorization","x"],["cookie","session=1"],["Accept","a"]]}`, `{"headers":[["Authorization","[Filtered]"],["cookie","session=[Filtered]"],["Accept","a"]]}`},
		{"what links survives", `{"headers":{"baggage":"sentry-transaction=%2Fauth,sentry-replay_id=12345678123456781234567812345678","sentry-trace":"a-b-1"}}`,
			`{"headers":{"baggage":"sentry-transaction=%2Fauth,sentry-replay_id=12345678123456781234567812345678","sentry-trace":"a-b-1"}}`},
		{"body as JSON text", `{"data":"{\"password\":\"x\",\"a\":[{\"token\":1}]}"}`, `{"data":"{\"password\":\"[Filtered]\",\"a\":[{\"token\":\"[Filtered]\"}]}"}`},
		{"body as a form", `{"data":"user=jane&password=x"}`, `{"data":"user=jane&password=[Filtered]"}`},
		{"body cut off", `{"data":"{\"password\":\"x"}`, `{"data":"[Filtered]"}`},
		{"body as other text", `{"data":"<a>4111-1111-1111-1111</a>"}`, `{"data":"<a>[Filtered]</a>"}`},
		{"addresses are kept", `{"env":{"REMOTE_ADDR":"10.0.0.1","SECRET_KEY":"x"}}`, `{"env":{"REMOTE_ADDR":"10.0.0.1","SECRET_KEY":"[Filtered]"}}`},
	}
	s := New(DefaultConfig())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := withoutMeta(scrubEvent(t, s, `{"request":`+tt.in+`}`)); got != `{"request":`+tt.want+`}` {
				t.Errorf("\ngot  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestMeta(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"text", `{"extra":{"password":"hunter2"}}`, `{"extra":{"password":"[Filtered]"},"_meta":{"extra":{"password":{"":{"rem":[["@password:filter","s",0,10]],"len":7}}}}}`},
		{"object", `{"extra":{"auth":{"a":1}}}`, `{"extra":{"auth":"[Filtered]"},"_meta":{"extra":{"auth":{"":{"rem":[["@password:filter","s",0,10]]}}}}}`},
		{"places in text count characters", `{"message":"é card 4111111111111111, 078-05-1120"}`, `{"message":"é card [creditcard], [us-ssn]","_meta":{"message":{"":{"rem":[["@creditcard:replace","s",7,19],["@usssn:replace","s",21,29]],"len":36}}}}`},
		{"lists by index", `{"tags":[["a","b"],["token","x"]]}`, `{"tags":[["a","b"],["token","[Filtered]"]],"_meta":{"tags":{"1":{"1":{"":{"rem":[["@password:filter","s",0,10]],"len":1}}}}}}`},
		{"nothing found, nothing said", `{ "extra" : {"a":"b"} }`, `{ "extra" : {"a":"b"} }`},
		{"joins what the SDK said", `{"_meta":{"extra":{"password":{"":{"rem":[["mine","x"]],"val":"hunter2"}},"other":{"":{"len":5,"val":"my secret"}}}},"extra":{"password":"x"}}`,
			`{"_meta":{"extra":{"password":{"":{"rem":[["mine","x"],["@password:filter","s",0,10]],"val":null}},"other":{"":{"len":5,"val":"[Filtered]"}}}},"extra":{"password":"[Filtered]"}}`},
		{"a _meta that is none", `{"_meta":5,"extra":{"token":"x"}}`, `{"_meta":{"extra":{"token":{"":{"rem":[["@password:filter","s",0,10]],"len":1}}}},"extra":{"token":"[Filtered]"}}`},
	}
	s := New(DefaultConfig())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := s.Event([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(out)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestConfig(t *testing.T) {
	const in = `{"extra":{"password":"x","pin":"1234","Account_PIN":"5","note":"from 10.0.0.1 and [2001:db8::1]:80 at 12:30:45, v1.2.3"},"user":{"ip_address":"10.0.0.1"},"request":{"env":{"REMOTE_ADDR":"10.0.0.1"}},"sdk":{"client_ip":"10.0.0.1"}}`
	tests := []struct {
		name string
		cfg  Config
		want string
	}{
		{"off", Config{ScrubDefaults: true, SensitiveFields: []string{"pin"}}, in},
		{"nothing asked for", Config{ScrubData: true}, in},
		{"defaults", DefaultConfig(), strings.Replace(in, `"password":"x"`, `"password":"[Filtered]"`, 1)},
		{"safe field", Config{ScrubData: true, ScrubDefaults: true, ExcludeFields: []string{" PASSWORD ", ""}}, in},
		{"only own fields", Config{ScrubData: true, SensitiveFields: []string{"Pin", " "}}, strings.NewReplacer(`"1234"`, `"[Filtered]"`, `"5"`, `"[Filtered]"`).Replace(in)},
		{"addresses, even when off", Config{ScrubIPAddresses: true},
			`{"extra":{"password":"x","pin":"1234","Account_PIN":"5","note":"from [ip] and [[ip]]:80 at 12:30:45, v1.2.3"},"user":{"ip_address":null},"request":{"env":{"REMOTE_ADDR":null}},"sdk":{"client_ip":null}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, withoutMeta(scrubEvent(t, New(tt.cfg), in))); diff != "" {
				t.Error(diff)
			}
		})
	}
	out := scrubEvent(t, New(Config{ScrubIPAddresses: true}), `{"user":{"ip_address":"{{auto}}"}}`)
	if out != `{"user":{"ip_address":null},"_meta":{"user":{"ip_address":{"":{"rem":[["@anything:remove","x"]]}}}}}` {
		t.Error(out)
	}
}

func TestItems(t *testing.T) {
	logs := &envelope.ItemHeader{Type: "log", ContentType: envelope.ContentTypeLogs}
	spans := &envelope.ItemHeader{Type: "span", ContentType: envelope.ContentTypeSpans}
	tests := []struct {
		name     string
		h        *envelope.ItemHeader
		in, want string
	}{
		{"log", logs, `{"version":2,"items":[{"body":"my password=x"},{"body":"b","attributes":{"token":{"value":"x","type":"string"},"auth.n":{"type":"integer","value":5},"is_auth":{"value":true,"type":"boolean"}}}]}`,
			`{"version":2,"items":[{"body":"my password=[Filtered]","_meta":{"body":{"":{"rem":[["@password:filter","s",12,22]],"len":13}}}},{"body":"b","attributes":{"token":{"value":"[Filtered]","type":"string"},"auth.n":{"value":"[Filtered]","type":"string"},"is_auth":{"value":true,"type":"boolean"}},"_meta":{"attributes":{"auth.n":{"value":{"":{"rem":[["@password:filter","s",0,10]]}}},"token":{"value":{"":{"rem":[["@password:filter","s",0,10]]}}}}}}]}`},
		{"span", spans, `{"items":[{"name":"GET http://auth:1/?token=x","span_id":"4111111111111111","attributes":{"url.full":{"type":"string","value":"http://auth:1/?token=x"},"http.request.header.cookie":{"type":"string","value":"a=b"},"http.request.header.cookie.session":{"type":"string","value":"b"},"card":{"type":"integer","value":4111111111111111}}}]}`,
			`{"items":[{"name":"GET http://auth:1/?token=[Filtered]","span_id":"4111111111111111","attributes":{"url.full":{"type":"string","value":"http://auth:1/?token=[Filtered]"},"http.request.header.cookie":{"value":"[Filtered]","type":"string"},"http.request.header.cookie.session":{"value":"[Filtered]","type":"string"},"card":{"value":"[Filtered]","type":"string"}}}]}`},
		{"legacy span", &envelope.ItemHeader{Type: "span"}, `{"span_id":"a","data":{"password":"x"}}`, `{"span_id":"a","data":{"password":"[Filtered]"}}`},
		{"otel log", &envelope.ItemHeader{Type: "otel_log"}, `{"body":{"string_value":"password=x"},"attributes":[{"key":"token","value":{"string_value":"x"}},{"key":"n","value":{"int_value":1}}]}`,
			`{"body":{"string_value":"password=[Filtered]"},"attributes":[{"key":"token","value":{"stringValue":"[Filtered]"}},{"key":"n","value":{"int_value":1}}]}`},
		{"security report", &envelope.ItemHeader{Type: "raw_security"}, `{"csp-report":{"document-uri":"https://a:b@shop.test/auth?token=x"}}`, `{"csp-report":{"document-uri":"https://[Filtered]@shop.test/auth?token=[Filtered]"}}`},
		{"user report", &envelope.ItemHeader{Type: "user_report"}, `{"event_id":"a","email":"jane@example.test","comments":"card 4111111111111111"}`, `{"event_id":"a","email":"jane@example.test","comments":"card [creditcard]"}`},
		{"form data", &envelope.ItemHeader{Type: "form_data"}, `[["password","x"],["a","b"]]`, `[["password","[Filtered]"],["a","b"]]`},
		{"session", &envelope.ItemHeader{Type: "session"}, `{"password":"x"}`, `{"password":"x"}`},
		{"check-in", &envelope.ItemHeader{Type: "check_in"}, `{"password":"x"}`, `{"password":"x"}`},
		{"client report", &envelope.ItemHeader{Type: "client_report"}, `{"password":"x"}`, `{"password":"x"}`},
		{"unknown", &envelope.ItemHeader{Type: "new"}, `not json password`, `not json password`},
	}
	s := New(DefaultConfig())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := s.Item(tt.h, []byte(tt.in))
			if err != nil || !strings.HasPrefix(tt.want, "not") && !json.Valid(out) {
				t.Fatal(err, string(out))
			}
			got := string(out)
			if tt.name != "log" {
				got = stripMetas(got)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	ip, err := New(Config{ScrubIPAddresses: true}).Item(spans, []byte(`{"items":[{"attributes":{"client.address":{"type":"string","value":"10.0.0.1"}}}]}`))
	if err != nil || stripMetas(string(ip)) != `{"items":[{"attributes":{"client.address":null}}]}` {
		t.Errorf("%s %v", ip, err)
	}
}

// stripMetas takes "_meta" off a document's items, which are its last members.
func stripMetas(out string) string {
	for {
		i := strings.Index(out, `,"_meta":`)
		if i < 0 {
			return out
		}
		out = out[:i] + out[skipValue([]byte(out), i+len(`,"_meta":`)):]
	}
}

func TestRefused(t *testing.T) {
	s := New(DefaultConfig())
	for _, in := range []string{``, `{`, `{"a":}`, `{"password":"x"`, `nope`, `{"a":1}{"password":"x"}`} {
		if out, err := s.Event([]byte(in)); !errors.Is(err, ErrJSON) || out != nil {
			t.Errorf("%q: %s, %v", in, out, err)
		}
	}
	deep := `{"extra":` + strings.Repeat(`{"a":`, 500) + `"my password"` + strings.Repeat(`}`, 500) + `}`
	out := scrubEvent(t, s, deep)
	if strings.Contains(out, "my password") || !strings.Contains(out, `"!limit"`) {
		t.Errorf("too deep to look at must go: %.300s", out)
	}
}

// TestCorpus: real SDKs' items come out as JSON, the second time the same, and events lose
// nothing that links or groups them.
func TestCorpus(t *testing.T) {
	files, _ := filepath.Glob("../../envelope/testdata/*/*.envelope")
	if len(files) < 60 {
		t.Fatalf("%d files", len(files))
	}
	s := New(DefaultConfig())
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		e, err := envelope.Parse(b)
		if err != nil {
			continue
		}
		for _, it := range e.Items {
			out, err := s.Item(&it.Header, it.Payload)
			if err != nil {
				t.Fatalf("%s %s: %v", name, it.Header.Type, err)
			}
			again, err := s.Item(&it.Header, bytes.Clone(out))
			if err != nil || !bytes.Equal(again, out) {
				t.Errorf("%s %s: a second time it changes again (%v)", name, it.Header.Type, err)
			}
			for _, keep := range []string{`"trace_id":"`, `"span_id":"`, `sentry-replay_id=`, `"replay_id":"`, `"function":"`, `"event_id":"`} {
				if bytes.Count(out, []byte(keep)) != bytes.Count(it.Payload, []byte(keep)) {
					t.Errorf("%s %s: lost %s", name, it.Header.Type, keep)
				}
			}
		}
	}
}

// TestBudget: events made to be slow take linear time. The bound leaves a busy machine room; a
// quadratic search would take a hundred times as long.
func TestBudget(t *testing.T) {
	s := New(Config{ScrubData: true, ScrubDefaults: true, ScrubIPAddresses: true})
	for _, unit := range []string{"a:", "4111 ", "-----BEGIN ", "//a", "eyJ", "a@", "token", "/home/", "1.2.3.4:", "=", "bearer ", "AT12A", `\\users\\`} {
		text := strings.Repeat(unit, (1<<18)/len(unit))
		in, _ := json.Marshal(map[string]any{"message": text, "extra": map[string]string{"a": text[:len(text)/2]}})
		start := time.Now()
		if _, err := s.Event(in); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("%q: %v", unit, took)
		}
	}
}

func TestTruncatedAddresses(t *testing.T) {
	s := New(Config{TruncateIPAddresses: true})
	const in = `{"extra":{"note":"from 10.1.2.3 and [2001:db8:1:2::3]:80 at 12:30:45"},"user":{"ip_address":"10.1.2.3"},"request":{"env":{"REMOTE_ADDR":"2001:db8:1:2::3"}},"sdk":{"client_ip":"10.1.2.3, 10.0.0.9"}}`
	const want = `{"extra":{"note":"from 10.1.2.0 and [2001:db8:1::]:80 at 12:30:45"},"user":{"ip_address":"10.1.2.0"},"request":{"env":{"REMOTE_ADDR":"2001:db8:1::"}},"sdk":{"client_ip":null}}`
	out := scrubEvent(t, s, in)
	if got := stripMetas(out); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if again := scrubEvent(t, s, out); stripMetas(again) != want {
		t.Errorf("a second time: %s", again)
	}
	if out := scrubEvent(t, s, `{"user":{"ip_address":"{{auto}}"}}`); out != `{"user":{"ip_address":"{{auto}}"}}` {
		t.Errorf("placeholder: %s", out)
	}
	session, err := s.Item(&envelope.ItemHeader{Type: "session"}, []byte(`{"sid":"10.1.2.3","attrs":{"release":"a@10.1.2.3","ip_address":"10.1.2.3"}}`))
	if err != nil || string(session) != `{"sid":"10.1.2.3","attrs":{"release":"a@10.1.2.3","ip_address":"10.1.2.0"}}` {
		t.Errorf("session %s, %v", session, err)
	}
}

func TestItemsOfTheWrongFormAreData(t *testing.T) {
	s := New(DefaultConfig())
	for _, h := range []envelope.ItemHeader{{Type: "log"}, {Type: "trace_metric", ContentType: "text/plain"}} {
		out, err := s.Item(&h, []byte(`{"body":{"password":"x"}}`))
		if err != nil || string(out) != `{"body":{"password":"[Filtered]"}}` {
			t.Errorf("%s: %s, %v", h.Type, out, err)
		}
	}
	otlp := &envelope.ItemHeader{Type: "otlp_logs", ContentType: "application/json"}
	out, err := s.Item(otlp, []byte(`{"resourceLogs":[{"resource":{"attributes":[{"key":"db.password","value":{"stringValue":"x"}}]},"scopeLogs":[{"logRecords":[{"body":{"stringValue":"token=x"},"traceId":"token"}]}]}]}`))
	want := `{"resourceLogs":[{"resource":{"attributes":[{"key":"db.password","value":{"stringValue":"[Filtered]"}}]},"scopeLogs":[{"logRecords":[{"body":{"stringValue":"token=[Filtered]"},"traceId":"token"}]}]}]}`
	if err != nil || string(out) != want {
		t.Errorf("otlp: %s, %v", out, err)
	}
}

func TestFindingsAreBounded(t *testing.T) {
	in := `{"extra":[` + strings.Repeat(`{"password":"x"},`, maxEdits+1) + `0]}`
	if _, err := New(DefaultConfig()).Event([]byte(in)); !errors.Is(err, ErrTooMany) {
		t.Errorf("%v", err)
	}
}
