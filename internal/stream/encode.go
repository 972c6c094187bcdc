package stream

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/hindsight-dev/hindsight/envelope"
)

// Names. Subjects are built from constants and numbers only, never from a client's words.
const (
	ingestStream = "INGEST"
	deadStream   = "DEAD_LETTERS"

	ingestSubjects = "ingest.>"
	deadSubjects   = "dead.>"
)

func ingestFilter(k Kind) string { return "ingest." + string(k) + ".>" }

// subject of a message: ingest.<kind>.<project>.<stretch>. The stretch is any number that changes
// every few MiB: it keeps a purge of handled messages to the part of the stream where they are.
func subject(k Kind, project, stretch int64) string {
	return "ingest." + string(k) + "." + strconv.FormatInt(project, 10) + "." + strconv.FormatInt(stretch, 10)
}

// deadSubject of a message that came under an ingest subject: dead.<kind>.<project>.
func deadSubject(ingest string) string {
	p := strings.Split(ingest, ".")
	return "dead." + strings.Join(p[1:min(len(p), 3)], ".")
}

// Header names. All values but the id are optional; empty ones are left out.
const (
	hdrMsgID = "Nats-Msg-Id"

	hdrID              = "Hs-Id"
	hdrKind            = "Hs-Kind"
	hdrReceived        = "Hs-Received" // ms since 1970
	hdrOrg             = "Hs-Org"
	hdrProject         = "Hs-Project"
	hdrPublicKey       = "Hs-Key"
	hdrClient          = "Hs-Client"
	hdrRemoteAddr      = "Hs-Addr"
	hdrUserAgent       = "Hs-Agent"
	hdrOrigin          = "Hs-Origin"
	hdrEventID         = "Hs-Event"
	hdrTraceID         = "Hs-Trace"
	hdrReplayID        = "Hs-Replay"
	hdrBaggageTraceID  = "Hs-Baggage-Trace"
	hdrBaggageReplayID = "Hs-Baggage-Replay"
	hdrExpectsReplay   = "Hs-Expects-Replay"
	hdrBlob            = "Hs-Blob"
	hdrSize            = "Hs-Size"

	hdrDeadReason   = "Hs-Dead-Reason"
	hdrDeadError    = "Hs-Dead-Error"
	hdrDeadAttempts = "Hs-Dead-Attempts"
	hdrDeadAt       = "Hs-Dead-At" // ms since 1970
)

// valid says what is wrong with a message that is to be published.
func (m *Message) valid() error {
	switch {
	case !m.Kind.known():
		return fmt.Errorf("message of unknown kind %q", m.Kind)
	case !validID(m.ID):
		return fmt.Errorf("message id %q is not made of 1 to 64 letters, digits, ':', '_', '-'", m.ID)
	case m.ProjectID < 0 || m.OrgID < 0:
		return fmt.Errorf("message %s: negative project or organisation", m.ID)
	}
	return nil
}

func (k Kind) known() bool {
	if k == KindForward {
		return true
	}
	for _, known := range Kinds() {
		if k == known {
			return true
		}
	}
	return false
}

