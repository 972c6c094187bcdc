package store_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// clock is a wall clock that a test moves.
type clock struct{ at atomic.Int64 }

func setClock(s *store.Store) *clock {
	c := new(clock)
	c.at.Store(time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC).UnixMilli())
	s.SetClock(func() time.Time { return time.UnixMilli(c.at.Load()) })
	return c
}

func (c *clock) add(d time.Duration) { c.at.Add(d.Milliseconds()) }

func user(t *testing.T, s *store.Store, email string) *store.User {
	t.Helper()
	u, err := s.CreateUser(t.Context(), store.NewUser{Email: email})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestPasswords(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		u, err := s.CreateUser(ctx, store.NewUser{Email: " Bob@Example.com ", Name: "Bob", Password: "correct horse"})
		if err != nil {
			t.Fatal(err)
		}
		params, _, _, err := argon2id.DecodeHash(u.PasswordHash)
		if err != nil || params.Memory != 19*1024 || params.Iterations != 2 || params.Parallelism != 1 {
			t.Errorf("hashed with %+v, %v", params, err)
		}
		if got, err := s.CheckPassword(ctx, "BOB@example.com", "correct horse"); err != nil || got.ID != u.ID || got.Email != "bob@example.com" {
			t.Errorf("%+v, %v", got, err)
		}
		user(t, s, "link-only@example.com")
		for email, password := range map[string]string{
			"bob@example.com": "wrong horse", "nobody@example.com": "correct horse", "link-only@example.com": "", "": "", "bob@example.com ": strings.Repeat("x", 5000),
		} {
			if _, err := s.CheckPassword(ctx, email, password); !errors.Is(err, store.ErrPassword) {
				t.Errorf("%s %.20s: %v, want ErrPassword", email, password, err)
			}
		}
		if _, err := s.CreateUser(ctx, store.NewUser{Email: "BOB@example.com"}); !errors.Is(err, store.ErrConflict) {
			t.Errorf("the same address: %v, want ErrConflict", err)
		}
		for _, in := range []store.NewUser{{}, {Email: "bob"}, {Email: "Bob <bob@x.y>"}, {Email: "a@b\x00c"}, {Email: strings.Repeat("a", 250) + "@x.yz"},
			{Email: "a@b.c", Password: "short"}, {Email: "a@b.c", Password: strings.Repeat("x", 1025)}, {Email: "a@b.c", Name: "a\nb"}} {
			if _, err := s.CreateUser(ctx, in); !errors.Is(err, store.ErrInvalid) {
				t.Errorf("%.60q: %v, want ErrInvalid", in, err)
			}
		}
		if n, err := s.Users(ctx); err != nil || n != 2 {
			t.Errorf("%d users, %v; want 2", n, err)
		}

		session, err := s.CreateSession(ctx, u.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SetPassword(ctx, u.ID, "another horse"); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Session(ctx, session); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a session from before the change: %v, want ErrNotFound", err)
		}
		if _, err := s.CheckPassword(ctx, u.Email, "correct horse"); !errors.Is(err, store.ErrPassword) {
			t.Errorf("the old password: %v", err)
		}
		if _, err := s.CheckPassword(ctx, u.Email, "another horse"); err != nil {
			t.Errorf("the new password: %v", err)
		}
		if err := s.SetPassword(ctx, 4711, "another horse"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("of nobody: %v, want ErrNotFound", err)
		}
	})
}

