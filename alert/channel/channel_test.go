package channel

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/internal/outbound"
)

const evil = "<script>alert(1)</script> *bold* [x](https://evil.example) <!everyone> @everyone <@U1> </a>\r\nX-Injected: 1"

func message() *Message {
	return &Message{Key: "k1", Title: evil, Reason: evil, Rule: evil, Organization: "acme", Project: "shop", ShortID: "SHOP-1", Level: "error", Culprit: evil,
		Environment: "production", Release: evil, Events: 3, Users: 1, URL: "https://h.example/issues/1/", ReplayURL: "https://h.example/replays/r/?t=5", ReplayAt: "0:10",
		Steps: []Step{{Before: 3 * time.Second, Text: evil, Status: "failed"}}, Dedup: "issue-1", SentAt: time.Unix(1_700_000_000, 0), FirstSeen: time.Unix(1, 0),
		Others: []Line{{Title: evil, ShortID: "SHOP-2", URL: "https://h.example/issues/2/"}}}
}

// Nothing that came with an event is markup in any channel, and each says the replay and the steps.
func TestNoMarkup(t *testing.T) {
	cfg := &Config{URL: "https://example.com/x", Key: "k", Token: "t", ChatID: "c", Topic: "t", Secret: "s"}
	for kind, build := range map[string]func(*Config, *Message) (*http.Request, error){Slack: slack, Teams: teams, Discord: discord, Webhook: webhook,
		PagerDuty: pagerDuty, Telegram: telegram, Ntfy: ntfy} {
		r, err := build(cfg, message())
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		var body any
		if err := json.Unmarshal(b, &body); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if !strings.Contains(string(b), "replays/r/?t=5") || !strings.Contains(string(b), "3 s before") && kind != Webhook {
			t.Errorf("%s has no replay or no steps: %s", kind, b)
		}
		walk(body, func(o map[string]any) {
			switch {
			case kind == Slack && o["type"] == "mrkdwn":
				t.Errorf("slack has markup: %v", o)
			case kind == Teams && o["type"] == "TextBlock":
				t.Errorf("teams has markup: %v", o)
			case kind == Telegram && o["parse_mode"] != nil:
				t.Errorf("telegram has markup: %v", o)
			case kind == Slack && o["blocks"] != nil && strings.ContainsAny(strings.ReplaceAll(o["text"].(string), "&lt;", ""), "<"):
				t.Errorf("slack's notification has markup: %v", o["text"])
			}
		})
		if s := string(b); kind == Discord && (strings.Contains(s, `[x](https`) || strings.Contains(s, "@everyone") || !strings.Contains(s, `"allowed_mentions":{"parse":[]}`)) {
			t.Errorf("discord has markup: %s", s)
		}
		for name := range r.Header {
			if name == "X-Injected" {
				t.Errorf("%s: a title made a header", kind)
			}
		}
	}
}

func walk(v any, see func(map[string]any)) {
	switch x := v.(type) {
	case map[string]any:
		see(x)
		for _, y := range x {
			walk(y, see)
		}
	case []any:
		for _, y := range x {
			walk(y, see)
		}
	}
}

func TestSignature(t *testing.T) {
	r, err := webhook(&Config{URL: "https://example.com", Secret: "shh"}, message())
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(r.Body)
	if r.Header.Get(HeaderTimestamp) != "1700000000" || r.Header.Get(HeaderSignature) != Sign("shh", "1700000000", b) {
		t.Errorf("headers %v", r.Header)
	}
	// openssl: printf '1.{}' | openssl dgst -sha256 -hmac key
	if got := Sign("key", "1", []byte("{}")); len(got) != len("sha256=")+64 || got == Sign("other", "1", []byte("{}")) || got == Sign("key", "2", []byte("{}")) {
		t.Errorf("signature %s", got)
	}
}

// What other servers may do to us: redirect inwards, refuse, be slow, say when to come back.
func TestAnswers(t *testing.T) {
	var lock sync.Mutex
	hits := map[string]int{}
	release := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lock.Lock()
		hits[r.URL.Path]++
		lock.Unlock()
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusFound)
		case "/busy":
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusTooManyRequests)
		case "/down":
			w.WriteHeader(http.StatusBadGateway)
		case "/gone":
			w.WriteHeader(http.StatusNotFound)
		case "/silent":
			<-release
		}
	}))
	defer srv.Close()
	defer close(release)
	s := &Senders{HTTP: outbound.New(outbound.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Timeout: 300 * time.Millisecond})}
	for path, want := range map[string]Failed{
		"/away": {Permanent: true, Code: 302}, "/busy": {Code: 429, After: 2 * time.Minute}, "/down": {Code: 502}, "/gone": {Permanent: true, Code: 404}, "/silent": {},
	} {
		_, err := s.Send(context.Background(), Webhook, &Config{URL: srv.URL + path}, message())
		var f *Failed
		if !errors.As(err, &f) || f.Permanent != want.Permanent || f.Code != want.Code || f.After != want.After {
			t.Errorf("%s: %+v, want %+v", path, f, want)
		}
		lock.Lock()
		if hits[path] != 1 {
			t.Errorf("%s was asked %d times", path, hits[path])
		}
		lock.Unlock()
	}
	for _, url := range []string{"http://169.254.169.254/", "http://10.0.0.1/", "http://[::1]:80/"} {
		_, err := s.Send(context.Background(), Webhook, &Config{URL: url}, message())
		var f *Failed
		if !errors.As(err, &f) || !f.Permanent || !errors.Is(err, outbound.ErrForbidden) {
			t.Errorf("%s: %v, want it forbidden", url, err)
		}
	}
	if code, err := s.Send(context.Background(), Webhook, &Config{URL: srv.URL + "/ok"}, message()); err != nil || code != 200 {
		t.Errorf("%d %v", code, err)
	}
}

func TestValidate(t *testing.T) {
	own, _ := url.Parse("https://hindsight.example:8443/base")
	for _, c := range []struct {
		kind string
		cfg  Config
		ok   bool
	}{
		{Webhook, Config{URL: "https://example.com/x"}, true},
		{Webhook, Config{URL: "https://HINDSIGHT.example:8443/api/1/store/"}, false},
		{Webhook, Config{URL: "https://u:p@example.com"}, false},
		{Webhook, Config{URL: "file:///etc/passwd"}, false},
		{Webhook, Config{}, false},
		{Email, Config{To: []string{"a@b.example"}}, true},
		{Email, Config{To: []string{"a@b.example\r\nBcc: c@d.example"}}, false},
		{Email, Config{}, false},
		{Telegram, Config{Token: "1:a/../x", ChatID: "1"}, false},
		{Ntfy, Config{Topic: "a"}, true},
		{PagerDuty, Config{}, false},
		{"fax", Config{}, false},
	} {
		if err := c.cfg.Validate(c.kind, own); (err == nil) != c.ok {
			t.Errorf("%s %+v: %v", c.kind, c.cfg, err)
		}
	}
}
