package mcp

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/hindsight-dev/hindsight/api"
)

// tool is a tool's work: arguments in, text out.
type tool[In any] func(ctx context.Context, in In) (string, error)

// maxText bounds an answer in bytes: agents pay for every word.
const maxText = 48 << 10

// answer makes a tool of a function. What goes wrong is told to the agent, which can do something about it.
func answer[In any](run tool[In]) sdk.ToolHandlerFor[In, any] {
	return func(ctx context.Context, _ *sdk.CallToolRequest, in In) (*sdk.CallToolResult, any, error) {
		text, err := run(ctx, in)
		if err != nil {
			return nil, nil, err
		}
		if len(text) > maxText {
			text = strings.ToValidUTF8(text[:maxText], "") + "\n```\n… cut: ask for a part of it.\n"
		}
		return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: text}}}, nil, nil
	}
}

// in is what every tool can be told.
type in struct {
	Organization string `json:"organization,omitempty" jsonschema:"the organization's slug; the token's own when not given"`
}

type searchInput struct {
	in
	Query   string `json:"query,omitempty" jsonschema:"Sentry's search grammar; is:unresolved when not given"`
	Project string `json:"project,omitempty" jsonschema:"slug of a project"`
	Sort    string `json:"sort,omitempty" jsonschema:"date (default), new, freq or user"`
	Limit   int    `json:"limit,omitempty" jsonschema:"how many, at most 50; 10 when not given"`
}

func (c *client) searchIssues(ctx context.Context, in searchInput) (string, error) {
	org, err := c.org(ctx, in.Organization)
	if err != nil {
		return "", err
	}
	if in.Limit <= 0 {
		in.Limit = 10
	}
	q := url.Values{"limit": {strconv.Itoa(min(in.Limit, 50))}}
	for name, v := range map[string]string{"query": in.Query, "projectSlug": in.Project, "sort": in.Sort} {
		if v != "" {
			q.Set(name, v)
		}
	}
	var issues []api.Issue
	if err := c.get(ctx, org+"issues/", q, &issues); err != nil {
		return "", err
	}
	return issueList(issues), nil
}

type issueInput struct {
	in
	Issue string `json:"issue" jsonschema:"the issue's short id (SHOP-API-3F), number, or address"`
	Event string `json:"event,omitempty" jsonschema:"an event id, latest, oldest or recommended (default)"`
}

func (c *client) issue(ctx context.Context, in issueInput) (string, error) {
	org, id, err := c.issuePath(ctx, in)
	if err != nil {
		return "", err
	}
	var issue api.Issue
	if err := c.get(ctx, id, nil, &issue); err != nil {
		return "", err
	}
	if in.Event == "" {
		in.Event = "recommended"
	}
	var ev event
	if err := c.get(ctx, id+"events/"+url.PathEscape(in.Event)+"/", nil, &ev); err != nil && !notFound(err) {
		return "", err
	}
	links, err := c.links(ctx, org, "issue", issue.ID)
	if err != nil {
		return "", err
	}
	return issueText(&issue, &ev, links), nil
}

// issuePath reads an issue as people name it: a short id, a number, or the address of its page.
func (c *client) issuePath(ctx context.Context, in issueInput) (org, issue string, err error) {
	id := strings.TrimSpace(in.Issue)
	if _, after, ok := strings.Cut(id, "/issues/"); ok {
		id, _, _ = strings.Cut(after, "/")
	}
	if id == "" {
		return "", "", errors.New("which issue? Give its short id, such as SHOP-API-3F, or its address")
	}
	org, err = c.org(ctx, in.Organization)
	return org, org + "issues/" + url.PathEscape(id) + "/", err
}

type eventInput struct {
	in
	Event string `json:"event" jsonschema:"32 hexadecimal digits"`
}

func (c *client) event(ctx context.Context, in eventInput) (string, error) {
	org, err := c.org(ctx, in.Organization)
	if err != nil {
		return "", err
	}
	var info struct {
		GroupID string `json:"groupId"`
		Event   event  `json:"event"`
	}
	if err := c.get(ctx, org+"eventids/"+url.PathEscape(in.Event)+"/", nil, &info); err != nil {
		return "", err
	}
	links, err := c.links(ctx, org, "event", info.Event.EventID)
	if err != nil {
		return "", err
	}
	return eventText(&info.Event, info.GroupID, links), nil
}

type replayInput struct {
	in
	Replay string `json:"replay,omitempty" jsonschema:"32 hexadecimal digits"`
	Issue  string `json:"issue,omitempty" jsonschema:"instead of a replay: the issue whose newest replay is meant"`
	Event  string `json:"event,omitempty" jsonschema:"instead of a replay: the event whose replay is meant"`
}

