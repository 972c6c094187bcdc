package store

import (
	"compress/flate"
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/uptrace/bun"
)

// Kinds of artifact bundles.
const (
	BundleOfFiles = "bundle" // uploaded as one archive
	BundleOfOne   = "file"   // a single file of a release
)

// Types of the files in bundles, in the words of their manifest.
const (
	FileSource    = "source"
	FileMinified  = "minified_source"
	FileSourceMap = "source_map"
)

// ArtifactBundle is an uploaded archive of sources and source maps, or a single file.
type ArtifactBundle struct {
	bun.BaseModel `bun:"table:artifact_bundles,alias:ab"`

	ID        int64  `bun:"id,pk,autoincrement"`
	OrgID     int64  `bun:"org_id"`
	Kind      string `bun:"kind"`
	Identity  string `bun:"identity"` // unique in the organisation: the SHA-1 of an archive; of a single file, of where it belongs
	DebugID   string `bun:"debug_id"` // the archive's own
	Blob      string `bun:"blob"`
	Size      int64  `bun:"size"`
	Files     int64  `bun:"files"`
	CreatedMS int64  `bun:"created_ms"`
}

// ArtifactRelease says that a bundle is for a project, and for one of its releases and dists unless those are empty.
type ArtifactRelease struct {
	bun.BaseModel `bun:"table:artifact_releases,alias:ar"`

	BundleID  int64  `bun:"bundle_id,pk"`
	ProjectID int64  `bun:"project_id,pk"`
	Release   string `bun:"release,pk"`
	Dist      string `bun:"dist,pk"`
	OrgID     int64  `bun:"org_id"`
	CreatedMS int64  `bun:"created_ms"`
}

// ArtifactFile is a file of a bundle. Its bytes are Packed bytes of the bundle's blob from Start, deflated or as they are.
type ArtifactFile struct {
	bun.BaseModel `bun:"table:artifact_files,alias:af"`

	ID        int64  `bun:"id,pk,autoincrement"`
	BundleID  int64  `bun:"bundle_id"`
	OrgID     int64  `bun:"org_id"`
	URL       string `bun:"url"` // "~/static/main.js"
	Type      string `bun:"type"`
	DebugID   string `bun:"debug_id"`   // lower case with dashes, or empty
	SourceMap string `bun:"source_map"` // where a minified file says that its map is
	Headers   string `bun:"headers"`    // JSON object of texts
	SHA1      string `bun:"sha1"`
	Size      int64  `bun:"size"` // unpacked
	Packed    int64  `bun:"packed"`
	Start     int64  `bun:"start_at"`
	Deflated  bool   `bun:"deflated"`

	Blob string `bun:"blob,scanonly"` // of the bundle
	Dist string `bun:"dist,scanonly"` // for which it was found
}

// ArtifactURL finds a file of a release by its URL.
type ArtifactURL struct {
	bun.BaseModel `bun:"table:artifact_urls,alias:au"`

	ProjectID int64  `bun:"project_id,pk"`
	Release   string `bun:"release,pk"`
	URL       string `bun:"url,pk"`
	Dist      string `bun:"dist,pk"`
	FileID    int64  `bun:"file_id,pk"`
	BundleID  int64  `bun:"bundle_id"`
}

// ArtifactBlob is where the bytes of an uploaded bundle or release file are.
func ArtifactBlob(orgID int64, sha1 string) string {
	return strconv.FormatInt(orgID, 10) + "/artifacts/" + sha1
}

// OpenArtifact gives a file's bytes, unpacked: exactly Size of them, or an error.
func OpenArtifact(ctx context.Context, blobs Blobs, f *ArtifactFile) (io.ReadCloser, error) {
	packed, err := blobs.GetRange(ctx, f.Blob, f.Start, f.Packed)
	if err != nil {
		return nil, fmt.Errorf("open artifact file %d: %w", f.ID, err)
	}
	var r io.Reader = packed
	if f.Deflated {
		r = flate.NewReader(packed)
	}
	return struct {
		io.Reader
		io.Closer
	}{&exactReader{r: r, left: f.Size}, packed}, nil
}

// HasArtifacts says whether anything was ever uploaded for a project.
func (s *Store) HasArtifacts(ctx context.Context, scope Scope, projectID int64) (bool, error) {
	for _, model := range []any{(*ArtifactRelease)(nil), (*DebugFile)(nil)} {
		is, err := s.read.NewSelect().Model(model).Where("project_id = ? AND org_id = ?", projectID, scope.OrgID).Exists(ctx)
		if is || err != nil {
			return is, border(err)
		}
	}
	return false, nil
}

// maxLookUp bounds what one look-up of artifacts may give.
const maxLookUp = 1000

