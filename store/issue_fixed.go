package store

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/uptrace/bun"
)

var (
	fixWords = regexp.MustCompile(`(?i)\b(?:fix|fixes|fixed|close|closes|closed|resolve|resolves|resolved):?\s+([a-z0-9_-]+-[0-9a-z]+(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*)[a-z0-9_-]+-[0-9a-z]+)*)`)
	shortIDs = regexp.MustCompile(`(?i)[a-z0-9_-]+-[0-9a-z]+`)
)

// maxFixed is how many issues the commits of one upload can resolve by their messages.
const maxFixed = 500

// fixes gives the short ids of the issues that a commit's message says it fixes: "Fixes SHOP-1, SHOP-2".
func fixes(message string) (out []string) {
	for _, m := range fixWords.FindAllStringSubmatch(message, -1) {
		out = append(out, shortIDs.FindAllString(m[1], -1)...)
	}
	return out
}

// fixedIssue is an issue that a commit says it fixes.
type fixedIssue struct {
	id     int64
	commit *CommitWrite
}

// commitsOf gives the ids that a release's commits have.
func commitsOf(ctx context.Context, tx bun.Tx, releaseID int64) (map[string]bool, error) {
	var shas []string
	err := tx.NewSelect().TableExpr("release_commits AS rc").ColumnExpr("c.sha").Join("JOIN commits AS c ON c.id = rc.commit_id").
		Where("rc.release_id = ?", releaseID).Scan(ctx, &shas)
	had := make(map[string]bool, len(shas))
	for _, sha := range shas {
		had[sha] = true
	}
	return had, err
}

// resolveFixed resolves, in a release, the issues of its projects that commits which are new to it say they fix. A commit
// that an older release of the issue's project has too says nothing new: the issue may have come back since.
func (s *Store) resolveFixed(ctx context.Context, tx bun.Tx, r *Release, commits []CommitWrite, had map[string]bool) error {
	named, err := fixedBy(ctx, tx, r, commits, had)
	if err != nil || len(named) == 0 {
		return err
	}
	byID := map[int64]*CommitWrite{}
	ids := make([]int64, 0, len(named))
	for _, f := range named {
		if byID[f.id] == nil {
			byID[f.id], ids = f.commit, append(ids, f.id)
		}
	}
	issues, err := s.lockIssues(ctx, tx, Scope{OrgID: r.OrgID}, ids)
	if err != nil {
		return err
	}
	now := s.nowMS()
	var notes []Activity
	for n := range issues {
		i := &issues[n]
		c := byID[i.ID]
		if i.Status == IssueResolved {
			continue
		}
		if is, err := releasedBefore(ctx, tx, r, i.ProjectID, c.SHA); err != nil || is {
			if err != nil {
				return err
			}
			continue
		}
		actor, err := memberOf(ctx, tx, r.OrgID, c.AuthorEmail)
		if err != nil {
			return err
		}
		i.setStatus(IssueResolved, "", now, actor)
		i.Resolution, i.ResolutionReleaseID, i.ResolutionCommit = ResolvedInRelease, &r.ID, c.SHA
		if _, err := tx.NewUpdate().Model(i).WherePK().Exec(ctx); err != nil {
			return err
		}
		notes = append(notes, activityOf(i, ActivityResolvedInCommit, actor, now, map[string]any{"commit": c.SHA, "version": r.Version}))
	}
	return insertActivities(ctx, tx, notes)
}

// fixedBy finds the issues of a release's projects that its new commits name; merged ones by what they went into.
func fixedBy(ctx context.Context, tx bun.Tx, r *Release, commits []CommitWrite, had map[string]bool) ([]fixedIssue, error) {
	type name struct {
		slug   string
		number int64
	}
	by := map[name]*CommitWrite{}
	var slugs []string
	for n := range commits {
		c := &commits[n]
		if had[c.SHA] {
			continue
		}
		for _, text := range fixes(c.Message) {
			slug, number, ok := ParseShortID(text)
			if k := (name{slug, number}); ok && by[k] == nil && len(by) < maxFixed {
				by[k], slugs = c, append(slugs, slug)
			}
		}
	}
	if len(by) == 0 {
		return nil, nil
	}
	var projects []Project
	err := tx.NewSelect().Model(&projects).Column("id", "slug").Where("org_id = ?", r.OrgID).Where("slug IN (?)", bun.List(slugs)).
		Where("id IN (SELECT project_id FROM release_projects WHERE release_id = ?)", r.ID).Scan(ctx)
	if err != nil {
		return nil, err
	}
	var out []fixedIssue
	for _, p := range projects {
		var numbers []int64
		for k := range by {
			if k.slug == p.Slug {
				numbers = append(numbers, k.number)
			}
		}
		var rows []struct {
			ID     int64 `bun:"id"`
			Number int64 `bun:"number"`
		}
		q := tx.NewSelect().TableExpr("issues AS i").ColumnExpr("i.id, i.number").Where("i.project_id = ? AND i.number IN (?)", p.ID, bun.List(numbers)).
			UnionAll(tx.NewSelect().TableExpr("merged_issues AS mi").ColumnExpr("mi.into_id, mi.number").Where("mi.project_id = ? AND mi.number IN (?)", p.ID, bun.List(numbers)))
		if err := q.Scan(ctx, &rows); err != nil {
			return nil, err
		}
		for _, row := range rows {
			out = append(out, fixedIssue{row.ID, by[name{p.Slug, row.Number}]})
		}
	}
	slices.SortFunc(out, func(x, y fixedIssue) int { return cmp.Compare(x.id, y.id) })
	return out, nil
}

// releasedBefore says whether another release of a project has a commit.
func releasedBefore(ctx context.Context, tx bun.Tx, r *Release, projectID int64, sha string) (bool, error) {
	return tx.NewSelect().TableExpr("commits AS c").ColumnExpr("1").Join("JOIN release_commits AS rc ON rc.commit_id = c.id").
		Join("JOIN release_projects AS rp ON rp.release_id = rc.release_id").Where("c.org_id = ? AND c.sha = ?", r.OrgID, sha).
		Where("rc.release_id <> ? AND rp.project_id = ?", r.ID, projectID).Exists(ctx)
}

// memberOf gives the member with an address; nil when it is nobody's.
func memberOf(ctx context.Context, tx bun.Tx, orgID int64, email string) (*int64, error) {
	if email == "" {
		return nil, nil
	}
	var ids []int64
	err := tx.NewSelect().TableExpr("users AS u").ColumnExpr("u.id").Join("JOIN memberships AS m ON m.user_id = u.id").
		Where("m.org_id = ? AND u.email = ?", orgID, strings.ToLower(email)).Limit(1).Scan(ctx, &ids)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return &ids[0], nil
}
