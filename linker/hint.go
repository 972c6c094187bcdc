package linker

import (
	"net/url"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/store"
)

// hint notes what an error can be found by when nothing hands its replay over: its request and its person.
func (m *message) hint(ev *envelope.Event, row *store.Event) {
	if row.Level != "error" && row.Level != "fatal" {
		return
	}
	h := store.EventHint{OrgID: m.OrgID, EventID: row.EventID, ProjectID: m.ProjectID, TimeMS: row.TimestampMS, Unhandled: row.Unhandled,
		UserKey: personKey(row.UserKey), UserAgent: m.userAgent(ev), Referer: clip(ev.Request.Header("Referer"), maxURL), Release: row.Release}
	if u := ev.User; u != nil {
		h.UserEmail, h.IP = clip(strings.ToLower(u.Email), maxShort), clip(u.IPAddress, maxShort)
	}
	if r := ev.Request; r != nil && row.Side == store.SideBackend && r.Method != "" {
		if u, err := url.Parse(r.URL); err == nil && r.URL != "" {
			path := u.Path
			if path == "" {
				path = "/"
			}
			h.Method, h.PathHash = clip(strings.ToUpper(r.Method), maxShort), hashText(path)
		}
	}
	if h.PathHash != "" || h.UserKey != "" || h.UserEmail != "" || h.IP != "" {
		m.w.Hints = append(m.w.Hints, h)
	}
}

// userAgent is what the user's browser calls itself. The connection's own counts where it is the user's.
func (m *message) userAgent(ev *envelope.Event) string {
	ua := strings.TrimSpace(ev.Request.Header("User-Agent"))
	if ua == "" && (ev.Platform == "javascript") {
		ua = m.UserAgent
	}
	return clip(ua, maxShort)
}

// personKey is a user's key without what is no more than an address.
func personKey(key string) string {
	if strings.HasPrefix(key, "ip:") {
		return ""
	}
	return key
}

// expect notes that a trace's headers spoke of a replay that was running (S12).
func (m *message) expect(trace envelope.ID) {
	m.w.Expected = append(m.w.Expected, store.ExpectedReplay{OrgID: m.OrgID, TraceID: trace.String(), FirstMS: m.w.ReceivedMS})
}

// mayBeSession notes a session.id that has the form of a replay's id. Whether it is one shows when both are here.
func (m *message) mayBeSession(a envelope.Attributes, kind, item, trace string) {
	id, err := envelope.ParseID(a.Text("session.id"))
	if err != nil {
		return
	}
	m.w.ItemSessions = append(m.w.ItemSessions, store.ItemSession{OrgID: m.OrgID, SessionID: id.String(), ItemKind: kind, ItemID: item,
		TraceID: trace, ReceivedMS: m.w.ReceivedMS})
}

// lose notes why a segment of a replay is not there, for the day when nothing of it is.
func (m *message) lose(replay envelope.ID, reason string) {
	m.w.Losses = append(m.w.Losses, store.ReplayLoss{OrgID: m.OrgID, ProjectID: m.ProjectID, ReplayID: replay.String(), Reason: reason,
		FirstMS: m.w.ReceivedMS})
}
