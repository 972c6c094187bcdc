package api

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"path"
	"time"

	"github.com/hindsight-dev/hindsight/store"
)

// How long an upload of debug files waits for what becomes of it, and how often it looks.
const (
	archiveWait = 2 * time.Minute
	archiveLook = 250 * time.Millisecond
)

// uploadDebugFiles takes debug files as clients sent them before they uploaded in pieces: a ZIP of them in one multipart body.
// It goes the way of the pieces, so what is in it is read by one room only, and answers with what was found.
func (a *API) uploadDebugFiles(w http.ResponseWriter, r *http.Request) {
	ctx, rq := r.Context(), from(r.Context())
	ask := store.AssemblyRequest{Kind: store.AssembleDebugArchive, Projects: []int64{rq.project.ID}}
	err := a.upload(w, r, maxAssembled, func(p *multipart.Part) error {
		if p.FormName() != "file" {
			return nil
		}
		if ask.Checksum != "" {
			return badRequest("file: only one at a time; put several into one ZIP.")
		}
		ask.Name = clipName(path.Base(p.FileName()))
		var err error
		ask.Checksum, ask.Chunks, err = a.cutIntoChunks(ctx, rq.scope, p)
		return err
	})
	if err == nil && ask.Checksum == "" {
		err = badRequest("file: a ZIP of debug files is needed.")
	}
	var files []store.DebugFile
	done := false
	if err == nil {
		files, done, err = a.assembledDebugFiles(ctx, rq, ask)
	}
	if err != nil {
		writeError(w, a.fail("upload debug files", err))
		return
	}
	out := []DebugFile{}
	for i := range files {
		out = append(out, debugFile(&files[i]))
	}
	w.Header().Set("Content-Type", "application/json")
	if w.WriteHeader(http.StatusCreated); !done {
		a.Log.Warn("an upload of debug files is taken and not read yet", "checksum", ask.Checksum)
	}
	_ = json.NewEncoder(w).Encode(out) // the client is gone when this fails
}

// cutIntoChunks stores a file as the pieces it would have been uploaded in.
func (a *API) cutIntoChunks(ctx context.Context, scope store.Scope, r io.Reader) (checksum string, chunks []string, err error) {
	whole := sha1.New()
	for {
		var buf bytes.Buffer
		if _, err := buf.ReadFrom(io.LimitReader(r, chunkSize)); err != nil {
			return "", nil, err
		}
		size := int64(buf.Len())
		switch {
		case size == 0 && len(chunks) == 0:
			return "", nil, badRequest("file: it is empty.")
		case size == 0:
			return hex.EncodeToString(whole.Sum(nil)), chunks, nil
		case len(chunks) == maxAssembled/chunkSize:
			return "", nil, badRequest(fmt.Sprintf("file: it may have %d MiB.", maxAssembled>>20))
		}
		whole.Write(buf.Bytes())
		part := sha1.Sum(buf.Bytes())
		sum := hex.EncodeToString(part[:])
		if err := a.Blobs.Put(ctx, store.ChunkBlob(scope.OrgID, sum), &buf, size); err != nil {
			return "", nil, fmt.Errorf("store chunk: %w", err)
		}
		if err := a.Store.AddChunk(ctx, scope, sum, size); err != nil {
			return "", nil, err
		}
		chunks = append(chunks, sum)
	}
}

// assembledDebugFiles waits for what an archive had in it. Not done means that it is still to be read: what was taken is not lost.
func (a *API) assembledDebugFiles(ctx context.Context, rq *request, ask store.AssemblyRequest) (files []store.DebugFile, done bool, err error) {
	wait, cancel := context.WithTimeout(ctx, archiveWait)
	defer cancel()
	look := time.NewTicker(archiveLook)
	defer look.Stop()
	st, err := a.Store.QueueAssembly(ctx, rq.scope, ask)
	for ; err == nil; st, err = a.Store.FindAssembly(ctx, rq.scope, ask) {
		switch st.State {
		case store.AssemblyOK:
			files, err = a.Store.DebugFilesBySHA1(ctx, rq.scope, rq.project.ID, st.Made())
			return files, true, err
		case store.AssemblyError:
			return nil, false, badRequest(st.Detail)
		}
		select {
		case <-look.C:
		case <-wait.Done():
			return nil, false, ctx.Err()
		}
	}
	return nil, false, err
}
