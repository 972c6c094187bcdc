package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/uptrace/bun"
)

// AuditEntry says that somebody changed something in an organisation. Entries are written in the
// transaction of the change: what failed left none, what happened has one. The database refuses to alter them.
type AuditEntry struct {
	bun.BaseModel `bun:"table:audit_log,alias:au"`

	ID         int64  `bun:"id,pk,autoincrement"`
	OrgID      int64  `bun:"org_id"`
	CreatedMS  int64  `bun:"created_ms"`
	Event      string `bun:"event"`       // one of [AuditEvents]
	ActorID    *int64 `bun:"actor_id"`    // the user; nil: an organisation's token, the command line
	ActorName  string `bun:"actor_name"`  // as it was then: their address, or the token's name
	ActorToken string `bun:"actor_token"` // name of the token they used; empty: signed in
	Address    string `bun:"address"`     // of the client; empty: this machine
	TargetKind string `bun:"target_kind"`
	TargetID   string `bun:"target_id"`
	TargetName string `bun:"target_name"` // as it was then
	Data       string `bun:"data"`        // a JSON object: what changed, never a secret
}

// keepAudit is how long entries are kept: long enough for a yearly review.
const keepAudit = 400 * 24 * time.Hour

// maxAuditData bounds what an entry says of its change, in bytes.
const maxAuditData = 8 << 10

// Events of the audit log, in Sentry's words where it has them.
const (
	AuditSignIn         = "user.sign-in"
	AuditPassword       = "user.password-edit"
	AuditIdentityLink   = "user.identity-link" // a sign-in provider's person is this user
	AuditIdentityUnlink = "user.identity-unlink"
	AuditSignInLink     = "member.invite" // a link that signs somebody in once
	AuditMemberAdd      = "member.add"
	AuditMemberEdit     = "member.edit"
	AuditMemberRemove   = "member.remove"
	AuditTeamJoin       = "member.join-team"
	AuditTeamLeave      = "member.leave-team"
	AuditTeamCreate     = "team.create"
	AuditTeamEdit       = "team.edit"
	AuditTeamRemove     = "team.remove"
	AuditTokenCreate    = "token.create"
	AuditTokenRemove    = "token.remove"
	AuditOrgCreate      = "org.create"
	AuditOrgEdit        = "org.edit"
	AuditOrgQuotas      = "org.quota-edit"
	AuditProjectCreate  = "project.create"
	AuditProjectEdit    = "project.edit"
	AuditProjectRemove  = "project.remove"
	AuditProjectTeam    = "project.team-add"
	AuditProjectNoTeam  = "project.team-remove"
	AuditSettings       = "project.settings-edit"
	AuditScrubbing      = "project.scrubbing-edit"
	AuditFilters        = "project.filters-edit"
	AuditQuotas         = "project.quota-edit"
	AuditRetention      = "project.retention-edit"
	AuditForwarding     = "project.forwarding-edit"
	AuditGrouping       = "project.grouping-edit"
	AuditOwnership      = "project.ownership-edit"
	AuditKeyCreate      = "projectkey.create"
	AuditKeyEdit        = "projectkey.edit"
	AuditKeyRemove      = "projectkey.remove"
	AuditIssueRemove    = "issue.delete"
	AuditDiscardRemove  = "issue.discard-end"
	AuditReplayRemove   = "replay.delete"
	AuditReplaysRemove  = "replay.delete-many"
	AuditReleaseRemove  = "release.delete"
	AuditArtifactRemove = "artifact.delete"
	AuditDebugRemove    = "debug-file.delete"
	AuditExport         = "export.evidence"
	AuditLetterResend   = "dead-letter.resend"
	AuditLetterDrop     = "dead-letter.drop"
	AuditRuleCreate     = "rule.create"
	AuditRuleEdit       = "rule.edit"
	AuditRuleRemove     = "rule.remove"
	AuditRuleSnooze     = "rule.snooze"
	AuditChannelCreate  = "alert-channel.create"
	AuditChannelEdit    = "alert-channel.edit"
	AuditChannelRemove  = "alert-channel.remove"
	AuditMonitorCreate  = "monitor.add"
	AuditMonitorEdit    = "monitor.edit"
	AuditMonitorRemove  = "monitor.remove"
)

