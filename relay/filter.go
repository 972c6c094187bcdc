package relay

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/tidwall/gjson"
)

// filter leaves out what the project does not want, with an outcome. The client hears nothing
// of it: its answer is 200 and an id (protocol.md §13).
func (q *request) filter(p *parcel) error {
	if !q.key.Rules.settings.Filters.Localhost {
		return nil
	}
	local := false
	for i := range p.items {
		switch p.items[i].header.Type {
		case "event", "transaction", "replay_event", "feedback":
			b, err := p.items[i].payload.bytes()
			if err != nil {
				return err
			}
			local = local || fromLocalhost(b)
		}
	}
	if !local {
		return nil
	}
	kept := p.items[:0]
	for _, it := range p.items {
		if !belongsToEvent(it.header) {
			kept = append(kept, it)
			continue
		}
		p.dropped = append(p.dropped, q.outcomesOf(it.header, it.payload.size, outcomeFiltered, "localhost")...)
	}
	p.items = kept
	return nil
}

// belongsToEvent tells the items that go when the event of their envelope is filtered.
func belongsToEvent(h *envelope.ItemHeader) bool {
	t, _ := envelope.LookupItemType(h.Type)
	return t.NeedsEventID || h.Type == "replay_recording" || h.Type == "replay_video"
}

// fromLocalhost: the page's host, or the user's address, is the machine itself.
func fromLocalhost(event []byte) bool {
	page := gjson.GetBytes(event, "request.url").String()
	if page == "" && gjson.GetBytes(event, "type").String() == "replay_event" {
		page = gjson.GetBytes(event, "urls.0").String()
	}
	if u, err := url.Parse(page); err == nil && isLocal(u.Hostname()) {
		return true
	}
	return isLocal(gjson.GetBytes(event, "user.ip_address").String())
}

func isLocal(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
