package api

import "time"

// MemberFlags says what an identity provider did; there is none yet.
type MemberFlags struct {
	Provisioned bool `json:"idp:provisioned"`
	Restricted  bool `json:"idp:role-restricted"`
	Linked      bool `json:"sso:linked"`
	Invalid     bool `json:"sso:invalid"`
}

// OrganizationMember is a person in an organisation.
type OrganizationMember struct {
	ID           string      `json:"id"`
	Email        string      `json:"email"`
	Name         string      `json:"name"`
	User         Null[User]  `json:"user"`
	OrgRole      string      `json:"orgRole"`
	Role         string      `json:"role"`
	RoleName     string      `json:"roleName"`
	Pending      bool        `json:"pending" doc:"Has never signed in."`
	Expired      bool        `json:"expired"`
	Flags        MemberFlags `json:"flags"`
	DateCreated  time.Time   `json:"dateCreated"`
	InviteStatus string      `json:"inviteStatus"`
	InviterName  *string     `json:"inviterName"`
	IsOnlyOwner  bool        `json:"isOnlyOwner"`
	Teams        []string    `json:"teams" doc:"Slugs."`
}

// MemberTeamRole is a member's role in one team; null is contributor.
type MemberTeamRole struct {
	TeamSlug string  `json:"teamSlug"`
	Role     *string `json:"role"`
}

// OrganizationMemberDetail adds the roles there are, and the link of a new member.
type OrganizationMemberDetail struct {
	OrganizationMember
	TeamRoles    []MemberTeamRole   `json:"teamRoles"`
	OrgRoleList  []OrganizationRole `json:"orgRoleList"`
	TeamRoleList []TeamRole         `json:"teamRoleList"`
	InviteLink   string             `json:"invite_link,omitempty" doc:"Signs a new member in once. Shown to who adds them."`
}

// MembersInput lists members.
type MembersInput struct {
	OrgPath
	PageParams
	Query string `query:"query" doc:"email:x, or part of a name or address."`
}

// MemberPath names a member by their id; me is the caller.
type MemberPath struct {
	OrgPath
	Member string `path:"member"`
}

// MemberBody is what a member is made or changed with.
type MemberBody struct {
	_ struct{} `json:"-" additionalProperties:"true"`

	Email     string           `json:"email,omitempty" maxLength:"254"`
	OrgRole   string           `json:"orgRole,omitempty"`
	Role      string           `json:"role,omitempty" doc:"The older name of orgRole."`
	Teams     []string         `json:"teams,omitempty" doc:"Slugs."`
	TeamRoles []MemberTeamRole `json:"teamRoles,omitempty"`
}

// CreateMemberInput adds a member.
type CreateMemberInput struct {
	OrgPath
	Body MemberBody
}

// UpdateMemberInput changes a member.
type UpdateMemberInput struct {
	MemberPath
	Body MemberBody
}

// MemberTeamPath names a member in a team.
type MemberTeamPath struct {
	MemberPath
	Team string `path:"team" doc:"The team's slug or id."`
}

// MemberTeamInput changes a member's role in a team.
type MemberTeamInput struct {
	MemberTeamPath
	Body struct {
		_ struct{} `json:"-" additionalProperties:"true"`

		TeamRole string `json:"teamRole,omitempty"`
	}
}

// MemberTeam is what a member is in a team.
type MemberTeam struct {
	IsActive bool   `json:"isActive"`
	TeamRole string `json:"teamRole"`
}

// UserWithProjects is a person that something can be assigned to.
type UserWithProjects struct {
	User
	Role     string   `json:"role"`
	Projects []string `json:"projects" doc:"Slugs."`
}