func TestWeakHashIsReplacedAtSignIn(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		u := user(t, s, "bob@example.com")
		weak, err := argon2id.CreateHash("correct horse", &argon2id.Params{Memory: 8 * 1024, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Writer().NewUpdate().Model(u).Set("password_hash = ?", weak).WherePK().Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := s.CheckPassword(t.Context(), u.Email, "correct horse"); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.UserByEmail(t.Context(), u.Email)
		if err != nil || !strings.Contains(got.PasswordHash, "m=19456,t=2,p=1") {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestSignInLinkWorksOnce(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		ctx, c, u := t.Context(), setClock(s), user(t, s, "bob@example.com")
		link := func() string {
			token, err := s.CreateSignInLink(ctx, u.ID, store.SignInLinkAge)
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
		token := link()
		var stored string
		if err := s.Reader().NewRaw("SELECT token_hash FROM sign_in_links").Scan(ctx, &stored); err != nil || strings.Contains(stored, token) || len(stored) != 64 {
			t.Errorf("stored as %s, %v", stored, err)
		}
		var used atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				got, err := s.UseSignInLink(ctx, token)
				switch {
				case err == nil && got.ID == u.ID:
					used.Add(1)
				case !errors.Is(err, store.ErrNotFound):
					t.Errorf("%+v, %v", got, err)
				}
			})
		}
		wg.Wait()
		if used.Load() != 1 {
			t.Errorf("it worked %d times", used.Load())
		}
		for _, bad := range []string{"", "x", stored, strings.Repeat("x", 2000)} {
			if _, err := s.UseSignInLink(ctx, bad); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%.20s: %v, want ErrNotFound", bad, err)
			}
		}
		late := link()
		c.add(store.SignInLinkAge)
		if _, err := s.UseSignInLink(ctx, late); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("too late: %v, want ErrNotFound", err)
		}
		link() // clears what is too old
		var n int
		if err := s.Reader().NewRaw("SELECT count(*) FROM sign_in_links").Scan(ctx, &n); err != nil || n != 1 {
			t.Errorf("%d links are left, %v; want 1", n, err)
		}
		if _, err := s.CreateSignInLink(ctx, u.ID, 100*time.Hour); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("good for 100 h: %v, want ErrInvalid", err)
		}
	})
}

func TestUserSessions(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		ctx, c, u := t.Context(), setClock(s), user(t, s, "bob@example.com")
		signIn := func() string {
			token, err := s.CreateSession(ctx, u.ID)
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
		alive := func(token string) bool {
			t.Helper()
			got, _, err := s.Session(ctx, token)
			if err != nil && !errors.Is(err, store.ErrNotFound) || err == nil && got.ID != u.ID {
				t.Errorf("%+v, %v", got, err)
			}
			return err == nil
		}
		idle, busy := signIn(), signIn()
		for range 30 { // a request every 7 h, for more than 7 days
			if c.add(7 * time.Hour); !alive(busy) {
				break
			}
		}
		if alive(idle) {
			t.Error("an idle session lives on")
		}
		if age := time.Duration(c.at.Load()-time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC).UnixMilli()) * time.Millisecond; alive(busy) || age < store.SessionAge || age > store.SessionAge+7*time.Hour {
			t.Errorf("a busy session ended after %s, want %s", age, store.SessionAge)
		}

		old := signIn()
		fresh, err := s.RotateSession(ctx, old)
		if err != nil || alive(old) || !alive(fresh) {
			t.Errorf("rotated: %v, old %t, new %t", err, alive(old), alive(fresh))
		}
		if _, err := s.RotateSession(ctx, old); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("rotated twice: %v, want ErrNotFound", err)
		}
		for range 2 {
			if err := s.DeleteSession(ctx, fresh); err != nil || alive(fresh) {
				t.Errorf("signed out: %v", err)
			}
		}
		first := signIn()
		for range 50 {
			c.add(time.Second)
			signIn()
		}
		var n int
		if err := s.Reader().NewRaw("SELECT count(*) FROM user_sessions").Scan(ctx, &n); err != nil || n != 50 || alive(first) {
			t.Errorf("%d sessions, %v, the first alive: %t; want 50 without it", n, err, alive(first))
		}
		if alive("") || alive(strings.Repeat("x", 2000)) {
			t.Error("signed in with nothing")
		}
	})
}

