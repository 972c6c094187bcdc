package ownership

import "github.com/hindsight-dev/hindsight/envelope"

// EventOf is what rules look at of an event: the frames of all its exceptions, the outermost exception's last.
func EventOf(ev *envelope.Event) *Event {
	e := &Event{Tag: ev.Tag}
	if ev.Request != nil {
		e.URL = ev.Request.URL
	}
	add := func(s *envelope.Stacktrace) {
		if s == nil {
			return
		}
		for i := range s.Frames {
			f := &s.Frames[i]
			e.Frames = append(e.Frames, Frame{Filename: f.Filename, AbsPath: f.AbsPath, Module: f.Module})
		}
	}
	add(ev.Stacktrace)
	for i := range ev.Exceptions {
		add(ev.Exceptions[i].Stacktrace)
	}
	return e
}
