package api

import "time"

// TeamRef names a team inside other objects.
type TeamRef struct {
	ID   string `json:"id"`
	Slug string `json:"slug"`
	Name string `json:"name"`
}

// TeamFlags says what provisioning by an identity provider did.
type TeamFlags struct {
	Provisioned bool `json:"idp:provisioned"`
}

// Team is a group of people with the projects that are theirs.
type Team struct {
	TeamRef
	DateCreated time.Time `json:"dateCreated"`
	IsMember    bool      `json:"isMember"`
	TeamRole    *string   `json:"teamRole" doc:"The caller's: contributor or admin."`
	Flags       TeamFlags `json:"flags"`
	Access      []string  `json:"access"`
	HasAccess   bool      `json:"hasAccess"`
	IsPending   bool      `json:"isPending"`
	MemberCount int64     `json:"memberCount"`
	Avatar      Avatar    `json:"avatar"`
}

// TeamWithProjects is a team as lists have it.
type TeamWithProjects struct {
	Team
	Projects []ProjectRef `json:"projects"`
}

// TeamsInput lists teams.
type TeamsInput struct {
	OrgPath
	PageParams
	Query string `query:"query" doc:"slug:x, or part of a name or slug."`
}

// TeamPath names a team.
type TeamPath struct {
	OrgPath
	Team string `path:"team" doc:"The team's slug or id."`
}

// TeamPageInput lists something of a team.
type TeamPageInput struct {
	TeamPath
	PageParams
}

// CreateTeamInput makes a team.
type CreateTeamInput struct {
	OrgPath
	Body struct {
		_ struct{} `json:"-" additionalProperties:"true"`

		Name string `json:"name,omitempty" maxLength:"200"`
		Slug string `json:"slug,omitempty" maxLength:"50"`
	}
}

// UpdateTeamInput changes what it names.
type UpdateTeamInput struct {
	TeamPath
	Body struct {
		_ struct{} `json:"-" additionalProperties:"true"`

		Name *string `json:"name,omitempty" minLength:"1" maxLength:"200"`
		Slug *string `json:"slug,omitempty" minLength:"1" maxLength:"50"`
	}
}

// ProjectTeamPath names a team of a project.
type ProjectTeamPath struct {
	ProjectPath
	Team string `path:"team" doc:"The team's slug or id."`
}

// CreateTeamProjectInput makes a project of a team.
type CreateTeamProjectInput struct {
	TeamPath
	Body NewProjectBody
}
