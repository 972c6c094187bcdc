package api

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/store"
)

// object gives an envelope's object with its values as they came; nulls are left out, since clients
// take a member that is there for one that has a value. It is never nil.
func object(o envelope.Object) map[string]any {
	m := make(map[string]any, len(o))
	for k, v := range o {
		if len(v) > 0 && !bytes.Equal(v, []byte("null")) {
			m[k] = v
		}
	}
	return m
}

// objectOrNil is object for members that are left out, or null, when there is nothing in them.
func objectOrNil(o envelope.Object) map[string]any {
	if len(o) == 0 {
		return nil
	}
	return object(o)
}

func texts(o envelope.Object) map[string]string {
	m := map[string]string{}
	for k := range o {
		m[k] = o.Text(k)
	}
	return m
}

// eventView is a stored event in the API's words; neighbours and replay are added by the caller.
func eventView(e *store.Event, ev *envelope.Event, size int) *Event {
	s := simpleEvent(e, ev)
	out := &Event{
		ID: s.ID, EventID: s.EventID, GroupID: s.GroupID, ProjectID: s.ProjectID, Size: size, Type: s.EventType, Title: s.Title, Message: s.Message,
		Location: s.Location, Culprit: s.Culprit, Platform: s.Platform, DateCreated: s.DateCreated, DateReceived: at(e.ReceivedMS), Dist: text(ev.Dist),
		User: s.User, Contexts: map[string]map[string]any{}, Context: object(ev.Extra), Packages: map[string]string{}, Tags: s.Tags, Metadata: s.Metadata,
		Errors: []EventError{}, Fingerprints: ev.Fingerprint, GroupingConfig: GroupingConfig{ID: groupingConfig}, SDKUpdates: []string{}, ResolvedWith: []string{},
		Meta: map[string]any{"entries": map[string]any{}, "tags": map[string]any{}},
	}
	if out.Fingerprints == nil {
		out.Fingerprints = []string{}
	}
	for name, c := range ev.Contexts {
		if c != nil {
			out.Contexts[name] = object(c)
		}
	}
	for k, v := range ev.Modules {
		out.Packages[k] = v
	}
	if ev.SDK != nil {
		out.SDK = null(&SDK{Name: ev.SDK.Name, Version: ev.SDK.Version})
	}
	if e.Release != "" {
		out.Release = null(&EventRelease{Version: e.Release})
	}
	for _, o := range ev.Errors {
		d := object(o)
		delete(d, "type")
		out.Errors = append(out.Errors, EventError{Type: o.Text("type"), Message: strings.TrimSpace(o.Text("name") + " " + o.Text("reason")), Data: d})
	}
	out.Entries = entries(ev)
	return out
}

func simpleEvent(e *store.Event, ev *envelope.Event) SimpleEvent {
	s := SimpleEvent{
		ID: e.EventID, EventID: e.EventID, EventType: eventType(ev), ProjectID: itoa(e.ProjectID), Title: e.Title, Culprit: e.Culprit,
		Platform: e.Platform, DateCreated: at(e.TimestampMS), Tags: []Tag{},
	}
	if e.IssueID != 0 {
		id := itoa(e.IssueID)
		s.GroupID = &id
	}
	if ev.Message != nil {
		s.Message = ev.Message.Formatted
		if s.Message == "" {
			s.Message = ev.Message.Template
		}
		s.Metadata.Title = e.Title
	}
	if n := len(ev.Exceptions); n > 0 {
		x := &ev.Exceptions[n-1]
		s.Metadata = IssueMetadata{Type: x.Type, Value: x.Value}
		if f := blamed(x.Stacktrace); f != nil {
			s.Metadata.Filename, s.Metadata.Function = f.Filename, f.Function
			s.Location = text(f.Filename)
		}
	}
	for _, t := range ev.Tags {
		s.Tags = append(s.Tags, Tag{Key: t.Key, Value: t.Value})
	}
	if u := ev.User; u != nil {
		s.User = null(&EventUser{ID: text(u.ID), Email: text(u.Email), Username: text(u.Username), IPAddress: text(u.IPAddress), Name: text(u.Name), Data: objectOrNil(u.Data)})
		if len(u.Geo) > 0 {
			s.User.V.Geo = texts(u.Geo)
		}
	}
	return s
}

