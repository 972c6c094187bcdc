package relay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/relay/scrub"
)

// internalKeys are envelope header keys that only a Relay may set; a stranger's are removed,
// since somebody further on might believe them.
var internalKeys = []string{
	"dsn", "retention", "client", "version", "origin", "remote_addr", "forwarded_for", "user_agent",
	"client_hints", "no_cache", "required_features",
}

// trimmedKey is the item header key by which the edge says that it cut something out of a
// payload: a list of "depth", "nodes", "keys".
const trimmedKey = "trimmed"

// messages cuts a parcel by kind: each message is an envelope again, with the original header.
func (q *request) messages(p *parcel) ([]*stream.Message, error) {
	withFeedback := false
	for i := range p.items {
		withFeedback = withFeedback || p.items[i].header.Type == "feedback"
	}
	for i := range p.items {
		p.items[i].kind = kindOf(p.items[i].header, withFeedback)
	}
	header, err := partHeader(p.header, q.key.Rules.scrub)
	if err != nil {
		return nil, err
	}
	var msgs []*stream.Message
	id := p.id
	if id == "" {
		id = q.newIngestID()
	}
	for _, kind := range stream.Kinds() {
		segments, size, err := part(header, p.items, kind, q.key.Rules.scrub)
		if err != nil {
			return nil, err
		}
		if segments == nil {
			continue
		}
		m := q.message(p, kind, id+":"+strconv.Itoa(len(msgs)))
		m.Size = size
		if err := fill(m, segments, q.rl.cfg.MaxBody); err != nil {
			return nil, err
		}
		p.facts[kind].tell(m)
		msgs = append(msgs, m)
	}
	return msgs, nil
}

// partHeader is the header every part gets: as sent, without what is not the client's to say.
func partHeader(h *envelope.Header, s *scrub.Scrubber) ([]byte, error) {
	c := *h
	c.DSN = ""
	raw := c.Raw()
	escaped := bytes.IndexByte(raw, '\\') >= 0 // then a key may be spelt in ways a search does not see
	removed := false
	for _, name := range internalKeys {
		if (escaped || bytes.Contains(raw, []byte(name))) && c.Get(name) != nil {
			c.Set(name, nil)
			removed = true
		}
	}
	if removed {
		raw = c.Raw()
	}
	return cleanHeader(raw, s)
}

// cleanHeader repairs and scrubs a header as payloads are, and puts it on one line.
func cleanHeader(raw json.RawMessage, scrubber *scrub.Scrubber) ([]byte, error) {
	var b bytes.Buffer
	s := newSanitizer(&b, 0, false)
	if _, err := s.Write(raw); err != nil {
		return nil, fmt.Errorf("clean header: %w", err)
	}
	if err := s.Close(); err != nil {
		return nil, fmt.Errorf("clean header: %w", err)
	}
	out, err := scrubber.Header(b.Bytes())
	if err != nil {
		return nil, fmt.Errorf("clean header: %w", err)
	}
	// What newlines are left stand between tokens; in strings they have become escapes.
	return bytes.ReplaceAll(bytes.ReplaceAll(out, []byte("\r"), nil), []byte("\n"), []byte(" ")), nil
}

// segment is a piece of a part: bytes in memory, or a payload.
type segment struct {
	mem     []byte
	payload *payload
}

func (s *segment) size() int64 {
	if s.payload != nil {
		return s.payload.size
	}
	return int64(len(s.mem))
}

func (s *segment) reader() io.Reader {
	if s.payload != nil {
		return s.payload.reader()
	}
	return bytes.NewReader(s.mem)
}

// part lists the pieces of the envelope with the items of one kind; nil when there are none.
func part(header []byte, items []item, kind stream.Kind, scrubber *scrub.Scrubber) ([]segment, int64, error) {
	var list []segment
	for i := range items {
		it := &items[i]
		if it.kind != kind {
			continue
		}
		raw, err := itemHeader(it, scrubber)
		if err != nil {
			return nil, 0, err
		}
		if list == nil {
			list = append(list, segment{mem: append(bytes.Clone(header), '\n')})
		}
		list = append(list, segment{mem: append(raw, '\n')}, segment{payload: &it.payload}, segment{mem: []byte{'\n'}})
	}
	var size int64
	for i := range list {
		size += list[i].size()
	}
	return list, size, nil
}

// itemHeader is an item's header as sent, with the length that is true now.
func itemHeader(it *item, s *scrub.Scrubber) ([]byte, error) {
	h := *it.header
	length := int(it.payload.size)
	h.Length = &length
	var marks json.RawMessage
	if len(it.trimmed) > 0 {
		marks, _ = json.Marshal(it.trimmed)
	}
	if marks != nil || h.Get(trimmedKey) != nil {
		h.Set(trimmedKey, marks)
	}
	if !it.unscrubbed && h.Get(stream.HeaderUnscrubbed) != nil {
		h.Set(stream.HeaderUnscrubbed, nil)
	} else if it.unscrubbed {
		h.Set(stream.HeaderUnscrubbed, json.RawMessage("true"))
	}
	return cleanHeader(h.Raw(), s)
}

// fill gives a message its body: in memory when it is small, else as a source to read from.
func fill(m *stream.Message, segments []segment, most int) error {
	readers := func() io.Reader {
		list := make([]io.Reader, len(segments))
		for i := range segments {
			list[i] = segments[i].reader()
		}
		return io.MultiReader(list...)
	}
	if m.Size > int64(most) {
		m.Source = func() (io.ReadCloser, error) { return io.NopCloser(readers()), nil }
		return nil
	}
	m.Body = make([]byte, m.Size)
	if _, err := io.ReadFull(readers(), m.Body); err != nil {
		return fmt.Errorf("put together %s: %w", m.ID, err)
	}
	return nil
}

// message is a message with the facts that are the same for all parts of an envelope.
func (q *request) message(p *parcel, kind stream.Kind, id string) *stream.Message {
	m := &stream.Message{
		Kind: kind, ID: id, Received: q.received,
		OrgID: q.key.OrgID, ProjectID: int64(q.key.ProjectID), PublicKey: q.key.PublicKey,
		Client: q.clientName(), RemoteAddr: q.key.Rules.keptAddress(q.client),
		UserAgent: headerText(q.r.UserAgent()), Origin: headerText(q.r.Header.Get("Origin")),
		EventID: p.header.EventID,
	}
	if t := p.header.Trace; t != nil {
		m.TraceID, m.ReplayID = t.TraceID, t.ReplayID
	}
	return m
}
