package api

import (
	"time"
)

// MonitorConfig is a monitor's schedule and bounds; all minutes.
type MonitorConfig struct {
	ScheduleType     string  `json:"schedule_type" doc:"crontab, interval"`
	Schedule         any     `json:"schedule" doc:"A crontab, or [number, unit]."`
	CheckInMargin    int     `json:"checkin_margin"`
	MaxRuntime       int     `json:"max_runtime"`
	Timezone         string  `json:"timezone"`
	FailureThreshold int     `json:"failure_issue_threshold"`
	RecoverThreshold int     `json:"recovery_threshold"`
	AlertRuleID      *string `json:"alert_rule_id"`
}

// MonitorIncident is a failure under way.
type MonitorIncident struct {
	StartingTimestamp  time.Time  `json:"startingTimestamp"`
	ResolvingTimestamp *time.Time `json:"resolvingTimestamp"`
	BrokenNotice       *string    `json:"brokenNotice"`
}

// MonitorEnvironment is a monitor in one environment.
type MonitorEnvironment struct {
	Name              string                `json:"name"`
	Status            string                `json:"status" doc:"active, ok, error, missed_checkin, timeout, disabled"`
	IsMuted           bool                  `json:"isMuted"`
	DateCreated       time.Time             `json:"dateCreated"`
	LastCheckIn       *time.Time            `json:"lastCheckIn"`
	NextCheckIn       *time.Time            `json:"nextCheckIn"`
	NextCheckInLatest *time.Time            `json:"nextCheckInLatest"`
	ActiveIncident    Null[MonitorIncident] `json:"activeIncident"`
}

// Monitor is a scheduled job that reports.
type Monitor struct {
	ID           string               `json:"id"`
	Slug         string               `json:"slug"`
	Name         string               `json:"name"`
	Status       string               `json:"status"`
	IsMuted      bool                 `json:"isMuted"`
	IsUpserting  bool                 `json:"isUpserting"`
	Type         string               `json:"type"`
	DateCreated  time.Time            `json:"dateCreated"`
	Project      ProjectRef           `json:"project"`
	Owner        Null[ActorRef]       `json:"owner"`
	Config       MonitorConfig        `json:"config"`
	Environments []MonitorEnvironment `json:"environments"`
}

// CheckIn is one run.
type CheckIn struct {
	ID             string        `json:"id"`
	Environment    string        `json:"environment"`
	Status         string        `json:"status" doc:"ok, error, in_progress, missed, timeout, unknown"`
	Duration       *int64        `json:"duration" doc:"Milliseconds."`
	DateCreated    time.Time     `json:"dateCreated"`
	DateAdded      time.Time     `json:"dateAdded"`
	DateUpdated    time.Time     `json:"dateUpdated"`
	DateInProgress *time.Time    `json:"dateInProgress"`
	DateClock      time.Time     `json:"dateClock"`
	AttachmentID   *string       `json:"attachmentId"`
	ExpectedTime   *time.Time    `json:"expectedTime"`
	MonitorConfig  MonitorConfig `json:"monitorConfig"`
	TraceID        *string       `json:"traceId" doc:"Ours."`
	Groups         []GroupRef    `json:"groups,omitempty"`
}

// GroupRef names an issue.
type GroupRef struct {
	ID      int64  `json:"id"`
	ShortID string `json:"shortId"`
}

// MonitorBody makes or changes a monitor.
type MonitorBody struct {
	_ struct{} `json:"-" additionalProperties:"true"`

	Name    string  `json:"name,omitempty" maxLength:"128"`
	Slug    string  `json:"slug,omitempty" maxLength:"50"`
	Project string  `json:"project,omitempty"`
	Type    string  `json:"type,omitempty"`
	Status  string  `json:"status,omitempty"`
	Owner   *string `json:"owner,omitempty" nullable:"true"`
	Muted   *bool   `json:"is_muted,omitempty"`
	IsMuted *bool   `json:"isMuted,omitempty"`
	Config  element `json:"config,omitempty"`
}