// FilesByDebugID gives the files of a project's bundles that have one of the debug ids, the newest first.
func (s *Store) FilesByDebugID(ctx context.Context, scope Scope, projectID int64, debugIDs []string) ([]ArtifactFile, error) {
	var rows []ArtifactFile
	if len(debugIDs) == 0 {
		return nil, nil
	}
	err := s.read.NewSelect().Model(&rows).ColumnExpr("af.*, ab.blob").Join("JOIN artifact_bundles AS ab ON ab.id = af.bundle_id").
		Where("af.org_id = ? AND af.debug_id IN (?) AND af.debug_id <> ''", scope.OrgID, bun.List(debugIDs)).
		Where("EXISTS (SELECT 1 FROM artifact_releases AS ar WHERE ar.bundle_id = af.bundle_id AND ar.project_id = ?)", projectID).
		OrderExpr("af.id DESC").Limit(maxLookUp).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("files by debug id: %w", err))
	}
	return rows, nil
}

// FilesByURL gives the files of a release that have one of the URLs, of every dist, the newest first.
func (s *Store) FilesByURL(ctx context.Context, scope Scope, projectID int64, release string, urls []string) ([]ArtifactFile, error) {
	var rows []ArtifactFile
	if len(urls) == 0 || release == "" {
		return nil, nil
	}
	err := s.read.NewSelect().Model(&rows).ColumnExpr("af.*, ab.blob, au.dist").
		Join("JOIN artifact_urls AS au ON au.file_id = af.id").Join("JOIN artifact_bundles AS ab ON ab.id = af.bundle_id").
		Where("au.project_id = ? AND au.release = ? AND au.url IN (?)", projectID, release, bun.List(urls)).
		Where("af.org_id = ?", scope.OrgID).OrderExpr("af.id DESC").Limit(maxLookUp).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("files by url: %w", err))
	}
	return rows, nil
}

// OtherReleases gives up to limit releases of a project, other than one, that have a file of one of the URLs.
func (s *Store) OtherReleases(ctx context.Context, scope Scope, projectID int64, release string, url string, limit int) ([]string, error) {
	var names []string
	err := s.read.NewSelect().Model((*ArtifactRelease)(nil)).ColumnExpr("ar.release").
		Where("ar.project_id = ? AND ar.org_id = ? AND ar.release <> ? AND ar.release <> ''", projectID, scope.OrgID, release).
		Where("EXISTS (SELECT 1 FROM artifact_urls AS au WHERE au.project_id = ar.project_id AND au.release = ar.release AND au.url = ?)", url).
		OrderExpr("ar.bundle_id DESC").Limit(int64(limit)).Scan(ctx, &names)
	if err != nil {
		return nil, border(fmt.Errorf("other releases: %w", err))
	}
	return names, nil
}

// ReleaseHasArtifacts says whether anything was uploaded for a release.
func (s *Store) ReleaseHasArtifacts(ctx context.Context, scope Scope, projectID int64, release string) (bool, error) {
	is, err := s.read.NewSelect().Model((*ArtifactRelease)(nil)).
		Where("project_id = ? AND release = ? AND org_id = ?", projectID, release, scope.OrgID).Exists(ctx)
	return is, border(err)
}

// ListedBundle is a bundle with what a project uses it for.
type ListedBundle struct {
	ArtifactBundle
	Releases []ArtifactRelease
}

// ArtifactBundles gives a page of a project's bundles, the newest first; release narrows it when it is not empty.
func (s *Store) ArtifactBundles(ctx context.Context, scope Scope, projectID int64, release string, p Page) (Paged[ListedBundle], error) {
	var rows []ArtifactBundle
	in := s.read.NewSelect().Model((*ArtifactRelease)(nil)).ColumnExpr("ar.bundle_id").Where("ar.project_id = ? AND ar.org_id = ?", projectID, scope.OrgID)
	if release != "" {
		in = in.Where("ar.release = ?", release)
	}
	q := s.read.NewSelect().Model(&rows).Where("ab.org_id = ?", scope.OrgID).Where("ab.id IN (?)", in)
	q = keyset(q, p, order{expr: "ab.id", tie: "ab.id", tieValue: numberTie})
	if err := q.Scan(ctx); err != nil {
		return Paged[ListedBundle]{}, border(fmt.Errorf("list artifact bundles: %w", err))
	}
	out := make([]ListedBundle, len(rows))
	ids, at := make([]int64, len(rows)), map[int64]int{}
	for i := range rows {
		out[i].ArtifactBundle, ids[i], at[rows[i].ID] = rows[i], rows[i].ID, i
	}
	if len(ids) > 0 {
		var rel []ArtifactRelease
		err := s.read.NewSelect().Model(&rel).Where("bundle_id IN (?) AND project_id = ?", bun.List(ids), projectID).Order("release", "dist").Limit(maxLookUp).Scan(ctx)
		if err != nil {
			return Paged[ListedBundle]{}, border(fmt.Errorf("releases of bundles: %w", err))
		}
		for _, r := range rel {
			out[at[r.BundleID]].Releases = append(out[at[r.BundleID]].Releases, r)
		}
	}
	return paged(out, p, func(b ListedBundle) Cursor { return Cursor{Value: b.ID, Tie: strconv.FormatInt(b.ID, 10)} }), nil
}

