package store

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/uptrace/bun"

	"github.com/hindsight-dev/hindsight/internal/release"
)

// releaseKey names a release by what events say.
type releaseKey struct {
	org     int64
	version string
}

// sighting is when a project of a release was seen, in Unix milliseconds; errors are the times of its events.
type sighting struct {
	first           int64
	firstEv, lastEv int64 // zero: no event
	environments    map[string]int64
}

// lastEventStep is how far a release's last event must have moved to be written again: a release that
// sends all the time would else be written by every batch, and be waited for by all of them.
const lastEventStep = 60_000

// releases notes the releases that a batch's events, spans and sessions name, and makes those that are
// missing. There are at most as many new ones as items. Texts that can be no release's stay with their item only.
func (b *batch) releases(ctx context.Context) error {
	seen := b.sightings()
	if len(seen) == 0 {
		return nil
	}
	if err := b.findReleases(ctx, slices.Collect(maps.Keys(seen))); err != nil {
		return err
	}
	var missing []Release
	for k, projects := range seen {
		if b.known[k] == nil {
			first := int64(0)
			for _, s := range projects {
				if first == 0 || s.first < first {
					first = s.first
				}
			}
			missing = append(missing, newRelease(k.org, k.version, first))
		}
	}
	if len(missing) > 0 {
		slices.SortFunc(missing, func(x, y Release) int {
			return cmp.Or(cmp.Compare(x.OrgID, y.OrgID), cmp.Compare(x.Version, y.Version))
		})
		if err := insertIgnore(ctx, b.tx, missing); err != nil {
			return err
		}
		if err := b.findReleases(ctx, slices.Collect(maps.Keys(seen))); err != nil {
			return err
		}
	}
	return b.releaseShares(ctx, seen)
}

// sightings gathers what the batch's items say about releases.
func (b *batch) sightings() map[releaseKey]map[int64]*sighting {
	seen := map[releaseKey]map[int64]*sighting{}
	note := func(org, project int64, version, environment string, ms int64, event bool) {
		if !release.Valid(version) {
			return
		}
		k := releaseKey{org, version}
		if seen[k] == nil {
			seen[k] = map[int64]*sighting{}
		}
		s := seen[k][project]
		if s == nil {
			s = &sighting{first: ms, environments: map[string]int64{}}
			seen[k][project] = s
		}
		s.first = min(s.first, ms)
		if at, ok := s.environments[environment]; !ok || ms < at {
			s.environments[environment] = ms
		}
		if event {
			if s.firstEv == 0 || ms < s.firstEv {
				s.firstEv = ms
			}
			s.lastEv = max(s.lastEv, ms)
		}
	}
	for _, w := range b.fresh {
		for i := range w.Events {
			e := &w.Events[i].Event
			note(e.OrgID, e.ProjectID, e.Release, e.Environment, e.TimestampMS, true)
		}
		for i := range w.Spans {
			if s := &w.Spans[i].Span; s.IsSegment {
				note(s.OrgID, s.ProjectID, s.Release, s.Environment, s.StartUS/1_000, false)
			}
		}
		for i := range w.Sessions {
			s := &w.Sessions[i].Session
			note(s.OrgID, s.ProjectID, s.Release, s.Environment, s.StartedMS, false)
		}
		for _, c := range w.SessionCounts {
			note(c.OrgID, c.ProjectID, c.Release, c.Environment, c.StartedMS, false)
		}
	}
	return seen
}

// findReleases reads releases into b.known.
func (b *batch) findReleases(ctx context.Context, keys []releaseKey) error {
	if b.known == nil {
		b.known = map[releaseKey]*Release{}
	}
	byOrg := map[int64][]string{}
	for _, k := range keys {
		if b.known[k] == nil {
			byOrg[k.org] = append(byOrg[k.org], k.version)
		}
	}
	for org, versions := range byOrg {
		for part := range slices.Chunk(versions, chunk) {
			var rows []Release
			err := b.tx.NewSelect().Model(&rows).Where("org_id = ?", org).Where("version IN (?)", bun.List(part)).Scan(ctx)
			if err != nil {
				return err
			}
			for i := range rows {
				b.known[releaseKey{org, rows[i].Version}] = &rows[i]
			}
		}
	}
	return nil
}

