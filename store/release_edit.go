package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/hindsight-dev/hindsight/internal/release"
)

// ReleaseChange is what a person or a build says about a release; nil stays as it is.
type ReleaseChange struct {
	Projects   []int64 // that share in it besides those that do already; must be the scope's
	Ref, URL   *string
	Status     *string // ReleaseOpen or ReleaseArchived
	OwnerID    *int64
	StartedMS  *int64
	ReleasedMS *int64
	Refs       []RefWrite    // nil: stay; none: the release stands nowhere any more
	Commits    []CommitWrite // the newest first; nil: stay, else all of the release's
}

// RefWrite is a repository's commit in a release.
type RefWrite struct {
	Repository, SHA, PreviousSHA string
}

// CommitWrite is a commit as it is uploaded. An empty repository is the release's own.
type CommitWrite struct {
	Repository              string
	SHA, Message            string
	AuthorName, AuthorEmail string
	DateMS                  int64
	Files                   []CommitFile
}

// Bounds of what a release's commits may say; more is refused.
const (
	maxCommits     = 1_000 // of one release
	maxCommitFiles = 5_000 // of all of them
	maxRefs        = 100
	maxSHA         = 64
	maxMessage     = 10_000 // bytes; longer ones are cut
	maxPath        = 1_000
	maxURL         = 2_000
)

func (c *ReleaseChange) check() error {
	switch {
	case c.Status != nil && *c.Status != ReleaseOpen && *c.Status != ReleaseArchived:
		return fmt.Errorf("%w: status is open or archived", ErrInvalid)
	case len(c.Commits) > maxCommits:
		return fmt.Errorf("%w: a release has at most %d commits", ErrInvalid, maxCommits)
	case len(c.Refs) > maxRefs:
		return fmt.Errorf("%w: a release has at most %d refs", ErrInvalid, maxRefs)
	case c.URL != nil && len(*c.URL) > maxURL:
		return fmt.Errorf("%w: url is longer than %d bytes", ErrInvalid, maxURL)
	case c.Ref != nil:
		if err := checkText("ref", *c.Ref); err != nil {
			return err
		}
	}
	files := 0
	for i := range c.Commits {
		w := &c.Commits[i]
		if err := checkCommit(w.Repository, w.SHA); err != nil {
			return err
		}
		w.Message, w.AuthorName, w.AuthorEmail = cutText(w.Message, maxMessage), cutText(w.AuthorName, maxName), cutText(w.AuthorEmail, maxName)
		w.Files = slices.DeleteFunc(slices.Clone(w.Files), func(f CommitFile) bool { return f.Path == "" || len(f.Path) > maxPath })
		files += len(w.Files)
	}
	for _, r := range c.Refs {
		if err := checkCommit(r.Repository, r.SHA); err != nil {
			return err
		}
	}
	if files > maxCommitFiles {
		return fmt.Errorf("%w: a release's commits touch at most %d files", ErrInvalid, maxCommitFiles)
	}
	return nil
}

func checkCommit(repository, sha string) error {
	if err := checkText("repository", repository); err != nil {
		return err
	}
	if sha == "" || len(sha) > maxSHA || strings.ContainsFunc(sha, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fmt.Errorf("%w: a commit's id has 1 to %d characters", ErrInvalid, maxSHA)
	}
	return nil
}

// cutText bounds a text in bytes and drops what is no text.
func cutText(s string, most int) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
	if len(s) > most {
		s = s[:most]
		for !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
	}
	return s
}

// UpsertRelease makes a release or changes it, and says whether it was made.
func (s *Store) UpsertRelease(ctx context.Context, scope Scope, version string, c ReleaseChange) (r *Release, created bool, err error) {
	if !release.Valid(version) {
		return nil, false, fmt.Errorf("%w: a release's version has 1 to %d characters, no line break, tab or backslash, and is none of . .. latest", ErrInvalid, release.MaxLen)
	}
	if err := c.check(); err != nil {
		return nil, false, err
	}
	err = s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		fresh := newRelease(scope.OrgID, version, s.nowMS())
		res, err := tx.NewInsert().Model(&fresh).On("CONFLICT (org_id, version) DO NOTHING").Returning("NULL").Exec(ctx)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		created = n > 0
		r, err = s.changeRelease(ctx, tx, scope, version, c)
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("write release: %w", err)
	}
	return r, created, nil
}

