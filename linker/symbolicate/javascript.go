package symbolicate

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/linker/symbolicate/sourcemap"
)

// script is a file of the event's frames while it is looked for.
type script struct {
	path    string // the frames' abs_path
	debugID string
	file    *File // the minified file
	mapFile *File
	parsed  *sourcemap.Map
	mapURL  string // to which the sources' names are relative
	said    Mapping
}

// scripts are an event's files by abs_path.
type scripts struct {
	s     *Symbolicator
	ctx   context.Context // of one call
	a     Artifacts
	ev    *envelope.Event
	list  []*script
	files map[string]*script
}

// javascript maps the frames of JavaScript.
func (s *Symbolicator) javascript(ctx context.Context, ev *envelope.Event, traces []*trace, a Artifacts, r *Result) {
	js := &scripts{s: s, ctx: ctx, a: a, ev: ev, files: map[string]*script{}}
	js.collect(traces)
	if len(js.list) == 0 {
		return
	}
	js.find()
	for _, sc := range js.list {
		js.load(sc)
		r.wantOf(ev, sc)
	}
	for _, t := range traces {
		js.mapTrace(t)
	}
}

// wantOf says what would explain a file that is not explained.
func (r *Result) wantOf(ev *envelope.Event, sc *script) {
	switch sc.said.Reason {
	case "", MapInvalid:
		return
	case Unreadable:
		r.Unread = true
	}
	r.want(sc.debugID)
	if ev.Release != "" && isURL(sc.path) {
		r.WantsRelease = true
	}
}

func isJavaScript(ev *envelope.Event, f *envelope.Frame) bool {
	p := f.Platform
	if p == "" {
		p = ev.Platform
	}
	return p == "javascript" || p == "node"
}

// ofEngine knows the frames that are in no file.
func ofEngine(path string) bool {
	return path == "" || strings.HasPrefix(path, "<") || strings.HasPrefix(path, "[") || strings.HasPrefix(path, "node:") ||
		strings.HasPrefix(path, "native") || strings.HasPrefix(path, "data:") || strings.HasPrefix(path, "blob:") || strings.Contains(path, "extension://")
}

const maxScripts = 100 // files of one event

func (js *scripts) collect(traces []*trace) {
	images := map[string]string{}
	if js.ev.DebugMeta != nil {
		for _, im := range js.ev.DebugMeta.Images {
			if im.Text("type") == "sourcemap" {
				if id, ok := envelope.ParseDebugID(im.Text("debug_id")); ok {
					images[im.Text("code_file")] = id
				}
			}
		}
	}
	for _, t := range traces {
		for i := range t.frames {
			f := &t.frames[i]
			path := pathOfFrame(f)
			if !isJavaScript(js.ev, f) || f.Lineno == 0 || ofEngine(path) || js.files[path] != nil || len(js.list) >= maxScripts {
				continue
			}
			sc := &script{path: path, debugID: images[path]}
			if sc.debugID == "" && !isURL(path) {
				continue // a program that runs from its sources
			}
			js.files[path] = sc
			js.list = append(js.list, sc)
		}
	}
}

func pathOfFrame(f *envelope.Frame) string {
	if f.AbsPath != "" {
		return f.AbsPath
	}
	return f.Filename
}

