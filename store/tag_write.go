package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/hindsight-dev/hindsight/envelope"
)

// tags makes the batch's stored events searchable. It comes late in the transaction: the counts of a project are
// rows that all its batches change.
func (b *batch) tags(ctx context.Context) error {
	if len(b.stored) == 0 {
		return nil
	}
	if err := b.eventTags(ctx); err != nil {
		return fmt.Errorf("events: %w", err)
	}
	if err := keepTexts(ctx, b.tx, b.stored); err != nil {
		return fmt.Errorf("texts: %w", err)
	}
	for _, c := range []tagCounter{issueTags, projectTags} {
		if err := c.count(ctx, b.tx, b.stored); err != nil {
			return fmt.Errorf("%s: %w", c.values, err)
		}
	}
	return nil
}

// addColumns puts what columns say among the tags, where the sender's tags do not.
func (e *EventWrite) addColumns() {
	has := map[string]bool{}
	for _, t := range e.Tags {
		has[t.Key] = true
	}
	for _, t := range []Tag{{"level", e.Event.Level}, {"environment", e.Event.Environment}, {"release", e.Event.Release}, {"user", e.Event.UserKey}} {
		if t.Value != "" && !has[t.Key] {
			e.Tags = append(slices.Clip(e.Tags), t)
		}
	}
}

func (b *batch) eventTags(ctx context.Context) error {
	var rows []EventTag
	for _, e := range b.stored {
		for _, t := range e.Tags {
			rows = append(rows, EventTag{Tag: TagHash(e.Event.OrgID, t.Key, t.Value), TimestampMS: e.Event.TimestampMS, EventID: e.Event.EventID, ProjectID: e.Event.ProjectID})
		}
	}
	slices.SortFunc(rows, func(x, y EventTag) int {
		return cmp.Or(cmp.Compare(x.Tag, y.Tag), cmp.Compare(x.TimestampMS, y.TimestampMS), cmp.Compare(x.EventID, y.EventID), cmp.Compare(x.ProjectID, y.ProjectID))
	})
	return insertIgnore(ctx, b.tx, rows)
}

// tagCounter counts values per owner, in a table of values and one of keys. It keeps at most limit values of
// an owner's key. Sized tables have the most frequent values by an index.
type tagCounter struct {
	values, keys string
	limit        int64
	sized        bool
	of           func(*EventWrite) (owner int64, tags []Tag)
}

type ownerKey struct {
	owner int64
	key   string
}

func (c tagCounter) count(ctx context.Context, tx bun.Tx, stored []*EventWrite) error {
	rows, keys := c.sum(stored)
	if len(rows) == 0 {
		return nil
	}
	rows, err := c.fit(ctx, tx, rows, keys)
	if err != nil {
		return err
	}
	return c.add(ctx, tx, rows, keys)
}

