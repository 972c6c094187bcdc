package settings

import (
	"errors"
	"math"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDefaultIsValidAndSurvivesTheRoundTrip(t *testing.T) {
	d := Default()
	if err := d.Validate(); err != nil {
		t.Fatal(err)
	}
	back, err := Parse(d.JSON())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(d, back); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(string(d.JSON()), "null") {
		t.Errorf("a list is null: %s", d.JSON())
	}
}

func TestParseFillsWhatIsNotMentioned(t *testing.T) {
	s, err := Parse([]byte(`{"allowedDomains":["shop.example"],"scrub":{"enabled":false},"filters":{"releases":null},
		"quotas":{"limits":[{"id":"a","limit":1}]},"forward":{"dsn":"https://k@h/1"},"later":{"x":1}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.AllowedDomains = []string{"shop.example"}
	want.Scrub.Enabled = false
	want.Quotas.Limits = []Quota{{ID: "a", Limit: 1, Categories: []string{}}}
	want.Forward.DSN = "https://k@h/1"
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
	for _, doc := range []string{"", "[]", `{"ip":3}`} {
		if _, err := Parse([]byte(doc)); err == nil {
			t.Errorf("Parse(%q) is nil", doc)
		}
	}
}

func TestValidateNamesTheField(t *testing.T) {
	many := func(n int) []string {
		list := make([]string, n)
		for i := range list {
			list[i] = "x"
		}
		return list
	}
	tests := map[string]func(*Settings){
		"allowedDomains":                 func(s *Settings) { s.AllowedDomains = []string{"ok.example", "https://a/b"} },
		"ip":                             func(s *Settings) { s.IP = "sometimes" },
		"scrub.sensitiveFields":          func(s *Settings) { s.Scrub.SensitiveFields = []string{" "} },
		"scrub.safeFields":               func(s *Settings) { s.Scrub.SafeFields = []string{strings.Repeat("x", 201)} },
		"filters.legacyBrowsers":         func(s *Settings) { s.Filters.LegacyBrowsers = []string{"netscape"} },
		"filters.errorMessages":          func(s *Settings) { s.Filters.ErrorMessages = []string{"a\x00"} },
		"filters.releases":               func(s *Settings) { s.Filters.Releases = many(501) },
		"filters.ipAddresses":            func(s *Settings) { s.Filters.IPAddresses = []string{"10.0.0.0/99"} },
		"quotas.limits":                  func(s *Settings) { s.Quotas.Limits = validQuotas(51) },
		"quotas.limits[1].id":            func(s *Settings) { s.Quotas.Limits = append(validQuotas(1), validQuotas(1)...) },
		"quotas.limits[0].scope":         func(s *Settings) { s.Quotas.Limits = change(func(q *Quota) { q.Scope = "planet" }) },
		"quotas.limits[0].key":           func(s *Settings) { s.Quotas.Limits = change(func(q *Quota) { q.Key = "k" }) },
		"quotas.limits[0].categories":    func(s *Settings) { s.Quotas.Limits = change(func(q *Quota) { q.Categories = []string{"a;b"} }) },
		"quotas.limits[0].limit":         func(s *Settings) { s.Quotas.Limits = change(func(q *Quota) { q.Limit = -1 }) },
		"quotas.limits[0].windowSeconds": func(s *Settings) { s.Quotas.Limits = change(func(q *Quota) { q.WindowSeconds = 0 }) },
		"forward.dsn":                    func(s *Settings) { s.Forward.DSN = "ftp://k@h/1" },
		"forward.mode":                   func(s *Settings) { s.Forward.Mode = "some" },
		"grouping.fingerprintRules":      func(s *Settings) { s.Grouping.FingerprintRules = strings.Repeat("x", 24<<10+1) },
		"resolveAge":                     func(s *Settings) { s.ResolveAge = -1 },
		"grouping.stackTraceRules":       func(s *Settings) { s.Grouping.StackTraceRules = "a\x00" },
		"forward.rate":                   func(s *Settings) { s.Forward.Rate = math.NaN() },
	}
	for field, change := range tests {
		t.Run(field, func(t *testing.T) {
			s := Default()
			change(&s)
			var invalid *Invalid
			if err := s.Validate(); !errors.As(err, &invalid) {
				t.Fatalf("Validate() = %v", err)
			}
			if len(invalid.Fields) != 1 || invalid.Fields[0].Field != field || invalid.Fields[0].Message == "" {
				t.Errorf("fields %+v, want %s alone", invalid.Fields, field)
			}
		})
	}
}

func TestValidateTakesWhatIsMeant(t *testing.T) {
	s := Default()
	s.AllowedDomains = []string{"*", "example.com", "*.example.com", "https://example.com:8443", "http://*.x.y", "[::1]:80"}
	s.Filters.LegacyBrowsers = LegacyBrowsers
	s.Filters.IPAddresses = []string{"192.0.2.1", "2001:db8::/32"}
	s.Filters.ErrorMessages = []string{"*ResizeObserver loop*"}
	s.Quotas.Limits = validQuotas(50)
	s.Forward = Forward{DSN: "https://key@sentry.example/path/1", Mode: ForwardSample, Rate: 0.1}
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
}

func TestTheWholeDocumentIsBounded(t *testing.T) {
	s := Default()
	for range 400 {
		s.Filters.ErrorMessages = append(s.Filters.ErrorMessages, strings.Repeat("m", 1000))
	}
	var invalid *Invalid
	if err := s.Validate(); !errors.As(err, &invalid) || invalid.Fields[0].Field != "settings" {
		t.Errorf("Validate() = %v", err)
	}
}

func TestImportsNothingOfOurs(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if p := strings.TrimSpace(line); p != "" && !strings.HasSuffix(p, "/settings") {
			t.Errorf("settings depends on %s", p)
		}
	}
}

func validQuotas(n int) []Quota {
	list := make([]Quota, n)
	for i := range list {
		list[i] = Quota{ID: "q" + strings.Repeat("i", i), Scope: ScopeProject, Categories: []string{"error"}, Limit: 100, WindowSeconds: 60}
	}
	return list
}

func change(f func(*Quota)) []Quota {
	q := validQuotas(1)
	f(&q[0])
	return q
}