func TestMembers(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		main, other := organization(t, s, "main"), organization(t, s, "other")
		bob, eve := user(t, s, "bob@example.com"), user(t, s, "eve@example.com")
		for scope, u := range map[store.Scope]*store.User{main: bob, other: eve} {
			if err := s.SetMember(ctx, scope, u.ID, store.RoleOwner); err != nil {
				t.Fatal(err)
			}
		}
		ms, err := s.Members(ctx, main)
		if err != nil || len(ms) != 1 || ms[0].ID != bob.ID || ms[0].Role != store.RoleOwner || ms[0].Email != bob.Email {
			t.Errorf("%+v, %v", ms, err)
		}
		if m, err := s.Member(ctx, main, bob.ID); err != nil || m.Role != store.RoleOwner {
			t.Errorf("%+v, %v", m, err)
		}
		if _, err := s.Member(ctx, main, eve.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another organisation's member: %v, want ErrNotFound", err)
		}
		os, err := s.OrganizationsOf(ctx, bob.ID)
		if err != nil || len(os) != 1 || os[0].Slug != "main" || os[0].Role != store.RoleOwner || os[0].Scope() != main {
			t.Errorf("%+v, %v", os, err)
		}
		if o, err := s.OrganizationOf(ctx, bob.ID, "main"); err != nil || o.Scope() != main {
			t.Errorf("%+v, %v", o, err)
		}
		if _, err := s.OrganizationOf(ctx, bob.ID, "other"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a stranger's organisation: %v, want ErrNotFound", err)
		}
		if err := s.SetMember(ctx, main, bob.ID, "king"); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("an unknown role: %v, want ErrInvalid", err)
		}

		session, err := s.CreateSession(ctx, bob.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SetMember(ctx, main, bob.ID, store.RoleOwner); err != nil {
			t.Error(err)
		}
		if _, _, err := s.Session(ctx, session); err != nil {
			t.Errorf("the same role again: %v", err)
		}
		if err := s.SetMember(ctx, main, bob.ID, store.RoleMember); err != nil {
			t.Error(err)
		}
		if _, _, err := s.Session(ctx, session); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a session from before the change of role: %v, want ErrNotFound", err)
		}

		token, _, err := s.CreateToken(ctx, main, store.NewToken{Name: "t", Scopes: []string{"org:read"}, UserID: &bob.ID})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.RemoveMember(ctx, other, bob.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("removed by a stranger: %v, want ErrNotFound", err)
		}
		if err := s.RemoveMember(ctx, main, bob.ID); err != nil {
			t.Error(err)
		}
		if _, err := s.Token(ctx, token); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a former member's token: %v, want ErrNotFound", err)
		}
		if _, _, err := s.CreateToken(ctx, main, store.NewToken{Name: "t", Scopes: []string{"org:read"}, UserID: &bob.ID}); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a new token for a former member: %v, want ErrNotFound", err)
		}
	})
}