type shareKey struct{ project, release int64 }

// releaseShares brings the projects' shares and environments up to date. Most batches say nothing new, and write nothing.
func (b *batch) releaseShares(ctx context.Context, seen map[releaseKey]map[int64]*sighting) error {
	want := map[shareKey]*sighting{}
	var ids []int64
	byID := map[int64]*Release{}
	for k, projects := range seen {
		r := b.known[k]
		if r == nil { // deleted by a person this moment: the next event makes it again
			continue
		}
		ids, byID[r.ID] = append(ids, r.ID), r
		for p, s := range projects {
			want[shareKey{p, r.ID}] = s
		}
	}
	slices.Sort(ids)
	have := map[shareKey]ReleaseProject{}
	envs := map[ReleaseEnvironment]bool{}
	for part := range slices.Chunk(ids, chunk) {
		var shares []ReleaseProject
		if err := b.tx.NewSelect().Model(&shares).Where("release_id IN (?)", bun.List(part)).Scan(ctx); err != nil {
			return err
		}
		for _, s := range shares {
			have[shareKey{s.ProjectID, s.ReleaseID}] = s
		}
		var rows []ReleaseEnvironment
		if err := b.tx.NewSelect().Model(&rows).Where("release_id IN (?)", bun.List(part)).Scan(ctx); err != nil {
			return err
		}
		for _, e := range rows {
			envs[ReleaseEnvironment{ReleaseID: e.ReleaseID, ProjectID: e.ProjectID, Environment: e.Environment}] = true
		}
	}
	keys := slices.SortedFunc(maps.Keys(want), func(x, y shareKey) int {
		return cmp.Or(cmp.Compare(x.release, y.release), cmp.Compare(x.project, y.project))
	})
	var shares []ReleaseProject
	var newEnvs []ReleaseEnvironment
	for _, k := range keys {
		s, r := want[k], byID[k.release]
		for _, env := range slices.Sorted(maps.Keys(s.environments)) {
			if !envs[ReleaseEnvironment{ReleaseID: r.ID, ProjectID: k.project, Environment: env}] {
				newEnvs = append(newEnvs, ReleaseEnvironment{ReleaseID: r.ID, ProjectID: k.project, Environment: env, OrgID: r.OrgID, FirstMS: s.environments[env]})
			}
		}
		row := r.share(k.project)
		if s.firstEv != 0 {
			row.FirstEventMS, row.LastEventMS = &s.firstEv, &s.lastEv
		}
		old, ok := have[k]
		if !ok || s.firstEv != 0 && (old.FirstEventMS == nil || s.firstEv < *old.FirstEventMS || s.lastEv >= *old.LastEventMS+lastEventStep) {
			shares = append(shares, row)
		}
	}
	if err := b.upsertShares(ctx, shares); err != nil {
		return err
	}
	return insertIgnore(ctx, b.tx, newEnvs)
}

func (b *batch) upsertShares(ctx context.Context, rows []ReleaseProject) error {
	for part := range slices.Chunk(rows, chunk) {
		_, err := b.tx.NewInsert().Model(&part).On("CONFLICT (project_id, release_id) DO UPDATE").
			Set("first_event_ms = ?(COALESCE(rp.first_event_ms, EXCLUDED.first_event_ms), COALESCE(EXCLUDED.first_event_ms, rp.first_event_ms))", b.s.lesser()).
			Set("last_event_ms = ?(COALESCE(rp.last_event_ms, EXCLUDED.last_event_ms), COALESCE(EXCLUDED.last_event_ms, rp.last_event_ms))", b.s.greater()).
			Returning("NULL").Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}
