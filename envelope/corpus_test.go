package envelope

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite golden files")

// corpus returns the envelopes of real SDKs by "sdk/scenario".
func corpus(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/*/*.envelope")
	if err != nil || len(files) < 60 {
		t.Fatalf("%d envelopes in testdata (%v)", len(files), err)
	}
	all := make(map[string][]byte, len(files))
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(name), "testdata/"), ".envelope")] = b
	}
	return all
}

// golden is what is compared: the parts of an envelope a consumer acts on.
type golden struct {
	Error   string       `json:"error,omitempty"`
	EventID ID           `json:"event_id"`
	DSN     string       `json:"dsn,omitempty"`
	SentAt  string       `json:"sent_at,omitempty"`
	SDK     *SDKInfo     `json:"sdk,omitempty"`
	Trace   *DSC         `json:"trace,omitempty"`
	Items   []goldenItem `json:"items"`
}

type goldenItem struct {
	Header     json.RawMessage `json:"header"`
	Category   string          `json:"category,omitempty"`
	Quantities []Quantity      `json:"quantities,omitempty"`
	Bytes      int             `json:"bytes"`
	SHA256     string          `json:"sha256"`
	Payload    any             `json:"payload,omitempty"`
	Invalid    string          `json:"invalid,omitempty"`
}

func goldenOf(e *Envelope, err error) golden {
	if err != nil {
		return golden{Error: err.Error()}
	}
	g := golden{EventID: e.Header.EventID, DSN: e.Header.DSN, SDK: e.Header.SDK, Trace: e.Header.Trace}
	if !e.Header.SentAt.IsZero() {
		g.SentAt = e.Header.SentAt.String()
	}
	for _, it := range e.Items {
		sum := sha256.Sum256(it.Payload)
		gi := goldenItem{
			Header:     it.Header.Raw(),
			Category:   Category(it.Header.Type, it.Header),
			Quantities: Quantities(it.Header.Type, it.Header, int64(len(it.Payload))),
			Bytes:      len(it.Payload),
			SHA256:     hex.EncodeToString(sum[:8]),
		}
		var perr error
		if gi.Payload, perr = typed(it); perr != nil {
			gi.Payload, gi.Invalid = nil, perr.Error()
		}
		g.Items = append(g.Items, gi)
	}
	return g
}

// typed reads a payload by its item's type; nil for types that are read elsewhere or not at all.
func typed(it Item) (any, error) {
	switch it.Header.Type {
	case "session":
		return ParseSession(it.Payload)
	case "sessions":
		return ParseSessionAggregates(it.Payload)
	case "client_report":
		return ParseClientReport(it.Payload)
	case "check_in":
		return ParseCheckIn(it.Payload)
	case "feedback":
		return ParseFeedback(it.Payload)
	case "user_report":
		return ParseUserReport(it.Payload)
	case "replay_event":
		return ParseReplayEvent(it.Payload)
	case "replay_recording":
		segment, body, err := SplitRecording(it.Payload)
		return map[string]int64{"segment": segment, "bytes": int64(len(body))}, err
	case "replay_video":
		return ParseReplayVideo(it.Payload)
	case "log", "trace_metric", "span":
		if it.Header.ContentType == "application/json" || it.Header.ContentType == "" {
			return nil, nil
		}
		parts, settings, err := ParseContainer(it.Header, it.Payload)
		return map[string]any{"parts": len(parts), "settings": settings}, err
	}
	return nil, nil
}

// TestCorpus: real envelopes are read alike by Parse and Reader, within Relay's sizes, mean what
// they did before, and are written back byte for byte.
func TestCorpus(t *testing.T) {
	for name, b := range corpus(t) {
		t.Run(name, func(t *testing.T) {
			e, err := Parse(b)
			got, jerr := json.MarshalIndent(goldenOf(e, err), "", "  ")
			if jerr != nil {
				t.Fatal(jerr)
			}
			got = append(got, '\n')
			file := filepath.Join("testdata", name+".golden.json")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, ferr := os.ReadFile(file)
			if ferr != nil {
				t.Fatal(ferr)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("not as before (-want +got):\n%s", diff)
			}
			if err != nil {
				return
			}
			if !bytes.Equal(e.Bytes(), b) {
				t.Error("not written back byte for byte")
			}
			r := NewReader(iotest.HalfReader(bytes.NewReader(b)), Limits{Sizes: DefaultSizes()})
			streamed, err := readAll(r)
			if err != nil {
				t.Fatal(err)
			}
			if describe(streamed) != describe(e) {
				t.Error("Reader and Parse differ")
			}
		})
	}
}

// TestCorpusWithoutLengths: what SDKs send without lengths reads the same with lengths, and any
// item may be taken out.
func TestCorpusWithoutLengths(t *testing.T) {
	for name, b := range corpus(t) {
		e, err := Parse(b)
		if err != nil {
			continue
		}
		whole := describe(e)
		for i := range e.Items {
			e.Items[i].Header.Length = new(len(e.Items[i].Payload))
		}
		again, err := Parse(e.Bytes())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i := range again.Items {
			if !bytes.Equal(again.Items[i].Payload, e.Items[i].Payload) {
				t.Errorf("%s: item %d differs", name, i)
			}
			if e2, _ := Parse(b); e2.Items[i].Header.Length == nil {
				again.Items[i].Header.Length = nil
			}
		}
		if back, err := Parse(again.Bytes()); err != nil || describe(back) != whole {
			t.Errorf("%s: with lengths and back: %v", name, err)
		}
		if len(e.Items) > 1 {
			e.Items = e.Items[1:]
			if back, err := Parse(e.Bytes()); err != nil || len(back.Items) != len(e.Items) {
				t.Errorf("%s: first item taken out: %v", name, err)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, b := range corpus(f) {
		f.Add(b)
	}
	f.Add([]byte("{}\r\n{\"type\":\"a\",\"length\":0}\r\n\n\n"))
	f.Add([]byte("{\"event_id\":\"\",\"trace\":{\"sample_rate\":1}}\n{}\n\n \r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		in := bytes.Clone(b)
		e, err := Parse(b)
		streamed, streamErr := readAll(NewReader(iotest.OneByteReader(bytes.NewReader(b)), Limits{}))
		if !bytes.Equal(in, b) {
			t.Fatal("input was written to")
		}
		if (err == nil) != (streamErr == nil) || err != nil && err.Error() != streamErr.Error() {
			t.Fatalf("Parse says %v, Reader %v", err, streamErr)
		}
		if err != nil {
			var pe *ParseError
			var le *LimitError
			if !errors.As(err, &pe) && !errors.As(err, &le) {
				t.Fatalf("error of another kind: %v", err)
			}
			return
		}
		if describe(e) != describe(streamed) {
			t.Fatal("Parse and Reader differ")
		}
		if got := e.Bytes(); !bytes.Equal(got, b) {
			t.Fatalf("%q written back as %q", b, got)
		}
		for i := range e.Items {
			_, _ = typed(e.Items[i])
			e.Items[i].Header.Length = new(len(e.Items[i].Payload))
			e.Items[i].Header.Type = "x"
		}
		e.Header.EventID = ID{1}
		e.Header.DSN = "changed"
		e.Header.Trace = &DSC{Release: "changed"}
		again, err := Parse(e.Bytes())
		if err != nil {
			t.Fatalf("after changes: %v\n%q", err, e.Bytes())
		}
		if len(again.Items) != len(e.Items) || again.Header.EventID != e.Header.EventID || again.Header.DSN != "changed" || again.Header.Trace.Release != "changed" {
			t.Fatalf("changes lost: %q", e.Bytes())
		}
		for i := range again.Items {
			if again.Items[i].Header.Type != "x" || !bytes.Equal(again.Items[i].Payload, e.Items[i].Payload) {
				t.Fatalf("item %d lost: %q", i, e.Bytes())
			}
		}
	})
}

// TestReaderMemory: an item far larger than memory passes through, and a claimed length costs
// nothing.
func TestReaderMemory(t *testing.T) {
	const size = 1 << 30
	r := NewReader(io.MultiReader(
		strings.NewReader("{}\n{\"type\":\"attachment\",\"length\":1073741824}\n"),
		io.LimitReader(zeros{}, size),
		strings.NewReader("\n{\"type\":\"event\",\"length\":4294967295}\nx"),
	), Limits{})
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if n, err := io.Copy(io.Discard, r); err != nil || n != size {
		t.Fatalf("%d bytes, %v", n, err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("%d bytes allocated for one payload", used)
	}
	if h, err := r.Next(); err != nil || *h.Length != 4294967295 {
		t.Fatal(h, err)
	}
	var pe *ParseError
	if _, err := io.Copy(io.Discard, r); !errors.As(err, &pe) || pe.Cause != CauseUnexpectedEOF {
		t.Fatal(err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
