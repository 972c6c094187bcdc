package envelope

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"time"
)

// ClientReport says what a client, or a Relay on the way, did not send on.
type ClientReport struct {
	Timestamp          time.Time // zero: the time of receipt
	Discarded          []DiscardedEvents
	RateLimited        []DiscardedEvents
	Filtered           []DiscardedEvents
	FilteredBySampling []DiscardedEvents
}

// DiscardedEvents counts items of one category not sent for one reason. Both are free text:
// SDKs invent new ones.
type DiscardedEvents struct {
	Reason   string
	Category string
	Quantity int64
}

// Encode writes the payload of a client_report item. Empty lists are left out; a timestamp is in whole seconds.
func (r *ClientReport) Encode() ([]byte, error) {
	type entry struct {
		Reason   string `json:"reason"`
		Category string `json:"category"`
		Quantity int64  `json:"quantity"`
	}
	list := func(in []DiscardedEvents) []entry {
		out := make([]entry, len(in))
		for i, d := range in {
			out[i] = entry(d)
		}
		return out
	}
	var seconds int64
	if !r.Timestamp.IsZero() {
		seconds = r.Timestamp.Unix()
	}
	return json.Marshal(struct {
		Timestamp          int64   `json:"timestamp,omitempty"`
		Discarded          []entry `json:"discarded_events,omitempty"`
		RateLimited        []entry `json:"rate_limited_events,omitempty"`
		Filtered           []entry `json:"filtered_events,omitempty"`
		FilteredBySampling []entry `json:"filtered_sampling_events,omitempty"`
	}{seconds, list(r.Discarded), list(r.RateLimited), list(r.Filtered), list(r.FilteredBySampling)})
}

// maxDiscarded bounds each list of a report.
const maxDiscarded = 1000

// ParseClientReport reads a client_report payload. Entries without a category or quantity are
// left out.
func ParseClientReport(payload []byte) (*ClientReport, error) {
	var r ClientReport
	err := readObject(payload, func(name string, v []byte) {
		switch name {
		case "timestamp":
			r.Timestamp, _ = jsonTime(v)
		case "discarded_events":
			r.Discarded = discarded(v)
		case "rate_limited_events":
			r.RateLimited = discarded(v)
		case "filtered_events":
			r.Filtered = discarded(v)
		case "filtered_sampling_events":
			r.FilteredBySampling = discarded(v)
		}
	})
	if err != nil {
		return nil, err
	}
	return &r, nil
}

func discarded(v []byte) []DiscardedEvents {
	var list []DiscardedEvents
	eachElement(v, func(v []byte) {
		var d DiscardedEvents
		eachMember(v, func(name string, v []byte) {
			switch name {
			case "reason":
				d.Reason = shortText(v, maxShort)
			case "category":
				d.Category = shortText(v, 64)
			case "quantity":
				n, _ := jsonUint(v, math.MaxInt32)
				d.Quantity = int64(n)
			}
		})
		if d.Category != "" && d.Quantity > 0 && len(list) < maxDiscarded {
			list = append(list, d)
		}
	})
	return list
}

// Feedback is what a person wrote: the contexts.feedback of a feedback item. All else it carries
// is read by [ParseEvent] from the same payload.
type Feedback struct {
	Message           string
	ContactEmail      string
	Name              string
	URL               string
	Source            string
	AssociatedEventID ID
	ReplayID          ID
}

var errFeedbackMessage = errors.New("feedback without a message")

// ParseFeedback reads the feedback of an event payload; without a message there is none.
func ParseFeedback(payload []byte) (*Feedback, error) {
	var f Feedback
	err := readObject(payload, func(name string, v []byte) {
		if name != "contexts" {
			return
		}
		f = Feedback{}
		eachMember(getMember(v, "feedback"), f.set)
	})
	if err != nil {
		return nil, err
	}
	if f.Message == "" {
		return nil, errFeedbackMessage
	}
	return &f, nil
}

func (f *Feedback) set(name string, v []byte) {
	switch name {
	case "message":
		f.Message = shortText(v, maxMessage)
	case "contact_email":
		f.ContactEmail = shortText(v, maxShort)
	case "name":
		f.Name = shortText(v, maxShort)
	case "url":
		f.URL = shortText(v, 2000)
	case "source":
		f.Source = shortText(v, 64)
	case "associated_event_id":
		f.AssociatedEventID = jsonID(v)
	case "replay_id":
		f.ReplayID = jsonID(v)
	}
}

// UserReport is the older form of feedback, always about an event.
type UserReport struct {
	EventID  ID
	Email    string
	Name     string
	Comments string
}

// ParseUserReport reads a user_report payload; one about no event is refused.
func ParseUserReport(payload []byte) (*UserReport, error) {
	var u UserReport
	err := readObject(payload, func(name string, v []byte) {
		switch name {
		case "event_id":
			u.EventID = jsonID(v)
		case "email":
			u.Email = shortText(v, maxShort)
		case "name":
			u.Name = shortText(v, maxShort)
		case "comments":
			u.Comments = shortText(v, maxMessage)
		}
	})
	if err != nil {
		return nil, err
	}
	if u.EventID.IsZero() {
		return nil, errors.New("user report without an event_id")
	}
	return &u, nil
}

// Feedback is the report in its newer form.
func (u *UserReport) Feedback() *Feedback {
	return &Feedback{
		Message:           strings.TrimSpace(u.Comments),
		ContactEmail:      u.Email,
		Name:              u.Name,
		AssociatedEventID: u.EventID,
	}
}
