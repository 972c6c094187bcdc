package api

import (
	"context"
	"crypto/rand"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/store"
)

// Files of a release, uploaded one by one: what clients did before bundles.
func (a *API) registerReleaseFiles(router *mux.Router) {
	const org, project = "/api/0/organizations/{org}/releases/{version}/files/", "/api/0/projects/{org}/{project}/releases/{version}/files/"
	handle(a, Route{ID: "listProjectReleaseFiles", Method: "GET", Path: project, Access: "project:releases", Summary: "Files of a release of a project"}, a.listProjectReleaseFiles)
	handle(a, Route{ID: "listReleaseFiles", Method: "GET", Path: org, Access: "project:releases", Summary: "Files of a release"}, a.listReleaseFiles)
	a.handleRaw(router, Route{ID: "uploadProjectReleaseFile", Method: "POST", Path: project, Access: "project:releases", Summary: "Upload a file of a release of a project"}, a.uploadReleaseFile)
	a.handleRaw(router, Route{ID: "uploadReleaseFile", Method: "POST", Path: org, Access: "project:releases", Summary: "Upload a file of a release"}, a.uploadReleaseFile)
	a.handleRaw(router, Route{ID: "downloadProjectReleaseFile", Method: "GET", Path: project + "{file}/", Query: "download", Access: "project:releases", Summary: "Bytes of a file of a release of a project"}, a.downloadReleaseFile)
	a.handleRaw(router, Route{ID: "downloadReleaseFile", Method: "GET", Path: org + "{file}/", Query: "download", Access: "project:releases", Summary: "Bytes of a file of a release"}, a.downloadReleaseFile)
	handle(a, Route{ID: "getProjectReleaseFile", Method: "GET", Path: project + "{file}/", Access: "project:releases", Summary: "A file of a release of a project"}, a.getProjectReleaseFile)
	handle(a, Route{ID: "getReleaseFile", Method: "GET", Path: org + "{file}/", Access: "project:releases", Summary: "A file of a release"}, a.getReleaseFile)
	handle(a, Route{ID: "deleteProjectReleaseFile", Method: "DELETE", Path: project + "{file}/", Access: "project:releases", Summary: "Delete a file of a release of a project", Status: 204}, a.deleteProjectReleaseFile)
	handle(a, Route{ID: "deleteReleaseFile", Method: "DELETE", Path: org + "{file}/", Access: "project:releases", Summary: "Delete a file of a release", Status: 204}, a.deleteReleaseFile)
}

// releaseProjects are the projects whose files a path means: the one it names, or all.
func (a *API) releaseProjects(ctx context.Context, rq *request) ([]int64, error) {
	if rq.project != nil {
		return []int64{rq.project.ID}, nil
	}
	return a.uploadProjects(ctx, rq, nil)
}

func releaseFile(f *store.ArtifactFile) ReleaseFile {
	return ReleaseFile{ID: itoa(f.ID), Name: f.URL, Dist: text(f.Dist), Headers: headersOf(f), Size: f.Size, SHA1: f.SHA1}
}

func (a *API) listProjectReleaseFiles(ctx context.Context, in *ReleaseFilesInput) (*List[ReleaseFile], error) {
	return a.releaseFiles(ctx, in.Version, in.PageParams)
}

func (a *API) listReleaseFiles(ctx context.Context, in *OrgReleaseFilesInput) (*List[ReleaseFile], error) {
	return a.releaseFiles(ctx, in.Version, in.PageParams)
}

func (a *API) releaseFiles(ctx context.Context, version string, params PageParams) (*List[ReleaseFile], error) {
	rq := from(ctx)
	projects, err := a.releaseProjects(ctx, rq)
	if err != nil {
		return nil, err
	}
	p, err := pageOf(params, 100)
	if err != nil {
		return nil, err
	}
	page, err := a.Store.ReleaseFiles(ctx, rq.scope, projects, version, p)
	if err != nil {
		return nil, a.fail("list files of release", err)
	}
	out := []ReleaseFile{}
	for i := range page.Rows {
		out = append(out, releaseFile(&page.Rows[i]))
	}
	return &List[ReleaseFile]{Link: pageLink(a, rq, page), Body: out}, nil
}

