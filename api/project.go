package api

import (
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/hindsight-dev/hindsight/store"
)

// ProjectRef names a project inside other objects.
type ProjectRef struct {
	ID       string  `json:"id"`
	Name     string  `json:"name"`
	Slug     string  `json:"slug"`
	Platform *string `json:"platform"`
}

// EventProcessing says whether processing lags.
type EventProcessing struct {
	SymbolicationDegraded bool `json:"symbolicationDegraded"`
}

// LatestRelease is the version that was last seen.
type LatestRelease struct {
	Version string `json:"version"`
}

// Project is an application that sends, as in lists.
type Project struct {
	ID                    string              `json:"id"`
	Slug                  string              `json:"slug"`
	Name                  string              `json:"name"`
	Platform              *string             `json:"platform"`
	DateCreated           time.Time           `json:"dateCreated"`
	IsBookmarked          bool                `json:"isBookmarked"`
	IsMember              bool                `json:"isMember"`
	HasAccess             bool                `json:"hasAccess"`
	Access                []string            `json:"access"`
	Features              []string            `json:"features"`
	FirstEvent            *time.Time          `json:"firstEvent"`
	FirstTransactionEvent bool                `json:"firstTransactionEvent"`
	Environments          []string            `json:"environments"`
	Platforms             []string            `json:"platforms"`
	Team                  Null[TeamRef]       `json:"team"`
	Teams                 []TeamRef           `json:"teams"`
	LatestRelease         Null[LatestRelease] `json:"latestRelease"`
	Status                string              `json:"status"`
	Avatar                Avatar              `json:"avatar"`
	Color                 string              `json:"color"`
	IsInternal            bool                `json:"isInternal"`
	IsPublic              bool                `json:"isPublic"`
	EventProcessing       EventProcessing     `json:"eventProcessing"`
	HasUserReports        bool                `json:"hasUserReports"`
	HasSessions           bool                `json:"hasSessions"`
	HasProfiles           bool                `json:"hasProfiles"`
	HasReplays            bool                `json:"hasReplays"`
	HasFlags              bool                `json:"hasFlags"`
	HasFeedbacks          bool                `json:"hasFeedbacks"`
	HasNewFeedbacks       bool                `json:"hasNewFeedbacks"`
	HasMonitors           bool                `json:"hasMonitors"`
	HasMinifiedStackTrace bool                `json:"hasMinifiedStackTrace"`
	HasLogs               bool                `json:"hasLogs"`
	HasTraceMetrics       bool                `json:"hasTraceMetrics"`
	Options               map[string]any      `json:"options,omitempty" doc:"Those that were asked for."`
}

// ProjectOwner is the organisation of a project, with the roles there are in it.
type ProjectOwner struct {
	Organization
	OrgRoleList  []OrganizationRole `json:"orgRoleList"`
	TeamRoleList []TeamRole         `json:"teamRoleList"`
}

// ProjectDetail adds a project's settings; what cannot be set yet has Sentry's default.
type ProjectDetail struct {
	Project
	Organization         ProjectOwner   `json:"organization"`
	Options              map[string]any `json:"options"`
	DigestsMinDelay      int            `json:"digestsMinDelay"`
	DigestsMaxDelay      int            `json:"digestsMaxDelay"`
	SubjectPrefix        string         `json:"subjectPrefix"`
	SubjectTemplate      string         `json:"subjectTemplate"`
	AllowedDomains       []string       `json:"allowedDomains"`
	ResolveAge           int            `json:"resolveAge"`
	DataScrubber         bool           `json:"dataScrubber"`
	DataScrubberDefaults bool           `json:"dataScrubberDefaults"`
	SafeFields           []string       `json:"safeFields"`
	SensitiveFields      []string       `json:"sensitiveFields"`
	StoreCrashReports    int            `json:"storeCrashReports"`
	SecurityToken        string         `json:"securityToken"`
	SecurityTokenHeader  *string        `json:"securityTokenHeader"`
	VerifySSL            bool           `json:"verifySSL"`
	ScrubIPAddresses     bool           `json:"scrubIPAddresses"`
	ScrapeJavaScript     bool           `json:"scrapeJavaScript"`
	GroupingConfig       string         `json:"groupingConfig"`
	GroupingEnhancements string         `json:"groupingEnhancements"`
	FingerprintingRules  string         `json:"fingerprintingRules"`
	ProcessingIssues     int            `json:"processingIssues"`
	DefaultEnvironment   *string        `json:"defaultEnvironment"`
	RelayPiiConfig       *string        `json:"relayPiiConfig"`
	BuiltinSymbolSources []string       `json:"builtinSymbolSources"`
	SymbolSources        string         `json:"symbolSources"`
	HighlightTags        []string       `json:"highlightTags"`
	HighlightContext     map[string]any `json:"highlightContext"`
}

// ProjectsInput lists projects.
type ProjectsInput struct {
	OrgPath
	PageParams
	Query   string   `query:"query" doc:"slug:x, or part of a name or slug."`
	Options []string `query:"options,explode" doc:"Names of settings, such as filters:releases, that are to be with each project."`
}

// AllProjectsInput lists the projects of every organisation the caller is in.
type AllProjectsInput struct {
	PageParams
}

