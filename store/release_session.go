package store

import "github.com/uptrace/bun"

// ReleaseSession is the latest state of one release session (an SDK's `session` item), by sid.
type ReleaseSession struct {
	bun.BaseModel `bun:"table:release_sessions,alias:rses"`

	ProjectID   int64  `bun:"project_id,pk"`
	SID         string `bun:"sid,pk"`
	OrgID       int64  `bun:"org_id"`
	Seq         int64  `bun:"seq"`
	Status      string `bun:"status"`
	Errors      int64  `bun:"errors"`
	DID         string `bun:"did"`
	Release     string `bun:"release"`
	Environment string `bun:"environment"`
	StartedMS   int64  `bun:"started_ms"`
	UpdatedMS   int64  `bun:"updated_ms"`
	DurationMS  *int64 `bun:"duration_ms"`
}

// ReleaseSessionCount sums the session aggregates that servers send, per started minute.
type ReleaseSessionCount struct {
	bun.BaseModel `bun:"table:release_session_counts,alias:rsc"`

	ProjectID   int64  `bun:"project_id,pk"`
	Release     string `bun:"release,pk"`
	Environment string `bun:"environment,pk"`
	StartedMS   int64  `bun:"started_ms,pk"`
	OrgID       int64  `bun:"org_id"`
	Exited      int64  `bun:"exited"`
	Errored     int64  `bun:"errored"`
	Abnormal    int64  `bun:"abnormal"`
	Unhandled   int64  `bun:"unhandled"`
	Crashed     int64  `bun:"crashed"`
}
