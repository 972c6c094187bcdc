package relay

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/hindsight-dev/hindsight/internal/stream"
)

// itemTypes lists the types of the items published with an answer, by kind.
func (a answer) itemTypes(t *testing.T) string {
	t.Helper()
	var s []string
	for _, m := range a.msgs {
		if m.ProjectID == 0 {
			continue
		}
		_, e := a.only(t, m.Kind)
		for _, it := range e.Items {
			s = append(s, string(m.Kind)+":"+it.Header.Type)
		}
	}
	return strings.Join(s, " ")
}

func envelopeCases() []conformanceCase {
	head := `{"event_id":"` + idA + `"}`
	return []conformanceCase{
		{"24_header_only", func(t *testing.T, e *edge) {
			a := e.post("{}\n")
			if a.status != 200 || a.body != "{}" || len(a.msgs) != 0 {
				t.Errorf("%d %s, %d messages", a.status, a.body, len(a.msgs))
			}
		}},
		{"25_empty_body", func(t *testing.T, e *edge) {
			e.post("").wantError(t, 400, "empty request body")
		}},
		{"26_first_line_not_json", func(t *testing.T, e *edge) {
			e.post("not json\n").wantError(t, 400, "invalid event envelope", "invalid envelope header")
			e.to("/api/42/envelope/", "not json\n").wantError(t, 401, "bad envelope authentication header")
		}},
		{"27_item_with_final_newline", func(t *testing.T, e *edge) {
			e.post(head+"\n{\"type\":\"event\"}\n{\"message\":\"m\"}\n").wantOK(t, idA)
		}},
		{"28_item_without_final_newline", func(t *testing.T, e *edge) {
			a := e.post(head + "\n{\"type\":\"event\"}\n{\"message\":\"m\"}")
			a.wantOK(t, idA)
			if _, env := a.only(t, stream.KindEvent); string(env.Items[0].Payload) != `{"message":"m"}` {
				t.Errorf("payload %q", env.Items[0].Payload)
			}
		}},
		{"29_payload_with_newlines_and_nuls", func(t *testing.T, e *edge) {
			want := "a\nb\x00\n\n\xff{"
			a := e.post(fmt.Sprintf("%s\n{\"type\":\"attachment\",\"filename\":\"f\",\"length\":%d}\n%s\n", head, len(want), want))
			a.wantOK(t, idA)
			if _, env := a.only(t, stream.KindEvent); string(env.Items[0].Payload) != want {
				t.Errorf("payload %q", env.Items[0].Payload)
			}
		}},
		{"30_length_too_large", func(t *testing.T, e *edge) {
			e.post(head+"\n{\"type\":\"event\",\"length\":99}\n{}\n").wantError(t, 400, "invalid event envelope", "unexpected end of file")
		}},
		{"31_length_too_small", func(t *testing.T, e *edge) {
			e.post(head+"\n{\"type\":\"event\",\"length\":2}\n{\"a\":1}\n").wantError(t, 400, "invalid event envelope", "missing newline after header or payload")
		}},
		{"32_empty_attachment_then_item", func(t *testing.T, e *edge) {
			a := e.post(head + "\n{\"type\":\"attachment\",\"length\":0,\"filename\":\"empty\"}\n\n{\"type\":\"event\"}\n{}\n")
			a.wantOK(t, idA)
			_, env := a.only(t, stream.KindEvent)
			if len(env.Items) != 2 || len(env.Items[0].Payload) != 0 || env.Items[0].Header.Filename != "empty" {
				t.Errorf("items %+v", env.Items)
			}
		}},
		{"33_last_header_without_payload", func(t *testing.T, e *edge) {
			a := e.post(head + "\n{\"type\":\"attachment\",\"filename\":\"f\"}")
			a.wantOK(t, idA)
			if _, env := a.only(t, stream.KindEvent); len(env.Items[0].Payload) != 0 {
				t.Errorf("payload %q", env.Items[0].Payload)
			}
		}},
		{"34_crlf_after_headers", func(t *testing.T, e *edge) {
			e.post(head+"\r\n{\"type\":\"event\"}\r\n{}\n").wantOK(t, idA)
		}},
		{"35_two_trailing_newlines", func(t *testing.T, e *edge) {
			e.post(anEvent()+"\n").wantOK(t, idA)
		}},
		{"36_unknown_item_beside_event", func(t *testing.T, e *edge) {
			a := e.post(anEvent() + "{\"type\":\"foobar\",\"length\":3}\nabc\n")
			a.wantOK(t, idA)
			if got := a.itemTypes(t); got != "event:event item:foobar" {
				t.Errorf("items %q", got)
			}
		}},
		{"37_only_unknown_item", func(t *testing.T, e *edge) {
			a := e.post("{}\n{\"type\":\"foobar\"}\nabc\n")
			if a.status != 200 || a.body != "{}" || a.itemTypes(t) != "item:foobar" {
				t.Errorf("%d %s %s", a.status, a.body, a.itemTypes(t))
			}
		}},
		{"38_unknown_header_keys", func(t *testing.T, e *edge) {
			a := e.post(`{"event_id":"` + idA + `","later":{"x":[1]},"retention":5}` + "\n{\"type\":\"event\",\"routing_hint\":\"r\"}\n{}\n")
			a.wantOK(t, idA)
			_, env := a.only(t, stream.KindEvent)
			if string(env.Header.Get("later")) != `{"x":[1]}` || env.Items[0].Header.Text("routing_hint") != "r" {
				t.Errorf("unknown keys are lost: %s, %s", env.Header.Raw(), env.Items[0].Header.Raw())
			}
			if env.Header.Get("retention") != nil {
				t.Error("a client's retention was believed")
			}
		}},
		{"39_item_without_type", func(t *testing.T, e *edge) {
			a := e.post("{}\n{\"length\":2}\nhi\n")
			if a.status != 200 || a.itemTypes(t) != "item:" {
				t.Errorf("%d %s %q", a.status, a.body, a.itemTypes(t))
			}
		}},
		{"40_id_generated", func(t *testing.T, e *edge) {
			a := e.post("{}\n{\"type\":\"event\"}\n{\"message\":\"m\"}\n")
			id := a.wantID(t)
			m, env := a.only(t, stream.KindEvent)
			if m.EventID.String() != id || env.Header.EventID.String() != id {
				t.Errorf("answered %s, message %s, envelope %s", id, m.EventID, env.Header.EventID)
			}
			nilID := `{"event_id":"00000000-0000-0000-0000-000000000000"}`
			if id := e.post(nilID + "\n{\"type\":\"event\"}\n{\"event_id\":\"00000000000000000000000000000000\"}\n").wantID(t); strings.Trim(id, "0") == "" {
				t.Errorf("id %s", id)
			}
			e.post("{}\n{\"type\":\"event\"}\n{\"event_id\":\""+idB+"\"}\n").wantOK(t, idB) // so that a retry is the same event
			e.post(`{"event_id":"nonsense"}`+"\n").wantError(t, 400, "invalid event envelope", "invalid envelope header")
		}},
		{"41_header_id_wins", func(t *testing.T, e *edge) {
			a := e.post(head + "\n{\"type\":\"event\"}\n{\"event_id\":\"" + idB + "\"}\n")
			a.wantOK(t, idA)
			if m, env := a.only(t, stream.KindEvent); m.EventID.String() != idA || env.Header.EventID.String() != idA {
				t.Errorf("message %s, envelope %s", m.EventID, env.Header.EventID)
			}
		}},
		{"42_dashed_id", func(t *testing.T, e *edge) {
			e.post(env(`{"event_id":"AAAAAAAA-aaaa-aaaa-aaaa-aaaaaaaaaaaa"}`, eventItem, `{}`)).wantOK(t, idA)
		}},
		{"43_two_events", func(t *testing.T, e *edge) {
			e.post(anEvent()+"{\"type\":\"event\"}\n{}\n").wantError(t, 413,
				"envelope exceeded size limits for type 'event' (https://develop.sentry.dev/sdk/envelopes/#size-limits)")
		}},
		{"44_internal_item", func(t *testing.T, e *edge) {
			e.post("{}\n{\"type\":\"integration\"}\n{}\n").wantError(t, 400, "envelope contains internal items")
		}},
		{"45_invalid_trace_header", func(t *testing.T, e *edge) {
			trace := strings.Repeat("c", 32)
			a := e.post(`{"event_id":"` + idA + `","trace":{"trace_id":"` + trace + `","sample_rate":0.5}}` + "\n{\"type\":\"event\"}\n{}\n")
			a.wantOK(t, idA)
			if m, _ := a.only(t, stream.KindEvent); m.TraceID.String() != trace {
				t.Errorf("trace %s", m.TraceID)
			}
			for _, bad := range []string{`"x"`, `[]`, `7`, `{"trace_id":{}}`} {
				e.post(`{"event_id":"`+idA+`","trace":`+bad+`}`+"\n{\"type\":\"event\"}\n{}\n").wantOK(t, idA)
			}
		}},
		{"46_event_attachments_user_report", func(t *testing.T, e *edge) {
			items := anEvent()
			for range 3 {
				items += "{\"type\":\"attachment\",\"length\":1,\"filename\":\"f\"}\nx\n"
			}
			a := e.post(items + "{\"type\":\"user_report\"}\n{\"comments\":\"c\"}\n")
			a.wantOK(t, idA)
			m, env := a.only(t, stream.KindEvent)
			if a.kinds() != "event" || len(env.Items) != 5 || m.EventID.String() != idA {
				t.Errorf("kinds %q, %d items, id %s", a.kinds(), len(env.Items), m.EventID)
			}
		}},
		{"47_only_an_attachment", func(t *testing.T, e *edge) {
			a := e.post(head + "\n{\"type\":\"attachment\",\"length\":1,\"filename\":\"f\"}\nx\n")
			a.wantOK(t, idA)
			if m, _ := a.only(t, stream.KindEvent); m.EventID.String() != idA {
				t.Errorf("id %s", m.EventID)
			}
		}},
		{"48_client_leaves_after_body", func(t *testing.T, e *edge) {
			e.pub.hook = func(ctx context.Context) {
				if _, ok := ctx.Deadline(); !ok {
					t.Error("publishing has no deadline of its own")
				}
			}
			e.post(anEvent()).wantOK(t, idA) // the leaving itself: TestDisconnectAfterBody
		}},
		{"49_same_id_twice", func(t *testing.T, e *edge) {
			a, b := e.post(anEvent()), e.post(anEvent())
			a.wantOK(t, idA)
			b.wantOK(t, idA)
			if a.msgs[0].ID == b.msgs[0].ID {
				t.Error("two requests share a message id")
			}
		}},
	}
}