// MonitorsInput lists monitors.
type MonitorsInput struct {
	OrgPath
	PageParams
	FilterParams
	Query string `query:"query" doc:"Part of a name or slug, or status:active."`
	Owner string `query:"owner"`
	Sort  string `query:"sort"`
}

// WaitingMonitor is a job that reported and that nobody has described: its check-ins wait for a monitor of its slug.
type WaitingMonitor struct {
	Slug      string     `json:"slug"`
	Project   ProjectRef `json:"project"`
	CheckIns  int64      `json:"checkIns"`
	FirstSeen time.Time  `json:"firstSeen"`
	LastSeen  time.Time  `json:"lastSeen"`
	Expires   time.Time  `json:"expires" doc:"When the oldest of them is given up."`
}

// WaitingMonitorsInput lists jobs that nobody has described.
type WaitingMonitorsInput struct {
	OrgPath
	PageParams
	FilterParams
}

// MonitorInput names a monitor by slug or id.
type MonitorInput struct {
	OrgPath
	Monitor     string   `path:"monitor"`
	Environment []string `query:"environment,explode"`
}

// CreateMonitorInput makes a monitor.
type CreateMonitorInput struct {
	OrgPath
	Body MonitorBody
}

// UpdateMonitorInput changes a monitor.
type UpdateMonitorInput struct {
	MonitorInput
	Body MonitorBody
}

// UpdateMonitorsInput changes many monitors.
type UpdateMonitorsInput struct {
	OrgPath
	Body struct {
		_ struct{} `json:"-" additionalProperties:"true"`

		IDs     []string `json:"ids"`
		Status  string   `json:"status,omitempty"`
		IsMuted *bool    `json:"isMuted,omitempty"`
	}
}

// UpdatedMonitors says which were changed.
type UpdatedMonitors struct {
	Updated []string `json:"updated"`
	Errored []string `json:"errored"`
}

// ProjectMonitorInput names a monitor of a project.
type ProjectMonitorInput struct {
	ProjectPath
	Monitor     string   `path:"monitor"`
	Environment []string `query:"environment,explode"`
}

// UpdateProjectMonitorInput changes a monitor of a project.
type UpdateProjectMonitorInput struct {
	ProjectMonitorInput
	Body MonitorBody
}

// MonitorEnvironmentInput names an environment of a monitor.
type MonitorEnvironmentInput struct {
	OrgPath
	Monitor     string `path:"monitor"`
	Environment string `path:"environment"`
}

// UpdateMonitorEnvironmentInput mutes a monitor in one environment.
type UpdateMonitorEnvironmentInput struct {
	MonitorEnvironmentInput
	Body struct {
		_ struct{} `json:"-" additionalProperties:"true"`

		IsMuted bool `json:"isMuted"`
	}
}

// CheckInsInput lists the runs of a monitor.
type CheckInsInput struct {
	MonitorInput
	PageParams
	WindowParams
	Expand []string `query:"expand,explode"`
}

// ProjectCheckInsInput lists the runs of a monitor of a project.
type ProjectCheckInsInput struct {
	ProjectMonitorInput
	PageParams
	WindowParams
	Expand []string `query:"expand,explode"`
}

// MonitorStatsInput counts the runs of a monitor.
type MonitorStatsInput struct {
	MonitorInput
	Since      float64 `query:"since" doc:"Epoch seconds."`
	Until      float64 `query:"until"`
	Resolution string  `query:"resolution" doc:"1h by default."`
}

// MonitorsStatsInput counts the runs of several monitors.
type MonitorsStatsInput struct {
	OrgPath
	Monitor     []string `query:"monitor,explode" doc:"Slugs or ids."`
	Environment []string `query:"environment,explode"`
	Since       float64  `query:"since"`
	Until       float64  `query:"until"`
	Resolution  string   `query:"resolution"`
}

// MonitorBucket counts runs by status from a moment on.
type MonitorBucket struct {
	TS         int64 `json:"ts"`
	OK         int64 `json:"ok"`
	Error      int64 `json:"error"`
	Missed     int64 `json:"missed"`
	Timeout    int64 `json:"timeout"`
	InProgress int64 `json:"in_progress"`
	Unknown    int64 `json:"unknown"`
}
