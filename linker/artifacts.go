package linker

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/linker/symbolicate"
	"github.com/hindsight-dev/hindsight/store"
)

// artifacts is what was uploaded for a project, as package symbolicate asks for it.
type artifacts struct {
	store   *store.Store
	blobs   store.Blobs
	scope   store.Scope
	project int64

	mu    sync.Mutex
	files map[int64]store.ArtifactFile // of one event's look-ups, by id
	debug map[int64]store.DebugFile
}

func (l *Linker) artifacts(org, project int64) *artifacts {
	return &artifacts{store: l.cfg.Store, blobs: l.cfg.Blobs, scope: store.Scope{OrgID: org}, project: project,
		files: map[int64]store.ArtifactFile{}, debug: map[int64]store.DebugFile{}}
}

func (a *artifacts) ByDebugID(ctx context.Context, ids []string) ([]symbolicate.File, error) {
	rows, err := a.store.FilesByDebugID(ctx, a.scope, a.project, ids)
	return a.remember(rows), err
}

func (a *artifacts) ByURL(ctx context.Context, release string, urls []string) ([]symbolicate.File, error) {
	rows, err := a.store.FilesByURL(ctx, a.scope, a.project, release, urls)
	return a.remember(rows), err
}

func (a *artifacts) remember(rows []store.ArtifactFile) []symbolicate.File {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := make([]symbolicate.File, len(rows))
	for i, f := range rows {
		a.files[f.ID] = f
		out[i] = symbolicate.File{ID: f.ID, URL: f.URL, Type: f.Type, DebugID: f.DebugID, SourceMap: f.SourceMap, Dist: f.Dist, Size: f.Size}
	}
	return out
}

func (a *artifacts) DebugFiles(ctx context.Context, debugIDs, codeIDs []string) ([]symbolicate.DebugFile, error) {
	rows, err := a.store.DebugFilesByID(ctx, a.scope, a.project, debugIDs, codeIDs)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	out := make([]symbolicate.DebugFile, len(rows))
	for i, f := range rows {
		a.debug[f.ID] = f
		out[i] = symbolicate.DebugFile{ID: f.ID, DebugID: f.DebugID, CodeID: f.CodeID, Format: f.Format, CPU: f.CPUName, Size: f.Size}
	}
	return out, nil
}

func (a *artifacts) Open(ctx context.Context, f symbolicate.File) (io.ReadCloser, error) {
	a.mu.Lock()
	row, ok := a.files[f.ID]
	a.mu.Unlock()
	if !ok {
		return nil, fmt.Errorf("artifact file %d was not looked up: %w", f.ID, store.ErrNotFound)
	}
	return store.OpenArtifact(ctx, a.blobs, &row)
}

func (a *artifacts) OpenDebugFile(ctx context.Context, f symbolicate.DebugFile) (io.ReadCloser, error) {
	a.mu.Lock()
	row, ok := a.debug[f.ID]
	a.mu.Unlock()
	if !ok {
		return nil, fmt.Errorf("debug file %d was not looked up: %w", f.ID, store.ErrNotFound)
	}
	return a.blobs.Get(ctx, row.Blob)
}

// uploads remembers which projects have nothing uploaded, so that their events ask nobody. What comes meanwhile is
// found after the commit, see [store.Store.QueueArrived].
type uploads struct {
	store *store.Store

	mu   sync.Mutex
	none map[int64]time.Time // project → until when it is taken for one without uploads
}

// withoutUploads is for how long a project without uploads is not asked about again.
const withoutUploads = 5 * time.Second

func (u *uploads) any(ctx context.Context, scope store.Scope, project int64) bool {
	now := time.Now()
	u.mu.Lock()
	until, known := u.none[project]
	u.mu.Unlock()
	if known && now.Before(until) {
		return false
	}
	has, err := u.store.HasArtifacts(ctx, scope, project)
	if has || err != nil {
		return true
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.none == nil || len(u.none) > 100_000 {
		u.none = map[int64]time.Time{}
	}
	u.none[project] = now.Add(withoutUploads)
	return false
}

// nothing is what a project without uploads has.
type nothing struct{}

func (nothing) ByDebugID(context.Context, []string) ([]symbolicate.File, error) { return nil, nil }
func (nothing) ByURL(context.Context, string, []string) ([]symbolicate.File, error) {
	return nil, nil
}
func (nothing) DebugFiles(context.Context, []string, []string) ([]symbolicate.DebugFile, error) {
	return nil, nil
}
func (nothing) Open(context.Context, symbolicate.File) (io.ReadCloser, error) {
	return nil, store.ErrNotFound
}
func (nothing) OpenDebugFile(context.Context, symbolicate.DebugFile) (io.ReadCloser, error) {
	return nil, store.ErrNotFound
}

// symbolicate maps an event's frames and says what it waits for, in the words of the store.
func (m *message) symbolicate(ctx context.Context, ev *envelope.Event) (wanted []string) {
	var a symbolicate.Artifacts = nothing{}
	if m.l.uploads.any(ctx, store.Scope{OrgID: m.OrgID}, m.ProjectID) {
		a = m.l.artifacts(m.OrgID, m.ProjectID)
	}
	r := m.l.symbols.Event(ctx, ev, a)
	if len(r.Wanted) > 0 || r.WantsRelease {
		m.wanting = append(m.wanting, wanting{release: ev.Release, dist: ev.Dist, asRelease: r.WantsRelease, debugIDs: r.Wanted})
	}
	return wants(ev, r)
}

func wants(ev *envelope.Event, r symbolicate.Result) []string {
	var out []string
	for _, id := range r.Wanted {
		out = append(out, store.WantDebugID(id))
	}
	if r.WantsRelease {
		out = append(out, store.WantRelease(ev.Release, ev.Dist))
	}
	return out
}

// wanting is what one event waits for, for the look after the commit.
type wanting struct {
	release, dist string
	asRelease     bool
	debugIDs      []string
}

// arrived looks, after the commit, for what came while the batch's events were being stored without it.
func (l *Linker) arrived(ctx context.Context, msgs []*message) error {
	type place struct {
		org, project  int64
		release, dist string
	}
	asked := map[place][]string{}
	for _, m := range msgs {
		for _, w := range m.wanting {
			p := place{org: m.OrgID, project: m.ProjectID}
			if w.asRelease {
				p.release, p.dist = w.release, w.dist
			}
			asked[p] = append(asked[p], w.debugIDs...)
		}
	}
	for p, ids := range asked {
		if err := l.cfg.Store.QueueArrived(ctx, store.Scope{OrgID: p.org}, p.project, p.release, p.dist, ids); err != nil {
			return err
		}
	}
	return nil
}
