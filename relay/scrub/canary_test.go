package scrub

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/hindsight-dev/hindsight/envelope"
)

// TestCanaries plants secrets in every field the rules cover and looks for them in the result.
func TestCanaries(t *testing.T) {
	// %s is where a secret of its own goes.
	payloads := []struct {
		kind, contentType, body string
	}{
		{"event", "", `{
			"message":"login password=%s failed","transaction":"/reset?token=%s","server_name":"api_key=%s",
			"logentry":{"formatted":"secret: %s","params":["my password %s",{"token":"%s"}]},
			"exception":{"values":[{"type":"E","value":"mysql_pwd=%s","mechanism":{"data":{"auth_header":"%s"}},
				"stacktrace":{"frames":[{"vars":{"password":"%s","conf":{"privatekey":"%s"},"text":"the secret %s"}}]}}]},
			"threads":{"values":[{"stacktrace":{"frames":[{"vars":{"apikey":"%s"}}]}}]},
			"breadcrumbs":[{"message":"token=%s","data":{"password":"%s","url":"http://a/?api_key=%s"}}],
			"request":{"url":"http://u:%s@h/?access_token=%s","query_string":"otp=%s","data":{"a":[{"passwd":"%s"}]},
				"cookies":"sessionid=%s","headers":{"Authorization":"Bearer %s","Cookie":"csrf_token=%s","X-Auth-Token":"%s"},
				"env":{"DB_PASSWORD":"%s"}},
			"user":{"data":{"secret":"%s"},"credentials":"%s"},
			"extra":{"password":["%s"],"nested":{"deep":[[["api-key","%s"]]]},"text":"auth %s"},
			"tags":[["token","%s"]],
			"contexts":{"custom":{"private_key":{"a":"%s"}},"trace":{"data":{"http.request.header.authorization":"%s"}},
				"response":{"headers":[["Set-Cookie","session=%s"]],"data":"{\"token\":\"%s\"}"}},
			"spans":[{"description":"GET /?token=%s","data":{"http.query":"password=%s","db.password":"%s"},"tags":{"secret":"%s"}}],
			"unknown_field":{"password":"%s"},
			"_meta":{"extra":{"password":{"":{"val":"%s"}},"text":{"":{"val":"auth %s"}}}}}`},
		{"log", envelope.ContentTypeLogs, `{"items":[{"body":"password=%s","attributes":{"token":{"value":"%s","type":"string"},"x":{"value":"my secret %s","type":"string"},"url.full":{"value":"http://a/?token=%s","type":"string"}}}]}`},
		{"span", envelope.ContentTypeSpans, `{"items":[{"name":"GET /?token=%s","attributes":{"http.request.header.cookie":{"value":"a=%s","type":"string"},"http.request.body":{"value":"{\"password\":\"%s\"}","type":"string"}},"links":[{"attributes":{"secret":{"value":"%s","type":"string"}}}]}]}`},
		{"replay_event", "", `{"type":"replay_event","urls":["http://a/?token=%s"],"tags":{"password":"%s"},"request":{"url":"http://a/?secret=%s"}}`},
		{"user_report", "", `{"comments":"my password: %s"}`},
	}
	s := New(DefaultConfig())
	planted := 0
	for _, p := range payloads {
		var canaries []string
		body := p.body
		for strings.Contains(body, "%s") {
			c := fmt.Sprintf("canary%dx", planted)
			planted++
			canaries = append(canaries, c)
			body = strings.Replace(body, "%s", c, 1)
		}
		if !json.Valid([]byte(body)) {
			t.Fatalf("%s: not JSON", p.kind)
		}
		out, err := s.Item(&envelope.ItemHeader{Type: p.kind, ContentType: p.contentType}, []byte(body))
		if err != nil || !json.Valid(out) {
			t.Fatalf("%s: %v", p.kind, err)
		}
		for _, c := range canaries {
			if i := bytes.Index(out, []byte(c)); i >= 0 {
				t.Errorf("%s: %s is still there: …%s…", p.kind, c, out[max(0, i-60):min(len(out), i+40)])
			}
		}
	}
	if planted < 40 {
		t.Errorf("only %d planted", planted)
	}
}

func FuzzEvent(f *testing.F) {
	f.Add([]byte(`{"extra":{"password":"x","a":["token","4111 1111 1111 1111"]},"_meta":{"a":{"":{"rem":[]}}}}`))
	f.Add([]byte(`{"request":{"data":"{\"password\":\"x\"}","cookies":"a=b; session=c","headers":[["Cookie","x"]],"query_string":"a=%zz&token="},"user":{"ip_address":"::1"}}`))
	f.Add([]byte(`{"exception":{"values":[{"value":"Bearer x -----BEGIN KEY----- //a:b@c DE89 3704 0044 0532 0130 00 a@b.cd"}]},"tags":[{"key":"token","value":"x"}]}`))
	s := New(Config{ScrubData: true, ScrubDefaults: true, ScrubIPAddresses: true, SensitiveFields: []string{"pin"}, ExcludeFields: []string{"safe"}})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, kind := range []string{"event", "span", "otel_span", "raw_security"} {
			in := bytes.Clone(b)
			out, err := s.Item(&envelope.ItemHeader{Type: kind}, b)
			if !bytes.Equal(in, b) {
				t.Fatal("input was written to")
			}
			if (err == nil) != json.Valid(b) {
				t.Fatalf("%s: %v", kind, err)
			}
			if err == nil && !json.Valid(out) {
				t.Fatalf("%s: not JSON: %s", kind, out)
			}
		}
		list := append(append([]byte(`{"items":[`), b...), `]}`...)
		if out, err := s.Item(&envelope.ItemHeader{Type: "log", ContentType: envelope.ContentTypeLogs}, list); err == nil && !json.Valid(out) {
			t.Fatalf("not JSON: %s", out)
		}
		var rec bytes.Buffer
		if _, err := s.Recording(&rec, bytes.NewReader(b)); err == nil && !json.Valid(rec.Bytes()) {
			t.Fatalf("recording is not JSON: %s", rec.Bytes())
		}
		_ = s.Body(string(b))
	})
}
