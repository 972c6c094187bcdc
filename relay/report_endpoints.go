package relay

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/tidwall/gjson"
)

// maxReports bounds the reports of one request that come as an array.
const maxReports = 50

// maxAPIBody bounds a JSON or OTLP body (bytes, decompressed).
const maxAPIBody = 20 << 20

// quote writes a string as JSON.
func quote(s string) json.RawMessage {
	b, _ := json.Marshal(s) // a string always encodes
	return b
}

// security is POST /api/{id}/security/: what browsers report by themselves (CSP and the like).
// A report is kept as it came; the array of the Reporting API becomes one item each, since each
// is an event.
func (q *request) security() error {
	if err := q.needAuth(); err != nil {
		return err
	}
	types := []string{"application/json", "application/csp-report", "application/expect-ct-report",
		"application/expect-ct-report+json", "application/expect-staple-report", "application/reports+json"}
	if !slices.Contains(types, q.mediaType()) {
		return refuseMediaType()
	}
	data, err := q.readAll(q.rl.cfg.MaxStore)
	if err != nil {
		return err
	}
	if !gjson.ValidBytes(data) {
		return refuse(http.StatusBadRequest, "invalid_json", errJSON.Error())
	}
	reports := []string{string(data)}
	if all := gjson.ParseBytes(data); all.IsArray() {
		reports = reports[:0]
		all.ForEach(func(_, report gjson.Result) bool {
			reports = append(reports, report.Raw)
			return len(reports) <= maxReports
		})
	}
	if len(reports) > maxReports {
		return refuseTooLarge()
	}
	parcels := make([]*parcel, len(reports))
	for i, report := range reports {
		parcels[i] = q.newParcel()
		if err := q.add(parcels[i], q.securityHeader(), strings.NewReader(report)); err != nil {
			return err
		}
	}
	if err := q.accept(parcels...); err != nil {
		return err
	}
	writeBody(q.w, http.StatusOK, "", nil)
	return nil
}

func (q *request) securityHeader() *envelope.ItemHeader {
	h := &envelope.ItemHeader{Type: "raw_security", ContentType: "application/json"}
	query := q.r.URL.Query()
	for _, name := range []string{"sentry_release", "sentry_environment"} {
		if v := headerText(query.Get(name)); v != "" {
			h.Set(name, quote(v))
		}
	}
	return h
}

// nel is POST /api/{id}/nel/: a browser's reports of network errors. Nobody reads the answer; it
// is 200 whatever becomes of them.
func (q *request) nel() error {
	if err := q.needAuth(); err != nil {
		return err
	}
	if t := q.mediaType(); t != "application/json" && t != "application/reports+json" {
		return refuseMediaType()
	}
	b, err := q.body(q.rl.cfg.MaxStore)
	if err != nil {
		return err
	}
	p := q.newParcel()
	if err := q.take(p, &envelope.ItemHeader{Type: "nel", ContentType: "application/json"}, b); err != nil {
		return err
	}
	if err := q.accept(p); err != nil {
		return err
	}
	writeBody(q.w, http.StatusOK, "", nil)
	return nil
}

// otlpTraces is POST /api/{id}/integration/otlp/v1/traces/.
func (q *request) otlpTraces() error { return q.otlp("otlp_traces") }

// otlpLogs is POST /api/{id}/integration/otlp/v1/logs/.
func (q *request) otlpLogs() error { return q.otlp("otlp_logs") }

// otlp keeps an OpenTelemetry export as one item of the given type, with the content type it came
// in: protobuf or JSON.
func (q *request) otlp(itemType string) error {
	if err := q.needAuth(); err != nil {
		return err
	}
	media := q.mediaType()
	if media != "application/x-protobuf" && media != "application/json" {
		return refuseMediaType()
	}
	b, err := q.body(maxAPIBody)
	if err != nil {
		return err
	}
	p := q.newParcel()
	if err := q.add(p, &envelope.ItemHeader{Type: itemType, ContentType: media}, b); err != nil {
		return err
	}
	if err := q.accept(p); err != nil {
		return err
	}
	writeBody(q.w, http.StatusAccepted, media, nil)
	return nil
}

// checkIn is a check-in by URL, as the item's payload spells it.
type checkIn struct {
	CheckInID   string   `json:"check_in_id"`
	MonitorSlug string   `json:"monitor_slug"`
	Status      string   `json:"status"`
	Environment string   `json:"environment,omitempty"`
	Duration    *float64 `json:"duration,omitempty"`
}

