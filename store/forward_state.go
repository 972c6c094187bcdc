package store

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"
)

// keepForwardStates is how long a relay that tells nothing any more is remembered.
const keepForwardStates = 24 * time.Hour

// ForwardState is how one relay is getting on with sending a project's copies to its upstream.
type ForwardState struct {
	bun.BaseModel `bun:"table:forward_states,alias:fs"`

	ProjectID      int64  `bun:"project_id,pk"`
	Relay          string `bun:"relay,pk"` // names the process' data directory: a restart goes on under the same
	OrgID          int64  `bun:"org_id"`
	Pending        int64  `bun:"pending"` // copies that wait
	LagMS          int64  `bun:"lag_ms"`  // age of the last copy that was handled, while others wait
	Sent           int64  `bun:"sent"`    // since that relay started
	Dropped        string `bun:"dropped"` // JSON, reason → copies since that relay started
	LastSentMS     *int64 `bun:"last_sent_ms"`
	LastError      string `bun:"last_error"`       // of the last attempt; empty when it worked
	LimitedUntilMS *int64 `bun:"limited_until_ms"` // the upstream's own 429 or limits header
	UpdatedMS      int64  `bun:"updated_ms"`       // when it was told
}

// SaveForwardStates replaces what a relay told before; relays that have told nothing for a day are forgotten.
func (s *Store) SaveForwardStates(ctx context.Context, relay string, states []ForwardState) error {
	now := s.nowMS()
	for i := range states {
		states[i].Relay, states[i].UpdatedMS = relay, now
	}
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewDelete().Model((*ForwardState)(nil)).Where("relay = ? OR updated_ms < ?", relay, now-keepForwardStates.Milliseconds()).Exec(ctx)
		if err != nil {
			return err
		}
		return insertIgnore(ctx, tx, states)
	})
	if err != nil {
		return fmt.Errorf("save states of forwarding: %w", err)
	}
	return nil
}

// ForwardStates gives what the relays told of one of the scope's projects.
func (s *Store) ForwardStates(ctx context.Context, scope Scope, projectID int64) ([]ForwardState, error) {
	var rows []ForwardState
	err := s.read.NewSelect().Model(&rows).Where("org_id = ? AND project_id = ?", scope.OrgID, projectID).Order("relay").Limit(100).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("states of forwarding of project %d: %w", projectID, err))
	}
	return rows, nil
}
