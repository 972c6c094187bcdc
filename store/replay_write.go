package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/uptrace/bun"
)

// SegmentWrite is one flush of a recorder to store, with what its replay event says.
type SegmentWrite struct {
	Segment  ReplaySegment
	Meta     ReplayMeta
	Links    []ReplayLink // events the recording names
	Traces   []ReplayTrace
	Requests []ReplayRequest
	Loads    []ReplayLoad
	Clicks   []ReplayClick
	Screen   *ReplayScreen // nil: nothing was on it

	DeadClicks, RageClicks int64
	Outcomes               []Outcome
}

// ReplayMeta is what one segment tells about its whole replay. Empty values tell nothing.
type ReplayMeta struct {
	// Fields by the name of their column in replays; see metaColumns.
	Fields   map[string]string
	Releases []string
	URLs     []string
	Tags     map[string][]string
}

// Bounds on what a replay row gathers from its segments.
const (
	maxReplayURLs     = 1_000
	maxReplayReleases = 50
	maxReplayTags     = 200 // keys; and values per key
)

// ReasonReplayDeleted is the outcome's reason of segments that come after their replay was deleted.
const ReasonReplayDeleted = "replay_deleted"

// metaColumns are the text fields of a replay that come from its segments.
func (r *Replay) metaColumns() map[string]*string {
	return map[string]*string{
		"replay_type": &r.ReplayType, "platform": &r.Platform, "environment": &r.Environment, "dist": &r.Dist,
		"sdk_name": &r.SDKName, "sdk_version": &r.SDKVersion, "user_key": &r.UserKey, "user_json": &r.UserJSON,
		"user_email": &r.UserEmail, "ip": &r.IP, "user_agent": &r.UserAgent,
		"browser_name": &r.BrowserName, "browser_version": &r.BrowserVersion,
		"os_name": &r.OSName, "os_version": &r.OSVersion, "device_name": &r.DeviceName,
		"device_family": &r.DeviceFamily, "device_brand": &r.DeviceBrand, "device_model": &r.DeviceModel,
	}
}

func newReplay(k ReplayKey, firstSeenMS int64) Replay {
	return Replay{OrgID: k.OrgID, ReplayID: k.ReplayID, State: ReplayPending, Releases: "[]", Tags: "{}", URLs: "[]",
		Origins: "{}", UserJSON: "{}", FirstSeenMS: firstSeenMS}
}

// replays makes a stub of every replay that the batch names and merges the segments into theirs.
func (b *batch) replays(ctx context.Context) error {
	var segs []*SegmentWrite
	named := maps.Clone(b.facts.seen)
	if named == nil {
		named = map[ReplayKey]int64{}
	}
	for _, w := range b.fresh {
		for i := range w.Segments {
			s := &w.Segments[i]
			segs = append(segs, s)
			see(named, ReplayKey{s.Segment.OrgID, s.Segment.ReplayID}, s.Segment.ReceivedMS)
		}
	}
	if len(named) == 0 {
		return nil
	}
	keys := sortedReplays(maps.Keys(named))
	if err := b.stubs(ctx, keys, named); err != nil {
		return err
	}
	rows, err := b.s.lockReplays(ctx, b.tx, keys)
	if err != nil {
		return err
	}
	b.facts.dropDeleted(rows)
	return b.segments(ctx, segs, rows)
}

func see(m map[ReplayKey]int64, k ReplayKey, ms int64) {
	if old, ok := m[k]; !ok || ms < old {
		m[k] = ms
	}
}

func (b *batch) stubs(ctx context.Context, keys []ReplayKey, seen map[ReplayKey]int64) error {
	rows := make([]Replay, 0, len(keys))
	for _, k := range keys {
		rows = append(rows, newReplay(k, seen[k]))
	}
	for part := range slices.Chunk(rows, chunk) {
		_, err := b.tx.NewInsert().Model(&part).On("CONFLICT (org_id, replay_id) DO UPDATE").
			Set("first_seen_ms = EXCLUDED.first_seen_ms").
			Where("EXCLUDED.first_seen_ms < r.first_seen_ms").Returning("NULL").Exec(ctx)
		if err != nil {
			return fmt.Errorf("stubs: %w", err)
		}
	}
	return nil
}

// lockReplays reads replays in the order of their keys and, on Postgres, holds them: whoever writes links
// of a replay holds its row.
func (s *Store) lockReplays(ctx context.Context, tx bun.Tx, keys []ReplayKey) (map[ReplayKey]*Replay, error) {
	out := make(map[ReplayKey]*Replay, len(keys))
	for org, ids := range replaysByOrg(keys) {
		for part := range slices.Chunk(ids, 5*chunk) {
			var rows []Replay
			q := tx.NewSelect().Model(&rows).Where("org_id = ?", org).Where("replay_id IN (?)", bun.List(part)).Order("replay_id")
			if err := s.lockRows(q).Scan(ctx); err != nil {
				return nil, fmt.Errorf("lock replays: %w", err)
			}
			for i := range rows {
				out[ReplayKey{org, rows[i].ReplayID}] = &rows[i]
			}
		}
	}
	return out, nil
}

