package stream

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
)

// ItemPairs is the type of the item by which the edge tells what it learned from items it dropped:
// that a replay saw a trace. A filtered page load, or an event over its quota, still says which
// replay the errors behind it belong to. It travels alone in an envelope with the header {} in a
// [KindReport] message; its OrgID and ProjectID are those of the dropped items. What a client sends
// under this type is an item nobody knows, and travels as [KindItem]: it is not to be believed.
//
// The payload is {"version":1,"pairs":[…]}, each with the fields of [Pair].
const ItemPairs = "hindsight_pairs"

// Pair says that something with this trace happened inside this replay.
type Pair struct {
	Trace  envelope.ID `json:"trace"`
	Replay envelope.ID `json:"replay"`
	Source string      `json:"source"` // one of the Pair constants
}

// The sources of a pair.
const (
	PairItem     = "item"      // an event, transaction or envelope header names both
	PairTraceIDs = "trace_ids" // a replay event lists its traces
)

// pairsVersion is written today; readers accept it and, once it moves, the one before.
const pairsVersion = 1

type pairsPayload struct {
	Version int    `json:"version"`
	Pairs   []Pair `json:"pairs"`
}

// NewPairsMessage makes the message that carries the pairs of one project; id as for any [Message].
func NewPairsMessage(id string, received time.Time, orgID, projectID int64, pairs []Pair) (*Message, error) {
	payload, err := json.Marshal(pairsPayload{pairsVersion, pairs})
	if err != nil {
		return nil, fmt.Errorf("encode pairs: %w", err)
	}
	body := fmt.Appendf(nil, "{}\n{\"type\":%q,\"length\":%d}\n", ItemPairs, len(payload))
	body = append(body, payload...)
	body = append(body, '\n')
	return &Message{Kind: KindReport, ID: id, Received: received, OrgID: orgID, ProjectID: projectID, Body: body, Size: int64(len(body))}, nil
}

// ParsePairs reads the payload of an item of type [ItemPairs].
func ParsePairs(payload []byte) ([]Pair, error) {
	var p pairsPayload
	if err := json.Unmarshal(payload, &p); err != nil {
		return nil, fmt.Errorf("read pairs: %w", err)
	}
	if p.Version != pairsVersion {
		return nil, fmt.Errorf("read pairs: unknown version %d", p.Version)
	}
	return p.Pairs, nil
}
