package api

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/relay/scrub"
	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
)

func (a *API) registerProjectSettings() {
	const project = "/api/0/projects/{org}/{project}/"
	handle(a, Route{ID: "getProjectSettings", Method: "GET", Path: project + "settings/", Access: "project:read", Summary: "What a project takes, drops, scrubs, limits and sends on", Ours: true}, a.getProjectSettings)
	handle(a, Route{ID: "updateProjectSettings", Method: "PUT", Path: project + "settings/", Access: "project:write", Summary: "Replace a project's settings", Ours: true}, a.updateProjectSettings)
	handle(a, Route{ID: "testScrubbing", Method: "POST", Path: project + "scrub-test/", Access: "project:read", Summary: "What scrubbing leaves of a payload", Ours: true}, a.testScrubbing)
	handle(a, Route{ID: "listFilters", Method: "GET", Path: project + "filters/", Access: "project:read", Summary: "Inbound filters of a project"}, a.listFilters)
	handle(a, Route{ID: "updateFilter", Method: "PUT", Path: project + "filters/{filter}/", Access: "project:write", Summary: "Turn an inbound filter on or off", Status: 204}, a.updateFilter)
}

// settingsOf reads a project's settings; what cannot be read has the defaults, as at the edge.
func (a *API) settingsOf(p *store.Project) *settings.Settings {
	s, err := settings.Parse([]byte(p.Settings))
	if err != nil {
		a.Log.Error("settings of a project cannot be read; showing the defaults", "project", p.ID, "err", err)
		s = settings.Default()
	}
	return &s
}

// failSettings is fail for settings that cannot be: it names the fields.
func (a *API) failSettings(doing string, err error) error {
	var invalid *settings.Invalid
	if !errors.As(err, &invalid) {
		return a.failWrite(doing, err, "")
	}
	list, fields := make([]string, len(invalid.Fields)), map[string][]string{}
	for i, f := range invalid.Fields {
		list[i] = f.Field + " " + f.Message
		fields[f.Field] = append(fields[f.Field], "This field "+f.Message+".")
	}
	return &Error{status: http.StatusBadRequest, Detail: strings.Join(list, "; ") + ".", fields: fields}
}

func (a *API) getProjectSettings(ctx context.Context, _ *ProjectPath) (*One[settings.Settings], error) {
	return one(*a.settingsOf(from(ctx).project)), nil
}

func (a *API) updateProjectSettings(ctx context.Context, in *SettingsInput) (*One[settings.Settings], error) {
	rq := from(ctx)
	if err := checkGrouping(in.Body.Grouping); err != nil {
		return nil, badRequest(sentence(err))
	}
	p, err := a.Store.EditSettings(ctx, rq.scope, rq.project.ID, func(s *settings.Settings) error { *s = in.Body; return nil })
	if err != nil {
		return nil, a.failSettings("update settings", err)
	}
	return one(*a.settingsOf(p)), nil
}

func (a *API) listFilters(ctx context.Context, _ *ProjectPath) (*One[[]FilterState], error) {
	return one(filterStates(a.settingsOf(from(ctx).project))), nil
}

func (a *API) updateFilter(ctx context.Context, in *FilterInput) (*Nothing, error) {
	rq := from(ctx)
	var wrong error
	_, err := a.Store.EditSettings(ctx, rq.scope, rq.project.ID, func(s *settings.Settings) error {
		wrong = in.applyFilter(s)
		return wrong
	})
	switch {
	case errors.Is(wrong, errNoFilter):
		return nil, a.fail("update filter", store.ErrNotFound)
	case wrong != nil:
		return nil, badRequest(sentence(wrong))
	case err != nil:
		return nil, a.failSettings("update filter", err)
	}
	return nil, nil
}

// sentence makes one of an error of our own.
func sentence(err error) string {
	s := err.Error()
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

func (a *API) testScrubbing(ctx context.Context, in *ScrubTestInput) (*One[ScrubTest], error) {
	s := a.settingsOf(from(ctx).project)
	set(&s.Scrub, in.Body.Scrub)
	if in.Body.IP != "" {
		s.IP = in.Body.IP
	}
	if err := s.Validate(); err != nil {
		return nil, a.failSettings("test scrubbing", err)
	}
	out, err := scrubText(scrub.New(scrub.ConfigOf(s)), in.Body.Type, in.Body.Input)
	if err != nil {
		return nil, badRequest("The input is not JSON, so nothing of it would be kept.")
	}
	return one(ScrubTest{Output: out, Changed: out != in.Body.Input}), nil
}

// scrubText scrubs a payload as the edge does.
func scrubText(s *scrub.Scrubber, kind, input string) (string, error) {
	h := &envelope.ItemHeader{Type: kind}
	switch kind {
	case "text":
		return s.Text(input), nil
	case "body":
		return s.Body(input), nil
	case "recording":
		var out bytes.Buffer
		_, err := s.Recording(&out, strings.NewReader(input))
		return out.String(), err
	case "log":
		h.ContentType = envelope.ContentTypeLogs
	case "trace_metric":
		h.ContentType = envelope.ContentTypeMetrics
	case "span":
		if strings.Contains(input, `"items"`) {
			h.ContentType = envelope.ContentTypeSpans
		}
	}
	out, err := s.Item(h, []byte(input))
	return string(out), err
}
