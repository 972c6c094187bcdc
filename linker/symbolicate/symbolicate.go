package symbolicate

import (
	"context"
	"slices"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
)

// Symbolicator maps events. It is safe for concurrent use.
type Symbolicator struct {
	cache *cache
}

// New makes a symbolicator whose parsed files take up to cacheBytes of memory, besides those in use.
func New(cacheBytes int64) *Symbolicator {
	return &Symbolicator{cache: newCache(cacheBytes)}
}

// Result says what was done to an event.
type Result struct {
	Mapped int // frames
	// Wanted are debug ids, of files that were not there or could not be read.
	Wanted []string
	// WantsRelease says that a file of the event's release and dist was not there.
	WantsRelease bool
	// Unread says that something was there and could not be read.
	Unread bool
}

// maxWanted bounds what one event waits for.
const maxWanted = 50

func (r *Result) want(id string) {
	if id != "" && len(r.Wanted) < maxWanted && !slices.Contains(r.Wanted, id) {
		r.Wanted = append(r.Wanted, id)
	}
}

// Event maps the frames of a normalised event in place.
func (s *Symbolicator) Event(ctx context.Context, ev *envelope.Event, a Artifacts) Result {
	var r Result
	traces := stacks(ev)
	if len(traces) == 0 {
		return r
	}
	ev.Errors = slices.DeleteFunc(ev.Errors, func(o envelope.Object) bool { return strings.HasPrefix(o.Text("type"), "js_") })
	s.javascript(ctx, ev, traces, a, &r)
	s.jvm(ctx, ev, traces, a, &r)
	s.native(ctx, ev, traces, a, &r)
	for _, t := range traces {
		r.Mapped += t.mapped
		t.finish()
	}
	return r
}

// trace is one stack trace of an event while it is mapped.
type trace struct {
	now, raw **envelope.Stacktrace
	frames   []envelope.Frame // the originals, then what became of them
	original []envelope.Frame
	mapped   int
}

// stacks gives the event's stack traces, each as it came. One that is not worth a look is left out.
func stacks(ev *envelope.Event) []*trace {
	var out []*trace
	add := func(now, raw **envelope.Stacktrace) {
		from := *now
		if *raw != nil {
			from = *raw
		}
		if from == nil || len(from.Frames) == 0 {
			return
		}
		out = append(out, &trace{now: now, raw: raw, frames: slices.Clone(from.Frames), original: from.Frames})
	}
	for i := range ev.Exceptions {
		add(&ev.Exceptions[i].Stacktrace, &ev.Exceptions[i].RawStacktrace)
	}
	for i := range ev.Threads {
		add(&ev.Threads[i].Stacktrace, &ev.Threads[i].RawStacktrace)
	}
	var none *envelope.Stacktrace // of a trace outside of exceptions nothing has a place for the original
	add(&ev.Stacktrace, &none)
	return out
}

// finish puts the frames back. The originals stay beside them when they differ.
func (t *trace) finish() {
	was := *t.now
	if *t.raw != nil {
		was = *t.raw
	}
	if was == nil {
		return
	}
	now := *was
	now.Frames = t.frames
	if t.mapped > 0 {
		keep := *was
		keep.Frames = t.original
		*t.raw = &keep
	} else {
		*t.raw = nil
	}
	*t.now = &now
}

// fail adds a problem of a file to the event, once for each file.
func fail(ev *envelope.Event, kind, url string) {
	for _, e := range ev.Errors {
		if e.Text("type") == kind && e.Text("url") == url {
			return
		}
	}
	if len(ev.Errors) >= maxErrors {
		return
	}
	o := envelope.Object{}
	o.SetText("type", kind)
	o.SetText("url", url)
	ev.Errors = append(ev.Errors, o)
}

const maxErrors = 30
