package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/store"
)

// Bounds of uploads in bytes, as the options announce them.
const (
	chunkSize        = 8 << 20
	chunksPerRequest = 64
	maxUploadRequest = 32 << 20
	maxAssembled     = 1 << 30
	maxChunks        = 4096 // of a file
	maxDifs          = 1000 // debug files of a request
	multipartRoom    = 1 << 20
	uploadsAtOnce    = 8
)

// uploadDeadline is how long one upload request may take.
const uploadDeadline = 10 * time.Minute

func (a *API) registerUploads(router *mux.Router) {
	const org, project = "/api/0/organizations/{org}/", "/api/0/projects/{org}/{project}/"
	handle(a, Route{ID: "getChunkOptions", Method: "GET", Path: org + "chunk-upload/", Access: "project:releases", Summary: "How to upload files in pieces"}, a.getChunkOptions)
	a.handleRaw(router, Route{ID: "uploadChunks", Method: "POST", Path: org + "chunk-upload/", Access: "project:releases", Summary: "Upload pieces of files"}, a.uploadChunks)
	handle(a, Route{ID: "assembleBundle", Method: "POST", Path: org + "artifactbundle/assemble/", Access: "project:releases", Summary: "Put a bundle of sources together"}, a.assembleBundle)
	handle(a, Route{ID: "assembleRelease", Method: "POST", Path: org + "releases/{version}/assemble/", Access: "project:releases", Summary: "Put a release's bundle together, old form"}, a.assembleRelease)
	handle(a, Route{ID: "assembleDebugFiles", Method: "POST", Path: project + "files/difs/assemble/", Access: "project:releases", Summary: "Put debug files together"}, a.assembleDebugFiles)
}

func (a *API) getChunkOptions(_ context.Context, in *OrgPath) (*One[ChunkOptions], error) {
	return one(ChunkOptions{URL: a.base("/api/0/organizations/" + in.Org + "/chunk-upload/"), ChunkSize: chunkSize, ChunksPerRequest: chunksPerRequest,
		MaxFileSize: maxAssembled, MaxRequestSize: maxUploadRequest, Concurrency: uploadsAtOnce, HashAlgorithm: "sha1", Compression: []string{"gzip"},
		Accept: []string{"debug_files", "release_files", "pdbs", "sources", "bcsymbolmaps", "il2cpp", "portablepdbs", "artifact_bundles",
			"artifact_bundles_v2", "proguard", "dartsymbolmap"}, MaxWait: 300}), nil
}

// upload reads a multipart body part by part. Few are read at a time: each may hold a chunk in memory.
func (a *API) upload(w http.ResponseWriter, r *http.Request, limit int64, part func(*multipart.Part) error) error {
	select {
	case a.uploads <- struct{}{}:
		defer func() { <-a.uploads }()
	case <-r.Context().Done():
		return errInternal
	}
	_ = http.NewResponseController(w).SetReadDeadline(a.Now().Add(uploadDeadline)) // not every writer can; the server's own limit holds then
	r.Body = http.MaxBytesReader(w, r.Body, limit+multipartRoom)
	parts, err := r.MultipartReader()
	if err != nil {
		return badRequest("The body must be multipart/form-data.")
	}
	for {
		p, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = part(p)
		}
		if err != nil {
			return uploadError(err)
		}
	}
}

// uploadError says what was wrong with a body; what is no fault of the body stays as it is.
func uploadError(err error) error {
	var large *http.MaxBytesError
	var ours *Error
	switch {
	case errors.As(err, &ours):
		return ours
	case errors.As(err, &large):
		return badRequest("Request too large")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, multipart.ErrMessageTooLarge):
		return badRequest("The body is cut off.")
	}
	return err
}

