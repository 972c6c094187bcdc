package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/uptrace/bun"
)

// DebugFile is a file that explains the addresses of a native program, or a ProGuard mapping. A file with
// several architectures has a row for each.
type DebugFile struct {
	bun.BaseModel `bun:"table:debug_files,alias:df"`

	ID         int64  `bun:"id,pk,autoincrement"`
	OrgID      int64  `bun:"org_id"`
	ProjectID  int64  `bun:"project_id"`
	SHA1       string `bun:"sha1"`
	DebugID    string `bun:"debug_id"` // lower case with dashes; with -age when it is not 0
	CodeID     string `bun:"code_id"`  // lower-case hex, or empty
	ObjectName string `bun:"object_name"`
	CPUName    string `bun:"cpu_name"`
	Format     string `bun:"format"`   // macho, elf, breakpad, proguard, pe, pdb, sourcebundle
	Type       string `bun:"type"`     // exe, dbg, lib, src, …
	Features   string `bun:"features"` // comma-separated: debug, symtab, unwind, sources, mapping
	Blob       string `bun:"blob"`
	Size       int64  `bun:"size"`
	CreatedMS  int64  `bun:"created_ms"`
}

// ProguardRelease says which mapping a release was built with.
type ProguardRelease struct {
	bun.BaseModel `bun:"table:proguard_releases,alias:pgr"`

	ProjectID int64  `bun:"project_id,pk"`
	Release   string `bun:"release,pk"`
	UUID      string `bun:"uuid,pk"`
	OrgID     int64  `bun:"org_id"`
	CreatedMS int64  `bun:"created_ms"`
}

// DebugFileBlob is where the bytes of a debug file are.
func DebugFileBlob(orgID int64, sha1 string) string {
	return strconv.FormatInt(orgID, 10) + "/debug-files/" + sha1
}

// AddDebugFiles stores the rows of one uploaded file, or of a ZIP of them, and queues the events that wait for it. It is idempotent. The
// blob must be there before. Assembly is marked as done in the same transaction; 0: none.
func (s *Store) AddDebugFiles(ctx context.Context, scope Scope, projectID int64, files []DebugFile, assembly int64) error {
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var wanted, made []string
		for i := range files {
			files[i].OrgID, files[i].ProjectID, files[i].CreatedMS = scope.OrgID, projectID, s.nowMS()
			wanted = append(wanted, WantDebugID(files[i].DebugID))
			if !slices.Contains(made, files[i].SHA1) {
				made = append(made, files[i].SHA1)
			}
			if files[i].CodeID != "" {
				wanted = append(wanted, WantDebugID(files[i].CodeID))
			}
		}
		if err := insertIgnore(ctx, tx, files); err != nil {
			return err
		}
		if err := s.queueRemaps(ctx, tx, scope, []int64{projectID}, wanted); err != nil {
			return err
		}
		return s.doneAssembly(ctx, tx, assembly, made...)
	})
	if err != nil {
		return fmt.Errorf("add debug files: %w", err)
	}
	return nil
}

// DebugFilesByID gives a project's debug files that have one of the debug ids or code ids, the newest first.
func (s *Store) DebugFilesByID(ctx context.Context, scope Scope, projectID int64, debugIDs, codeIDs []string) ([]DebugFile, error) {
	var all []DebugFile
	for _, by := range []struct {
		column string
		ids    []string
	}{{"debug_id", debugIDs}, {"code_id", codeIDs}} {
		if len(by.ids) == 0 {
			continue
		}
		var rows []DebugFile
		q := s.read.NewSelect().Model(&rows).Where("project_id = ? AND ? IN (?)", projectID, bun.Ident(by.column), bun.List(by.ids)).Where("org_id = ?", scope.OrgID)
		if by.column == "code_id" {
			q = q.Where("code_id <> ''")
		}
		if err := q.OrderExpr("id DESC").Limit(maxLookUp).Scan(ctx); err != nil {
			return nil, border(fmt.Errorf("debug files by id: %w", err))
		}
		all = append(all, rows...)
	}
	return all, nil
}

