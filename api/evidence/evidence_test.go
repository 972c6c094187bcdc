package evidence

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/linker/recording"
)

const evil = `</script><script>alert(1)</script><img src=x onerror=alert(1)>"'` + "`"

// Whatever the strangers' words, the file has two scripts: the data and ours, whose hash the policy names.
func TestFileIsClosed(t *testing.T) {
	ev := &envelope.Event{Transaction: evil, Release: evil, Environment: evil, Request: &envelope.Request{Method: evil, URL: "http://x/" + evil + "?secret=1",
		Cookies: []envelope.Pair{{Key: "c", Value: "a secret"}}, Headers: []envelope.Pair{{Key: "Authorization", Value: "a secret"}}},
		User: &envelope.User{Email: "a secret"}, SDK: &envelope.SDK{Name: evil},
		Exceptions: []envelope.Exception{{Type: evil, Value: evil, Stacktrace: &envelope.Stacktrace{Frames: []envelope.Frame{{Function: evil, Filename: "javascript:alert(1)", Lineno: 3,
			ContextLine: evil, PreContext: []string{evil}, Vars: envelope.Object{"password": json.RawMessage(`"a secret"`)}}}}}}}
	raw, err := json.Marshal(map[string]any{"type": 2, "data": evil})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	err = Write(&b, Bundle{Title: evil, Level: evil, Project: evil, ShortID: evil, EventID: evil, ReplayID: evil, Reason: evil, Time: time.Unix(1, 0), Made: time.Unix(2, 0), Event: ev,
		Clip: &Clip{Events: []json.RawMessage{raw, raw}}, Script: []byte(`play("</script><!-- x")`)})
	if err != nil {
		t.Fatal(err)
	}
	file := b.String()
	scripts := regexp.MustCompile(`(?s)<script[^>]*>(.*?)</script>`).FindAllStringSubmatch(file, -1)
	if len(scripts) != 2 || strings.Contains(scripts[0][1], "<") {
		t.Fatalf("scripts: %q", scripts)
	}
	var clip Clip
	if err := json.Unmarshal([]byte(scripts[0][1]), &clip); err != nil || len(clip.Events) != 2 || !strings.Contains(string(clip.Events[0]), "alert(1)") {
		t.Errorf("the data does not come back: %v %q", err, scripts[0][1])
	}
	sum := sha256.Sum256([]byte(scripts[1][1]))
	policy := regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(file)
	unescaped := strings.NewReplacer("&#39;", "'", "&#43;", "+").Replace(policy[1])
	if !strings.Contains(unescaped, "default-src 'none'; script-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"';") {
		t.Errorf("policy %q", unescaped)
	}
	for _, bad := range []string{"<img", "a secret", "secret=1"} {
		if strings.Contains(file, bad) {
			t.Errorf("the file has %q", bad)
		}
	}
}

func TestWithoutRecording(t *testing.T) {
	var b strings.Builder
	if err := Write(&b, Bundle{Title: "t", Event: &envelope.Event{}, Missing: "recording lost: <rate limit>"}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "<script") || !strings.Contains(b.String(), "recording lost: &lt;rate limit&gt;") || !strings.Contains(b.String(), "no stack trace") {
		t.Error(b.String())
	}
}

func events(list ...[2]int) iter.Seq2[recording.Event, error] {
	return func(yield func(recording.Event, error) bool) {
		for _, e := range list {
			raw := fmt.Sprintf(`{"type":%d,"timestamp":%d,"data":{}}`, e[0], e[1])
			if !yield(recording.Event{Type: e[0], TimeMS: float64(e[1]), Raw: json.RawMessage(raw)}, nil) {
				return
			}
		}
	}
}

func TestCut(t *testing.T) {
	brief := func(c *Clip) (out []string) {
		if c == nil {
			return nil
		}
		for _, e := range c.Events {
			var v struct{ Type, Timestamp int }
			if err := json.Unmarshal(e, &v); err != nil {
				t.Fatal(err)
			}
			out = append(out, fmt.Sprint(v.Type, "@", v.Timestamp))
		}
		return out
	}
	for _, tt := range []struct {
		name     string
		in       [][2]int
		from, to int64
		want     string
	}{
		{"from the last full picture before it", [][2]int{{4, 1}, {2, 2}, {3, 3}, {4, 10}, {2, 11}, {3, 12}, {4, 30}, {2, 31}, {3, 32}}, 20, 40, "[4@10 2@11 3@12 4@30 2@31 3@32]"},
		{"nothing after the end, nothing that is no picture", [][2]int{{4, 1}, {2, 2}, {5, 3}, {3, 4}, {3, 50}}, 3, 10, "[4@1 2@2 3@4]"},
		{"a recording that begins later", [][2]int{{3, 1}, {4, 20}, {2, 21}, {3, 22}}, 5, 40, "[4@20 2@21 3@22]"},
		{"no full picture", [][2]int{{3, 1}, {3, 2}}, 0, 40, "[]"},
		{"false times", [][2]int{{4, 5}, {2, 6}, {3, 0}, {3, 9}, {3, 4_000_000}}, 7, 40, "[4@5 2@6 3@9]"},
		{"segments out of order", [][2]int{{4, 1}, {2, 2}, {3, 9}, {3, 5}}, 3, 40, "[4@1 2@2 3@5 3@9]"},
	} {
		c, err := Cut(events(tt.in...), 7, tt.from, tt.to)
		if c != nil && (c.FromMS < int64(c.FirstMS) || c.ToMS < c.FromMS || c.ToMS > tt.to) {
			t.Errorf("%s: from %d to %d, first %v", tt.name, c.FromMS, c.ToMS, c.FirstMS)
		}
		if got := fmt.Sprint(brief(c)); err != nil || got != tt.want {
			t.Errorf("%s: %s, %v; want %s", tt.name, got, err, tt.want)
		}
	}
	big := func(yield func(recording.Event, error) bool) {
		raw := json.RawMessage(`{"type":2,"timestamp":1,"data":"` + strings.Repeat("x", 1<<20) + `"}`)
		for range 30 {
			if !yield(recording.Event{Type: 3, TimeMS: 2, Raw: raw}, nil) {
				return
			}
		}
	}
	both := func(yield func(recording.Event, error) bool) {
		events([2]int{4, 1}, [2]int{2, 1})(yield)
		big(yield)
	}
	if _, err := Cut(both, 7, 3, 40); !errors.Is(err, ErrTooLarge) {
		t.Errorf("30 MiB: %v", err)
	}
}
