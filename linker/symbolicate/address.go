package symbolicate

import (
	"context"
	"errors"
	"sort"
	"strconv"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/linker/symbolicate/native"
)

// image is a program that was loaded when the event happened.
type image struct {
	from, to uint64 // addresses; to is 0 when the size is not known
	debugID  string
	codeID   string
	codeFile string
	file     *native.File
	said     Mapping
}

// native finds functions and lines for the addresses of compiled programs.
func (s *Symbolicator) native(ctx context.Context, ev *envelope.Event, traces []*trace, a Artifacts, r *Result) {
	images := imagesOf(ev)
	if len(images) == 0 || !hasAddresses(traces) {
		return
	}
	used := map[*image]bool{}
	for _, t := range traces {
		for i := range t.frames {
			if at, ok := address(&t.frames[i], i == len(t.frames)-1); ok {
				if im := imageAt(images, at); im != nil {
					used[im] = true
				}
			}
		}
	}
	var debugIDs, codeIDs []string
	for im := range used {
		debugIDs = append(debugIDs, im.debugID)
		if im.codeID != "" {
			codeIDs = append(codeIDs, im.codeID)
		}
	}
	if len(used) > 0 {
		files, err := a.DebugFiles(ctx, debugIDs, codeIDs)
		for im := range used {
			im.said = Mapping{Reason: DebugFileAbsent, Detail: im.codeFile, DebugID: im.debugID}
			if err != nil {
				im.said.Reason, im.said.Detail = Unreadable, "what was uploaded cannot be looked up now"
			} else {
				s.loadImage(ctx, im, files, a)
			}
			if im.said.Reason == DebugFileAbsent || im.said.Reason == Unreadable {
				r.want(im.debugID)
				r.want(im.codeID)
				r.Unread = r.Unread || im.said.Reason == Unreadable
			}
		}
	}
	for _, t := range traces {
		t.resolve(images)
	}
}

func hasAddresses(traces []*trace) bool {
	for _, t := range traces {
		for i := range t.frames {
			if t.frames[i].InstructionAddr != "" {
				return true
			}
		}
	}
	return false
}

const maxImages = 5000

func imagesOf(ev *envelope.Event) []*image {
	if ev.DebugMeta == nil {
		return nil
	}
	var out []*image
	for _, o := range ev.DebugMeta.Images {
		switch o.Text("type") {
		case "macho", "elf", "pe", "symbolic", "apple", "wasm":
		default:
			continue
		}
		im := &image{codeFile: firstText(o, "code_file", "name", "debug_file")}
		im.debugID, _ = envelope.ParseDebugID(firstText(o, "debug_id", "id", "uuid"))
		im.codeID = strings.ToLower(strings.ReplaceAll(o.Text("code_id"), "-", ""))
		from, ok := number(o.Text("image_addr"))
		if !ok || im.debugID == "" || len(out) >= maxImages {
			continue
		}
		im.from = from
		if size, ok := number(o.Text("image_size")); ok && size > 0 {
			im.to = from + size
		}
		out = append(out, im)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].from < out[j].from })
	return out
}

func firstText(o envelope.Object, names ...string) string {
	for _, n := range names {
		if s := o.Text(n); s != "" {
			return s
		}
	}
	return ""
}

// number reads an address: 0x… or decimal.
func number(s string) (uint64, bool) {
	n, err := strconv.ParseUint(s, 0, 64)
	return n, err == nil
}

// address is where a frame's call is. What a caller's frame has is where it goes on, which is after the call.
func address(f *envelope.Frame, youngest bool) (uint64, bool) {
	if f.AddrMode != "" && f.AddrMode != "abs" {
		return 0, false
	}
	at, ok := number(f.InstructionAddr)
	if !ok || at == 0 {
		return 0, false
	}
	if !youngest {
		at--
	}
	return at, true
}

func imageAt(images []*image, at uint64) *image {
	i := sort.Search(len(images), func(i int) bool { return images[i].from > at })
	if i == 0 {
		return nil
	}
	im := images[i-1]
	if im.to != 0 && at >= im.to {
		return nil
	}
	return im
}

func isBad(err error) bool {
	var bad *badFile
	return errors.As(err, &bad)
}

// loadImage reads the best debug file of an image: one with the most to say is the newest that can be read.
func (s *Symbolicator) loadImage(ctx context.Context, im *image, files []DebugFile, a Artifacts) {
	for _, f := range files {
		if f.DebugID != im.debugID && (im.codeID == "" || f.CodeID != im.codeID) {
			continue
		}
		if f.Format != native.ELF && f.Format != native.MachO && f.Format != native.Breakpad {
			im.said.Reason, im.said.Detail = FormatUnknown, f.Format
			continue
		}
		file, err := s.debugFile(ctx, f, im.debugID, a)
		if err == nil {
			im.file, im.said = file, Mapping{ResolvedWith: "debug-id", DebugID: im.debugID}
			return
		}
		im.said.Reason, im.said.Detail = Unreadable, "the uploaded file cannot be read now"
		if isBad(err) {
			im.said.Reason, im.said.Detail = MapInvalid, err.Error()
		}
	}
}

func (s *Symbolicator) debugFile(ctx context.Context, f DebugFile, debugID string, a Artifacts) (*native.File, error) {
	v, err := s.cache.get(ctx, cacheKey{kind: 'n', id: f.ID}, func(ctx context.Context) (any, int64, error, error) {
		r, err := a.OpenDebugFile(ctx, f)
		if err != nil {
			return nil, 0, nil, err
		}
		defer r.Close()
		tmp, size, err := spool(r, native.MaxBytes)
		if err != nil {
			return nil, 0, nil, err
		}
		defer tmp.Close()
		file, err := native.Load(tmp, size, debugID)
		if err != nil {
			return nil, 0, &badFile{err}, nil
		}
		return file, file.Bytes(), nil, nil
	})
	if err != nil {
		return nil, err
	}
	return v.(*native.File), nil
}

// resolve puts functions and lines into the frames; one address may stand for several inlined calls.
func (t *trace) resolve(images []*image) {
	var out []envelope.Frame
	for i := range t.frames {
		f := t.frames[i]
		at, ok := address(&f, i == len(t.frames)-1)
		if !ok {
			out = append(out, f)
			continue
		}
		im := imageAt(images, at)
		if im == nil {
			if f.Function == "" {
				note(&f, Mapping{Reason: ImageUnknown})
			}
			out = append(out, f)
			continue
		}
		if f.Package == "" {
			f.Package = im.codeFile
		}
		if im.file == nil {
			note(&f, im.said)
			out = append(out, f)
			continue
		}
		places := im.file.Find(at - im.from)
		if len(places) == 0 {
			said := im.said
			said.Reason = SymbolAbsent
			note(&f, said)
			out = append(out, f)
			continue
		}
		t.mapped++
		for k := len(places) - 1; k >= 0; k-- { // frames are oldest first
			n := f
			p := places[k]
			if n.RawFunction == "" && p.Symbol != p.Function {
				n.RawFunction = p.Symbol
			}
			n.Function, n.Symbol = p.Function, p.Symbol
			if p.File != "" {
				n.AbsPath, n.Filename, n.Lineno = p.File, base(p.File), p.Line
			}
			note(&n, im.said)
			out = append(out, n)
		}
	}
	t.frames = out
}

func base(path string) string {
	if i := strings.LastIndexAny(path, `/\`); i >= 0 {
		return path[i+1:]
	}
	return path
}
