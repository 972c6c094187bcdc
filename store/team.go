package store

import (
	"context"
	"fmt"
	"maps"

	"github.com/uptrace/bun"
)

// Team is a group of people in an organisation. Projects belong to teams, and issues can be assigned
// to one. Every organisation begins with a team of its own name, which new members and projects join.
type Team struct {
	bun.BaseModel `bun:"table:teams,alias:t"`

	ID        int64  `bun:"id,pk,autoincrement"`
	OrgID     int64  `bun:"org_id"`
	Slug      string `bun:"slug"`
	Name      string `bun:"name"`
	CreatedMS int64  `bun:"created_ms"`
}

// TeamMember is a user in a team.
type TeamMember struct {
	bun.BaseModel `bun:"table:team_members,alias:tm"`

	TeamID   int64  `bun:"team_id,pk"`
	UserID   int64  `bun:"user_id,pk"`
	Role     string `bun:"role"`
	JoinedMS int64  `bun:"joined_ms"`
}

// ProjectTeam gives a project to a team. A project can have several.
type ProjectTeam struct {
	bun.BaseModel `bun:"table:project_teams,alias:pt"`

	ProjectID int64 `bun:"project_id,pk"`
	TeamID    int64 `bun:"team_id,pk"`
}

// Roles in a team, as Sentry names them.
const (
	TeamContributor = "contributor"
	TeamAdmin       = "admin"
)

// TeamOf is a team with what lists say of it.
type TeamOf struct {
	Team
	Members int64  `bun:"members"`
	Role    string `bun:"role"` // of the user who was asked for; empty: not in it
}

// CreateTeam adds a team to the scope's organisation. Without a slug one is made of the name;
// [ErrConflict] when it is taken.
func (s *Store) CreateTeam(ctx context.Context, scope Scope, name, slug string) (*Team, error) {
	if name == "" {
		name = slug
	}
	if slug == "" {
		slug = slugify(name, "team")
	}
	if err := checkSlug(slug); err != nil {
		return nil, err
	}
	if err := checkName("name", name); err != nil {
		return nil, err
	}
	t := &Team{OrgID: scope.OrgID, Slug: slug, Name: name, CreatedMS: s.nowMS()}
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(t).Returning("id").Exec(ctx); err != nil {
			return err
		}
		return s.audit(ctx, tx, scope, audited{AuditTeamCreate, "team", auditID(t.ID), t.Slug, nil})
	})
	if err != nil {
		return nil, fmt.Errorf("create team %s: %w", slug, err)
	}
	return t, nil
}

// Teams lists the teams of the scope's organisation by slug, with the role that a user has in each
// (0: nobody).
func (s *Store) Teams(ctx context.Context, scope Scope, userID int64) ([]TeamOf, error) {
	var ts []TeamOf
	if err := s.teams(scope, userID).Order("t.slug").Scan(ctx, &ts); err != nil {
		return nil, border(fmt.Errorf("list teams: %w", err))
	}
	return ts, nil
}

// Team gives one of the scope's teams by slug or numeric id, with the role that a user has in it.
func (s *Store) Team(ctx context.Context, scope Scope, slugOrID string, userID int64) (*TeamOf, error) {
	t := new(TeamOf)
	q := s.teams(scope, userID)
	if n, ok := numericID(slugOrID); ok {
		q = q.Where("t.id = ?", n)
	} else {
		q = q.Where("t.slug = ?", slugOrID)
	}
	if err := q.Scan(ctx, t); err != nil {
		return nil, border(fmt.Errorf("team: %w", err))
	}
	return t, nil
}

func (s *Store) teams(scope Scope, userID int64) *bun.SelectQuery {
	return s.read.NewSelect().TableExpr("teams AS t").ColumnExpr("t.*").
		ColumnExpr("(SELECT COUNT(*) FROM team_members AS n WHERE n.team_id = t.id) AS members").
		ColumnExpr("COALESCE(m.role, '') AS role").
		Join("LEFT JOIN team_members AS m ON m.team_id = t.id AND m.user_id = ?", userID).
		Where("t.org_id = ?", scope.OrgID)
}

// TeamChange holds what is to change; nil stays as it is.
type TeamChange struct{ Name, Slug *string }

