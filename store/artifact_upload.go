package store

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// UploadChunk is a piece of a file that a client uploaded, named by its SHA-1; its bytes are in Blobs.
type UploadChunk struct {
	bun.BaseModel `bun:"table:upload_chunks,alias:uc"`

	OrgID  int64  `bun:"org_id,pk"`
	SHA1   string `bun:"sha1,pk"`
	Size   int64  `bun:"size"`
	UsedMS int64  `bun:"used_ms"` // uploaded, or last named by a request
}

// ChunkBlob is where a chunk's bytes are.
func ChunkBlob(orgID int64, sha1 string) string {
	return strconv.FormatInt(orgID, 10) + "/chunk/" + sha1
}

// keepChunks is how long a chunk waits for a request that names it.
const keepChunks = 24 * time.Hour

// AddChunk says that a chunk's bytes are in Blobs.
func (s *Store) AddChunk(ctx context.Context, scope Scope, sha1 string, size int64) error {
	c := UploadChunk{OrgID: scope.OrgID, SHA1: sha1, Size: size, UsedMS: s.nowMS()}
	_, err := s.write.NewInsert().Model(&c).On("CONFLICT (org_id, sha1) DO UPDATE").Set("used_ms = EXCLUDED.used_ms").Exec(ctx)
	if err != nil {
		return border(fmt.Errorf("add chunk %s: %w", sha1, err))
	}
	return nil
}

// MissingChunks gives those of the chunks that are not there, in the order asked, and keeps the others from
// expiring for another day.
func (s *Store) MissingChunks(ctx context.Context, scope Scope, sha1s []string) ([]string, error) {
	if len(sha1s) == 0 {
		return nil, nil
	}
	var there []string
	_, err := s.write.NewUpdate().Model((*UploadChunk)(nil)).Set("used_ms = ?", s.nowMS()).
		Where("org_id = ? AND sha1 IN (?)", scope.OrgID, bun.List(sha1s)).Returning("sha1").Exec(ctx, &there)
	if err != nil {
		return nil, border(fmt.Errorf("missing chunks: %w", err))
	}
	has := make(map[string]bool, len(there))
	for _, c := range there {
		has[c] = true
	}
	var missing []string
	for _, c := range sha1s {
		if !has[c] {
			has[c] = true
			missing = append(missing, c)
		}
	}
	return missing, nil
}

// ChunkSizes gives the sizes in bytes of those chunks that are there.
func (s *Store) ChunkSizes(ctx context.Context, scope Scope, sha1s []string) (map[string]int64, error) {
	var rows []UploadChunk
	if len(sha1s) > 0 {
		err := s.read.NewSelect().Model(&rows).Where("org_id = ? AND sha1 IN (?)", scope.OrgID, bun.List(sha1s)).Scan(ctx)
		if err != nil {
			return nil, border(fmt.Errorf("chunk sizes: %w", err))
		}
	}
	out := make(map[string]int64, len(rows))
	for _, c := range rows {
		out[c.SHA1] = c.Size
	}
	return out, nil
}

// ExpireChunks deletes up to limit chunks that nobody named for a day, rows first: a request that names one
// of them meanwhile is told to upload it again.
func (s *Store) ExpireChunks(ctx context.Context, blobs Blobs, limit int) (int, error) {
	old := s.write.NewSelect().Model((*UploadChunk)(nil)).Column("org_id", "sha1").Where("used_ms < ?", s.now().Add(-keepChunks).UnixMilli()).Limit(int64(limit))
	var gone []UploadChunk
	if _, err := s.write.NewDelete().Model((*UploadChunk)(nil)).Where("(org_id, sha1) IN (?)", old).Returning("org_id, sha1").Exec(ctx, &gone); err != nil {
		return 0, border(fmt.Errorf("expire chunks: %w", err))
	}
	for _, c := range gone {
		if err := blobs.Delete(ctx, ChunkBlob(c.OrgID, c.SHA1)); err != nil {
			return len(gone), fmt.Errorf("expire chunk: %w", err)
		}
	}
	return len(gone), nil
}