// numberTie reads a cursor's tie of a numbered row; what is no number is before all rows.
func numberTie(tie string) any {
	n, _ := strconv.ParseInt(tie, 10, 64)
	return n
}

// BundleFiles gives a page of the files of a project's bundle, in the order they are in it.
func (s *Store) BundleFiles(ctx context.Context, scope Scope, projectID, bundleID int64, p Page) (Paged[ArtifactFile], error) {
	var rows []ArtifactFile
	q := s.read.NewSelect().Model(&rows).ColumnExpr("af.*, ab.blob").Join("JOIN artifact_bundles AS ab ON ab.id = af.bundle_id").
		Where("af.bundle_id = ? AND af.org_id = ?", bundleID, scope.OrgID).
		Where("EXISTS (SELECT 1 FROM artifact_releases AS ar WHERE ar.bundle_id = af.bundle_id AND ar.project_id = ?)", projectID)
	q = keyset(q, p, order{expr: "af.id", tie: "af.id", ascending: true, tieValue: numberTie})
	if err := q.Scan(ctx); err != nil {
		return Paged[ArtifactFile]{}, border(fmt.Errorf("list files of bundle: %w", err))
	}
	return paged(rows, p, fileCursor), nil
}

func fileCursor(f ArtifactFile) Cursor {
	return Cursor{Value: f.ID, Tie: strconv.FormatInt(f.ID, 10)}
}

// ReleaseFiles gives a page of the files that were uploaded for a release of the projects, the newest first.
func (s *Store) ReleaseFiles(ctx context.Context, scope Scope, projects []int64, release string, p Page) (Paged[ArtifactFile], error) {
	var rows []ArtifactFile
	in := s.read.NewSelect().Model((*ArtifactURL)(nil)).ColumnExpr("au.file_id").
		Where("au.project_id IN (?) AND au.release = ?", bun.List(projects), release)
	q := s.read.NewSelect().Model(&rows).ColumnExpr("af.*, ab.blob").
		ColumnExpr("(SELECT MIN(au.dist) FROM artifact_urls AS au WHERE au.file_id = af.id AND au.release = ?) AS dist", release).
		Join("JOIN artifact_bundles AS ab ON ab.id = af.bundle_id").Where("af.org_id = ? AND af.id IN (?)", scope.OrgID, in)
	q = keyset(q, p, order{expr: "af.id", tie: "af.id", tieValue: numberTie})
	if err := q.Scan(ctx); err != nil {
		return Paged[ArtifactFile]{}, border(fmt.Errorf("list files of release: %w", err))
	}
	return paged(rows, p, fileCursor), nil
}

// ReleaseFile gives one file of a release of the projects.
func (s *Store) ReleaseFile(ctx context.Context, scope Scope, projects []int64, release string, id int64) (*ArtifactFile, error) {
	f := new(ArtifactFile)
	err := s.read.NewSelect().Model(f).ColumnExpr("af.*, ab.blob, au.dist").Join("JOIN artifact_bundles AS ab ON ab.id = af.bundle_id").
		Join("JOIN artifact_urls AS au ON au.file_id = af.id").
		Where("af.id = ? AND af.org_id = ? AND au.project_id IN (?) AND au.release = ?", id, scope.OrgID, bun.List(projects), release).Limit(1).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("file %d of release: %w", id, err))
	}
	return f, nil
}

// ArtifactFile gives a file of one of a project's bundles.
func (s *Store) ArtifactFile(ctx context.Context, scope Scope, projectID, id int64) (*ArtifactFile, error) {
	f := new(ArtifactFile)
	err := s.read.NewSelect().Model(f).ColumnExpr("af.*, ab.blob").Join("JOIN artifact_bundles AS ab ON ab.id = af.bundle_id").
		Where("af.id = ? AND af.org_id = ?", id, scope.OrgID).
		Where("EXISTS (SELECT 1 FROM artifact_releases AS ar WHERE ar.bundle_id = af.bundle_id AND ar.project_id = ?)", projectID).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("artifact file %d: %w", id, err))
	}
	return f, nil
}

// ArtifactBundle gives one of a project's bundles.
func (s *Store) ArtifactBundle(ctx context.Context, scope Scope, projectID, id int64) (*ArtifactBundle, error) {
	b := new(ArtifactBundle)
	err := s.read.NewSelect().Model(b).Where("ab.id = ? AND ab.org_id = ?", id, scope.OrgID).
		Where("EXISTS (SELECT 1 FROM artifact_releases AS ar WHERE ar.bundle_id = ab.id AND ar.project_id = ?)", projectID).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("artifact bundle %d: %w", id, err))
	}
	return b, nil
}
