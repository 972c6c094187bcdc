package envelope

// Encode writes the canonical form: lists as {"values": […]}, tags, headers, cookies and the
// query as pairs, times as seconds, ids as 32 lower-case hex digits, nothing that is absent.
// What it writes parses to the same event.
func (e *Event) Encode() ([]byte, error) {
	w := beginObject(make([]byte, 0, 4096))
	w.text("event_id", e.EventID.String())
	w.text("type", e.Type)
	w.text("level", e.Level)
	w.time("timestamp", e.Timestamp)
	w.time("start_timestamp", e.StartTimestamp)
	w.time("received", e.Received)
	w.text("platform", e.Platform)
	w.text("logger", e.Logger)
	w.text("server_name", e.ServerName)
	w.text("site", e.Site)
	w.text("transaction", e.Transaction)
	w.object("transaction_info", e.TransactionInfo)
	w.text("culprit", e.Culprit)
	w.text("release", e.Release)
	w.text("dist", e.Dist)
	w.text("environment", e.Environment)
	if len(e.Modules) > 0 {
		w.name("modules")
		m := beginObject(w.b)
		for _, k := range sortedKeys(e.Modules) {
			m.name(k)
			m.b = appendString(m.b, e.Modules[k])
		}
		w.b = m.end()
	}
	w.object("extra", e.Extra)
	w.pairs("tags", e.Tags)
	w.texts("fingerprint", e.Fingerprint)
	e.encodeInterfaces(&w)
	if len(e.Errors) > 0 {
		w.name("errors")
		w.b = appendList(w.b, e.Errors, func(b []byte, o *Object) []byte { return appendObject(b, *o) })
	}
	w.others(e.Other)
	if !e.Meta.empty() {
		w.name("_meta")
		w.b = e.Meta.append(w.b)
	}
	return w.end(), nil
}

func (e *Event) encodeInterfaces(w *objectWriter) {
	if m := e.Message; m != nil {
		w.name("logentry")
		o := beginObject(w.b)
		o.text("message", m.Template)
		o.raw("params", m.Params)
		o.text("formatted", m.Formatted)
		o.others(m.Other)
		w.b = o.end()
	}
	values(w, "exception", e.Exceptions, appendException)
	w.stacktrace("stacktrace", e.Stacktrace)
	values(w, "threads", e.Threads, appendThread)
	if e.Template != nil {
		w.name("template")
		w.b = appendFrame(w.b, e.Template)
	}
	values(w, "breadcrumbs", e.Breadcrumbs, appendBreadcrumb)
	w.user("user", e.User)
	w.request("request", e.Request)
	if len(e.Contexts) > 0 {
		w.name("contexts")
		c := beginObject(w.b)
		for _, k := range sortedKeys(e.Contexts) {
			c.name(k)
			c.b = appendObject(c.b, e.Contexts[k])
		}
		w.b = c.end()
	}
	w.sdk("sdk", e.SDK)
	if d := e.DebugMeta; d != nil {
		w.name("debug_meta")
		o := beginObject(w.b)
		if len(d.Images) > 0 {
			o.name("images")
			o.b = appendList(o.b, d.Images, func(b []byte, o *Object) []byte { return appendObject(b, *o) })
		}
		o.object("sdk_info", d.SDKInfo)
		o.others(d.Other)
		w.b = o.end()
	}
	if len(e.Spans) > 0 {
		w.name("spans")
		w.b = appendList(w.b, e.Spans, appendLegacySpan)
	}
	w.measurements("measurements", e.Measurements)
}

func appendException(b []byte, e *Exception) []byte {
	w := beginObject(b)
	w.text("type", e.Type)
	w.text("value", e.Value)
	w.text("module", e.Module)
	w.text("thread_id", e.ThreadID)
	if m := e.Mechanism; m != nil {
		w.name("mechanism")
		o := beginObject(w.b)
		o.text("type", m.Type)
		o.text("description", m.Description)
		o.text("help_link", m.HelpLink)
		o.text("source", m.Source)
		o.bool("handled", m.Handled)
		o.bool("synthetic", m.Synthetic)
		o.bool("is_exception_group", m.IsExceptionGroup)
		o.intPtr("exception_id", m.ExceptionID)
		o.intPtr("parent_id", m.ParentID)
		o.object("data", m.Data)
		o.object("meta", m.Meta)
		o.others(m.Other)
		w.b = o.end()
	}
	w.stacktrace("stacktrace", e.Stacktrace)
	w.stacktrace("raw_stacktrace", e.RawStacktrace)
	w.others(e.Other)
	return w.end()
}

