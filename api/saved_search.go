package api

import "time"

// SavedSearch is a search that somebody kept.
type SavedSearch struct {
	ID          string    `json:"id"`
	Type        int64     `json:"type" doc:"0 issues, 1 events, 2 sessions, 3 replays."`
	Name        string    `json:"name"`
	Query       string    `json:"query"`
	Sort        string    `json:"sort"`
	Visibility  string    `json:"visibility" enum:"owner,organization,owner_pinned"`
	IsGlobal    bool      `json:"isGlobal"`
	IsPinned    bool      `json:"isPinned"`
	IsMine      bool      `json:"isMine" doc:"Ours: the caller may change it."`
	DateCreated time.Time `json:"dateCreated"`
}

// SavedSearchBody is what of a saved search can be written; what is absent stays.
type SavedSearchBody struct {
	_          struct{} `json:"-" additionalProperties:"true"`
	Type       int64    `json:"type,omitempty" minimum:"0" maximum:"9"`
	Name       *string  `json:"name,omitempty"`
	Query      *string  `json:"query,omitempty"`
	Sort       *string  `json:"sort,omitempty"`
	Visibility *string  `json:"visibility,omitempty" enum:"owner,organization"`
	IsPinned   *bool    `json:"isPinned,omitempty"`
}

// SavedSearchesInput lists saved searches.
type SavedSearchesInput struct {
	OrgPath
	Type int64 `query:"type"`
}

// CreateSavedSearchInput keeps a search.
type CreateSavedSearchInput struct {
	OrgPath
	Body SavedSearchBody
}

// SavedSearchPath names a saved search.
type SavedSearchPath struct {
	OrgPath
	Search string `path:"search"`
}

// UpdateSavedSearchInput changes a saved search.
type UpdateSavedSearchInput struct {
	SavedSearchPath
	Body SavedSearchBody
}

// RecentSearch is one of the caller's last searches.
type RecentSearch struct {
	ID             string    `json:"id"`
	OrganizationID string    `json:"organizationId"`
	Type           int64     `json:"type"`
	Query          string    `json:"query"`
	LastSeen       time.Time `json:"lastSeen"`
	DateCreated    time.Time `json:"dateCreated"`
}

// AddRecentSearchInput remembers a search.
type AddRecentSearchInput struct {
	OrgPath
	Body struct {
		_     struct{} `json:"-" additionalProperties:"true"`
		Type  int64    `json:"type,omitempty" minimum:"0" maximum:"9"`
		Query string   `json:"query" maxLength:"4096" minLength:"1"`
	}
}

// SearchView is a saved search in the form of Sentry's newer views.
type SearchView struct {
	ID           string            `json:"id"`
	Name         string            `json:"name"`
	Query        string            `json:"query"`
	QuerySort    string            `json:"querySort"`
	Projects     []int64           `json:"projects"`
	Environments []string          `json:"environments"`
	TimeFilters  map[string]string `json:"timeFilters"`
	LastVisited  *time.Time        `json:"lastVisited"`
	Starred      bool              `json:"starred"`
}
