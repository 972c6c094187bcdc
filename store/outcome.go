package store

import "github.com/uptrace/bun"

// What can become of an item. Every item that comes in ends in exactly one of the first five;
// client discards never arrived.
const (
	OutcomeAccepted      = "accepted"
	OutcomeFiltered      = "filtered"
	OutcomeRateLimited   = "rate_limited"
	OutcomeInvalid       = "invalid"
	OutcomeAbuse         = "abuse"
	OutcomeClientDiscard = "client_discard"
)

// Outcome counts what became of items in one minute.
type Outcome struct {
	bun.BaseModel `bun:"table:outcomes,alias:oc"`

	MinuteMS  int64  `bun:"minute_ms,pk"`
	OrgID     int64  `bun:"org_id,pk"`
	ProjectID int64  `bun:"project_id,pk"`
	PublicKey string `bun:"public_key,pk"`
	Category  string `bun:"category,pk"`
	Outcome   string `bun:"outcome,pk"`
	Reason    string `bun:"reason,pk"`
	Quantity  int64  `bun:"quantity"`
}
