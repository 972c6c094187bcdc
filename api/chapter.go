package api

import (
	"time"

	"github.com/hindsight-dev/hindsight/linker/chapter"
)

// ReplayChapters are a replay's chapters in the order of time, the background last.
type ReplayChapters struct {
	ReplayID string            `json:"replayId"`
	Chapters []chapter.Chapter `json:"chapters" doc:"matchedBy: a header in the recording, b the page's own span, c method, path and time. Times are epoch milliseconds."`
}

// ReplayClicksInput asks for clicks of a replay.
type ReplayClicksInput struct {
	ProjectReplayPath
	PageParams
	Query string `query:"query" doc:"Over click.* fields: click.tag:button, click.selector:\"#pay\", …"`
}

// ReplayClickedNode is a click that fits a query.
type ReplayClickedNode struct {
	NodeID    int64     `json:"node_id"`
	Timestamp time.Time `json:"timestamp"`
}

// ReplaySelectorsInput lists elements that people clicked in vain.
type ReplaySelectorsInput struct {
	OrgPath
	PageParams
	WindowParams
	FilterParams
	Sort string `query:"sort" doc:"count_dead_clicks or count_rage_clicks; default -count_dead_clicks."`
}

// ReplaySelector is an element with its dead and rage clicks.
type ReplaySelector struct {
	CountDeadClicks int64           `json:"count_dead_clicks"`
	CountRageClicks int64           `json:"count_rage_clicks"`
	DOMElement      string          `json:"dom_element"`
	Element         SelectorElement `json:"element"`
	ProjectID       string          `json:"project_id"`
}

// SelectorElement is an element in parts.
type SelectorElement struct {
	Alt           string   `json:"alt"`
	AriaLabel     string   `json:"aria_label"`
	Class         []string `json:"class"`
	ComponentName string   `json:"component_name"`
	ID            string   `json:"id"`
	Role          string   `json:"role"`
	Tag           string   `json:"tag"`
	TestID        string   `json:"testid"`
	Title         string   `json:"title"`
}

// DeleteJobInput starts a job that deletes the replays a query finds.
type DeleteJobInput struct {
	ProjectPath
	Body struct {
		Data struct {
			RangeStart   string   `json:"rangeStart"`
			RangeEnd     string   `json:"rangeEnd"`
			Environments []string `json:"environments"`
			Query        string   `json:"query"`
		} `json:"data"`
	}
}

// DeleteJobsInput lists delete jobs.
type DeleteJobsInput struct {
	ProjectPath
	PageParams
}

// DeleteJobPath names a delete job.
type DeleteJobPath struct {
	ProjectPath
	Job int64 `path:"job"`
}

// DeleteJob is a job that deletes replays.
type DeleteJob struct {
	ID           int64     `json:"id"`
	DateCreated  time.Time `json:"dateCreated"`
	DateUpdated  time.Time `json:"dateUpdated"`
	RangeStart   time.Time `json:"rangeStart"`
	RangeEnd     time.Time `json:"rangeEnd"`
	Environments []string  `json:"environments"`
	Status       string    `json:"status" enum:"pending,in-progress,completed,failed"`
	Query        string    `json:"query"`
	CountDeleted int64     `json:"countDeleted"`
}

// DeleteJobBody wraps a job as Sentry does.
type DeleteJobBody struct {
	Data DeleteJob `json:"data"`
}
