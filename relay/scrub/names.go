package scrub

import "strings"

// sensitiveName says whether a name's value is to be filtered whole, and by which rule.
func (s *Scrubber) sensitiveName(name string) (rule string, yes bool) {
	if s.defaults && secretName(name) {
		return rulePassword, true
	}
	if len(s.sensitive) > 0 {
		lower := strings.ToLower(name)
		for _, f := range s.sensitive {
			if strings.Contains(lower, f) {
				return ruleFields, true
			}
		}
	}
	return "", false
}

// safeName says whether the project asked to leave a name alone.
func (s *Scrubber) safeName(name string) bool {
	return len(s.safe) > 0 && s.safe[strings.ToLower(name)]
}

// secretName is Sentry's default: a name that contains one of these.
func secretName(name string) bool {
	for i := 0; i+3 < len(name); i++ {
		if secretAt(name, i) > 0 || hasFold(name[i:], "token") {
			return !countsTokens(name)
		}
	}
	return equalFold(name, "otp") || equalFold(name, "two-factor") || equalFold(name, "two_factor")
}

// countsTokens tells the names that count a language model's tokens.
func countsTokens(name string) bool {
	return (hasFold(name, "gen_ai.") || hasFold(name, "ai.")) && strings.Contains(name, "tokens")
}

// secretAt returns the length of the sensitive word at i, 0 for none. "token" is not among them:
// as part of a name it is sensitive, in text only before ":" or "=".
func secretAt(s string, i int) int {
	switch s[i] | 0x20 {
	case 'p':
		return anyFold(s[i:], "password", "passwd", "privatekey", "private_key", "private-key")
	case 's':
		return anyFold(s[i:], "secret")
	case 'a':
		return anyFold(s[i:], "auth", "apikey", "api_key", "api-key")
	case 'c':
		return anyFold(s[i:], "credentials")
	case 'm':
		return anyFold(s[i:], "mysql_pwd")
	}
	return 0
}

// secretText says whether text holds a sensitive word, which filters all of it.
func secretText(s string) bool {
	for i := 0; i+3 < len(s); i++ {
		if secretAt(s, i) > 0 {
			return true
		}
		if (s[i]|0x20) == 't' && hasFold(s[i:], "token") && assigned(s[i+len("token"):]) {
			return true
		}
	}
	return equalFold(s, "otp") || equalFold(s, "two-factor") || equalFold(s, "two_factor")
}

// maxAssigned bounds how far after "token" its ":" or "=" may stand.
const maxAssigned = 64

// assigned says whether ":" or "=" follows before any blank.
func assigned(s string) bool {
	for i := 0; i < len(s) && i < maxAssigned; i++ {
		switch s[i] {
		case ':', '=':
			return true
		case ' ', '\t', '\r', '\n':
			return false
		}
	}
	return false
}

// sensitiveCookie tells the session and forgery-protection cookies of common frameworks.
func sensitiveCookie(name string) bool {
	switch strings.ToLower(name) {
	case "sentrysid", "sudo", "su", "session", "__session", "sessionid", "user_session", "symfony",
		"phpsessid", "fasthttpsessionid", "mysession", "irissessionid", "_vercel_jwt", "csrf",
		"xsrf", "_xsrf", "_csrf", "csrf-token", "csrf_token", "xsrf-token", "xsrf_token",
		"fastcsrf", "_iris_csrf":
		return true
	}
	return false
}

func anyFold(s string, words ...string) int {
	for _, w := range words {
		if hasFold(s, w) {
			return len(w)
		}
	}
	return 0
}

// hasFold says whether s begins with a lower-case ASCII word, in any case.
func hasFold(s, word string) bool {
	return len(s) >= len(word) && equalFold(s[:len(word)], word)
}

// equalFold compares with a lower-case ASCII word. strings.EqualFold would take the Kelvin sign
// for a k.
func equalFold(s, word string) bool {
	if len(s) != len(word) {
		return false
	}
	for i := range len(word) {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != word[i] {
			return false
		}
	}
	return true
}