func (w *objectWriter) stacktrace(name string, s *Stacktrace) {
	if s == nil {
		return
	}
	w.name(name)
	o := beginObject(w.b)
	if len(s.Frames) > 0 {
		o.name("frames")
		o.b = appendList(o.b, s.Frames, appendFrame)
	}
	o.object("registers", s.Registers)
	o.text("lang", s.Lang)
	o.bool("snapshot", s.Snapshot)
	o.others(s.Other)
	w.b = o.end()
}

func appendFrame(b []byte, f *Frame) []byte {
	w := beginObject(b)
	w.text("function", f.Function)
	w.text("raw_function", f.RawFunction)
	w.text("symbol", f.Symbol)
	w.text("module", f.Module)
	w.text("package", f.Package)
	w.text("filename", f.Filename)
	w.text("abs_path", f.AbsPath)
	w.text("platform", f.Platform)
	w.int("lineno", f.Lineno)
	w.int("colno", f.Colno)
	w.texts("pre_context", f.PreContext)
	w.text("context_line", f.ContextLine)
	w.texts("post_context", f.PostContext)
	w.text("source_link", f.SourceLink)
	w.bool("in_app", f.InApp)
	w.bool("stack_start", f.StackStart)
	w.object("vars", f.Vars)
	w.object("data", f.Data)
	w.text("instruction_addr", f.InstructionAddr)
	w.text("symbol_addr", f.SymbolAddr)
	w.text("image_addr", f.ImageAddr)
	w.text("addr_mode", f.AddrMode)
	w.others(f.Other)
	return w.end()
}

func appendThread(b []byte, t *Thread) []byte {
	w := beginObject(b)
	w.text("id", t.ID)
	w.text("name", t.Name)
	w.text("state", t.State)
	w.bool("crashed", t.Crashed)
	w.bool("current", t.Current)
	w.bool("main", t.Main)
	w.stacktrace("stacktrace", t.Stacktrace)
	w.stacktrace("raw_stacktrace", t.RawStacktrace)
	w.object("held_locks", t.HeldLocks)
	w.others(t.Other)
	return w.end()
}

func appendBreadcrumb(b []byte, c *Breadcrumb) []byte {
	w := beginObject(b)
	w.time("timestamp", c.Timestamp)
	w.text("type", c.Type)
	w.text("category", c.Category)
	w.text("level", c.Level)
	w.text("message", c.Message)
	w.text("event_id", c.EventID)
	w.object("data", c.Data)
	w.others(c.Other)
	return w.end()
}

func (w *objectWriter) user(name string, u *User) {
	if u == nil {
		return
	}
	w.name(name)
	o := beginObject(w.b)
	o.text("id", u.ID)
	o.text("email", u.Email)
	o.text("username", u.Username)
	o.text("name", u.Name)
	o.text("ip_address", u.IPAddress)
	o.text("segment", u.Segment)
	o.text("sentry_user", u.SentryUser)
	o.object("geo", u.Geo)
	o.object("data", u.Data)
	w.b = o.end()
}

func (w *objectWriter) request(name string, r *Request) {
	if r == nil {
		return
	}
	w.name(name)
	o := beginObject(w.b)
	o.text("url", r.URL)
	o.text("method", r.Method)
	o.text("protocol", r.Protocol)
	o.text("fragment", r.Fragment)
	o.pairs("query_string", r.Query)
	o.pairs("cookies", r.Cookies)
	o.pairs("headers", r.Headers)
	o.object("env", r.Env)
	o.raw("data", r.Data)
	o.int("body_size", r.BodySize)
	o.text("api_target", r.APITarget)
	o.text("inferred_content_type", r.InferredContentType)
	o.others(r.Other)
	w.b = o.end()
}

func (w *objectWriter) sdk(name string, s *SDK) {
	if s == nil {
		return
	}
	w.name(name)
	o := beginObject(w.b)
	o.text("name", s.Name)
	o.text("version", s.Version)
	o.texts("integrations", s.Integrations)
	o.texts("features", s.Features)
	if len(s.Packages) > 0 {
		o.name("packages")
		o.b = appendList(o.b, s.Packages, func(b []byte, p *Object) []byte { return appendObject(b, *p) })
	}
	o.object("settings", s.Settings)
	o.others(s.Other)
	w.b = o.end()
}
