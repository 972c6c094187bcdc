package api

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/store"
)

// DebugFile is an uploaded file that explains addresses, or a ProGuard mapping.
type DebugFile struct {
	ID          string            `json:"id"`
	UUID        string            `json:"uuid"`
	DebugID     string            `json:"debugId"`
	CodeID      *string           `json:"codeId"`
	CPUName     string            `json:"cpuName"`
	ObjectName  string            `json:"objectName"`
	SymbolType  string            `json:"symbolType"`
	Headers     map[string]string `json:"headers"`
	Size        int64             `json:"size"`
	SHA1        string            `json:"sha1"`
	DateCreated time.Time         `json:"dateCreated"`
	Data        DebugFileData     `json:"data"`
}

// DebugFilesInput lists a project's debug files.
type DebugFilesInput struct {
	ProjectPath
	PageParams
	Query string `query:"query" doc:"A debug id or code id."`
}

// DebugFileInput names a debug file.
type DebugFileInput struct {
	ProjectPath
	ID string `query:"id" required:"true"`
}

// ChecksumsInput asks which files are not there.
type ChecksumsInput struct {
	ProjectPath
	Checksums []string `query:"checksums,explode"`
}

// MissingFiles are checksums of files that are not there.
type MissingFiles struct {
	Missing []string `json:"missing"`
}

// ProguardInput says which mapping a release was built with.
type ProguardInput struct {
	ProjectPath
	Body struct {
		_       struct{} `json:"-" additionalProperties:"true"`
		Release string   `json:"release_name" minLength:"1" maxLength:"250"`
		UUID    string   `json:"proguard_uuid"`
	}
}

// ProguardListInput asks for the mappings of a release.
type ProguardListInput struct {
	ProjectPath
	Release string `query:"release_name"`
}

// ProguardList are the mappings of a release.
type ProguardList struct {
	Releases []string `json:"releases"`
}

func (a *API) registerDebugFiles(router *mux.Router) {
	const project = "/api/0/projects/{org}/{project}/"
	handle(a, Route{ID: "listDebugFiles", Method: "GET", Path: project + "files/dsyms/", Access: "project:read", Summary: "Debug files of a project"}, a.listDebugFiles)
	a.handleRaw(router, Route{ID: "uploadDebugFiles", Method: "POST", Path: project + "files/dsyms/", Access: "project:releases", Summary: "Upload a ZIP of debug files, old form"}, a.uploadDebugFiles)
	handle(a, Route{ID: "deleteDebugFile", Method: "DELETE", Path: project + "files/dsyms/", Access: "project:write", Summary: "Delete a debug file", Status: 204}, a.deleteDebugFile)
	handle(a, Route{ID: "listUnknownDebugFiles", Method: "GET", Path: project + "files/dsyms/unknown/", Access: "project:releases", Summary: "Which debug files are not there"}, a.listUnknownDebugFiles)
	handle(a, Route{ID: "setProguardRelease", Method: "POST", Path: project + "files/proguard-artifact-releases/", Access: "project:releases", Summary: "Say which ProGuard mapping a release was built with", Status: 201}, a.setProguardRelease)
	handle(a, Route{ID: "listProguardReleases", Method: "GET", Path: project + "files/proguard-artifact-releases/", Access: "project:read", Summary: "ProGuard mappings of a release"}, a.listProguardReleases)
	handle(a, Route{ID: "reprocess", Method: "POST", Path: project + "reprocessing/", Access: "project:releases", Summary: "Map the events again that wait for uploads"}, a.reprocess)
}

func debugFile(f *store.DebugFile) DebugFile {
	features := []string{}
	if f.Features != "" {
		features = strings.Split(f.Features, ",")
	}
	uuid := f.DebugID
	if len(uuid) > 36 {
		uuid = uuid[:36]
	}
	return DebugFile{ID: itoa(f.ID), UUID: uuid, DebugID: f.DebugID, CodeID: text(f.CodeID), CPUName: f.CPUName, ObjectName: f.ObjectName, SymbolType: f.Format,
		Headers: map[string]string{"Content-Type": "application/octet-stream"}, Size: f.Size, SHA1: f.SHA1, DateCreated: at(f.CreatedMS),
		Data: DebugFileData{Type: f.Type, Features: features}}
}

