package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/hindsight-dev/hindsight/store"
)

type userCmd struct {
	Create     userCreateCmd     `cmd:"" help:"Create a user; prints a link that signs them in once, unless a password is given."`
	SignInLink userSignInLinkCmd `cmd:"" name:"sign-in-link" help:"Print a link that signs a user in once."`
}

type userCreateCmd struct {
	Email        string `arg:"" help:"The e-mail address they sign in with."`
	Name         string `help:"Their name; default: the e-mail address."`
	Role         string `help:"What they may do in the main organisation." enum:"member,manager,owner" default:"member"`
	Password     string `help:"Their password. Other users of this machine can read it while the command runs: prefer --password-file." xor:"password"`
	PasswordFile string `help:"File that holds their password." type:"existingfile" xor:"password"`
}

// Run creates a user.
func (c userCreateCmd) Run(ctx context.Context, s *Settings, t *terminal) error {
	password := c.Password
	if c.PasswordFile != "" {
		b, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return err
		}
		password = strings.TrimRight(string(b), "\r\n")
	}
	ctx, db, scope, err := openMain(ctx, s)
	if err != nil {
		return err
	}
	defer db.Close()
	name := c.Name
	if name == "" {
		name = c.Email
	}
	u, err := db.CreateUser(ctx, store.NewUser{Email: c.Email, Name: name, Password: password})
	if err != nil {
		return fmt.Errorf("create user %s: %w", c.Email, err)
	}
	if err := db.SetMember(ctx, scope, u.ID, c.Role); err != nil {
		return fmt.Errorf("make %s a member: %w", c.Email, err)
	}
	if password != "" {
		_, err = fmt.Fprintln(t.Err, "Created.")
		return err
	}
	return printSignInLink(ctx, s, db, u, t)
}

type userSignInLinkCmd struct {
	Email string `arg:"" help:"Whose."`
}

// Run prints a link that signs a user in.
func (c userSignInLinkCmd) Run(ctx context.Context, s *Settings, t *terminal) error {
	ctx, db, _, err := openMain(ctx, s)
	if err != nil {
		return err
	}
	defer db.Close()
	u, err := db.UserByEmail(ctx, c.Email)
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("there is no user %s: create one with hindsight user create", c.Email)
	}
	if err != nil {
		return err
	}
	return printSignInLink(ctx, s, db, u, t)
}

// signInLinkLife is how long a sign-in link of the command line or of the first start works.
const signInLinkLife = store.FirstSignInLinkAge

func signInLink(ctx context.Context, s *Settings, db *store.Store, u *store.User) (string, error) {
	token, err := db.CreateSignInLink(ctx, u.ID, signInLinkLife)
	if err != nil {
		return "", fmt.Errorf("sign-in link of %s: %w", u.Email, err)
	}
	return s.BaseURL + "/sign-in?token=" + token, nil
}

func printSignInLink(ctx context.Context, s *Settings, db *store.Store, u *store.User, t *terminal) error {
	link, err := signInLink(ctx, s, db, u)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(t.Out, link)
	return err
}
