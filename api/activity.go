package api

// NotePath names a comment of an issue.
type NotePath struct {
	IssuePath
	Note string `path:"note"`
}

// IssuePageInput pages something of an issue.
type IssuePageInput struct {
	IssuePath
	PageParams
}

// NoteBody is what a comment says.
type NoteBody struct {
	_ struct{} `json:"-" additionalProperties:"true"`

	Text     string   `json:"text" maxLength:"10000"`
	Mentions []string `json:"mentions,omitempty" nullable:"true" doc:"user:7; they follow the issue from then on."`
}

// CreateNoteInput comments on an issue.
type CreateNoteInput struct {
	IssuePath
	Body NoteBody
}

// UpdateNoteInput changes a comment of one's own.
type UpdateNoteInput struct {
	NotePath
	Body NoteBody
}

// Activities is what happened to an issue, the newest first.
type Activities struct {
	Activity []Activity `json:"activity"`
}

// ActivitiesOutput is a page of it.
type ActivitiesOutput struct {
	Link string `header:"Link"`
	Body Activities
}

// FirstLastRelease are the releases an issue was first and last seen in.
type FirstLastRelease struct {
	FirstRelease Null[Release] `json:"firstRelease"`
	LastRelease  Null[Release] `json:"lastRelease"`
}

// CurrentRelease is the newest release of an issue's project, when the issue was seen in it.
type CurrentRelease struct {
	CurrentRelease Null[Release] `json:"currentRelease"`
}

// IssueStatsInput asks for an issue's events over time.
type IssueStatsInput struct {
	IssuePath
	Since      int64  `query:"since" doc:"Unix seconds; a day before until when absent."`
	Until      int64  `query:"until" doc:"Unix seconds; now when absent."`
	Resolution string `query:"resolution" enum:"1h,1d," doc:"Length of a point."`
}
