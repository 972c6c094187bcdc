package oidc

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Config is how this server is known to the provider.
type Config struct {
	Issuer       string // its address, as it stands in the tokens
	ClientID     string
	ClientSecret string // empty: a public client, PKCE alone
	RedirectURL  string // where the browser comes back to
	HTTP         *http.Client
	Now          func() time.Time // nil: time.Now
}

// Provider is one provider. It is asked about itself at the first sign-in, so that a server starts while its
// provider is away.
type Provider struct {
	cfg Config

	mu    sync.Mutex
	known *oidc.Provider
	again time.Time // when to ask after a failure
	last  error
}

// What callers tell apart.
var (
	ErrAway    = errors.New("the sign-in provider does not answer")
	ErrState   = errors.New("the answer belongs to no sign-in that this browser began")
	ErrRefused = errors.New("the sign-in provider's answer is not valid") // a code of somebody else's, a used one, a token that fails a check
)

// askAgain is how long a provider that failed is left alone, so that a crowd before the sign-in page does
// not become a crowd before the provider.
const askAgain = 5 * time.Second

// maxAnswer bounds what is read of an answer, in bytes: a key set is the largest.
const maxAnswer = 1 << 20

// New makes a provider; it asks nothing yet.
func New(cfg Config) *Provider {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	client := *cfg.HTTP
	client.Transport = bounded{client.Transport}
	cfg.HTTP = &client
	return &Provider{cfg: cfg}
}

// bounded cuts answers that are too long.
type bounded struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	}
	return resp, err
}

// Issuer is the provider's name in tokens.
func (p *Provider) Issuer() string { return p.cfg.Issuer }

// discover gives what the provider says of itself, which it is asked once.
func (p *Provider) discover(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known != nil {
		return p.known, nil
	}
	if p.cfg.Now().Before(p.again) {
		return nil, p.last
	}
	known, err := oidc.NewProvider(oidc.ClientContext(ctx, p.cfg.HTTP), p.cfg.Issuer)
	if err != nil {
		p.last, p.again = fmt.Errorf("%w: %w", ErrAway, err), p.cfg.Now().Add(askAgain)
		return nil, p.last
	}
	p.known = known
	return known, nil
}

func (p *Provider) client(known *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{ClientID: p.cfg.ClientID, ClientSecret: p.cfg.ClientSecret, Endpoint: known.Endpoint(), RedirectURL: p.cfg.RedirectURL,
		Scopes: []string{oidc.ScopeOpenID, "profile", "email"}}
}

// Flow is what the second step of a sign-in needs of the first. It is secret to the browser that began.
type Flow struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"` // of PKCE
}

// Begin gives where to send a browser, and the flow to finish with.
func (p *Provider) Begin(ctx context.Context) (string, Flow, error) {
	known, err := p.discover(ctx)
	if err != nil {
		return "", Flow{}, err
	}
	f := Flow{State: random(), Nonce: random(), Verifier: oauth2.GenerateVerifier()}
	to := p.client(known).AuthCodeURL(f.State, oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier))
	if u, err := url.Parse(to); err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return "", Flow{}, fmt.Errorf("%w: its sign-in page has no address", ErrAway)
	}
	return to, f, nil
}

// Person is who a provider says came back.
type Person struct {
	Subject       string   // the provider's own name of them, which never changes
	Email         string   // may change, and may be somebody else's here: never to find an account by
	EmailVerified bool     // the provider has seen that the address is theirs
	Name          string   // may be empty
	Groups        []string // of the claim groups, where the provider gives it
}

type claims struct {
	Email         string    `json:"email"`
	EmailVerified looseBool `json:"email_verified"`
	Name          string    `json:"name"`
	Groups        []string  `json:"groups"`
}

// looseBool is a bool that some providers write as a text.
type looseBool bool

// UnmarshalJSON reads true, "true" and nothing else as true.
func (b *looseBool) UnmarshalJSON(text []byte) error {
	*b = string(text) == "true" || string(text) == `"true"`
	return nil
}

// Finish redeems the code that a browser brought back.
func (p *Provider) Finish(ctx context.Context, f Flow, state, code string) (*Person, error) {
	if f.State == "" || subtle.ConstantTimeCompare([]byte(f.State), []byte(state)) != 1 {
		return nil, ErrState
	}
	known, err := p.discover(ctx)
	if err != nil {
		return nil, err
	}
	ctx = oidc.ClientContext(ctx, p.cfg.HTTP)
	token, err := p.client(known).Exchange(ctx, code, oauth2.VerifierOption(f.Verifier))
	if err != nil {
		var answered *oauth2.RetrieveError
		if errors.As(err, &answered) && answered.Response.StatusCode < 500 {
			return nil, fmt.Errorf("%w: redeem code: %w", ErrRefused, err)
		}
		return nil, fmt.Errorf("%w: redeem code: %w", ErrAway, err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return nil, fmt.Errorf("%w: no ID token", ErrRefused)
	}
	id, err := known.VerifierContext(ctx, &oidc.Config{ClientID: p.cfg.ClientID, Now: p.cfg.Now}).Verify(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(f.Nonce)) != 1 {
		return nil, fmt.Errorf("%w: the nonce is another sign-in's", ErrRefused)
	}
	if id.Subject == "" || len(id.Subject) > 255 { // OpenID Connect Core 1.0, section 2
		return nil, fmt.Errorf("%w: no subject", ErrRefused)
	}
	return p.person(ctx, known, token, id)
}

// person reads who it is from the ID token, and what it does not say from the user info.
func (p *Provider) person(ctx context.Context, known *oidc.Provider, token *oauth2.Token, id *oidc.IDToken) (*Person, error) {
	var c claims
	if err := id.Claims(&c); err != nil {
		return nil, fmt.Errorf("%w: claims: %w", ErrRefused, err)
	}
	if c.Email == "" && known.UserInfoEndpoint() != "" {
		info, err := known.UserInfo(ctx, oauth2.StaticTokenSource(token))
		if err != nil {
			return nil, fmt.Errorf("%w: user info: %w", ErrAway, err)
		}
		if info.Subject != id.Subject {
			return nil, fmt.Errorf("%w: the user info is somebody else's", ErrRefused)
		}
		if err := info.Claims(&c); err != nil {
			return nil, fmt.Errorf("%w: user info: %w", ErrRefused, err)
		}
	}
	return &Person{Subject: id.Subject, Email: c.Email, EmailVerified: bool(c.EmailVerified), Name: c.Name, Groups: c.Groups}, nil
}

// random gives 32 random bytes in the characters of a URL.
func random() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b)
}
