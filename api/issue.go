package api

import (
	"time"
)

// IssueMetadata is what titles are made of; strings only.
type IssueMetadata struct {
	Type     string `json:"type,omitempty"`
	Value    string `json:"value,omitempty"`
	Filename string `json:"filename,omitempty"`
	Function string `json:"function,omitempty"`
	Title    string `json:"title,omitempty"`
	Imported string `json:"imported,omitempty" doc:"The server and organisation that the issue was brought in from, without its events."`
}

// SubscriptionDetails is why somebody is told about an issue.
type SubscriptionDetails struct {
	Reason   string `json:"reason,omitempty" doc:"assigned, comment, bookmark, status_change, mentioned or unknown."`
	Disabled bool   `json:"disabled,omitempty" doc:"They asked not to be told."`
}

// IssueLifetime are the numbers of an issue over all time.
type IssueLifetime struct {
	Count     string             `json:"count"`
	UserCount int64              `json:"userCount"`
	FirstSeen time.Time          `json:"firstSeen"`
	LastSeen  time.Time          `json:"lastSeen"`
	Stats     map[string][]Point `json:"stats,omitempty"`
}

// IssueHindsight is what Sentry's issue does not have.
type IssueHindsight struct {
	ReplayCount int64  `json:"replayCount" doc:"Distinct replays linked by tiers 1 to 4, one source for every screen."`
	Side        string `json:"side" enum:"backend,frontend" doc:"The side the issue's events come from."`
}

// Issue is what events of one cause group into.
type Issue struct {
	ID                  string                    `json:"id"`
	ShareID             *string                   `json:"shareId"`
	ShortID             string                    `json:"shortId"`
	Title               string                    `json:"title"`
	Culprit             string                    `json:"culprit"`
	Permalink           string                    `json:"permalink"`
	Logger              *string                   `json:"logger"`
	Level               string                    `json:"level"`
	Status              string                    `json:"status" enum:"unresolved,resolved,ignored"`
	StatusDetails       map[string]any            `json:"statusDetails"`
	Substatus           *string                   `json:"substatus"`
	IsPublic            bool                      `json:"isPublic"`
	Platform            string                    `json:"platform"`
	Project             ProjectRef                `json:"project"`
	Type                string                    `json:"type"`
	Metadata            IssueMetadata             `json:"metadata"`
	NumComments         int                       `json:"numComments"`
	AssignedTo          Null[Actor]               `json:"assignedTo"`
	IsBookmarked        bool                      `json:"isBookmarked"`
	IsSubscribed        bool                      `json:"isSubscribed"`
	SubscriptionDetails Null[SubscriptionDetails] `json:"subscriptionDetails"`
	HasSeen             bool                      `json:"hasSeen"`
	Annotations         []string                  `json:"annotations"`
	IssueType           string                    `json:"issueType"`
	IssueCategory       string                    `json:"issueCategory"`
	Priority            string                    `json:"priority" enum:"high,medium,low"`
	PriorityLockedAt    *time.Time                `json:"priorityLockedAt"`
	FixabilityScore     *float64                  `json:"seerFixabilityScore"`
	AutofixTriggered    *time.Time                `json:"seerAutofixLastTriggered"`
	IsUnhandled         *bool                     `json:"isUnhandled,omitempty" doc:"Absent with collapse=unhandled."`
	Count               string                    `json:"count" doc:"Digits in a string, as Sentry has it."`
	UserCount           int64                     `json:"userCount"`
	FirstSeen           time.Time                 `json:"firstSeen"`
	LastSeen            time.Time                 `json:"lastSeen"`
	Stats               map[string][]Point        `json:"stats,omitempty" doc:"[epoch seconds, count] by period; absent with collapse=stats."`
	Lifetime            *IssueLifetime            `json:"lifetime,omitempty" doc:"Absent with collapse=lifetime."`
	Filtered            *IssueLifetime            `json:"filtered,omitempty"`
	MatchingEventID     string                    `json:"matchingEventId,omitempty" doc:"The event that was asked for by its id."`
	Inbox               *IssueInbox               `json:"inbox,omitempty" doc:"With expand=inbox, when it waits for review."`
	Owners              *Null[[]IssueOwner]       `json:"owners,omitempty" doc:"With expand=owners, whose it may be by its newest event: authors of suspect commits, then owners by rules."`
	Hindsight           IssueHindsight            `json:"hindsight"`
}

