package api

import (
	"context"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/store"
)

// SourceMapDebug says for each frame of an event what would map it and what is missing.
type SourceMapDebug struct {
	Dist                       *string                   `json:"dist"`
	Release                    *string                   `json:"release"`
	Exceptions                 []SourceMapDebugException `json:"exceptions"`
	HasDebugIDs                bool                      `json:"has_debug_ids"`
	MinDebugIDSDKVersion       *string                   `json:"min_debug_id_sdk_version"`
	SDKVersion                 *string                   `json:"sdk_version"`
	ProjectHasBundle           bool                      `json:"project_has_some_artifact_bundle"`
	ReleaseHasSomeArtifact     bool                      `json:"release_has_some_artifact"`
	HasUploadedSomeWithDebugID bool                      `json:"has_uploaded_some_artifact_with_a_debug_id"`
	SDKDebugIDSupport          string                    `json:"sdk_debug_id_support" enum:"full,needs-upgrade,not-supported,unofficial-sdk"`
	HasScrapingData            bool                      `json:"has_scraping_data"`
}

// SourceMapDebugException are the frames of one exception, as they came.
type SourceMapDebugException struct {
	Frames []SourceMapDebugFrame `json:"frames"`
}

// SourceMapDebugFrame says what would map a frame.
type SourceMapDebugFrame struct {
	DebugIDProcess  DebugIDProcess       `json:"debug_id_process"`
	ReleaseProcess  Null[ReleaseProcess] `json:"release_process"`
	ScrapingProcess ScrapingProcess      `json:"scraping_process"`
}

// DebugIDProcess is the way by debug id.
type DebugIDProcess struct {
	DebugID           *string `json:"debug_id"`
	UploadedSource    bool    `json:"uploaded_source_file_with_correct_debug_id"`
	UploadedSourceMap bool    `json:"uploaded_source_map_with_correct_debug_id"`
}

// ReleaseProcess is the way by release and URL.
type ReleaseProcess struct {
	AbsPath                 string   `json:"abs_path"`
	MatchingSourceFileNames []string `json:"matching_source_file_names"`
	MatchingSourceMapName   *string  `json:"matching_source_map_name"`
	SourceMapReference      *string  `json:"source_map_reference"`
	SourceFileLookupResult  string   `json:"source_file_lookup_result" enum:"found,unsuccessful,wrong-dist"`
	SourceMapLookupResult   string   `json:"source_map_lookup_result" enum:"found,unsuccessful,wrong-dist"`
}

// ScrapingProcess is empty: nothing is ever fetched.
type ScrapingProcess struct {
	SourceFile *string `json:"source_file"`
	SourceMap  *string `json:"source_map"`
}

// maxDebugFrames bounds the frames that are looked at.
const maxDebugFrames = 250

func (a *API) getSourceMapDebug(ctx context.Context, in *ProjectEventPath) (*One[SourceMapDebug], error) {
	rq := from(ctx)
	e, err := a.projectEvent(ctx, rq, in.Event)
	if err != nil {
		return nil, err
	}
	ev, _ := a.stored(e)
	out := SourceMapDebug{Dist: text(ev.Dist), Release: text(ev.Release), Exceptions: []SourceMapDebugException{}, SDKDebugIDSupport: "full"}
	sdkSupport(ev, &out)
	look := &frameLookup{images: map[string]string{}, urls: map[string][]string{}}
	look.collect(ev)
	if err := a.lookUpFrames(ctx, rq, ev, look); err != nil {
		return nil, err
	}
	out.HasDebugIDs = len(look.images) > 0
	if out.ProjectHasBundle, err = a.Store.HasArtifacts(ctx, rq.scope, rq.project.ID); err != nil {
		return nil, a.fail("look for uploads", err)
	}
	if out.ReleaseHasSomeArtifact, err = a.Store.ReleaseHasArtifacts(ctx, rq.scope, rq.project.ID, ev.Release); err != nil {
		return nil, a.fail("look for uploads of release", err)
	}
	out.ReleaseHasSomeArtifact = out.ReleaseHasSomeArtifact && ev.Release != ""
	out.HasUploadedSomeWithDebugID = len(look.byID) > 0
	left := maxDebugFrames
	for i := range ev.Exceptions {
		x := SourceMapDebugException{Frames: []SourceMapDebugFrame{}}
		for _, f := range originalFrames(&ev.Exceptions[i]) {
			if left--; left < 0 {
				break
			}
			x.Frames = append(x.Frames, look.frame(ev, f.AbsPath))
		}
		out.Exceptions = append(out.Exceptions, x)
	}
	return one(out), nil
}

