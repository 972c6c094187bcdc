package api

import "time"

// AuditLogs are changes in an organisation, and what can be asked for.
type AuditLogs struct {
	Rows    []AuditLog `json:"rows"`
	Options []string   `json:"options" doc:"Events that can be asked for."`
}

// AuditLog is a change: who, what, on what, when, from where.
type AuditLog struct {
	ID           string           `json:"id"`
	Actor        *AuditActor      `json:"actor" doc:"Who changed it; as they were named then."`
	Event        string           `json:"event"`
	IPAddress    *string          `json:"ipAddress" doc:"Null: on the server's own machine."`
	Note         string           `json:"note" doc:"What was changed, for people."`
	TargetObject string           `json:"targetObject" doc:"Id of what was changed."`
	TargetUser   Null[AuditActor] `json:"targetUser" doc:"The person who was changed; null: it was none."`
	TargetKind   string           `json:"targetKind" doc:"project, key, user, team, token, … (ours)"`
	TargetName   string           `json:"targetName" doc:"As it was named then (ours)."`
	Data         map[string]any   `json:"data"`
	DateCreated  time.Time        `json:"dateCreated"`
}

// AuditActor is a person, or something that acts without being one.
type AuditActor struct {
	ID       string `json:"id" doc:"Of the user; empty for what is none."`
	Name     string `json:"name"`
	Email    string `json:"email"`
	Username string `json:"username"`
	Token    string `json:"token,omitempty" doc:"Name of the token they used (ours)."`
}

// AuditInput asks for a page.
type AuditInput struct {
	OrgPath
	PageParams
	WindowParams
	Event string `query:"event" doc:"One of the options."`
	Actor string `query:"actor" doc:"Id of a user, or me."`
}

// AuditPage answers it, with the Link header of lists.
type AuditPage struct {
	Link string `header:"Link"`
	Body AuditLogs
}
