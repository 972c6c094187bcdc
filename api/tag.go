package api

import "time"

// TagKey is a key that events have, and on how many of them it is.
type TagKey struct {
	Key         string `json:"key"`
	Name        string `json:"name"`
	TotalValues int64  `json:"totalValues"`
}

// TagValue is a value of a key.
type TagValue struct {
	Key       string    `json:"key"`
	Name      string    `json:"name"`
	Value     string    `json:"value"`
	Count     int64     `json:"count"`
	LastSeen  time.Time `json:"lastSeen"`
	FirstSeen time.Time `json:"firstSeen"`
}

// TagDetail is a key with its most frequent values.
type TagDetail struct {
	Key          string     `json:"key"`
	Name         string     `json:"name"`
	UniqueValues int64      `json:"uniqueValues" doc:"The values that are kept; see cut."`
	TotalValues  int64      `json:"totalValues"`
	TopValues    []TagValue `json:"topValues"`
	Cut          bool       `json:"cut,omitempty" doc:"There were more values than are kept of one key."`
}

// Facet is a key with how its values are distributed.
type Facet struct {
	Key       string       `json:"key"`
	TopValues []FacetValue `json:"topValues"`
}

// FacetValue is a share of a facet.
type FacetValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Count int64  `json:"count"`
}

// TagsInput lists the tags of an organisation.
type TagsInput struct {
	OrgPath
	FilterParams
	WindowParams
	PageParams
	Query   string `query:"query" doc:"Part of a key."`
	Dataset string `query:"dataset"`
}

// TagValuesParams choose values.
type TagValuesParams struct {
	WindowParams
	PageParams
	Query string `query:"query" doc:"Part of a value."`
	Sort  string `query:"sort" doc:"-count, or -last_seen (also -date): the newest first."`
}

// OrgTagValuesInput lists the values of a key in an organisation.
type OrgTagValuesInput struct {
	OrgPath
	FilterParams
	TagValuesParams
	Key string `path:"tag"`
}

// ProjectTagsInput lists the tags of a project.
type ProjectTagsInput struct {
	ProjectPath
	PageParams
	Query string `query:"query"`
}

// ProjectTagInput names a key of a project's tags.
type ProjectTagInput struct {
	ProjectPath
	Key string `path:"tag"`
}

// ProjectTagValuesInput lists the values of a key in a project.
type ProjectTagValuesInput struct {
	ProjectTagInput
	TagValuesParams
}

// IssueTagsInput lists the tags of an issue with their distributions.
type IssueTagsInput struct {
	IssuePath
	Environment []string `query:"environment,explode"`
	Key         []string `query:"key,explode"`
	Limit       int      `query:"limit" doc:"Values of each key, at most 100."`
}

// IssueTagInput names a key of an issue's tags.
type IssueTagInput struct {
	IssuePath
	Key string `path:"tag"`
}

// IssueTagValuesInput lists the values of a key in an issue.
type IssueTagValuesInput struct {
	IssueTagInput
	TagValuesParams
}

// FacetsInput asks how tags are distributed.
type FacetsInput struct {
	OrgPath
	FilterParams
	WindowParams
	PageParams
	Query string `query:"query"`
}