// replaysByOrg yields organisations in ascending order, each with its replay ids sorted.
func replaysByOrg(keys []ReplayKey) func(yield func(int64, []string) bool) {
	keys = sortedReplays(slices.Values(keys))
	return func(yield func(int64, []string) bool) {
		for len(keys) > 0 {
			org := keys[0].OrgID
			var ids []string
			for len(keys) > 0 && keys[0].OrgID == org {
				ids = append(ids, keys[0].ReplayID)
				keys = keys[1:]
			}
			if !yield(org, slices.Compact(ids)) {
				return
			}
		}
	}
}

func sortedReplays(keys func(yield func(ReplayKey) bool)) []ReplayKey {
	return slices.SortedFunc(keys, func(x, y ReplayKey) int {
		return cmp.Or(cmp.Compare(x.OrgID, y.OrgID), cmp.Compare(x.ReplayID, y.ReplayID))
	})
}

type segmentKey struct {
	replay ReplayKey
	id     int64
	hash   string
}

func (s *ReplaySegment) key() segmentKey {
	return segmentKey{ReplayKey{s.OrgID, s.ReplayID}, s.SegmentID, s.BodyHash}
}

// segments stores the segments that are new, and refuses those of deleted replays.
func (b *batch) segments(ctx context.Context, all []*SegmentWrite, replays map[ReplayKey]*Replay) error {
	var todo []*SegmentWrite
	for _, w := range all {
		k := w.Segment.key().replay
		if replays[k].State != ReplayDeleted {
			todo = append(todo, w)
			continue
		}
		b.out.Orphans = append(b.out.Orphans, w.Segment.Blob)
		for _, o := range w.Outcomes {
			o.Outcome, o.Reason = OutcomeFiltered, ReasonReplayDeleted
			b.tally.add(o)
		}
	}
	slices.SortStableFunc(todo, func(x, y *SegmentWrite) int {
		a, c := x.Segment.key(), y.Segment.key()
		return cmp.Or(cmp.Compare(a.replay.OrgID, c.replay.OrgID), cmp.Compare(a.replay.ReplayID, c.replay.ReplayID),
			cmp.Compare(a.id, c.id), cmp.Compare(a.hash, c.hash))
	})
	var rows []ReplaySegment
	for i, w := range todo {
		if i == 0 || w.Segment.key() != todo[i-1].Segment.key() {
			rows = append(rows, w.Segment)
		}
	}
	var inserted []ReplaySegment
	if err := insertNew(ctx, b.tx, rows, "org_id, replay_id, segment_id, body_hash", &inserted); err != nil {
		return err
	}
	fresh := make(map[segmentKey]bool, len(inserted))
	for i := range inserted {
		fresh[inserted[i].key()] = true
	}
	var requests []ReplayRequest
	var loads []ReplayLoad
	var clicks []ReplayClick
	var screens []ReplayScreen
	changed := map[ReplayKey]bool{}
	for _, w := range todo {
		k := w.Segment.key()
		// What a duplicate teaches is known; learning it again does no harm and mends nothing.
		b.facts.add(w.Links, w.Traces, w.Segment.ReceivedMS)
		b.decide(w.Outcomes, fresh[k])
		if !fresh[k] {
			continue
		}
		fresh[k] = false
		requests = append(requests, w.Requests...)
		loads = append(loads, w.Loads...)
		clicks = append(clicks, w.Clicks...)
		if w.Screen != nil {
			screens = append(screens, *w.Screen)
		}
		if err := replays[k.replay].meet(w); err != nil {
			return err
		}
		changed[k.replay] = true
	}
	if err := b.requests(ctx, requests); err != nil {
		return fmt.Errorf("requests: %w", err)
	}
	if err := b.loads(ctx, loads); err != nil {
		return fmt.Errorf("loads: %w", err)
	}
	if err := b.clicks(ctx, clicks); err != nil {
		return err
	}
	if err := b.screens(ctx, screens); err != nil {
		return err
	}
	b.out.Replays = sortedReplays(maps.Keys(changed))
	for _, k := range b.out.Replays {
		if _, err := b.tx.NewUpdate().Model(replays[k]).WherePK().Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) requests(ctx context.Context, rows []ReplayRequest) error {
	slices.SortFunc(rows, func(x, y ReplayRequest) int {
		return cmp.Or(cmp.Compare(x.OrgID, y.OrgID), cmp.Compare(x.ReplayID, y.ReplayID),
			cmp.Compare(x.StartUS, y.StartUS), cmp.Compare(x.URLHash, y.URLHash))
	})
	return insertIgnore(ctx, b.tx, rows)
}

func (b *batch) loads(ctx context.Context, rows []ReplayLoad) error {
	slices.SortFunc(rows, func(x, y ReplayLoad) int {
		return cmp.Or(cmp.Compare(x.OrgID, y.OrgID), cmp.Compare(x.ReplayID, y.ReplayID),
			cmp.Compare(x.StartUS, y.StartUS), cmp.Compare(x.PathHash, y.PathHash))
	})
	return insertIgnore(ctx, b.tx, rows)
}

// origins says which segment each gathered value came from: of conflicting values the one of the lowest
// segment stays, in whatever order the segments arrive.
type origins struct {
	Fields map[string]int64 `json:"fields,omitempty"`
	URLs   []int64          `json:"urls,omitempty"`
}

// meet merges a segment into its replay. The times come from recordings alone: an item that is linked
// later cannot stretch a replay.
func (r *Replay) meet(w *SegmentWrite) error {
	s := &w.Segment
	r.State = ReplayLive
	if r.ProjectID == nil || s.ProjectID < *r.ProjectID {
		r.ProjectID = &s.ProjectID
	}
	r.StartedMS = widen(r.StartedMS, s.FirstMS, func(a, b int64) bool { return a < b })
	r.FinishedMS = widen(r.FinishedMS, s.LastMS, func(a, b int64) bool { return a > b })
	r.LastSegmentMS = widen(r.LastSegmentMS, &s.ReceivedMS, func(a, b int64) bool { return a > b })
	r.CountDeadClicks += w.DeadClicks
	r.CountRageClicks += w.RageClicks
	r.CountURLs += int64(len(w.Meta.URLs))
	return r.meetMeta(s.SegmentID, w.Meta)
}

func widen(old, new *int64, better func(a, b int64) bool) *int64 {
	if old == nil || new != nil && better(*new, *old) {
		return new
	}
	return old
}

func (r *Replay) meetMeta(segment int64, m ReplayMeta) error {
	var o origins
	if err := json.Unmarshal([]byte(r.Origins), &o); err != nil {
		return fmt.Errorf("origins of replay %s: %w", r.ReplayID, err)
	}
	if o.Fields == nil {
		o.Fields = map[string]int64{}
	}
	columns := r.metaColumns()
	for name, value := range m.Fields {
		col, ok := columns[name]
		if !ok {
			return fmt.Errorf("replay %s: no field %q", r.ReplayID, name)
		}
		from, set := o.Fields[name]
		if value != "" && (!set || segment < from || segment == from && value < *col) {
			*col, o.Fields[name] = value, segment
		}
	}
	var err error
	if r.URLs, err = o.meetURLs(r.URLs, segment, m.URLs); err != nil {
		return err
	}
	if r.Releases, err = union(r.Releases, m.Releases, maxReplayReleases); err != nil {
		return err
	}
	if r.Tags, err = unionTags(r.Tags, m.Tags); err != nil {
		return err
	}
	b, err := json.Marshal(o)
	r.Origins = string(b)
	return err
}

// meetURLs puts a segment's pages in their place among the others'.
func (o *origins) meetURLs(have string, segment int64, add []string) (string, error) {
	if len(add) == 0 {
		return have, nil
	}
	var urls []string
	if err := json.Unmarshal([]byte(have), &urls); err != nil {
		return "", err
	}
	at := 0
	for at < len(o.URLs) && at < len(urls) && o.URLs[at] <= segment {
		at++
	}
	urls = slices.Insert(urls, at, add...)
	o.URLs = slices.Insert(o.URLs, at, slices.Repeat([]int64{segment}, len(add))...)
	n := min(len(urls), maxReplayURLs)
	urls, o.URLs = urls[:n], o.URLs[:n]
	b, err := json.Marshal(urls)
	return string(b), err
}

// union gives a sorted JSON array of distinct values.
func union(have string, add []string, limit int) (string, error) {
	var old []string
	if err := json.Unmarshal([]byte(have), &old); err != nil {
		return "", err
	}
	b, err := json.Marshal(unite(old, add, limit))
	return string(b), err
}

func unite(a, b []string, limit int) []string {
	all := slices.DeleteFunc(slices.Concat(a, b), func(s string) bool { return s == "" })
	slices.Sort(all)
	all = slices.Compact(all)
	if all == nil {
		all = []string{}
	}
	return all[:min(len(all), limit)]
}

func unionTags(have string, add map[string][]string) (string, error) {
	if len(add) == 0 {
		return have, nil
	}
	tags := map[string][]string{}
	if err := json.Unmarshal([]byte(have), &tags); err != nil {
		return "", err
	}
	for k, v := range add {
		tags[k] = unite(tags[k], v, maxReplayTags)
	}
	for _, k := range slices.Sorted(maps.Keys(tags))[min(len(tags), maxReplayTags):] {
		delete(tags, k)
	}
	b, err := json.Marshal(tags)
	return string(b), err
}
