package relay

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/hindsight-dev/hindsight/envelope"
)

// maxDrainBody bounds a delivery of a log drain (bytes, decompressed).
const maxDrainBody = 10 << 20

// logsPerContainer is how many logs of a drain travel together, as SDKs have it.
const logsPerContainer = 100

// vercelLogs is POST /api/{id}/integration/vercel/logs/: what a Vercel log drain delivers, a JSON array
// or an object a line (vercel.com/docs/drains/reference/logs). When the project has the drain's secret,
// the signature must be right: x-vercel-signature, the HMAC-SHA1 of the body in hex.
//
// Before it makes a drain, Vercel asks for its address and wants to find there, with a 200, the word it gave
// out (x-vercel-verify): a GET, or a POST with nothing in it.
func (q *request) vercelLogs() error {
	if err := q.needAuth(); err != nil {
		return err
	}
	if verify := q.key.Rules.settings.Drains.VercelVerify; verify != "" {
		q.w.Header().Set("X-Vercel-Verify", verify)
	}
	if q.r.Method != http.MethodPost || q.r.ContentLength == 0 {
		writeBody(q.w, http.StatusOK, "", nil)
		return nil
	}
	switch q.mediaType() {
	case "application/json", "application/x-ndjson", "application/ndjson":
	default:
		return refuseMediaType()
	}
	data, err := q.readAll(maxDrainBody)
	if err != nil {
		return err
	}
	if secret := q.key.Rules.settings.Drains.VercelSecret; secret != "" {
		mac := hmac.New(sha1.New, []byte(secret))
		mac.Write(data)
		got, err := hex.DecodeString(q.r.Header.Get("X-Vercel-Signature"))
		if err != nil || !hmac.Equal(got, mac.Sum(nil)) {
			return refuse(http.StatusForbidden, "invalid_signature", "invalid signature")
		}
	}
	logs := &logDrain{q: q}
	if all := bytes.TrimSpace(data); len(all) > 0 && all[0] == '[' {
		if !gjson.ValidBytes(all) {
			return refuse(http.StatusBadRequest, "invalid_json", errJSON.Error())
		}
		gjson.ParseBytes(all).ForEach(func(_, entry gjson.Result) bool {
			err = logs.add(q.vercelLog(entry.Raw))
			return err == nil
		})
		if err != nil {
			return err
		}
	} else {
		for line := range bytes.Lines(data) {
			if line = bytes.TrimSpace(line); len(line) == 0 {
				continue
			}
			if err := logs.add(q.vercelLog(string(line))); err != nil {
				return err
			}
		}
	}
	return logs.accept()
}

// herokuLogs is POST /api/{id}/integration/heroku/logs/: what Logplex delivers to an HTTPS drain
// (devcenter.heroku.com/articles/log-drains): syslog messages, each after its length in octets. When the
// project has the drain's token, the delivery must name it.
func (q *request) herokuLogs() error {
	if err := q.needAuth(); err != nil {
		return err
	}
	if q.mediaType() != "application/logplex-1" {
		return refuseMediaType()
	}
	token := q.r.Header.Get("Logplex-Drain-Token")
	if want := q.key.Rules.settings.Drains.HerokuToken; want != "" && subtle.ConstantTimeCompare([]byte(want), []byte(token)) != 1 {
		return refuse(http.StatusForbidden, "invalid_drain_token", "invalid drain token")
	}
	data, err := q.readAll(maxDrainBody)
	if err != nil {
		return err
	}
	logs := &logDrain{q: q}
	if frame := q.r.Header.Get("Logplex-Frame-Id"); frame != "" { // the same when Logplex delivers again what it heard no answer for
		sum := sha256.New()
		fmt.Fprintf(sum, "%d %q ", q.key.ProjectID, frame)
		sum.Write(data)
		logs.id = "logplex-" + hex.EncodeToString(sum.Sum(nil)[:16])
		q.ingestID = logs.id
	}
	for len(data) > 0 {
		frame, rest, ok := cutFrame(data)
		if !ok {
			return refuse(http.StatusBadRequest, "invalid_logplex", "invalid syslog framing")
		}
		if err := logs.add(q.herokuLog(string(frame))); err != nil {
			return err
		}
		data = rest
	}
	return logs.accept()
}