// AuditEvents lists what can be asked for, in the order in which people look for it.
func AuditEvents() []string {
	return []string{
		AuditSignIn, AuditPassword, AuditIdentityLink, AuditIdentityUnlink, AuditMemberAdd, AuditSignInLink, AuditMemberEdit, AuditMemberRemove, AuditTeamJoin, AuditTeamLeave,
		AuditTeamCreate, AuditTeamEdit, AuditTeamRemove, AuditTokenCreate, AuditTokenRemove, AuditOrgCreate, AuditOrgEdit, AuditOrgQuotas,
		AuditProjectCreate, AuditProjectEdit, AuditProjectRemove, AuditProjectTeam, AuditProjectNoTeam, AuditSettings, AuditScrubbing,
		AuditFilters, AuditQuotas, AuditRetention, AuditForwarding, AuditGrouping, AuditOwnership, AuditKeyCreate, AuditKeyEdit, AuditKeyRemove,
		AuditIssueRemove, AuditDiscardRemove, AuditReplayRemove, AuditReplaysRemove, AuditReleaseRemove, AuditArtifactRemove, AuditDebugRemove,
		AuditExport, AuditLetterResend, AuditLetterDrop, AuditRuleCreate, AuditRuleEdit, AuditRuleRemove, AuditRuleSnooze,
		AuditChannelCreate, AuditChannelEdit, AuditChannelRemove, AuditMonitorCreate, AuditMonitorEdit, AuditMonitorRemove,
	}
}

// Actor is who a change is made for. It travels in the context from where they were recognised.
type Actor struct {
	UserID  int64  // 0: no user
	Name    string // the user's address, or the name of what acts
	Token   string // name of the token that was used; empty: none
	Address string // of the client
}

type actorKey struct{}

// WithActor gives a context whose changes are recorded as the actor's. Without one nothing is recorded:
// what the server does by itself, such as retention, is nobody's change.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorOf gives the actor of a context; nobody when there is none.
func ActorOf(ctx context.Context) Actor {
	a, _ := ctx.Value(actorKey{}).(Actor)
	return a
}

// audited is what an entry says beside who, when and where from.
type audited struct {
	event    string
	kind, id string // of the target
	name     string
	data     map[string]any // plain values
}

// audit records changes in the transaction that makes them.
func (s *Store) audit(ctx context.Context, tx bun.IDB, scope Scope, changes ...audited) error {
	a, ok := ctx.Value(actorKey{}).(Actor)
	if !ok || len(changes) == 0 {
		return nil
	}
	rows := make([]AuditEntry, len(changes))
	for i, c := range changes {
		rows[i] = AuditEntry{OrgID: scope.OrgID, CreatedMS: s.nowMS(), Event: c.event, ActorName: a.Name, ActorToken: a.Token, Address: a.Address,
			TargetKind: c.kind, TargetID: c.id, TargetName: c.name, Data: auditData(c.data)}
		if a.UserID != 0 {
			rows[i].ActorID = &a.UserID
		}
	}
	if _, err := tx.NewInsert().Model(&rows).Returning("NULL").Exec(ctx); err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	return nil
}

func auditData(data map[string]any) string {
	if len(data) == 0 {
		return "{}"
	}
	b, err := json.Marshal(data)
	if err != nil {
		panic("store: audit data: " + err.Error()) // of our own making
	}
	if len(b) > maxAuditData {
		return `{"tooLong":true}`
	}
	return string(b)
}

