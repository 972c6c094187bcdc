package store

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Scope is the organisation on whose behalf something is read or changed. It comes from what was
// authorised (a membership, a token), never from a request's own words; every query on a tenant's
// rows takes one and carries its id.
type Scope struct {
	OrgID int64
}

// numericID gives the number of a "slug or numeric id" as the API's paths have it. Slugs are never all
// digits, so there is no doubt which of the two is meant.
func numericID(slugOrID string) (int64, bool) {
	n, err := strconv.ParseInt(slugOrID, 10, 64)
	return n, err == nil && n > 0
}

// maxSlug and maxName bound what people type, in bytes and in characters.
const (
	maxSlug = 50
	maxName = 200
)

// checkSlug says whether s may be a slug: lower-case letters, digits, - and _, not only digits
// (those are ids), at most 50.
func checkSlug(s string) error {
	if s == "" || len(s) > maxSlug {
		return fmt.Errorf("%w: a slug has 1 to %d characters", ErrInvalid, maxSlug)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return !slugRune(r) }) {
		return fmt.Errorf("%w: a slug has only lower-case letters, digits, - and _", ErrInvalid)
	}
	if strings.Trim(s, "0123456789") == "" {
		return fmt.Errorf("%w: a slug is not only digits", ErrInvalid)
	}
	if s[0] == '-' || s[len(s)-1] == '-' {
		return fmt.Errorf("%w: a slug does not begin or end with -", ErrInvalid)
	}
	return nil
}

func slugRune(r rune) bool {
	return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' || r == '_'
}

// slugify makes a slug of a name; fallback is for a name without a usable character.
func slugify(name, fallback string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case slugRune(r) && r != '-':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= maxSlug-6 { // room for a suffix
			break
		}
	}
	s := strings.Trim(b.String(), "-")
	if s == "" {
		return fallback
	}
	if strings.Trim(s, "0123456789") == "" {
		return fallback + "-" + s
	}
	return s
}

// checkName says whether s may be shown as a name: some text, no control characters.
func checkName(what, s string) error {
	if strings.TrimSpace(s) == "" {
		return fmt.Errorf("%w: %s is empty", ErrInvalid, what)
	}
	return checkText(what, s)
}

// checkText is checkName for what may be empty.
func checkText(what, s string) error {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxName {
		return fmt.Errorf("%w: %s is longer than %d characters or not UTF-8", ErrInvalid, what, maxName)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return fmt.Errorf("%w: %s has control characters", ErrInvalid, what)
	}
	return nil
}
