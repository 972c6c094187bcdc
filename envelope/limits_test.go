package envelope

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// part is an item to be made.
type part struct {
	header string // what follows {"type":
	size   int    // of the payload
}

// envelopeOf streams an envelope of the parts.
func envelopeOf(parts ...part) io.Reader {
	rs := []io.Reader{strings.NewReader("{}\n")}
	for _, p := range parts {
		rs = append(rs, strings.NewReader("{\"type\":"+p.header+"}\n"), io.LimitReader(letters{}, int64(p.size)), strings.NewReader("\n"))
	}
	return io.MultiReader(rs...)
}

type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func times(n int, p part) []part {
	list := make([]part, n)
	for i := range list {
		list[i] = p
	}
	return list
}

// TestSizes holds protocol §3.2 and the conformance cases 43, 46 and 54–59.
func TestSizes(t *testing.T) {
	const mib = 1 << 20
	tests := []struct {
		name  string
		parts []part
		over  string // type in the error; "": accepted
		what  string
	}{
		{"43 two events", times(2, part{`"event"`, 2}), "event", "count"},
		{"event and transaction", []part{{`"event"`, 2}, {`"transaction"`, 2}}, "transaction", "count"},
		{"46 event, attachments, user_report", append(times(3, part{`"attachment"`, 5}), part{`"event"`, 2}, part{`"user_report"`, 2}), "", ""},
		{"replay", []part{{`"replay_event"`, 2}, {`"replay_recording"`, 2}}, "", ""},
		{"feedback and screenshot", []part{{`"feedback"`, 2}, {`"attachment"`, 2}}, "", ""},
		{"54 event of 1 MiB", []part{{`"event"`, mib}}, "", ""},
		{"54 event over 1 MiB", []part{{`"event"`, mib + 1}}, "event", "size"},
		{"54 with its length", []part{{`"event","length":1048577`, mib + 1}}, "event", "size"},
		{"a claim is enough", []part{{`"event","length":1048577`, 1}}, "event", "size"},
		{"55 attachment over 200 MiB", []part{{`"attachment","length":209715201`, 1}}, "attachment", "size"},
		{"attachments over 200 MiB in all", []part{{`"attachment"`, 60 * mib}, {`"attachment","length":157286400`, 1}}, "attachment", "size"},
		{"30 attachments", times(30, part{`"attachment"`, 1}), "", ""},
		{"56 31 attachments", times(31, part{`"attachment"`, 1}), "attachment", "count"},
		{"57 100 sessions of both kinds", append(times(50, part{`"session"`, 2}), times(50, part{`"sessions"`, 2})...), "", ""},
		{"57 101 sessions", append(times(100, part{`"session"`, 2}), part{`"sessions"`, 2}), "sessions", "count"},
		{"58 client_report over 100 KiB", []part{{`"client_report"`, 100<<10 + 1}}, "client_report", "size"},
		{"59 1000 unknown items", times(1000, part{`"foobar"`, 2}), "", ""},
		{"59 10 001 items", times(10_001, part{`"foobar"`, 0}), "foobar", "items"},
		{"recording over 10 MiB", []part{{`"replay_recording","length":10485761`, 1}}, "replay_recording", "size"},
		{"two recordings", times(2, part{`"replay_recording"`, 1}), "replay_recording", "count"},
		{"profile and chunk", []part{{`"profile"`, 1}, {`"profile_chunk"`, 1}}, "profile_chunk", "count"},
		{"25 single spans", times(25, part{`"span"`, 2}), "", ""},
		{"26 single spans", times(26, part{`"span"`, 2}), "span", "count"},
		{"single spans and a container", append(times(25, part{`"span"`, 2}), part{`"span","item_count":1,"content_type":"` + ContentTypeSpans + `"`, 2}), "", ""},
		{"two log containers", times(2, part{`"log","item_count":1,"content_type":"` + ContentTypeLogs + `"`, 2}), "log", "count"},
		{"one log over 2 MiB", []part{{`"log","item_count":1,"content_type":"` + ContentTypeLogs + `"`, 2*mib + 1}}, "log", "size per part"},
		{"two logs over 2 MiB", []part{{`"log","item_count":2,"content_type":"` + ContentTypeLogs + `"`, 2*mib + 1}}, "", ""},
		{"container over 12 MiB", []part{{`"log","item_count":99,"content_type":"` + ContentTypeLogs + `"`, 12*mib + 1}}, "log", "size"},
		{"unknown of any size", []part{{`"foobar"`, 20 * mib}}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := NewReader(envelopeOf(tt.parts...), Limits{Sizes: DefaultSizes()})
			n := 0
			var err error
			for err == nil {
				if _, err = r.Next(); err == nil {
					n++
				}
			}
			if tt.over == "" {
				if err != io.EOF || n != len(tt.parts) {
					t.Fatalf("%d items, %v", n, err)
				}
				return
			}
			var le *LimitError
			if !errors.As(err, &le) || le.ItemType != tt.over || le.What != tt.what {
				t.Fatalf("error %#v", err)
			}
			want := "envelope exceeded size limits for type '" + tt.over + "' (https://develop.sentry.dev/sdk/envelopes/#size-limits)"
			if le.Error() != want {
				t.Error(le)
			}
			if _, again := r.Next(); again != err {
				t.Errorf("then %v", again)
			}
			if _, again := r.Read(make([]byte, 1)); again != err {
				t.Errorf("Read then gives %v", again)
			}
		})
	}
}