// NewProjectBody is what a project is made of.
type NewProjectBody struct {
	_ struct{} `json:"-" additionalProperties:"true"`

	Name     string `json:"name" minLength:"1" maxLength:"200"`
	Slug     string `json:"slug,omitempty" maxLength:"100"`
	Platform string `json:"platform,omitempty" maxLength:"64"`
}

// CreateProjectInput makes a project with a key named Default.
type CreateProjectInput struct {
	OrgPath
	Body NewProjectBody
}

// ProjectPageInput lists something of a project.
type ProjectPageInput struct {
	ProjectPath
	PageParams
}

// UpdateProjectInput changes what it names.
type UpdateProjectInput struct {
	ProjectPath
	Body struct {
		_ struct{} `json:"-" additionalProperties:"true"`

		Name     *string `json:"name,omitempty" minLength:"1" maxLength:"200"`
		Slug     *string `json:"slug,omitempty" minLength:"1" maxLength:"100"`
		Platform *string `json:"platform,omitempty" maxLength:"64"`
		SettingsChange
	}
}

// KeyDSN is a key's DSN and the addresses derived from it; every value is a string.
type KeyDSN struct {
	Secret      string `json:"secret"`
	Public      string `json:"public"`
	CSP         string `json:"csp"`
	Security    string `json:"security"`
	Minidump    string `json:"minidump"`
	NEL         string `json:"nel"`
	Unreal      string `json:"unreal"`
	CDN         string `json:"cdn"`
	Crons       string `json:"crons"`
	Playstation string `json:"playstation"`
	Integration string `json:"integration"`
	OTLPTraces  string `json:"otlp_traces"`
	OTLPLogs    string `json:"otlp_logs"`
}

// KeyRateLimit is a quota of a key: so many errors in a window of seconds.
type KeyRateLimit struct {
	Count  int64 `json:"count" minimum:"0"`
	Window int64 `json:"window" minimum:"0" maximum:"2678400"`
}

// KeyRateLimitChange tells a quota that is to go (null) from one that is not mentioned.
type KeyRateLimitChange struct {
	Null[KeyRateLimit]
	named bool
}

// Schema implements huma.SchemaProvider. For input it must be anyOf: huma's check of null lets
// both sides of a oneOf match.
func (c KeyRateLimitChange) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{r.Schema(reflect.TypeFor[KeyRateLimit](), true, ""), {Type: "null"}}}
}

// UnmarshalJSON reads the value or null.
func (c *KeyRateLimitChange) UnmarshalJSON(b []byte) error {
	c.named = true
	return c.Null.UnmarshalJSON(b)
}

// change is what the store is to do; nil: nothing.
func (c *KeyRateLimitChange) change() *store.KeyRate {
	switch {
	case !c.named:
		return nil
	case c.V == nil:
		return &store.KeyRate{}
	}
	return &store.KeyRate{Count: c.V.Count, Window: c.V.Window}
}

// BrowserSDK lists the loader's versions.
type BrowserSDK struct {
	Choices [][2]string `json:"choices"`
}

// LoaderOptions are what the loader script turns on.
type LoaderOptions struct {
	HasReplay         bool `json:"hasReplay"`
	HasPerformance    bool `json:"hasPerformance"`
	HasDebug          bool `json:"hasDebug"`
	HasFeedback       bool `json:"hasFeedback"`
	HasLogsAndMetrics bool `json:"hasLogsAndMetrics"`
}

// Key is a DSN's key. Its id is its public part.
type Key struct {
	ID                string             `json:"id"`
	Name              string             `json:"name"`
	Label             string             `json:"label"`
	Public            string             `json:"public"`
	Secret            string             `json:"secret"`
	ProjectID         int64              `json:"projectId"`
	IsActive          bool               `json:"isActive"`
	RateLimit         Null[KeyRateLimit] `json:"rateLimit"`
	DSN               KeyDSN             `json:"dsn"`
	BrowserSDKVersion string             `json:"browserSdkVersion"`
	BrowserSDK        BrowserSDK         `json:"browserSdk"`
	DateCreated       time.Time          `json:"dateCreated"`
	LoaderOptions     LoaderOptions      `json:"dynamicSdkLoaderOptions"`
}

// KeysInput lists keys.
type KeysInput struct {
	ProjectPath
	PageParams
	Status string `query:"status" enum:"active,inactive"`
}

// KeyPath names a key by its public part.
type KeyPath struct {
	ProjectPath
	Key string `path:"key"`
}

// CreateKeyInput makes a key.
type CreateKeyInput struct {
	ProjectPath
	Body struct {
		_ struct{} `json:"-" additionalProperties:"true"`

		Name      string             `json:"name,omitempty" maxLength:"64"`
		RateLimit KeyRateLimitChange `json:"rateLimit,omitempty"`
	}
}

// UpdateKeyInput changes what it names.
type UpdateKeyInput struct {
	KeyPath
	Body struct {
		_ struct{} `json:"-" additionalProperties:"true"`

		Name     *string `json:"name,omitempty" maxLength:"64"`
		IsActive *bool   `json:"isActive,omitempty"`

		RateLimit KeyRateLimitChange `json:"rateLimit,omitempty"`
	}
}
