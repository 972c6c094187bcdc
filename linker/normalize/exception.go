package normalize

import (
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
)

const (
	maxExceptions = 50
	maxThreads    = 256
	maxFrames     = 250
	maxFullFrames = 50 // frames that keep variables and source
	maxLine       = 1024
	maxVarsBytes  = 16 << 10
)

func exceptions(ev *envelope.Event) {
	adoptStacktrace(ev)
	kept := ev.Exceptions[:0]
	for i := range ev.Exceptions {
		x := ev.Exceptions[i]
		splitType(&x)
		if x.Type == "" && x.Value == "" && x.Stacktrace == nil && x.RawStacktrace == nil {
			ev.Invalid("an exception needs a type or a value", nil, "exception", "values", strconv.Itoa(i))
			continue
		}
		kept = append(kept, x)
	}
	if n := len(kept); n > maxExceptions {
		ev.Cut(n, maxExceptions, "exception", "values")
		kept = kept[n-maxExceptions:] // the last is what was thrown
	}
	if ev.Exceptions = kept; len(kept) == 0 {
		ev.Exceptions = nil
	}
	for i := range ev.Exceptions {
		x := &ev.Exceptions[i]
		at := []string{"exception", "values", strconv.Itoa(i)}
		cut(ev, &x.Type, maxType, append(at, "type")...)
		cut(ev, &x.Value, maxMessage, append(at, "value")...)
		cut(ev, &x.Module, maxType, append(at, "module")...)
		mechanism(x.Mechanism)
		stacktrace(ev, x.Stacktrace, append(at, "stacktrace"))
		stacktrace(ev, x.RawStacktrace, append(at, "raw_stacktrace"))
	}
	if n := len(ev.Threads); n > maxThreads {
		ev.Cut(n, maxThreads, "threads", "values")
		ev.Threads = ev.Threads[:maxThreads]
	}
	for i := range ev.Threads {
		at := []string{"threads", "values", strconv.Itoa(i)}
		stacktrace(ev, ev.Threads[i].Stacktrace, append(at, "stacktrace"))
		stacktrace(ev, ev.Threads[i].RawStacktrace, append(at, "raw_stacktrace"))
	}
	stacktrace(ev, ev.Stacktrace, []string{"stacktrace"})
}

// adoptStacktrace moves a stack trace from the top level, where old SDKs put it, to where it belongs.
func adoptStacktrace(ev *envelope.Event) {
	switch {
	case ev.Stacktrace == nil:
	case len(ev.Exceptions) == 1 && ev.Exceptions[0].Stacktrace == nil:
		ev.Exceptions[0].Stacktrace, ev.Stacktrace = ev.Stacktrace, nil
	case len(ev.Exceptions) == 0 && len(ev.Threads) == 0:
		yes := true
		ev.Threads, ev.Stacktrace = []envelope.Thread{{ID: "0", Current: &yes, Stacktrace: ev.Stacktrace}}, nil
	}
}

var typedValue = regexp.MustCompile(`^([A-Za-z_$][\w$]*(?:[.:\\]+[\w$]+)*): (?s)(.+)$`)

// splitType takes "TypeError: x is undefined" apart when no type was given.
func splitType(x *envelope.Exception) {
	if x.Type != "" || len(x.Value) > maxMessage {
		return
	}
	if m := typedValue.FindStringSubmatch(x.Value); m != nil {
		x.Type, x.Value = m[1], m[2]
	}
}

func mechanism(m *envelope.Mechanism) {
	if m != nil && m.Type == "" {
		m.Type = "generic"
	}
}

// stacktrace keeps the newest frames, and of a long one only the variables and source of both ends.
func stacktrace(ev *envelope.Event, s *envelope.Stacktrace, at []string) {
	if s == nil {
		return
	}
	at = append(at, "frames")
	if n := len(s.Frames); n > maxFrames {
		ev.Cut(n, maxFrames, at...)
		s.Frames = append([]envelope.Frame(nil), s.Frames[n-maxFrames:]...)
	}
	trimmedGo(ev.Platform, s)
	n := len(s.Frames)
	for i := range s.Frames {
		f := &s.Frames[i]
		if f.Filename == "" && f.AbsPath != "" {
			f.Filename = baseName(f.AbsPath)
		}
		frameTexts(f)
		if n > maxFullFrames && i >= maxFullFrames/2 && i < n-maxFullFrames/2 {
			f.Vars, f.PreContext, f.PostContext = nil, nil, nil
		}
	}
}

func frameTexts(f *envelope.Frame) {
	for _, s := range []*string{&f.Function, &f.RawFunction, &f.Symbol, &f.Module, &f.Package, &f.Filename} {
		*s, _ = envelope.CutText(*s, maxPath)
	}
	f.AbsPath, _ = envelope.CutText(f.AbsPath, maxPath)
	f.ContextLine, _ = envelope.CutText(f.ContextLine, maxLine)
	for _, lines := range []*[]string{&f.PreContext, &f.PostContext} {
		if len(*lines) > maxFullFrames {
			*lines = (*lines)[:maxFullFrames]
		}
		for i := range *lines {
			(*lines)[i], _ = envelope.CutText((*lines)[i], maxLine)
		}
	}
	trimObject(f.Vars, maxDepth, maxVarsBytes)
}

// baseName is the path of a URL, or the file name of a path: what people expect as file name.
func baseName(abs string) string {
	if scheme, rest, ok := strings.Cut(abs, "://"); ok && !strings.ContainsAny(scheme, `/\`) {
		if _, p, ok := strings.Cut(rest, "/"); ok {
			p, _, _ = strings.Cut(p, "?")
			return "/" + p
		}
		return abs
	}
	return path.Base(strings.ReplaceAll(abs, `\`, "/"))
}

// trimObject bounds an object as a whole; members that no longer fit are dropped.
func trimObject(o envelope.Object, depth, size int) (cut bool) {
	for _, name := range sorted(o) {
		if size <= 0 {
			delete(o, name)
			cut = true
			continue
		}
		if len(o[name]) < 16 {
			size -= len(o[name]) + len(name)
			continue
		}
		v, c := envelope.Trim(o[name], depth-1, size)
		o[name], cut = v, cut || c
		size -= len(v) + len(name)
	}
	return cut
}
