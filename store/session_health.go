package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"
)

// SessionQuery asks how the release sessions that started in a window went.
type SessionQuery struct {
	FromMS, ToMS int64
	BucketMS     int64    // length of a bucket, the first starts at FromMS; 0: one for the whole window
	GroupBy      []string // of project_id, release, environment
	Projects     []int64  // none: all of the scope's
	Releases     []string // none: all
	Environments []string // none: all
	NotReleases  []string
}

// SessionSum is how the sessions of one bucket of one group went; what is not grouped by is empty. Users
// are told apart by the id that their SDK sends: sessions without one, and those that servers only
// count, have none.
type SessionSum struct {
	Bucket      int64  `bun:"bucket"`
	ProjectID   int64  `bun:"project_id"`
	Release     string `bun:"release"`
	Environment string `bun:"environment"`

	Sessions SessionClasses `bun:"embed:n_"`
	Users    SessionClasses `bun:"embed:u_"`

	DurationMS  int64 `bun:"duration_ms"` // of all that told one
	Timed       int64 `bun:"timed"`       // how many did
	MaxDuration int64 `bun:"max_duration"`
}

// SessionClasses counts sessions, or users who had one, by how they ended. Only All has the healthy
// ones; Bad has every session with an error, so also those of the classes after it, which exclude
// each other.
type SessionClasses struct {
	All       int64 `bun:"all"`
	Bad       int64 `bun:"bad"`
	Crashed   int64 `bun:"crashed"`
	Abnormal  int64 `bun:"abnormal"`
	Unhandled int64 `bun:"unhandled"`
}

// Healthy are those without an error.
func (c SessionClasses) Healthy() int64 { return max(c.All-c.Bad, 0) }

// Errored are those that had errors and ended in no worse way. A user who had sessions of several
// classes is in each, so that of users this is a lower bound.
func (c SessionClasses) Errored() int64 { return max(c.Bad-c.Crashed-c.Abnormal-c.Unhandled, 0) }

func (c *SessionClasses) add(o SessionClasses) {
	c.All += o.All
	c.Bad += o.Bad
	c.Crashed += o.Crashed
	c.Abnormal += o.Abnormal
	c.Unhandled += o.Unhandled
}

// maxSessionSums bounds the buckets of all groups that one query gives; those with the most sessions
// come first.
const maxSessionSums = 100_000

// sessionClass are the conditions of a session's row, by the column of [SessionClasses].
var sessionClass = []struct{ name, when string }{
	{"all", "1 = 1"},
	{"bad", "(status NOT IN ('ok', 'exited') OR errors > 0)"},
	{"crashed", "status = 'crashed'"},
	{"abnormal", "status = 'abnormal'"},
	{"unhandled", "status = 'unhandled'"},
}

// SessionSums reads the sessions of a window by index: of projects by their start, of releases by
// release and start. Its cost grows with the sessions of the window. Each group and bucket that had
// any is there once.
func (s *Store) SessionSums(ctx context.Context, scope Scope, in SessionQuery) ([]SessionSum, error) {
	single := s.read.NewSelect().TableExpr("release_sessions").ColumnExpr("COALESCE(SUM(duration_ms), 0) AS duration_ms").
		ColumnExpr("COUNT(duration_ms) AS timed").ColumnExpr("COALESCE(MAX(duration_ms), 0) AS max_duration")
	for _, c := range sessionClass {
		single = single.ColumnExpr("COUNT(CASE WHEN ? THEN 1 END) AS ?", bun.Safe(c.when), bun.Ident("n_"+c.name)).
			ColumnExpr("COUNT(DISTINCT CASE WHEN ? THEN NULLIF(did, '') END) AS ?", bun.Safe(c.when), bun.Ident("u_"+c.name))
	}
	counted := s.read.NewSelect().TableExpr("release_session_counts").
		ColumnExpr("SUM(exited + errored + abnormal + unhandled + crashed) AS n_all, SUM(errored + abnormal + unhandled + crashed) AS n_bad").
		ColumnExpr("SUM(crashed) AS n_crashed, SUM(abnormal) AS n_abnormal, SUM(unhandled) AS n_unhandled")
	var rows []SessionSum
	for _, q := range []*bun.SelectQuery{single, counted} {
		var part []SessionSum
		q, err := in.narrow(q, scope)
		if err != nil {
			return nil, err
		}
		if err := q.OrderExpr("n_all DESC").Limit(maxSessionSums).Scan(ctx, &part); err != nil {
			return nil, border(fmt.Errorf("sums of sessions: %w", err))
		}
		rows = append(rows, part...)
	}
	return mergeSums(rows), nil
}

