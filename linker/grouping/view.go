package grouping

import (
	"cmp"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/linker/grouping/rules"
)

// view is an event with what was found out about its frames.
type view struct {
	ev       *envelope.Event
	event    *rules.Event
	verdicts map[*envelope.Stacktrace][]rules.Verdict
	limits   map[*envelope.Stacktrace]rules.Limits
	names    map[*envelope.Stacktrace]string
	order    []*envelope.Stacktrace
	ruled    bool // a rule said something
	counted  map[*envelope.Frame]string
}

func newView(ev *envelope.Event, st *rules.StackTraces) *view {
	v := &view{ev: ev, verdicts: map[*envelope.Stacktrace][]rules.Verdict{}, limits: map[*envelope.Stacktrace]rules.Limits{},
		names: map[*envelope.Stacktrace]string{}, event: eventOf(ev)}
	for i := range ev.Exceptions {
		v.look(ev.Exceptions[i].Stacktrace, cmp.Or(ev.Exceptions[i].Type, ev.Exceptions[i].Value), st)
	}
	for i := range ev.Threads {
		v.look(ev.Threads[i].Stacktrace, "thread "+cmp.Or(ev.Threads[i].Name, ev.Threads[i].ID), st)
	}
	v.look(ev.Stacktrace, "stack trace", st)
	return v
}

func eventOf(ev *envelope.Event) *rules.Event {
	e := &rules.Event{Logger: ev.Logger, Level: ev.Level, Release: ev.Release, Transaction: ev.Transaction, Tag: ev.Tag, Family: rules.Family(ev.Platform)}
	if ev.Message != nil {
		e.Message = ev.Message.Formatted
	}
	if ev.SDK != nil {
		e.SDK = ev.SDK.Name
	}
	for i := range ev.Exceptions {
		x := &ev.Exceptions[i]
		e.Types, e.Values = append(e.Types, x.Type), append(e.Values, x.Value)
		if x.Mechanism != nil {
			e.Mechanisms = append(e.Mechanisms, x.Mechanism.Type)
		}
	}
	return e
}

// look judges the frames of one stack trace.
func (v *view) look(s *envelope.Stacktrace, name string, st *rules.StackTraces) {
	if s == nil || v.verdicts[s] != nil {
		return
	}
	frames, verdicts := make([]rules.Frame, len(s.Frames)), make([]rules.Verdict, len(s.Frames))
	for i := range s.Frames {
		f := &s.Frames[i]
		platform := cmp.Or(f.Platform, v.ev.Platform)
		in := inAppV2(v.ev.Platform, f)
		verdicts[i].InApp = in
		if why := machinery(platform, f); why != "" {
			no := false
			verdicts[i].Group, verdicts[i].GroupBy = &no, why
		}
		frames[i] = rules.Frame{Function: f.Function, Module: f.Module, Package: f.Package, AbsPath: f.AbsPath, Filename: f.Filename,
			Family: rules.Family(platform), InApp: in}
	}
	before := append([]rules.Verdict(nil), verdicts...)
	l := st.Apply(v.event, frames, verdicts)
	for i := range verdicts {
		v.ruled = v.ruled || before[i] != verdicts[i]
	}
	v.ruled = v.ruled || l != rules.Limits{}
	v.event.Frames = append(v.event.Frames, frames...)
	v.verdicts[s], v.limits[s], v.names[s], v.order = verdicts, l, name, append(v.order, s)
}

// changes says whether the stack-trace rules give an event another hash than it has without them.
func (v *view) changes(values []string, with string) bool {
	return hashBy(V2, newView(v.ev, nil).variants(values)[0].Component) != with
}

// mark writes into the event what rules say of frames, and keeps what the SDK said.
func (v *view) mark() {
	for s, verdicts := range v.verdicts {
		for i := range verdicts {
			f, in := &s.Frames[i], verdicts[i].InApp
			if verdicts[i].AppRule == "" || f.InApp != nil && *f.InApp == in {
				continue
			}
			if f.Data == nil {
				f.Data = envelope.Object{}
			}
			if _, again := f.Data[origInApp]; !again {
				f.Data.SetText(origInApp, origin(f.InApp))
			}
			f.InApp = &in
		}
	}
}

func origin(in *bool) string {
	switch {
	case in == nil:
		return "-1"
	case *in:
		return "1"
	}
	return "0"
}

// stacks tells what became of the frames, after the variants were made.
func (v *view) stacks() []StackVerdict {
	out := make([]StackVerdict, 0, len(v.order))
	for _, s := range v.order {
		k := StackVerdict{Exception: v.names[s], Frames: make([]FrameVerdict, len(s.Frames))}
		for i := range s.Frames {
			f, x := &s.Frames[i], &v.verdicts[s][i]
			why, counts := v.counted[f]
			k.Frames[i] = FrameVerdict{Function: f.Function, Module: f.Module, Filename: fileOf(f), InApp: x.InApp, Contributes: counts && why == "", Hint: why}
			if x.AppRule != "" {
				k.Frames[i].Hint = "marked by " + x.AppRule
				if why != "" && why != notApp {
					k.Frames[i].Hint += "; " + why
				}
			}
		}
		out = append(out, k)
	}
	return out
}
