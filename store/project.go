package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/hindsight-dev/hindsight/settings"
)

// Project receives the envelopes of one application, with the keys that belong to it.
type Project struct {
	bun.BaseModel `bun:"table:projects,alias:p"`

	ID           int64  `bun:"id,pk,autoincrement"`
	OrgID        int64  `bun:"org_id"`
	Slug         string `bun:"slug"`
	Name         string `bun:"name"`
	Platform     string `bun:"platform"`
	Settings     string `bun:"settings"`     // a document of package settings
	IssueNumber  int64  `bun:"issue_number"` // the last short-id number given out
	FirstEventMS *int64 `bun:"first_event_ms"`
	CreatedMS    int64  `bun:"created_ms"`

	DeletedMS *int64 `bun:"deleted_ms"` // its rows are on their way out, see PurgeProjects
	EmptiedMS *int64 `bun:"emptied_ms"`
}

// NewProject is what a project is made of. Without a Slug one is made of the name, with a number
// when it is taken.
type NewProject struct {
	Name     string
	Slug     string
	Platform string
	TeamID   int64 // one of the organisation's; 0: its first
}

// maxSettings bounds a project's settings in bytes: relays hold those of all projects in memory.
const maxSettings = 64 << 10

// CreateProject adds a project and its first key, labelled Default. [ErrConflict] when a slug was
// given and is taken.
func (s *Store) CreateProject(ctx context.Context, scope Scope, in NewProject) (*Project, *ProjectKey, error) {
	slug := in.Slug
	if slug == "" {
		slug = slugify(in.Name, "project")
	} else if err := checkSlug(slug); err != nil {
		return nil, nil, err
	}
	if err := checkName("name", in.Name); err != nil {
		return nil, nil, err
	}
	if err := checkText("platform", in.Platform); err != nil {
		return nil, nil, err
	}
	p := &Project{OrgID: scope.OrgID, Name: in.Name, Platform: in.Platform, Settings: "{}", CreatedMS: s.nowMS()}
	var key *ProjectKey
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		if err := insertProject(ctx, tx, p, slug, in.Slug == ""); err != nil {
			return err
		}
		team, err := teamFor(ctx, tx, scope, in.TeamID)
		if err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&ProjectTeam{ProjectID: p.ID, TeamID: team}).Returning("NULL").Exec(ctx); err != nil {
			return err
		}
		if key, err = s.insertKey(ctx, tx, p.ID, "Default"); err != nil {
			return err
		}
		return s.audit(ctx, tx, scope, audited{AuditProjectCreate, "project", auditID(p.ID), p.Slug, map[string]any{"name": p.Name, "platform": p.Platform}})
	})
	if err != nil {
		return nil, nil, fmt.Errorf("create project %s: %w", slug, err)
	}
	return p, key, nil
}

// insertProject takes slug or, where that may be changed, the first free one of slug-2, slug-3, ….
func insertProject(ctx context.Context, tx bun.Tx, p *Project, slug string, mayChange bool) error {
	p.Slug = slug
	for n := 2; ; n++ {
		p.ID = 0 // the database gives one
		// DO NOTHING instead of an error: an error would end the transaction on Postgres.
		res, err := tx.NewInsert().Model(p).On("CONFLICT (org_id, slug) DO NOTHING").Returning("NULL").Exec(ctx)
		if err != nil {
			return err
		}
		inserted, err := res.RowsAffected()
		if err != nil {
			return err
		}
		if inserted == 1 {
			return tx.NewSelect().Model(p).Where("org_id = ? AND slug = ?", p.OrgID, p.Slug).Scan(ctx)
		}
		if !mayChange || n > 1000 {
			return fmt.Errorf("slug %s: %w", slug, ErrConflict)
		}
		p.Slug = fmt.Sprintf("%s-%d", slug, n)
	}
}

// Projects lists the scope's projects by slug.
func (s *Store) Projects(ctx context.Context, scope Scope) ([]Project, error) {
	var ps []Project
	if err := s.read.NewSelect().Model(&ps).Where("org_id = ? AND deleted_ms IS NULL", scope.OrgID).Order("slug").Scan(ctx); err != nil {
		return nil, border(fmt.Errorf("list projects: %w", err))
	}
	return ps, nil
}

