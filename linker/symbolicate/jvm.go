package symbolicate

import (
	"context"
	"io"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/linker/symbolicate/proguard"
)

// jvm undoes ProGuard's and R8's names: of frames, and of the exceptions' own classes.
func (s *Symbolicator) jvm(ctx context.Context, ev *envelope.Event, traces []*trace, a Artifacts, r *Result) {
	ids := proguardIDs(ev)
	if len(ids) == 0 {
		return
	}
	said := Mapping{Reason: MappingAbsent, DebugID: ids[0]}
	var maps []*proguard.Mapping
	files, err := a.DebugFiles(ctx, ids, nil)
	if err != nil {
		said = Mapping{Reason: Unreadable, Detail: "what was uploaded cannot be looked up now", DebugID: ids[0]}
	}
	for _, f := range files {
		if f.Format != "proguard" {
			continue
		}
		m, err := s.proguard(ctx, f, a)
		if err == nil {
			maps = append(maps, m)
			continue
		}
		said.Reason, said.Detail = Unreadable, "the uploaded mapping cannot be read now"
		if isBad(err) {
			said.Reason, said.Detail = MapInvalid, err.Error()
		}
	}
	if len(maps) == 0 {
		if said.Reason != MapInvalid {
			r.Unread = r.Unread || said.Reason == Unreadable
			for _, id := range ids {
				r.want(id)
			}
		}
	}
	for _, t := range traces {
		t.retrace(ev, maps, said)
	}
	for i := range ev.Exceptions {
		retraceType(&ev.Exceptions[i], maps)
	}
}

func proguardIDs(ev *envelope.Event) []string {
	var ids []string
	if ev.DebugMeta == nil {
		return nil
	}
	for _, im := range ev.DebugMeta.Images {
		if im.Text("type") != "proguard" {
			continue
		}
		name := im.Text("uuid")
		if name == "" {
			name = im.Text("debug_id")
		}
		if id, ok := envelope.ParseDebugID(name); ok && len(ids) < maxWanted {
			ids = append(ids, id)
		}
	}
	return ids
}

func (s *Symbolicator) proguard(ctx context.Context, f DebugFile, a Artifacts) (*proguard.Mapping, error) {
	v, err := s.cache.get(ctx, cacheKey{kind: 'g', id: f.ID}, func(ctx context.Context) (any, int64, error, error) {
		r, err := a.OpenDebugFile(ctx, f)
		if err != nil {
			return nil, 0, nil, err
		}
		defer r.Close()
		var b strings.Builder
		if _, err := io.Copy(&b, io.LimitReader(r, proguard.MaxBytes+1)); err != nil {
			return nil, 0, nil, err
		}
		m, err := proguard.Parse(b.String())
		if err != nil {
			return nil, 0, &badFile{err}, nil
		}
		return m, m.Bytes(), nil, nil
	})
	if err != nil {
		return nil, err
	}
	return v.(*proguard.Mapping), nil
}

// retrace puts the original calls into the place of frames; one frame may stand for several.
func (t *trace) retrace(ev *envelope.Event, maps []*proguard.Mapping, said Mapping) {
	var out []envelope.Frame
	for _, f := range t.frames {
		platform := f.Platform
		if platform == "" {
			platform = ev.Platform
		}
		if platform != "java" && platform != "android" || f.Module == "" {
			out = append(out, f)
			continue
		}
		var calls []proguard.Frame
		for _, m := range maps {
			if calls = m.Frame(f.Module, f.Function, f.Lineno); len(calls) > 0 {
				break
			}
		}
		if len(calls) == 0 {
			if len(maps) == 0 {
				note(&f, said)
			}
			out = append(out, f)
			continue
		}
		t.mapped++
		for i := len(calls) - 1; i >= 0; i-- { // frames are oldest first
			n := f
			n.RawFunction, n.Function, n.Module, n.Lineno = f.Function, calls[i].Method, calls[i].Class, calls[i].Line
			n.Filename, n.AbsPath = calls[i].File, calls[i].File
			note(&n, Mapping{ResolvedWith: "proguard", DebugID: said.DebugID})
			out = append(out, n)
		}
	}
	t.frames = out
}

// retraceType names an exception's class.
func retraceType(x *envelope.Exception, maps []*proguard.Mapping) {
	for _, m := range maps {
		name := x.Type
		if x.Module != "" {
			name = x.Module + "." + x.Type
		}
		full, ok := m.Class(name)
		if !ok {
			continue
		}
		if i := strings.LastIndexByte(full, '.'); i >= 0 {
			x.Module, x.Type = full[:i], full[i+1:]
		} else {
			x.Module, x.Type = "", full
		}
		return
	}
}