// UpdateRelease changes a release that exists.
func (s *Store) UpdateRelease(ctx context.Context, scope Scope, version string, c ReleaseChange) (r *Release, err error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	err = s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		r, err = s.changeRelease(ctx, tx, scope, version, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("update release: %w", err)
	}
	return r, nil
}

func (s *Store) changeRelease(ctx context.Context, tx bun.Tx, scope Scope, version string, c ReleaseChange) (*Release, error) {
	r := new(Release)
	q := tx.NewSelect().Model(r).Where("r.org_id = ? AND r.version = ?", scope.OrgID, version)
	if err := s.lockRows(q).Scan(ctx); err != nil {
		return nil, err
	}
	set := func(to *string, v *string) {
		if v != nil {
			*to = *v
		}
	}
	set(&r.Ref, c.Ref)
	set(&r.URL, c.URL)
	set(&r.Status, c.Status)
	if c.OwnerID != nil {
		r.OwnerID = c.OwnerID
	}
	if c.StartedMS != nil {
		r.StartedMS = c.StartedMS
	}
	if c.ReleasedMS != nil {
		r.ReleasedMS, r.DateMS = c.ReleasedMS, *c.ReleasedMS
	}
	if c.Refs != nil && len(c.Refs) == 0 {
		if _, err := tx.NewDelete().Model((*ReleaseRef)(nil)).Where("release_id = ?", r.ID).Exec(ctx); err != nil {
			return nil, err
		}
	}
	if err := s.writeRefs(ctx, tx, r, c.Refs); err != nil {
		return nil, err
	}
	var had map[string]bool
	if c.Commits != nil {
		var err error
		if had, err = commitsOf(ctx, tx, r.ID); err != nil {
			return nil, err
		}
		n, err := s.writeCommits(ctx, tx, r, c.Commits)
		if err != nil {
			return nil, err
		}
		r.CommitCount = n
	}
	if _, err := tx.NewUpdate().Model(r).WherePK().Exec(ctx); err != nil {
		return nil, err
	}
	var shares []ReleaseProject
	for _, p := range slices.Compact(slices.Sorted(slices.Values(c.Projects))) {
		shares = append(shares, r.share(p))
	}
	if err := insertIgnore(ctx, tx, shares); err != nil {
		return nil, err
	}
	shas := make([]string, len(c.Commits))
	for i := range c.Commits {
		shas[i] = c.Commits[i].SHA
	}
	if err := settleCommits(ctx, tx, r, shas); err != nil {
		return nil, err
	}
	if err := s.resolveFixed(ctx, tx, r, c.Commits, had); err != nil {
		return nil, err
	}
	_, err := tx.NewUpdate().Model((*ReleaseProject)(nil)).Set("date_ms = ?", r.DateMS).Where("release_id = ? AND date_ms <> ?", r.ID, r.DateMS).Exec(ctx)
	return r, err
}

// repositories gives the ids of repositories by name, and makes those that are missing.
func (s *Store) repositories(ctx context.Context, tx bun.Tx, orgID int64, names []string) (map[string]int64, error) {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	ids := map[string]int64{}
	if len(names) == 0 {
		return ids, nil
	}
	rows := make([]Repository, len(names))
	for i, n := range names {
		rows[i] = Repository{OrgID: orgID, Name: n, CreatedMS: s.nowMS()}
	}
	if err := insertIgnore(ctx, tx, rows); err != nil {
		return nil, err
	}
	rows = nil
	if err := tx.NewSelect().Model(&rows).Where("org_id = ?", orgID).Where("name IN (?)", bun.List(names)).Scan(ctx); err != nil {
		return nil, err
	}
	for _, r := range rows {
		ids[r.Name] = r.ID
	}
	return ids, nil
}

// writeRefs notes where repositories stand; a repository that is not named stays.
func (s *Store) writeRefs(ctx context.Context, tx bun.Tx, r *Release, refs []RefWrite) error {
	if len(refs) == 0 {
		return nil
	}
	var names []string
	for _, ref := range refs {
		names = append(names, ref.Repository)
	}
	ids, err := s.repositories(ctx, tx, r.OrgID, names)
	if err != nil {
		return err
	}
	byRepository := map[int64]ReleaseRef{}
	for _, ref := range refs {
		id := ids[ref.Repository]
		byRepository[id] = ReleaseRef{ReleaseID: r.ID, RepositoryID: id, OrgID: r.OrgID, SHA: ref.SHA, PreviousSHA: cutText(ref.PreviousSHA, maxSHA)}
	}
	var rows []ReleaseRef
	for _, row := range byRepository {
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(x, y ReleaseRef) int { return cmp.Compare(x.RepositoryID, y.RepositoryID) })
	_, err = tx.NewInsert().Model(&rows).On("CONFLICT (release_id, repository_id) DO UPDATE").
		Set("sha = EXCLUDED.sha").Set("previous_sha = EXCLUDED.previous_sha").Returning("NULL").Exec(ctx)
	return err
}