// DebugFilesBySHA1 gives the rows of a project's file with one of these checksums.
func (s *Store) DebugFilesBySHA1(ctx context.Context, scope Scope, projectID int64, sha1s []string) ([]DebugFile, error) {
	var rows []DebugFile
	if len(sha1s) == 0 {
		return nil, nil
	}
	err := s.read.NewSelect().Model(&rows).Where("project_id = ? AND sha1 IN (?) AND org_id = ?", projectID, bun.List(sha1s), scope.OrgID).
		Order("id").Limit(maxLookUp).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("debug files by checksum: %w", err))
	}
	return rows, nil
}

// DebugFiles gives a page of a project's debug files, the newest first; a query narrows it to one debug or code id.
func (s *Store) DebugFiles(ctx context.Context, scope Scope, projectID int64, query string, p Page) (Paged[DebugFile], error) {
	var rows []DebugFile
	q := s.read.NewSelect().Model(&rows).Where("df.project_id = ? AND df.org_id = ?", projectID, scope.OrgID)
	if query != "" {
		q = q.Where("(df.debug_id = ? OR df.code_id = ? AND df.code_id <> '')", query, query)
	}
	q = keyset(q, p, order{expr: "df.id", tie: "df.id", tieValue: numberTie})
	if err := q.Scan(ctx); err != nil {
		return Paged[DebugFile]{}, border(fmt.Errorf("list debug files: %w", err))
	}
	return paged(rows, p, func(f DebugFile) Cursor { return Cursor{Value: f.ID, Tie: strconv.FormatInt(f.ID, 10)} }), nil
}

// DebugFile gives one of a project's debug files.
func (s *Store) DebugFile(ctx context.Context, scope Scope, projectID, id int64) (*DebugFile, error) {
	f := new(DebugFile)
	err := s.read.NewSelect().Model(f).Where("id = ? AND project_id = ? AND org_id = ?", id, projectID, scope.OrgID).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("debug file %d: %w", id, err))
	}
	return f, nil
}

// DeleteDebugFile deletes one of a project's debug files, with its bytes when nothing else has them.
func (s *Store) DeleteDebugFile(ctx context.Context, scope Scope, blobs Blobs, projectID, id int64) error {
	f, err := s.DebugFile(ctx, scope, projectID, id)
	if err != nil {
		return err
	}
	err = s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewDelete().Model(f).WherePK().Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model((*Assembly)(nil)).Where("org_id = ? AND (checksum = ? OR kind = ? AND state = ?)", scope.OrgID, f.SHA1, AssembleDebugArchive, AssemblyOK).Exec(ctx); err != nil {
			return err
		}
		return s.audit(ctx, tx, scope, audited{AuditDebugRemove, "debug-file", auditID(f.ID), f.ObjectName, map[string]any{"debugId": f.DebugID}})
	})
	if err != nil {
		return fmt.Errorf("delete debug file %d: %w", id, err)
	}
	return border(dropBlob(ctx, blobs, f.Blob, func() (bool, error) {
		return s.write.NewSelect().Model((*DebugFile)(nil)).Where("org_id = ? AND blob = ?", scope.OrgID, f.Blob).Exists(ctx)
	}))
}

// SetProguardRelease says which mapping a release was built with; [ErrConflict] when it is known.
func (s *Store) SetProguardRelease(ctx context.Context, scope Scope, projectID int64, release, uuid string) error {
	row := ProguardRelease{ProjectID: projectID, Release: release, UUID: uuid, OrgID: scope.OrgID, CreatedMS: s.nowMS()}
	if _, err := s.write.NewInsert().Model(&row).Exec(ctx); err != nil {
		return border(fmt.Errorf("proguard mapping of release: %w", err))
	}
	return nil
}

// ProguardReleases gives the mappings of a release.
func (s *Store) ProguardReleases(ctx context.Context, scope Scope, projectID int64, release string) ([]string, error) {
	var ids []string
	err := s.read.NewSelect().Model((*ProguardRelease)(nil)).Column("uuid").
		Where("project_id = ? AND release = ? AND org_id = ?", projectID, release, scope.OrgID).Order("uuid").Limit(maxLookUp).Scan(ctx, &ids)
	if err != nil {
		return nil, border(fmt.Errorf("proguard mappings of release: %w", err))
	}
	return ids, nil
}
