package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
)

func projectRef(p *store.Project) ProjectRef {
	return ProjectRef{ID: itoa(p.ID), Name: p.Name, Slug: p.Slug, Platform: text(p.Platform)}
}

// project is a project as lists have it; teams are those of all projects.
func (a *API) project(rq *request, p *store.Project, org *store.Organization, teams map[int64][]TeamRef) Project {
	of := append([]TeamRef{}, teams[p.ID]...)
	var first *TeamRef
	if len(of) > 0 {
		first = &of[0]
	}
	access := []string{}
	if m := rq.caller.in(org.ID); m != nil {
		access = m.scopes
	}
	platforms := []string{}
	if p.Platform != "" {
		platforms = append(platforms, p.Platform)
	}
	return Project{
		ID: itoa(p.ID), Slug: p.Slug, Name: p.Name, Platform: text(p.Platform), DateCreated: at(p.CreatedMS), IsMember: true, HasAccess: true,
		Access: access, Features: []string{}, FirstEvent: atPtr(p.FirstEventMS), Environments: []string{}, Platforms: platforms,
		Team: null(first), Teams: of, Status: "active", Avatar: letterAvatar, Color: "#6559c5",
		HasReplays: true, HasSessions: true,
	}
}

func (a *API) projectDetail(ctx context.Context, rq *request, p *store.Project) (*One[ProjectDetail], error) {
	teams, err := a.teamsOfProjects(ctx, rq.scope)
	if err != nil {
		return nil, err
	}
	s := a.settingsOf(p)
	out := ProjectDetail{
		Project: a.project(rq, p, rq.org, teams), Options: options(s),
		Organization:    ProjectOwner{Organization: a.organization(rq.org), OrgRoleList: orgRoles(), TeamRoleList: teamRoles()},
		DigestsMinDelay: 300, DigestsMaxDelay: 1800, SubjectTemplate: "$shortID - $title", AllowedDomains: s.AllowedDomains, ResolveAge: s.ResolveAge,
		DataScrubber: s.Scrub.Enabled, DataScrubberDefaults: s.Scrub.Defaults, SafeFields: s.Scrub.SafeFields,
		SensitiveFields: s.Scrub.SensitiveFields, ScrubIPAddresses: s.IP == settings.IPDrop, VerifySSL: true,
		GroupingConfig: groupingConfig, FingerprintingRules: s.Grouping.FingerprintRules, GroupingEnhancements: s.Grouping.StackTraceRules, BuiltinSymbolSources: []string{}, SymbolSources: "[]", HighlightTags: []string{}, HighlightContext: map[string]any{},
	}
	out.kept(&s.Client)
	return one(out), nil
}

// kept puts what clients have set over what they would find else.
func (d *ProjectDetail) kept(c *settings.Client) {
	set(&d.DigestsMinDelay, c.DigestsMinDelay)
	set(&d.DigestsMaxDelay, c.DigestsMaxDelay)
	set(&d.SubjectPrefix, c.SubjectPrefix)
	set(&d.SubjectTemplate, c.SubjectTemplate)
	set(&d.ScrapeJavaScript, c.ScrapeJavaScript)
	set(&d.SecurityToken, c.SecurityToken)
	set(&d.VerifySSL, c.VerifySSL)
	set(&d.HighlightTags, c.HighlightTags)
	if c.SecurityTokenHeader != nil {
		d.SecurityTokenHeader = c.SecurityTokenHeader
	}
}

func (a *API) listProjects(ctx context.Context, in *ProjectsInput) (*List[Project], error) {
	rq := from(ctx)
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	rows := []Project{}
	for i := range set.list {
		if p := &set.list[i]; nameMatches(p.Slug, p.Name, in.Query) {
			row := a.project(rq, p, rq.org, set.teams)
			row.Options = a.askedOptions(p, in.Options)
			rows = append(rows, row)
		}
	}
	page, link, err := offsetPage(a, rq, rows, in.PageParams)
	if err != nil {
		return nil, err
	}
	return &List[Project]{Link: link, Body: page}, nil
}

// askedOptions gives those of a project's options that are asked for; nil: none is.
func (a *API) askedOptions(p *store.Project, names []string) map[string]any {
	if len(names) == 0 {
		return nil
	}
	all, out := options(a.settingsOf(p)), map[string]any{}
	for _, n := range names {
		if v, ok := all[n]; ok {
			out[n] = v
		}
	}
	return out
}