// add adds counts to the tables; keys are sums of the rows, but for how many values are new.
func (c tagCounter) add(ctx context.Context, tx bun.Tx, rows []TagCount, keys map[ownerKey]*TagKey) error {
	for part := range slices.Chunk(rows, chunk) {
		var got []TagCount
		_, err := tx.NewInsert().Model(&part).ModelTableExpr("? AS tc", bun.Ident(c.values)).On("CONFLICT (owner_id, key, value) DO UPDATE").
			Set("events = tc.events + EXCLUDED.events").
			Set("first_ms = CASE WHEN EXCLUDED.first_ms < tc.first_ms THEN EXCLUDED.first_ms ELSE tc.first_ms END").
			Set("last_ms = CASE WHEN EXCLUDED.last_ms > tc.last_ms THEN EXCLUDED.last_ms ELSE tc.last_ms END").
			Returning("owner_id, key, value, events").Exec(ctx, &got)
		if err != nil {
			return err
		}
		added := make(map[TagCount]int64, len(part))
		for _, r := range part {
			added[TagCount{OwnerID: r.OwnerID, Key: r.Key, Value: r.Value}] = r.Events
		}
		var grown []TagCount
		for _, r := range got {
			before := r.Events - added[TagCount{OwnerID: r.OwnerID, Key: r.Key, Value: r.Value}]
			if before == 0 { // no more than we brought: it is new
				keys[ownerKey{r.OwnerID, r.Key}].ValuesKept++
			}
			if size := sizeOf(r.Events); size > 1 && size != sizeOf(before) {
				grown = append(grown, r)
			}
		}
		if c.sized {
			if err := c.resize(ctx, tx, grown); err != nil {
				return err
			}
		}
	}
	sums := make([]TagKey, 0, len(keys))
	for _, k := range keys {
		sums = append(sums, *k)
	}
	slices.SortFunc(sums, func(x, y TagKey) int { return cmp.Or(cmp.Compare(x.OwnerID, y.OwnerID), cmp.Compare(x.Key, y.Key)) })
	for part := range slices.Chunk(sums, chunk) {
		_, err := tx.NewInsert().Model(&part).ModelTableExpr("? AS tk", bun.Ident(c.keys)).On("CONFLICT (owner_id, key) DO UPDATE").
			Set("events = tk.events + EXCLUDED.events").Set("values_kept = tk.values_kept + EXCLUDED.values_kept").
			Set("cut = tk.cut OR EXCLUDED.cut").Returning("NULL").Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// sizeOf is how many bits a count has.
func sizeOf(events int64) int64 { return int64(bits.Len64(uint64(max(events, 0)))) }

// resize keeps the sizes of values that have one bit more of events than before. That is seldom: an index of the counts
// themselves would have to be written with every event.
func (c tagCounter) resize(ctx context.Context, tx bun.Tx, rows []TagCount) error {
	if len(rows) == 0 {
		return nil
	}
	var args []any
	var places []string
	for _, r := range rows {
		places, args = append(places, "(?, ?, ?, ?)"), append(args, r.OwnerID, r.Key, r.Value, sizeOf(r.Events))
	}
	args = append(args, bun.Ident(c.values))
	_, err := tx.NewRaw("WITH grown (owner_id, key, value, size) AS (VALUES "+strings.Join(places, ", ")+
		") UPDATE ? AS v SET size = grown.size FROM grown WHERE v.owner_id = grown.owner_id AND v.key = grown.key AND v.value = grown.value", args...).Exec(ctx)
	return err
}

// sum adds up the tags of events, in the order of the tables' keys.
func (c tagCounter) sum(stored []*EventWrite) ([]TagCount, map[ownerKey]*TagKey) {
	type valueKey struct {
		ownerKey
		value string
	}
	sums, keys := map[valueKey]*TagCount{}, map[ownerKey]*TagKey{}
	for _, e := range stored {
		owner, tags := c.of(e)
		ms, counted := e.Event.TimestampMS, map[string]bool{}
		for _, t := range tags {
			k := ownerKey{owner, t.Key}
			if keys[k] == nil {
				keys[k] = &TagKey{OwnerID: owner, Key: t.Key, OrgID: e.Event.OrgID}
			}
			if !counted[t.Key] { // of several values of a key the event counts once
				counted[t.Key] = true
				keys[k].Events++
			}
			s := sums[valueKey{k, t.Value}]
			if s == nil {
				s = &TagCount{OwnerID: owner, Key: t.Key, Value: t.Value, OrgID: e.Event.OrgID, FirstMS: ms, LastMS: ms}
				sums[valueKey{k, t.Value}] = s
			}
			s.Events++
			s.FirstMS, s.LastMS = min(s.FirstMS, ms), max(s.LastMS, ms)
		}
	}
	rows := make([]TagCount, 0, len(sums))
	for _, s := range sums {
		rows = append(rows, *s)
	}
	slices.SortFunc(rows, func(x, y TagCount) int {
		return cmp.Or(cmp.Compare(x.OwnerID, y.OwnerID), cmp.Compare(x.Key, y.Key), cmp.Compare(x.Value, y.Value))
	})
	return rows, keys
}

// fit leaves out new values of keys that are full, and marks their keys as cut.
func (c tagCounter) fit(ctx context.Context, tx bun.Tx, rows []TagCount, keys map[ownerKey]*TagKey) ([]TagCount, error) {
	fresh, owners, names := map[ownerKey]int64{}, []int64{}, []string{}
	for _, r := range rows {
		fresh[ownerKey{r.OwnerID, r.Key}]++
		owners, names = append(owners, r.OwnerID), append(names, r.Key)
	}
	var near []TagKey // those that the batch may fill
	err := tx.NewSelect().Model(&near).ModelTableExpr("? AS tk", bun.Ident(c.keys)).Where("owner_id IN (?)", bun.List(unique(owners))).
		Where("key IN (?)", bun.List(unique(names))).Where("values_kept > ?", c.limit-int64(len(rows))).Scan(ctx)
	if err != nil {
		return nil, err
	}
	room := map[ownerKey]int64{}
	for k, n := range fresh {
		if n > c.limit {
			room[k] = c.limit
		}
	}
	for _, k := range near {
		if k.ValuesKept+fresh[ownerKey{k.OwnerID, k.Key}] > c.limit {
			room[ownerKey{k.OwnerID, k.Key}] = max(c.limit-k.ValuesKept, 0)
		}
	}
	if len(room) == 0 {
		return rows, nil
	}
	known, err := c.known(ctx, tx, rows, room)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(rows, func(r TagCount) bool {
		k := ownerKey{r.OwnerID, r.Key}
		left, full := room[k]
		if !full || known[TagCount{OwnerID: r.OwnerID, Key: r.Key, Value: r.Value}] {
			return false
		}
		room[k] = left - 1
		keys[k].Cut = keys[k].Cut || left <= 0
		return left <= 0
	}), nil
}

// known gives those values of full keys that there are already.
func (c tagCounter) known(ctx context.Context, tx bun.Tx, rows []TagCount, full map[ownerKey]int64) (map[TagCount]bool, error) {
	values := map[ownerKey][]string{}
	for _, r := range rows {
		k := ownerKey{r.OwnerID, r.Key}
		if _, ok := full[k]; ok {
			values[k] = append(values[k], r.Value)
		}
	}
	known := map[TagCount]bool{}
	for k, vs := range values {
		var got []TagCount
		err := tx.NewSelect().Model(&got).ModelTableExpr("? AS tc", bun.Ident(c.values)).Column("owner_id", "key", "value").
			Where("owner_id = ? AND key = ?", k.owner, k.key).Where("value IN (?)", bun.List(vs)).Scan(ctx)
		if err != nil {
			return nil, err
		}
		for _, g := range got {
			known[TagCount{OwnerID: g.OwnerID, Key: g.Key, Value: g.Value}] = true
		}
	}
	return known, nil
}

func unique[T cmp.Ordered](in []T) []T { return slices.Compact(slices.Sorted(slices.Values(in))) }

// keepTexts keeps the texts of events.
func keepTexts(ctx context.Context, tx bun.Tx, es []*EventWrite) error {
	rows := make([]IssueText, len(es))
	for i, e := range es {
		text := issueText(e)
		rows[i] = IssueText{OrgID: e.Event.OrgID, IssueID: e.Event.IssueID, Hash: hash63(text), Text: text}
	}
	return addTexts(ctx, tx, rows)
}

// addTexts keeps the texts that their issues do not have yet. The transaction holds the issues.
func addTexts(ctx context.Context, tx bun.Tx, texts []IssueText) error {
	type textKey struct{ issue, hash int64 }
	fresh := map[textKey]IssueText{}
	var issues, hashes []int64
	for _, t := range texts {
		fresh[textKey{t.IssueID, t.Hash}] = t
		issues, hashes = append(issues, t.IssueID), append(hashes, t.Hash)
	}
	var there []IssueText
	err := tx.NewSelect().Model(&there).Column("issue_id", "hash").Where("issue_id IN (?)", bun.List(unique(issues))).
		Where("hash IN (?)", bun.List(unique(hashes))).Scan(ctx)
	if err != nil {
		return err
	}
	for _, t := range there {
		delete(fresh, textKey{t.IssueID, t.Hash})
	}
	if len(fresh) == 0 {
		return nil
	}
	rows := slices.SortedFunc(maps.Values(fresh), func(x, y IssueText) int {
		return cmp.Or(cmp.Compare(x.IssueID, y.IssueID), cmp.Compare(x.Hash, y.Hash))
	})
	issues = issues[:0]
	for _, r := range rows {
		issues = append(issues, r.IssueID)
	}
	var counts []struct{ IssueID, N int64 }
	err = tx.NewSelect().Model((*IssueText)(nil)).ColumnExpr("issue_id, COUNT(*) AS n").Where("issue_id IN (?)", bun.List(unique(issues))).
		Group("issue_id").Scan(ctx, &counts)
	if err != nil {
		return err
	}
	have := map[int64]int64{}
	for _, c := range counts {
		have[c.IssueID] = c.N
	}
	kept := rows[:0]
	for _, r := range rows {
		if have[r.IssueID]++; have[r.IssueID] <= maxIssueTexts {
			r.Last = have[r.IssueID] == maxIssueTexts
			kept = append(kept, r)
		}
	}
	return insertIgnore(ctx, tx, kept)
}

// issueText is what of an event is searched as text: title, culprit and the whole message.
func issueText(e *EventWrite) string {
	text := e.Event.Title + "\n" + e.Event.Culprit
	var metadata struct {
		Value string `json:"value"`
	}
	if json.Unmarshal([]byte(e.Issue.Metadata), &metadata) == nil && metadata.Value != "" {
		text += "\n" + metadata.Value
	}
	text, _ = envelope.CutText(text, maxIssueText)
	return fold(text)
}