// originalFrames are the frames as they came.
func originalFrames(x *envelope.Exception) []envelope.Frame {
	switch {
	case x.RawStacktrace != nil:
		return x.RawStacktrace.Frames
	case x.Stacktrace != nil:
		return x.Stacktrace.Frames
	}
	return nil
}

// debugIDsSince is the first major of the JavaScript SDKs that sends debug ids.
const debugIDsSince = "7.56.0"

func sdkSupport(ev *envelope.Event, out *SourceMapDebug) {
	out.MinDebugIDSDKVersion = text(debugIDsSince)
	if ev.SDK == nil {
		out.SDKDebugIDSupport = "unofficial-sdk"
		return
	}
	out.SDKVersion = text(ev.SDK.Version)
	switch major, _, _ := strings.Cut(ev.SDK.Version, "."); {
	case !strings.HasPrefix(ev.SDK.Name, "sentry.javascript."):
		out.SDKDebugIDSupport = "unofficial-sdk"
	case major == "4" || major == "5" || major == "6":
		out.SDKDebugIDSupport = "needs-upgrade"
	}
}

// frameLookup is what was uploaded of the files of an event's frames.
type frameLookup struct {
	images map[string]string   // abs_path → debug id
	urls   map[string][]string // abs_path → names in a release
	byID   []store.ArtifactFile
	byURL  []store.ArtifactFile
}

func (l *frameLookup) collect(ev *envelope.Event) {
	if ev.DebugMeta != nil {
		for _, im := range ev.DebugMeta.Images {
			if id, ok := envelope.ParseDebugID(im.Text("debug_id")); ok && im.Text("type") == "sourcemap" {
				l.images[im.Text("code_file")] = id
			}
		}
	}
	for i := range ev.Exceptions {
		for _, f := range originalFrames(&ev.Exceptions[i]) {
			if f.AbsPath != "" && len(l.urls) < maxDebugFrames {
				l.urls[f.AbsPath] = urlCandidates(f.AbsPath)
			}
		}
	}
}

func (a *API) lookUpFrames(ctx context.Context, rq *request, ev *envelope.Event, l *frameLookup) (err error) {
	var ids, urls []string
	for p, names := range l.urls {
		if id := l.images[p]; id != "" {
			ids = append(ids, id)
		}
		urls = append(urls, names...)
	}
	if l.byID, err = a.Store.FilesByDebugID(ctx, rq.scope, rq.project.ID, ids); err != nil {
		return a.fail("look up debug ids", err)
	}
	if l.byURL, err = a.Store.FilesByURL(ctx, rq.scope, rq.project.ID, ev.Release, urls); err != nil {
		return a.fail("look up urls", err)
	}
	return nil
}

func (l *frameLookup) frame(ev *envelope.Event, absPath string) SourceMapDebugFrame {
	var out SourceMapDebugFrame
	if id := l.images[absPath]; id != "" {
		out.DebugIDProcess.DebugID = &id
		for i := range l.byID {
			if l.byID[i].DebugID == id {
				out.DebugIDProcess.UploadedSource = out.DebugIDProcess.UploadedSource || l.byID[i].Type == store.FileMinified
				out.DebugIDProcess.UploadedSourceMap = out.DebugIDProcess.UploadedSourceMap || l.byID[i].Type == store.FileSourceMap
			}
		}
	}
	if ev.Release == "" || absPath == "" {
		return out
	}
	p := ReleaseProcess{AbsPath: absPath, MatchingSourceFileNames: l.urls[absPath], SourceFileLookupResult: "unsuccessful", SourceMapLookupResult: "unsuccessful"}
	for i := range l.byURL {
		f := &l.byURL[i]
		for _, name := range p.MatchingSourceFileNames {
			switch {
			case f.URL != name || p.SourceFileLookupResult == "found":
			case f.Dist != ev.Dist:
				p.SourceFileLookupResult = "wrong-dist"
			default:
				p.SourceFileLookupResult, p.SourceMapReference = "found", text(f.SourceMap)
			}
		}
	}
	out.ReleaseProcess = null(&p)
	return out
}
