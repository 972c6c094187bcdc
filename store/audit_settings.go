package store

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"github.com/hindsight-dev/hindsight/settings"
)

// settingsEvents are the events of a project's settings by their section; others are AuditSettings.
var settingsEvents = map[string]string{
	"scrub": AuditScrubbing, "ip": AuditScrubbing, "filters": AuditFilters, "quotas": AuditQuotas, "recordings": AuditRetention, "retention": AuditRetention,
	"forward": AuditForwarding, "drains": AuditForwarding, "grouping": AuditGrouping, "ownership": AuditOwnership,
}

// projectChanges says what differs between a project before and after a change: an entry for the project
// itself, and one for each part of its settings.
func projectChanges(before, after *Project) []audited {
	var out []audited
	own := fromTo("name", before.Name, after.Name, "slug", before.Slug, after.Slug, "platform", before.Platform, after.Platform)
	if len(own) > 0 {
		out = append(out, audited{AuditProjectEdit, "project", auditID(after.ID), after.Slug, own})
	}
	if before.Settings == after.Settings {
		return out
	}
	return append(out, settingsChanges(after, settingsTree(before.Settings), settingsTree(after.Settings))...)
}

// settingsTree is a document with all its fields, as whoever looks at the settings sees it.
func settingsTree(doc string) map[string]any {
	s, err := settings.Parse([]byte(doc))
	if err != nil {
		s = settings.Default()
	}
	tree := map[string]any{}
	if err := json.Unmarshal(s.JSON(), &tree); err != nil {
		panic("store: settings: " + err.Error()) // of our own making
	}
	return tree
}

// settingsChanges says what differs between two settings, an entry for each event.
func settingsChanges(p *Project, was, is map[string]any) []audited {
	byEvent := map[string]map[string]any{}
	for _, section := range slices.Sorted(maps.Keys(merged(was, is))) {
		event := settingsEvents[section]
		if event == "" {
			event = AuditSettings
		}
		for path, change := range differences(section, was[section], is[section]) {
			if byEvent[event] == nil {
				byEvent[event] = map[string]any{}
			}
			byEvent[event][path] = change
		}
	}
	var out []audited
	for _, event := range slices.Sorted(maps.Keys(byEvent)) {
		out = append(out, audited{event, "project", auditID(p.ID), p.Slug, map[string]any{"changed": byEvent[event]}})
	}
	return out
}

func merged(a, b map[string]any) map[string]any {
	all := map[string]any{}
	maps.Copy(all, a)
	maps.Copy(all, b)
	return all
}

// differences gives what changed under a path. Switches and numbers are shown with what they were. Of texts
// and lists, where secrets may stand (addresses of drains, keys), only that they changed; lists of scrubbing
// rules and filters are shown: they are names and patterns.
func differences(path string, was, is any) map[string]any {
	if reflect.DeepEqual(was, is) {
		return nil
	}
	a, okA := was.(map[string]any)
	b, okB := is.(map[string]any)
	if okB && (okA || was == nil) {
		out := map[string]any{}
		for key := range merged(a, b) {
			maps.Copy(out, differences(path+"."+key, a[key], b[key]))
		}
		return out
	}
	switch is.(type) {
	case bool, float64:
		return map[string]any{path: map[string]any{"from": was, "to": is}}
	case []any:
		if shown(path) {
			return map[string]any{path: map[string]any{"from": was, "to": is}}
		}
	}
	return map[string]any{path: map[string]any{}}
}

// shown says whether the values of a list may stand in the log.
func shown(path string) bool {
	switch path {
	case "scrub.sensitiveFields", "scrub.safeFields", "filters.legacyBrowsers", "filters.releases", "allowedDomains":
		return true
	}
	return false
}
