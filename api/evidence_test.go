package api_test

import (
	"strings"
	"testing"
)

func TestEvidence(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		const file = "/api/0/projects/acme/shop-api/events/" + eventA + "/evidence/"
		r := w.get(file)
		h := r.Header()
		if h.Get("Content-Disposition") != `attachment; filename=evidence-aaaaaaaa.html` || h.Get("Content-Security-Policy") != "sandbox; default-src 'none'" {
			t.Errorf("%v", h)
		}
		body := r.Body.String()
		for _, want := range []string{"card declined", "Charge", `"type":2`, "play()", replayA, "POST http://shop.example/pay<", "Content-Security-Policy"} {
			if !strings.Contains(body, want) {
				t.Errorf("the file lacks %q", want)
			}
		}
		for _, not := range []string{"bob@example.com", "12345678901234567890", "?x=1"} {
			if strings.Contains(body, not) {
				t.Errorf("the file tells %q", not)
			}
		}
		if r := w.get(file + "?replay=" + lost); strings.Contains(r.Body.String(), "<script") || !strings.Contains(r.Body.String(), "recording not received yet") {
			t.Errorf("a replay that was not recorded: %s", r.Body)
		}
		if r := w.do(w.acme.token, "GET", file+"?replay="+strings.Repeat("e", 32), ""); r.Code != 404 {
			t.Errorf("a replay that is not the event's: %d", r.Code)
		}
		if r := w.get("/api/0/projects/acme/shop-api/events/" + eventC + "/evidence/"); !strings.Contains(r.Body.String(), "No recording is known") {
			t.Errorf("without a link: %s", r.Body)
		}
	})
}