// UpdateTeam changes one of the scope's teams; [ErrConflict] when the slug is another's.
func (s *Store) UpdateTeam(ctx context.Context, scope Scope, teamID int64, c TeamChange) error {
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
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		t := new(Team)
		if err := s.lockRows(tx.NewSelect().Model(t).Where("org_id = ? AND id = ?", scope.OrgID, teamID)).Scan(ctx); err != nil {
			return err
		}
		before := *t
		if c.Name != nil {
			t.Name = *c.Name
		}
		if c.Slug != nil {
			t.Slug = *c.Slug
		}
		changes := fromTo("name", before.Name, t.Name, "slug", before.Slug, t.Slug)
		if len(changes) == 0 {
			return nil
		}
		if _, err := tx.NewUpdate().Model(t).Column("name", "slug").WherePK().Exec(ctx); err != nil {
			return err
		}
		return s.audit(ctx, tx, scope, audited{AuditTeamEdit, "team", auditID(t.ID), t.Slug, changes})
	})
	if err != nil {
		return fmt.Errorf("update team %d: %w", teamID, err)
	}
	return nil
}

// DeleteTeam removes one of the scope's teams. The last team of an organisation stays ([ErrConflict]):
// new members and projects need one.
func (s *Store) DeleteTeam(ctx context.Context, scope Scope, teamID int64) error {
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var ids []int64
		q := tx.NewSelect().Model((*Team)(nil)).Column("id").Where("org_id = ?", scope.OrgID).Order("id")
		if err := s.lockRows(q).Scan(ctx, &ids); err != nil {
			return err
		}
		if len(ids) == 1 && ids[0] == teamID {
			return fmt.Errorf("the last team of an organisation: %w", ErrConflict)
		}
		for _, model := range []any{(*TeamMember)(nil), (*ProjectTeam)(nil)} {
			if _, err := tx.NewDelete().Model(model).Where("team_id IN (SELECT id FROM teams WHERE id = ? AND org_id = ?)", teamID, scope.OrgID).Exec(ctx); err != nil {
				return err
			}
		}
		var gone []string
		if _, err := tx.NewDelete().Model((*Team)(nil)).Where("org_id = ? AND id = ?", scope.OrgID, teamID).Returning("slug").Exec(ctx, &gone); err != nil {
			return err
		}
		if len(gone) == 0 {
			return fmt.Errorf("team %d: %w", teamID, ErrNotFound)
		}
		return s.audit(ctx, tx, scope, audited{AuditTeamRemove, "team", auditID(teamID), gone[0], nil})
	})
	if err != nil {
		return fmt.Errorf("delete team: %w", err)
	}
	return nil
}

// JoinTeam puts a member of the scope's organisation into one of its teams, or changes their role there.
func (s *Store) JoinTeam(ctx context.Context, scope Scope, teamID, userID int64, role string) error {
	if role != TeamContributor && role != TeamAdmin {
		return fmt.Errorf("%w: team role %q", ErrInvalid, role)
	}
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var n int
		err := tx.NewSelect().TableExpr("teams AS t").Join("JOIN memberships AS m ON m.org_id = t.org_id").
			ColumnExpr("COUNT(*)").Where("t.org_id = ? AND t.id = ? AND m.user_id = ?", scope.OrgID, teamID, userID).Scan(ctx, &n)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("team %d, member %d: %w", teamID, userID, ErrNotFound)
		}
		m := &TeamMember{TeamID: teamID, UserID: userID, Role: role, JoinedMS: s.nowMS()}
		res, err := tx.NewInsert().Model(m).On("CONFLICT (team_id, user_id) DO UPDATE").Set("role = EXCLUDED.role").
			Where("tm.role <> EXCLUDED.role").Returning("NULL").Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); n == 0 || err != nil { // the same role as before
			return err
		}
		return s.auditTeam(ctx, tx, scope, AuditTeamJoin, teamID, userID, map[string]any{"role": role})
	})
	if err != nil {
		return fmt.Errorf("join team: %w", err)
	}
	return nil
}

// LeaveTeam takes a user out of one of the scope's teams.
func (s *Store) LeaveTeam(ctx context.Context, scope Scope, teamID, userID int64) error {
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewDelete().Model((*TeamMember)(nil)).
			Where("team_id = ? AND user_id = ? AND team_id IN (SELECT id FROM teams WHERE org_id = ?)", teamID, userID, scope.OrgID).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); n == 0 || err != nil { // was not in it
			return err
		}
		return s.auditTeam(ctx, tx, scope, AuditTeamLeave, teamID, userID, nil)
	})
	if err != nil {
		return fmt.Errorf("leave team %d: %w", teamID, err)
	}
	return nil
}

