package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// Who sees a saved search.
const (
	SearchOfOwner        = "owner"
	SearchOfOrganization = "organization"
)

// SavedSearch is a search that somebody kept. UserID is who; nil when a token of nobody did.
type SavedSearch struct {
	bun.BaseModel `bun:"table:saved_searches,alias:ss"`

	ID         int64  `bun:"id,pk,autoincrement"`
	OrgID      int64  `bun:"org_id"`
	UserID     *int64 `bun:"user_id"`
	Type       int64  `bun:"type"` // as in Sentry: 0 issues, 1 events, 2 sessions, 3 replays
	Name       string `bun:"name"`
	Query      string `bun:"query"`
	Sort       string `bun:"sort"`
	Visibility string `bun:"visibility"` // owner | organization
	Pinned     bool   `bun:"pinned"`     // its owner's lists begin with it
	CreatedMS  int64  `bun:"created_ms"`
}

// RecentSearch is one of the last searches of a user.
type RecentSearch struct {
	bun.BaseModel `bun:"table:recent_searches,alias:rs"`

	ID        int64  `bun:"id,pk,autoincrement"`
	OrgID     int64  `bun:"org_id"`
	UserID    int64  `bun:"user_id"`
	Type      int64  `bun:"type"`
	Query     string `bun:"query"`
	CreatedMS int64  `bun:"created_ms"`
	LastMS    int64  `bun:"last_ms"`
}

// Bounds of what is kept for a person to come back to.
const (
	maxSavedSearches  = 200 // of an organisation and type
	maxRecentSearches = 30
	maxQuery          = 4096
)

func (s *SavedSearch) check() error {
	if err := checkName("name", s.Name); err != nil {
		return err
	}
	if len(s.Query) > maxQuery {
		return fmt.Errorf("%w: query is longer than %d bytes", ErrInvalid, maxQuery)
	}
	if s.Visibility != SearchOfOwner && s.Visibility != SearchOfOrganization {
		return fmt.Errorf("%w: visibility is owner or organization", ErrInvalid)
	}
	return checkText("sort", s.Sort)
}

// mine are the searches that a user may see: their own and those of everybody.
func mine(q *bun.SelectQuery, scope Scope, userID int64) *bun.SelectQuery {
	return q.Where("org_id = ?", scope.OrgID).Where("(user_id = ? OR visibility = ?)", userID, SearchOfOrganization)
}

// SavedSearches lists the searches that a user sees, by age.
func (s *Store) SavedSearches(ctx context.Context, scope Scope, userID, kind int64) ([]SavedSearch, error) {
	rows := []SavedSearch{}
	q := mine(s.read.NewSelect().Model(&rows), scope, userID).Where("type = ?", kind)
	if err := q.Order("id").Limit(maxSavedSearches).Scan(ctx); err != nil {
		return nil, border(fmt.Errorf("saved searches: %w", err))
	}
	return rows, nil
}

// SavedSearch gives one that a user sees.
func (s *Store) SavedSearch(ctx context.Context, scope Scope, userID, id int64) (*SavedSearch, error) {
	row := new(SavedSearch)
	if err := mine(s.read.NewSelect().Model(row), scope, userID).Where("id = ?", id).Scan(ctx); err != nil {
		return nil, border(fmt.Errorf("saved search %d: %w", id, err))
	}
	return row, nil
}

// SaveSearch keeps a search: a new one when its ID is 0, else it changes the one there is in the scope.
func (s *Store) SaveSearch(ctx context.Context, scope Scope, in SavedSearch) (*SavedSearch, error) {
	in.OrgID = scope.OrgID
	if err := in.check(); err != nil {
		return nil, err
	}
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if in.Pinned { // one of each kind
			_, err := tx.NewUpdate().Model((*SavedSearch)(nil)).Set("pinned = FALSE").Where("org_id = ? AND type = ? AND user_id = ?", in.OrgID, in.Type, in.UserID).Exec(ctx)
			if err != nil {
				return err
			}
		}
		if in.ID != 0 {
			res, err := tx.NewUpdate().Model(&in).Column("name", "query", "sort", "visibility", "pinned").WherePK().Where("org_id = ?", in.OrgID).Exec(ctx)
			if err != nil {
				return err
			}
			return someRow(res, "saved search %d", in.ID)
		}
		n, err := tx.NewSelect().Model((*SavedSearch)(nil)).Where("org_id = ? AND type = ?", in.OrgID, in.Type).Count(ctx)
		if err != nil {
			return err
		}
		if n >= maxSavedSearches {
			return fmt.Errorf("%w: an organisation keeps at most %d searches", ErrInvalid, maxSavedSearches)
		}
		in.CreatedMS = s.nowMS()
		_, err = tx.NewInsert().Model(&in).Returning("id").Exec(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("save search: %w", err)
	}
	return &in, nil
}

// DeleteSavedSearch forgets a search of the scope.
func (s *Store) DeleteSavedSearch(ctx context.Context, scope Scope, id int64) error {
	res, err := s.write.NewDelete().Model((*SavedSearch)(nil)).Where("id = ? AND org_id = ?", id, scope.OrgID).Exec(ctx)
	if err != nil {
		return border(fmt.Errorf("delete saved search %d: %w", id, err))
	}
	return someRow(res, "saved search %d", id)
}

// RecentSearches lists the last searches of a user, the newest first.
func (s *Store) RecentSearches(ctx context.Context, scope Scope, userID, kind int64) ([]RecentSearch, error) {
	rows := []RecentSearch{}
	err := s.read.NewSelect().Model(&rows).Where("org_id = ? AND user_id = ? AND type = ?", scope.OrgID, userID, kind).
		Order("last_ms DESC", "id DESC").Limit(maxRecentSearches).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("recent searches: %w", err))
	}
	return rows, nil
}

// AddRecentSearch remembers that a user searched, and forgets the oldest of many.
func (s *Store) AddRecentSearch(ctx context.Context, scope Scope, userID, kind int64, query string) error {
	if query == "" || len(query) > maxQuery {
		return fmt.Errorf("%w: a query has 1 to %d bytes", ErrInvalid, maxQuery)
	}
	return s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		row := RecentSearch{OrgID: scope.OrgID, UserID: userID, Type: kind, Query: query, CreatedMS: s.nowMS(), LastMS: s.nowMS()}
		_, err := tx.NewInsert().Model(&row).On("CONFLICT (org_id, user_id, type, query) DO UPDATE").Set("last_ms = EXCLUDED.last_ms").Returning("NULL").Exec(ctx)
		if err != nil {
			return err
		}
		kept := tx.NewSelect().Model((*RecentSearch)(nil)).Column("id").Where("org_id = ? AND user_id = ? AND type = ?", scope.OrgID, userID, kind).
			Order("last_ms DESC", "id DESC").Limit(maxRecentSearches)
		_, err = tx.NewDelete().Model((*RecentSearch)(nil)).Where("org_id = ? AND user_id = ? AND type = ?", scope.OrgID, userID, kind).Where("id NOT IN (?)", kept).Exec(ctx)
		return err
	})
}
