package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// Identity says that somebody whom a sign-in provider knows is a user here. It is found by the provider and
// its own name of them alone: an e-mail address can become another person's.
type Identity struct {
	bun.BaseModel `bun:"table:user_identities,alias:ui"`

	ID         int64  `bun:"id,pk,autoincrement"`
	UserID     int64  `bun:"user_id"`
	Issuer     string `bun:"issuer"`
	Subject    string `bun:"subject"`
	Email      string `bun:"email"` // as the provider said it last; only shown
	CreatedMS  int64  `bun:"created_ms"`
	LastUsedMS *int64 `bun:"last_used_ms"`
}

func (i *Identity) check() error {
	if i.Issuer == "" || i.Subject == "" || len(i.Issuer) > 1024 || len(i.Subject) > 255 {
		return fmt.Errorf("%w: an identity without a provider or a subject", ErrInvalid)
	}
	i.Email = cutText(i.Email, maxEmail)
	return checkText("address", i.Email)
}

// UserByIdentity gives the user of an identity, and notes that it was used; [ErrNotFound] when it is linked to nobody.
func (s *Store) UserByIdentity(ctx context.Context, issuer, subject string) (*User, error) {
	u := new(User)
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model((*Identity)(nil)).Set("last_used_ms = ?", s.nowMS()).Where("issuer = ? AND subject = ?", issuer, subject).Exec(ctx)
		if err != nil {
			return err
		}
		if err := someRow(res, "identity"); err != nil {
			return err
		}
		return tx.NewSelect().Model(u).Where("id = (SELECT user_id FROM user_identities WHERE issuer = ? AND subject = ?)", issuer, subject).Scan(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("user of identity: %w", err)
	}
	return u, nil
}

// LinkIdentity lets a user sign in by an identity from now on; [ErrConflict] when it is another user's.
func (s *Store) LinkIdentity(ctx context.Context, userID int64, in Identity) error {
	if err := in.check(); err != nil {
		return err
	}
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error { return s.insertIdentity(ctx, tx, userID, in) })
	if err != nil {
		return fmt.Errorf("link identity to user %d: %w", userID, err)
	}
	return nil
}

func (s *Store) insertIdentity(ctx context.Context, tx bun.Tx, userID int64, in Identity) error {
	in.ID, in.UserID, in.CreatedMS = 0, userID, s.nowMS()
	res, err := tx.NewInsert().Model(&in).On("CONFLICT (issuer, subject) DO NOTHING").Returning("NULL").Exec(ctx)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		if err != nil {
			return err
		}
		return s.auditUser(ctx, tx, userID, AuditIdentityLink, map[string]any{"issuer": in.Issuer, "email": in.Email})
	}
	var owner int64
	if err := tx.NewSelect().Model((*Identity)(nil)).Column("user_id").Where("issuer = ? AND subject = ?", in.Issuer, in.Subject).Scan(ctx, &owner); err != nil {
		return err
	}
	if owner != userID {
		return fmt.Errorf("identity: %w", ErrConflict)
	}
	return nil
}

// JoinByIdentity makes a user of an identity that is linked to nobody, and a member of the scope's
// organisation; [ErrConflict] when the address or the identity is somebody's already.
func (s *Store) JoinByIdentity(ctx context.Context, scope Scope, name, role string, in Identity) (*User, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	email, err := checkEmail(in.Email)
	if err != nil {
		return nil, err
	}
	u := &User{Email: email, Name: name, CreatedMS: s.nowMS()}
	if checkName("name", u.Name) != nil {
		u.Name = email
	}
	err = s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(u).Returning("id").Exec(ctx); err != nil {
			return err
		}
		m := &Membership{OrgID: scope.OrgID, UserID: u.ID, Role: role, CreatedMS: s.nowMS()}
		if _, err := tx.NewInsert().Model(m).Returning("NULL").Exec(ctx); err != nil {
			return err
		}
		if err := s.joinFirstTeam(ctx, tx, scope, u.ID); err != nil {
			return err
		}
		if a, ok := ctx.Value(actorKey{}).(Actor); ok && a.UserID == 0 { // they let themselves in
			a.UserID, a.Name = u.ID, u.Email
			ctx = WithActor(ctx, a)
		}
		if err := s.auditMember(ctx, tx, scope, u.ID, "", role); err != nil {
			return err
		}
		return s.insertIdentity(ctx, tx, u.ID, in)
	})
	if err != nil {
		return nil, fmt.Errorf("join by identity: %w", err)
	}
	return u, nil
}

// Identities lists what a user can sign in by besides a password.
func (s *Store) Identities(ctx context.Context, userID int64) ([]Identity, error) {
	var rows []Identity
	if err := s.read.NewSelect().Model(&rows).Where("user_id = ?", userID).Order("id").Scan(ctx); err != nil {
		return nil, border(fmt.Errorf("identities of user %d: %w", userID, err))
	}
	return rows, nil
}

// UnlinkIdentity takes one of a user's identities away.
func (s *Store) UnlinkIdentity(ctx context.Context, userID, id int64) error {
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var gone []Identity
		if _, err := tx.NewDelete().Model((*Identity)(nil)).Where("id = ? AND user_id = ?", id, userID).Returning("*").Exec(ctx, &gone); err != nil {
			return err
		}
		if len(gone) == 0 {
			return ErrNotFound
		}
		return s.auditUser(ctx, tx, userID, AuditIdentityUnlink, map[string]any{"issuer": gone[0].Issuer, "email": gone[0].Email})
	})
	if err != nil {
		return fmt.Errorf("unlink identity %d: %w", id, err)
	}
	return nil
}