func (c *client) replay(ctx context.Context, in replayInput) (string, error) {
	org, err := c.org(ctx, in.Organization)
	if err != nil {
		return "", err
	}
	if in.Replay == "" {
		if in.Replay, err = c.replayOf(ctx, org, in); err != nil {
			return "", err
		}
	}
	var about api.ReplayBody
	path := org + "replays/" + url.PathEscape(in.Replay) + "/"
	if err := c.get(ctx, path, nil, &about); err != nil {
		return "", err
	}
	var told api.ReplayChapters
	if err := c.get(ctx, path+"chapters/", nil, &told); err != nil {
		return "", err
	}
	links, err := c.links(ctx, org, "replay", about.Data.ID)
	if err != nil {
		return "", err
	}
	return replayText(&about.Data, told.Chapters, links), nil
}

// replayOf finds the replay that an issue or event happened in.
func (c *client) replayOf(ctx context.Context, org string, in replayInput) (string, error) {
	kind, id := "event", in.Event
	if id == "" {
		if in.Issue == "" {
			return "", errors.New("which replay? Give its id, or an issue or event that happened in it")
		}
		_, path, err := c.issuePath(ctx, issueInput{in: in.in, Issue: in.Issue})
		if err != nil {
			return "", err
		}
		var issue api.Issue
		if err := c.get(ctx, path, nil, &issue); err != nil {
			return "", err
		}
		kind, id = "issue", issue.ID
	}
	links, err := c.links(ctx, org, kind, id)
	if err != nil {
		return "", err
	}
	for _, l := range links {
		if l.Plays && l.Tier > 0 && l.Tier < 5 {
			return l.ReplayID, nil
		}
	}
	if len(links) > 0 && links[0].StateReason != nil {
		return "", errors.New("there is no recording: " + *links[0].StateReason)
	}
	return "", errors.New("no replay is linked to it")
}

func (c *client) links(ctx context.Context, org, kind, id string) ([]api.ReplayLink, error) {
	if id == "" {
		return nil, nil
	}
	var found struct {
		Data []api.ReplayLink `json:"data"`
	}
	err := c.get(ctx, org+"replay-links/", url.Values{kind: {id}, "per_page": {"50"}}, &found)
	return found.Data, err
}

type traceInput struct {
	in
	Trace string `json:"trace" jsonschema:"32 hexadecimal digits"`
}

func (c *client) trace(ctx context.Context, in traceInput) (string, error) {
	org, err := c.org(ctx, in.Organization)
	if err != nil {
		return "", err
	}
	var roots []span
	if err := c.get(ctx, org+"trace/"+url.PathEscape(in.Trace)+"/", url.Values{"limit": {"1000"}}, &roots); err != nil {
		return "", err
	}
	return traceText(in.Trace, roots), nil
}

type findInput struct {
	in
	ID string `json:"id"`
}

func (c *client) find(ctx context.Context, in findInput) (string, error) {
	org, err := c.org(ctx, in.Organization)
	if err != nil {
		return "", err
	}
	var found api.SearchResult
	if err := c.get(ctx, org+"search/", url.Values{"id": {in.ID}}, &found); err != nil {
		return "", err
	}
	return hitText(in.ID, found.Data), nil
}

type updateInput struct {
	issueInput
	Status     string `json:"status,omitempty" jsonschema:"resolved, resolvedInNextRelease, unresolved or ignored"`
	AssignedTo string `json:"assignedTo,omitempty" jsonschema:"an e-mail address, user:<id> or team:<id>"`
	Reason     string `json:"reason,omitempty" jsonschema:"kept as a comment"`
}

func (c *client) updateIssue(ctx context.Context, in updateInput) (string, error) {
	_, path, err := c.issuePath(ctx, in.issueInput)
	if err != nil {
		return "", err
	}
	change := map[string]string{}
	if in.Status != "" {
		change["status"] = in.Status
	}
	if in.AssignedTo != "" {
		change["assignedTo"] = in.AssignedTo
	}
	if len(change) == 0 && in.Reason == "" {
		return "", errors.New("nothing to change: give a status, an assignee or a reason")
	}
	var issue api.Issue
	if len(change) > 0 {
		err = c.do(ctx, "PUT", path, nil, change, &issue)
	} else {
		err = c.get(ctx, path, nil, &issue)
	}
	if err != nil {
		return "", err
	}
	if in.Reason != "" {
		if err := c.do(ctx, "POST", path+"notes/", nil, map[string]string{"text": in.Reason}, nil); err != nil {
			return "", err
		}
	}
	return issueList([]api.Issue{issue}), nil
}
