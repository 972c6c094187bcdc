package linker

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/store"
)

// maxName bounds a client's file name, in bytes. It is shown, never used as a path.
const maxName = 255

// attachment streams an attachment into the blob store. Its key is made from the message's id, so a
// redelivery puts the same blob again.
func (m *message) attachment(ctx context.Context, h envelope.ItemHeader, position int, r io.Reader) error {
	key := m.blobKey("attachment", fmt.Sprintf("%s-%d", strings.ReplaceAll(m.ID, ":", "-"), position))
	size := int64(-1)
	if h.Length != nil {
		size = int64(*h.Length)
	}
	sum := sha1.New() // what Sentry's API gives; nothing depends on it
	counted := &counter{r: io.TeeReader(r, sum)}
	if err := m.l.cfg.Blobs.Put(ctx, key, counted, size); err != nil {
		return fmt.Errorf("store attachment: %w", broken(err))
	}
	kind := h.AttachmentType
	if kind == "" {
		kind = "event.attachment"
	}
	contentType := h.ContentType
	if contentType == "" {
		contentType = "application/octet-stream"
	}
	row := store.Attachment{OrgID: m.OrgID, ProjectID: m.ProjectID, EventID: m.eventID().String(),
		MessageID: m.ID, Position: position, Name: fileName(h.Filename), Type: clip(kind, maxName), ContentType: clip(contentType, maxName),
		Size: counted.n, SHA1: hex.EncodeToString(sum.Sum(nil)), Blob: key, ReceivedMS: m.w.ReceivedMS}
	m.w.Attachments = append(m.w.Attachments, store.AttachmentWrite{Attachment: row,
		Outcomes: m.quantities(h.Type, h, counted.n, store.OutcomeAccepted, "")})
	return nil
}

// blobKey is org/project/kind/yyyy/mm/dd/name.
func (m *message) blobKey(kind, name string) string {
	return path.Join(fmt.Sprint(m.OrgID), fmt.Sprint(m.ProjectID), kind, m.Received.UTC().Format("2006/01/02"), name)
}

// fileName makes a client's file name harmless to show.
func fileName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == '/' || r == '\\' || r == 0x7f {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(s, "_"))
	if s == "" {
		return "unnamed"
	}
	return clip(s, maxName)
}

// clip cuts a text to n bytes at most, between runes, and takes out what no text column holds.
func clip(s string, n int) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// nameAttachments gives the attachments of an envelope without an id the id of its event.
func (m *message) nameAttachments() {
	id := ""
	switch {
	case len(m.w.Events) > 0:
		id = m.w.Events[0].Event.EventID
	case len(m.w.Feedback) > 0:
		id = m.w.Feedback[0].Feedback.EventID
	default:
		return
	}
	for i := range m.w.Attachments {
		if a := &m.w.Attachments[i].Attachment; a.EventID == "" {
			a.EventID = id
		}
	}
}