// IssueInbox is why an issue waits for review: 0 new, 1 unignored, 2 regression, 3 manual, 5 escalating.
type IssueInbox struct {
	Reason        int64     `json:"reason"`
	ReasonDetails *string   `json:"reason_details"`
	DateAdded     time.Time `json:"date_added"`
}

// TagSummary is a tag key with how often it is there.
type TagSummary struct {
	Key         string `json:"key"`
	Name        string `json:"name"`
	TotalValues int64  `json:"totalValues"`
}

// Activity is something that happened to an issue.
type Activity struct {
	ID          string         `json:"id"`
	Type        string         `json:"type"`
	DateCreated time.Time      `json:"dateCreated"`
	User        Null[User]     `json:"user"`
	Data        map[string]any `json:"data"`
}

// IssueRelease names a release.
type IssueRelease struct {
	Version string `json:"version"`
}

// IssueDetail is an issue on its own page.
type IssueDetail struct {
	Issue
	Activity        []Activity    `json:"activity"`
	SeenBy          []User        `json:"seenBy"`
	Participants    []User        `json:"participants"`
	UserReportCount int           `json:"userReportCount"`
	PluginActions   []string      `json:"pluginActions"`
	PluginIssues    []string      `json:"pluginIssues"`
	PluginContexts  []string      `json:"pluginContexts"`
	FirstRelease    Null[Release] `json:"firstRelease"`
	LastRelease     Null[Release] `json:"lastRelease"`
	Tags            []TagSummary  `json:"tags"`
}

// IssueUpdate is what can be changed about an issue; what is absent stays. Unknown keys are ignored.
type IssueUpdate struct {
	_             struct{}            `json:"-" additionalProperties:"true"`
	Status        *string             `json:"status,omitempty" enum:"resolved,unresolved,ignored,muted,resolvedInNextRelease"`
	Substatus     *string             `json:"substatus,omitempty"`
	StatusDetails *StatusDetailsInput `json:"statusDetails,omitempty"`
	AssignedTo    *string             `json:"assignedTo,omitempty" nullable:"true" doc:"user:7, team:3, #team, an id, an e-mail address; empty or null unassigns."`
	HasSeen       *bool               `json:"hasSeen,omitempty"`
	IsBookmarked  *bool               `json:"isBookmarked,omitempty"`
	IsSubscribed  *bool               `json:"isSubscribed,omitempty"`
	Priority      *string             `json:"priority,omitempty" enum:"high,medium,low"`
	IsPublic      *bool               `json:"isPublic,omitempty" doc:"true makes a shareId."`
	Inbox         *bool               `json:"inbox,omitempty" doc:"false: reviewed."`

	Merge   any   `json:"merge,omitempty" doc:"true or 1, with at least two ids: puts the issues together."`
	Discard *bool `json:"discard,omitempty" doc:"true, alone: deletes the issues, and discards their future events."`

	SnoozeDuration *int64 `json:"snoozeDuration,omitempty" nullable:"true" doc:"The older word for ignoreDuration."`
	IgnoreInput
}

// IssueChange says what a bulk change changed.
type IssueChange struct {
	Status        string         `json:"status,omitempty"`
	StatusDetails map[string]any `json:"statusDetails,omitempty"`
	Substatus     *string        `json:"substatus,omitempty"`
	AssignedTo    *Null[Actor]   `json:"assignedTo,omitempty"`
	HasSeen       *bool          `json:"hasSeen,omitempty"`
	IsBookmarked  *bool          `json:"isBookmarked,omitempty"`
	IsPublic      *bool          `json:"isPublic,omitempty"`
	Inbox         *bool          `json:"inbox,omitempty"`
	Priority      *string        `json:"priority,omitempty"`

	SubscriptionDetails *SubscriptionDetails `json:"subscriptionDetails,omitempty"`
	Merge               *IssueMerge          `json:"merge,omitempty"`
}