func (a *API) getProjectReleaseFile(ctx context.Context, in *ReleaseFileInput) (*One[ReleaseFile], error) {
	return a.oneReleaseFile(ctx, in.Version, in.File)
}

func (a *API) getReleaseFile(ctx context.Context, in *OrgReleaseFileInput) (*One[ReleaseFile], error) {
	return a.oneReleaseFile(ctx, in.Version, in.File)
}

func (a *API) oneReleaseFile(ctx context.Context, version, id string) (*One[ReleaseFile], error) {
	f, err := a.findReleaseFile(ctx, version, id)
	if err != nil {
		return nil, err
	}
	return one(releaseFile(f)), nil
}

func (a *API) findReleaseFile(ctx context.Context, version, id string) (*store.ArtifactFile, error) {
	rq := from(ctx)
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, errNotFound
	}
	projects, err := a.releaseProjects(ctx, rq)
	if err != nil {
		return nil, err
	}
	f, err := a.Store.ReleaseFile(ctx, rq.scope, projects, version, n)
	if err != nil {
		return nil, a.fail("read file of release", err)
	}
	return f, nil
}

func (a *API) downloadReleaseFile(w http.ResponseWriter, r *http.Request) {
	vars := mux.Vars(r)
	f, err := a.findReleaseFile(r.Context(), vars["version"], vars["file"])
	if err != nil {
		writeError(w, err)
		return
	}
	a.sendArtifact(w, r, f)
}

func (a *API) deleteProjectReleaseFile(ctx context.Context, in *ReleaseFileInput) (*Nothing, error) {
	return a.dropReleaseFile(ctx, in.Version, in.File)
}

func (a *API) deleteReleaseFile(ctx context.Context, in *OrgReleaseFileInput) (*Nothing, error) {
	return a.dropReleaseFile(ctx, in.Version, in.File)
}

func (a *API) dropReleaseFile(ctx context.Context, version, id string) (*Nothing, error) {
	rq := from(ctx)
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, errNotFound
	}
	projects, err := a.releaseProjects(ctx, rq)
	if err != nil {
		return nil, err
	}
	err = a.Store.DeleteReleaseFile(ctx, rq.scope, a.Blobs, projects, version, n)
	if isConflict(err) {
		return nil, conflict("The file is part of an uploaded bundle: delete the bundle.")
	}
	if err != nil {
		return nil, a.fail("delete file of release", err)
	}
	return nil, nil
}

// releaseUpload is a file being uploaded.
type releaseUpload struct {
	name, dist string
	headers    map[string]string
	blob       string
	size       int64
	sum        hash.Hash
}

const (
	maxHeaders     = 50
	maxReleaseFile = 100 << 20 // bytes
)

