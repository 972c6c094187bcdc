package ownership

import "strings"

// FromCodeowners makes rules of a CODEOWNERS file, as text for [Parse]: @org/team becomes the team of that slug,
// e-mail addresses stay. Nobody knows whose @name is: those are left out, and given back, each once. So are
// sections and what a line says after a #.
func FromCodeowners(text string) (rules string, unknown []string) {
	var b strings.Builder
	seen := map[string]bool{}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, " #")
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") || strings.HasPrefix(fields[0], "[") || strings.HasPrefix(fields[0], "^[") {
			continue
		}
		owners := ""
		for _, name := range fields[1:] {
			owner, ok := codeowner(name)
			switch {
			case ok:
				owners += " " + owner.String()
			case !seen[name]:
				seen[name] = true
				unknown = append(unknown, name)
			}
		}
		if owners != "" || len(fields) == 1 {
			b.WriteString("codeowners:" + fields[0] + owners + "\n")
		}
	}
	return b.String(), unknown
}

func codeowner(name string) (Owner, bool) {
	if handle, ok := strings.CutPrefix(name, "@"); ok {
		_, team, ok := strings.Cut(handle, "/")
		return Owner{Team: strings.ToLower(team)}, ok && team != ""
	}
	return parseOwner(name)
}