// find looks for each script's files: by debug id, then by release.
func (js *scripts) find() {
	var ids []string
	for _, sc := range js.list {
		if sc.debugID != "" {
			ids = append(ids, sc.debugID)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	var byID []File
	var err error
	if len(ids) > 0 {
		byID, err = js.a.ByDebugID(js.ctx, ids)
	}
	var rest []*script
	for _, sc := range js.list {
		sc.said = Mapping{Reason: NoDebugID, DebugID: sc.debugID}
		if sc.debugID != "" {
			sc.said.Reason = DebugIDUnknown
		}
		if err != nil {
			sc.said = Mapping{Reason: Unreadable, Detail: "what was uploaded cannot be looked up now", DebugID: sc.debugID}
			continue
		}
		if sc.byDebugID(byID); sc.mapFile == nil {
			rest = append(rest, sc)
		}
	}
	if len(rest) > 0 && js.ev.Release != "" {
		js.findByRelease(rest)
	}
}

func (sc *script) byDebugID(files []File) {
	if sc.debugID == "" {
		return
	}
	for i := range files {
		f := &files[i]
		switch {
		case f.DebugID != sc.debugID:
		case f.Type == SourceMap && sc.mapFile == nil:
			sc.mapFile = f
		case f.Type == Minified && sc.file == nil:
			sc.file = f
		}
	}
	switch {
	case sc.mapFile != nil:
		sc.said = Mapping{ResolvedWith: "debug-id", DebugID: sc.debugID}
		sc.mapURL = sc.path
	case sc.file != nil:
		sc.said.Reason = MapNotUploaded
	}
}

// findByRelease looks for files by URL. What was found out by debug id stays when nothing is found.
func (js *scripts) findByRelease(list []*script) {
	var urls []string
	for _, sc := range list {
		if isURL(sc.path) {
			urls = append(urls, candidates(sc.path)...)
		}
	}
	if len(urls) == 0 {
		return
	}
	slices.Sort(urls)
	files, err := js.a.ByURL(js.ctx, js.ev.Release, slices.Compact(urls))
	var refs []string
	for _, sc := range list {
		if !isURL(sc.path) {
			continue
		}
		if err != nil {
			sc.said = Mapping{Reason: Unreadable, Detail: "what was uploaded cannot be looked up now", DebugID: sc.debugID}
			continue
		}
		file, otherDist := pick(files, candidates(sc.path), js.ev.Dist)
		if file == nil {
			if sc.debugID == "" {
				sc.said.Reason = ReleaseUnknown
				if otherDist != nil {
					sc.said = Mapping{Reason: WrongDist, Detail: "it was uploaded for the dist " + quoteDist(otherDist.Dist)}
				}
			}
			continue
		}
		sc.file = file
		js.refer(sc)
		if sc.mapURL != "" && sc.parsed == nil {
			refs = append(refs, candidates(sc.mapURL)...)
		}
	}
	js.findMaps(list, refs)
}

func quoteDist(d string) string {
	if d == "" {
		return "(none)"
	}
	return `"` + d + `"`
}

// pick gives the first candidate that there is for the dist; other is one of another dist.
func pick(files []File, names []string, dist string) (found, other *File) {
	for _, name := range names {
		for i := range files {
			if f := &files[i]; f.URL == name {
				if f.Dist == dist {
					return f, nil
				}
				other = f
			}
		}
	}
	return nil, other
}

// refer finds where a minified file says its map is.
func (js *scripts) refer(sc *script) {
	ref := sc.file.SourceMap
	if ref == "" {
		text, err := js.text(*sc.file)
		if err != nil {
			sc.said = Mapping{Reason: Unreadable, Detail: err.Error()}
			if isBad(err) {
				sc.said.Reason = MapInvalid
			}
			return
		}
		ref = reference(text)
	}
	switch {
	case ref == "":
		sc.said = Mapping{Reason: NoMapReference, Detail: sc.file.URL}
	case strings.HasPrefix(ref, "data:"):
		js.inline(sc, ref)
	default:
		sc.mapURL = resolve(sc.path, ref)
	}
}

// reference finds the last comment that names a source map. One that a generator wrote is at the end.
func reference(text string) string {
	tail := text[max(0, len(text)-referenceTail):]
	for _, mark := range []string{"//# sourceMappingURL=", "//@ sourceMappingURL="} {
		if i := strings.LastIndex(tail, mark); i >= 0 {
			ref, _, _ := strings.Cut(tail[i+len(mark):], "\n")
			ref, _, _ = strings.Cut(strings.TrimSpace(ref), " ")
			return strings.TrimRight(ref, `'"`)
		}
	}
	return ""
}

// referenceTail is how far from a file's end a reference may be: an inline map is as long as it is.
const referenceTail = 64 << 20

// inline reads a map that stands in the minified file itself.
func (js *scripts) inline(sc *script, ref string) {
	head, body, _ := strings.Cut(ref, ",")
	var err error
	if strings.HasSuffix(head, ";base64") {
		var b []byte
		b, err = base64.StdEncoding.DecodeString(body)
		body = string(b)
	} else {
		body, err = url.PathUnescape(body)
	}
	if err == nil {
		sc.parsed, err = sourcemap.Parse(body)
	}
	if err != nil {
		sc.said = Mapping{Reason: MapInvalid, Detail: "in " + sc.file.URL + ": " + err.Error()}
		return
	}
	sc.mapURL = sc.file.URL
	sc.said = Mapping{ResolvedWith: "release", SourceMap: sc.file.URL, BundleFile: sc.file.ID}
}

// findMaps looks for the maps that minified files refer to.
func (js *scripts) findMaps(list []*script, refs []string) {
	if len(refs) == 0 {
		return
	}
	slices.Sort(refs)
	files, err := js.a.ByURL(js.ctx, js.ev.Release, slices.Compact(refs))
	for _, sc := range list {
		if sc.mapURL == "" || sc.parsed != nil {
			continue
		}
		if err != nil {
			sc.said = Mapping{Reason: Unreadable, Detail: "what was uploaded cannot be looked up now"}
			continue
		}
		file, other := pick(files, candidates(sc.mapURL), js.ev.Dist)
		switch {
		case file != nil:
			sc.mapFile, sc.said = file, Mapping{ResolvedWith: "release", DebugID: sc.debugID}
		case other != nil:
			sc.said = Mapping{Reason: WrongDist, Detail: "the map was uploaded for the dist " + quoteDist(other.Dist)}
		default:
			sc.said = Mapping{Reason: MapNotFound, Detail: sc.mapURL}
		}
	}
}

// load parses a script's map.
func (js *scripts) load(sc *script) {
	if sc.mapFile == nil {
		if sc.parsed == nil {
			fail(js.ev, "js_no_source", sc.path)
		}
		return
	}
	sc.said.SourceMap, sc.said.BundleFile = sc.mapFile.URL, sc.mapFile.ID
	m, err := js.sourceMap(*sc.mapFile)
	var bad *badFile
	switch {
	case err == nil:
		sc.parsed = m
	case errors.As(err, &bad):
		sc.said.Reason, sc.said.Detail = MapInvalid, err.Error()
		fail(js.ev, "js_invalid_source", sc.mapFile.URL)
	default:
		sc.said.Reason, sc.said.Detail = Unreadable, "the uploaded file cannot be read now"
	}
}

// badFile is an error of a file's content: reading it again does not help.
type badFile struct{ err error }

func (e *badFile) Error() string { return e.err.Error() }

// heldMap is how large a map may be to be held in memory; the sources of a larger one stay in a file.
const heldMap = 16 << 20

func (js *scripts) sourceMap(f File) (*sourcemap.Map, error) {
	v, err := js.s.cache.get(js.ctx, cacheKey{kind: 'm', id: f.ID}, func(ctx context.Context) (any, int64, error, error) {
		m, bytes, err := js.readMap(ctx, f)
		var unread *unreadable
		var broken *sourcemap.ReadError
		switch {
		case errors.As(err, &unread), errors.As(err, &broken):
			return nil, 0, nil, err
		case err != nil:
			return nil, 0, &badFile{err}, nil
		}
		return m, bytes, nil, nil
	})
	if err != nil {
		return nil, err
	}
	return v.(*sourcemap.Map), nil
}

// unreadable is an error of reading a file, not of what is in it.
type unreadable struct{ error }

func (e *unreadable) Unwrap() error { return e.error }

// readMap parses a map. Its bytes are what it counts for in the cache: a file counts a quarter, which bounds the room on the
// disk, and how many are open.
func (js *scripts) readMap(ctx context.Context, f File) (m *sourcemap.Map, bytes int64, err error) {
	if f.Size <= heldMap {
		text, err := js.read(ctx, f, heldMap)
		if err != nil {
			return nil, 0, &unreadable{err}
		}
		if m, err = sourcemap.Parse(text); err != nil {
			return nil, 0, err
		}
		return m, m.Bytes(), nil
	}
	r, err := js.a.Open(ctx, f)
	if err != nil {
		return nil, 0, &unreadable{fmt.Errorf("open %s: %w", f.URL, err)}
	}
	defer r.Close()
	file, size, err := spool(r, sourcemap.MaxBytes)
	if err != nil {
		return nil, 0, &unreadable{fmt.Errorf("read %s: %w", f.URL, err)}
	}
	if m, err = sourcemap.Read(file, size); err != nil {
		_ = file.Close() // only read
		return nil, 0, err
	}
	return m, m.Bytes() + size/4, nil
}

// maxScript is how large a minified file or a source may be to be looked into.
const maxScript = 100 << 20

func (js *scripts) text(f File) (string, error) {
	v, err := js.s.cache.get(js.ctx, cacheKey{kind: 't', id: f.ID}, func(ctx context.Context) (any, int64, error, error) {
		if f.Size > maxScript {
			return nil, 0, &badFile{fmt.Errorf("%s has %d MiB, files up to %d MiB are looked into: name its map in the header Sourcemap", f.URL, f.Size>>20, maxScript>>20)}, nil
		}
		text, err := js.read(ctx, f, maxScript)
		return text, int64(len(text)), nil, err
	})
	if err != nil {
		return "", err
	}
	return v.(string), nil
}

func (js *scripts) read(ctx context.Context, f File, most int64) (string, error) {
	r, err := js.a.Open(ctx, f)
	if err != nil {
		return "", fmt.Errorf("open %s: %w", f.URL, err)
	}
	defer r.Close()
	var b strings.Builder
	b.Grow(int(min(f.Size, most)))
	if _, err := io.Copy(&b, io.LimitReader(r, most+1)); err != nil {
		return "", fmt.Errorf("read %s: %w", f.URL, err)
	}
	return b.String(), nil
}
