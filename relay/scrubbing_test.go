package relay

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zlib"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
)

// wantGone fails when text is in any message.
func wantGone(t *testing.T, a answer, text string) {
	t.Helper()
	for _, m := range a.msgs {
		if i := bytes.Index(m.Body, []byte(text)); i >= 0 {
			t.Errorf("%s: %q is there: …%.100s", m.Kind, text, m.Body[max(0, i-40):])
		}
	}
}

func TestEverythingIsScrubbedBeforeItIsPublished(t *testing.T) {
	e := newEdge(t)
	long := strings.Repeat("a long event; ", 30_000) // goes through a file
	event := `{"extra":{"password":"canary","long":"` + long + `"},"request":{"headers":{"Authorization":"canary","Baggage":"sentry-trace_id=` + idB + `,sentry-replay_id=` + idA + `"}}}`
	a := e.post(env(`{"event_id":"`+idA+`","trace":{"trace_id":"`+idB+`","public_key":"k","transaction":"/a?token=canary"},"note":"password=canary"}`,
		`{"type":"event"}`, event,
		`{"type":"attachment","length":3,"filename":"token=canary.txt","unscrubbed":true}`, "abc",
		`{"type":"attachment","length":17,"attachment_type":"event.payload"}`, "\x81\xa8password\xa6canary",
		`{"type":"attachment","length":33,"attachment_type":"event.breadcrumbs"}`, "\x81\xa4data\x81\xa6secret\xa6canary\x81\xa7message\xa2ok",
		`{"type":"log"}`, `{"body":{"token":"canary"}}`))
	a.wantOK(t, idA)
	wantGone(t, a, "canary")
	m, sent := a.only(t, stream.KindEvent)
	if m.BaggageReplayID.String() != idA {
		t.Errorf("replay of the baggage %s: facts are to be read before scrubbing", m.BaggageReplayID)
	}
	if len(sent.Items) != 4 || !bytes.Contains(sent.Items[0].Payload, []byte(`"password":"[Filtered]"`)) || !bytes.Contains(sent.Items[0].Payload, []byte(long)) {
		t.Fatalf("%d items; %.80s", len(sent.Items), sent.Items[0].Payload)
	}
	for i, want := range []string{"", "abc", `{"password":"[Filtered]","_meta":`, `[{"data":{"secret":"[Filtered]"}},{"message":"ok"}]`} {
		if !strings.HasPrefix(string(sent.Items[i].Payload), want) {
			t.Errorf("item %d: %s, want %s", i, sent.Items[i].Payload, want)
		}
	}
	if sent.Items[1].Header.Get(stream.HeaderUnscrubbed) != nil {
		t.Error("a client's own mark was believed")
	}
}

func TestUnscrubbableItemsGo(t *testing.T) {
	e := newEdge(t)
	a := e.post(env(`{"event_id":"`+idA+`"}`, `{"type":"event"}`, `{"message":"m"}`,
		`{"type":"attachment","length":3,"attachment_type":"event.payload"}`, "\xc1\xc1\xc1"))
	a.wantOK(t, idA)
	if got := counted(t, a.msgs); got["error/invalid/unscrubbable"] != 1 {
		t.Errorf("%v", got)
	}
	if _, sent := a.only(t, stream.KindEvent); len(sent.Items) != 1 {
		t.Errorf("%d items", len(sent.Items))
	}
}

func TestRecordingsAreScrubbed(t *testing.T) {
	const custom = `{"type":5,"timestamp":1,"data":{"tag":"breadcrumb","payload":{"category":"console","message":"password=canary"}}}`
	send := func(recording string) *envelope.Envelope {
		a := newEdge(t).post(env(`{"event_id":"`+idA+`"}`, `{"type":"replay_event"}`, `{"replay_id":"`+idA+`","segment_id":0}`,
			`{"type":"replay_recording","length":`+strconv.Itoa(len(recording))+`}`, recording))
		a.wantOK(t, idA)
		_, sent := a.only(t, stream.KindReplay)
		return sent
	}
	inflate := func(payload []byte) string {
		t.Helper()
		_, body, err := envelope.SplitRecording(payload)
		if err != nil {
			t.Fatal(err)
		}
		zr, err := zlib.NewReader(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(zr)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	want := `[` + strings.Replace(custom, "canary", "[Filtered]", 1) + `]`
	for _, enc := range []string{"", "deflate", "gzip"} {
		body := `[` + custom + `]`
		if enc != "" {
			body = string(pack(t, enc, []byte(body)))
		}
		sent := send("{\"segment_id\":0}\n" + body)
		if got := inflate(sent.Items[1].Payload); got != want {
			t.Errorf("%q: %s", enc, got)
		}
	}
	broken := "{\"segment_id\":0}\n[{\"type\":5,\"data\":"
	sent := send(broken)
	if string(sent.Items[1].Payload) != broken || string(sent.Items[1].Header.Get(stream.HeaderUnscrubbed)) != "true" {
		t.Errorf("broken: %s %s", sent.Items[1].Header.Raw(), sent.Items[1].Payload)
	}
}
