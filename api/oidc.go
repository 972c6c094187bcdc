package api

import (
	"time"

	"github.com/hindsight-dev/hindsight/api/oidc"
	"github.com/hindsight-dev/hindsight/store"
)

// SignOn lets people sign in by a provider of the organisation's.
type SignOn struct {
	Provider *oidc.Provider
	Name     string      // on the button
	Scope    store.Scope // the organisation whose people it knows; others' it cannot sign in

	// Who may join without an invitation: people with a verified address of these domains, or in these groups.
	// Both empty: nobody.
	Domains, Groups []string
	Role            string // of those who join
}

// SignOnInfo says whether there is a provider, for the sign-in page.
type SignOnInfo struct {
	Enabled bool   `json:"enabled"`
	Name    string `json:"name" doc:"Of the provider, for the button."`
}

// BeginSignOnInput begins a sign-in.
type BeginSignOnInput struct {
	Body struct {
		_ struct{} `json:"-" additionalProperties:"true"`

		Link bool   `json:"link,omitempty" doc:"Link the provider's account to the caller's instead of signing in."`
		Next string `json:"next,omitempty" maxLength:"2000" doc:"Where to go afterwards; given back."`
	}
}

// SignOnStart says where to send the browser.
type SignOnStart struct {
	SetCookie string `header:"Set-Cookie"`
	Body      struct {
		URL string `json:"url"`
	}
}

// FinishSignOnInput is what the browser brought back.
type FinishSignOnInput struct {
	Flow string `cookie:"hindsight_oidc" hidden:"true"`
	Safe string `cookie:"__Host-hindsight_oidc" hidden:"true"`
	Body struct {
		_ struct{} `json:"-" additionalProperties:"true"`

		Code  string `json:"code" minLength:"1" maxLength:"4096"`
		State string `json:"state" minLength:"1" maxLength:"200"`
	}
}

// SignOnEnd is the end of a sign-in.
type SignOnEnd struct {
	SetCookie []string `header:"Set-Cookie"`
	Body      struct {
		User   Self   `json:"user"`
		Linked bool   `json:"linked" doc:"The provider's account was linked; nobody signed in."`
		Next   string `json:"next"`
	}
}

// UserIdentity is a way to sign in besides a password.
type UserIdentity struct {
	ID           string     `json:"id"`
	Issuer       string     `json:"issuer"`
	Provider     string     `json:"provider" doc:"Its name, when it is the present one."`
	Email        string     `json:"email" doc:"As the provider said it."`
	DateCreated  time.Time  `json:"dateCreated"`
	DateLastUsed *time.Time `json:"dateLastUsed"`
}

// IdentityPath names one.
type IdentityPath struct {
	Identity string `path:"identity"`
}