// TestSplit: one envelope with everything is cut by kind, each part an envelope of its own.
func TestSplit(t *testing.T) {
	e := newEdge(t)
	trace, replay := strings.Repeat("c", 32), strings.Repeat("e", 32)
	a := e.post(env(`{"event_id":"`+idA+`","sdk":{"name":"s"},"trace":{"trace_id":"`+trace+`","public_key":"k","replay_id":"`+replay+`"}}`,
		`{"type":"transaction"}`, `{"type":"transaction"}`, `{"type":"profile"}`, `{"version":"1"}`,
		`{"type":"session"}`, `{"sid":"x"}`, `{"type":"sessions"}`, `{"aggregates":[]}`,
		`{"type":"client_report"}`, `{"discarded_events":[]}`,
		`{"type":"log","item_count":1,"content_type":"application/vnd.sentry.items.log+json"}`, `{"items":[{}]}`,
		`{"type":"span","item_count":1,"content_type":"application/vnd.sentry.items.span.v2+json"}`, `{"items":[{}]}`,
		`{"type":"span"}`, `{}`, `{"type":"replay_recording","length":17}`, "{\"segment_id\":0}\n", `{"type":"check_in"}`, `{}`))
	a.wantOK(t, idA)
	want := "transaction:transaction transaction:profile span:span span:span replay:replay_recording session:session session:sessions report:client_report item:log item:check_in"
	if got := a.itemTypes(t); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	ids := map[string]bool{}
	for _, m := range a.msgs {
		ids[m.ID] = true
		if m.TraceID.String() != trace || m.ReplayID.String() != replay || m.ProjectID != 42 || m.Received.IsZero() {
			t.Errorf("%s: facts %+v", m.Kind, m)
		}
		if !bytes.HasPrefix(m.Body, []byte(`{"event_id":"`+idA+`","sdk":{"name":"s"},"trace":`)) {
			t.Errorf("%s: header %.80s", m.Kind, m.Body)
		}
	}
	if len(ids) != len(a.msgs) || e.pub.calls != 1 {
		t.Errorf("%d ids for %d messages in %d calls", len(ids), len(a.msgs), e.pub.calls)
	}
}