// uploadReleaseFile takes a multipart body with file, name, dist and header (key:value, repeated).
func (a *API) uploadReleaseFile(w http.ResponseWriter, r *http.Request) {
	rq, version := from(r.Context()), mux.Vars(r)["version"]
	u := &releaseUpload{headers: map[string]string{}, sum: sha1.New()}
	err := a.upload(w, r, maxReleaseFile, func(p *multipart.Part) error { return a.takePart(r.Context(), rq.scope, u, p) })
	var f *store.ArtifactFile
	if err == nil {
		f, err = a.addReleaseFile(r.Context(), rq, version, u)
	}
	if err != nil {
		if u.blob != "" { // its row was not stored
			if derr := a.Blobs.Delete(context.WithoutCancel(r.Context()), u.blob); derr != nil {
				a.Log.Warn("blob without a row was not deleted", "blob", u.blob, "err", derr)
			}
		}
		writeError(w, a.fail("upload file of release", err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(releaseFile(f)) // the client is gone when this fails
}

func (a *API) takePart(ctx context.Context, scope store.Scope, u *releaseUpload, p *multipart.Part) error {
	if p.FormName() == "file" {
		if u.blob != "" {
			return badRequest("file: only one at a time.")
		}
		if u.name == "" {
			u.name = p.FileName()
		}
		u.blob = store.ArtifactBlob(scope.OrgID, "file-"+strings.ToLower(rand.Text()))
		return a.Blobs.Put(ctx, u.blob, io.TeeReader(&countingReader{r: p, n: &u.size, most: maxReleaseFile}, u.sum), -1)
	}
	b, err := io.ReadAll(io.LimitReader(p, 4097))
	if err != nil {
		return err
	}
	if len(b) > 4096 || strings.ContainsAny(string(b), "\x00\n\r") {
		return badRequest(p.FormName() + ": too long, or not on one line.")
	}
	switch value := string(b); p.FormName() {
	case "name":
		u.name = value
	case "dist":
		u.dist = value
	case "header":
		k, v, ok := strings.Cut(value, ":")
		if !ok || len(u.headers) >= maxHeaders {
			return badRequest("header: must be name:value, at most " + strconv.Itoa(maxHeaders) + ".")
		}
		u.headers[strings.TrimSpace(k)] = strings.TrimSpace(v)
	}
	return nil
}

// countingReader counts what goes through it and fails when that is too much.
type countingReader struct {
	r    io.Reader
	n    *int64
	most int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if *c.n += int64(n); *c.n > c.most {
		return 0, badRequest(fmt.Sprintf("file: it may have %d MiB.", c.most>>20))
	}
	return n, err
}

func (a *API) addReleaseFile(ctx context.Context, rq *request, version string, u *releaseUpload) (*store.ArtifactFile, error) {
	if u.blob == "" || u.name == "" {
		return nil, badRequest("file and name are needed.")
	}
	if len(u.name) > 1024 || len(u.dist) > 64 || len(version) > 250 {
		return nil, badRequest("name has at most 1024 bytes, dist 64, a release 250.")
	}
	projects, err := a.releaseProjects(ctx, rq)
	if err != nil {
		return nil, err
	}
	headers, err := json.Marshal(u.headers)
	if err != nil {
		return nil, err
	}
	f := store.ArtifactFile{URL: u.name, Type: store.FileSource, Headers: string(headers), SHA1: hex.EncodeToString(u.sum.Sum(nil)), Size: u.size, Packed: u.size}
	switch {
	case strings.HasSuffix(u.name, ".map"):
		f.Type = store.FileSourceMap
	case strings.HasSuffix(u.name, ".js"), strings.HasSuffix(u.name, ".mjs"), strings.HasSuffix(u.name, ".cjs"), strings.HasSuffix(u.name, ".bundle"):
		f.Type = store.FileMinified
	}
	for k, v := range u.headers {
		switch strings.ToLower(k) {
		case "sourcemap", "x-sourcemap":
			f.SourceMap = v
		case "debug-id":
			f.DebugID, _ = envelope.ParseDebugID(v)
		}
	}
	where := sha1.Sum(fmt.Appendf(nil, "%d\x00%s\x00%s\x00%s", projects, version, u.dist, u.name))
	b, err := a.Store.AddBundle(ctx, rq.scope, store.BundleWrite{New: true, Projects: projects, Release: version, Dist: u.dist, Files: []store.ArtifactFile{f},
		Bundle: store.ArtifactBundle{Kind: store.BundleOfOne, Identity: "file:" + hex.EncodeToString(where[:]), Blob: u.blob, Size: u.size}})
	if errors.Is(err, store.ErrConflict) {
		return nil, conflict("A file matching this name already exists for the given release")
	}
	if err != nil {
		return nil, err
	}
	page, err := a.Store.BundleFiles(ctx, rq.scope, projects[0], b.ID, store.Page{Limit: 1})
	if err != nil || len(page.Rows) == 0 {
		return nil, fmt.Errorf("read what was stored: %w", err)
	}
	stored := page.Rows[0]
	stored.Dist = u.dist
	return &stored, nil
}