func TestTokens(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		ctx, c := t.Context(), setClock(s)
		main, other := organization(t, s, "main"), organization(t, s, "other")
		text, made, err := s.CreateToken(ctx, main, store.NewToken{Name: "ci", Scopes: []string{"project:read", "event:read", "project:read"}})
		if err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(`^sntryu_[0-9a-f]{64}$`).MatchString(text) || made.LastCharacters != text[len(text)-4:] {
			t.Errorf("%s, last characters %s", text, made.LastCharacters)
		}
		got, err := s.Token(ctx, text)
		if err != nil || got.ID != made.ID || got.Scope() != main || !slices.Equal(got.ScopeList(), []string{"event:read", "project:read"}) {
			t.Errorf("%+v, %v", got, err)
		}
		var columns []string
		if err := s.Reader().NewRaw("SELECT token_hash || name || scopes || last_characters FROM api_tokens").Scan(ctx, &columns); err != nil || strings.Contains(strings.Join(columns, ""), text[7:]) {
			t.Errorf("the token is in the database: %v", err)
		}
		for _, bad := range []string{"", "sntryu_", text[:70], text + "0", strings.ToUpper(text), got.TokenHash, strings.Repeat("x", 5000)} {
			if _, err := s.Token(ctx, bad); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%.20s: %v, want ErrNotFound", bad, err)
			}
		}
		first := *got.LastUsedMS
		for _, step := range []struct {
			after time.Duration
			want  int64
		}{{59 * time.Second, first}, {time.Second, first + 60_000}} {
			c.add(step.after)
			if _, err := s.Token(ctx, text); err != nil {
				t.Fatal(err)
			}
			ts, err := s.Tokens(ctx, main, nil)
			if err != nil || len(ts) != 1 || *ts[0].LastUsedMS != step.want {
				t.Errorf("last used %+v, %v; want %d", ts, err, step.want)
			}
		}
		soon := time.UnixMilli(c.at.Load()).Add(time.Hour)
		short, _, err := s.CreateToken(ctx, main, store.NewToken{Name: "short", Scopes: []string{"org:read"}, Expires: &soon})
		if err != nil {
			t.Fatal(err)
		}
		c.add(time.Hour - time.Millisecond)
		if _, err := s.Token(ctx, short); err != nil {
			t.Errorf("before it expires: %v", err)
		}
		c.add(time.Millisecond)
		if _, err := s.Token(ctx, short); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("expired: %v, want ErrNotFound", err)
		}
		for name, in := range map[string]store.NewToken{
			"no name": {Scopes: []string{"org:read"}}, "no scope": {Name: "x"}, "unknown scope": {Name: "x", Scopes: []string{"org:read,org:admin"}},
			"expired": {Name: "x", Scopes: []string{"org:read"}, Expires: &soon}, "long url": {Name: "x", Scopes: []string{"org:ci"}, URL: "https://" + strings.Repeat("x", 1000)},
		} {
			if _, _, err := s.CreateToken(ctx, main, in); !errors.Is(err, store.ErrInvalid) {
				t.Errorf("%s: %v, want ErrInvalid", name, err)
			}
		}
		if err := s.DeleteToken(ctx, other, nil, made.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("revoked by a stranger: %v, want ErrNotFound", err)
		}
		nobody := int64(4711)
		if err := s.DeleteToken(ctx, main, &nobody, made.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("revoked as a user's: %v, want ErrNotFound", err)
		}
		if err := s.DeleteToken(ctx, main, nil, made.ID); err != nil {
			t.Error(err)
		}
		if _, err := s.Token(ctx, text); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("revoked: %v, want ErrNotFound", err)
		}
	})
}

func TestOrganizationTokenCarriesTheServer(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		text, _, err := s.CreateToken(t.Context(), organization(t, s, "main"), store.NewToken{Name: "ci", Scopes: []string{"org:ci"}, URL: "https://hindsight.example?>~"})
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(text, "_")
		if len(parts) != 3 || parts[0] != "sntrys" || len(parts[2]) != 43 {
			t.Fatalf("%q", parts)
		}
		raw, err := base64.StdEncoding.DecodeString(parts[1])
		if err != nil {
			t.Fatal(err)
		}
		var facts map[string]any
		if err := json.Unmarshal(raw, &facts); err != nil {
			t.Fatal(err)
		}
		if iat, ok := facts["iat"].(float64); !ok || time.Since(time.UnixMilli(int64(iat*1000))).Abs() > time.Minute {
			t.Errorf("iat %v", facts["iat"])
		}
		delete(facts, "iat")
		want := map[string]any{"url": "https://hindsight.example?>~", "region_url": "https://hindsight.example?>~", "org": "main"}
		if d := cmp.Diff(want, facts); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		if _, err := s.Token(t.Context(), text); err != nil {
			t.Error(err)
		}
	})
}

func TestHashingWaitsItsTurn(t *testing.T) {
	s := storetest.SQLite(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var failed atomic.Int64
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			if _, err := s.CheckPassword(t.Context(), "nobody@example.com", "x"); !errors.Is(err, store.ErrPassword) {
				t.Error(err)
			}
			if _, err := s.CheckPassword(ctx, "nobody@example.com", "x"); errors.Is(err, context.Canceled) {
				failed.Add(1)
			}
		})
	}
	wg.Wait()
	if failed.Load() != 40 {
		t.Errorf("%d of 40 cancelled sign-ins ended without an answer", failed.Load())
	}
}
