package grouping

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// maxWords bounds the text that is looked at, in bytes: what differs after that is data.
const maxWords = 1024

// valuesV1 finds what is data in a message. The order matters: the first that fits at a place wins.
var valuesV1 = regexp.MustCompile(`(?i)` + strings.Join([]string{
	`(?P<url>\b[a-z][a-z0-9+.-]*://[^\s"'<>()\[\]{}|\\^` + "`" + `]*[^\s"'<>()\[\]{}|\\^` + "`" + `.,:;!?])`,
	`(?P<email>\b[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}\b)`,
	`(?P<uuid>\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b)`,
	`(?P<date>\b\d{4}-\d{2}-\d{2}(?:[t ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s?(?:z|utc|gmt|[+-]\d{2}:?\d{2})?)?\b|\b\d{1,2}/\d{1,2}/\d{2,4}\b|\b(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?(?:\d{1,2}\s+)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+\d{1,4}(?:,?\s+\d{4})?(?:\s+\d{2}:\d{2}:\d{2})?(?:\s+(?:gmt|utc|[+-]\d{4}))?\b|\b\d{2}:\d{2}:\d{2}(?:[.,]\d+)?\b)`,
	`(?P<ip>\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?::\d+)?\b|\b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}\b|\b(?:[0-9a-f]{1,4}:)+:(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?|::1\b)`,
	`(?P<hex>\b0x[0-9a-f]+\b|\b[0-9a-f]*(?:\d[a-f]|[a-f]\d)[0-9a-f]{5,}\b|\b[0-9a-f]{5,}(?:\d[a-f]|[a-f]\d)[0-9a-f]*\b|\b[0-9a-f]{32,}\b)`,
	`(?P<path>(?:\b[a-z]:)?\\[\w.$-]+(?:\\[\w.$-]+)+|/[\w.@~+-]+(?:/[\w.@~+*-]+)+/?)`,
	`(?P<duration>\b\d+(?:\.\d+)?(?:ns|µs|us|ms|s|m|h)(?:\d+(?:\.\d+)?(?:ms|s|m))*\b)`,
	`(?P<size>\b\d+(?:\.\d+)?\s?(?:[kmgt]i?b|bytes?)\b)`,
	`(?P<number>(?:\B[-+])?\b\d+(?:[.,]\d+)*(?:e[-+]?\d+)?\b|\d{3,})`,
}, "|"))

// quoted finds quoted values, with the word before them.
var quoted = regexp.MustCompile("(?:([\\w]+)[\\s:=(]*)?(\"[^\"\\n]*\"|'[^'\\n]*'|`[^`\\n]*`|“[^”\\n]*”|‘[^’\\n]*’)")

// nameWords come before the name of a thing of the program, which is not data: reading 'price'.
const nameWords = " reading setting property properties attribute method function module named column table relation class evaluating" +
	" field variable name key identifier symbol constraint index type import export operator keyword token element component "

// parameterizeV1 replaces the values in a message by their kind, so that what is left is what the
// programmer wrote: "order 4711 of a@b.c failed" is "order <number> of <email> failed".
func parameterizeV1(s string) string {
	if len(s) > maxWords {
		s = s[:maxWords]
		for len(s) > 0 && !utf8.ValidString(s[max(0, len(s)-4):]) && s[len(s)-1]&0xC0 == 0x80 {
			s = s[:len(s)-1]
		}
	}
	s = strings.Join(strings.Fields(s), " ")
	s = replaceQuoted(s)
	if !strings.ContainsAny(s, `0123456789@/\`) {
		return s // every kind of value has one of these
	}
	names := valuesV1.SubexpNames()
	var b strings.Builder
	last := 0
	for _, m := range valuesV1.FindAllStringSubmatchIndex(s, -1) {
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

func replaceQuoted(s string) string {
	if !strings.ContainsAny(s, "\"'`“‘") {
		return s
	}
	var b strings.Builder
	last := 0
	for _, m := range quoted.FindAllStringSubmatchIndex(s, -1) {
		if m[2] >= 0 && strings.Contains(nameWords, " "+strings.ToLower(s[m[2]:m[3]])+" ") {
			continue
		}
		// "don't … can't": an apostrophe inside of a word opens nothing.
		if s[m[4]] == '\'' && m[4] > 0 && isLetter(s[m[4]-1]) {
			continue
		}
		b.WriteString(s[last:m[4]])
		b.WriteString("<quoted>")
		last = m[5]
	}
	b.WriteString(s[last:])
	return b.String()
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
