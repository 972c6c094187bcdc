package store

import "github.com/uptrace/bun"

// User is a person who signs in.
type User struct {
	bun.BaseModel `bun:"table:users,alias:u"`

	ID           int64  `bun:"id,pk,autoincrement"`
	Email        string `bun:"email"`
	Name         string `bun:"name"`
	PasswordHash string `bun:"password_hash"` // argon2id, empty: cannot sign in by password
	CreatedMS    int64  `bun:"created_ms"`
	LastLoginMS  *int64 `bun:"last_login_ms"`
}

// Membership gives a user a role in an organisation.
type Membership struct {
	bun.BaseModel `bun:"table:memberships,alias:m"`

	OrgID     int64  `bun:"org_id,pk"`
	UserID    int64  `bun:"user_id,pk"`
	Role      string `bun:"role"`
	CreatedMS int64  `bun:"created_ms"`
}

// SignInLink is a one-time sign-in, stored by the SHA-256 of its token.
type SignInLink struct {
	bun.BaseModel `bun:"table:sign_in_links,alias:sl"`

	TokenHash string `bun:"token_hash,pk"`
	UserID    int64  `bun:"user_id"`
	CreatedMS int64  `bun:"created_ms"`
	ExpiresMS int64  `bun:"expires_ms"`
	UsedMS    *int64 `bun:"used_ms"`
}

// UserSession is a signed-in browser, stored by the SHA-256 of its cookie.
type UserSession struct {
	bun.BaseModel `bun:"table:user_sessions,alias:us"`

	TokenHash  string `bun:"token_hash,pk"`
	UserID     int64  `bun:"user_id"`
	CreatedMS  int64  `bun:"created_ms"`
	LastSeenMS int64  `bun:"last_seen_ms"`
	ExpiresMS  int64  `bun:"expires_ms"`
}

// APIToken is a bearer token, stored by its SHA-256 and shown once.
type APIToken struct {
	bun.BaseModel `bun:"table:api_tokens,alias:at"`

	ID             int64  `bun:"id,pk,autoincrement"`
	TokenHash      string `bun:"token_hash"`
	OrgID          int64  `bun:"org_id"`
	UserID         *int64 `bun:"user_id"`
	Name           string `bun:"name"`
	Scopes         string `bun:"scopes"` // comma-separated
	LastCharacters string `bun:"last_characters"`
	CreatedMS      int64  `bun:"created_ms"`
	ExpiresMS      *int64 `bun:"expires_ms"`
	LastUsedMS     *int64 `bun:"last_used_ms"`
}