func (a *API) uploadChunks(w http.ResponseWriter, r *http.Request) {
	rq, n := from(r.Context()), 0
	err := a.upload(w, r, maxUploadRequest, func(p *multipart.Part) error {
		name := p.FormName()
		if name != "file" && name != "file_gzip" {
			return nil
		}
		if n++; n > chunksPerRequest {
			return badRequest("Too many chunks")
		}
		return a.takeChunk(r.Context(), rq.scope, p, name == "file_gzip")
	})
	if err != nil {
		writeError(w, a.fail("upload chunks", err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
}

// takeChunk stores a chunk under its checksum, which is that of what it unpacks to.
func (a *API) takeChunk(ctx context.Context, scope store.Scope, p *multipart.Part, packed bool) error {
	want := p.FileName()
	if !isSHA1(want) {
		return badRequest("A chunk is named by its SHA-1: 40 lower-case hex digits.")
	}
	var body io.Reader = p
	if packed {
		z, err := gzip.NewReader(p)
		if err != nil {
			return badRequest("The chunk " + want + " is no gzip.")
		}
		body = z
	}
	var buf bytes.Buffer
	if _, err := buf.ReadFrom(io.LimitReader(body, chunkSize+1)); err != nil {
		if packed && (errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF)) || strings.Contains(err.Error(), "flate:") {
			return badRequest("The chunk " + want + " is damaged.")
		}
		return err
	}
	if buf.Len() > chunkSize {
		return badRequest("Chunk size too large")
	}
	if sum := sha1.Sum(buf.Bytes()); hex.EncodeToString(sum[:]) != want {
		return badRequest("The chunk " + want + " has another checksum: " + hex.EncodeToString(sum[:]))
	}
	size := int64(buf.Len())
	if err := a.Blobs.Put(ctx, store.ChunkBlob(scope.OrgID, want), &buf, size); err != nil {
		return fmt.Errorf("store chunk: %w", err)
	}
	return a.Store.AddChunk(ctx, scope, want, size)
}

func isSHA1(s string) bool {
	return len(s) == 40 && !strings.ContainsFunc(s, func(r rune) bool { return !('0' <= r && r <= '9' || 'a' <= r && r <= 'f') })
}

// assemble queues a file to be put together, or says how that stands.
func (a *API) assemble(ctx context.Context, scope store.Scope, r store.AssemblyRequest) (AssembleState, error) {
	out := AssembleState{MissingChunks: []string{}}
	if !isSHA1(r.Checksum) {
		return out, badRequest("checksum: must be a SHA-1, 40 lower-case hex digits.")
	}
	if len(r.Chunks) == 0 || len(r.Chunks) > maxChunks {
		return out, badRequest(fmt.Sprintf("chunks: must be 1 to %d checksums.", maxChunks))
	}
	if i := slices.IndexFunc(r.Chunks, func(c string) bool { return !isSHA1(c) }); i >= 0 {
		return out, badRequest("chunks: each must be a SHA-1, 40 lower-case hex digits.")
	}
	if len(r.Release) > 250 || len(r.Dist) > 64 || strings.ContainsAny(r.Release+r.Dist, "\x00\n\r\t") {
		return out, badRequest("version has at most 250 bytes, dist at most 64, on one line.")
	}
	st, err := a.Store.FindAssembly(ctx, scope, r)
	if errors.Is(err, store.ErrNotFound) {
		missing, err := a.Store.MissingChunks(ctx, scope, r.Chunks)
		if err != nil {
			return out, a.fail("look for chunks", err)
		}
		if len(missing) > 0 {
			out.State, out.MissingChunks = store.AssemblyNotFound, missing
			return out, nil
		}
		st, err = a.Store.QueueAssembly(ctx, scope, r)
		if err != nil {
			return out, a.fail("queue assembly", err)
		}
	} else if err != nil {
		return out, a.fail("read assembly", err)
	}
	if out.State = st.State; st.State == store.AssemblyError {
		out.Detail = text(st.Detail)
	}
	return out, nil
}

func (a *API) assembleBundle(ctx context.Context, in *AssembleInput) (*One[AssembleState], error) {
	if len(in.Body.Projects) == 0 {
		return nil, badRequest("projects: at least one is needed.")
	}
	return a.assembleFor(ctx, in)
}

func (a *API) assembleRelease(ctx context.Context, in *ReleaseAssembleInput) (*One[AssembleState], error) {
	in.Body.Version = in.Version
	return a.assembleFor(ctx, &in.AssembleInput)
}

func (a *API) assembleFor(ctx context.Context, in *AssembleInput) (*One[AssembleState], error) {
	rq := from(ctx)
	ids, err := a.uploadProjects(ctx, rq, in.Body.Projects)
	if err != nil {
		return nil, err
	}
	if in.Body.Dist != "" && in.Body.Version == "" {
		return nil, badRequest("dist: only with version.")
	}
	st, err := a.assemble(ctx, rq.scope, store.AssemblyRequest{Kind: store.AssembleBundle, Checksum: in.Body.Checksum, Chunks: in.Body.Chunks,
		Projects: ids, Release: in.Body.Version, Dist: in.Body.Dist})
	if err != nil {
		return nil, err
	}
	return one(st), nil
}

// maxUploadProjects bounds what one upload is for.
const maxUploadProjects = 100

// uploadProjects gives the ids of projects by slug or id; none named means all, as releases of old clients have it.
func (a *API) uploadProjects(ctx context.Context, rq *request, names []string) ([]int64, error) {
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	var ids []int64
	if len(names) == 0 {
		for i := range set.list {
			ids = append(ids, set.list[i].ID)
		}
	} else if ids, err = set.choose(FilterParams{Project: names}); err != nil {
		return nil, errNotFound
	}
	if len(ids) == 0 && len(names) == 0 {
		return nil, errNotFound // there is no project that could have any
	}
	if len(ids) == 0 || len(ids) > maxUploadProjects {
		return nil, badRequest(fmt.Sprintf("projects: must be 1 to %d.", maxUploadProjects))
	}
	slices.Sort(ids)
	return ids, nil
}

func (a *API) assembleDebugFiles(ctx context.Context, in *DifAssembleInput) (*One[map[string]DifAssembleState], error) {
	rq := from(ctx)
	if len(in.Body) > maxDifs {
		return nil, badRequest(fmt.Sprintf("At most %d files at once.", maxDifs))
	}
	out := map[string]DifAssembleState{}
	var done []string
	for sum, f := range in.Body {
		r := store.AssemblyRequest{Kind: store.AssembleDebugFile, Checksum: sum, Chunks: f.Chunks, Projects: []int64{rq.project.ID}, Name: clipName(f.Name)}
		if f.DebugID != nil {
			r.DebugID, _ = envelope.ParseDebugID(*f.DebugID)
		}
		st, err := a.assemble(ctx, rq.scope, r)
		if err != nil {
			return nil, err
		}
		if st.State == store.AssemblyOK {
			done = append(done, sum)
		}
		out[sum] = DifAssembleState{AssembleState: st}
	}
	files, err := a.Store.DebugFilesBySHA1(ctx, rq.scope, rq.project.ID, done)
	if err != nil {
		return nil, a.fail("read debug files", err)
	}
	for i := range files {
		st := out[files[i].SHA1]
		if st.Dif == nil {
			dif := debugFile(&files[i])
			st.Dif = &dif
			out[files[i].SHA1] = st
		}
	}
	return one(out), nil
}

// clipName bounds a client's name for a file; it is shown, never opened.
func clipName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if len(s) > 255 {
		s = strings.ToValidUTF8(s[:255], "")
	}
	return s
}
