package relay

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/tidwall/gjson"

	"github.com/hindsight-dev/hindsight/envelope"
)

// Bounds of one log of a drain.
const (
	maxDrainAttributes = 100
	maxFrameDigits     = 8 // of a length in octets
)

func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// vercelNames are the fields of Vercel's logs that have a name everybody uses; the others are kept as
// vercel.*, so that a field they add tomorrow is there.
var vercelNames = map[string]string{
	"environment": "sentry.environment", "host": "server.address", "path": "url.path", "statusCode": "http.response.status_code",
	"proxy.clientIp": "client.address", "proxy.method": "http.request.method", "proxy.userAgent": "user_agent.original",
	"proxy.referer": "http.request.header.referer", "proxy.scheme": "url.scheme",
}

// vercelLog reads one log of Vercel's; nil: it is none.
func (q *request) vercelLog(entry string) *drainLog {
	e := gjson.Parse(entry)
	if !gjson.Valid(entry) || !e.IsObject() {
		return nil
	}
	l := q.newLog("auto.log_drain.vercel")
	l.vercelFields("", e)
	switch level := strings.ToLower(e.Get("level").String()); {
	case level != "":
		l.Level = level
	case e.Get("type").String() == "stderr":
		l.Level = "error"
	}
	if l.TraceID == "" { // a request's logs belong together
		if id, err := envelope.ParseID(e.Get("requestId").String()); err == nil && !id.IsZero() {
			l.TraceID = id.String()
		}
	}
	if proxy := e.Get("proxy"); l.Body == "" && proxy.Exists() {
		l.Body = strings.TrimSpace(proxy.Get("method").String() + " " + proxy.Get("path").String() + " " + proxy.Get("statusCode").String())
	}
	return &l
}

func (l *drainLog) vercelFields(prefix string, object gjson.Result) {
	object.ForEach(func(key, v gjson.Result) bool {
		name := prefix + key.String()
		switch name {
		case "message":
			l.Body = v.String()
		case "level":
		case "timestamp": // milliseconds
			if ms := v.Float(); ms > 0 && ms < 1e14 {
				l.Timestamp = ms / 1000
			}
		case "traceId", "trace.id":
			if id, err := envelope.ParseID(v.String()); err == nil && !id.IsZero() {
				l.TraceID = id.String()
			}
		case "spanId", "span.id":
			if id, err := envelope.ParseSpanID(v.String()); err == nil {
				l.SpanID = id.String()
			}
		case "proxy":
			l.vercelFields("proxy.", v)
		default:
			known := vercelNames[name]
			if known == "" {
				known = "vercel." + snakeCase(name)
			}
			if len(l.Attributes) < maxDrainAttributes {
				l.value(known, v)
			}
		}
		return true
	})
}

// snakeCase writes deploymentId as deployment_id.
func snakeCase(s string) string {
	var b strings.Builder
	for i, r := range s {
		if unicode.IsUpper(r) {
			if i > 0 {
				b.WriteByte('_')
			}
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// cutFrame reads "<length> <message>" (RFC 6587 §3.4.1, octet counting).
func cutFrame(b []byte) (frame, rest []byte, ok bool) {
	space := bytes.IndexByte(b[:min(len(b), maxFrameDigits+1)], ' ')
	if space <= 0 {
		return nil, nil, false
	}
	n, err := strconv.ParseUint(string(b[:space]), 10, 32)
	b = b[space+1:]
	if err != nil || n > uint64(len(b)) {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}

// syslogLevels are the levels of syslog's severities (RFC 5424 §6.2.1) 0 to 7.
var syslogLevels = [8]string{"fatal", "fatal", "fatal", "error", "warn", "info", "info", "debug"}

// herokuLog reads one syslog message of Logplex: <priority>1 time host app process id message. It is
// RFC 5424 without the structured data. Nil: it is none.
func (q *request) herokuLog(frame string) *drainLog {
	l := q.newLog("auto.log_drain.heroku")
	priority, rest, ok := strings.Cut(frame, ">")
	n, err := strconv.ParseUint(strings.TrimPrefix(priority, "<"), 10, 16)
	if !ok || err != nil || n > 191 || !strings.HasPrefix(priority, "<") {
		return nil
	}
	l.Level = syslogLevels[n%8]
	l.Attributes["syslog.facility"] = drainText{Type: "integer", Value: []byte(strconv.FormatUint(n/8, 10))}
	fields := [...]string{"", "", "server.address", "heroku.source", "heroku.process", "syslog.msgid"}
	for i, name := range fields {
		var field string
		if field, rest, ok = strings.Cut(rest, " "); !ok && i < len(fields)-1 {
			return nil
		}
		switch {
		case i == 1:
			if at, err := time.Parse(time.RFC3339Nano, field); err == nil {
				l.Timestamp = seconds(at)
			}
		case name != "" && field != "-":
			l.text(name, field)
		}
	}
	l.Body = strings.TrimRight(rest, "\r\n")
	l.text("heroku.logplex.frame_id", headerText(q.r.Header.Get("Logplex-Frame-Id")))
	return &l
}
