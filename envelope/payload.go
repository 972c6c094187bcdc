package envelope

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// errNotObject is what every typed payload reader says of other JSON, or none.
var errNotObject = errors.New("payload is not a JSON object")

// readObject calls fn for each member of a payload that must be one JSON object, after a check
// of all of it.
func readObject(payload []byte, fn func(name string, v []byte)) error {
	if i := skipSpace(payload, 0); i == len(payload) || payload[i] != '{' || !json.Valid(payload) {
		return errNotObject
	}
	eachMember(payload, fn)
	return nil
}

// shortText decodes a scalar as text of at most n characters, trimmed.
func shortText(v []byte, n int) string {
	s, _ := scalarText(v)
	return cutText(strings.TrimSpace(s), n)
}

// cutText keeps the first n characters.
func cutText(s string, n int) string {
	if len(s) <= n || utf8.RuneCountInString(s) <= n {
		return s
	}
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// Bounds of text, in characters, as events have them.
const (
	maxRelease     = 200
	maxEnvironment = 64
	maxShort       = 200
	maxMessage     = 4096
)

// releaseText reads a release; "" for what is not a release (event payload rules of Relay, but for the slash of npm
// packages with a scope).
func releaseText(v []byte) string {
	s := shortText(v, maxRelease)
	if s == "." || s == ".." || strings.EqualFold(s, "latest") || strings.Contains(s, "\\") || hasControl(s) {
		return ""
	}
	return s
}

// environmentText reads an environment; "" for what is not one.
func environmentText(v []byte) string {
	s := shortText(v, maxEnvironment)
	if s == "." || s == ".." || strings.EqualFold(s, "none") || strings.Contains(s, "/") || hasControl(s) {
		return ""
	}
	return s
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f })
}
