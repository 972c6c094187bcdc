package envelope

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const keyHex = "00112233445566778899aabbccddeeff"

func TestParseDSN(t *testing.T) {
	tests := []struct {
		in   string
		want *DSN
		out  string // "": as in
	}{
		{in: "https://" + keyHex + "@o1.ingest.example/42", want: &DSN{"https", keyHex, "", "o1.ingest.example", "", 42}},
		{in: "http://k@127.0.0.1:8000/1", want: &DSN{"http", "k", "", "127.0.0.1:8000", "", 1}},
		{in: "https://k:secret@h/1", want: &DSN{"https", "k", "secret", "h", "", 1}, out: "https://k@h/1"},
		{in: "https://k:@h/42", want: &DSN{"https", "k", "", "h", "", 42}, out: "https://k@h/42"},
		{in: "https://k@h:443/1", want: &DSN{"https", "k", "", "h", "", 1}, out: "https://k@h/1"},
		{in: "http://k@h:80/1", want: &DSN{"http", "k", "", "h", "", 1}, out: "http://k@h/1"},
		{in: "http://k@h:443/1", want: &DSN{"http", "k", "", "h:443", "", 1}},
		{in: "https://k@h/sentry/in/1", want: &DSN{"https", "k", "", "h", "/sentry/in", 1}},
		{in: "https://k@h/sentry//1/", want: &DSN{"https", "k", "", "h", "/sentry", 1}, out: "https://k@h/sentry/1"},
		{in: "https://k@[::1]:9000/1", want: &DSN{"https", "k", "", "[::1]:9000", "", 1}},
		{in: " https://k@h/1\n", want: &DSN{"https", "k", "", "h", "", 1}, out: "https://k@h/1"},
		{in: ""},
		{in: "https://h/1"},
		{in: "https://@h/1"},
		{in: "https://k@/1"},
		{in: "https://k@h"},
		{in: "https://k@h/"},
		{in: "https://k@h/0"},
		{in: "https://k@h/-1"},
		{in: "https://k@h/abc"},
		{in: "https://k@h/99999999999999999999"},
		{in: "https://k-1@h/1"},
		{in: "ftp://k@h/1"},
		{in: "k@h/1"},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got, err := ParseDSN(tt.in)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Fatal(diff)
			}
			if err != nil {
				if !errors.Is(err, ErrDSN) {
					t.Error(err)
				}
				return
			}
			out := tt.out
			if out == "" {
				out = tt.in
			}
			if got.String() != out {
				t.Errorf("written as %s", got)
			}
		})
	}
	d, err := ParseDSN("https://k@h:8443/sentry/7")
	if err != nil {
		t.Fatal(err)
	}
	if u := d.EndpointURL("envelope"); u != "https://h:8443/sentry/api/7/envelope/" {
		t.Error(u)
	}
}

func TestPublicKey(t *testing.T) {
	for in, want := range map[string]string{
		keyHex:                             keyHex,
		keyHex + ":no-cache":               keyHex,
		keyHex[:31]:                        "",
		"00112233445566778899AABBCCDDEEFF": "",
		"g0112233445566778899aabbccddeeff": "",
		"":                                 "",
	} {
		if got, ok := PublicKey(in); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", in, got, ok)
		}
	}
}

func TestParseAuth(t *testing.T) {
	tests := []struct {
		in   string
		want *Auth
		err  error
	}{
		{in: "Sentry sentry_key=k, sentry_version=7", want: &Auth{"k", "7", ""}},
		{in: "sentry sentry_version=7,sentry_client=sentry.go/0.47.0 ,  sentry_key = k ", want: &Auth{"k", "7", "sentry.go/0.47.0"}},
		{in: "SENTRY sentry_key=k", want: &Auth{"k", "7", ""}},
		{in: "Sentry sentry_key=k, sentry_version=2.0", want: &Auth{"k", "2", ""}},
		{in: "Sentry sentry_key=k, sentry_version=99", want: &Auth{"k", "99", ""}},
		{in: "Sentry sentry_key=k, sentry_secret=s, sentry_timestamp=1, new=x, , =", want: &Auth{"k", "7", ""}},
		{in: "Sentry sentry_key=a, sentry_key=b", want: &Auth{"b", "7", ""}},
		{in: "Sentry Sentry_Key=k", err: ErrBadAuth},
		{in: "Sentry sentry_version=7", err: ErrBadAuth},
		{in: "Sentry sentry_key=k, sentry_version=x", err: ErrBadAuth},
		{in: "Sentry sentry_key=k, sentry_version=-1", err: ErrBadAuth},
		{in: "Sentry sentry_key=k, sentry_version=99999999999", err: ErrBadAuth},
		{in: "Sentry ", err: ErrBadAuth},
		{in: "Sentry", err: ErrNoAuth},
		{in: "", err: ErrNoAuth},
		{in: "Bearer x", err: ErrNoAuth},
		{in: "Sentrysentry_key=k", err: ErrNoAuth},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got, err := ParseAuth(tt.in)
			if diff := cmp.Diff(tt.want, got); diff != "" || !errors.Is(err, tt.err) {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func TestParseAuthQuery(t *testing.T) {
	tests := []struct {
		in   string
		want *Auth
		err  error
	}{
		{in: "sentry_version=7&sentry_key=k&sentry_client=sentry.javascript.browser%2F10.63.0", want: &Auth{"k", "7", "sentry.javascript.browser/10.63.0"}},
		{in: "sentry_key=k", want: &Auth{"k", "7", ""}},
		{in: "sentry_version=7", err: ErrBadAuth},
		{in: "sentry_release=r&sentry_environment=e", err: ErrNoAuth},
		{in: "a=b", err: ErrNoAuth},
		{in: "", err: ErrNoAuth},
		{in: "sentry_key=%zz", err: ErrNoAuth},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got, err := ParseAuthQuery(tt.in)
			if diff := cmp.Diff(tt.want, got); diff != "" || !errors.Is(err, tt.err) {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func FuzzDSN(f *testing.F) {
	f.Add("https://" + keyHex + ":@h:443/a/1")
	f.Add("Sentry sentry_key=k, sentry_version=7.0")
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := ParseDSN(s); err == nil {
			again, err := ParseDSN(d.String())
			if err != nil {
				t.Fatalf("%q written as %q: %v", s, d, err)
			}
			d.SecretKey = ""
			if diff := cmp.Diff(d, again); diff != "" {
				t.Fatalf("%q: %s", s, diff)
			}
		}
		if a, err := ParseAuth(s); err == nil && (a.PublicKey == "" || a.VersionNumber() < 0) {
			t.Errorf("%+v", a)
		}
		if a, err := ParseAuthQuery(s); err == nil && a.PublicKey == "" {
			t.Errorf("%+v", a)
		}
	})
}
