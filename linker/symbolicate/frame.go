package symbolicate

import (
	"context"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/linker/symbolicate/sourcemap"
)

// mapTrace maps the frames of one trace. Frames are oldest first: the one before
// a frame is where the frame's function was called.
func (js *scripts) mapTrace(t *trace) {
	var caller *sourcemap.Position
	for i := range t.frames {
		f := &t.frames[i]
		sc := js.files[pathOfFrame(f)]
		if sc == nil || !isJavaScript(js.ev, f) || f.Lineno == 0 {
			caller = nil
			continue
		}
		if p := js.mapFrame(f, sc, caller); p != nil {
			t.mapped++
			caller = p
		} else {
			caller = nil
		}
	}
}

// mapFrame maps one frame, or says why it cannot.
func (js *scripts) mapFrame(f *envelope.Frame, sc *script, caller *sourcemap.Position) *sourcemap.Position {
	said := sc.said
	if sc.parsed == nil {
		note(f, said)
		js.minified(f, sc)
		return nil
	}
	if f.Colno == 0 {
		said.Reason = NoColumn
		note(f, said)
		return nil
	}
	p, ok := sc.parsed.Find(f.Lineno-1, f.Colno-1)
	if !ok {
		said.Reason, said.Detail = OutOfRange, outside(f, sc.parsed)
		note(f, said)
		js.minified(f, sc)
		return nil
	}
	raw := *f
	w := js.place(sc, p, f.Lineno-1, f.Colno-1)
	f.AbsPath, f.Filename = w.abs, w.name
	f.Lineno, f.Colno, f.Module = p.Line+1, p.Column+1, ""
	f.ContextLine, f.PreContext, f.PostContext = w.lines.ContextLine, w.lines.PreContext, w.lines.PostContext
	if !w.has {
		fail(js.ev, "js_missing_sources_content", f.AbsPath)
	}
	if name := functionOf(w, caller, raw.Function); name != raw.Function {
		f.RawFunction, f.Function = raw.Function, name
	}
	inApp := ofApplication(f.AbsPath) && (raw.InApp == nil || *raw.InApp)
	f.InApp = &inApp
	note(f, said)
	f.Data.SetText("sourcemap", said.SourceMap)
	return p
}

// place is what is known of a mapped place.
type place struct {
	abs, name string
	has       bool           // the source's text
	lines     envelope.Frame // its context lines
	function  string         // around it, when known
	known     bool
}

// place looks at a mapped place. The same ones come again with every event, so what was seen is kept, unless it hangs on
// the event's release.
func (js *scripts) place(sc *script, p *sourcemap.Position, line, column int) *place {
	look := func(text string, has bool) *place {
		w := &place{has: has}
		w.abs, w.name = sourceNames(p.Source, sc.mapURL)
		if has {
			w.has = putContext(&w.lines, text, p.Line, p.Column)
			w.function, w.known = enclosing(text, p.Line, p.Column)
		}
		return w
	}
	if !p.HasContent() {
		return look(js.content(sc, p))
	}
	read := func() (*place, error) {
		text, err := p.Content()
		return look(text, err == nil), err
	}
	if sc.mapFile == nil {
		w, _ := read() // the map is in memory
		return w
	}
	v, err := js.s.cache.get(js.ctx, cacheKey{'p', sc.mapFile.ID, line, column}, func(context.Context) (any, int64, error, error) {
		w, err := read()
		return w, int64(len(w.abs) + len(w.lines.ContextLine) + (len(w.lines.PreContext)+len(w.lines.PostContext))*80), nil, err
	})
	if err != nil { // the caller gave up, or the source cannot be read now
		return look("", false)
	}
	w := *v.(*place) // names hang on the URL that the frame came with
	w.abs, w.name = sourceNames(p.Source, sc.mapURL)
	return &w
}

func outside(f *envelope.Frame, m *sourcemap.Map) string {
	if f.Lineno > m.Lines() {
		return "the map ends before this line: it is of another build"
	}
	return "the map has nothing at this column: it is of another build, or the code was added by a tool"
}

// minified gives a frame that is not mapped the code around its place, when the minified file was uploaded.
func (js *scripts) minified(f *envelope.Frame, sc *script) {
	if sc.file == nil || f.ContextLine != "" {
		return
	}
	if text, err := js.text(*sc.file); err == nil {
		putContext(f, text, f.Lineno-1, max(f.Colno-1, 0))
	}
}

// content gives the text of a mapped place's source when the map has it not: a file of its own in the release.
func (js *scripts) content(sc *script, p *sourcemap.Position) (string, bool) {
	if js.ev.Release == "" {
		return "", false
	}
	abs, _ := sourceNames(p.Source, sc.mapURL)
	names := append(candidates(abs), candidates(p.Source)...)
	files, err := js.a.ByURL(js.ctx, js.ev.Release, names)
	if err != nil {
		return "", false
	}
	f, _ := pick(files, names, js.ev.Dist)
	if f == nil {
		return "", false
	}
	text, err := js.text(*f)
	return text, err == nil
}

// ofApplication says by a source's path whether people of the application wrote it.
func ofApplication(path string) bool {
	p := strings.ReplaceAll(path, `\`, "/")
	for _, foreign := range []string{"/node_modules/", "/bower_components/", "/~/", "webpack/runtime", "webpack/bootstrap", "(webpack)", "/webpack/", "/@vite/", "vite/modulepreload", "vite/preload", "\x00"} {
		if strings.Contains(p, foreign) {
			return false
		}
	}
	return !strings.HasPrefix(p, "node_modules/") && !strings.HasPrefix(p, "webpack/") && !strings.HasPrefix(p, "~/node_modules/")
}

// functionOf names the function a frame is in: the one around its place in the source; else what the
// caller's place is called, since there this function was called; else what the frame says, unless a minifier made that.
func functionOf(w *place, caller *sourcemap.Position, was string) string {
	if w.known {
		return w.function
	}
	if caller != nil && isName(caller.Name) {
		return caller.Name
	}
	if len(was) > 2 || was == "" {
		return was
	}
	return "?"
}

func isName(s string) bool {
	if s == "" || '0' <= s[0] && s[0] <= '9' {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return !nameRune(r) && r != '.' })
}
