package importer

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
)

// settingNames are members of a project whose meaning is the same here.
var settingNames = []string{"allowedDomains", "dataScrubber", "dataScrubberDefaults", "sensitiveFields", "safeFields", "scrubIPAddresses",
	"fingerprintingRules", "groupingEnhancements", "resolveAge"}

// settings brings in what a project's owners decided, to a project here where nobody has decided anything yet. Grouping
// rules come before the events that they group.
func (r *run) settings(ctx context.Context, in *project, p *store.Project) error {
	if p != nil && !untouched(p) {
		return nil
	}
	var there object
	if _, err := r.get(ctx, r.of(in, ""), nil, &there); err != nil {
		if r.absent(in.Slug, "settings", err) {
			return nil
		}
		return err
	}
	if err := r.unlike(ctx, in, there); err != nil {
		return err
	}
	changed := false
	put := func(path, name string, body map[string]any) error {
		if p == nil {
			changed = true
			return nil
		}
		if err := r.home.do(ctx, "PUT", "projects/"+r.home.org+"/"+p.Slug+path, body, nil); err != nil {
			return r.declined(in.Slug, "setting", name, err)
		}
		after, err := r.Store.Project(ctx, r.Scope, p.Slug)
		changed = err == nil && !untouched(after)
		return err
	}
	for _, name := range settingNames {
		if v := there[name]; len(v) > 0 && string(v) != "null" {
			if err := put("", name, map[string]any{name: v}); err != nil {
				return err
			}
		}
	}
	var options object
	_ = json.Unmarshal(there["options"], &options) // none
	for _, name := range slices.Sorted(maps.Keys(options)) {
		if v := options[name]; strings.HasPrefix(name, "filters:") && string(v) != "null" && string(v) != `""` {
			if err := put("", name, map[string]any{"options": object{name: v}}); err != nil {
				return err
			}
		}
	}
	if err := r.filters(ctx, in, put); err != nil {
		return err
	}
	if err := r.ownership(ctx, in, p, put); err != nil {
		return err
	}
	if changed {
		r.sum.Settings++
	}
	return nil
}

// untouched says whether a project has the settings that every project begins with.
func untouched(p *store.Project) bool {
	now, err := settings.Parse([]byte(p.Settings))
	return err == nil && bytes.Equal(now.JSON(), settings.Default().JSON())
}

// unlike notes settings that this server has not, where they were used.
func (r *run) unlike(ctx context.Context, in *project, there object) error {
	var pii string
	if json.Unmarshal(there["relayPiiConfig"], &pii) == nil && pii != "" && pii != "{}" {
		r.note(in.Slug, "setting", "relayPiiConfig", "not imported: advanced scrubbing rules are not known here; name the fields under Settings, Scrubbing")
	}
	hidden, err := list[struct {
		Name     string
		IsHidden bool
	}](ctx, r.source, r.of(in, "environments"), url.Values{"visibility": {"hidden"}})
	if err != nil && !r.absent(in.Slug, "environments", err) {
		return err
	}
	for _, e := range hidden {
		if e.IsHidden {
			r.note(in.Slug, "environment", e.Name, "is hidden there; here all environments are shown")
		}
	}
	return nil
}

type putSetting = func(path, name string, body map[string]any) error

func (r *run) filters(ctx context.Context, in *project, put putSetting) error {
	filters, err := list[struct {
		ID     string
		Active any // of legacy-browsers also the list of what is filtered
	}](ctx, r.source, r.of(in, "filters"), nil)
	if err != nil && !r.absent(in.Slug, "inbound filters", err) {
		return err
	}
	for _, f := range filters {
		body := map[string]any{"active": f.Active}
		if some, ok := f.Active.([]any); ok {
			body = map[string]any{"subfilters": some}
		}
		if err := put("/filters/"+f.ID, f.ID, body); err != nil {
			return err
		}
	}
	return nil
}

// ownership brings in whose errors are. Rules made of CODEOWNERS files come first, as the last match counts.
func (r *run) ownership(ctx context.Context, in *project, p *store.Project, put putSetting) error {
	var there struct {
		Raw            *string
		Fallthrough    bool
		AutoAssignment string
	}
	if _, err := r.get(ctx, r.of(in, "ownership"), nil, &there); err != nil {
		if r.absent(in.Slug, "ownership rules", err) {
			return nil
		}
		return err
	}
	var rules []string
	files, err := list[struct{ Raw string }](ctx, r.source, r.of(in, "codeowners"), nil)
	if err != nil && !r.absent(in.Slug, "CODEOWNERS", err) {
		return err
	}
	for _, f := range files {
		var made struct {
			Raw     string
			Unknown []string
		}
		if p != nil {
			if err := r.home.do(ctx, "POST", "projects/"+r.home.org+"/"+p.Slug+"/ownership/codeowners", map[string]any{"raw": f.Raw}, &made); err != nil {
				if err = r.declined(in.Slug, "CODEOWNERS", "", err); err != nil {
					return err
				}
			}
		}
		rules = append(rules, made.Raw)
		if len(made.Unknown) > 0 {
			r.note(in.Slug, "CODEOWNERS", strings.Join(made.Unknown, " "), "left out of the rules: nobody knows whose @name is")
		}
	}
	if there.Raw != nil {
		rules = append(rules, *there.Raw)
	}
	raw := strings.TrimSpace(strings.Join(rules, "\n"))
	const bySuspects = "Auto Assign to Suspect Commits"
	if raw == "" && there.AutoAssignment != bySuspects {
		return nil
	}
	body := map[string]any{"raw": raw, "fallthrough": there.Fallthrough}
	switch there.AutoAssignment {
	case "Auto Assign to Issue Owner", bySuspects:
		body["autoAssignment"] = there.AutoAssignment
	}
	return put("/ownership", "ownership rules", body)
}