func eventType(ev *envelope.Event) string {
	switch {
	case ev.Type != "" && ev.Type != "event":
		return ev.Type
	case len(ev.Exceptions) > 0:
		return "error"
	}
	return "default"
}

// blamed is the last frame of the program's own code, else the last frame.
func blamed(st *envelope.Stacktrace) *envelope.Frame {
	if st == nil || len(st.Frames) == 0 {
		return nil
	}
	for i := len(st.Frames) - 1; i >= 0; i-- {
		if f := &st.Frames[i]; f.InApp != nil && *f.InApp {
			return f
		}
	}
	return &st.Frames[len(st.Frames)-1]
}

// entries are the parts of an event in the order in which they are shown.
func entries(ev *envelope.Event) []Entry {
	out := []Entry{}
	add := func(name string, data any) { out = append(out, Entry{Type: name, Data: data}) }
	if len(ev.Exceptions) > 0 {
		d := ExceptionData{}
		for i := range ev.Exceptions {
			v := exception(&ev.Exceptions[i])
			d.HasSystemFrames = d.HasSystemFrames || v.Stacktrace.V != nil && v.Stacktrace.V.HasSystemFrames
			d.Values = append(d.Values, v)
		}
		add("exception", d)
	}
	if ev.Stacktrace != nil {
		add("stacktrace", *stacktrace(ev.Stacktrace))
	}
	if len(ev.Threads) > 0 {
		d := ThreadsData{}
		for i := range ev.Threads {
			t := &ev.Threads[i]
			d.Values = append(d.Values, Thread{ID: text(t.ID), Name: text(t.Name), Current: isTrue(t.Current), Crashed: isTrue(t.Crashed), State: text(t.State),
				Stacktrace: null(stacktrace(t.Stacktrace)), RawStacktrace: null(stacktrace(t.RawStacktrace))})
		}
		add("threads", d)
	}
	if m := ev.Message; m != nil {
		d := MessageData{Formatted: m.Formatted, Message: text(m.Template)}
		if d.Formatted == "" {
			d.Formatted = m.Template
		}
		var params []json.RawMessage
		if json.Unmarshal(m.Params, &params) == nil {
			for _, p := range params {
				d.Params = append(d.Params, p)
			}
		}
		add("message", d)
	}
	if len(ev.Breadcrumbs) > 0 {
		d := BreadcrumbsData{}
		for i := range ev.Breadcrumbs {
			d.Values = append(d.Values, breadcrumb(&ev.Breadcrumbs[i]))
		}
		add("breadcrumbs", d)
	}
	if ev.Request != nil {
		add("request", requestData(ev.Request))
	}
	if ev.DebugMeta != nil && len(ev.DebugMeta.Images) > 0 {
		images := make([]map[string]any, len(ev.DebugMeta.Images))
		for i, im := range ev.DebugMeta.Images {
			images[i] = object(im)
		}
		add("debugmeta", map[string]any{"images": images})
	}
	for _, name := range []string{"csp", "hpkp", "expectct", "expectstaple"} {
		if raw, ok := ev.Other[name]; ok {
			add(name, raw)
		}
	}
	return out
}

func isTrue(b *bool) bool { return b != nil && *b }

func exception(x *envelope.Exception) ExceptionValue {
	v := ExceptionValue{Type: text(x.Type), Value: text(x.Value), Module: text(x.Module), ThreadID: text(x.ThreadID),
		Stacktrace: null(stacktrace(x.Stacktrace)), RawStacktrace: null(stacktrace(x.RawStacktrace))}
	if m := x.Mechanism; m != nil {
		out := &Mechanism{Type: m.Type, Handled: m.Handled, Synthetic: m.Synthetic, Description: text(m.Description), HelpLink: text(m.HelpLink),
			Data: objectOrNil(m.Data), Meta: objectOrNil(m.Meta), Source: text(m.Source), IsGroup: m.IsExceptionGroup}
		out.ExceptionID, out.ParentID = wide(m.ExceptionID), wide(m.ParentID)
		v.Mechanism = null(out)
	}
	return v
}