// IssuesParams are what both issue lists take.
type IssuesParams struct {
	FilterParams
	WindowParams
	Query            string   `query:"query" doc:"Search. Absent: is:unresolved. Empty: everything."`
	Sort             string   `query:"sort" doc:"date (last seen), new (first seen), freq, user."`
	Limit            int      `query:"limit" doc:"At most 100."`
	Cursor           string   `query:"cursor"`
	GroupStatsPeriod string   `query:"groupStatsPeriod" doc:"24h, 14d, auto or empty."`
	Collapse         []string `query:"collapse,explode" doc:"stats, lifetime, filtered, base, unhandled."`
	Expand           []string `query:"expand,explode"`
	Group            []string `query:"group,explode" doc:"Ids to fetch; the query is ignored then."`
	Partial          bool     `query:"partial" doc:"An answer may have fewer issues than asked for, and a next cursor to go on from: where few of very many fit, it comes within moments."`
	ShortIDLookup    string   `query:"shortIdLookup" doc:"1: a query that is a short id goes to that issue."`
}

// IssuesInput lists issues of an organisation.
type IssuesInput struct {
	OrgPath
	IssuesParams
}

// ProjectIssuesInput lists issues of a project.
type ProjectIssuesInput struct {
	ProjectPath
	IssuesParams
}

// IssuesOutput is a page of issues.
type IssuesOutput struct {
	Link      string `header:"Link"`
	XHits     string `header:"X-Hits"`
	XMaxHits  string `header:"X-Max-Hits"`
	DirectHit string `header:"X-Sentry-Direct-Hit"`
	Body      []Issue
}

// IssuesCountInput counts the issues of several queries.
type IssuesCountInput struct {
	OrgPath
	FilterParams
	WindowParams
	Query []string `query:"query,explode"`
}

// IssuePath names an issue by id or short id.
type IssuePath struct {
	OrgPath
	Issue string `path:"issue" doc:"An id or a short id."`
}

// IssueInput asks for one issue.
type IssueInput struct {
	IssuePath
	Collapse []string `query:"collapse,explode"`
	Expand   []string `query:"expand,explode"`
}

// UnscopedIssueInput asks for one issue without naming its organisation.
type UnscopedIssueInput struct {
	Issue string `path:"issue"`
}

// UpdateIssueInput changes one issue.
type UpdateIssueInput struct {
	IssuePath
	Body    IssueUpdate
	RawBody []byte
}

// UpdateUnscopedIssueInput changes one issue without naming its organisation.
type UpdateUnscopedIssueInput struct {
	Issue   string `path:"issue"`
	Body    IssueUpdate
	RawBody []byte
}

// BulkIssuesInput changes the issues named by id, or those a query finds.
type BulkIssuesInput struct {
	OrgPath
	FilterParams
	ID      []string `query:"id,explode"`
	Query   string   `query:"query"`
	Body    IssueUpdate
	RawBody []byte
}

// BulkProjectIssuesInput changes issues of a project.
type BulkProjectIssuesInput struct {
	ProjectPath
	ID      []string `query:"id,explode"`
	Status  string   `query:"status"`
	Query   string   `query:"query"`
	Body    IssueUpdate
	RawBody []byte
}

// BulkOutput is what changed, or 204 when nothing matched.
type BulkOutput struct {
	Status int
	Body   *IssueChange
}

// IssueEventsInput lists events of an issue.
type IssueEventsInput struct {
	IssuePath
	PageParams
	WindowParams
	Environment []string `query:"environment,explode"`
	Query       string   `query:"query"`
	Full        string   `query:"full" doc:"1: whole events."`
	Sort        string   `query:"sort"`
}

// IssueEventInput picks an event of an issue.
type IssueEventInput struct {
	IssuePath
	Event       string   `path:"event" doc:"latest, oldest, recommended (prefers one whose replay plays) or an event id."`
	Environment []string `query:"environment,explode"`
}

// ShortIDInput looks a short id up.
type ShortIDInput struct {
	OrgPath
	ShortID string `path:"shortId"`
}

// ShortID is where a short id leads.
type ShortID struct {
	OrganizationSlug string `json:"organizationSlug"`
	ProjectSlug      string `json:"projectSlug"`
	GroupID          string `json:"groupId"`
	Group            Issue  `json:"group"`
	ShortID          string `json:"shortId"`
}