// auditUser records what happened to an account, in each organisation it is of.
func (s *Store) auditUser(ctx context.Context, tx bun.Tx, userID int64, event string, data map[string]any) error {
	a, ok := ctx.Value(actorKey{}).(Actor)
	if !ok {
		return nil
	}
	u := new(User)
	if err := tx.NewSelect().Model(u).Where("id = ?", userID).Scan(ctx); err != nil {
		return err
	}
	if a.UserID == 0 && a.Name == "" { // they are just signing in
		a.UserID, a.Name = u.ID, u.Email
		ctx = WithActor(ctx, a)
	}
	var orgs []int64
	if err := tx.NewSelect().Model((*Membership)(nil)).Column("org_id").Where("user_id = ?", userID).Order("org_id").Scan(ctx, &orgs); err != nil {
		return err
	}
	for _, org := range orgs {
		if err := s.audit(ctx, tx, Scope{OrgID: org}, audited{event, "user", auditID(userID), u.Email, data}); err != nil {
			return err
		}
	}
	return nil
}

// userName gives a user's address for an entry.
func userName(ctx context.Context, tx bun.Tx, userID int64) (string, error) {
	var email string
	err := tx.NewSelect().Model((*User)(nil)).Column("email").Where("id = ?", userID).Scan(ctx, &email)
	return email, err
}

// slugName gives the slug of a team or a project for an entry.
func slugName(ctx context.Context, tx bun.Tx, model any, id int64) (string, error) {
	var slug string
	err := tx.NewSelect().Model(model).Column("slug").Where("id = ?", id).Scan(ctx, &slug)
	return slug, err
}

// fromTo says what changed: triples of a name, what it was and what it is. What is the same is left out.
func fromTo(triples ...any) map[string]any {
	out := map[string]any{}
	for i := 0; i+2 < len(triples); i += 3 {
		if was, is := triples[i+1], triples[i+2]; was != is {
			out[triples[i].(string)] = map[string]any{"from": was, "to": is}
		}
	}
	return out
}

func auditID(id int64) string { return strconv.FormatInt(id, 10) }

// keyName says which key without saying the key.
func keyName(publicKey string) string { return "…" + publicKey[max(len(publicKey)-4, 0):] }

// Audit is what [Store.RecordAudit] records of a change outside the database.
type Audit struct {
	Event                            string
	TargetKind, TargetID, TargetName string
	Data                             map[string]any
}

// RecordAudit records a change that was made outside the database, such as of a dead letter.
func (s *Store) RecordAudit(ctx context.Context, scope Scope, a Audit) error {
	return border(s.audit(ctx, s.write, scope, audited{a.Event, a.TargetKind, a.TargetID, a.TargetName, a.Data}))
}

// AuditQuery asks for entries. Zero fields: all.
type AuditQuery struct {
	Event        string
	ActorID      int64
	FromMS, ToMS int64
	Page         Page
}

// AuditLog gives a page of what was changed in the scope's organisation, the newest first.
func (s *Store) AuditLog(ctx context.Context, scope Scope, in AuditQuery) (Paged[AuditEntry], error) {
	var rows []AuditEntry
	q := s.read.NewSelect().Model(&rows).Where("au.org_id = ?", scope.OrgID)
	if in.Event != "" {
		q = q.Where("au.event = ?", in.Event)
	}
	if in.ActorID != 0 {
		q = q.Where("au.actor_id = ?", in.ActorID)
	}
	if in.FromMS != 0 {
		q = q.Where("au.created_ms >= ?", in.FromMS)
	}
	if in.ToMS != 0 {
		q = q.Where("au.created_ms < ?", in.ToMS)
	}
	if err := keyset(q, in.Page, order{expr: "au.created_ms", tie: "au.id", tieValue: decimalTie}).Scan(ctx); err != nil {
		return Paged[AuditEntry]{}, border(fmt.Errorf("audit log: %w", err))
	}
	return paged(rows, in.Page, func(e AuditEntry) Cursor { return Cursor{Value: e.CreatedMS, Tie: auditID(e.ID)} }), nil
}
