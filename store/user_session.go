package store

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"
)

// UserSession is a signed-in browser, stored by the SHA-256 of its cookie.
type UserSession struct {
	bun.BaseModel `bun:"table:user_sessions,alias:us"`

	TokenHash  string `bun:"token_hash,pk"`
	UserID     int64  `bun:"user_id"`
	CreatedMS  int64  `bun:"created_ms"`
	LastSeenMS int64  `bun:"last_seen_ms"`
	ExpiresMS  int64  `bun:"expires_ms"` // whatever happens; idle sessions end earlier
}

const (
	// SessionAge is how long a session lasts at most, and a cookie with it.
	SessionAge = 7 * 24 * time.Hour
	// sessionIdle is how long one lasts without a request.
	sessionIdle = 12 * time.Hour
	// seenEvery is how often a use of a session or token is written down, not at each request.
	seenEvery = time.Minute
	// maxSessions of one user; the oldest give way.
	maxSessions = 50
)

// CreateSession signs a user in and gives the value of their cookie.
func (s *Store) CreateSession(ctx context.Context, userID int64) (string, error) {
	token := randomToken()
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		now := s.now()
		idle := now.Add(-sessionIdle).UnixMilli()
		_, err := tx.NewDelete().Model((*UserSession)(nil)).Where("user_id = ?", userID).
			Where("expires_ms <= ? OR last_seen_ms <= ? OR token_hash IN (?)", now.UnixMilli(), idle,
				tx.NewSelect().Model((*UserSession)(nil)).Column("token_hash").Where("user_id = ?", userID).
					Order("last_seen_ms DESC").Offset(maxSessions-1).Limit(maxSessions)).Exec(ctx)
		if err != nil {
			return err
		}
		us := &UserSession{TokenHash: tokenHash(token), UserID: userID, CreatedMS: now.UnixMilli(), LastSeenMS: now.UnixMilli(), ExpiresMS: now.Add(SessionAge).UnixMilli()}
		if _, err := tx.NewInsert().Model(us).Returning("NULL").Exec(ctx); err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model((*User)(nil)).Set("last_login_ms = ?", now.UnixMilli()).Where("id = ?", userID).Exec(ctx)
		if err != nil {
			return err
		}
		return s.auditUser(ctx, tx, userID, AuditSignIn, nil)
	})
	if err != nil {
		return "", fmt.Errorf("sign in user %d: %w", userID, err)
	}
	return token, nil
}

// Session gives the user of a cookie, or [ErrNotFound] when the session ended or never was.
func (s *Store) Session(ctx context.Context, token string) (*User, *UserSession, error) {
	if len(token) > maxToken {
		return nil, nil, fmt.Errorf("session: %w", ErrNotFound)
	}
	now := s.now()
	us := new(UserSession)
	err := s.read.NewSelect().Model(us).Where("token_hash = ?", tokenHash(token)).
		Where("expires_ms > ? AND last_seen_ms > ?", now.UnixMilli(), now.Add(-sessionIdle).UnixMilli()).Scan(ctx)
	if err != nil {
		return nil, nil, border(fmt.Errorf("session: %w", err))
	}
	u := new(User)
	if err := s.read.NewSelect().Model(u).Where("id = ?", us.UserID).Scan(ctx); err != nil {
		return nil, nil, border(fmt.Errorf("user of session: %w", err))
	}
	if now.UnixMilli()-us.LastSeenMS >= seenEvery.Milliseconds() {
		us.LastSeenMS = now.UnixMilli()
		if _, err := s.write.NewUpdate().Model(us).Column("last_seen_ms").WherePK().Exec(ctx); err != nil {
			return nil, nil, border(fmt.Errorf("session: %w", err))
		}
	}
	return u, us, nil
}

// RotateSession gives a session a new cookie value; the old one is void at once. It ends when it
// would have ended.
func (s *Store) RotateSession(ctx context.Context, token string) (string, error) {
	if len(token) > maxToken {
		return "", fmt.Errorf("session: %w", ErrNotFound)
	}
	next := randomToken()
	now := s.now()
	res, err := s.write.NewUpdate().Model((*UserSession)(nil)).Set("token_hash = ?", tokenHash(next)).
		Where("token_hash = ? AND expires_ms > ? AND last_seen_ms > ?", tokenHash(token), now.UnixMilli(), now.Add(-sessionIdle).UnixMilli()).Exec(ctx)
	if err != nil {
		return "", border(fmt.Errorf("rotate session: %w", err))
	}
	if err := someRow(res, "session"); err != nil {
		return "", err
	}
	return next, nil
}

// DeleteSession signs one browser out. That a session is gone already is no error.
func (s *Store) DeleteSession(ctx context.Context, token string) error {
	if len(token) > maxToken {
		return nil
	}
	_, err := s.write.NewDelete().Model((*UserSession)(nil)).Where("token_hash = ?", tokenHash(token)).Exec(ctx)
	if err != nil {
		return border(fmt.Errorf("sign out: %w", err))
	}
	return nil
}

// endSessions signs a user out everywhere.
func endSessions(ctx context.Context, tx bun.Tx, userID int64) error {
	_, err := tx.NewDelete().Model((*UserSession)(nil)).Where("user_id = ?", userID).Exec(ctx)
	return err
}
