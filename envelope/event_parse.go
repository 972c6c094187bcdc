package envelope

import "fmt"

// ParseEvent reads the payload of an event, transaction, feedback or replay event.
// It fails only when b is not one JSON object: see [Event].
func ParseEvent(b []byte) (*Event, error) {
	root, cut, err := readJSON(b)
	if err != nil {
		return nil, fmt.Errorf("parse event: %w", err)
	}
	if root.kind != jsonObject {
		return nil, fmt.Errorf("parse event: %w", ErrPayload)
	}
	ev := &Event{}
	f := &field{ev: ev, node: &root}
	if m := root.get("_meta"); m.kind == jsonObject {
		decodeMeta(ev.meta(), m)
	}
	if cut {
		ev.Invalid("too deep or too many values: the rest is left out", nil)
	}
	ev.readAttributes(f)
	ev.readInterfaces(f)
	ev.Other = f.others(eventNames...)
	return ev, nil
}

// eventNames are the members ParseEvent understands. It is a fixed table, never written.
var eventNames = []string{
	"_meta", "event_id", "type", "level", "timestamp", "start_timestamp", "received", "platform",
	"logger", "server_name", "site", "transaction", "culprit", "release", "dist", "environment",
	"transaction_info", "modules", "extra", "tags", "fingerprint", "measurements", "errors",
	"logentry", "message", "sentry.interfaces.Message",
	"exception", "sentry.interfaces.Exception", "stacktrace", "sentry.interfaces.Stacktrace",
	"threads", "template", "sentry.interfaces.Template",
	"breadcrumbs", "sentry.interfaces.Breadcrumbs", "user", "sentry.interfaces.User",
	"request", "sentry.interfaces.Http", "contexts", "sentry.interfaces.Contexts",
	"sdk", "sentry.interfaces.Sdk", "debug_meta", "spans",
}

func (ev *Event) readAttributes(f *field) {
	ev.EventID = f.at("event_id").id()
	ev.Type = f.at("type").str()
	ev.Level = f.at("level").str()
	ev.Timestamp = f.at("timestamp").time()
	ev.StartTimestamp = f.at("start_timestamp").time()
	ev.Received = f.at("received").time()
	ev.Platform = f.at("platform").str()
	ev.Logger = f.at("logger").str()
	ev.ServerName = f.at("server_name").str()
	ev.Site = f.at("site").str()
	ev.Transaction = f.at("transaction").str()
	ev.Culprit = f.at("culprit").str()
	ev.Release = f.at("release").str()
	ev.Dist = f.at("dist").str()
	ev.Environment = f.at("environment").str()
	ev.TransactionInfo = f.at("transaction_info").object()
	ev.Modules = f.at("modules").textMap()
	ev.Extra = f.at("extra").object()
	ev.Tags = f.at("tags").pairs()
	ev.Fingerprint = f.at("fingerprint").texts()
	ev.Measurements = f.at("measurements").measurements()
	ev.Errors = append(f.at("errors").objects(), ev.Errors...)
}

func (ev *Event) readInterfaces(f *field) {
	ev.Message = readMessages(f)
	ev.Exceptions = readValues(f.any("exception", "sentry.interfaces.Exception"), readException)
	ev.Stacktrace = f.any("stacktrace", "sentry.interfaces.Stacktrace").stacktrace()
	ev.Threads = readValues(f.at("threads"), readThread)
	if t := f.any("template", "sentry.interfaces.Template"); t.isObject() {
		frame, _ := readFrame(t)
		ev.Template = &frame
	}
	ev.Breadcrumbs = readValues(f.any("breadcrumbs", "sentry.interfaces.Breadcrumbs"), readBreadcrumb)
	ev.User = f.any("user", "sentry.interfaces.User").user()
	ev.Request = f.any("request", "sentry.interfaces.Http").request()
	ev.Contexts = f.any("contexts", "sentry.interfaces.Contexts").contexts()
	ev.SDK = f.any("sdk", "sentry.interfaces.Sdk").sdk()
	ev.DebugMeta = f.at("debug_meta").debugMeta()
	ev.Spans = readList(f.at("spans"), func(it field) (LegacySpan, bool) { return readLegacySpan(it), it.kind == jsonObject })
}

func (f field) id() ID {
	s := f.str()
	if s == "" {
		return ID{}
	}
	id, err := ParseID(s)
	if err != nil {
		f.invalid("expected a UUID")
	}
	return id
}