// States of an assembly, in the words of the protocol.
const (
	AssemblyNotFound = "not_found" // never stored: chunks are missing
	AssemblyCreated  = "created"
	AssemblyRunning  = "assembling"
	AssemblyOK       = "ok"
	AssemblyError    = "error"
)

// Kinds of files that are put together from chunks.
const (
	AssembleBundle       = "bundle"
	AssembleDebugFile    = "debug-file"
	AssembleDebugArchive = "debug-archive" // a ZIP of debug files
)

// AssemblyRequest says what to put together and what for.
type AssemblyRequest struct {
	Kind     string   `json:"kind"`
	Checksum string   `json:"checksum"` // SHA-1 of the whole, hex
	Chunks   []string `json:"chunks"`
	Projects []int64  `json:"projects"` // sorted
	Release  string   `json:"release,omitempty"`
	Dist     string   `json:"dist,omitempty"`
	Name     string   `json:"name,omitempty"`    // of a debug file
	DebugID  string   `json:"debugId,omitempty"` // that the client read from a debug file
}

// target is one name for all that is asked but how it is cut.
func (r AssemblyRequest) target() (string, error) {
	r.Chunks = nil
	b, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	sum := sha1.Sum(b)
	return hex.EncodeToString(sum[:]), nil
}

// Assembly is a file being put together.
type Assembly struct {
	bun.BaseModel `bun:"table:assemblies,alias:asm"`

	ID        int64  `bun:"id,pk,autoincrement"`
	OrgID     int64  `bun:"org_id"`
	Target    string `bun:"target"`
	Kind      string `bun:"kind"`
	Checksum  string `bun:"checksum"`
	Request   string `bun:"request"` // JSON of an AssemblyRequest
	State     string `bun:"state"`
	Detail    string `bun:"detail"`   // of an error, for a person; of debug files that ended well, see [Assembly.Made]
	Tries     int64  `bun:"tries"`    // how often somebody began it
	LeaseMS   int64  `bun:"lease_ms"` // until when whoever works on it has it for himself
	UpdatedMS int64  `bun:"updated_ms"`
}

// Scope is the organisation that asked.
func (a *Assembly) Scope() Scope { return Scope{OrgID: a.OrgID} }

// Made are the checksums of the debug files that came of it.
func (a *Assembly) Made() []string {
	if a.State != AssemblyOK || a.Kind == AssembleBundle {
		return nil
	}
	return strings.Fields(a.Detail)
}

// Asked reads the request.
func (a *Assembly) Asked() (AssemblyRequest, error) {
	var r AssemblyRequest
	if err := json.Unmarshal([]byte(a.Request), &r); err != nil {
		return r, fmt.Errorf("%w: request of assembly %d: %w", ErrInvalid, a.ID, err)
	}
	return r, nil
}

// retryAssembly is how long a failed assembly answers with its error; asked again later it is tried again.
const retryAssembly = 30 * time.Second

// FindAssembly gives how it stands with what is asked; [ErrNotFound] when nobody asked yet, or the last try
// failed a while ago.
func (s *Store) FindAssembly(ctx context.Context, scope Scope, r AssemblyRequest) (*Assembly, error) {
	target, err := r.target()
	if err != nil {
		return nil, fmt.Errorf("find assembly: %w", err)
	}
	a := new(Assembly)
	if err := s.read.NewSelect().Model(a).Where("org_id = ? AND target = ?", scope.OrgID, target).Scan(ctx); err != nil {
		return nil, border(fmt.Errorf("find assembly: %w", err))
	}
	if a.State == AssemblyError && s.nowMS()-a.UpdatedMS > retryAssembly.Milliseconds() {
		return nil, fmt.Errorf("assembly that failed: %w", ErrNotFound)
	}
	return a, nil
}

