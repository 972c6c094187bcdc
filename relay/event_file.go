package relay

import (
	"encoding/json"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/relay/scrub"
)

// Attachment types by which native SDKs send an event beside a dump, as msgpack.
const (
	eventFile      = "event.payload"
	breadcrumbFile = "event.breadcrumbs"
)

func isEventFile(attachmentType string) bool {
	return attachmentType == eventFile || attachmentType == breadcrumbFile
}

// scrubEventFile scrubs the event or the breadcrumbs that came as a file. They are JSON
// afterwards, which says the same; what is no msgpack, or is longer than an event may be, cannot
// be scrubbed and goes.
func (q *request) scrubEventFile(p *parcel, it *item) (bool, error) {
	if it.payload.size > q.rl.cfg.Sizes.Event {
		return false, nil
	}
	ok, err := q.rewrite(p, it, func(b []byte) ([]byte, error) {
		list, err := envelope.MsgpackJSON(b)
		if err != nil {
			return nil, errUnreadable
		}
		if it.header.AttachmentType == breadcrumbFile {
			return scrubBreadcrumbs(q.key.Rules.scrub, list)
		}
		if len(list) != 1 {
			return nil, errUnreadable
		}
		return q.key.Rules.scrub.Event(list[0])
	})
	if ok {
		it.header.ContentType = "application/json"
	}
	return ok, err
}

// scrubBreadcrumbs gives the list of breadcrumbs; they are scrubbed as those of an event are.
func scrubBreadcrumbs(s *scrub.Scrubber, list []json.RawMessage) ([]byte, error) {
	if list == nil {
		list = []json.RawMessage{}
	}
	event, err := json.Marshal(map[string]any{"breadcrumbs": list})
	if err != nil {
		return nil, err
	}
	if event, err = s.Event(event); err != nil {
		return nil, err
	}
	var out struct {
		Breadcrumbs json.RawMessage `json:"breadcrumbs"`
	}
	err = json.Unmarshal(event, &out)
	return out.Breadcrumbs, err
}