// cron is GET or POST /api/{id}/cron/{slug}/[{key}/]: a check-in by URL, or by POST as JSON.
func (q *request) cron() error {
	if err := q.needAuth(); err != nil {
		return err
	}
	payload, err := q.cronPayload()
	if err != nil {
		return err
	}
	p := q.newParcel()
	if err := q.add(p, &envelope.ItemHeader{Type: "check_in", ContentType: "application/json"}, bytes.NewReader(payload)); err != nil {
		return err
	}
	if err := q.accept(p); err != nil {
		return err
	}
	writeBody(q.w, http.StatusAccepted, "", nil)
	return nil
}

func (q *request) cronPayload() ([]byte, error) {
	slug := headerText(q.arg)
	if q.r.Method == http.MethodPost && q.mediaType() == "application/json" {
		data, err := q.readAll(q.rl.cfg.Sizes.CheckIn)
		if err != nil {
			return nil, err
		}
		return cronJSON(data, slug)
	}
	query := q.r.URL.Query()
	c := checkIn{
		CheckInID: strings.Repeat("0", 32), MonitorSlug: slug,
		Status: query.Get("status"), Environment: headerText(query.Get("environment")),
	}
	if s := query.Get("check_in_id"); s != "" {
		id, err := envelope.ParseID(s)
		if err != nil && strings.Trim(s, "0-") != "" {
			return nil, refuseCheckIn()
		}
		if !id.IsZero() {
			c.CheckInID = id.String()
		}
	}
	if s := query.Get("duration"); s != "" {
		d, err := strconv.ParseFloat(s, 64)
		if err != nil || !(d >= 0 && d < 1e12) {
			return nil, refuseCheckIn()
		}
		c.Duration = &d
	}
	if !slices.Contains([]string{"ok", "error", "in_progress"}, c.Status) {
		return nil, refuseCheckIn()
	}
	return json.Marshal(c)
}

// cronJSON is a check-in that came as JSON; the slug of the path is the monitor's.
func cronJSON(data []byte, slug string) ([]byte, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil || fields["status"] == nil {
		return nil, refuseCheckIn()
	}
	fields["monitor_slug"] = quote(slug)
	if fields["check_in_id"] == nil {
		fields["check_in_id"] = quote(strings.Repeat("0", 32))
	}
	return json.Marshal(fields)
}

func refuseCheckIn() *refusal {
	return refuse(http.StatusBadRequest, "invalid_check_in", "invalid check-in")
}

// userReport is a legacy user feedback as the item's payload spells it.
type userReport struct {
	EventID  string `json:"event_id"`
	Name     string `json:"name"`
	Email    string `json:"email"`
	Comments string `json:"comments"`
}

// userFeedback is POST /api/0/projects/{org}/{project}/user-feedback/ with a DSN for credentials.
func (q *request) userFeedback() error {
	dsn, ok := dsnAuth(q.r)
	if !ok || q.r.Method != http.MethodPost {
		return refuseMissingAuth()
	}
	q.project = dsn.ProjectID
	if err := q.authorize(&envelope.Auth{PublicKey: dsn.PublicKey, Version: "7"}); err != nil {
		return err
	}
	data, err := q.readAll(q.rl.cfg.MaxStore)
	if err != nil {
		return err
	}
	var report userReport
	if err := json.Unmarshal(data, &report); err != nil {
		return refuse(http.StatusBadRequest, "invalid_json", errJSON.Error())
	}
	id, err := envelope.ParseID(report.EventID)
	if err != nil {
		return refuse(http.StatusBadRequest, "invalid_report", "invalid user report: event_id")
	}
	report.EventID = id.String()
	payload, err := json.Marshal(report)
	if err != nil {
		return errors.Join(errJSON, err)
	}
	p := q.newParcel()
	p.header.EventID = id
	if err := q.add(p, &envelope.ItemHeader{Type: "user_report", ContentType: "application/json"}, bytes.NewReader(payload)); err != nil {
		return err
	}
	if err := q.accept(p); err != nil {
		return err
	}
	writeBody(q.w, http.StatusOK, "", nil)
	return nil
}

// dsnAuth reads "Authorization: DSN https://…".
func dsnAuth(r *http.Request) (*envelope.DSN, bool) {
	scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "DSN") {
		return nil, false
	}
	dsn, err := envelope.ParseDSN(rest)
	return dsn, err == nil
}
