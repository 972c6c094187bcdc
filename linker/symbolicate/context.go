package symbolicate

import (
	"strings"
	"unicode/utf8"

	"github.com/hindsight-dev/hindsight/envelope"
)

const (
	contextLines = 5   // before and after
	maxLine      = 200 // bytes of a line that is shown
)

// lineAt gives a line of a text, from 0, and where the next one begins.
func lineAt(text string, line int) (start, end int, ok bool) {
	for range line {
		i := strings.IndexByte(text[start:], '\n')
		if i < 0 {
			return 0, 0, false
		}
		start += i + 1
	}
	end = len(text)
	if i := strings.IndexByte(text[start:], '\n'); i >= 0 {
		end = start + i
	}
	return start, end, true
}

// putContext gives a frame the lines of source around a place; line and column count from 0.
func putContext(f *envelope.Frame, text string, line, column int) bool {
	start, end, ok := lineAt(text, line)
	if !ok {
		return false
	}
	f.ContextLine = trimLine(text[start:end], column)
	f.PreContext, f.PostContext = nil, nil
	for at := start; len(f.PreContext) < contextLines && at > 0; {
		from := strings.LastIndexByte(text[:at-1], '\n') + 1
		f.PreContext = append([]string{trimLine(text[from:at-1], 0)}, f.PreContext...)
		at = from
	}
	for at := end; len(f.PostContext) < contextLines && at+1 < len(text); {
		to := len(text)
		if i := strings.IndexByte(text[at+1:], '\n'); i >= 0 {
			to = at + 1 + i
		}
		f.PostContext = append(f.PostContext, trimLine(text[at+1:to], 0))
		at = to
	}
	return true
}

// trimLine cuts a long line down to what is around a column, as Sentry shows minified code.
func trimLine(s string, column int) string {
	s = strings.TrimSuffix(s, "\r")
	if len(s) <= maxLine {
		return strings.ToValidUTF8(s, "�")
	}
	from := max(0, min(column-maxLine/2, len(s)-maxLine))
	to := min(len(s), from+maxLine)
	for from > 0 && !utf8.RuneStart(s[from]) {
		from--
	}
	for to < len(s) && !utf8.RuneStart(s[to]) {
		to--
	}
	out := strings.ToValidUTF8(s[from:to], "�")
	if from > 0 {
		out = "{snip} " + out
	}
	if to < len(s) {
		out += " {snip}"
	}
	return out
}
