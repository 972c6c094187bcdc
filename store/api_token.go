package store

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// APIToken is a bearer token, stored by its SHA-256 and shown once.
type APIToken struct {
	bun.BaseModel `bun:"table:api_tokens,alias:at"`

	ID             int64  `bun:"id,pk,autoincrement"`
	TokenHash      string `bun:"token_hash"`
	OrgID          int64  `bun:"org_id"`
	UserID         *int64 `bun:"user_id"` // whose it is; nil: the organisation's own
	Name           string `bun:"name"`
	Scopes         string `bun:"scopes"` // comma-separated, sorted
	LastCharacters string `bun:"last_characters"`
	CreatedMS      int64  `bun:"created_ms"`
	ExpiresMS      *int64 `bun:"expires_ms"`
	LastUsedMS     *int64 `bun:"last_used_ms"`
}

// Scope is the organisation a token is for.
func (t *APIToken) Scope() Scope { return Scope{OrgID: t.OrgID} }

// ScopeList gives what a token may do.
func (t *APIToken) ScopeList() []string {
	if t.Scopes == "" {
		return nil
	}
	return strings.Split(t.Scopes, ",")
}

// TokenScopes lists what a token can be allowed, in Sentry's words.
func TokenScopes() []string {
	return []string{
		"alerts:read", "alerts:write", "event:admin", "event:read", "event:write",
		"member:admin", "member:invite", "member:read", "member:write",
		"org:admin", "org:ci", "org:integrations", "org:read", "org:write",
		"project:admin", "project:distribution", "project:read", "project:releases", "project:write",
		"team:admin", "team:read", "team:write",
	}
}

// NewToken is what a token is made of.
type NewToken struct {
	Name    string
	Scopes  []string
	UserID  *int64     // a member of the organisation; nil: the organisation's own
	Expires *time.Time // nil: never

	// URL makes it a token of the form sntrys_…, which carries this address of the server and the
	// organisation's slug: sentry-cli takes both from it. Empty: sntryu_….
	URL string
}

// CreateToken adds a token to the scope's organisation and gives its text, which cannot be had again.
func (s *Store) CreateToken(ctx context.Context, scope Scope, in NewToken) (string, *APIToken, error) {
	scopes, err := checkScopes(in.Scopes)
	if err != nil {
		return "", nil, err
	}
	if err := checkName("name", in.Name); err != nil {
		return "", nil, err
	}
	t := &APIToken{OrgID: scope.OrgID, UserID: in.UserID, Name: in.Name, Scopes: scopes, CreatedMS: s.nowMS()}
	if in.Expires != nil {
		ms := in.Expires.UnixMilli()
		if ms <= t.CreatedMS {
			return "", nil, fmt.Errorf("%w: a token that has expired already", ErrInvalid)
		}
		t.ExpiresMS = &ms
	}
	var token string
	err = s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var slug string
		q := tx.NewSelect().Model((*Organization)(nil)).Column("slug").Where("id = ?", scope.OrgID)
		if in.UserID != nil {
			q = q.Where("id IN (SELECT org_id FROM memberships WHERE user_id = ?)", *in.UserID)
		}
		if err := q.Scan(ctx, &slug); err != nil {
			return err
		}
		if token, err = s.newTokenText(in.URL, slug); err != nil {
			return err
		}
		t.TokenHash, t.LastCharacters = tokenHash(token), token[len(token)-4:]
		if _, err := tx.NewInsert().Model(t).Returning("id").Exec(ctx); err != nil {
			return err
		}
		return s.audit(ctx, tx, scope, t.audited(AuditTokenCreate))
	})
	if err != nil {
		return "", nil, fmt.Errorf("create token: %w", err)
	}
	return token, t, nil
}

// newTokenText gives a token in one of Sentry's two forms, over 32 random bytes.
func (s *Store) newTokenText(serverURL, org string) (string, error) {
	if serverURL == "" {
		return "sntryu_" + randomHex(32), nil
	}
	facts, err := json.Marshal(struct {
		IAT       float64 `json:"iat"` // seconds
		URL       string  `json:"url"`
		RegionURL string  `json:"region_url"`
		Org       string  `json:"org"`
	}{float64(s.nowMS()) / 1000, serverURL, serverURL, org})
	if err != nil {
		return "", err
	}
	secret := make([]byte, 32)
	rand.Read(secret) // never fails: crypto/rand ends the program instead
	// The standard alphabet has no underscore: the text splits into exactly three on it.
	token := "sntrys_" + base64.StdEncoding.EncodeToString(facts) + "_" + base64.RawStdEncoding.EncodeToString(secret)
	if len(token) > maxToken {
		return "", fmt.Errorf("%w: the server's address is too long for a token", ErrInvalid)
	}
	return token, nil
}