// QueueAssembly asks for a file to be put together; one that is under way or done stays as it is.
func (s *Store) QueueAssembly(ctx context.Context, scope Scope, r AssemblyRequest) (*Assembly, error) {
	target, err := r.target()
	if err != nil {
		return nil, fmt.Errorf("queue assembly: %w", err)
	}
	request, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("queue assembly: %w", err)
	}
	a := &Assembly{OrgID: scope.OrgID, Target: target, Kind: r.Kind, Checksum: r.Checksum, Request: string(request), State: AssemblyCreated, UpdatedMS: s.nowMS()}
	_, err = s.write.NewInsert().Model(a).On("CONFLICT (org_id, target) DO UPDATE").Set("state = EXCLUDED.state, request = EXCLUDED.request").
		Set("detail = ''").Set("lease_ms = 0").Set("tries = 0").Set("updated_ms = EXCLUDED.updated_ms").
		Where("asm.state = ?", AssemblyError).Returning("id").Exec(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("queue assembly: %w", err))
	}
	return s.FindAssembly(ctx, scope, r)
}

// ClaimAssembly takes the next assembly to work on, for as long as lease; nil when there is none. What a
// process that died had claimed is claimed again when its lease is over.
func (s *Store) ClaimAssembly(ctx context.Context, lease time.Duration) (*Assembly, error) {
	for _, state := range []string{AssemblyCreated, AssemblyRunning} {
		var rows []Assembly
		err := s.read.NewSelect().Model(&rows).Where("state = ? AND lease_ms < ?", state, s.nowMS()).Order("lease_ms", "id").Limit(1).Scan(ctx)
		if err != nil {
			return nil, border(fmt.Errorf("claim assembly: %w", err))
		}
		if len(rows) == 0 {
			continue
		}
		a := &rows[0]
		had := a.LeaseMS
		a.Tries++
		a.State, a.LeaseMS = AssemblyRunning, s.now().Add(lease).UnixMilli()
		res, err := s.write.NewUpdate().Model(a).Column("state", "lease_ms", "tries").WherePK().Where("state = ? AND lease_ms = ?", state, had).Exec(ctx)
		if err != nil {
			return nil, border(fmt.Errorf("claim assembly: %w", err))
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 { // another process was faster
			return nil, border(err)
		}
		return a, nil
	}
	return nil, nil
}

// EndAssembly says how an assembly ended, when it did not end well: detail is for a person. The chunks can be
// uploaded again.
func (s *Store) EndAssembly(ctx context.Context, a *Assembly, detail string) error {
	_, err := s.write.NewUpdate().Model(a).Set("state = ?", AssemblyError).Set("detail = ?", detail).Set("updated_ms = ?", s.nowMS()).WherePK().Exec(ctx)
	if err != nil {
		return border(fmt.Errorf("end assembly %d: %w", a.ID, err))
	}
	return nil
}

// doneAssembly marks an assembly in the transaction that stores what it made, whose checksums stay with it.
func (s *Store) doneAssembly(ctx context.Context, tx bun.Tx, id int64, made ...string) error {
	if id == 0 {
		return nil
	}
	_, err := tx.NewUpdate().Model((*Assembly)(nil)).Set("state = ?", AssemblyOK).Set("detail = ?", strings.Join(made, " ")).
		Set("updated_ms = ?", s.nowMS()).Where("id = ?", id).Exec(ctx)
	return err
}

// dropBlob deletes a blob that no row names any more. A row that comes to name it in between put its bytes
// there before: the check is made after the rows are gone, and whoever stores the same bytes again puts them first.
func dropBlob(ctx context.Context, blobs Blobs, key string, used func() (bool, error)) error {
	if is, err := used(); err != nil || is {
		return err
	}
	if err := blobs.Delete(ctx, key); err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("delete blob: %w", err)
	}
	return nil
}
