package store

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"strings"

	"github.com/uptrace/bun"
)

// Tag is something an event can be found by. A key that begins with [MarkPrefix] names a field that is searched
// like a tag but is not shown as one.
type Tag struct{ Key, Value string }

// MarkPrefix begins the keys of what is searched but was not tagged. No sender's tag can have such a key.
const MarkPrefix = "@"

// Bounds of what is counted. An exact value is found among events however many there are; patterns, distributions
// and the tags of issues know this many values of a key.
const (
	maxIssueValues   = 1_000
	maxProjectValues = 50_000
	maxIssueTexts    = 100
	maxIssueText     = 4_000 // bytes
)

// EventTag leads from a tag to an event. Tag is what [TagHash] makes of the organisation, key and value.
type EventTag struct {
	bun.BaseModel `bun:"table:event_tags,alias:et"`

	Tag         int64  `bun:"tag,pk"`
	TimestampMS int64  `bun:"timestamp_ms,pk"`
	EventID     string `bun:"event_id,pk"`
	ProjectID   int64  `bun:"project_id,pk"`
}

// TagCount says how many events of an issue or a project (the owner) had a value. The tables issue_tags and
// project_tags are made of these; project_tags has a size besides, see [tagCounter.resize].
type TagCount struct {
	bun.BaseModel `bun:"table:issue_tags,alias:tc"`

	OwnerID int64  `bun:"owner_id,pk"`
	Key     string `bun:"key,pk"`
	Value   string `bun:"value,pk"`
	OrgID   int64  `bun:"org_id"`
	Events  int64  `bun:"events"`
	FirstMS int64  `bun:"first_ms"`
	LastMS  int64  `bun:"last_ms"`
}

// TagKey sums [TagCount] by key: ValuesKept are the rows there are, and Cut says that there were more values.
type TagKey struct {
	bun.BaseModel `bun:"table:issue_tag_keys,alias:tk"`

	OwnerID    int64  `bun:"owner_id,pk"`
	Key        string `bun:"key,pk"`
	OrgID      int64  `bun:"org_id"`
	Events     int64  `bun:"events"`
	ValuesKept int64  `bun:"values_kept"`
	Cut        bool   `bun:"cut"`
}

// IssueText is a text of an issue's events, folded, to be searched for a part of it.
type IssueText struct {
	bun.BaseModel `bun:"table:issue_texts,alias:ix"`

	ID      int64  `bun:"id,pk,autoincrement"`
	OrgID   int64  `bun:"org_id"`
	IssueID int64  `bun:"issue_id"`
	Hash    int64  `bun:"hash"`
	Text    string `bun:"text"`
	Last    bool   `bun:"is_last"`
}

// TagHash names a tag of an organisation by a number: the Tag of an [EventTag].
func TagHash(org int64, key, value string) int64 {
	var id [8]byte
	binary.BigEndian.PutUint64(id[:], uint64(org))
	return hash63(string(id[:]) + key + "\x00" + value)
}

func hash63(s string) int64 {
	sum := sha256.Sum256([]byte(s))
	return int64(binary.BigEndian.Uint64(sum[:8]) >> 1)
}

// tagsJSON is the column of an event's tags: of a key that comes twice the first counts.
func tagsJSON(tags []Tag) (string, error) {
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		if _, ok := m[t.Key]; !ok {
			m[t.Key] = t.Value
		}
	}
	b, err := json.Marshal(m)
	return string(b), err
}

// TagsOf reads an event's column of tags.
func TagsOf(column string) map[string]string {
	m := map[string]string{}
	_ = json.Unmarshal([]byte(column), &m) // written by tagsJSON; what is broken has none
	return m
}

// fold brings a text into the case that searches compare in: both engines can do it only for ASCII alike.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
