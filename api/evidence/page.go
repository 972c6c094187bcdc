package evidence

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // for the page
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("evidence").Parse(pageText))

// Bounds of what is shown of an error.
const (
	maxExceptions = 10
	maxFrames     = 50 // of one exception, the newest calls
)

// Bundle is what one file is made of.
type Bundle struct {
	Title, Level, Project, ShortID, EventID, ReplayID string
	Time, Made                                        time.Time
	Event                                             *envelope.Event
	Reason                                            string // how error and recording are tied, in words
	Missing                                           string // why there is no recording, in words
	Clip                                              *Clip  // nil: no recording
	Script                                            []byte // plays a clip; see ui/src/evidence
}

type view struct {
	Bundle
	Policy, Value, Time, Made string
	Exceptions                []exception
	Facts                     []fact
	Recording, Script         template.JS
}

type exception struct {
	Type, Value string
	Frames      []frame
}

type frame struct {
	Function, Place, Line string
	Before, After         []string
	Own                   bool
}

type fact struct{ Name, Value string }

// Write writes the file. Everything in it that came from outside is escaped by the place where it stands.
func Write(w io.Writer, b Bundle) error {
	v := view{Bundle: b, Time: b.Time.UTC().Format(time.RFC3339), Made: b.Made.UTC().Format(time.RFC3339)}
	v.Exceptions = exceptions(b.Event)
	v.Facts = facts(b.Event)
	if n := len(v.Exceptions); n > 0 {
		v.Value = v.Exceptions[0].Value
	}
	script := inlined(b.Script)
	v.Policy = policy(script)
	if b.Clip != nil {
		data, err := json.Marshal(b.Clip) // encoding/json writes <, > and & as escapes
		if err != nil {
			return fmt.Errorf("encode the recording: %w", err)
		}
		v.Recording, v.Script = template.JS(data), template.JS(script)
	}
	if err := page.Execute(w, v); err != nil {
		return fmt.Errorf("write evidence: %w", err)
	}
	return nil
}

// inlined makes a script of ours safe to stand in a script element: nothing in it ends the element.
func inlined(script []byte) []byte {
	script = bytes.ReplaceAll(script, []byte("</script"), []byte(`<\/script`))
	return bytes.ReplaceAll(script, []byte("<!--"), []byte(`<\!--`))
}

// policy lets the one script run and nothing load. The frame that the recording is drawn in inherits it.
func policy(script []byte) string {
	sum := sha256.Sum256(script)
	return "default-src 'none'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; style-src 'unsafe-inline'; " +
		"img-src data:; font-src data:; media-src data:; base-uri 'none'; form-action 'none'"
}

// exceptions are an event's, the one that was reported first: that is the last of the list.
func exceptions(ev *envelope.Event) (out []exception) {
	for i := len(ev.Exceptions) - 1; i >= 0 && len(out) < maxExceptions; i-- {
		x := &ev.Exceptions[i]
		e := exception{Type: x.Type, Value: x.Value}
		if x.Stacktrace != nil {
			fs := x.Stacktrace.Frames
			for n := len(fs) - 1; n >= 0 && len(e.Frames) < maxFrames; n-- {
				e.Frames = append(e.Frames, frameOf(&fs[n]))
			}
		}
		out = append(out, e)
	}
	return out
}

func frameOf(f *envelope.Frame) frame {
	out := frame{Function: f.Function, Place: f.Filename, Line: f.ContextLine, Before: f.PreContext, After: f.PostContext, Own: f.InApp != nil && *f.InApp}
	if out.Function == "" {
		out.Function = "?"
	}
	if out.Place == "" {
		out.Place = f.Module
	}
	if f.Lineno > 0 {
		out.Place += fmt.Sprintf(":%d", f.Lineno)
	}
	return out
}

// facts are what tells where it happened, and not to whom.
func facts(ev *envelope.Event) (out []fact) {
	add := func(name, value string) {
		if value != "" {
			out = append(out, fact{name, value})
		}
	}
	if r := ev.Request; r != nil {
		at, _, _ := strings.Cut(r.URL, "?")
		add("Request", strings.TrimSpace(r.Method+" "+at))
	}
	add("Transaction", ev.Transaction)
	add("Release", ev.Release)
	add("Environment", ev.Environment)
	if t := ev.TraceID(); !t.IsZero() {
		add("Trace", t.String())
	}
	if ev.SDK != nil {
		add("SDK", strings.TrimSpace(ev.SDK.Name+" "+ev.SDK.Version))
	}
	return out
}