func (a *API) listDebugFiles(ctx context.Context, in *DebugFilesInput) (*List[DebugFile], error) {
	rq := from(ctx)
	p, err := pageOf(in.PageParams, 20)
	if err != nil {
		return nil, err
	}
	query := strings.ToLower(strings.TrimSpace(in.Query))
	if id, ok := envelope.ParseDebugID(query); ok {
		query = id
	}
	page, err := a.Store.DebugFiles(ctx, rq.scope, rq.project.ID, query, p)
	if err != nil {
		return nil, a.fail("list debug files", err)
	}
	out := []DebugFile{}
	for i := range page.Rows {
		out = append(out, debugFile(&page.Rows[i]))
	}
	return &List[DebugFile]{Link: pageLink(a, rq, page), Body: out}, nil
}

// pageOf reads the parameters that page a list.
func pageOf(p PageParams, byDefault int) (store.Page, error) {
	c, err := parseCursor(p.Cursor)
	return store.Page{Limit: perPage(p.PerPage, byDefault), Cursor: c}, err
}

func (a *API) deleteDebugFile(ctx context.Context, in *DebugFileInput) (*Nothing, error) {
	rq := from(ctx)
	id, err := strconv.ParseInt(in.ID, 10, 64)
	if err != nil {
		return nil, errNotFound
	}
	if err := a.Store.DeleteDebugFile(ctx, rq.scope, a.Blobs, rq.project.ID, id); err != nil {
		return nil, a.fail("delete debug file", err)
	}
	return nil, nil
}

func (a *API) listUnknownDebugFiles(ctx context.Context, in *ChecksumsInput) (*One[MissingFiles], error) {
	rq := from(ctx)
	if len(in.Checksums) > maxDifs {
		return nil, badRequest("Too many checksums at once.")
	}
	files, err := a.Store.DebugFilesBySHA1(ctx, rq.scope, rq.project.ID, in.Checksums)
	if err != nil {
		return nil, a.fail("look for debug files", err)
	}
	has := map[string]bool{}
	for i := range files {
		has[files[i].SHA1] = true
	}
	out := MissingFiles{Missing: []string{}}
	for _, sum := range in.Checksums {
		if !has[sum] {
			out.Missing = append(out.Missing, sum)
		}
	}
	return one(out), nil
}

func (a *API) setProguardRelease(ctx context.Context, in *ProguardInput) (*Nothing, error) {
	rq := from(ctx)
	id, ok := envelope.ParseDebugID(in.Body.UUID)
	if !ok {
		return nil, badRequest("proguard_uuid: must be a UUID.")
	}
	files, err := a.Store.DebugFilesByID(ctx, rq.scope, rq.project.ID, []string{id}, nil)
	if err != nil {
		return nil, a.fail("look for mapping", err)
	}
	if len(files) == 0 {
		return nil, badRequest("There is no uploaded ProGuard mapping of this UUID.")
	}
	err = a.Store.SetProguardRelease(ctx, rq.scope, rq.project.ID, in.Body.Release, id)
	if isConflict(err) {
		return nil, conflict("The release has this mapping already.")
	}
	if err != nil {
		return nil, a.fail("store mapping of release", err)
	}
	return nil, nil
}

func (a *API) listProguardReleases(ctx context.Context, in *ProguardListInput) (*One[ProguardList], error) {
	rq := from(ctx)
	ids, err := a.Store.ProguardReleases(ctx, rq.scope, rq.project.ID, in.Release)
	if err != nil {
		return nil, a.fail("read mappings of release", err)
	}
	return one(ProguardList{Releases: append([]string{}, ids...)}), nil
}

// reprocess queues what waits for uploads, whether they came or not.
func (a *API) reprocess(ctx context.Context, _ *ProjectPath) (*One[struct{}], error) {
	rq := from(ctx)
	if err := a.Store.QueueWaiting(ctx, rq.scope, rq.project.ID); err != nil {
		return nil, a.fail("queue events", err)
	}
	return one(struct{}{}), nil
}
