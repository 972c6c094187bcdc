package api

import (
	"time"

	"github.com/hindsight-dev/hindsight/store"
)

// IssueMerge says which issues went into which.
type IssueMerge struct {
	Parent   string   `json:"parent"`
	Children []string `json:"children"`
}

// merges says that a bulk change puts issues together: Sentry's clients send true or 1.
func (up *IssueUpdate) merges() bool {
	switch m := up.Merge.(type) {
	case bool:
		return m
	case float64:
		return m == 1
	case string:
		return m == "1" || m == "true"
	}
	return false
}

func (up *IssueUpdate) discards() bool { return up.Discard != nil && *up.Discard }

// IssueHash is a grouping hash of an issue with the newest event that came by it.
type IssueHash struct {
	ID           string            `json:"id"`
	LatestEvent  Null[SimpleEvent] `json:"latestEvent"`
	MergedBySeer bool              `json:"mergedBySeer"`
	Algorithm    string            `json:"algorithm" doc:"The grouping algorithm that made it."`
}

// IssueHashesInput names hashes of an issue.
type IssueHashesInput struct {
	IssuePath
	ID []string `query:"id,explode" doc:"Hashes."`
}

// DeleteIssueInput names an issue.
type DeleteIssueInput struct {
	IssuePath
}

// DeleteIssuesInput names issues by id, or by a query.
type DeleteIssuesInput struct {
	OrgPath
	FilterParams
	ID    []string `query:"id,explode"`
	Query string   `query:"query"`
}

// DeleteProjectIssuesInput names issues of a project.
type DeleteProjectIssuesInput struct {
	ProjectPath
	ID    []string `query:"id,explode"`
	Query string   `query:"query"`
}

// Unmerged is the issue that hashes were taken out into.
type Unmerged struct {
	ID      string `json:"id"`
	ShortID string `json:"shortId"`
}

// Tombstone is what is left of an issue whose events are discarded.
type Tombstone struct {
	ID            string        `json:"id"`
	Level         string        `json:"level"`
	Message       string        `json:"message"`
	Title         string        `json:"title"`
	Culprit       string        `json:"culprit"`
	Type          string        `json:"type"`
	Metadata      IssueMetadata `json:"metadata"`
	Actor         Null[Actor]   `json:"actor"`
	DateAdded     time.Time     `json:"dateAdded"`
	TimesSeen     int64         `json:"timesSeen" doc:"Events discarded since."`
	LastDiscarded *time.Time    `json:"lastDiscarded"`
}

// TombstonesInput lists what a project discards.
type TombstonesInput struct {
	ProjectPath
	PageParams
}

// TombstoneInput names a tombstone.
type TombstoneInput struct {
	ProjectPath
	Tombstone string `path:"tombstone"`
}

func tombstone(t *store.IssueTombstone, who map[int64]*Actor) Tombstone {
	out := Tombstone{ID: itoa(t.ID), Level: t.Level, Message: t.Title, Title: t.Title, Culprit: t.Culprit, Type: t.Type, Metadata: metadata(t.Metadata),
		DateAdded: at(t.CreatedMS), TimesSeen: t.Discarded}
	if t.UserID != nil {
		out.Actor = null(who[*t.UserID])
	}
	if t.LastMS != nil {
		last := at(*t.LastMS)
		out.LastDiscarded = &last
	}
	return out
}
