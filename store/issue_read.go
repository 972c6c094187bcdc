package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
)

// Ways to sort issues, each by the larger first.
const (
	IssuesByLastSeen  = "last_seen_ms"
	IssuesByFirstSeen = "first_seen_ms"
	IssuesByEvents    = "times_seen"
	IssuesByUsers     = "users_seen"
)

// IssueQuery asks for issues of a scope. FromMS and ToMS bound when they were seen, zero is open.
type IssueQuery struct {
	Projects []int64 // of the scope; none: all
	Filter   Filter  // over IssueFields
	FromMS   int64
	ToMS     int64
	Sort     string // one of the constants above
	Page     Page
	Partial  bool // rather a short page soon than a full one later
}

// jsonText is the text of a member of a JSON column. column and key are constants of this package.
func (s *Store) jsonText(column, key string) string {
	if s.read.Dialect().Name() == dialect.PG {
		return "(" + column + "::json ->> '" + key + "')"
	}
	return "json_extract(" + column + ", '$." + key + "')"
}

// issueSorts are what issues can be sorted by, and the place of one in such a list.
var issueSorts = map[string]func(Issue) Cursor{
	IssuesByLastSeen:  func(i Issue) Cursor { return issuePlace(i, i.LastSeenMS) },
	IssuesByFirstSeen: func(i Issue) Cursor { return issuePlace(i, i.FirstSeenMS) },
	IssuesByEvents:    func(i Issue) Cursor { return issuePlace(i, i.TimesSeen) },
	IssuesByUsers:     func(i Issue) Cursor { return issuePlace(i, i.UsersSeen) },
}

func issuePlace(i Issue, value int64) Cursor {
	return Cursor{Value: value, Tie: strconv.FormatInt(i.ID, 10)}
}

// decimalTie reads a cursor's tie as a number; what is none is 0, which starts at the value's end.
func decimalTie(tie string) any {
	n, _ := strconv.ParseInt(tie, 10, 64)
	return n
}

// countUpTo counts the rows of a query, and stops at limit: a total that nobody reads to its end
// must not cost a walk over everything.
func (s *Store) countUpTo(ctx context.Context, q *bun.SelectQuery, limit int) (int64, error) {
	var n int64
	err := s.read.NewSelect().TableExpr("(?) AS counted", q.Limit(int64(limit))).ColumnExpr("COUNT(*)").Scan(ctx, &n)
	if err != nil {
		return 0, border(fmt.Errorf("count: %w", err))
	}
	return n, nil
}

// Issue gives one of the scope's issues. The id of a merged issue gives the one it went into.
func (s *Store) Issue(ctx context.Context, scope Scope, id int64) (*Issue, error) {
	i := new(Issue)
	err := s.read.NewSelect().Model(i).Where("i.id = ? AND i.org_id = ?", id, scope.OrgID).Where("i.project_id IN (?)", s.projectIDs(scope)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		err = s.read.NewSelect().Model(i).Join("JOIN merged_issues AS mi ON mi.into_id = i.id").
			Where("mi.issue_id = ? AND mi.org_id = ? AND i.org_id = ?", id, scope.OrgID, scope.OrgID).Scan(ctx)
	}
	if err != nil {
		return nil, border(fmt.Errorf("issue %d: %w", id, err))
	}
	return i, nil
}

// IssuesByID gives those of the ids that are the scope's issues, in no order.
func (s *Store) IssuesByID(ctx context.Context, scope Scope, ids []int64) ([]Issue, error) {
	var rows []Issue
	if len(ids) == 0 {
		return nil, nil
	}
	err := s.read.NewSelect().Model(&rows).Where("i.id IN (?)", bun.List(ids)).Where("i.org_id = ?", scope.OrgID).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("issues by id: %w", err))
	}
	return rows, nil
}

// shortDigits is Sentry's alphabet for the number of a short id (Crockford's base 32).
const shortDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// ShortID spells an issue for people: the project's slug and the issue's number in it, "SHOP-API-3F".
func ShortID(projectSlug string, number int64) string {
	var digits []byte
	for n := number; n > 0; n /= int64(len(shortDigits)) {
		digits = append([]byte{shortDigits[n%int64(len(shortDigits))]}, digits...)
	}
	return strings.ToUpper(projectSlug) + "-" + string(digits)
}

// ParseShortID cuts a short id into a slug and a number. It says no to what cannot be one.
func ParseShortID(s string) (projectSlug string, number int64, ok bool) {
	cut := strings.LastIndexByte(s, '-')
	if cut < 1 || len(s)-cut-1 < 1 || len(s)-cut-1 > 12 || len(s) > 80 {
		return "", 0, false
	}
	for _, c := range strings.ToUpper(s[cut+1:]) {
		d := strings.IndexRune(shortDigits, c)
		if d < 0 {
			return "", 0, false
		}
		number = number*int64(len(shortDigits)) + int64(d)
	}
	return strings.ToLower(s[:cut]), number, number > 0
}

// IssueByShortID gives the issue that a short id names; that of a merged issue names the one it went into.
func (s *Store) IssueByShortID(ctx context.Context, scope Scope, shortID string) (*Issue, error) {
	slug, number, ok := ParseShortID(shortID)
	if !ok {
		return nil, fmt.Errorf("short id %q: %w", shortID, ErrNotFound)
	}
	i := new(Issue)
	err := s.read.NewSelect().Model(i).Join("JOIN projects AS p ON p.id = i.project_id").
		Where("p.org_id = ? AND p.slug = ?", scope.OrgID, slug).Where("i.number = ? AND i.org_id = ?", number, scope.OrgID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		err = s.read.NewSelect().Model(i).Join("JOIN merged_issues AS mi ON mi.into_id = i.id").Join("JOIN projects AS p ON p.id = mi.project_id").
			Where("p.org_id = ? AND p.slug = ?", scope.OrgID, slug).Where("mi.number = ? AND i.org_id = ?", number, scope.OrgID).Scan(ctx)
	}
	if err != nil {
		return nil, border(fmt.Errorf("short id %s: %w", shortID, err))
	}
	return i, nil
}

// IssueHours gives the hourly counts of issues from an hour on, in no order. The ids must be of
// issues that were read with a scope.
func (s *Store) IssueHours(ctx context.Context, scope Scope, ids []int64, fromMS int64) ([]IssueHour, error) {
	var rows []IssueHour
	if len(ids) == 0 {
		return nil, nil
	}
	// Whose the issue is is asked row by row: as a join, Postgres reads the hours of all issues.
	err := s.read.NewSelect().Model(&rows).Where("ihr.issue_id IN (?)", bun.List(ids)).Where("ihr.hour_ms >= ?", fromMS).
		Where("(SELECT i.org_id FROM issues AS i WHERE i.id = ihr.issue_id) = ?", scope.OrgID).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("issue hours: %w", err))
	}
	return rows, nil
}
