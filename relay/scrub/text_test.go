package scrub

import "testing"

func TestText(t *testing.T) {
	const pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIabc\ndef\n-----END RSA PRIVATE KEY-----"
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlc2ln"
	tests := []struct {
		name, in, data, prose string // "": unchanged
	}{
		{"visa", "pay 4111 1111 1111 1111 now", "pay [Filtered] now", "pay [creditcard] now"},
		{"amex", "3782-822463-10005", "[Filtered]", "[creditcard]"},
		{"mastercard", "5555555555554444.", "[Filtered].", "[creditcard]."},
		{"with its date", "4242424242424242 12/30", "[Filtered] 12/30", "[creditcard] 12/30"},
		{"Luhn is wrong", "4111111111111112", "", ""},
		{"not an issuer's", "1795168826394000", "", ""},
		{"within a word", "a4111111111111111", "", ""},
		{"within more digits", "41111111111111110", "", ""},
		{"a fraction", "0.4111111111111111", "", ""},
		{"SSN", "ssn 078-05-1120 ok", "ssn [Filtered] ok", "ssn [us-ssn] ok"},
		{"no SSN", "2026-11-20, 1078-05-1120", "", ""},
		{"IBAN", "to DE89370400440532013000.", "to [Filtered].", "to [iban]."},
		{"IBAN in groups", "to DE89 3704 0044 0532 0130 00 now", "to [Filtered] now", "to [iban] now"},
		{"groups that are none", "IN 12 or DE89 3704 0044 0532 0130 01", "", ""},
		{"no country", "ZZ89370400440532013000", "", ""},
		{"bearer", "got Bearer abc.def, then", "got [Filtered] then", "got Bearer [token] then"},
		{"bearer of nothing", "the bearer", "", ""},
		{"JWT", "jwt " + jwt + " sent", "jwt [Filtered] sent", "jwt [Filtered] sent"},
		{"key", "k " + pem, "k -----BEGIN RSA PRIVATE KEY-----\n[Filtered]\n-----END RSA PRIVATE KEY-----", "k -----BEGIN RSA PRIVATE KEY-----\n[Filtered]\n-----END RSA PRIVATE KEY-----"},
		{"key cut off", "-----BEGIN PUBLIC KEY-----\nMIIabc", "-----BEGIN PUBLIC KEY-----\n[Filtered]\n", "-----BEGIN PUBLIC KEY-----\n[Filtered]\n"},
		{"certificate", "-----BEGIN CERTIFICATE-----\nMIIabc", "", ""},
		{"URL with login", "see https://jane:pw@shop.test/a or postgres://u:p@db/x", "see https://[Filtered]@shop.test/a or postgres://[Filtered]@db/x", "see https://[Filtered]@shop.test/a or postgres://[Filtered]@db/x"},
		{"at in a path", "https://shop.test/@jane", "", ""},
		{"user's directory", "open /home/jane/a.txt and C:\\Users\\Jane Doe\\b", "open /home/[user]/a.txt and C:\\Users\\[user]\\b", "open /home/jane/a.txt and C:\\Users\\Jane Doe\\b"},
		{"e-mail", "mail jane.doe+x@example.test.", "", "mail [email]."},
		{"no e-mail", "a @ b, @jane, x@y", "", ""},
		{"word", "wrong password", "[Filtered]", ""},
		{"word in a URL", "https://shop.test/auth/login", "", ""},
		{"word in a path", "/auth/login", "", ""},
		{"value in a URL", "https://shop.test/?a=1&access_token=x&b=2", "https://shop.test/?a=1&access_token=[Filtered]&b=2", "https://shop.test/?a=1&access_token=[Filtered]&b=2"},
		{"assigned", "login with passwd=x; next", "[Filtered]", "login with passwd=[Filtered]; next"},
		{"assigned in quotes", `{"api_key": "a b", "c": 1}`, "[Filtered]", `{"api_key": "[Filtered]", "c": 1}`},
		{"assigned in escaped quotes", `{\"secret\":\"a b\"}`, "[Filtered]", `{\"secret\":\"[Filtered]\"}`},
		{"header in text", "Authorization: Basic abc== ok", "[Filtered]", "Authorization: [Filtered] ok"},
		{"a word before a colon", "authentication: failed", "[Filtered]", ""},
		{"token of a parser", "unexpected token", "", ""},
		{"token before a colon", "Unexpected token: x", "[Filtered]", "Unexpected token: [Filtered]"},
		{"says nothing", "null", "", ""},
		{"empty", "", "", ""},
	}
	s := New(DefaultConfig())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, c := range []struct {
				mode mode
				want string
			}{{modeData, tt.data}, {modeProse, tt.prose}} {
				want := c.want
				if want == "" {
					want = tt.in
				}
				got, remarks := s.text(tt.in, c.mode)
				if got != want || (remarks == nil) != (got == tt.in) {
					t.Errorf("mode %b: %q, want %q (%v)", c.mode, got, want, remarks)
				}
				if again, r := s.text(got, c.mode); r != nil {
					t.Errorf("mode %b: a second time %q", c.mode, again)
				}
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	s := New(Config{ScrubIPAddresses: true})
	for in, want := range map[string]string{
		"from 10.0.0.1.":             "from [ip].",
		"10.0.0.1:8080":              "[ip]:8080",
		"http://10.0.0.1/x":          "http://[ip]/x",
		"[2001:db8::1]:80":           "[[ip]]:80",
		"::1":                        "[ip]",
		"fe80::1 and ::ffff:1.2.3.4": "[ip] and [ip]",
		"at 12:30:45":                "at 12:30:45",
		"std::vector":                "std::vector",
		"1.2.3":                      "1.2.3",
		"1.2.3.4.5":                  "1.2.3.4.5",
		"999.0.0.1":                  "999.0.0.1",
	} {
		if got, _ := s.text(in, modeValue); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