func checkScopes(scopes []string) (string, error) {
	known := TokenScopes()
	for _, scope := range scopes {
		if !slices.Contains(known, scope) {
			return "", fmt.Errorf("%w: unknown scope %q", ErrInvalid, scope)
		}
	}
	if len(scopes) == 0 {
		return "", fmt.Errorf("%w: a token needs at least one scope", ErrInvalid)
	}
	sorted := slices.Compact(slices.Sorted(slices.Values(scopes)))
	return strings.Join(sorted, ","), nil
}

// Token gives what a bearer's text allows, or [ErrNotFound] when it was never given out, is revoked
// or expired, or is of somebody who is no member any more.
func (s *Store) Token(ctx context.Context, token string) (*APIToken, error) {
	if len(token) > maxToken {
		return nil, fmt.Errorf("token: %w", ErrNotFound)
	}
	hash, now := tokenHash(token), s.nowMS()
	t := new(APIToken)
	err := s.read.NewSelect().Model(t).Where("token_hash = ?", hash).
		Where("expires_ms IS NULL OR expires_ms > ?", now).
		Where("user_id IS NULL OR EXISTS (SELECT 1 FROM memberships AS m WHERE m.org_id = at.org_id AND m.user_id = at.user_id)").Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("token: %w", err))
	}
	if subtle.ConstantTimeCompare([]byte(t.TokenHash), []byte(hash)) != 1 { // whatever collation the column has
		return nil, fmt.Errorf("token: %w", ErrNotFound)
	}
	if t.LastUsedMS == nil || now-*t.LastUsedMS >= seenEvery.Milliseconds() {
		t.LastUsedMS = &now
		if _, err := s.write.NewUpdate().Model(t).Column("last_used_ms").WherePK().Exec(ctx); err != nil {
			return nil, border(fmt.Errorf("token: %w", err))
		}
	}
	return t, nil
}

// Tokens lists the scope's tokens, newest first: those of one user, or with nil the organisation's own.
func (s *Store) Tokens(ctx context.Context, scope Scope, userID *int64) ([]APIToken, error) {
	var ts []APIToken
	q := s.read.NewSelect().Model(&ts).Where("org_id = ?", scope.OrgID).Order("id DESC")
	if userID == nil {
		q = q.Where("user_id IS NULL")
	} else {
		q = q.Where("user_id = ?", *userID)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, border(fmt.Errorf("list tokens: %w", err))
	}
	return ts, nil
}

// DeleteToken revokes one of the scope's tokens: one of the user's, or with nil one of the
// organisation's own.
func (s *Store) DeleteToken(ctx context.Context, scope Scope, userID *int64, tokenID int64) error {
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var gone []APIToken
		q := tx.NewDelete().Model((*APIToken)(nil)).Where("org_id = ? AND id = ?", scope.OrgID, tokenID)
		if userID == nil {
			q = q.Where("user_id IS NULL")
		} else {
			q = q.Where("user_id = ?", *userID)
		}
		if _, err := q.Returning("*").Exec(ctx, &gone); err != nil {
			return err
		}
		if len(gone) == 0 {
			return ErrNotFound
		}
		return s.audit(ctx, tx, scope, gone[0].audited(AuditTokenRemove))
	})
	if err != nil {
		return fmt.Errorf("revoke token %d: %w", tokenID, err)
	}
	return nil
}

// audited says which token was made or revoked.
func (t *APIToken) audited(event string) audited {
	data := map[string]any{"scopes": t.ScopeList(), "lastCharacters": t.LastCharacters, "ofOrganization": t.UserID == nil}
	if t.ExpiresMS != nil {
		data["expires"] = time.UnixMilli(*t.ExpiresMS).UTC()
	}
	return audited{event, "token", auditID(t.ID), t.Name, data}
}