// validID keeps ids to what is safe in a header and, ':' replaced, in a blob's key.
func validID(id string) bool {
	if len(id) == 0 || len(id) > 64 {
		return false
	}
	for _, c := range []byte(id) {
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == ':', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// encode writes the message as it is stored, in a stretch of the stream. The body is not copied.
func encode(m *Message, stretch int64) *nats.Msg {
	h := make(nats.Header, 16)
	set := func(name, value string) {
		if value != "" {
			h[name] = []string{value}
		}
	}
	text := func(name, value string) { set(name, escape(value)) }
	set(hdrMsgID, m.ID)
	set(hdrID, m.ID)
	set(hdrKind, string(m.Kind))
	set(hdrReceived, strconv.FormatInt(m.Received.UnixMilli(), 10))
	set(hdrOrg, strconv.FormatInt(m.OrgID, 10))
	set(hdrProject, strconv.FormatInt(m.ProjectID, 10))
	text(hdrPublicKey, m.PublicKey)
	text(hdrClient, m.Client)
	text(hdrRemoteAddr, m.RemoteAddr)
	text(hdrUserAgent, m.UserAgent)
	text(hdrOrigin, m.Origin)
	set(hdrEventID, m.EventID.String())
	set(hdrTraceID, m.TraceID.String())
	set(hdrReplayID, m.ReplayID.String())
	set(hdrBaggageTraceID, m.BaggageTraceID.String())
	set(hdrBaggageReplayID, m.BaggageReplayID.String())
	if m.ExpectsReplay {
		set(hdrExpectsReplay, "1")
	}
	set(hdrBlob, m.Blob)
	if m.Size > 0 {
		set(hdrSize, strconv.FormatInt(m.Size, 10))
	}
	return &nats.Msg{Subject: subject(m.Kind, m.ProjectID, stretch), Header: h, Data: m.Body}
}

// decode reads a stored message. The body is not copied.
func decode(h nats.Header, body []byte) (Message, error) {
	d := decoder{h: h}
	m := Message{
		Kind:            Kind(d.get(hdrKind)),
		ID:              d.get(hdrID),
		Received:        time.UnixMilli(d.number(hdrReceived)).UTC(),
		OrgID:           d.number(hdrOrg),
		ProjectID:       d.number(hdrProject),
		PublicKey:       unescape(d.get(hdrPublicKey)),
		Client:          unescape(d.get(hdrClient)),
		RemoteAddr:      unescape(d.get(hdrRemoteAddr)),
		UserAgent:       unescape(d.get(hdrUserAgent)),
		Origin:          unescape(d.get(hdrOrigin)),
		EventID:         d.id(hdrEventID),
		TraceID:         d.id(hdrTraceID),
		ReplayID:        d.id(hdrReplayID),
		BaggageTraceID:  d.id(hdrBaggageTraceID),
		BaggageReplayID: d.id(hdrBaggageReplayID),
		ExpectsReplay:   d.get(hdrExpectsReplay) == "1",
		Blob:            d.get(hdrBlob),
		Size:            d.number(hdrSize),
	}
	if m.Blob == "" {
		m.Body = body
		if m.Body == nil {
			m.Body = []byte{}
		}
		m.Size = int64(len(body))
	}
	if err := m.valid(); err != nil {
		d.errs = append(d.errs, err)
	}
	return m, errors.Join(d.errs...)
}

type decoder struct {
	h    nats.Header
	errs []error
}

func (d *decoder) get(name string) string { return d.h.Get(name) }

func (d *decoder) number(name string) int64 {
	s := d.get(name)
	if s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		d.errs = append(d.errs, fmt.Errorf("header %s: %w", name, err))
	}
	return n
}

func (d *decoder) id(name string) (id envelope.ID) {
	if err := id.UnmarshalText([]byte(d.get(name))); err != nil {
		d.errs = append(d.errs, fmt.Errorf("header %s: %w", name, err))
	}
	return id
}

// escape makes any text safe as a header value and gives it back unchanged by unescape, except
// that it is cut at maxHeader bytes: the client chose it. Printable ASCII but '%' stays readable;
// a space stays too unless it is at an end, where header parsers trim it.
func escape(s string) string {
	if len(s) > maxHeader {
		s = s[:maxHeader]
	}
	return escapeAll(s)
}

func escapeAll(s string) string {
	plain := func(i int) bool {
		c := s[i]
		return c > ' ' && c < 0x7f && c != '%' || c == ' ' && i > 0 && i < len(s)-1
	}
	for i := range len(s) {
		if !plain(i) {
			const hex = "0123456789ABCDEF"
			var b strings.Builder
			b.WriteString(s[:i])
			for ; i < len(s); i++ {
				if plain(i) {
					b.WriteByte(s[i])
				} else {
					b.Write([]byte{'%', hex[s[i]>>4], hex[s[i]&15]})
				}
			}
			return b.String()
		}
	}
	return s
}

func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
