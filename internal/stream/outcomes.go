package stream

import (
	"encoding/json"
	"fmt"
	"time"
)

// ItemOutcomes is the type of the item by which the edge tells what it refused or dropped. It
// travels alone in an envelope with the header {} in a [KindReport] message whose ProjectID is
// zero: that is how it differs from anything a client can send, since a client's message always
// has a project. The message's ID makes it count once.
//
// The payload is {"version":1,"outcomes":[…]}, each with the fields of [Outcome].
const ItemOutcomes = "hindsight_outcomes"

// Outcome says what became of Quantity items (bytes, for category attachment) in one minute.
// Outcome and Reason are the words of the outcomes table: "invalid", "filtered", "rate_limited",
// "abuse"; "accepted" is only ever counted by who stores.
type Outcome struct {
	Minute    int64  `json:"minute"` // Unix seconds of the start of the minute
	OrgID     int64  `json:"org_id"`
	ProjectID int64  `json:"project_id"`
	PublicKey string `json:"public_key,omitempty"`
	Category  string `json:"category"`
	Outcome   string `json:"outcome"`
	Reason    string `json:"reason,omitempty"`
	Quantity  int64  `json:"quantity"`
}

// outcomesVersion is written today; readers accept it and, once it moves, the one before.
const outcomesVersion = 1

type outcomesPayload struct {
	Version  int       `json:"version"`
	Outcomes []Outcome `json:"outcomes"`
}

// NewOutcomesMessage makes the message that carries outcomes; id as for any [Message].
func NewOutcomesMessage(id string, received time.Time, outcomes []Outcome) (*Message, error) {
	payload, err := json.Marshal(outcomesPayload{outcomesVersion, outcomes})
	if err != nil {
		return nil, fmt.Errorf("encode outcomes: %w", err)
	}
	body := fmt.Appendf(nil, "{}\n{\"type\":%q,\"length\":%d}\n", ItemOutcomes, len(payload))
	body = append(body, payload...)
	body = append(body, '\n')
	return &Message{Kind: KindReport, ID: id, Received: received, Body: body, Size: int64(len(body))}, nil
}

// ParseOutcomes reads the payload of an item of type [ItemOutcomes].
func ParseOutcomes(payload []byte) ([]Outcome, error) {
	var p outcomesPayload
	if err := json.Unmarshal(payload, &p); err != nil {
		return nil, fmt.Errorf("read outcomes: %w", err)
	}
	if p.Version != outcomesVersion {
		return nil, fmt.Errorf("read outcomes: unknown version %d", p.Version)
	}
	return p.Outcomes, nil
}
