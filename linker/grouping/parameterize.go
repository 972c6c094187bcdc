package grouping

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// valuesV2 finds what is data in a message. The order matters: the first that fits at a place wins. All of it is
// RE2, whose time is linear to the text.
var valuesV2 = regexp.MustCompile(`(?i)` + strings.Join([]string{
	`(?P<url>\b[a-z][a-z0-9+.-]*://[^\s"'<>()\[\]{}|\\^` + "`" + `]*[^\s"'<>()\[\]{}|\\^` + "`" + `.,:;!?])`,
	`(?P<email>\b[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}\b)`,
	`(?P<token>\beyJ[\w-]{8,}(?:\.[\w-]+)*|\barn:aws[\w-]*:[\w:/.*-]+)`,
	`(?P<uuid>\b[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b)`,
	`(?P<date>\b\d{4}-\d{2}-\d{2}(?:[t ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?(?:z|utc|gmt|[+-]\d{2}:?\d{2}))?)?\b|\b\d{4}/\d{2}/\d{2}(?: \d{2}:\d{2}:\d{2})?\b|\b\d{1,2}/\d{1,2}/\d{2,4}\b|\b(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?(?:\d{1,2}[ -])?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?[ -]\d{1,4}(?:,?\s+\d{4})?(?:\s+\d{2}:\d{2}:\d{2})?(?:\s+(?:gmt|utc|[+-]\d{4}))?\b|\b\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?(?:\s?[ap]m)?\b)`,
	`(?P<mac>\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b)`,
	`(?P<ip>\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?:/\d{1,2})?(?::\d+)?\b|\b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}\b|\b(?:[0-9a-f]{1,4}:)+:(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?|::1\b)`,
	`(?P<hex>\b0x[0-9a-f]+\b|\b[0-9a-f]*(?:\d[a-f]|[a-f]\d)[0-9a-f]{5,}\b|\b[0-9a-f]{5,}(?:\d[a-f]|[a-f]\d)[0-9a-f]*\b|\b[0-9a-f]{32,}\b)`,
	`(?P<id>\b[a-z]{2,12}[_-](?:[a-z]{2,6}_)?(?:[a-z]*\d[a-z0-9]*){2,}[a-z0-9]{6,}\b|\b[a-z0-9]*(?:\d[a-z]+){3,}[a-z0-9]{8,}\b)`,
	`(?P<path>(?:\b[a-z]:)?\\[\w.$-]+(?:\\[\w.$-]+)+|/[\w.@~+%-]+(?:/[\w.@~+*%-]+)+/?(?::\d+(?::\d+)?)?)`,
	`(?P<duration>\b\d+(?:\.\d+)?\s?(?:ns|µs|us|ms|msecs?|milliseconds?|secs?|seconds?|mins?|minutes?|hours?|days?)\b|\b\d+(?:\.\d+)?[smhd](?:\d+(?:\.\d+)?(?:ms|s|m))*\b)`,
	`(?P<size>\b\d+(?:\.\d+)?\s?(?:[kmgt]i?b|bytes?)\b)`,
	`(?P<number>(?:\B[-+])?\b\d+(?:[.,_]\d+)*(?:e[-+]?\d+)?%?|\d{3,})`,
}, "|"))

// Parameterize replaces the values in a message by their kind, so that what is left is what the
// programmer wrote: "order 4711 of a@b.c failed" is "order <number> of <email> failed".
func Parameterize(s string) string {
	if len(s) > maxWords {
		s = s[:maxWords]
		for len(s) > 0 && !utf8.ValidString(s[max(0, len(s)-4):]) && s[len(s)-1]&0xC0 == 0x80 {
			s = s[:len(s)-1]
		}
	}
	s = strings.Join(strings.Fields(s), " ")
	s = replaceQuoted(replaceJSON(s))
	if !strings.ContainsAny(s, `0123456789@/\`) && !strings.Contains(s, "eyJ") {
		return s // every kind of value has one of these
	}
	names := valuesV2.SubexpNames()
	var b strings.Builder
	last := 0
	for _, m := range valuesV2.FindAllStringSubmatchIndex(s, -1) {
		for i := 1; i < len(names); i++ {
			if m[2*i] >= 0 {
				b.WriteString(s[last:m[0]])
				b.WriteString("<" + names[i] + ">")
				last = m[1]
				break
			}
		}
	}
	b.WriteString(s[last:])
	return b.String()
}

// replaceJSON replaces objects and lists that somebody printed into a message. It goes over the text once: one that is
// not closed ends it.
func replaceJSON(s string) string {
	if !strings.ContainsAny(s, "{[") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '{' && s[i] != '[' || !opensJSON(s[i:]) {
			b.WriteByte(s[i])
			i++
			continue
		}
		end := closing(s[i:])
		if end < 0 { // cut off: the rest is data
			b.WriteString("<json>")
			return b.String()
		}
		b.WriteString("<json>")
		i += end + 1
	}
	return b.String()
}

// opensJSON looks at what follows a bracket: a member or a first element.
func opensJSON(s string) bool {
	rest := strings.TrimLeft(s[1:], " ")
	if rest == "" {
		return false
	}
	if s[0] == '{' {
		if rest[0] != '"' && rest[0] != '\'' {
			return false
		}
		end := strings.IndexByte(rest[1:], rest[0])
		return end >= 0 && strings.HasPrefix(strings.TrimLeft(rest[end+2:], " "), ":")
	}
	return rest[0] == '{' && opensJSON(rest) || (rest[0] == '"' || rest[0] >= '0' && rest[0] <= '9') && strings.ContainsRune(rest, ',')
}

// closing gives where the bracket at the start is closed, quotes taken into account; -1 when it is not.
func closing(s string) int {
	depth, quote := 0, byte(0)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote != 0:
			if c == '\\' {
				i++
			} else if c == quote {
				quote = 0
			}
		case c == '"':
			quote = c
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}
