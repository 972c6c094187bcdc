package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/store"
)

func (a *API) registerArtifacts(router *mux.Router) {
	const project = "/api/0/projects/{org}/{project}/"
	handle(a, Route{ID: "listArtifactBundles", Method: "GET", Path: project + "files/artifact-bundles/", Access: "project:read", Summary: "Uploaded bundles of sources"}, a.listArtifactBundles)
	handle(a, Route{ID: "deleteArtifactBundle", Method: "DELETE", Path: project + "files/artifact-bundles/{bundle}/", Access: "project:write", Summary: "Delete an uploaded bundle", Status: 204, Ours: true}, a.deleteArtifactBundle)
	handle(a, Route{ID: "listBundleFiles", Method: "GET", Path: project + "artifact-bundles/{bundle}/files/", Access: "project:read", Summary: "Files of an uploaded bundle"}, a.listBundleFiles)
	handle(a, Route{ID: "listSourceMaps", Method: "GET", Path: project + "files/source-maps/", Access: "project:read", Summary: "Uploads by release, old form"}, a.listSourceMaps)
	handle(a, Route{ID: "deleteSourceMaps", Method: "DELETE", Path: project + "files/source-maps/", Access: "project:releases", Summary: "Delete the uploads of a release", Status: 204}, a.deleteSourceMaps)
	handle(a, Route{ID: "deleteOrgSourceMaps", Method: "DELETE", Path: "/api/0/organizations/{org}/files/source-maps/", Access: "project:releases", Summary: "Delete the uploads of a release, of all projects", Status: 204}, a.deleteOrgSourceMaps)
	a.handleRaw(router, Route{ID: "downloadArtifact", Method: "GET", Path: project + "artifact-lookup/", Query: "download", Access: "project:read", Summary: "The bytes of an upload"}, a.downloadArtifact)
	handle(a, Route{ID: "lookUpArtifacts", Method: "GET", Path: project + "artifact-lookup/", Access: "project:read", Summary: "Which uploads could explain a frame"}, a.lookUpArtifacts)
	handle(a, Route{ID: "getSourceMapDebug", Method: "GET", Path: project + "events/{event}/source-map-debug-blue-thunder-edition/", Access: "event:read", Summary: "Why frames are not mapped"}, a.getSourceMapDebug)
}

func isConflict(err error) bool { return errors.Is(err, store.ErrConflict) }

func bundleView(b *store.ListedBundle) ArtifactBundle {
	out := ArtifactBundle{ID: itoa(b.ID), BundleID: b.DebugID, Kind: b.Kind, Associations: []ArtifactAssociation{}, Date: at(b.CreatedMS), DateModified: at(b.CreatedMS),
		FileCount: b.Files, Size: b.Size}
	if out.BundleID == "" {
		out.BundleID = itoa(b.ID)
	}
	for _, r := range b.Releases {
		out.Associations = append(out.Associations, ArtifactAssociation{Release: text(r.Release), Dist: text(r.Dist)})
	}
	return out
}

func (a *API) listArtifactBundles(ctx context.Context, in *BundlesInput) (*List[ArtifactBundle], error) {
	rq := from(ctx)
	p, err := pageOf(in.PageParams, 20)
	if err != nil {
		return nil, err
	}
	page, err := a.Store.ArtifactBundles(ctx, rq.scope, rq.project.ID, in.Release, p)
	if err != nil {
		return nil, a.fail("list bundles", err)
	}
	out := []ArtifactBundle{}
	for i := range page.Rows {
		out = append(out, bundleView(&page.Rows[i]))
	}
	return &List[ArtifactBundle]{Link: pageLink(a, rq, page), Body: out}, nil
}

