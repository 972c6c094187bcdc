package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"
)

// Membership gives a user a role in an organisation.
type Membership struct {
	bun.BaseModel `bun:"table:memberships,alias:m"`

	OrgID     int64  `bun:"org_id,pk"`
	UserID    int64  `bun:"user_id,pk"`
	Role      string `bun:"role"`
	CreatedMS int64  `bun:"created_ms"`
}

// Roles, as Sentry names them, the mightiest first.
const (
	RoleOwner   = "owner"
	RoleManager = "manager"
	RoleAdmin   = "admin"
	RoleMember  = "member"
)

// Member is a user with their role in one organisation.
type Member struct {
	User
	Role     string `bun:"role"`
	JoinedMS int64  `bun:"joined_ms"`
}

// MemberOf is an organisation with one user's role in it.
type MemberOf struct {
	Organization
	Role string `bun:"role"`
}

// SetMember makes a user a member of the scope's organisation, who joins its first team, or changes their
// role. A change of role signs them out: what they may do is decided when they sign in.
func (s *Store) SetMember(ctx context.Context, scope Scope, userID int64, role string) error {
	switch role {
	case RoleOwner, RoleManager, RoleAdmin, RoleMember:
	default:
		return fmt.Errorf("%w: role %q", ErrInvalid, role)
	}
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		before := new(Membership)
		err := tx.NewSelect().Model(before).Where("org_id = ? AND user_id = ?", scope.OrgID, userID).Scan(ctx)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		m := &Membership{OrgID: scope.OrgID, UserID: userID, Role: role, CreatedMS: s.nowMS()}
		res, err := tx.NewInsert().Model(m).On("CONFLICT (org_id, user_id) DO UPDATE").Set("role = EXCLUDED.role").
			Where("m.role <> EXCLUDED.role").Returning("NULL").Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); n == 0 || err != nil { // the same role as before
			return err
		}
		if before.Role == "" {
			if err := s.joinFirstTeam(ctx, tx, scope, userID); err != nil {
				return err
			}
		}
		if err := s.auditMember(ctx, tx, scope, userID, before.Role, role); err != nil {
			return err
		}
		return endSessions(ctx, tx, userID)
	})
	if err != nil {
		return fmt.Errorf("make user %d a %s: %w", userID, role, err)
	}
	return nil
}

// auditMember records that somebody's role changed; empty: they had or have none.
func (s *Store) auditMember(ctx context.Context, tx bun.Tx, scope Scope, userID int64, from, to string) error {
	email, err := userName(ctx, tx, userID)
	if err != nil {
		return err
	}
	switch {
	case from == "":
		return s.audit(ctx, tx, scope, audited{AuditMemberAdd, "user", auditID(userID), email, map[string]any{"role": to}})
	case to == "":
		return s.audit(ctx, tx, scope, audited{AuditMemberRemove, "user", auditID(userID), email, map[string]any{"role": from}})
	}
	return s.audit(ctx, tx, scope, audited{AuditMemberEdit, "user", auditID(userID), email, map[string]any{"role": map[string]any{"from": from, "to": to}}})
}

func (s *Store) joinFirstTeam(ctx context.Context, tx bun.Tx, scope Scope, userID int64) error {
	team, err := firstTeam(ctx, tx, scope.OrgID)
	if err != nil {
		return err
	}
	m := &TeamMember{TeamID: team, UserID: userID, Role: TeamContributor, JoinedMS: s.nowMS()}
	_, err = tx.NewInsert().Model(m).On("CONFLICT DO NOTHING").Returning("NULL").Exec(ctx)
	return err
}

// RemoveMember ends a membership, the user's place in the organisation's teams, the tokens they had in it,
// and their sessions.
func (s *Store) RemoveMember(ctx context.Context, scope Scope, userID int64) error {
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var gone []string
		_, err := tx.NewDelete().Model((*Membership)(nil)).Where("org_id = ? AND user_id = ?", scope.OrgID, userID).Returning("role").Exec(ctx, &gone)
		if err != nil {
			return err
		}
		if len(gone) == 0 {
			return fmt.Errorf("member %d: %w", userID, ErrNotFound)
		}
		if err := s.auditMember(ctx, tx, scope, userID, gone[0], ""); err != nil {
			return err
		}
		_, err = tx.NewDelete().Model((*TeamMember)(nil)).
			Where("user_id = ? AND team_id IN (SELECT id FROM teams WHERE org_id = ?)", userID, scope.OrgID).Exec(ctx)
		if err != nil {
			return err
		}
		_, err = tx.NewDelete().Model((*APIToken)(nil)).Where("org_id = ? AND user_id = ?", scope.OrgID, userID).Exec(ctx)
		if err != nil {
			return err
		}
		return endSessions(ctx, tx, userID)
	})
	if err != nil {
		return fmt.Errorf("remove member %d: %w", userID, err)
	}
	return nil
}

// Members lists the users of the scope's organisation by address.
func (s *Store) Members(ctx context.Context, scope Scope) ([]Member, error) {
	var ms []Member
	err := s.members(scope).Order("u.email").Scan(ctx, &ms)
	if err != nil {
		return nil, border(fmt.Errorf("list members: %w", err))
	}
	return ms, nil
}

// Member gives one user of the scope's organisation.
func (s *Store) Member(ctx context.Context, scope Scope, userID int64) (*Member, error) {
	m := new(Member)
	if err := s.members(scope).Where("u.id = ?", userID).Scan(ctx, m); err != nil {
		return nil, border(fmt.Errorf("member %d: %w", userID, err))
	}
	return m, nil
}

func (s *Store) members(scope Scope) *bun.SelectQuery {
	return s.read.NewSelect().TableExpr("users AS u").Join("JOIN memberships AS m ON m.user_id = u.id").
		ColumnExpr("u.*, m.role, m.created_ms AS joined_ms").Where("m.org_id = ?", scope.OrgID)
}

// OrganizationsOf lists the organisations a signed-in user is a member of, by slug.
func (s *Store) OrganizationsOf(ctx context.Context, userID int64) ([]MemberOf, error) {
	var os []MemberOf
	err := s.read.NewSelect().TableExpr("organizations AS o").Join("JOIN memberships AS m ON m.org_id = o.id").
		ColumnExpr("o.*, m.role").Where("m.user_id = ?", userID).Order("o.slug").Scan(ctx, &os)
	if err != nil {
		return nil, border(fmt.Errorf("list organizations of user %d: %w", userID, err))
	}
	return os, nil
}

// OrganizationOf gives the organisation of that slug or id with a signed-in user's role in it, or
// [ErrNotFound] when they are no member: the way from a path to a [Scope].
func (s *Store) OrganizationOf(ctx context.Context, userID int64, slugOrID string) (*MemberOf, error) {
	o := new(MemberOf)
	q := s.read.NewSelect().TableExpr("organizations AS o").Join("JOIN memberships AS m ON m.org_id = o.id").
		ColumnExpr("o.*, m.role").Where("m.user_id = ?", userID)
	if n, ok := numericID(slugOrID); ok {
		q = q.Where("o.id = ?", n)
	} else {
		q = q.Where("o.slug = ?", slugOrID)
	}
	if err := q.Scan(ctx, o); err != nil {
		return nil, border(fmt.Errorf("organization: %w", err))
	}
	return o, nil
}