// auditTeam records that somebody joined or left a team.
func (s *Store) auditTeam(ctx context.Context, tx bun.Tx, scope Scope, event string, teamID, userID int64, data map[string]any) error {
	slug, err := slugName(ctx, tx, (*Team)(nil), teamID)
	if err != nil {
		return err
	}
	email, err := userName(ctx, tx, userID)
	if err != nil {
		return err
	}
	all := map[string]any{"team": slug}
	maps.Copy(all, data)
	return s.audit(ctx, tx, scope, audited{event, "user", auditID(userID), email, all})
}

// auditProjectTeam records that a project went to a team or was taken from it.
func (s *Store) auditProjectTeam(ctx context.Context, tx bun.Tx, scope Scope, event string, projectID, teamID int64) error {
	team, err := slugName(ctx, tx, (*Team)(nil), teamID)
	if err != nil {
		return err
	}
	project, err := slugName(ctx, tx, (*Project)(nil), projectID)
	if err != nil {
		return err
	}
	return s.audit(ctx, tx, scope, audited{event, "project", auditID(projectID), project, map[string]any{"team": team}})
}

// TeamMembers gives who is in which of the scope's teams, by team and user.
func (s *Store) TeamMembers(ctx context.Context, scope Scope) ([]TeamMember, error) {
	var ms []TeamMember
	err := s.read.NewSelect().Model(&ms).Join("JOIN teams AS t ON t.id = tm.team_id").Where("t.org_id = ?", scope.OrgID).
		Order("tm.team_id", "tm.user_id").Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("list team members: %w", err))
	}
	return ms, nil
}

// ProjectTeams gives which of the scope's projects belong to which teams.
func (s *Store) ProjectTeams(ctx context.Context, scope Scope) ([]ProjectTeam, error) {
	var ps []ProjectTeam
	err := s.read.NewSelect().Model(&ps).Join("JOIN teams AS t ON t.id = pt.team_id").Where("t.org_id = ?", scope.OrgID).
		Order("pt.project_id", "pt.team_id").Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("list teams of projects: %w", err))
	}
	return ps, nil
}

// GiveProject adds one of the scope's projects to one of its teams; ids of others change nothing.
func (s *Store) GiveProject(ctx context.Context, scope Scope, projectID, teamID int64) error {
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewRaw(`INSERT INTO project_teams (project_id, team_id) SELECT p.id, t.id FROM projects AS p, teams AS t
			WHERE p.id = ? AND p.org_id = ? AND t.id = ? AND t.org_id = ? ON CONFLICT DO NOTHING`, projectID, scope.OrgID, teamID, scope.OrgID).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); n == 0 || err != nil { // had it already
			return err
		}
		return s.auditProjectTeam(ctx, tx, scope, AuditProjectTeam, projectID, teamID)
	})
	if err != nil {
		return fmt.Errorf("give project %d to team %d: %w", projectID, teamID, err)
	}
	return nil
}

// TakeProject takes one of the scope's projects from a team.
func (s *Store) TakeProject(ctx context.Context, scope Scope, projectID, teamID int64) error {
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewDelete().Model((*ProjectTeam)(nil)).
			Where("project_id = ? AND team_id = ? AND team_id IN (SELECT id FROM teams WHERE org_id = ?)", projectID, teamID, scope.OrgID).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); n == 0 || err != nil { // was not its
			return err
		}
		return s.auditProjectTeam(ctx, tx, scope, AuditProjectNoTeam, projectID, teamID)
	})
	if err != nil {
		return fmt.Errorf("take project %d from team %d: %w", projectID, teamID, err)
	}
	return nil
}

// teamFor gives the team that a new project joins: the one that is named, or the organisation's first.
func teamFor(ctx context.Context, tx bun.IDB, scope Scope, teamID int64) (int64, error) {
	if teamID == 0 {
		return firstTeam(ctx, tx, scope.OrgID)
	}
	var id int64
	err := tx.NewSelect().Model((*Team)(nil)).Column("id").Where("org_id = ? AND id = ?", scope.OrgID, teamID).Scan(ctx, &id)
	return id, err
}

// firstTeam gives the id of the team that an organisation began with, or of its oldest.
func firstTeam(ctx context.Context, tx bun.IDB, orgID int64) (int64, error) {
	var id int64
	err := tx.NewSelect().Model((*Team)(nil)).Column("id").Where("org_id = ?", orgID).Order("id").Limit(1).Scan(ctx, &id)
	return id, err
}
