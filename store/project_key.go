package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"

	"github.com/uptrace/bun"
)

// ProjectKey is a DSN's key. It identifies a project; it authenticates nothing.
type ProjectKey struct {
	bun.BaseModel `bun:"table:project_keys,alias:pk"`

	PublicKey string `bun:"public_key,pk"`
	ProjectID int64  `bun:"project_id"`
	SecretKey string `bun:"secret_key"` // of DSNs for old SDKs; nothing checks it
	Label     string `bun:"label"`
	Active    bool   `bun:"active"`
	CreatedMS int64  `bun:"created_ms"`

	// The key's own limit on errors: so many in a window of seconds. Both nil: none.
	RateCount  *int64 `bun:"rate_count"`
	RateWindow *int64 `bun:"rate_window"`
}

// KeyRate is a key's own limit on errors; with a Window of 0 seconds it is none.
type KeyRate struct{ Count, Window int64 }

func (r *KeyRate) check() error {
	if r.Count < 0 || r.Window < 0 || r.Window > 31*24*3600 {
		return fmt.Errorf("%w: rate limit of %d in %d s", ErrInvalid, r.Count, r.Window)
	}
	return nil
}

// CreateKey adds an active key to one of the scope's projects.
func (s *Store) CreateKey(ctx context.Context, scope Scope, projectID int64, label string) (*ProjectKey, error) {
	if err := checkName("label", label); err != nil {
		return nil, err
	}
	var key *ProjectKey
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		err := tx.NewSelect().Model((*Project)(nil)).Column("id").
			Where("org_id = ? AND id = ? AND deleted_ms IS NULL", scope.OrgID, projectID).Scan(ctx, new(int64))
		if err != nil {
			return err
		}
		if key, err = s.insertKey(ctx, tx, projectID, label); err != nil {
			return err
		}
		return s.auditKey(ctx, tx, scope, AuditKeyCreate, key, nil)
	})
	if err != nil {
		return nil, fmt.Errorf("create key of project %d: %w", projectID, err)
	}
	return key, nil
}

func (s *Store) insertKey(ctx context.Context, tx bun.Tx, projectID int64, label string) (*ProjectKey, error) {
	k := &ProjectKey{PublicKey: randomHex(16), ProjectID: projectID, SecretKey: randomHex(16), Label: label, Active: true, CreatedMS: s.nowMS()}
	if _, err := tx.NewInsert().Model(k).Returning("NULL").Exec(ctx); err != nil {
		return nil, err
	}
	return k, nil
}

// ProjectKeys lists the keys of one of the scope's projects, oldest first.
func (s *Store) ProjectKeys(ctx context.Context, scope Scope, projectID int64) ([]ProjectKey, error) {
	var ks []ProjectKey
	err := s.read.NewSelect().Model(&ks).Where("project_id = ?", projectID).Where("project_id IN (?)", s.projectIDs(scope)).
		Order("created_ms", "public_key").Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("list keys of project %d: %w", projectID, err))
	}
	return ks, nil
}

// ProjectKey gives one key of one of the scope's projects.
func (s *Store) ProjectKey(ctx context.Context, scope Scope, projectID int64, publicKey string) (*ProjectKey, error) {
	k := new(ProjectKey)
	err := s.read.NewSelect().Model(k).Where("public_key = ? AND project_id = ?", publicKey, projectID).
		Where("project_id IN (?)", s.projectIDs(scope)).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("key of project %d: %w", projectID, err))
	}
	return k, nil
}

// KeyChange holds what is to change; nil stays as it is.
type KeyChange struct {
	Label  *string
	Active *bool
	Rate   *KeyRate
}