func (a *API) listAllProjects(ctx context.Context, in *AllProjectsInput) (*List[Project], error) {
	rq := from(ctx)
	rows := []Project{}
	for _, m := range rq.caller.orgs {
		if !hasScope(m.scopes, "project:read") {
			continue
		}
		ps, err := a.Store.Projects(ctx, m.org.Scope())
		if err != nil {
			return nil, a.fail("list projects", err)
		}
		teams, err := a.teamsOfProjects(ctx, m.org.Scope())
		if err != nil {
			return nil, err
		}
		for i := range ps {
			rows = append(rows, a.project(rq, &ps[i], &m.org, teams))
		}
	}
	page, link, err := offsetPage(a, rq, rows, in.PageParams)
	if err != nil {
		return nil, err
	}
	return &List[Project]{Link: link, Body: page}, nil
}

func (a *API) createProject(ctx context.Context, in *CreateProjectInput) (*One[ProjectDetail], error) {
	return a.newProject(ctx, in.Body, 0)
}

// newProject makes a project of a team (0: the organisation's first).
func (a *API) newProject(ctx context.Context, b NewProjectBody, team int64) (*One[ProjectDetail], error) {
	rq := from(ctx)
	p, _, err := a.Store.CreateProject(ctx, rq.scope, store.NewProject{Name: b.Name, Slug: b.Slug, Platform: b.Platform, TeamID: team})
	if err != nil {
		return nil, a.failWrite("create project", err, "A project with this slug already exists.")
	}
	return a.projectDetail(ctx, rq, p)
}

// typedFields are the fields that people type in, by what the store calls them.
var typedFields = map[string]string{"name": "name", "slug": "slug", "platform": "platform", "comment": "text"}

// failWrite is fail for what a person typed: a value that can never be is 400, a taken one 409.
func (a *API) failWrite(doing string, err error, taken string) error {
	switch {
	case errors.Is(err, store.ErrConflict):
		return conflict(taken)
	case errors.Is(err, store.ErrInvalid):
		_, sentence, _ := strings.Cut(err.Error(), store.ErrInvalid.Error()+": ")
		wrong := &Error{status: http.StatusBadRequest, Detail: strings.ToUpper(sentence[:min(1, len(sentence))]) + sentence[min(1, len(sentence)):] + "."}
		word, message, _ := strings.Cut(strings.TrimPrefix(sentence, "a "), " ")
		if field := typedFields[word]; field != "" {
			wrong.fields = map[string][]string{field: {"This field " + message + "."}}
		}
		return wrong
	}
	return a.fail(doing, err)
}

func (a *API) getProject(ctx context.Context, _ *ProjectPath) (*One[ProjectDetail], error) {
	rq := from(ctx)
	return a.projectDetail(ctx, rq, rq.project)
}

func (a *API) updateProject(ctx context.Context, in *UpdateProjectInput) (*One[ProjectDetail], error) {
	rq := from(ctx)
	change := store.ProjectChange{Name: in.Body.Name, Slug: in.Body.Slug, Platform: in.Body.Platform}
	var wrong error
	if c := &in.Body.SettingsChange; !c.empty() {
		change.Edit = func(s *settings.Settings) error {
			wrong = c.apply(s)
			return wrong
		}
	}
	p, err := a.Store.UpdateProject(ctx, rq.scope, rq.project.ID, change)
	var invalid *settings.Invalid
	switch {
	case wrong != nil:
		return nil, badRequest(sentence(wrong))
	case errors.As(err, &invalid):
		return nil, a.failSettings("update project", err)
	case err != nil:
		return nil, a.failWrite("update project", err, "Another project is already using that slug.")
	}
	return a.projectDetail(ctx, rq, p)
}

// deleteProject takes a project out of every list; what it holds goes in the background.
func (a *API) deleteProject(ctx context.Context, _ *ProjectPath) (*Nothing, error) {
	rq := from(ctx)
	if err := a.Store.DeleteProject(ctx, rq.scope, rq.project.ID); err != nil {
		return nil, a.fail("delete project", err)
	}
	return nil, nil
}