func TestHeaderBound(t *testing.T) {
	pad := func(n int) string { return `{"x":"` + strings.Repeat("y", n-len(`{"x":""}`)) + `"}` }
	tests := []struct {
		name, in, cause string
	}{
		{"header at the bound", pad(64<<10) + "\n", ""},
		{"header over it", pad(64<<10+1) + "\n", CauseInvalidHeader},
		{"item header at the bound", "{}\n" + pad(64<<10) + "\n", ""},
		{"item header over it", "{}\n" + pad(64<<10+1) + "\n", CauseInvalidItemHeader},
		{"never ending", `{"x":"` + strings.Repeat("y", 1<<20), CauseInvalidHeader},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse([]byte(tt.in))
			_, streamErr := readAll(NewReader(strings.NewReader(tt.in), Limits{}))
			if fmt.Sprint(err) != fmt.Sprint(streamErr) {
				t.Errorf("Parse says %v, Reader %v", err, streamErr)
			}
			var pe *ParseError
			if errors.As(err, &pe) != (tt.cause != "") || pe != nil && pe.Cause != tt.cause {
				t.Error(err)
			}
		})
	}
}

// TestSourceError: what the stream reports (a body too large, broken gzip) comes out as it is.
func TestSourceError(t *testing.T) {
	broken := errors.New("broken")
	in := "{}\n{\"type\":\"event\",\"length\":10}\nabcdefghij\n{\"type\":\"a\"}\nxyz\n"
	for n := range len(in) {
		r := NewReader(io.MultiReader(strings.NewReader(in[:n]), errReader{broken}), Limits{})
		if _, err := readAll(r); err != broken {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
	if _, err := readAll(NewReader(errReader{nil}, Limits{})); err != io.ErrNoProgress {
		t.Error(err)
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

func TestChangedHeaders(t *testing.T) {
	const in = " {\"event_id\":\"0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9\",\"dsn\":\"old\",\"x\":{\"dsn\":1},\"dsn\":\"older\"}\r\n" +
		"\n{ \"type\":\"event\" , \"new_key\":[1, 2]}\n{\"a\":1}\n\n{\"type\":\"attachment\"}"
	tests := []struct {
		name   string
		change func(*Envelope)
		want   string
	}{
		{"nothing", func(*Envelope) {}, in},
		{"the same value", func(e *Envelope) { e.Header.DSN = "older"; e.Items[0].Header.Type = "event" }, in},
		{"one key of the header", func(e *Envelope) { e.Header.DSN = "" },
			" {\"event_id\":\"0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9\",\"x\":{\"dsn\":1}}\r\n" + in[strings.Index(in, "\r\n")+2:]},
		{"any key of the header", func(e *Envelope) { e.Header.Set("retention", []byte("9")); e.Header.Set("x", nil) },
			" {\"event_id\":\"0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9\",\"dsn\":\"old\",\"dsn\":\"older\",\"retention\":9}\r\n" + in[strings.Index(in, "\r\n")+2:]},
		{"a payload with newlines", func(e *Envelope) { e.Items[0].Payload = []byte("{\n}") },
			strings.Replace(in, "{ \"type\":\"event\" , \"new_key\":[1, 2]}\n{\"a\":1}", "{\"type\":\"event\",\"new_key\":[1, 2],\"length\":3}\n{\n}", 1)},
		{"a payload for the last", func(e *Envelope) { e.Items[1].Payload = []byte("x") }, in + "\nx"},
		{"one more item", func(e *Envelope) {
			e.Items = append(e.Items, Item{Header: ItemHeader{Type: "a", Filename: "\"<é>\""}, Payload: []byte("y")})
		}, in + "\n\n{\"type\":\"a\",\"length\":1,\"filename\":\"\\\"<é>\\\"\"}\ny\n"},
		{"only the last left", func(e *Envelope) { e.Items = e.Items[1:] }, in[:strings.Index(in, "\r\n")+2] + "\n{\"type\":\"attachment\"}"},
		{"none left", func(e *Envelope) { e.Items = nil }, in[:strings.Index(in, "\r\n")+2]},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := Parse([]byte(in))
			if err != nil {
				t.Fatal(err)
			}
			tt.change(e)
			got := e.Bytes()
			if string(got) != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			again, err := Parse(got)
			if err != nil || len(again.Items) != len(e.Items) {
				t.Errorf("read again: %v", err)
			}
			var b bytes.Buffer
			if n, err := e.WriteTo(&b); err != nil || n != int64(len(got)) || !bytes.Equal(b.Bytes(), got) {
				t.Errorf("WriteTo: %d, %v", n, err)
			}
		})
	}
	made := Envelope{Header: Header{EventID: ID{0xab}}, Items: []Item{{Header: ItemHeader{Type: "event"}, Payload: []byte("{}")}}}
	if got := string(made.Bytes()); got != "{\"event_id\":\"ab000000000000000000000000000000\"}\n{\"type\":\"event\",\"length\":2}\n{}\n" {
		t.Errorf("made by hand: %q", got)
	}
	if got := string((&Envelope{}).Bytes()); got != "{}\n" {
		t.Errorf("made of nothing: %q", got)
	}
}

// TestStandardLibraryOnly: anyone may import this package, so it brings nothing along.
func TestStandardLibraryOnly(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Fields(string(out)); len(got) != 1 || !strings.HasSuffix(got[0], "/envelope") {
		t.Errorf("not of the standard library: %q", got)
	}
}