func (a *API) listSourceMaps(ctx context.Context, in *ArchivesInput) (*List[ArtifactArchive], error) {
	rq := from(ctx)
	p, err := pageOf(in.PageParams, 20)
	if err != nil {
		return nil, err
	}
	page, err := a.Store.ArtifactBundles(ctx, rq.scope, rq.project.ID, in.Name, p)
	if err != nil {
		return nil, a.fail("list uploads", err)
	}
	out := []ArtifactArchive{}
	for i := range page.Rows {
		b := &page.Rows[i]
		v := ArtifactArchive{Type: "release", ID: itoa(b.ID), Name: b.DebugID, Date: at(b.CreatedMS), FileCount: b.Files}
		for _, r := range b.Releases {
			if r.Release != "" {
				v.Name = r.Release
			}
		}
		out = append(out, v)
	}
	return &List[ArtifactArchive]{Link: pageLink(a, rq, page), Body: out}, nil
}

// deleteSourceMaps deletes what a release or a bundle's number names.
func (a *API) deleteSourceMaps(ctx context.Context, in *ArchivesInput) (*Nothing, error) {
	return a.deleteUploads(ctx, []int64{from(ctx).project.ID}, in.Name)
}

// deleteOrgSourceMaps deletes the same of every project that the caller has.
func (a *API) deleteOrgSourceMaps(ctx context.Context, in *OrgArchivesInput) (*Nothing, error) {
	projects, err := a.uploadProjects(ctx, from(ctx), nil)
	if err != nil {
		return nil, err
	}
	return a.deleteUploads(ctx, projects, in.Name)
}

func (a *API) deleteUploads(ctx context.Context, projects []int64, name string) (*Nothing, error) {
	if name == "" {
		return nil, badRequest("name: a release or a bundle id is needed.")
	}
	scope, found := from(ctx).scope, false
	for _, id := range projects {
		err := a.Store.DeleteReleaseFiles(ctx, scope, a.Blobs, id, name)
		if bundle, isNumber := strconv.ParseInt(name, 10, 64); errors.Is(err, store.ErrNotFound) && isNumber == nil {
			err = a.Store.DeleteBundle(ctx, scope, a.Blobs, id, bundle)
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, a.fail("delete uploads", err)
		}
		found = found || err == nil
	}
	if !found {
		return nil, errNotFound
	}
	return nil, nil
}

func (a *API) deleteArtifactBundle(ctx context.Context, in *BundleInput) (*Nothing, error) {
	rq := from(ctx)
	id, err := strconv.ParseInt(in.Bundle, 10, 64)
	if err != nil {
		return nil, errNotFound
	}
	if err := a.Store.DeleteBundle(ctx, rq.scope, a.Blobs, rq.project.ID, id); err != nil {
		return nil, a.fail("delete bundle", err)
	}
	return nil, nil
}

func (a *API) listBundleFiles(ctx context.Context, in *BundleInput) (*List[ArtifactFile], error) {
	rq := from(ctx)
	id, err := strconv.ParseInt(in.Bundle, 10, 64)
	if err != nil {
		return nil, errNotFound
	}
	p, err := pageOf(in.PageParams, 50)
	if err != nil {
		return nil, err
	}
	if _, err := a.Store.ArtifactBundle(ctx, rq.scope, rq.project.ID, id); err != nil {
		return nil, a.fail("read bundle", err)
	}
	page, err := a.Store.BundleFiles(ctx, rq.scope, rq.project.ID, id, p)
	if err != nil {
		return nil, a.fail("list files of bundle", err)
	}
	out := []ArtifactFile{}
	for _, f := range page.Rows {
		out = append(out, ArtifactFile{ID: itoa(f.ID), FilePath: f.URL, FileType: f.Type, FileSize: f.Size, DebugID: text(f.DebugID), SourceMap: text(f.SourceMap)})
	}
	return &List[ArtifactFile]{Link: pageLink(a, rq, page), Body: out}, nil
}

// urlCandidates are the names a file of a URL may have in a release, the best first.
func urlCandidates(raw string) []string {
	raw, _, _ = strings.Cut(raw, "#")
	plain, _, _ := strings.Cut(raw, "?")
	out := []string{raw, plain}
	if scheme, rest, ok := strings.Cut(plain, "://"); ok && !strings.ContainsAny(scheme, "/~") {
		if _, p, ok := strings.Cut(rest, "/"); ok {
			out = append(out, "~/"+p)
		}
	}
	return out
}

