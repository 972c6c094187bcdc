package relay

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/tidwall/gjson"
)

const contentTypeEnvelope = "application/x-sentry-envelope"

// store is /api/{id}/store/ and /api/store/, which SDKs used before there were envelopes: one
// event by POST, or by GET in a query parameter.
func (q *request) store() error {
	if q.mediaType() == contentTypeEnvelope && q.r.Method == http.MethodPost {
		return q.envelope()
	}
	if err := q.needAuth(); err != nil {
		return err
	}
	var data []byte
	if q.r.Method == http.MethodPost {
		var err error
		if data, err = q.readAll(q.rl.cfg.MaxStore); err != nil {
			return err
		}
	} else if data = []byte(q.r.URL.Query().Get("sentry_data")); len(data) == 0 {
		return refuseEmpty()
	}
	event, err := q.storeEvent(data)
	if err != nil {
		return err
	}
	p, err := q.storeParcel(event)
	if err != nil {
		return err
	}
	if err := q.accept(p); err != nil {
		return err
	}
	q.deadline(true)
	if q.r.Method == http.MethodPost {
		writeID(q.w, p.header.EventID)
		return nil
	}
	q.w.Header().Set("Cache-Control", "no-store")
	writeBody(q.w, http.StatusOK, "image/gif", []byte(pixel))
	return nil
}

// storeParcel makes an envelope of an event: its type says of which kind.
func (q *request) storeParcel(event []byte) (*parcel, error) {
	h := &envelope.ItemHeader{Type: "event", ContentType: "application/json"}
	if gjson.GetBytes(event, "type").String() == "transaction" {
		h.Type = "transaction"
	}
	p := q.newParcel()
	return p, q.add(p, h, bytes.NewReader(event))
}

// add puts an item into a parcel of our own making; one that is not sound refuses the request.
func (q *request) add(p *parcel, h *envelope.ItemHeader, payload io.Reader) error {
	n := len(p.items)
	if err := q.take(p, h, payload); err != nil {
		return err
	}
	if len(p.items) == n {
		p.dropped = nil
		return refuse(http.StatusBadRequest, "invalid_json", errJSON.Error())
	}
	return nil
}

// storeEvent undoes what old clients wrapped an event in: nothing, base64, or base64 of zlib.
func (q *request) storeEvent(data []byte) ([]byte, error) {
	if trimmed := bytes.TrimLeftFunc(data, unicode.IsSpace); bytes.HasPrefix(trimmed, []byte("{")) {
		return trimmed, nil
	}
	raw := make([]byte, base64.RawStdEncoding.DecodedLen(len(data)))
	n, err := base64.RawStdEncoding.Decode(raw, unwrapBase64(data))
	if err != nil || n == 0 {
		return nil, refuse(http.StatusBadRequest, "invalid_json", errJSON.Error())
	}
	raw = raw[:n]
	if raw[0] == '{' {
		return raw, nil
	}
	// A background context: the bytes are here, only the budget of windows is waited for.
	b, err := q.rl.decoders.open(context.WithoutCancel(q.r.Context()), bytes.NewReader(raw), deflateEncoding, q.rl.cfg.MaxStore)
	if err != nil {
		return nil, storeError(err)
	}
	defer b.Close()
	event, err := io.ReadAll(b)
	if err != nil {
		return nil, storeError(err)
	}
	return event, nil
}

// storeError keeps the refusals that say something else than "this is no event".
func storeError(err error) error {
	if ref, _ := refusalOf(err); ref.reason == "corrupt" {
		return refuse(http.StatusBadRequest, "invalid_json", errJSON.Error())
	}
	return err
}

// unwrapBase64 removes what differs between the ways of writing base64: padding, line breaks,
// the URL's alphabet, and the blanks that plus signs become in a query.
func unwrapBase64(b []byte) []byte {
	return bytes.Map(func(r rune) rune {
		switch r {
		case '=', '\r', '\n', '\t':
			return -1
		case '-', ' ':
			return '+'
		case '_':
			return '/'
		}
		return r
	}, bytes.TrimSpace(b))
}

// mediaType is the Content-Type without its parameters, in lower case; "" when there is none.
func (q *request) mediaType() string {
	v := q.r.Header.Get("Content-Type")
	if t, _, err := mime.ParseMediaType(v); err == nil {
		return t
	}
	t, _, _ := strings.Cut(v, ";")
	return strings.ToLower(strings.TrimSpace(t))
}
