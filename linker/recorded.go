package linker

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/linker/recording"
	"github.com/hindsight-dev/hindsight/store"
)

// recorded is what a recording's body says. A body that cannot be read has a problem and nothing else.
type recorded struct {
	*recording.Segment
	frames  []byte // JSON
	problem string
}

// readRecording reads a body. The reason is not empty for a segment that is to be dropped.
func readRecording(body []byte) (r recorded, drop string, err error) {
	seg, err := recording.Parse(body, recording.Limits{})
	switch {
	case errors.Is(err, recording.ErrTooLarge):
		return recorded{}, "too_large", nil
	case errors.Is(err, recording.ErrEmpty):
		return recorded{}, "invalid_replay_recording", nil
	case err != nil:
		return recorded{Segment: &recording.Segment{}, problem: err.Error()}, "", nil
	}
	frames, err := json.Marshal(seg.Frames)
	if err != nil {
		return recorded{}, "", fmt.Errorf("encode frames: %w", err)
	}
	return recorded{Segment: seg, frames: frames}, "", nil
}

// requests are the rows of the page's requests.
func (m *message) requests(replay string, rs []recording.Request) []store.ReplayRequest {
	out := make([]store.ReplayRequest, 0, len(rs))
	for _, r := range rs {
		row := store.ReplayRequest{OrgID: m.OrgID, ReplayID: replay, StartUS: r.StartUS, EndUS: r.EndUS, URLHash: hashText(r.Method, r.URL),
			Method: clip(r.Method, maxShort), URL: clip(r.URL, maxURL), Path: clip(r.Path, maxURL), PathHash: hashText(r.Path),
			TraceID: text(r.TraceID.String()), SpanID: text(r.SpanID.String())}
		if r.Status != 0 {
			status := int64(r.Status)
			row.Status = &status
		}
		out = append(out, row)
	}
	return out
}

// loads are the rows of the documents that the page loaded.
func (m *message) loads(replay string, ds []recording.Document) []store.ReplayLoad {
	out := make([]store.ReplayLoad, 0, len(ds))
	for _, d := range ds {
		out = append(out, store.ReplayLoad{OrgID: m.OrgID, ReplayID: replay, StartUS: d.StartUS, EndUS: d.EndUS, PathHash: hashText(d.Path)})
	}
	return out
}

// hashText is a short name for long texts, 32 hex digits.
func hashText(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(p), p) // a hash cannot fail
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// pages are the pages of a segment, as the event says, else as the recording shows.
func pages(re *envelope.ReplayEvent, rec recorded) []string {
	urls := re.URLs
	if len(urls) == 0 {
		urls = rec.URLs[:min(len(rec.URLs), maxPages)]
	}
	out := make([]string, 0, len(urls))
	for _, u := range urls {
		out = append(out, clip(u, maxURL))
	}
	return slices.Clip(out)
}

// maxPages bounds the pages taken from one segment, as the edge bounds a replay event's list.
const maxPages = 100

// userJSON is a user as events have it; empty for nobody.
func userJSON(u *envelope.User) string {
	if u == nil {
		return ""
	}
	b, err := json.Marshal(struct {
		ID        string          `json:"id,omitempty"`
		Email     string          `json:"email,omitempty"`
		Username  string          `json:"username,omitempty"`
		Name      string          `json:"name,omitempty"`
		IPAddress string          `json:"ip_address,omitempty"`
		Geo       envelope.Object `json:"geo,omitempty"`
	}{u.ID, u.Email, u.Username, u.Name, u.IPAddress, u.Geo})
	if err != nil { // a member that is no JSON: nothing of it is known then
		return ""
	}
	return string(b)
}
