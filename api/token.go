package api

import "time"

// APIToken is a bearer token of a person. Its text is shown once, when it is made.
type APIToken struct {
	ID                  string     `json:"id"`
	Name                string     `json:"name"`
	Scopes              []string   `json:"scopes"`
	Application         *string    `json:"application"`
	ExpiresAt           *time.Time `json:"expiresAt"`
	DateCreated         time.Time  `json:"dateCreated"`
	DateLastUsed        *time.Time `json:"dateLastUsed"`
	TokenLastCharacters string     `json:"tokenLastCharacters"`
	Organization        string     `json:"organization" doc:"Slug of the organisation it acts in."`
	Token               string     `json:"token,omitempty"`
}

// OrgAuthToken is a bearer token of an organisation, for CI.
type OrgAuthToken struct {
	ID                  string     `json:"id"`
	Name                string     `json:"name"`
	Scopes              []string   `json:"scopes"`
	TokenLastCharacters string     `json:"tokenLastCharacters"`
	DateCreated         time.Time  `json:"dateCreated"`
	DateLastUsed        *time.Time `json:"dateLastUsed"`
	ProjectLastUsed     *string    `json:"projectLastUsed"`
	Token               string     `json:"token,omitempty"`
}

// TokensInput lists tokens.
type TokensInput struct{ PageParams }

// CreateTokenInput makes a token of the caller. Without an organization it acts in their first.
type CreateTokenInput struct {
	Body struct {
		_ struct{} `json:"-" additionalProperties:"true"`

		Name         string     `json:"name" minLength:"1" maxLength:"200"`
		Scopes       []string   `json:"scopes" minItems:"1" maxItems:"40"`
		Organization string     `json:"organization,omitempty" doc:"Slug."`
		ExpiresAt    *time.Time `json:"expiresAt,omitempty"`
	}
}

// TokenPath names a token of the caller.
type TokenPath struct {
	TokenID string `path:"tokenId"`
}

// OrgTokensInput lists the tokens of an organisation.
type OrgTokensInput struct {
	OrgPath
	PageParams
}

// CreateOrgTokenInput makes a token of an organisation. Without scopes it can do what CI needs: org:ci.
type CreateOrgTokenInput struct {
	OrgPath
	Body struct {
		_ struct{} `json:"-" additionalProperties:"true"`

		Name   string   `json:"name" minLength:"1" maxLength:"200"`
		Scopes []string `json:"scopes,omitempty" maxItems:"40"`
	}
}

// OrgTokenPath names a token of an organisation.
type OrgTokenPath struct {
	OrgPath
	TokenID string `path:"tokenId"`
}
