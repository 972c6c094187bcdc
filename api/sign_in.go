package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/hindsight-dev/hindsight/store"
)

func (a *API) secure() bool { return a.BaseURL.Scheme == "https" }

// cookieName has the prefix that makes browsers insist on Secure and Path=/, where there is TLS.
func (a *API) cookieName() string {
	if a.secure() {
		return "__Host-hindsight_session"
	}
	return "hindsight_session"
}

func (a *API) cookie(value string, age time.Duration) string {
	c := http.Cookie{Name: a.cookieName(), Value: value, Path: "/", MaxAge: int(age / time.Second), Secure: a.secure(), HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if value == "" {
		c.MaxAge = -1
	}
	return c.String()
}

func user(u *store.User) User {
	return User{
		ID: itoa(u.ID), Name: u.Name, Username: u.Email, Email: u.Email, IsActive: true, HasPasswordAuth: u.PasswordHash != "",
		DateJoined: at(u.CreatedMS), LastLogin: atPtr(u.LastLoginMS), LastActive: atPtr(u.LastLoginMS), Avatar: letterAvatar,
	}
}

func self(u *store.User) Self {
	return Self{
		User: user(u), Emails: []UserEmail{{ID: itoa(u.ID), Email: u.Email, IsVerified: true}},
		Options: UserOptions{Theme: "system", Language: "en", StacktraceOrder: -1, DefaultIssueEvent: "recommended", Timezone: "UTC"},
		Flags:   map[string]bool{"newsletter_consent_prompt": false}, Identities: []string{}, Authenticators: []string{}, Permissions: []string{},
	}
}

func (a *API) getRoot(ctx context.Context, _ *struct{}) (*One[Root], error) {
	root := Root{Version: "0"}
	if c := from(ctx).caller; c != nil {
		scopes := []string{}
		for _, m := range c.orgs {
			scopes = append(scopes, m.scopes...)
		}
		root.Auth = null(&RootAuth{Scopes: scopes})
		if c.user != nil {
			u := user(c.user)
			root.User = null(&u)
		}
	}
	return one(root), nil
}

func (a *API) getHealth(context.Context, *struct{}) (*One[Health], error) {
	return one(Health{Healthy: map[string]bool{"database": true}, Problems: []string{}}), nil
}

func (a *API) getSelf(ctx context.Context, _ *struct{}) (*One[Self], error) {
	c := from(ctx).caller
	if c.user == nil { // an organisation's own token is nobody
		return nil, errForbidden
	}
	return one(self(c.user)), nil
}

// updateMe changes the caller's name or password. A password needs the one before it: a session that
// was left open must not be enough.
func (a *API) updateMe(ctx context.Context, in *UpdateMeInput) (*SignedIn, error) {
	rq := from(ctx)
	me, err := person(rq)
	if err != nil {
		return nil, err
	}
	if in.Body.Name != nil {
		if me, err = a.Store.RenameUser(ctx, me.ID, *in.Body.Name); err != nil {
			return nil, a.failWrite("rename user", err, "")
		}
	}
	if in.Body.NewPassword == "" {
		return &SignedIn{Body: self(me)}, nil
	}
	if me.PasswordHash != "" {
		if !a.signIns.allow(me.Email) {
			return nil, errTooMany
		}
		if _, err := a.Store.CheckPassword(ctx, me.Email, in.Body.Password); errors.Is(err, store.ErrPassword) {
			a.signIns.failed(me.Email)
			return nil, badRequest("The present password is wrong.")
		} else if err != nil {
			return nil, a.fail("check password", err)
		}
	}
	if err := a.Store.SetPassword(ctx, me.ID, in.Body.NewPassword); err != nil {
		return nil, a.failWrite("set password", err, "")
	}
	return a.signedIn(ctx, me)
}

var errTooMany = &Error{status: http.StatusTooManyRequests, Detail: "You are attempting to use this endpoint too frequently. Wait a minute and try again."}

func (a *API) signIn(ctx context.Context, in *SignInInput) (*SignedIn, error) {
	account := strings.ToLower(strings.TrimSpace(in.Body.Email))
	if !a.signIns.allow(account) {
		return nil, errTooMany
	}
	u, err := a.Store.CheckPassword(ctx, in.Body.Email, in.Body.Password)
	if errors.Is(err, store.ErrPassword) {
		a.signIns.failed(account)
		return nil, &Error{status: http.StatusUnauthorized, Detail: "Wrong e-mail address or password."}
	}
	if err != nil {
		return nil, a.fail("sign in", err)
	}
	a.signIns.succeeded(account)
	return a.signedIn(ctx, u)
}

func (a *API) signInWithLink(ctx context.Context, in *SignInLinkInput) (*SignedIn, error) {
	u, err := a.Store.UseSignInLink(ctx, in.Body.Token)
	if errors.Is(err, store.ErrNotFound) {
		return nil, &Error{status: http.StatusUnauthorized, Detail: "This sign-in link was used already or is too old."}
	}
	if err != nil {
		return nil, a.fail("sign in with a link", err)
	}
	return a.signedIn(ctx, u)
}

// signedIn always makes a new session: whoever planted an old cookie gains nothing.
func (a *API) signedIn(ctx context.Context, u *store.User) (*SignedIn, error) {
	if c := from(ctx).caller; c != nil && c.session != "" {
		if err := a.Store.DeleteSession(ctx, c.session); err != nil {
			return nil, a.fail("end the session before", err)
		}
	}
	token, err := a.Store.CreateSession(ctx, u.ID)
	if err != nil {
		return nil, a.fail("create session", err)
	}
	return &SignedIn{SetCookie: a.cookie(token, store.SessionAge), Body: self(u)}, nil
}

func (a *API) signOut(ctx context.Context, _ *struct{}) (*SignedOut, error) {
	if c := from(ctx).caller; c != nil && c.session != "" {
		if err := a.Store.DeleteSession(ctx, c.session); err != nil {
			return nil, a.fail("sign out", err)
		}
	}
	return &SignedOut{SetCookie: a.cookie("", 0)}, nil
}

// signInLimiter slows guessing down: after a few failures an account waits, longer each time. It is
// the same for accounts that do not exist. Old entries give way when there are too many.
type signInLimiter struct {
	now func() time.Time
	mu  sync.Mutex
	by  map[string]*failures
}

type failures struct {
	n     int
	until time.Time
}

const (
	freeFailures  = 5
	maxAccounts   = 10_000
	longestDelay  = 15 * time.Minute
	firstDelay    = 5 * time.Second
	forgottenPast = time.Hour
)

func newSignInLimiter(now func() time.Time) *signInLimiter {
	return &signInLimiter{now: now, by: map[string]*failures{}}
}

func (l *signInLimiter) allow(account string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.by[account]
	return f == nil || !l.now().Before(f.until)
}

func (l *signInLimiter) failed(account string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if len(l.by) >= maxAccounts {
		for k, f := range l.by {
			if len(l.by) >= maxAccounts/2 || now.Sub(f.until) > forgottenPast {
				delete(l.by, k)
			}
		}
	}
	f := l.by[account]
	if f == nil || !f.until.IsZero() && now.Sub(f.until) > forgottenPast {
		f = &failures{}
		l.by[account] = f
	}
	if f.n++; f.n >= freeFailures {
		f.until = now.Add(min(firstDelay<<min(f.n-freeFailures, 10), longestDelay))
	}
}

func (l *signInLimiter) succeeded(account string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.by, account)
}