// dsn spells a key's addresses under the public address of this server.
func (a *API) dsn(k *store.ProjectKey) KeyDSN {
	u := *a.BaseURL
	u.Path = strings.TrimSuffix(u.Path, "/")
	project := itoa(k.ProjectID)
	with := func(user *url.Userinfo) string {
		d := u
		d.User = user
		d.Path += "/" + project
		return d.String()
	}
	endpoint := func(name string) string {
		d := u
		d.Path += "/api/" + project + "/" + name
		return d.String()
	}
	key := "?sentry_key=" + k.PublicKey
	return KeyDSN{
		Public: with(url.User(k.PublicKey)), Secret: with(url.UserPassword(k.PublicKey, k.SecretKey)),
		CSP: endpoint("csp-report/") + key, Security: endpoint("security/") + key, Minidump: endpoint("minidump/") + key,
		NEL: endpoint("nel/") + key, Unreal: endpoint("unreal/" + k.PublicKey + "/"), CDN: a.base("/js-sdk-loader/" + k.PublicKey + ".min.js"),
		Crons: endpoint("cron/___MONITOR_SLUG___/" + k.PublicKey + "/"), Playstation: endpoint("playstation/") + key,
		Integration: endpoint("integration/"), OTLPTraces: endpoint("integration/otlp/v1/traces"), OTLPLogs: endpoint("integration/otlp/v1/logs"),
	}
}

func (a *API) key(k *store.ProjectKey) Key {
	var rate *KeyRateLimit
	if k.RateCount != nil && k.RateWindow != nil {
		rate = &KeyRateLimit{Count: *k.RateCount, Window: *k.RateWindow}
	}
	return Key{
		RateLimit: null(rate),
		ID:        k.PublicKey, Name: k.Label, Label: k.Label, Public: k.PublicKey, Secret: k.SecretKey, ProjectID: k.ProjectID, IsActive: k.Active,
		DSN: a.dsn(k), BrowserSDKVersion: "10.x", BrowserSDK: BrowserSDK{Choices: [][2]string{{"latest", "latest"}, {"10.x", "10.x"}}},
		DateCreated: at(k.CreatedMS), LoaderOptions: LoaderOptions{HasReplay: true, HasPerformance: true},
	}
}

func (a *API) listKeys(ctx context.Context, in *KeysInput) (*List[Key], error) {
	rq := from(ctx)
	ks, err := a.Store.ProjectKeys(ctx, rq.scope, rq.project.ID)
	if err != nil {
		return nil, a.fail("list keys", err)
	}
	rows := []Key{}
	for i := range ks {
		if in.Status == "" || (in.Status == "active") == ks[i].Active {
			rows = append(rows, a.key(&ks[i]))
		}
	}
	page, link, err := offsetPage(a, rq, rows, in.PageParams)
	if err != nil {
		return nil, err
	}
	return &List[Key]{Link: link, Body: page}, nil
}

func (a *API) createKey(ctx context.Context, in *CreateKeyInput) (*One[Key], error) {
	rq := from(ctx)
	label := in.Body.Name
	if label == "" {
		label = "Key"
	}
	k, err := a.Store.CreateKey(ctx, rq.scope, rq.project.ID, label)
	if err != nil {
		return nil, a.failWrite("create key", err, "That key exists already.")
	}
	if rate := in.Body.RateLimit.change(); rate != nil {
		if k, err = a.Store.UpdateKey(ctx, rq.scope, rq.project.ID, k.PublicKey, store.KeyChange{Rate: rate}); err != nil {
			return nil, a.failWrite("create key", err, "That key exists already.")
		}
	}
	return one(a.key(k)), nil
}

func (a *API) getKey(ctx context.Context, in *KeyPath) (*One[Key], error) {
	rq := from(ctx)
	k, err := a.Store.ProjectKey(ctx, rq.scope, rq.project.ID, in.Key)
	if err != nil {
		return nil, a.fail("read key", err)
	}
	return one(a.key(k)), nil
}

func (a *API) updateKey(ctx context.Context, in *UpdateKeyInput) (*One[Key], error) {
	rq := from(ctx)
	k, err := a.Store.UpdateKey(ctx, rq.scope, rq.project.ID, in.Key, store.KeyChange{Label: in.Body.Name, Active: in.Body.IsActive, Rate: in.Body.RateLimit.change()})
	if err != nil {
		return nil, a.failWrite("update key", err, "That key exists already.")
	}
	return one(a.key(k)), nil
}

func (a *API) deleteKey(ctx context.Context, in *KeyPath) (*Nothing, error) {
	rq := from(ctx)
	if err := a.Store.DeleteKey(ctx, rq.scope, rq.project.ID, in.Key); err != nil {
		return nil, a.fail("delete key", err)
	}
	return nil, nil
}
