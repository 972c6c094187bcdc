package api

import (
	"time"
)

// Named is an id with a name, as Sentry writes an organisation's status.
type Named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// OrganizationLinks says where an organisation is found.
type OrganizationLinks struct {
	OrganizationURL string `json:"organizationUrl"`
	RegionURL       string `json:"regionUrl" doc:"Always empty: there is one region."`
}

// Organization is a tenant, as in lists.
type Organization struct {
	ID                         string            `json:"id"`
	Slug                       string            `json:"slug"`
	Name                       string            `json:"name"`
	Status                     Named             `json:"status"`
	DateCreated                time.Time         `json:"dateCreated"`
	IsEarlyAdopter             bool              `json:"isEarlyAdopter"`
	Require2FA                 bool              `json:"require2FA"`
	RequireEmailVerification   bool              `json:"requireEmailVerification"`
	Avatar                     Avatar            `json:"avatar"`
	Links                      OrganizationLinks `json:"links"`
	Features                   []string          `json:"features"`
	HasAuthProvider            bool              `json:"hasAuthProvider"`
	AllowMemberInvite          bool              `json:"allowMemberInvite"`
	AllowMemberProjectCreation bool              `json:"allowMemberProjectCreation"`
	AllowSuperuserAccess       bool              `json:"allowSuperuserAccess"`
}

// OrganizationRole is a role a member can have.
type OrganizationRole struct {
	ID              string   `json:"id"`
	Name            string   `json:"name"`
	Desc            string   `json:"desc"`
	Scopes          []string `json:"scopes"`
	IsAllowed       bool     `json:"isAllowed"`
	IsRetired       bool     `json:"isRetired"`
	IsGlobal        bool     `json:"isGlobal"`
	MinimumTeamRole string   `json:"minimumTeamRole"`
	Allowed         bool     `json:"allowed"`
	IsGlobalOld     bool     `json:"is_global"`
	IsTeamAllowed   bool     `json:"isTeamRolesAllowed"`
}

// TeamRole is a role a member can have in a team.
type TeamRole struct {
	ID               string   `json:"id"`
	Name             string   `json:"name"`
	Desc             string   `json:"desc"`
	Scopes           []string `json:"scopes"`
	IsAllowed        bool     `json:"isAllowed"`
	IsRetired        bool     `json:"isRetired"`
	IsMinimumRoleFor *string  `json:"isMinimumRoleFor"`
}

// OrganizationDetail adds what the caller may do and what there is.
type OrganizationDetail struct {
	Organization
	Access       []string           `json:"access" doc:"The caller's scopes."`
	Role         string             `json:"role"`
	OrgRole      string             `json:"orgRole"`
	OrgRoleList  []OrganizationRole `json:"orgRoleList"`
	TeamRoleList []TeamRole         `json:"teamRoleList"`
	DefaultRole  string             `json:"defaultRole"`
	Roles        []Named            `json:"availableRoles"`
	IsDefault    bool               `json:"isDefault"`
	Teams        []TeamRef          `json:"teams"`
	Projects     []Project          `json:"projects"`
}

// Environment is a name that events came with.
type Environment struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Health is what Terraform asks for before it does anything.
type Health struct {
	Healthy  map[string]bool `json:"healthy"`
	Problems []string        `json:"problems"`
}

// Root says who is calling.
type Root struct {
	Version string         `json:"version"`
	User    Null[User]     `json:"user"`
	Auth    Null[RootAuth] `json:"auth"`
}

// RootAuth is what the caller may do.
type RootAuth struct {
	Scopes []string `json:"scopes"`
}

// OrganizationsInput lists organisations.
type OrganizationsInput struct {
	PageParams
	Query string `query:"query" doc:"Part of a name or slug."`
}

// UpdateOrganizationInput changes what it names.
type UpdateOrganizationInput struct {
	OrgPath
	Body struct {
		_ struct{} `json:"-" additionalProperties:"true"`

		Name *string `json:"name,omitempty" minLength:"1" maxLength:"200"`
		Slug *string `json:"slug,omitempty" minLength:"1" maxLength:"50"`
	}
}

// OrganizationInput asks for one organisation.
type OrganizationInput struct {
	OrgPath
	Detailed string `query:"detailed" doc:"0 leaves out teams and projects."`
}
