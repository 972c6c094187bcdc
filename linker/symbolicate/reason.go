package symbolicate

import (
	"encoding/json"

	"github.com/hindsight-dev/hindsight/envelope"
)

// Reason says why a frame is not mapped. The words are part of the API.
type Reason string

// Why a frame of JavaScript is not mapped.
const (
	NoDebugID       Reason = "no_debug_id"        // the event has neither a debug id for the file nor a release
	DebugIDUnknown  Reason = "debug_id_unknown"   // nothing was uploaded with the file's debug id
	MapNotUploaded  Reason = "map_not_uploaded"   // the file was uploaded with its debug id, the map was not
	ReleaseUnknown  Reason = "file_not_uploaded"  // the release has no file of this URL
	WrongDist       Reason = "wrong_dist"         // it has, for another dist
	NoMapReference  Reason = "no_map_reference"   // the uploaded file does not say where its map is
	MapNotFound     Reason = "referred_map_gone"  // it says so, and there is nothing in the release
	MapInvalid      Reason = "map_invalid"        // the map contradicts itself or is no map
	NoColumn        Reason = "no_column"          // the frame has no column: minified code is one line
	OutOfRange      Reason = "out_of_range"       // the map has nothing at this line and column: it is of another build
	Unreadable      Reason = "artifact_not_read"  // the uploaded file could not be read
	ImageUnknown    Reason = "image_unknown"      // a native frame lies in no image of the event
	DebugFileAbsent Reason = "debug_file_absent"  // no debug file of the image was uploaded
	SymbolAbsent    Reason = "symbol_absent"      // the debug file has nothing at the address
	FormatUnknown   Reason = "format_unsupported" // the debug file is of a kind that is kept, not read
	MappingAbsent   Reason = "mapping_absent"     // no ProGuard mapping of the event's uuid was uploaded
)

// Mapping is what is said of a frame that was to be mapped, as data.mapping.
type Mapping struct {
	Reason       Reason `json:"reason,omitempty"` // empty: it is mapped
	Detail       string `json:"detail,omitempty"`
	DebugID      string `json:"debug_id,omitempty"`
	ResolvedWith string `json:"resolved_with,omitempty"` // "debug-id" or "release"
	SourceMap    string `json:"source_map,omitempty"`    // URL of the map
	BundleFile   int64  `json:"file,omitempty"`          // id of the file that has the map
}

const maxDetail = 300

// note writes what is said of a frame into it.
func note(f *envelope.Frame, m Mapping) {
	if len(m.Detail) > maxDetail {
		m.Detail = m.Detail[:maxDetail]
	}
	b, err := json.Marshal(m)
	if err != nil { // texts and numbers: it cannot fail
		return
	}
	data := envelope.Object{}
	for k, v := range f.Data {
		data[k] = v
	}
	data["mapping"] = b
	f.Data = data
}

// FrameMapping reads what was said of a frame; ok is false for a frame nobody wanted to map.
func FrameMapping(f *envelope.Frame) (m Mapping, ok bool) {
	raw, ok := f.Data["mapping"]
	if !ok || json.Unmarshal(raw, &m) != nil {
		return Mapping{}, false
	}
	return m, true
}