func (f field) textMap() map[string]string {
	pairs := f.pairs()
	if len(pairs) == 0 {
		return nil
	}
	m := make(map[string]string, len(pairs))
	for _, p := range pairs {
		m[p.Key] = p.Value
	}
	return m
}

func (f field) measurements() map[string]Measurement {
	if !f.isObject() {
		return nil
	}
	if len(f.keys) == 0 {
		return nil
	}
	out := make(map[string]Measurement, len(f.keys))
	for i, k := range f.keys {
		it := field{ev: f.ev, up: &f, name: k, node: &f.list[i]}
		value, m := it, Measurement{}
		if it.kind == jsonObject {
			value = it.at("value")
			m.Unit = it.at("unit").str()
		}
		var ok bool
		if m.Value, ok = value.number(); ok {
			out[k] = m
		}
	}
	return out
}

// readMessages joins the spellings: a template under one name and its text under another belong together.
func readMessages(f *field) *Message {
	var m Message
	for _, name := range []string{"logentry", "message", "sentry.interfaces.Message"} {
		it := f.at(name)
		if s, ok := it.scalar(); ok {
			if m.Formatted == "" {
				m.Formatted = s
			}
			continue
		}
		if !it.isObject() {
			continue
		}
		if s := it.at("message").loose(); m.Template == "" {
			m.Template = s
		}
		if s := it.at("formatted").loose(); s != "" {
			m.Formatted = s
		}
		if p := it.at("params"); m.Params == nil && (p.kind == jsonArray || p.kind == jsonObject) {
			m.Params = p.raw()
		}
		if m.Other == nil {
			m.Other = it.others("message", "formatted", "params")
		}
	}
	if m.Template == "" && m.Formatted == "" {
		return nil
	}
	return &m
}

func readException(f field) (Exception, bool) {
	if s, ok := f.scalar(); ok { // a bare text
		return Exception{Value: s}, true
	}
	if !f.isObject() {
		return Exception{}, false
	}
	return Exception{
		Type:          f.at("type").str(),
		Value:         f.at("value").loose(),
		Module:        f.at("module").str(),
		ThreadID:      f.at("thread_id").str(),
		Mechanism:     f.at("mechanism").mechanism(),
		Stacktrace:    f.at("stacktrace").stacktrace(),
		RawStacktrace: f.at("raw_stacktrace").stacktrace(),
		Other:         f.others("type", "value", "module", "thread_id", "mechanism", "stacktrace", "raw_stacktrace"),
	}, true
}

func (f field) mechanism() *Mechanism {
	if f.kind == jsonString {
		return &Mechanism{Type: f.text}
	}
	if !f.isObject() {
		return nil
	}
	return &Mechanism{
		Type:             f.at("type").str(),
		Description:      f.at("description").str(),
		HelpLink:         f.at("help_link").str(),
		Source:           f.at("source").str(),
		Handled:          f.at("handled").flag(),
		Synthetic:        f.at("synthetic").flag(),
		IsExceptionGroup: f.at("is_exception_group").flag(),
		ExceptionID:      f.at("exception_id").intPtr(),
		ParentID:         f.at("parent_id").intPtr(),
		Data:             f.at("data").object(),
		Meta:             f.at("meta").object(),
		Other: f.others("type", "description", "help_link", "source", "handled", "synthetic",
			"is_exception_group", "exception_id", "parent_id", "data", "meta"),
	}
}

func (f field) stacktrace() *Stacktrace {
	if f.kind == jsonArray { // bare frames
		return &Stacktrace{Frames: readList(f, readFrame)}
	}
	if !f.isObject() {
		return nil
	}
	return &Stacktrace{
		Frames:    readList(f.at("frames"), readFrame),
		Registers: f.at("registers").object(),
		Lang:      f.at("lang").str(),
		Snapshot:  f.at("snapshot").flag(),
		Other:     f.others("frames", "registers", "lang", "snapshot"),
	}
}