// writeCommits makes the commits those of the release and counts them. A commit that is known already gains what it had not.
func (s *Store) writeCommits(ctx context.Context, tx bun.Tx, r *Release, in []CommitWrite) (int64, error) {
	var names []string
	for i := range in {
		names = append(names, in[i].Repository)
	}
	repos, err := s.repositories(ctx, tx, r.OrgID, names)
	if err != nil {
		return 0, err
	}
	type key struct {
		repo int64
		sha  string
	}
	rows := make([]Commit, 0, len(in))
	files := map[key][]CommitFile{}
	positions := map[key]int64{}
	for i := range in {
		w := &in[i]
		k := key{repos[w.Repository], w.SHA}
		if _, twice := positions[k]; twice {
			continue
		}
		positions[k], files[k] = int64(len(positions)), w.Files
		rows = append(rows, Commit{OrgID: r.OrgID, RepositoryID: k.repo, SHA: w.SHA, Message: w.Message, AuthorName: w.AuthorName, AuthorEmail: w.AuthorEmail, DateMS: w.DateMS})
	}
	slices.SortFunc(rows, func(x, y Commit) int {
		return cmp.Or(cmp.Compare(x.RepositoryID, y.RepositoryID), cmp.Compare(x.SHA, y.SHA))
	})
	if _, err := tx.NewDelete().Model((*ReleaseCommit)(nil)).Where("release_id = ?", r.ID).Exec(ctx); err != nil {
		return 0, err
	}
	var links []ReleaseCommit
	var touched []CommitFile
	for part := range slices.Chunk(rows, chunk) {
		var got []Commit
		_, err := tx.NewInsert().Model(&part).On("CONFLICT (repository_id, sha) DO UPDATE").
			Set("message = CASE WHEN EXCLUDED.message <> '' THEN EXCLUDED.message ELSE c.message END").
			Set("author_name = CASE WHEN EXCLUDED.author_name <> '' THEN EXCLUDED.author_name ELSE c.author_name END").
			Set("author_email = CASE WHEN EXCLUDED.author_email <> '' THEN EXCLUDED.author_email ELSE c.author_email END").
			Returning("id, repository_id, sha").Exec(ctx, &got)
		if err != nil {
			return 0, err
		}
		for _, c := range got {
			k := key{c.RepositoryID, c.SHA}
			links = append(links, ReleaseCommit{ReleaseID: r.ID, Position: positions[k], OrgID: r.OrgID, CommitID: c.ID})
			for _, f := range files[k] {
				touched = append(touched, CommitFile{CommitID: c.ID, Path: f.Path, Type: f.Type})
			}
		}
	}
	if err := insertIgnore(ctx, tx, links); err != nil {
		return 0, err
	}
	return int64(len(links)), insertIgnore(ctx, tx, touched)
}

// DeleteRelease removes a release and what was said about it. Its events stay; the next one makes it again.
func (s *Store) DeleteRelease(ctx context.Context, scope Scope, version string) error {
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		r := new(Release)
		q := tx.NewSelect().Model(r).Where("r.org_id = ? AND r.version = ?", scope.OrgID, version)
		if err := s.lockRows(q).Scan(ctx); err != nil {
			return err
		}
		for _, model := range []any{(*ReleaseCommit)(nil), (*ReleaseRef)(nil), (*Deploy)(nil), (*ReleaseEnvironment)(nil), (*ReleaseProject)(nil)} {
			if _, err := tx.NewDelete().Model(model).Where("release_id = ?", r.ID).Exec(ctx); err != nil {
				return err
			}
		}
		if _, err := tx.NewDelete().Model(r).WherePK().Exec(ctx); err != nil {
			return err
		}
		return s.audit(ctx, tx, scope, audited{AuditReleaseRemove, "release", auditID(r.ID), r.Version, nil})
	})
	if err != nil {
		return fmt.Errorf("delete release: %w", err)
	}
	return nil
}
