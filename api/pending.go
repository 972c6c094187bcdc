package api

import (
	"context"
	"net/http"
	"time"
)

func (a *API) getRoot(ctx context.Context, in *struct{}) (*One[Root], error) {
	return nil, errNotAvailable
}
func (a *API) getHealth(ctx context.Context, in *struct{}) (*One[Health], error) {
	return nil, errNotAvailable
}
func (a *API) getSelf(ctx context.Context, in *struct{}) (*One[Self], error) {
	return nil, errNotAvailable
}
func (a *API) signIn(ctx context.Context, in *SignInInput) (*SignedIn, error) {
	return nil, errNotAvailable
}
func (a *API) signOut(ctx context.Context, in *struct{}) (*SignedOut, error) {
	return nil, errNotAvailable
}
func (a *API) signInWithLink(ctx context.Context, in *SignInLinkInput) (*SignedIn, error) {
	return nil, errNotAvailable
}
func (a *API) listOrganizations(ctx context.Context, in *OrganizationsInput) (*List[Organization], error) {
	return nil, errNotAvailable
}
func (a *API) getOrganization(ctx context.Context, in *OrganizationInput) (*One[OrganizationDetail], error) {
	return nil, errNotAvailable
}
func (a *API) listEnvironments(ctx context.Context, in *OrgPath) (*List[Environment], error) {
	return nil, errNotAvailable
}
func (a *API) listProjects(ctx context.Context, in *ProjectsInput) (*List[Project], error) {
	return nil, errNotAvailable
}
func (a *API) listAllProjects(ctx context.Context, in *AllProjectsInput) (*List[Project], error) {
	return nil, errNotAvailable
}
func (a *API) createProject(ctx context.Context, in *CreateProjectInput) (*One[ProjectDetail], error) {
	return nil, errNotAvailable
}
func (a *API) getProject(ctx context.Context, in *ProjectPath) (*One[ProjectDetail], error) {
	return nil, errNotAvailable
}
func (a *API) updateProject(ctx context.Context, in *UpdateProjectInput) (*One[ProjectDetail], error) {
	return nil, errNotAvailable
}
func (a *API) listKeys(ctx context.Context, in *KeysInput) (*List[Key], error) {
	return nil, errNotAvailable
}
func (a *API) createKey(ctx context.Context, in *CreateKeyInput) (*One[Key], error) {
	return nil, errNotAvailable
}
func (a *API) getKey(ctx context.Context, in *KeyPath) (*One[Key], error) {
	return nil, errNotAvailable
}
func (a *API) updateKey(ctx context.Context, in *UpdateKeyInput) (*One[Key], error) {
	return nil, errNotAvailable
}
func (a *API) deleteKey(ctx context.Context, in *KeyPath) (*Nothing, error) {
	return nil, errNotAvailable
}
func (a *API) listIssues(ctx context.Context, in *IssuesInput) (*IssuesOutput, error) {
	return nil, errNotAvailable
}
func (a *API) updateIssues(ctx context.Context, in *BulkIssuesInput) (*BulkOutput, error) {
	return nil, errNotAvailable
}
func (a *API) countIssues(ctx context.Context, in *IssuesCountInput) (*One[map[string]int64], error) {
	return nil, errNotAvailable
}
func (a *API) getIssue(ctx context.Context, in *IssueInput) (*One[IssueDetail], error) {
	return nil, errNotAvailable
}
func (a *API) updateIssue(ctx context.Context, in *UpdateIssueInput) (*One[IssueDetail], error) {
	return nil, errNotAvailable
}
func (a *API) listIssueEvents(ctx context.Context, in *IssueEventsInput) (*List[SimpleEvent], error) {
	return nil, errNotAvailable
}
func (a *API) getIssueEvent(ctx context.Context, in *IssueEventInput) (*One[Event], error) {
	return nil, errNotAvailable
}
func (a *API) getUnscopedIssue(ctx context.Context, in *UnscopedIssueInput) (*One[IssueDetail], error) {
	return nil, errNotAvailable
}
func (a *API) updateUnscopedIssue(ctx context.Context, in *UpdateUnscopedIssueInput) (*One[IssueDetail], error) {
	return nil, errNotAvailable
}
func (a *API) listProjectIssues(ctx context.Context, in *ProjectIssuesInput) (*IssuesOutput, error) {
	return nil, errNotAvailable
}
func (a *API) updateProjectIssues(ctx context.Context, in *BulkProjectIssuesInput) (*BulkOutput, error) {
	return nil, errNotAvailable
}
func (a *API) getShortID(ctx context.Context, in *ShortIDInput) (*One[ShortID], error) {
	return nil, errNotAvailable
}
func (a *API) getEventID(ctx context.Context, in *EventIDInput) (*One[EventIDInfo], error) {
	return nil, errNotAvailable
}
func (a *API) listProjectEvents(ctx context.Context, in *ProjectEventsInput) (*List[SimpleEvent], error) {
	return nil, errNotAvailable
}
func (a *API) getProjectEvent(ctx context.Context, in *ProjectEventPath) (*One[Event], error) {
	return nil, errNotAvailable
}
func (a *API) listAttachments(ctx context.Context, in *ProjectEventPath) (*List[Attachment], error) {
	return nil, errNotAvailable
}
func (a *API) getAttachment(ctx context.Context, in *AttachmentPath) (*One[Attachment], error) {
	return nil, errNotAvailable
}
func (a *API) listReplays(ctx context.Context, in *ReplaysInput) (*DataList[Replay], error) {
	return nil, errNotAvailable
}
func (a *API) getReplay(ctx context.Context, in *ReplayPath) (*One[ReplayBody], error) {
	return nil, errNotAvailable
}
func (a *API) getReplayFrames(ctx context.Context, in *ReplayPath) (*One[ReplayFrames], error) {
	return nil, errNotAvailable
}
func (a *API) listReplayLinks(ctx context.Context, in *LinksInput) (*DataList[ReplayLink], error) {
	return nil, errNotAvailable
}
func (a *API) countReplays(ctx context.Context, in *ReplayCountInput) (*One[map[string]any], error) {
	return nil, errNotAvailable
}
func (a *API) listReplayEventsMeta(ctx context.Context, in *ReplayEventsMetaInput) (*DataList[ReplayEventMeta], error) {
	return nil, errNotAvailable
}
func (a *API) getProjectReplay(ctx context.Context, in *ProjectReplayPath) (*One[ReplayBody], error) {
	return nil, errNotAvailable
}
func (a *API) deleteProjectReplay(ctx context.Context, in *ProjectReplayPath) (*Nothing, error) {
	return nil, errNotAvailable
}
func (a *API) listSegments(ctx context.Context, in *SegmentsInput) (*List[Segment], error) {
	return nil, errNotAvailable
}
func (a *API) getSegment(ctx context.Context, in *SegmentPath) (*One[Segment], error) {
	return nil, errNotAvailable
}
func (a *API) listReplayViewers(ctx context.Context, in *ProjectReplayPath) (*One[ReplayViewers], error) {
	return nil, errNotAvailable
}
func (a *API) markReplayViewed(ctx context.Context, in *ProjectReplayPath) (*Nothing, error) {
	return nil, errNotAvailable
}
func (a *API) getTrace(ctx context.Context, in *TraceInput) (*One[[]TraceItem], error) {
	return nil, errNotAvailable
}
func (a *API) getTraceMeta(ctx context.Context, in *TracePath) (*One[TraceMeta], error) {
	return nil, errNotAvailable
}
func (a *API) getStats(ctx context.Context, in *StatsInput) (*One[Stats], error) {
	return nil, errNotAvailable
}
func (a *API) searchID(ctx context.Context, in *SearchInput) (*One[SearchResult], error) {
	return nil, errNotAvailable
}
func (a *API) listDeadLetters(ctx context.Context, in *DeadLettersInput) (*List[DeadLetter], error) {
	return nil, errNotAvailable
}
func (a *API) getDeadLetter(ctx context.Context, in *DeadLetterPath) (*One[DeadLetterDetail], error) {
	return nil, errNotAvailable
}
func (a *API) resendDeadLetter(ctx context.Context, in *DeadLetterPath) (*Nothing, error) {
	return nil, errNotAvailable
}
func (a *API) dropDeadLetter(ctx context.Context, in *DeadLetterPath) (*Nothing, error) {
	return nil, errNotAvailable
}
func (a *API) getProjectEventJSON(w http.ResponseWriter, r *http.Request) {
	writeError(w, errNotAvailable)
}
func (a *API) downloadAttachment(w http.ResponseWriter, r *http.Request) {
	writeError(w, errNotAvailable)
}
func (a *API) downloadSegments(w http.ResponseWriter, r *http.Request) {
	writeError(w, errNotAvailable)
}
func (a *API) downloadSegment(w http.ResponseWriter, r *http.Request) { writeError(w, errNotAvailable) }

type signInLimiter struct{}

func newSignInLimiter(func() time.Time) *signInLimiter    { return nil }
func (a *API) authorize(next http.Handler) http.Handler   { return next }
func (a *API) crossOrigin(next http.Handler) http.Handler { return next }
