package relay

import (
	"bytes"
	"compress/bzip2"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"sort"
	"strconv"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/tidwall/gjson"
)

// unreal is POST /api/{id}/unreal/{key}/: a crash archive, kept as it is.
func (q *request) unreal() error {
	if err := q.needAuth(); err != nil {
		return err
	}
	b, err := q.body(q.rl.cfg.Sizes.Attachments)
	if err != nil {
		return err
	}
	h := &envelope.ItemHeader{Type: "unreal_report", ContentType: "application/octet-stream"}
	if user := headerText(q.r.URL.Query().Get("UserID")); user != "" {
		h.Set("user_id", quote(user))
	}
	p := q.newParcel()
	if err := q.add(p, h, b); err != nil {
		return err
	}
	if p.items[0].payload.size == 0 {
		return refuseEmpty()
	}
	return q.acceptCrash(p)
}

// acceptCrash publishes a crash and answers its id as uploaders expect it.
func (q *request) acceptCrash(p *parcel) error {
	if err := q.accept(p); err != nil {
		return err
	}
	q.deadline(true)
	writeBody(q.w, http.StatusOK, "text/plain", []byte(hyphenated(p.header.EventID)))
	return nil
}

// attachments is POST /api/{id}/events/{event_id}/attachments/: files for an event sent before,
// or after.
func (q *request) attachments() error {
	if err := q.needAuth(); err != nil {
		return err
	}
	id, err := envelope.ParseID(q.arg)
	if err != nil {
		return refuse(http.StatusBadRequest, "bad_event_id", "bad event id path parameter")
	}
	p := q.newParcel()
	p.header.EventID = id
	if err := q.multipart(func(part *multipart.Part) error {
		if part.FileName() == "" {
			return nil
		}
		return q.addFile(p, part, "")
	}); err != nil {
		return err
	}
	if err := q.accept(p); err != nil {
		return err
	}
	writeBody(q.w, http.StatusCreated, "", nil)
	return nil
}

// multipart calls each for every part of the body, in order.
func (q *request) multipart(each func(*multipart.Part) error) error {
	_, params, err := mime.ParseMediaType(q.r.Header.Get("Content-Type"))
	if err != nil || params["boundary"] == "" {
		return refuse(http.StatusBadRequest, "invalid_multipart", "invalid multipart data")
	}
	b, err := q.body(q.rl.cfg.MaxEnvelope)
	if err != nil {
		return err
	}
	tail := &tailReader{r: b}
	rd := multipart.NewReader(tail, params["boundary"])
	for n := 0; ; n++ {
		part, err := rd.NextRawPart()
		if err == io.EOF && !bytes.Contains(tail.last, []byte("--"+params["boundary"]+"--")) {
			err = io.ErrUnexpectedEOF // cut within a part's header, which the package takes for the end
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return multipartError(err)
		}
		if n >= q.rl.cfg.MaxItems {
			return refuseTooLarge()
		}
		if err := each(part); err != nil {
			return multipartError(err)
		}
	}
}

// tailReader remembers the end of what was read.
type tailReader struct {
	r    io.Reader
	last []byte
}

const tailSize = 8 << 10 // more than multipart reads ahead

func (t *tailReader) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.last = append(t.last, p[:n]...)
	if over := len(t.last) - tailSize; over > 0 {
		t.last = append(t.last[:0], t.last[over:]...)
	}
	return n, err
}

// multipartError tells what the body's own errors are from a broken multipart.
func multipartError(err error) error {
	if _, foreseen := refusalOf(err); foreseen {
		return err
	}
	return refuse(http.StatusBadRequest, "invalid_multipart", "invalid multipart data")
}

// addFile puts a file of a multipart body into a parcel, under the bounds of attachments.
func (q *request) addFile(p *parcel, part *multipart.Part, attachmentType string) error {
	h := &envelope.ItemHeader{Type: "attachment", Filename: headerText(part.FileName()), AttachmentType: attachmentType}
	h.ContentType = headerText(part.Header.Get("Content-Type"))
	return q.addAttachment(p, h, part)
}

