package grouping

import (
	"regexp"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
)

var variable = regexp.MustCompile(`\{\{\s*([\w.:-]+)\s*\}\}`)

func isDefaultPart(s string) bool {
	m := variable.FindStringSubmatch(s)
	return m != nil && m[0] == strings.TrimSpace(s) && m[1] == "default"
}

// isDefault says that a fingerprint asks for nothing else than what is done anyway.
func isDefault(fingerprint []string) bool {
	return len(fingerprint) == 0 || len(fingerprint) == 1 && isDefaultPart(fingerprint[0])
}

func hasDefault(fingerprint []string) bool {
	for _, s := range fingerprint {
		if isDefaultPart(s) {
			return true
		}
	}
	return false
}

// fingerprintV1 puts the client's values together; base stands for {{ default }}.
func fingerprintV1(ev *envelope.Event, base *Component) *Component {
	return fingerprintOf(ev, ev.Fingerprint, base, inAppV1)
}

func fingerprintOf(ev *envelope.Event, values []string, base *Component, inApp inAppFunc) *Component {
	parts := make([]*Component, 0, len(values))
	for _, s := range values {
		if isDefaultPart(s) && base != nil {
			parts = append(parts, base)
			continue
		}
		c := &Component{ID: "value", Contributes: true}
		c.Value = variable.ReplaceAllStringFunc(s, func(v string) string {
			name := variable.FindStringSubmatch(v)[1]
			value, known := lookup(ev, name, inApp)
			switch {
			case !known:
				return v
			case value == "":
				return "<no-" + name + ">"
			}
			c.Hint = "from " + s
			return value
		})
		parts = append(parts, c)
	}
	return node("fingerprint", parts...)
}

// lookup gives the value of a variable of a fingerprint.
func lookup(ev *envelope.Event, name string, inApp inAppFunc) (value string, known bool) {
	if tag, ok := strings.CutPrefix(name, "tags."); ok {
		return ev.Tag(tag), true
	}
	x, f := mainException(ev), mainFrame(ev, inApp)
	if x == nil {
		x = &envelope.Exception{}
	}
	if f == nil {
		f = &envelope.Frame{}
	}
	switch name {
	case "transaction":
		return ev.Transaction, true
	case "level":
		return ev.Level, true
	case "logger":
		return ev.Logger, true
	case "message":
		if ev.Message != nil {
			return ev.Message.Formatted, true
		}
		return x.Value, true
	case "type", "error.type":
		return x.Type, true
	case "value", "error.value":
		return x.Value, true
	case "function", "stack.function":
		return f.Function, true
	case "module", "stack.module":
		return f.Module, true
	case "package", "stack.package":
		return f.Package, true
	case "stack.abs_path":
		return f.AbsPath, true
	case "stack.filename":
		return f.Filename, true
	}
	return "", false
}