// logDrain gathers the logs of one delivery.
type logDrain struct {
	q       *request
	id      string     // of the delivery, when it has one: delivered again it changes nothing
	entries []drainLog // of the container at hand
	parcels []*parcel
	taken   int
	invalid int // what is no log
}

// drainLog is one log as the item's payload spells it (protocol.md §10.4).
type drainLog struct {
	Timestamp  float64              `json:"timestamp"` // seconds
	TraceID    string               `json:"trace_id"`
	SpanID     string               `json:"span_id,omitempty"`
	Level      string               `json:"level"`
	Body       string               `json:"body"`
	Attributes map[string]drainText `json:"attributes"`
}

// drainText is an attribute.
type drainText struct {
	Value json.RawMessage `json:"value"`
	Type  string          `json:"type"`
}

func (q *request) newLog(origin string) drainLog {
	l := drainLog{Timestamp: seconds(q.received), Level: "info", Attributes: map[string]drainText{}}
	l.text("sentry.origin", origin)
	return l
}

// add keeps a log; nil is what is none. One of no trace gets a trace of its own, as every log has one.
func (d *logDrain) add(l *drainLog) error {
	if d.taken++; d.taken > d.q.rl.cfg.MaxItems {
		return refuseTooLarge()
	}
	if l == nil {
		d.invalid++
		return nil
	}
	if l.TraceID == "" {
		var id envelope.ID
		rand.Read(id[:]) // never fails
		l.TraceID = id.String()
	}
	if d.entries = append(d.entries, *l); len(d.entries) < logsPerContainer {
		return nil
	}
	return d.pack()
}

// pack makes a container of the logs at hand.
func (d *logDrain) pack() error {
	n := len(d.entries)
	if n == 0 {
		return nil
	}
	payload, err := json.Marshal(map[string]any{"items": d.entries})
	if err != nil {
		return err
	}
	d.entries = d.entries[:0]
	p := d.q.newParcel()
	if d.id != "" {
		p.id = d.id + "." + strconv.Itoa(len(d.parcels))
	}
	d.parcels = append(d.parcels, p)
	return d.q.add(p, &envelope.ItemHeader{Type: "log", ItemCount: &n, ContentType: envelope.ContentTypeLogs}, bytes.NewReader(payload))
}

// accept publishes the containers, and answers. What is no log has its outcome.
func (d *logDrain) accept() error {
	if err := d.pack(); err != nil {
		return err
	}
	if d.invalid > 0 {
		p := d.q.newParcel()
		p.dropped = d.q.outcomesOf(&envelope.ItemHeader{Type: "log", ItemCount: &d.invalid, ContentType: envelope.ContentTypeLogs}, 0, outcomeInvalid, "invalid_log")
		d.parcels = append(d.parcels, p)
	}
	if err := d.q.accept(d.parcels...); err != nil {
		return err
	}
	writeBody(d.q.w, http.StatusAccepted, "", nil)
	return nil
}

func (l *drainLog) text(name, value string) {
	if value != "" {
		l.Attributes[name] = drainText{Type: "string", Value: quote(value)}
	}
}

// value keeps a scalar by its own type; what is nested is kept as JSON text.
func (l *drainLog) value(name string, v gjson.Result) {
	switch v.Type {
	case gjson.String:
		l.text(name, v.String())
	case gjson.True, gjson.False:
		l.Attributes[name] = drainText{Type: "boolean", Value: json.RawMessage(v.Raw)}
	case gjson.Number:
		kind := "integer"
		if strings.ContainsAny(v.Raw, ".eE") {
			kind = "double"
		}
		l.Attributes[name] = drainText{Type: kind, Value: json.RawMessage(v.Raw)}
	case gjson.JSON:
		l.text(name, v.Raw)
	}
}
