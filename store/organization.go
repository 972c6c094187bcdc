package store

import "github.com/uptrace/bun"

// Organization is a tenant: links, traces and replays are looked up inside one.
type Organization struct {
	bun.BaseModel `bun:"table:organizations,alias:o"`

	ID        int64  `bun:"id,pk,autoincrement"`
	Slug      string `bun:"slug"`
	Name      string `bun:"name"`
	CreatedMS int64  `bun:"created_ms"`
}

// Project receives the envelopes of one application, with the keys that belong to it.
type Project struct {
	bun.BaseModel `bun:"table:projects,alias:p"`

	ID           int64  `bun:"id,pk,autoincrement"`
	OrgID        int64  `bun:"org_id"`
	Slug         string `bun:"slug"`
	Name         string `bun:"name"`
	Platform     string `bun:"platform"`
	Settings     string `bun:"settings"`     // JSON object
	IssueNumber  int64  `bun:"issue_number"` // the last short-id number given out
	FirstEventMS *int64 `bun:"first_event_ms"`
	CreatedMS    int64  `bun:"created_ms"`
}

// ProjectKey is a DSN's key. It identifies a project; it authenticates nothing.
type ProjectKey struct {
	bun.BaseModel `bun:"table:project_keys,alias:pk"`

	PublicKey string `bun:"public_key,pk"`
	ProjectID int64  `bun:"project_id"`
	SecretKey string `bun:"secret_key"`
	Label     string `bun:"label"`
	Active    bool   `bun:"active"`
	CreatedMS int64  `bun:"created_ms"`
}
