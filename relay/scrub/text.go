package scrub

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// What stands where something was taken out, and the rules that do it, in Relay's spelling.
const (
	filtered = "[Filtered]"

	rulePassword = "@password:filter"
	ruleFields   = "strip-fields"
	ruleCookies  = "@anything:filter"
	ruleRemoved  = "@anything:remove"
	ruleBearer   = "@bearer"
	ruleToken    = "@token" // JSON web tokens
	ruleCard     = "@creditcard"
	ruleSSN      = "@usssn"
	ruleIBAN     = "@iban"
	rulePEM      = "@pemkey"
	ruleURLAuth  = "@urlauth"
	ruleUserPath = "@userpath"
	ruleEmail    = "@email"
	ruleIP       = "@ip:replace"
	ruleLimit    = "!limit"
)

// finding is a part of a text to be replaced.
type finding struct {
	start, end int
	with       string
	rule       string
}

// remark says what was changed of a value; positions count characters of the new text.
type remark struct {
	rule       string
	removed    bool
	start, end int
}

// text scrubs a text. Remarks are nil when nothing was found; the text is then returned as it is.
func (s *Scrubber) text(t string, m mode) (string, []remark) {
	if m == modeNone || opaque(t) {
		return t, nil
	}
	if m&byWord != 0 && s.defaults {
		if isURL(t) {
			m = modeKept
		} else if secretText(t) {
			return filtered, whole(rulePassword)
		}
	}
	f := s.find(t, m)
	if len(f) == 0 {
		return t, nil
	}
	return replace(t, f)
}

func whole(rule string) []remark { return []remark{{rule: rule, end: len(filtered)}} }

// opaque tells texts that say nothing, or were scrubbed already.
func opaque(t string) bool {
	switch t {
	case "", "true", "false", "null", "undefined", filtered:
		return true
	}
	return false
}

// isURL says whether all of a text is a URL or its path. Words in it say where, not what.
func isURL(t string) bool {
	if strings.ContainsAny(t, " \t\r\n\"'{}<>") {
		return false
	}
	if t[0] == '/' {
		return !hasFold(t, "/home/") && !hasFold(t, "/users/")
	}
	i := strings.Index(t, "://")
	if i < 1 || i > 20 {
		return false
	}
	for j := range i {
		if !isWord(t[j]) && t[j] != '+' && t[j] != '-' && t[j] != '.' {
			return false
		}
	}
	return true
}

// find lists what is to be replaced, each part of the text at most once.
func (s *Scrubber) find(t string, m mode) []finding {
	var f []finding
	has := survey(t)
	if s.defaults && m&inPlace != 0 {
		if has.dash5 {
			f = findPEM(f, t)
		}
		if has.bearer {
			f = findBearer(f, t)
		}
		if has.jwt {
			f = findJWT(f, t)
		}
		if has.at && has.slashes {
			f = findURLAuth(f, t)
		}
		if has.digits >= 9 {
			f = findCards(f, t)
			f = findSSN(f, t)
		}
		if has.digits >= 2 {
			f = findIBAN(f, t)
		}
	}
	if m&byAssign != 0 && has.assign && (s.defaults || len(s.sensitive) > 0) {
		f = s.findAssigned(f, t)
	}
	if s.defaults && m&emails != 0 && has.at {
		f = findEmails(f, t)
	}
	if s.defaults && m&userDirs != 0 && has.dir {
		f = findUserDirs(f, t)
	}
	if s.addresses && has.address {
		f = findAddresses(f, t, s.truncate)
	}
	label(f, m)
	return apart(f)
}

// survey tells in one pass what may be in a text, so that most texts need no second one.
func survey(t string) (has struct {
	at, slashes, assign, dash5, bearer, jwt, dir, address bool
	digits                                                int
}) {
	colons, dots := 0, 0
	for i := 0; i < len(t); i++ {
		switch c := t[i]; c {
		case '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			has.digits++
		case '@':
			has.at = true
		case '=':
			has.assign = true
		case ':':
			has.assign = true
			colons++
		case '.':
			dots++
		case '-':
			has.dash5 = has.dash5 || strings.HasPrefix(t[i:], "-----")
		case '/', '\\':
			has.dir = true
			has.slashes = has.slashes || strings.HasPrefix(t[i:], "//")
		case 'b', 'B':
			has.bearer = has.bearer || hasFold(t[i:], "bearer")
		case 'e':
			has.jwt = has.jwt || strings.HasPrefix(t[i:], "eyJ")
		}
	}
	has.address = colons >= 2 || dots >= 3
	return has
}

// label turns findings' replacements into names of what was there, where the mode asks for it.
func label(f []finding, m mode) {
	for i := range f {
		suffix := ":filter"
		switch f[i].rule {
		case ruleBearer, ruleCard, ruleSSN, ruleIBAN:
			if m&labelled != 0 {
				suffix = ":replace"
			} else {
				f[i].with = filtered
			}
		case ruleToken, rulePEM, ruleURLAuth:
		case ruleEmail, ruleUserPath:
			suffix = ":replace"
		default: // has its suffix, or needs none
			suffix = ""
		}
		f[i].rule += suffix
	}
}

// apart sorts findings and drops those within others.
func apart(f []finding) []finding {
	slices.SortStableFunc(f, func(a, b finding) int {
		if a.start != b.start {
			return a.start - b.start
		}
		return b.end - a.end
	})
	kept := f[:0]
	end := 0
	for _, x := range f {
		if x.start >= end {
			kept = append(kept, x)
			end = x.end
		}
	}
	return kept
}

func replace(t string, f []finding) (string, []remark) {
	var b strings.Builder
	remarks := make([]remark, 0, len(f))
	pos, chars := 0, 0
	for _, x := range f {
		b.WriteString(t[pos:x.start])
		chars += utf8.RuneCountInString(t[pos:x.start])
		b.WriteString(x.with)
		remarks = append(remarks, remark{rule: x.rule, start: chars, end: chars + utf8.RuneCountInString(x.with)})
		chars += utf8.RuneCountInString(x.with)
		pos = x.end
	}
	b.WriteString(t[pos:])
	return b.String(), remarks
}
