package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
)

// outcomeClientDiscard is what an upstream calls what we took and could not bring to it.
const outcomeClientDiscard = "client_discard"

// Reasons of client reports for what an upstream did not get, as SDKs say it (protocol.md §10.3). What an
// upstream itself answered with 429 it has counted.
var lossReasons = map[string]string{"limited": "ratelimit_backoff", "refused": "send_error", "expired": "network_error"}

// ownItem is the item of a message in the edge's own words, which no upstream knows; nil for any other.
func ownItem(m *Message) (*envelope.Item, error) {
	if m.Kind != stream.KindReport || m.Source != nil { // ours are small
		return nil, nil
	}
	env, err := envelope.Parse(m.Body)
	if err != nil {
		return nil, err
	}
	if len(env.Items) == 1 && (env.Items[0].Header.Type == stream.ItemOutcomes || env.Items[0].Header.Type == stream.ItemPairs) {
		return &env.Items[0], nil
	}
	return nil, nil
}

// reported are the messages that tell upstreams what outcomes tell us: a client report for each key and minute, as
// a Relay writes it (protocol.md §10.3). What is invalid is among what was discarded, with its reason.
func reported(m *Message, outcomes []stream.Outcome) ([]*Message, error) {
	type sender struct {
		project, org, minute int64
		key                  string
	}
	reports := map[sender]*envelope.ClientReport{}
	var order []sender
	for _, o := range outcomes {
		s := sender{o.ProjectID, o.OrgID, o.Minute, o.PublicKey}
		r := reports[s]
		if r == nil {
			r = &envelope.ClientReport{Timestamp: time.Unix(o.Minute, 0)}
			reports[s] = r
			order = append(order, s)
		}
		entry := envelope.DiscardedEvents{Reason: o.Reason, Category: o.Category, Quantity: o.Quantity}
		switch o.Outcome {
		case outcomeFiltered:
			r.Filtered = append(r.Filtered, entry)
		case outcomeRateLimited:
			r.RateLimited = append(r.RateLimited, entry)
		default:
			r.Discarded = append(r.Discarded, entry)
		}
	}
	list := make([]*Message, 0, len(order))
	for i, s := range order {
		payload, err := reports[s].Encode()
		if err != nil {
			return nil, err
		}
		env := envelope.Envelope{Items: []envelope.Item{{Header: envelope.ItemHeader{Type: "client_report"}, Payload: payload}}}
		body := env.Bytes()
		list = append(list, &Message{Kind: stream.KindReport, ID: fmt.Sprintf("%s:r%d", m.ID, i), Received: m.Received, OrgID: s.org, ProjectID: s.project,
			PublicKey: s.key, Body: body, Size: int64(len(body))})
	}
	return list, nil
}

// lost tells the upstream, by the next report, of a whole copy that it will not get.
func (f *forwarder) lost(ctx context.Context, d *stream.Delivery, reason string) {
	if f.tell == nil || lossReasons[reason] == "" {
		return
	}
	if err := f.lose(ctx, d, lossReasons[reason]); err != nil {
		f.warn("what an upstream did not get could not be counted", "project", d.ProjectID, "err", err)
	}
}

func (f *forwarder) lose(ctx context.Context, d *stream.Delivery, reason string) error {
	body, err := d.Open(ctx)
	if err != nil {
		return err
	}
	defer body.Close()
	rd := envelope.NewReader(body, envelope.Limits{})
	if _, err := rd.Header(); err != nil {
		return err
	}
	for {
		h, err := rd.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		n, err := io.Copy(io.Discard, rd)
		if err != nil {
			return err
		}
		f.count(d, h, n, reason)
	}
}

// count adds an item that the upstream will not get.
func (f *forwarder) count(d *stream.Delivery, h *envelope.ItemHeader, size int64, reason string) {
	if f.tell == nil {
		return
	}
	for _, q := range envelope.Quantities(h.Type, *h, size) {
		if q.N > 0 {
			f.tell(stream.Outcome{Minute: d.Received.Truncate(time.Minute).Unix(), OrgID: d.OrgID, ProjectID: d.ProjectID, PublicKey: d.PublicKey,
				Category: q.Category, Outcome: outcomeClientDiscard, Reason: reason, Quantity: q.N})
		}
	}
}