// Project gives one of the scope's projects by slug or numeric id.
func (s *Store) Project(ctx context.Context, scope Scope, slugOrID string) (*Project, error) {
	p := new(Project)
	q := s.read.NewSelect().Model(p).Where("org_id = ? AND deleted_ms IS NULL", scope.OrgID)
	if n, ok := numericID(slugOrID); ok {
		q = q.Where("id = ?", n)
	} else {
		q = q.Where("slug = ?", slugOrID)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, border(fmt.Errorf("project: %w", err))
	}
	return p, nil
}

// ProjectChange holds what is to change; nil stays as it is.
type ProjectChange struct {
	Name, Slug, Platform *string
	Settings             *string // a document of package settings; checked
	// Edit changes the settings that are there; two at a time do not lose each other's change. Its
	// error, or a document that does not validate (a *settings.Invalid within [ErrInvalid]), changes
	// nothing. Settings is not looked at then.
	Edit func(*settings.Settings) error
	// Ownership are the rules that say whose its errors are.
	Ownership *string
}

// UpdateProject changes one of the scope's projects and gives it as it is afterwards. [ErrConflict]
// when the slug is another project's.
func (s *Store) UpdateProject(ctx context.Context, scope Scope, projectID int64, c ProjectChange) (*Project, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	p := new(Project)
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		before := new(Project)
		if err := s.lockRows(tx.NewSelect().Model(before).Where("org_id = ? AND id = ? AND deleted_ms IS NULL", scope.OrgID, projectID)).Scan(ctx); err != nil {
			return err
		}
		if c.Edit != nil {
			doc, err := s.editedSettings(ctx, tx, scope, projectID, c.Edit)
			if err != nil {
				return err
			}
			c.Settings = &doc
		}
		q := tx.NewUpdate().Model(p).Where("org_id = ? AND id = ? AND deleted_ms IS NULL", scope.OrgID, projectID)
		if c.Ownership != nil {
			if err := setOwnership(ctx, tx, scope, projectID, *c.Ownership); err != nil {
				return err
			}
		}
		changes := 0
		for column, v := range map[string]*string{"name": c.Name, "slug": c.Slug, "platform": c.Platform, "settings": c.Settings} {
			if v != nil {
				q = q.Set("? = ?", bun.Ident(column), *v)
				changes++
			}
		}
		if changes > 0 {
			if _, err := q.Exec(ctx); err != nil {
				return err
			}
		}
		if err := tx.NewSelect().Model(p).Where("org_id = ? AND id = ? AND deleted_ms IS NULL", scope.OrgID, projectID).Scan(ctx); err != nil {
			return err
		}
		return s.audit(ctx, tx, scope, projectChanges(before, p)...)
	})
	if err != nil {
		return nil, fmt.Errorf("update project %d: %w", projectID, err)
	}
	return p, nil
}

func (c ProjectChange) check() error {
	if c.Name != nil {
		if err := checkName("name", *c.Name); err != nil {
			return err
		}
	}
	if c.Slug != nil {
		if err := checkSlug(*c.Slug); err != nil {
			return err
		}
	}
	if c.Platform != nil {
		if err := checkText("platform", *c.Platform); err != nil {
			return err
		}
	}
	if c.Ownership != nil && len(*c.Ownership) > MaxOwnership {
		return fmt.Errorf("%w: ownership rules are longer than %d bytes", ErrInvalid, MaxOwnership)
	}
	if c.Settings != nil {
		if len(*c.Settings) > maxSettings || !strings.HasPrefix(*c.Settings, "{") {
			return fmt.Errorf("%w: settings are not a JSON object of at most %d bytes", ErrInvalid, maxSettings)
		}
		s, err := settings.Parse([]byte(*c.Settings))
		if err == nil {
			err = s.Validate()
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrInvalid, err)
		}
	}
	return nil
}
