package api

import "time"

// ProjectOwnership is whose a project's errors are.
type ProjectOwnership struct {
	Raw                *string    `json:"raw" doc:"Rules, one a line: path:, module:, url:, tags.a-key: or codeowners:, then #team or e-mail addresses. The last match counts."`
	Fallthrough        bool       `json:"fallthrough" doc:"What no rule matches is everybody's."`
	DateCreated        *time.Time `json:"dateCreated"`
	LastUpdated        *time.Time `json:"lastUpdated"`
	IsActive           bool       `json:"isActive"`
	AutoAssignment     string     `json:"autoAssignment" enum:"Auto Assign to Issue Owner,Auto Assign to Suspect Commits,Turn off Auto-Assignment"`
	CodeownersAutoSync bool       `json:"codeownersAutoSync"`
}

// Names of what happens to new issues.
const (
	autoAssignOwner   = "Auto Assign to Issue Owner"
	autoAssignNobody  = "Turn off Auto-Assignment"
	autoAssignSuspect = "Auto Assign to Suspect Commits"
)

// OwnershipInput changes what is given.
type OwnershipInput struct {
	ProjectPath
	Body struct {
		_ struct{} `json:"-" additionalProperties:"true"`

		Raw                *string `json:"raw,omitempty" nullable:"true"`
		Fallthrough        *bool   `json:"fallthrough,omitempty" nullable:"true"`
		AutoAssignment     *string `json:"autoAssignment,omitempty" nullable:"true"`
		CodeownersAutoSync *bool   `json:"codeownersAutoSync,omitempty" nullable:"true"`
	}
}

// CodeownersInput is a CODEOWNERS file to make rules of.
type CodeownersInput struct {
	ProjectPath
	Body struct {
		Raw string `json:"raw" maxLength:"3000000"`
	}
}

// CodeownersRules are the rules of a CODEOWNERS file.
type CodeownersRules struct {
	Raw     string   `json:"raw" doc:"As ownership rules."`
	Unknown []string `json:"unknown" doc:"Owners left out: nobody knows whose @name is."`
}

// EventOwners is whose an event is.
type EventOwners struct {
	Owners []Actor     `json:"owners"`
	Rules  [][2]string `json:"rules" doc:"The rule that counts: its kind and its pattern."`
	Rule   *string     `json:"rule"`
}

// Committers are who last touched the files of an event's frames.
type Committers struct {
	Committers []Committer `json:"committers"`
}

// Committer is one of them, with those commits.
type Committer struct {
	Author  CommitAuthor `json:"author"`
	Commits []Commit     `json:"commits"`
}
