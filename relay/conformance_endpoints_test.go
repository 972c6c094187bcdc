package relay

import (
	"bytes"
	"io"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/hindsight-dev/hindsight/internal/stream"
)

// form builds a multipart body of (name, file name, content) triples; no file name: a field.
func form(t *testing.T, parts ...string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(parts); i += 3 {
		create := func() (io.Writer, error) { return w.CreateFormFile(parts[i], parts[i+1]) }
		if parts[i+1] == "" {
			create = func() (io.Writer, error) { return w.CreateFormField(parts[i]) }
		}
		pw, err := create()
		if err != nil {
			t.Fatal(err)
		}
		pw.Write([]byte(parts[i+2]))
	}
	w.Close()
	return b.String(), w.FormDataContentType()
}

func endpointCases() []conformanceCase {
	const dump = "MDMP" + "rest of the dump"
	auth := auth(key42)
	minidump := func(t *testing.T, e *edge, parts ...string) answer {
		body, contentType := form(t, parts...)
		return e.to("/api/42/minidump/", body, "X-Sentry-Auth", auth, "Content-Type", contentType)
	}
	wantUUID := func(t *testing.T, a answer) {
		t.Helper()
		if a.status != 200 || a.header.Get("Content-Type") != "text/plain" || len(a.body) != 36 || strings.Count(a.body, "-") != 4 {
			t.Errorf("%d %s %q", a.status, a.header.Get("Content-Type"), a.body)
		}
	}
	return []conformanceCase{
		{"67_security", func(t *testing.T, e *edge) {
			const target = "/api/42/security/?sentry_release=r&sentry_environment=e&sentry_key=" + key42
			report := `{"csp-report":{"document-uri":"https://x.test"}}`
			for _, path := range []string{target, strings.Replace(target, "security", "csp-report", 1)} {
				a := e.to(path, report, "Content-Type", "application/csp-report", "Origin", "https://x.test")
				if a.status != 200 || a.body != "" {
					t.Errorf("%d %q", a.status, a.body)
				}
				m, env := a.only(t, stream.KindItem)
				h := env.Items[0].Header
				if h.Type != "raw_security" || h.Text("sentry_release") != "r" || h.Text("sentry_environment") != "e" || m.Origin != "https://x.test" || m.EventID.IsZero() {
					t.Errorf("item %s, message %+v", h.Raw(), m)
				}
			}
			e.to(target, report, "Content-Type", "text/html").wantError(t, 415, "unsupported media type")
			e.to(target, "", "Content-Type", "application/csp-report").wantError(t, 400, "empty request body")
			e.to(target, "{", "Content-Type", "application/csp-report").wantError(t, 400, "invalid JSON data")
			a := e.to(target, `[{"type":"csp-violation"},{"type":"csp-violation"}]`, "Content-Type", "application/reports+json")
			if a.status != 200 || a.kinds() != "item item" || a.msgs[0].EventID == a.msgs[1].EventID {
				t.Errorf("array of reports: %d %s", a.status, a.kinds())
			}
		}},
		{"68_nel", func(t *testing.T, e *edge) {
			const target = "/api/42/nel/?sentry_key=" + key42
			a := e.to(target, `[{"type":"network-error"}]`, "Content-Type", "application/reports+json")
			if a.status != 200 || a.itemTypes(t) != "item:nel" {
				t.Errorf("%d %s", a.status, a.itemTypes(t))
			}
			if a := e.to(target, `broken`, "Content-Type", "application/json"); a.status != 200 {
				t.Errorf("%d %s", a.status, a.body)
			}
			e.to(target, `[]`, "Content-Type", "text/plain").wantError(t, 415, "unsupported media type")
		}},
		{"69_attachments", func(t *testing.T, e *edge) {
			body, contentType := form(t, "a", "zero.txt", "", "b", "../x/y.bin", "bytes\x00", "field", "", "ignored")
			a := e.to("/api/42/events/"+idA+"/attachments/", body, "X-Sentry-Auth", auth, "Content-Type", contentType)
			if a.status != 201 || a.body != "" {
				t.Errorf("%d %q", a.status, a.body)
			}
			m, env := a.only(t, stream.KindEvent)
			if m.EventID.String() != idA || len(env.Items) != 2 || env.Items[0].Header.Filename != "zero.txt" || string(env.Items[1].Payload) != "bytes\x00" {
				t.Errorf("%+v", env.Items)
			}
			e.to("/api/42/events/xyz/attachments/", body, "X-Sentry-Auth", auth, "Content-Type", contentType).wantError(t, 400, "bad event id path parameter")
			e.to("/api/42/events/"+idA+"/attachments/", body[:100], "X-Sentry-Auth", auth, "Content-Type", contentType).wantError(t, 400, "invalid multipart data")
			body, contentType = form(t)
			if a := e.to("/api/42/events/"+idA+"/attachments/", body, "X-Sentry-Auth", auth, "Content-Type", contentType); a.status != 201 {
				t.Errorf("no files: %d %s", a.status, a.body)
			}
		}},
		{"70_minidump", func(t *testing.T, e *edge) {
			a := minidump(t, e, minidumpField, "crash.dmp", dump, "other", "log.txt", "log", "comment", "", "text")
			wantUUID(t, a)
			_, env := a.only(t, stream.KindEvent)
			if len(env.Items) != 3 || string(env.Items[0].Payload) != dump || env.Items[0].Header.AttachmentType != "event.minidump" || env.Items[2].Header.Type != "form_data" {
				t.Errorf("%+v", env.Items)
			}
			minidump(t, e, "other", "log.txt", "log").wantError(t, 400, "missing minidump")
			minidump(t, e, minidumpField, "crash.dmp", "nope, no dump").wantError(t, 400, "invalid minidump")
			minidump(t, e, minidumpField, "crash.dmp", "MD").wantError(t, 400, "invalid minidump")
		}},
		{"71_minidump_compressed", func(t *testing.T, e *edge) {
			for ext, enc := range map[string]string{".gz": "gzip", ".zst": "zstd", ".xz": "xz"} {
				packed := string(pack(t, enc, []byte(dump)))
				a := minidump(t, e, minidumpField, "crash.dmp"+ext, packed)
				wantUUID(t, a)
				if _, env := a.only(t, stream.KindEvent); env.Items[0].Header.Filename != "crash.dmp" || string(env.Items[0].Payload) != dump {
					t.Errorf("%s: %s", ext, env.Items[0].Header.Raw())
				}
				minidump(t, e, minidumpField, "crash.dmp"+ext, packed[:len(packed)-6]).wantError(t, 400, "invalid compression container")
			}
			minidump(t, e, minidumpField, "crash.dmp.bz2", "BZh9broken").wantError(t, 400, "invalid compression container")
			wantUUID(t, e.to("/api/42/minidump", dump, "X-Sentry-Auth", auth, "Content-Type", "application/octet-stream"))
		}},
		{"72_minidump_event_id", func(t *testing.T, e *edge) {
			dashed := "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"
			event := `{"event_id":"` + idA + `","release":"r"}`
			a := minidump(t, e, minidumpField, "c", dump, "sentry", "", event)
			if a.body != dashed || a.itemTypes(t) != "event:attachment event:event" {
				t.Errorf("%s %s", a.body, a.itemTypes(t))
			}
			if a := minidump(t, e, minidumpField, "c", dump, "sentry[event_id]", "", idA); a.body != dashed {
				t.Errorf("path: %s", a.body)
			}
			a = minidump(t, e, minidumpField, "c", dump, "sentry__2", "", event[20:], "sentry__1", "", event[:20])
			wantUUID(t, a)
			if _, env := a.only(t, stream.KindEvent); a.body == dashed || string(env.Items[1].Payload) != event {
				t.Errorf("chunked: %s %s", a.body, env.Items[1].Payload)
			}
			a = minidump(t, e, minidumpField, "c", dump, "sentry", "", `{"event_id":`)
			wantUUID(t, a)
			if a.itemTypes(t) != "event:attachment event:form_data" {
				t.Errorf("invalid: %s", a.itemTypes(t))
			}
		}},
		{"73_unreal", func(t *testing.T, e *edge) {
			a := e.to("/api/42/unreal/"+key42+"/?UserID=u", "archive")
			wantUUID(t, a)
			if a.itemTypes(t) != "item:unreal_report" {
				t.Errorf("items %s", a.itemTypes(t))
			}
			e.to("/api/42/unreal/"+key42+"/", "").wantError(t, 400, "empty request body")
		}},
		{"74_cron", func(t *testing.T, e *edge) {
			want := `{"check_in_id":"00000000000000000000000000000000","monitor_slug":"nightly","status":"ok"}`
			for _, target := range []string{"/api/42/cron/nightly/" + key42 + "/?status=ok", "/api/42/cron/nightly?status=ok&sentry_key=" + key42} {
				a := e.do("GET", target, nil)
				if a.status != 202 || a.body != "" {
					t.Errorf("%d %s", a.status, a.body)
				}
				if _, env := a.only(t, stream.KindItem); string(env.Items[0].Payload) != want {
					t.Errorf("%s", env.Items[0].Payload)
				}
			}
			a := e.to("/api/42/cron/nightly/"+key42+"/", `{"status":"error","monitor_slug":"other","monitor_config":{}}`, "Content-Type", "application/json")
			if _, env := a.only(t, stream.KindItem); a.status != 202 || !strings.Contains(string(env.Items[0].Payload), `"monitor_slug":"nightly"`) {
				t.Errorf("%d %s", a.status, env.Items[0].Payload)
			}
			for _, query := range []string{"", "?status=what", "?status=ok&duration=-1", "?status=ok&check_in_id=zz"} {
				e.do("GET", "/api/42/cron/nightly/"+key42+"/"+query, nil).wantError(t, 400, "invalid check-in")
			}
		}},
		{"75_user_feedback", func(t *testing.T, e *edge) {
			const target = "/api/0/projects/org/proj/user-feedback/"
			dsn := "DSN https://" + key42 + "@x.test/42"
			a := e.to(target, `{"event_id":"`+idA+`","name":"n","email":"e","comments":"c"}`, "Authorization", dsn)
			if a.status != 200 || a.body != "" {
				t.Errorf("%d %q", a.status, a.body)
			}
			if m, env := a.only(t, stream.KindEvent); m.EventID.String() != idA || env.Items[0].Header.Type != "user_report" {
				t.Errorf("%+v", m)
			}
			e.do("GET", target, nil, "Authorization", dsn).wantError(t, 401, "missing authorization information")
			e.to(target, `{}`, "Authorization", dsn).wantError(t, 400, "invalid user report: event_id")
		}},
		{"76_otlp", func(t *testing.T, e *edge) {
			for _, path := range []string{"/api/42/integration/otlp/v1/traces/", "/api/42/otlp/v1/traces", "/api/42/integration/otlp/v1/logs"} {
				for media, body := range map[string]string{"application/x-protobuf": "\x0a\x00", "application/json": `{"resourceSpans":[]}`} {
					a := e.to(path, body, "X-Sentry-Auth", auth, "Content-Type", media)
					if a.status != 202 {
						t.Errorf("%s %s: %d %s", path, media, a.status, a.body)
					}
					_, env := a.only(t, stream.KindItem)
					if h := env.Items[0].Header; !strings.HasPrefix(h.Type, "otlp_") || h.ContentType != media || string(env.Items[0].Payload) != body {
						t.Errorf("item %s %q", h.Raw(), env.Items[0].Payload)
					}
				}
				e.to(path, "x", "X-Sentry-Auth", auth, "Content-Type", "text/plain").wantError(t, 415, "unsupported media type")
			}
		}},
	}
}