func (q *request) addAttachment(p *parcel, h *envelope.ItemHeader, r io.Reader) error {
	sizes := q.rl.cfg.Sizes
	count, total := 0, int64(0)
	for i := range p.items {
		if p.items[i].header.Type == "attachment" {
			count++
			total += p.items[i].payload.size
		}
	}
	if count >= sizes.AttachmentCount {
		return &envelope.LimitError{ItemType: "attachment", What: "count"}
	}
	most := min(sizes.Attachment, sizes.Attachments-total)
	limited := &io.LimitedReader{R: r, N: most + 1}
	if err := q.add(p, h, limited); err != nil {
		return err
	}
	if limited.N <= 0 {
		return &envelope.LimitError{ItemType: "attachment", What: "size"}
	}
	return nil
}

// minidumpField is the name of the file that is the crash.
const minidumpField = "upload_file_minidump"

// minidumpFileName is what a dump is called that came as the whole body.
const minidumpFileName = "Minidump"

// minidump is POST /api/{id}/minidump/: a native crash, as the body or as a form's file.
func (q *request) minidump() error {
	if err := q.needAuth(); err != nil {
		return err
	}
	p := q.newParcel()
	form := crashForm{}
	switch q.mediaType() {
	case "application/octet-stream", "application/x-dmp":
		b, err := q.body(q.rl.cfg.MaxEnvelope)
		if err != nil {
			return err
		}
		if err := q.addDump(p, b, minidumpFileName); err != nil {
			return err
		}
		form.dump = true
	default:
		if err := q.multipart(func(part *multipart.Part) error { return q.minidumpPart(p, &form, part) }); err != nil {
			return err
		}
	}
	if !form.dump {
		return refuse(http.StatusBadRequest, "missing_minidump", "missing minidump")
	}
	if err := q.addForm(p, &form); err != nil {
		return err
	}
	return q.acceptCrash(p)
}

// crashForm is the text fields beside a dump.
type crashForm struct {
	dump   bool
	event  string            // field "sentry"
	chunks map[int]string    // fields "sentry__1", …
	pairs  [][2]string       // all others
	size   int               // bytes of all
	paths  map[string]string // fields like "sentry[event_id]"
}

func (q *request) minidumpPart(p *parcel, form *crashForm, part *multipart.Part) error {
	name := part.FormName()
	switch {
	case name == minidumpField:
		form.dump = true
		return q.addDump(p, part, part.FileName())
	case part.FileName() == "":
		return form.add(name, part, int(q.rl.cfg.Sizes.Event))
	case name == "__sentry-event" || part.FileName() == "__sentry-event":
		return q.addFile(p, part, "event.payload")
	case strings.HasPrefix(part.FileName(), "__sentry-breadcrumb"):
		return q.addFile(p, part, "event.breadcrumbs")
	case part.FileName() == "view-hierarchy.json":
		return q.addFile(p, part, "event.view_hierarchy")
	}
	return q.addFile(p, part, "")
}

func (f *crashForm) add(name string, r io.Reader, most int) error {
	b, err := io.ReadAll(io.LimitReader(r, int64(most-f.size)+1))
	if err != nil {
		return err
	}
	if f.size += len(b) + len(name); f.size > most {
		return &envelope.LimitError{ItemType: "form_data", What: "size"}
	}
	switch n, err := strconv.Atoi(strings.TrimPrefix(name, "sentry__")); {
	case name == "sentry":
		f.event = string(b)
	case strings.HasPrefix(name, "sentry__") && err == nil:
		if f.chunks == nil {
			f.chunks = map[int]string{}
		}
		f.chunks[n] = string(b)
	case name == "sentry[event_id]":
		f.paths = map[string]string{"event_id": string(b)}
		f.pairs = append(f.pairs, [2]string{name, string(b)})
	default:
		f.pairs = append(f.pairs, [2]string{name, string(b)})
	}
	return nil
}

