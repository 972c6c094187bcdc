package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/uptrace/bun"
)

// The two owners of tags.
var (
	issueTags = tagCounter{"issue_tags", "issue_tag_keys", maxIssueValues, false,
		func(e *EventWrite) (int64, []Tag) { return e.Event.IssueID, slices.Concat(e.Tags, e.Marks) }}
	projectTags = tagCounter{"project_tags", "project_tag_keys", maxProjectValues, true,
		func(e *EventWrite) (int64, []Tag) { return e.Event.ProjectID, e.Tags }}
)

// stored gives events of the database with their tags as they were written.
func stored(rows []Event) []*EventWrite {
	out := make([]*EventWrite, len(rows))
	for i := range rows {
		e := &EventWrite{Event: rows[i]}
		for k, v := range TagsOf(rows[i].Tags) {
			e.Tags = append(e.Tags, Tag{k, v})
		}
		out[i] = e
	}
	return out
}

func (k ownerKey) compare(o ownerKey) int {
	return cmp.Or(cmp.Compare(k.owner, o.owner), cmp.Compare(k.key, o.key))
}

// take makes events count no longer for their owners. First and last times stay: they bound what is left. It takes
// its locks in the order that [tagCounter.add] does.
func (c tagCounter) take(ctx context.Context, tx bun.Tx, es []*EventWrite) error {
	counts, keys := c.sum(es)
	emptied := map[ownerKey]bool{}
	for _, n := range counts {
		var left []int64
		_, err := tx.NewRaw("UPDATE ? SET events = events - ? WHERE owner_id = ? AND key = ? AND value = ? RETURNING events", bun.Ident(c.values), n.Events, n.OwnerID, n.Key, n.Value).Exec(ctx, &left)
		if err != nil {
			return err
		}
		if len(left) == 0 || left[0] > 0 {
			continue
		}
		emptied[ownerKey{n.OwnerID, n.Key}] = true
		if _, err := tx.NewRaw("DELETE FROM ? WHERE owner_id = ? AND key = ? AND value = ?", bun.Ident(c.values), n.OwnerID, n.Key, n.Value).Exec(ctx); err != nil {
			return err
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(keys), ownerKey.compare) {
		kept := "values_kept"
		if emptied[k] {
			kept = "(SELECT COUNT(*) FROM " + c.values + " AS v WHERE v.owner_id = k.owner_id AND v.key = k.key)"
		}
		var left []int64
		_, err := tx.NewRaw("UPDATE ? AS k SET events = events - ?, values_kept = ? WHERE owner_id = ? AND key = ? RETURNING events", bun.Ident(c.keys), keys[k].Events, bun.Safe(kept), k.owner, k.key).Exec(ctx, &left)
		if err != nil {
			return err
		}
		if len(left) == 0 || left[0] > 0 {
			continue
		}
		if _, err := tx.NewRaw("DELETE FROM ? WHERE owner_id = ? AND key = ?", bun.Ident(c.keys), k.owner, k.key).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// splitTags makes events that are given to another issue count there. The frames of stacks are not known of
// single events: the new issue is found by those of both.
func splitTags(ctx context.Context, tx bun.Tx, rows []Event, into int64) error {
	es := stored(rows)
	if err := issueTags.take(ctx, tx, es); err != nil {
		return err
	}
	from := rows[0].IssueID
	for _, e := range es {
		e.Event.IssueID = into
	}
	if err := issueTags.count(ctx, tx, es); err != nil {
		return err
	}
	for _, copied := range []statement{
		tx.NewRaw(`INSERT INTO issue_tags (owner_id, key, value, org_id, events, first_ms, last_ms) SELECT ?, key, value, org_id, events, first_ms, last_ms
			FROM issue_tags WHERE owner_id = ? AND (key LIKE '@stack.%' OR key LIKE '@flags.%') ON CONFLICT DO NOTHING`, into, from),
		tx.NewRaw(`INSERT INTO issue_tag_keys (owner_id, key, org_id, events, values_kept, cut) SELECT ?, key, org_id, events, values_kept, cut
			FROM issue_tag_keys WHERE owner_id = ? AND (key LIKE '@stack.%' OR key LIKE '@flags.%') ON CONFLICT DO NOTHING`, into, from),
	} {
		if _, err := copied.Exec(ctx); err != nil {
			return err
		}
	}
	return keepTexts(ctx, tx, es)
}

// dropTags makes events that are deleted be found no longer.
func dropTags(ctx context.Context, tx bun.Tx, es []*EventWrite) error {
	var keys []any
	for _, e := range es {
		for _, t := range e.Tags {
			keys = append(keys, bun.List([]any{TagHash(e.Event.OrgID, t.Key, t.Value), e.Event.TimestampMS, e.Event.EventID, e.Event.ProjectID}))
		}
	}
	for part := range slices.Chunk(keys, 5*chunk) {
		_, err := tx.NewDelete().Model((*EventTag)(nil)).Where("(tag, timestamp_ms, event_id, project_id) IN (VALUES (?)"+strings.Repeat(", (?)", len(part)-1)+")", part...).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// moveTags gives the other issue what an issue that is gone was found by, some rows at a time. What is of a key
// that gets too many values so is kept all the same.
func (s *Store) moveTags(ctx context.Context, tx bun.Tx, j *issueJob) (int, error) {
	rows, err := takeTags(ctx, tx, j.FromID)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	keys := map[ownerKey]*TagKey{}
	for i := range rows {
		rows[i].OwnerID = j.IntoID
		keys[ownerKey{j.IntoID, rows[i].Key}] = &TagKey{OwnerID: j.IntoID, Key: rows[i].Key, OrgID: rows[i].OrgID}
	}
	for i := range rows {
		keys[ownerKey{j.IntoID, rows[i].Key}].Events += rows[i].Events
	}
	return len(rows), issueTags.add(ctx, tx, rows, keys)
}

// deleteTags forgets what an issue that is gone was found by, some rows at a time.
func (s *Store) deleteTags(ctx context.Context, tx bun.Tx, j *issueJob) (int, error) {
	rows, err := takeTags(ctx, tx, j.FromID)
	return len(rows), err
}

// takeTags removes some of an issue's tags and gives them; with the last its texts and keys go too.
func takeTags(ctx context.Context, tx bun.Tx, issue int64) ([]TagCount, error) {
	var rows []TagCount
	if err := tx.NewSelect().Model(&rows).Where("owner_id = ?", issue).Order("key", "value").Limit(jobChunk).Scan(ctx); err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		_, err := tx.NewDelete().Model((*TagKey)(nil)).Where("owner_id = ?", issue).Exec(ctx)
		return nil, err
	}
	last := rows[len(rows)-1]
	_, err := tx.NewDelete().Model((*TagCount)(nil)).Where("owner_id = ?", issue).Where("(key < ? OR (key = ? AND value <= ?))", last.Key, last.Key, last.Value).Exec(ctx)
	return rows, err
}

// moveTexts gives the other issue the texts of one that is gone.
func (s *Store) moveTexts(ctx context.Context, tx bun.Tx, j *issueJob) (int, error) {
	var rows []IssueText
	if err := tx.NewSelect().Model(&rows).Where("issue_id = ?", j.FromID).Limit(maxIssueTexts).Scan(ctx); err != nil || len(rows) == 0 {
		return 0, err
	}
	if n, err := s.deleteTexts(ctx, tx, j); err != nil {
		return n, err
	}
	for i := range rows {
		rows[i].ID, rows[i].IssueID, rows[i].Last = 0, j.IntoID, false
	}
	return len(rows), addTexts(ctx, tx, rows)
}

// deleteTexts forgets the texts of an issue that is gone.
func (s *Store) deleteTexts(ctx context.Context, tx bun.Tx, j *issueJob) (int, error) {
	res, err := tx.NewDelete().Model((*IssueText)(nil)).Where("issue_id = ?", j.FromID).Exec(ctx)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}
