package api

import (
	"time"
)

// User is a person. What only they themselves see is in [Self].
type User struct {
	ID              string     `json:"id"`
	Name            string     `json:"name"`
	Username        string     `json:"username"`
	Email           string     `json:"email"`
	AvatarURL       string     `json:"avatarUrl"`
	IsActive        bool       `json:"isActive"`
	IsSuspended     bool       `json:"isSuspended"`
	HasPasswordAuth bool       `json:"hasPasswordAuth"`
	IsManaged       bool       `json:"isManaged"`
	DateJoined      time.Time  `json:"dateJoined"`
	LastLogin       *time.Time `json:"lastLogin"`
	LastActive      *time.Time `json:"lastActive"`
	Has2FA          bool       `json:"has2fa"`
	IsSuperuser     bool       `json:"isSuperuser"`
	IsStaff         bool       `json:"isStaff"`
	Avatar          Avatar     `json:"avatar"`
}

// UserEmail is an address of a user.
type UserEmail struct {
	ID         string `json:"id"`
	Email      string `json:"email"`
	IsVerified bool   `json:"is_verified"`
}

// UserOptions are a person's preferences.
type UserOptions struct {
	Theme             string `json:"theme"`
	Language          string `json:"language"`
	StacktraceOrder   int    `json:"stacktraceOrder"`
	DefaultIssueEvent string `json:"defaultIssueEvent"`
	Timezone          string `json:"timezone"`
	Clock24Hours      bool   `json:"clock24Hours"`
}

// Self is the caller's own user.
type Self struct {
	User
	Emails         []UserEmail     `json:"emails"`
	Options        UserOptions     `json:"options"`
	Flags          map[string]bool `json:"flags"`
	Identities     []string        `json:"identities"`
	Authenticators []string        `json:"authenticators"`
	Permissions    []string        `json:"permissions"`
}

// Actor is who an issue is assigned to.
type Actor struct {
	Type  string `json:"type" enum:"user,team"`
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email,omitempty"`
}

// SignInInput is an e-mail address and a password.
type SignInInput struct {
	Body struct {
		_ struct{} `json:"-" additionalProperties:"true"`

		Email    string `json:"email" maxLength:"320"`
		Password string `json:"password" maxLength:"1024"`
	}
}

// UpdateMeInput changes what it names of the caller. A new password ends all their sessions but this one.
type UpdateMeInput struct {
	Body struct {
		_ struct{} `json:"-" additionalProperties:"true"`

		Name        *string `json:"name,omitempty" minLength:"1" maxLength:"200"`
		Password    string  `json:"password,omitempty" maxLength:"1024" doc:"The present one, where there is one."`
		NewPassword string  `json:"passwordNew,omitempty" maxLength:"1024"`
	}
}

// SignInLinkInput is the token of a one-time sign-in link.
type SignInLinkInput struct {
	Body struct {
		_ struct{} `json:"-" additionalProperties:"true"`

		Token string `json:"token" maxLength:"200"`
	}
}

// SignedIn is a user with the cookie of their new session.
type SignedIn struct {
	SetCookie string `header:"Set-Cookie"`
	Body      Self
}

// SignedOut takes the cookie away.
type SignedOut struct {
	SetCookie string `header:"Set-Cookie"`
}