// narrow gives a query on either table its groups and what it is about.
func (in SessionQuery) narrow(q *bun.SelectQuery, scope Scope) (*bun.SelectQuery, error) {
	org := "+org_id = ?" // not for an index: the sessions of a window are found by project and start
	if len(in.Releases) > 0 {
		org = "org_id = ?"
		q = q.Where("release IN (?)", bun.List(in.Releases))
	}
	q = q.Where(org, scope.OrgID).Where("started_ms >= ? AND started_ms < ?", in.FromMS, in.ToMS)
	if len(in.Projects) > 0 {
		q = q.Where("project_id IN (?)", bun.List(in.Projects))
	} else {
		q = q.Where("project_id IN (SELECT id FROM projects WHERE org_id = ?)", scope.OrgID)
	}
	if len(in.Environments) > 0 {
		q = q.Where("environment IN (?)", bun.List(in.Environments))
	}
	if len(in.NotReleases) > 0 {
		q = q.Where("release NOT IN (?)", bun.List(in.NotReleases))
	}
	if in.BucketMS > 0 {
		q = q.ColumnExpr("(started_ms - ?) / ? AS bucket", in.FromMS, in.BucketMS).GroupExpr("(started_ms - ?) / ?", in.FromMS, in.BucketMS)
	}
	for n, g := range in.GroupBy {
		switch {
		case g != "project_id" && g != "release" && g != "environment", slices.Contains(in.GroupBy[:n], g):
			return nil, fmt.Errorf("%w: sessions are not grouped by %q", ErrInvalid, g)
		}
		q = q.ColumnExpr("?", bun.Ident(g)).GroupExpr("?", bun.Ident(g))
	}
	return q.Having("COUNT(*) > 0"), nil
}

// mergeSums brings what both tables have of a group and bucket together, the most sessions first.
func mergeSums(rows []SessionSum) []SessionSum {
	key := func(x, y SessionSum) int {
		return cmp.Or(cmp.Compare(x.ProjectID, y.ProjectID), cmp.Compare(x.Release, y.Release),
			cmp.Compare(x.Environment, y.Environment), cmp.Compare(x.Bucket, y.Bucket))
	}
	slices.SortFunc(rows, key)
	var out []SessionSum
	for _, r := range rows {
		if n := len(out); n > 0 && key(out[n-1], r) == 0 {
			last := &out[n-1]
			last.Sessions.add(r.Sessions)
			last.Users.add(r.Users) // one of the two has none
			last.DurationMS, last.Timed, last.MaxDuration = last.DurationMS+r.DurationMS, last.Timed+r.Timed, max(last.MaxDuration, r.MaxDuration)
			continue
		}
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(x, y SessionSum) int { return cmp.Compare(y.Sessions.All, x.Sessions.All) })
	return out
}

// sessionFacts says which projects ever had a session of a release.
func (s *Store) sessionFacts(ctx context.Context, scope Scope, ids []int64, f *ReleaseFacts) error {
	var rows []ReleaseProject
	of := func(table string) *bun.SelectQuery {
		return s.read.NewSelect().TableExpr(table + " AS t").ColumnExpr("1").Where("t.org_id = rp.org_id AND t.project_id = rp.project_id AND t.release = r.version")
	}
	err := s.read.NewSelect().Model(&rows).Column("rp.project_id", "rp.release_id").Join("JOIN releases AS r ON r.id = rp.release_id").
		Where("rp.release_id IN (?) AND rp.org_id = ?", bun.List(ids), scope.OrgID).
		Where("EXISTS (?) OR EXISTS (?)", of("release_sessions"), of("release_session_counts")).Scan(ctx)
	if err != nil {
		return border(fmt.Errorf("sessions of releases: %w", err))
	}
	for _, p := range rows {
		if f.HasSessions[p.ReleaseID] == nil {
			f.HasSessions[p.ReleaseID] = map[int64]bool{}
		}
		f.HasSessions[p.ReleaseID][p.ProjectID] = true
	}
	return nil
}
