package api

import (
	"slices"
	"strings"
)

// roleScopes is what each role may do (Sentry's roles; each has what those before it have).
var roleScopes = []struct {
	role   string
	scopes []string
}{
	{"member", []string{"project:read", "project:releases", "org:read", "member:read", "team:read", "event:read", "event:write", "event:admin", "alerts:read", "alerts:write"}},
	{"admin", []string{"team:write", "team:admin", "project:write", "project:admin", "org:integrations"}},
	{"manager", []string{"org:write", "member:write", "member:admin"}},
	{"owner", []string{"org:admin", "org:billing"}},
}

// scopesOf lists the scopes of a role, none for an unknown one.
func scopesOf(role string) []string {
	var all []string
	for _, r := range roleScopes {
		all = append(all, r.scopes...)
		if r.role == role {
			return all
		}
	}
	return nil
}

// releaseScopes are the scopes of which one is enough for releases: who may change a project may
// change them, and so may a build with a token of its own (api.md §1.2).
var releaseScopes = map[string][]string{
	accessReleaseRead:  {"project:read", "project:write", "project:admin", "project:releases", "org:ci"},
	accessReleaseWrite: {"project:write", "project:admin", "project:releases", "org:ci"},
}

// hasScope says whether given has what is asked for: admin includes write includes read of a family.
func hasScope(given []string, asked string) bool {
	family, level, ok := strings.Cut(asked, ":")
	if !ok {
		return false
	}
	enough := append([]string{asked}, releaseScopes[asked]...)
	switch level {
	case "read":
		enough = append(enough, family+":write", family+":admin")
		if family == "alerts" { // as in Sentry: sentry-cli lists monitors with the token of a member
			enough = append(enough, "org:read", "org:write", "org:admin")
		}
	case "write":
		enough = append(enough, family+":admin")
	case "releases": // what a build does; org:ci is a token of its own for that
		enough = append(enough, family+":write", family+":admin", "org:ci")
	}
	return slices.ContainsFunc(given, func(s string) bool { return slices.Contains(enough, s) })
}
