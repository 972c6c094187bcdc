package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/hindsight-dev/hindsight/settings"
)

// Organization is a tenant: links, traces and replays are looked up inside one.
type Organization struct {
	bun.BaseModel `bun:"table:organizations,alias:o"`

	ID        int64  `bun:"id,pk,autoincrement"`
	Slug      string `bun:"slug"`
	Name      string `bun:"name"`
	CreatedMS int64  `bun:"created_ms"`
	Quotas    string `bun:"quotas"` // JSON list of settings.Quota, over all its projects
}

// Scope is the organisation's own.
func (o *Organization) Scope() Scope { return Scope{OrgID: o.ID} }

// CreateOrganization adds an organisation; [ErrConflict] when the slug is taken.
func (s *Store) CreateOrganization(ctx context.Context, slug, name string) (*Organization, error) {
	if err := checkSlug(slug); err != nil {
		return nil, err
	}
	if err := checkName("name", name); err != nil {
		return nil, err
	}
	o := &Organization{Slug: slug, Name: name, CreatedMS: s.nowMS(), Quotas: "[]"}
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(o).Returning("id").Exec(ctx); err != nil {
			return err
		}
		if err := insertFirstTeam(ctx, tx, o); err != nil {
			return err
		}
		return s.audit(ctx, tx, o.Scope(), audited{AuditOrgCreate, "organization", auditID(o.ID), o.Slug, nil})
	})
	if err != nil {
		return nil, fmt.Errorf("create organization %s: %w", slug, err)
	}
	return o, nil
}

// insertFirstTeam makes the team that an organisation begins with. It has the organisation's name.
func insertFirstTeam(ctx context.Context, tx bun.Tx, o *Organization) error {
	t := &Team{OrgID: o.ID, Slug: o.Slug, Name: o.Name, CreatedMS: o.CreatedMS}
	_, err := tx.NewInsert().Model(t).On("CONFLICT (org_id, slug) DO NOTHING").Returning("NULL").Exec(ctx)
	return err
}

// OrganizationChange holds what is to change; nil stays as it is.
type OrganizationChange struct{ Name, Slug *string }

// UpdateOrganization changes the scope's organisation and gives it as it is afterwards. [ErrConflict]
// when the slug is another's.
func (s *Store) UpdateOrganization(ctx context.Context, scope Scope, c OrganizationChange) (*Organization, error) {
	o := new(Organization)
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		before := new(Organization)
		if err := tx.NewSelect().Model(before).Where("id = ?", scope.OrgID).Scan(ctx); err != nil {
			return err
		}
		q := tx.NewUpdate().Model((*Organization)(nil)).Where("id = ?", scope.OrgID)
		if c.Name != nil {
			if err := checkName("name", *c.Name); err != nil {
				return err
			}
			q = q.Set("name = ?", *c.Name)
		}
		if c.Slug != nil {
			if err := checkSlug(*c.Slug); err != nil {
				return err
			}
			q = q.Set("slug = ?", *c.Slug)
		}
		if c.Name != nil || c.Slug != nil {
			if _, err := q.Exec(ctx); err != nil {
				return err
			}
		}
		if err := tx.NewSelect().Model(o).Where("id = ?", scope.OrgID).Scan(ctx); err != nil {
			return err
		}
		changes := fromTo("name", before.Name, o.Name, "slug", before.Slug, o.Slug)
		if len(changes) == 0 {
			return nil
		}
		return s.audit(ctx, tx, scope, audited{AuditOrgEdit, "organization", auditID(o.ID), o.Slug, changes})
	})
	if err != nil {
		return nil, fmt.Errorf("update organization: %w", err)
	}
	return o, nil
}

// EnsureOrganization gives the organisation with that slug and makes it when there is none, with the
// slug as its name. For the command line and the first start, which act on the machine's behalf.
func (s *Store) EnsureOrganization(ctx context.Context, slug string) (*Organization, error) {
	if err := checkSlug(slug); err != nil {
		return nil, err
	}
	o := new(Organization)
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		err := tx.NewSelect().Model(o).Where("slug = ?", slug).Scan(ctx)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		*o = Organization{Slug: slug, Name: slug, CreatedMS: s.nowMS(), Quotas: "[]"}
		if _, err := tx.NewInsert().Model(o).On("CONFLICT (slug) DO NOTHING").Returning("NULL").Exec(ctx); err != nil {
			return err
		}
		if err := tx.NewSelect().Model(o).Where("slug = ?", slug).Scan(ctx); err != nil {
			return err
		}
		if err := insertFirstTeam(ctx, tx, o); err != nil {
			return err
		}
		return s.audit(ctx, tx, o.Scope(), audited{AuditOrgCreate, "organization", auditID(o.ID), o.Slug, nil})
	})
	if err != nil {
		return nil, fmt.Errorf("ensure organization %s: %w", slug, err)
	}
	return o, nil
}

// Organization gives the scope's organisation if slugOrID names it, else [ErrNotFound]: a stranger
// cannot tell another's organisation from one that does not exist.
func (s *Store) Organization(ctx context.Context, scope Scope, slugOrID string) (*Organization, error) {
	o := new(Organization)
	q := s.read.NewSelect().Model(o).Where("id = ?", scope.OrgID)
	if n, ok := numericID(slugOrID); ok {
		q = q.Where("id = ?", n)
	} else {
		q = q.Where("slug = ?", slugOrID)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, border(fmt.Errorf("organization: %w", err))
	}
	return o, nil
}

// SetOrganizationQuotas replaces the quotas that hold over all of an organisation's projects; a list
// that cannot be is a *settings.Invalid within [ErrInvalid].
func (s *Store) SetOrganizationQuotas(ctx context.Context, scope Scope, quotas []settings.Quota) error {
	if err := settings.ValidateLimits(quotas); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if quotas == nil {
		quotas = []settings.Quota{}
	}
	doc, err := json.Marshal(quotas)
	if err != nil {
		return fmt.Errorf("quotas of organisation %d: %w", scope.OrgID, err)
	}
	err = s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		o := new(Organization)
		if err := s.lockRows(tx.NewSelect().Model(o).Where("id = ?", scope.OrgID)).Scan(ctx); err != nil {
			return err
		}
		if o.Quotas == string(doc) {
			return nil
		}
		if _, err := tx.NewUpdate().Model(o).Set("quotas = ?", string(doc)).WherePK().Exec(ctx); err != nil {
			return err
		}
		return s.audit(ctx, tx, scope, audited{AuditOrgQuotas, "organization", auditID(o.ID), o.Slug,
			map[string]any{"from": json.RawMessage(o.Quotas), "to": json.RawMessage(doc)}})
	})
	if err != nil {
		return fmt.Errorf("quotas of organisation %d: %w", scope.OrgID, err)
	}
	return nil
}
