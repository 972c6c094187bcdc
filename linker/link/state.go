package link

import (
	"strings"
	"time"
)

// State is what can be said about the replay of a link at a moment.
type State string

// The states of a link.
const (
	StateAvailable State = "available" // there is a recording
	StatePending   State = "pending"   // named, not received yet
	StateMissing   State = "missing"   // named, and too late to expect it; heals when a segment arrives
	StateDeleted   State = "deleted"
)

// How long a recording may take: a retried segment is there within a minute; a replay lasts an hour at most.
const (
	arriving = time.Minute
	lost     = 75 * time.Minute
)

// Absence is what is known about a replay that has no recording.
type Absence struct {
	Deleted   bool
	Since     time.Time // when the replay was first named
	Buffering bool      // the item said that the recorder only buffered
	Reason    string    // what an outcome says became of it; empty: nothing known
	Trouble   string    // what became of other recordings at that time; empty: they came in
}

// StateOf says whether the recording of a named replay is there, and if not, why, in words.
func StateOf(recorded bool, a Absence, now time.Time) (State, string) {
	switch age := now.Sub(a.Since); {
	case a.Deleted:
		return StateDeleted, "the recording was deleted"
	case recorded:
		return StateAvailable, ""
	case age < arriving:
		return StatePending, "recording still arriving"
	case age < lost:
		return StatePending, "recording not received yet"
	case a.Reason != "":
		return StateMissing, "recording lost: " + a.Reason
	case a.Buffering:
		return StateMissing, "the recorder was only buffering and never sent the recording"
	case a.Trouble != "":
		return StateMissing, "recording never received; at that time " + a.Trouble
	}
	return StateMissing, "recording never received"
}

// TroubleInWords says what an outcome of recordings, ours or one that clients reported, means for those who wait for
// one; empty for outcomes that mean nothing.
func TroubleInWords(outcome, reason string) string {
	switch outcome {
	case "rate_limited":
		return "recordings were over the rate limit"
	case "filtered":
		return "recordings were filtered out (" + strings.ReplaceAll(reason, "_", " ") + ")"
	case "invalid", "abuse":
		return "recordings were refused (" + strings.ReplaceAll(reason, "_", " ") + ")"
	}
	switch reason {
	case "ratelimit_backoff":
		return "browsers held recordings back, as this server's rate limit told them"
	case "network_error", "send_error":
		return "browsers could not send recordings"
	case "buffer_overflow", "queue_overflow", "cache_overflow":
		return "browsers had more recordings than they could keep"
	case "internal_sdk_error":
		return "recorders stopped with an error of their own"
	case "event_processor", "before_send":
		return "the page's own code dropped recordings"
	case "sample_rate":
		return "browsers did not sample sessions"
	}
	return ""
}

// LossInWords says what an outcome's reason means for a recording; empty for nil.
func LossInWords(reason *string) string {
	if reason == nil {
		return ""
	}
	switch *reason {
	case "too_large":
		return "it was larger than a recording may be"
	case "invalid_replay_recording", "invalid_replay", "invalid_replay_video":
		return "what the recorder sent could not be read"
	}
	return strings.ReplaceAll(*reason, "_", " ")
}
