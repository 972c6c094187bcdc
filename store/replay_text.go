package store

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode"

	"github.com/uptrace/bun"
)

// ReplayScreen is what was on screen during one segment: Words as [Words] makes them, in the order of the
// page, and when the page changed.
type ReplayScreen struct {
	bun.BaseModel `bun:"table:replay_screens,alias:rsc"`

	ID        int64  `bun:"id,pk,autoincrement"`
	OrgID     int64  `bun:"org_id"`
	ReplayID  string `bun:"replay_id"`
	SegmentID int64  `bun:"segment_id"`
	BodyHash  string `bun:"body_hash"`
	Words     string `bun:"words"`
	Changes   []byte `bun:"changes"`
	Hand      []byte `bun:"hand"` // zstd JSON of what was touched, and of what the page called it
}

// Bounds of the words of one segment. Postgres numbers no more than 16383 words of a text.
const (
	MaxScreenWords = 10_000
	maxWordRunes   = 40
)

// Words brings a text into the form that is searched on both engines: lower case, words apart by one space.
// A word is a run of letters, digits and marks; scripts that are written without spaces give one word per
// sign, so that a phrase finds what stands in the middle of a sentence.
func Words(text string, limit int) string {
	var b strings.Builder
	n, runes := 0, 0
	end := func() {
		if runes > 0 {
			n, runes = n+1, 0
		}
	}
	for _, r := range text {
		if n >= limit {
			break
		}
		alone := unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
			end()
			continue
		}
		if alone {
			end()
		}
		if runes >= maxWordRunes {
			continue
		}
		if runes == 0 && b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
		if runes++; alone {
			end()
		}
	}
	return b.String()
}

// shownWords is the condition that a screen shows words one after the other, as the engine asks it; the
// argument is the phrase in the form of [Words].
func (s *Store) shownWords() string {
	if s.postgres() {
		return "to_tsvector('simple', fx.words) @@ phraseto_tsquery('simple', ?)"
	}
	return "fx.id IN (SELECT rowid FROM replay_words WHERE replay_words MATCH ?)"
}

// phrase is the argument of [Store.shownWords].
func (s *Store) phrase(words string) string {
	if s.postgres() {
		return words
	}
	return `"` + words + `"` // there are no quotes in words
}

// maxChanges bounds the moments of change that a segment keeps.
const maxChanges = 5_000

// EncodeChanges packs the moments at which a page changed, ms, keeping the first in each tenth of a second.
func EncodeChanges(ms []int64) []byte {
	ms = slices.Sorted(slices.Values(ms))
	var out []byte
	last := int64(0)
	for i, n := 0, 0; i < len(ms) && n < maxChanges; i++ {
		if t := ms[i] / 100; t > last {
			out = binary.AppendUvarint(out, uint64(t-last))
			last = t
			n++
		}
	}
	return out
}

// DecodeChanges is the inverse of [EncodeChanges], with the precision it kept.
func DecodeChanges(b []byte) []int64 {
	var out []int64
	at := int64(0)
	for len(b) > 0 && len(out) < maxChanges {
		d, n := binary.Uvarint(b)
		if n <= 0 || d > 1<<50 {
			break
		}
		b = b[n:]
		at += int64(d)
		out = append(out, at*100)
	}
	return out
}