// addForm makes items of the text fields: the event they spell, and the rest as form_data. What
// is no JSON does not cost the crash: it is kept as a field.
func (q *request) addForm(p *parcel, f *crashForm) error {
	chunked := f.joined()
	event := f.event
	if event == "" {
		event = chunked
	}
	if event != "" {
		h := &envelope.ItemHeader{Type: "event", ContentType: "application/json"}
		if err := q.take(p, h, strings.NewReader(event)); err != nil {
			return err
		}
		if p.dropped != nil {
			p.dropped = nil
			f.pairs = append(f.pairs, [2]string{"sentry", event})
		}
	}
	// The chunked form cannot provide the id (protocol.md §2.6).
	id := gjson.Get(f.event, "event_id").String()
	if id == "" || !gjson.Valid(f.event) {
		id = f.paths["event_id"]
	}
	if parsed, err := envelope.ParseID(id); err == nil {
		p.header.EventID = parsed
	} else {
		p.header.EventID = newEventID()
	}
	if len(f.pairs) == 0 {
		return nil
	}
	payload, err := json.Marshal(f.pairs)
	if err != nil {
		return fmt.Errorf("encode form data: %w", err)
	}
	return q.add(p, &envelope.ItemHeader{Type: "form_data", ContentType: "application/json"}, bytes.NewReader(payload))
}

func (f *crashForm) joined() string {
	numbers := make([]int, 0, len(f.chunks))
	for n := range f.chunks {
		numbers = append(numbers, n)
	}
	sort.Ints(numbers)
	var b strings.Builder
	for _, n := range numbers {
		b.WriteString(f.chunks[n])
	}
	return b.String()
}

func refuseContainer() *refusal {
	return refuse(http.StatusBadRequest, "invalid_container", "invalid compression container")
}

// addDump adds the dump itself, inflated if it is compressed. Its first bytes must be a dump's.
func (q *request) addDump(p *parcel, r io.Reader, filename string) error {
	dump, filename, done, err := q.inflateDump(r, headerText(filename))
	if err != nil {
		return err
	}
	defer done()
	magic := make([]byte, 4)
	n, err := io.ReadFull(dump, magic)
	switch {
	case errors.Is(err, errCorrupt):
		return refuseContainer()
	case n < 4 && (err == io.EOF || err == io.ErrUnexpectedEOF), err == nil && string(magic) != "MDMP" && string(magic) != "PMDM":
		return refuse(http.StatusBadRequest, "invalid_minidump", "invalid minidump")
	case err != nil:
		return err
	}
	h := &envelope.ItemHeader{Type: "attachment", ContentType: "application/x-dmp", Filename: filename, AttachmentType: "event.minidump"}
	err = q.addAttachment(p, h, io.MultiReader(bytes.NewReader(magic), dump))
	if errors.Is(err, errCorrupt) {
		return refuseContainer()
	}
	return err
}

// inflateDump undoes the compression a dump may have inside its field; the limit is that of an
// attachment, as for every other. The extension goes with it.
func (q *request) inflateDump(r io.Reader, filename string) (dump io.Reader, name string, done func(), err error) {
	head := make([]byte, 6)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return nil, "", nil, err
	}
	head = head[:n]
	r = io.MultiReader(bytes.NewReader(head), r)
	open := func(enc encoding, ext string) (io.Reader, string, func(), error) {
		b, err := q.rl.decoders.open(q.r.Context(), r, enc, q.rl.cfg.Sizes.Attachment)
		if errors.Is(err, errCorrupt) {
			return nil, "", nil, refuseContainer()
		}
		if err != nil {
			return nil, "", nil, err
		}
		return b, strings.TrimSuffix(filename, ext), func() { b.Close() }, nil
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return open(gzipEncoding, ".gz")
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return open(zstdEncoding, ".zst")
	case bytes.HasPrefix(head, []byte("BZh")):
		b := &body{r: bzip2.NewReader(r), left: q.rl.cfg.Sizes.Attachment}
		return b, strings.TrimSuffix(filename, ".bz2"), func() { b.Close() }, nil
	case bytes.HasPrefix(head, []byte("\xfd7zXZ\x00")):
		return open(xzEncoding, ".xz")
	}
	return r, filename, func() {}, nil
}
