package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/uptrace/bun"
)

// SignInLink is a one-time sign-in, stored by the SHA-256 of its token.
type SignInLink struct {
	bun.BaseModel `bun:"table:sign_in_links,alias:sl"`

	TokenHash string `bun:"token_hash,pk"`
	UserID    int64  `bun:"user_id"`
	CreatedMS int64  `bun:"created_ms"`
	ExpiresMS int64  `bun:"expires_ms"`
	UsedMS    *int64 `bun:"used_ms"`
}

// How long a sign-in link is good for. The one that the first start prints may wait in a terminal
// for somebody to come back to it.
const (
	SignInLinkAge      = 15 * time.Minute
	FirstSignInLinkAge = 24 * time.Hour
)

// CreateSignInLink gives the token of a new link for a user. Expired links are cleared on the way.
func (s *Store) CreateSignInLink(ctx context.Context, userID int64, age time.Duration) (string, error) {
	if age <= 0 || age > FirstSignInLinkAge {
		return "", fmt.Errorf("%w: a sign-in link that is good for %s", ErrInvalid, age)
	}
	token := randomToken()
	now := s.now()
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewDelete().Model((*SignInLink)(nil)).Where("expires_ms <= ?", now.UnixMilli()).Exec(ctx); err != nil {
			return err
		}
		l := &SignInLink{TokenHash: tokenHash(token), UserID: userID, CreatedMS: now.UnixMilli(), ExpiresMS: now.Add(age).UnixMilli()}
		if _, err := tx.NewInsert().Model(l).Returning("NULL").Exec(ctx); err != nil {
			return err
		}
		return s.auditUser(ctx, tx, userID, AuditSignInLink, nil)
	})
	if err != nil {
		return "", fmt.Errorf("create sign-in link of user %d: %w", userID, err)
	}
	return token, nil
}

// UseSignInLink gives the user of a link, once; [ErrNotFound] when it was used, is too old or never was.
func (s *Store) UseSignInLink(ctx context.Context, token string) (*User, error) {
	if len(token) > maxToken {
		return nil, fmt.Errorf("sign-in link: %w", ErrNotFound)
	}
	u := new(User)
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		hash, now := tokenHash(token), s.nowMS()
		// One statement decides: of two at once only one changes the row.
		res, err := tx.NewUpdate().Model((*SignInLink)(nil)).Set("used_ms = ?", now).
			Where("token_hash = ? AND used_ms IS NULL AND expires_ms > ?", hash, now).Exec(ctx)
		if err != nil {
			return err
		}
		if err := someRow(res, "sign-in link"); err != nil {
			return err
		}
		return tx.NewSelect().Model(u).Where("id = (SELECT user_id FROM sign_in_links WHERE token_hash = ?)", hash).Scan(ctx)
	})
	if err != nil {
		return nil, err
	}
	return u, nil
}

// maxToken bounds what is hashed to look a token up, in bytes.
const maxToken = 1024

// randomToken gives 32 random bytes in the characters of a URL.
func randomToken() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b)
}

// tokenHash is the form in which every kind of token is stored: whoever reads the database cannot
// sign in with what is there. The tokens are random, so a fast hash is enough.
func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