func (a *API) lookUpArtifacts(ctx context.Context, in *LookupInput) (*List[LookupResult], error) {
	rq := from(ctx)
	out := []LookupResult{}
	seen := map[int64]bool{}
	add := func(files []store.ArtifactFile, with string) {
		for i := range files {
			f := &files[i]
			if seen[f.BundleID] || with == "release" && f.Dist != in.Dist || len(out) >= 20 {
				continue
			}
			seen[f.BundleID] = true
			id := "artifact_bundle/" + itoa(f.BundleID)
			out = append(out, LookupResult{ID: id, Type: "bundle", ResolvedWith: with,
				URL: a.base("/api/0/projects/" + rq.org.Slug + "/" + rq.project.Slug + "/artifact-lookup/?download=" + id)})
		}
	}
	if id, ok := envelope.ParseDebugID(in.DebugID); ok {
		files, err := a.Store.FilesByDebugID(ctx, rq.scope, rq.project.ID, []string{id})
		if err != nil {
			return nil, a.fail("look up debug id", err)
		}
		add(files, "debug-id")
	}
	if in.Release != "" && in.URL != "" {
		files, err := a.Store.FilesByURL(ctx, rq.scope, rq.project.ID, in.Release, urlCandidates(in.URL))
		if err != nil {
			return nil, a.fail("look up url", err)
		}
		add(files, "release")
	}
	return &List[LookupResult]{Link: a.linkHeader(rq, "0:0:1", false, "0:0:0", false), Body: out}, nil
}

// downloadArtifact gives the bytes of artifact_bundle/{id} or release_file/{id}.
func (a *API) downloadArtifact(w http.ResponseWriter, r *http.Request) {
	rq := from(r.Context())
	kind, number, _ := strings.Cut(r.URL.Query().Get("download"), "/")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		writeError(w, errNotFound)
		return
	}
	switch kind {
	case "artifact_bundle":
		b, err := a.Store.ArtifactBundle(r.Context(), rq.scope, rq.project.ID, id)
		if err != nil {
			writeError(w, a.fail("read bundle", err))
			return
		}
		body, err := a.Blobs.Get(r.Context(), b.Blob)
		if err != nil {
			writeError(w, a.fail("open bundle", err))
			return
		}
		a.sendFile(w, body, "artifact-bundle.zip", b.Size)
	case "release_file":
		f, err := a.Store.ArtifactFile(r.Context(), rq.scope, rq.project.ID, id)
		if err != nil {
			writeError(w, a.fail("read file", err))
			return
		}
		a.sendArtifact(w, r, f)
	default:
		writeError(w, errNotFound)
	}
}

// sendArtifact unpacks a file of a bundle to a client.
func (a *API) sendArtifact(w http.ResponseWriter, r *http.Request, f *store.ArtifactFile) {
	body, err := store.OpenArtifact(r.Context(), a.Blobs, f)
	if err != nil {
		writeError(w, a.fail("open file", err))
		return
	}
	a.sendFile(w, body, path.Base(f.URL), f.Size)
}

// sendFile streams a file that somebody uploaded: nothing of it may run in a browser.
func (a *API) sendFile(w http.ResponseWriter, body io.ReadCloser, name string, size int64) {
	defer body.Close()
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	if h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name})); h.Get("Content-Disposition") == "" {
		h.Set("Content-Disposition", "attachment")
	}
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Content-Length", itoa(size))
	rc := http.NewResponseController(w)
	buf := make([]byte, 64<<10)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			_ = rc.SetWriteDeadline(a.Now().Add(writeDeadline))
			if _, werr := w.Write(buf[:n]); werr != nil {
				return
			}
		}
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			a.Log.Warn("file broke off", "err", err)
			panic(http.ErrAbortHandler) // half a file must not look whole
		}
	}
}

func headersOf(f *store.ArtifactFile) map[string]string {
	h := map[string]string{}
	if json.Unmarshal([]byte(f.Headers), &h) != nil { // our own JSON
		return map[string]string{}
	}
	return h
}