func readFrame(f field) (Frame, bool) {
	if !f.isObject() {
		return Frame{}, false
	}
	return Frame{
		Function:        f.at("function").str(),
		RawFunction:     f.at("raw_function").str(),
		Symbol:          f.at("symbol").str(),
		Module:          f.at("module").str(),
		Package:         f.at("package").str(),
		Filename:        f.at("filename").str(),
		AbsPath:         f.at("abs_path").str(),
		Platform:        f.at("platform").str(),
		Lineno:          f.at("lineno").line(),
		Colno:           f.at("colno").line(),
		ContextLine:     f.at("context_line").str(),
		PreContext:      f.at("pre_context").lines(),
		PostContext:     f.at("post_context").lines(),
		SourceLink:      f.at("source_link").str(),
		InApp:           f.at("in_app").flag(),
		StackStart:      f.at("stack_start").flag(),
		Vars:            f.at("vars").object(),
		Data:            f.at("data").object(),
		InstructionAddr: f.at("instruction_addr").str(),
		SymbolAddr:      f.at("symbol_addr").str(),
		ImageAddr:       f.at("image_addr").str(),
		AddrMode:        f.at("addr_mode").str(),
		Other: f.others("function", "raw_function", "symbol", "module", "package", "filename", "abs_path",
			"platform", "lineno", "colno", "context_line", "pre_context", "post_context", "source_link",
			"in_app", "stack_start", "vars", "data", "instruction_addr", "symbol_addr", "image_addr", "addr_mode"),
	}, true
}

func readThread(f field) (Thread, bool) {
	if !f.isObject() {
		return Thread{}, false
	}
	return Thread{
		ID:            f.at("id").str(),
		Name:          f.at("name").str(),
		State:         f.at("state").str(),
		Crashed:       f.at("crashed").flag(),
		Current:       f.at("current").flag(),
		Main:          f.at("main").flag(),
		Stacktrace:    f.at("stacktrace").stacktrace(),
		RawStacktrace: f.at("raw_stacktrace").stacktrace(),
		HeldLocks:     f.at("held_locks").object(),
		Other: f.others("id", "name", "state", "crashed", "current", "main", "stacktrace",
			"raw_stacktrace", "held_locks"),
	}, true
}

func readBreadcrumb(f field) (Breadcrumb, bool) {
	if !f.isObject() {
		return Breadcrumb{}, false
	}
	b := Breadcrumb{
		Timestamp: f.at("timestamp").time(),
		Type:      f.at("type").str(),
		Category:  f.at("category").str(),
		Level:     f.at("level").str(),
		Message:   f.at("message").loose(),
		EventID:   f.at("event_id").str(),
		Other:     f.others("timestamp", "type", "category", "level", "message", "event_id", "data"),
	}
	if d := f.at("data"); d.kind == jsonString {
		b.Data = Object{"data": d.raw()}
	} else {
		b.Data = d.object()
	}
	return b, true
}

func (f field) user() *User {
	if !f.isObject() {
		return nil
	}
	u := &User{
		ID:         f.at("id").str(),
		Email:      f.at("email").str(),
		Username:   f.at("username").str(),
		Name:       f.at("name").str(),
		IPAddress:  f.at("ip_address").str(),
		Segment:    f.at("segment").str(),
		SentryUser: f.at("sentry_user").str(),
		Geo:        f.at("geo").object(),
		Data:       f.at("data").object(),
	}
	for k, v := range f.others("id", "email", "username", "name", "ip_address", "segment", "sentry_user", "geo", "data") {
		if u.Data == nil {
			u.Data = Object{}
		}
		if _, ok := u.Data[k]; !ok {
			u.Data[k] = v
		}
	}
	return u
}

func (f field) contexts() Contexts {
	if !f.isObject() {
		return nil
	}
	if len(f.keys) == 0 {
		return nil
	}
	out := make(Contexts, len(f.keys))
	for i, k := range f.keys {
		it := field{ev: f.ev, up: &f, name: k, node: &f.list[i]}
		if o := it.object(); o != nil {
			out[k] = o
		} else if it.kind == jsonObject { // an empty context says nothing, but it was there
			out[k] = Object{}
		}
	}
	return out
}

func (f field) sdk() *SDK {
	if !f.isObject() {
		return nil
	}
	return &SDK{
		Name:         f.at("name").str(),
		Version:      f.at("version").str(),
		Integrations: f.at("integrations").texts(),
		Features:     f.at("features").texts(),
		Packages:     f.at("packages").objects(),
		Settings:     f.at("settings").object(),
		Other:        f.others("name", "version", "integrations", "features", "packages", "settings"),
	}
}

func (f field) debugMeta() *DebugMeta {
	if !f.isObject() {
		return nil
	}
	return &DebugMeta{
		Images:  f.at("images").objects(),
		SDKInfo: f.at("sdk_info").object(),
		Other:   f.others("images", "sdk_info"),
	}
}
