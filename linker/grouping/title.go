package grouping

import (
	"strings"
	"unicode"

	"github.com/hindsight-dev/hindsight/envelope"
)

const maxTitle = 256 // characters

// describe gives an issue its name.
func describe(ev *envelope.Event, r *Result) {
	r.Metadata = map[string]string{}
	f := mainFrame(ev, InApp)
	if f != nil {
		set(r.Metadata, "filename", fileOf(f))
		set(r.Metadata, "function", f.Function)
	}
	set(r.Metadata, "in_app_frame_mix", mix(ev))
	r.Culprit = culprit(ev, f)
	x := mainException(ev)
	if x == nil || messageOnly(ev) {
		r.Title = "<unlabeled event>"
		if ev.Message != nil {
			r.Title = oneLine(ev.Message.Formatted)
		} else if ev.Transaction != "" {
			r.Title = oneLine(ev.Transaction)
		}
		r.Metadata["title"] = r.Title
		return
	}
	kind, value := titleType(ev), x.Value
	set(r.Metadata, "type", oneLine(kind))
	value, _ = envelope.CutText(value, 1024)
	set(r.Metadata, "value", value)
	switch line := oneLine(value); {
	case kind == "":
		r.Title = line
	case line == "":
		r.Title = oneLine(kind)
	default:
		r.Title = oneLine(kind + ": " + line)
	}
}

// mainException is the one that was thrown: the last.
func mainException(ev *envelope.Event) *envelope.Exception {
	if len(ev.Exceptions) == 0 {
		return nil
	}
	return &ev.Exceptions[len(ev.Exceptions)-1]
}

// titleType is the type people know the error by. A Go error wrapped for its text is known by what it wraps.
func titleType(ev *envelope.Event) string {
	last := len(ev.Exceptions) - 1
	if ev.Platform == "go" {
		for i := last; i >= 0; i-- {
			if t := ev.Exceptions[i].Type; !saysNothing("go", t) {
				return t
			}
		}
	}
	return ev.Exceptions[last].Type
}

// inAppFunc is an algorithm's way to tell the application's own frames.
type inAppFunc func(platform string, f *envelope.Frame) bool

// mainFrame is where it happened: the innermost frame of the application, else the innermost.
func mainFrame(ev *envelope.Event, inApp inAppFunc) *envelope.Frame {
	var s *envelope.Stacktrace
	for i := len(ev.Exceptions) - 1; i >= 0 && s == nil; i-- {
		s = ev.Exceptions[i].Stacktrace
	}
	if s == nil {
		s = threadStack(ev)
	}
	if s == nil || len(s.Frames) == 0 {
		return nil
	}
	for i := len(s.Frames) - 1; i >= 0; i-- {
		if inApp(ev.Platform, &s.Frames[i]) {
			return &s.Frames[i]
		}
	}
	return &s.Frames[len(s.Frames)-1]
}

func fileOf(f *envelope.Frame) string {
	if f.Filename != "" {
		return f.Filename
	}
	return f.AbsPath
}

func culprit(ev *envelope.Event, f *envelope.Frame) string {
	switch {
	case ev.Transaction != "":
		return oneLine(ev.Transaction)
	case ev.Culprit != "":
		return oneLine(ev.Culprit)
	case f == nil:
		return ""
	}
	place := f.Module
	if place == "" {
		place = fileOf(f)
	}
	fn := f.Function
	switch {
	case place == "":
		return oneLine(fn)
	case fn == "":
		return oneLine(place)
	case ev.Platform == "javascript" || ev.Platform == "node":
		return oneLine(fn + "(" + place + ")")
	}
	return oneLine(place + " in " + fn)
}

func mix(ev *envelope.Event) string {
	app, system := false, false
	count := func(s *envelope.Stacktrace) {
		if s == nil {
			return
		}
		for i := range s.Frames {
			if InApp(ev.Platform, &s.Frames[i]) {
				app = true
			} else {
				system = true
			}
		}
	}
	for i := range ev.Exceptions {
		count(ev.Exceptions[i].Stacktrace)
	}
	if len(ev.Exceptions) == 0 {
		count(threadStack(ev))
	}
	switch {
	case app && system:
		return "mixed"
	case app:
		return "in-app-only"
	case system:
		return "system-only"
	}
	return ""
}

func set(m map[string]string, name, value string) {
	if value != "" {
		m[name] = value
	}
}

// oneLine is the first line with something in it, without control characters.
func oneLine(s string) string {
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			s = line
			break
		}
	}
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s))
	s, _ = envelope.CutText(s, maxTitle)
	return s
}