func wide(n *int) *int64 {
	if n == nil {
		return nil
	}
	w := int64(*n)
	return &w
}

func stacktrace(st *envelope.Stacktrace) *Stacktrace {
	if st == nil {
		return nil
	}
	out := &Stacktrace{Frames: []Frame{}}
	if len(st.Registers) > 0 {
		out.Registers = texts(st.Registers)
	}
	for i := range st.Frames {
		f := frame(&st.Frames[i])
		out.HasSystemFrames = out.HasSystemFrames || !f.InApp
		out.Frames = append(out.Frames, f)
	}
	return out
}

func frame(f *envelope.Frame) Frame {
	out := Frame{Filename: text(f.Filename), AbsPath: text(f.AbsPath), Module: text(f.Module), Package: text(f.Package), Platform: text(f.Platform),
		Function: text(f.Function), RawFunc: text(f.RawFunction), Symbol: text(f.Symbol), InstrAddr: text(f.InstructionAddr), SymbolAddr: text(f.SymbolAddr),
		Context: []SourceLine{}, InApp: isTrue(f.InApp), Vars: object(f.Vars), SourceLink: text(f.SourceLink)}
	if f.Lineno > 0 {
		n := int64(f.Lineno)
		out.LineNo = &n
	}
	if f.Colno > 0 {
		n := int64(f.Colno)
		out.ColNo = &n
	}
	out.Mapping = frameMapping(f)
	if f.ContextLine == "" && len(f.PreContext) == 0 {
		return out
	}
	n := int64(f.Lineno - len(f.PreContext))
	for _, line := range append(append(append([]string{}, f.PreContext...), f.ContextLine), f.PostContext...) {
		out.Context = append(out.Context, SourceLine{Number: n, Text: line})
		n++
	}
	return out
}

// frameMapping reads what was said of a frame that was to be mapped; see package linker/symbolicate.
func frameMapping(f *envelope.Frame) *FrameMapping {
	raw, ok := f.Data["mapping"]
	if !ok {
		return nil
	}
	var m struct {
		Reason       string `json:"reason"`
		Detail       string `json:"detail"`
		DebugID      string `json:"debug_id"`
		ResolvedWith string `json:"resolved_with"`
		SourceMap    string `json:"source_map"`
	}
	if json.Unmarshal(raw, &m) != nil {
		return nil
	}
	return &FrameMapping{Reason: m.Reason, Detail: m.Detail, DebugID: m.DebugID, ResolvedWith: m.ResolvedWith, SourceMap: m.SourceMap}
}

func breadcrumb(b *envelope.Breadcrumb) Breadcrumb {
	out := Breadcrumb{Type: b.Type, Category: text(b.Category), Level: b.Level, Message: text(b.Message), Data: objectOrNil(b.Data), EventID: text(b.EventID)}
	if out.Type == "" {
		out.Type = "default"
	}
	if out.Level == "" {
		out.Level = "info"
	}
	if !b.Timestamp.IsZero() {
		t := b.Timestamp.UTC().Truncate(time.Microsecond)
		out.Timestamp = &t
	}
	return out
}

func requestData(r *envelope.Request) RequestData {
	pairs := func(ps []envelope.Pair) [][2]string {
		out := [][2]string{}
		for _, p := range ps {
			out = append(out, [2]string{p.Key, p.Value})
		}
		return out
	}
	d := RequestData{Method: text(r.Method), URL: r.URL, Query: pairs(r.Query), Fragment: text(r.Fragment), Cookies: pairs(r.Cookies), Headers: pairs(r.Headers),
		Env: objectOrNil(r.Env), InferredContentType: text(r.InferredContentType), APITarget: text(r.APITarget)}
	if len(r.Data) > 0 {
		d.Data = r.Data
	}
	if u, err := url.Parse(r.URL); err == nil && d.Fragment == nil {
		d.Fragment = text(u.Fragment)
	}
	return d
}
