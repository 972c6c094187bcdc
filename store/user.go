package store

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"

	"github.com/alexedwards/argon2id"
	"github.com/uptrace/bun"
)

// User is a person who signs in.
type User struct {
	bun.BaseModel `bun:"table:users,alias:u"`

	ID           int64  `bun:"id,pk,autoincrement"`
	Email        string `bun:"email"` // lower-case
	Name         string `bun:"name"`
	PasswordHash string `bun:"password_hash"` // argon2id, empty: cannot sign in by password
	CreatedMS    int64  `bun:"created_ms"`
	LastLoginMS  *int64 `bun:"last_login_ms"`
}

// ErrPassword is the one answer to a sign-in that fails, whatever is wrong with it.
var ErrPassword = errors.New("wrong e-mail address or password")

// Bounds of a password in bytes: the lower one so that it is worth hashing, the upper one so that
// hashing is not a way to keep the server busy.
const (
	minPassword = 8
	maxPassword = 1024
)

// maxHashes is how many passwords are hashed at once; each takes the memory below.
const maxHashes = 4

// passwordParams are OWASP's minimum for argon2id: 19 MiB, 2 passes, 1 lane. A stored hash with
// others is replaced when its user signs in.
func passwordParams() *argon2id.Params {
	return &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// unknownUserHash has passwordParams and is of no password anybody knows: checking against it makes
// an unknown address take as long as a known one.
const unknownUserHash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// NewUser is what a user is made of. Without a password they sign in by link.
type NewUser struct {
	Email    string
	Name     string // empty: the address
	Password string
}

// CreateUser adds a user, who is a member of nothing yet; [ErrConflict] when the address is taken.
func (s *Store) CreateUser(ctx context.Context, in NewUser) (*User, error) {
	email, err := checkEmail(in.Email)
	if err != nil {
		return nil, err
	}
	u := &User{Email: email, Name: in.Name, CreatedMS: s.nowMS()}
	if u.Name == "" {
		u.Name = email
	}
	if err := checkName("name", u.Name); err != nil {
		return nil, err
	}
	if in.Password != "" {
		if u.PasswordHash, err = s.hashPassword(ctx, in.Password); err != nil {
			return nil, err
		}
	}
	if _, err := s.write.NewInsert().Model(u).Returning("id").Exec(ctx); err != nil {
		return nil, border(fmt.Errorf("create user: %w", err))
	}
	return u, nil
}

// UserByEmail gives a user by address. For the command line, which acts on the machine's behalf;
// routes have a session, a token or a scope to find users by.
func (s *Store) UserByEmail(ctx context.Context, email string) (*User, error) {
	email, err := checkEmail(email)
	if err != nil {
		return nil, err
	}
	u := new(User)
	if err := s.read.NewSelect().Model(u).Where("email = ?", email).Scan(ctx); err != nil {
		return nil, border(fmt.Errorf("user: %w", err))
	}
	return u, nil
}

// Users counts the users, of all organisations.
func (s *Store) Users(ctx context.Context) (int64, error) {
	n, err := s.read.NewSelect().Model((*User)(nil)).Count(ctx)
	if err != nil {
		return 0, border(fmt.Errorf("count users: %w", err))
	}
	return int64(n), nil
}

// CheckPassword gives the user whom an address and a password belong to, or [ErrPassword]. An
// unknown address takes as long as a wrong password. Slowing down attempts is the caller's part.
func (s *Store) CheckPassword(ctx context.Context, email, password string) (*User, error) {
	if len(password) > maxPassword || len(email) > maxEmail {
		return nil, ErrPassword
	}
	u := new(User)
	err := s.read.NewSelect().Model(u).Where("email = ?", strings.ToLower(strings.TrimSpace(email))).Scan(ctx)
	if err = border(err); err != nil && !errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("check password: %w", err)
	}
	known := err == nil && u.PasswordHash != ""
	hash := unknownUserHash
	if known {
		hash = u.PasswordHash
	}
	release, err := s.hashSlot(ctx)
	if err != nil {
		return nil, err
	}
	match, params, err := argon2id.CheckHash(password, hash)
	release()
	if err != nil {
		return nil, fmt.Errorf("check password of user %d: %w", u.ID, err)
	}
	if !match || !known {
		return nil, ErrPassword
	}
	if *params != *passwordParams() {
		if err := s.rehash(ctx, u, password); err != nil {
			return nil, err
		}
	}
	return u, nil
}

// rehash replaces a hash of other parameters, unless the password was changed meanwhile.
func (s *Store) rehash(ctx context.Context, u *User, password string) error {
	hash, err := s.hashPassword(ctx, password)
	if errors.Is(err, ErrInvalid) { // it was good when it was set
		return nil
	}
	if err != nil {
		return err
	}
	_, err = s.write.NewUpdate().Model(u).Set("password_hash = ?", hash).WherePK().Where("password_hash = ?", u.PasswordHash).Exec(ctx)
	if err != nil {
		return border(fmt.Errorf("rehash password of user %d: %w", u.ID, err))
	}
	u.PasswordHash = hash
	return nil
}

// RenameUser changes a user's name and gives them as they are afterwards.
func (s *Store) RenameUser(ctx context.Context, userID int64, name string) (*User, error) {
	if err := checkName("name", name); err != nil {
		return nil, err
	}
	u := new(User)
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewUpdate().Model(u).Set("name = ?", name).Where("id = ?", userID).Exec(ctx); err != nil {
			return err
		}
		return tx.NewSelect().Model(u).Where("id = ?", userID).Scan(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("rename user %d: %w", userID, err)
	}
	return u, nil
}

// SetPassword changes a user's password and signs them out everywhere.
func (s *Store) SetPassword(ctx context.Context, userID int64, password string) error {
	hash, err := s.hashPassword(ctx, password)
	if err != nil {
		return err
	}
	err = s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model((*User)(nil)).Set("password_hash = ?", hash).Where("id = ?", userID).Exec(ctx)
		if err != nil {
			return err
		}
		if err := someRow(res, "user %d", userID); err != nil {
			return err
		}
		if err := s.auditUser(ctx, tx, userID, AuditPassword, nil); err != nil {
			return err
		}
		return endSessions(ctx, tx, userID)
	})
	if err != nil {
		return fmt.Errorf("set password of user %d: %w", userID, err)
	}
	return nil
}

func (s *Store) hashPassword(ctx context.Context, password string) (string, error) {
	if len(password) < minPassword || len(password) > maxPassword {
		return "", fmt.Errorf("%w: a password has %d to %d bytes", ErrInvalid, minPassword, maxPassword)
	}
	release, err := s.hashSlot(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	hash, err := argon2id.CreateHash(password, passwordParams())
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

// hashSlot waits for one of the few places to hash a password in.
func (s *Store) hashSlot(ctx context.Context) (release func(), err error) {
	select {
	case s.hashing <- struct{}{}:
		return func() { <-s.hashing }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

const maxEmail = 254 // bytes, RFC 5321

// checkEmail gives an address in the form in which it is stored.
func checkEmail(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > maxEmail || checkText("address", s) != nil {
		return "", fmt.Errorf("%w: not an e-mail address", ErrInvalid)
	}
	return s, nil
}