// UpdateKey changes one key of one of the scope's projects and gives it as it is afterwards.
func (s *Store) UpdateKey(ctx context.Context, scope Scope, projectID int64, publicKey string, c KeyChange) (*ProjectKey, error) {
	if c.Label != nil {
		if err := checkName("label", *c.Label); err != nil {
			return nil, err
		}
	}
	if c.Rate != nil {
		if err := c.Rate.check(); err != nil {
			return nil, err
		}
	}
	k := new(ProjectKey)
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		of := func(q bun.QueryBuilder) bun.QueryBuilder {
			return q.Where("public_key = ? AND project_id = ?", publicKey, projectID).Where("project_id IN (?)", s.projectIDs(scope))
		}
		before := new(ProjectKey)
		if err := tx.NewSelect().Model(before).ApplyQueryBuilder(of).Scan(ctx); err != nil {
			return err
		}
		q := tx.NewUpdate().Model(k).ApplyQueryBuilder(of)
		if c.Label != nil {
			q = q.Set("label = ?", *c.Label)
		}
		if c.Active != nil {
			q = q.Set("active = ?", *c.Active)
		}
		switch {
		case c.Rate != nil && c.Rate.Window == 0:
			q = q.Set("rate_count = NULL").Set("rate_window = NULL")
		case c.Rate != nil:
			q = q.Set("rate_count = ?", c.Rate.Count).Set("rate_window = ?", c.Rate.Window)
		}
		if c != (KeyChange{}) {
			if _, err := q.Exec(ctx); err != nil {
				return err
			}
		}
		if err := tx.NewSelect().Model(k).ApplyQueryBuilder(of).Scan(ctx); err != nil {
			return err
		}
		changes := fromTo("name", before.Label, k.Label, "active", before.Active, k.Active, "rateLimit", before.rate(), k.rate())
		if len(changes) == 0 {
			return nil
		}
		return s.auditKey(ctx, tx, scope, AuditKeyEdit, k, changes)
	})
	if err != nil {
		return nil, fmt.Errorf("update key of project %d: %w", projectID, err)
	}
	return k, nil
}

// DeleteKey removes one key of one of the scope's projects; what it brought in stays.
func (s *Store) DeleteKey(ctx context.Context, scope Scope, projectID int64, publicKey string) error {
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var gone []ProjectKey
		_, err := tx.NewDelete().Model((*ProjectKey)(nil)).Where("public_key = ? AND project_id = ?", publicKey, projectID).
			Where("project_id IN (?)", s.projectIDs(scope)).Returning("*").Exec(ctx, &gone)
		if err != nil {
			return err
		}
		if len(gone) == 0 {
			return ErrNotFound
		}
		return s.auditKey(ctx, tx, scope, AuditKeyRemove, &gone[0], nil)
	})
	if err != nil {
		return fmt.Errorf("delete key of project %d: %w", projectID, err)
	}
	return nil
}

// auditKey records what was done to a key, which it names by its last characters.
func (s *Store) auditKey(ctx context.Context, tx bun.Tx, scope Scope, event string, k *ProjectKey, data map[string]any) error {
	slug, err := slugName(ctx, tx, (*Project)(nil), k.ProjectID)
	if err != nil {
		return err
	}
	all := map[string]any{"project": slug}
	maps.Copy(all, data)
	return s.audit(ctx, tx, scope, audited{event, "key", keyName(k.PublicKey), k.Label, all})
}

// rate says a key's own limit in words; empty: none.
func (k *ProjectKey) rate() string {
	if k.RateCount == nil || k.RateWindow == nil {
		return ""
	}
	return fmt.Sprintf("%d in %d s", *k.RateCount, *k.RateWindow)
}

// projectIDs is the subquery of the ids of the scope's projects.
func (s *Store) projectIDs(scope Scope) *bun.SelectQuery {
	return s.read.NewSelect().Model((*Project)(nil)).Column("id").Where("org_id = ? AND deleted_ms IS NULL", scope.OrgID)
}

// RelayKey is what the edge needs to know of a key.
type RelayKey struct {
	PublicKey string `bun:"public_key"`
	ProjectID int64  `bun:"project_id"`
	OrgID     int64  `bun:"org_id"`
	Active    bool   `bun:"active"`
	Settings  string `bun:"settings"` // of the project, JSON object
	OrgQuotas string `bun:"quotas"`   // of the organisation, JSON list

	RateCount  *int64 `bun:"rate_count"`
	RateWindow *int64 `bun:"rate_window"`
}

// AllKeys gives every key of every organisation in one query, for the snapshot that relays hold in
// memory; nothing that answers a person calls it.
func (s *Store) AllKeys(ctx context.Context) ([]RelayKey, error) {
	var ks []RelayKey
	err := s.read.NewSelect().TableExpr("project_keys AS pk").Join("JOIN projects AS p ON p.id = pk.project_id").
		Join("JOIN organizations AS o ON o.id = p.org_id").
		ColumnExpr("pk.public_key, pk.project_id, p.org_id, pk.active, p.settings, o.quotas, pk.rate_count, pk.rate_window").Order("pk.public_key").Scan(ctx, &ks)
	if err != nil {
		return nil, border(fmt.Errorf("read all keys: %w", err))
	}
	return ks, nil
}

// randomHex gives n random bytes as lower-case hex.
func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b)
}
