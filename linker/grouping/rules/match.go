package rules

import (
	"fmt"
	"strings"
)

// Event is what rules can ask of an event.
type Event struct {
	Message, Logger, Level, Release, SDK, Transaction string
	Types, Values, Mechanisms                         []string // of its exceptions
	Tag                                               func(key string) string
	Frames                                            []Frame // of all its stack traces
	Family                                            string  // of its platform
}

// Frame is what rules can ask of a frame.
type Frame struct {
	Function, Module, Package, AbsPath, Filename, Category, Family string
	InApp                                                          bool
}

// Family is the word of family: for a platform.
func Family(platform string) string {
	switch platform {
	case "javascript", "node":
		return "javascript"
	case "c", "cocoa", "native", "objc", "rust", "swift":
		return "native"
	case "java", "android", "groovy":
		return "java"
	}
	return "other"
}

// matcher is one key:pattern.
type matcher struct {
	key, text string
	not       bool

	pattern  *pattern
	families string // of family:, " native other "
	inApp    bool   // of app:
}

// aliases are the short keys of older rules.
var aliases = map[string]string{
	"type": "error.type", "value": "error.value", "mechanism": "error.mechanism", "path": "stack.abs_path", "abs_path": "stack.abs_path", "module": "stack.module",
	"function": "stack.function", "package": "stack.package", "category": "stack.category", "in-app": "app", "in_app": "app", "filename": "stack.filename",
}

// keys are what can be asked: of frames, or of the event.
var keys = map[string]bool{
	"stack.function": true, "stack.module": true, "stack.package": true, "stack.abs_path": true, "stack.filename": true, "stack.category": true,
	"app": true, "family": true,
	"error.type": false, "error.value": false, "error.mechanism": false, "message": false, "logger": false, "level": false, "release": false,
	"sdk": false, "transaction": false,
}

func (m *matcher) compile() (err error) {
	if long, ok := aliases[m.key]; ok {
		m.key = long
	}
	if _, ok := keys[m.key]; !ok && (!strings.HasPrefix(m.key, "tags.") || len(m.key) == len("tags.")) {
		return fmt.Errorf("nothing is called %q; it can be error.type, error.value, error.mechanism, message, stack.function, stack.module, stack.package, "+
			"stack.abs_path, stack.filename, stack.category, family, app, level, logger, release, sdk, transaction or tags.<name>", shortly(m.key))
	}
	switch m.key {
	case "family":
		m.families = " " + strings.ReplaceAll(m.text, ",", " ") + " "
		return nil
	case "app":
		switch strings.ToLower(m.text) {
		case "1", "yes", "true", "on":
			m.inApp = true
		case "0", "no", "false", "off":
		default:
			return fmt.Errorf("app: is yes or no, not %q", shortly(m.text))
		}
		return nil
	}
	path := m.key == "stack.abs_path" || m.key == "stack.filename" || m.key == "stack.package"
	m.pattern, err = compile(m.text, path, path || m.key == "message" || m.key == "error.value")
	return err
}

func (m *matcher) ofFrame() bool { return keys[m.key] }

// frame says whether a frame is what the matcher asks for.
func (m *matcher) frame(f *Frame) bool {
	var yes bool
	switch m.key {
	case "family":
		yes = strings.Contains(m.families, " "+f.Family+" ") || strings.Contains(m.families, " all ")
	case "app":
		yes = m.inApp == f.InApp
	case "stack.function":
		yes = m.pattern.match(f.Function)
	case "stack.module":
		yes = m.pattern.match(f.Module)
	case "stack.package":
		yes = m.pattern.match(f.Package)
	case "stack.abs_path":
		yes = m.pattern.match(f.AbsPath) || f.Filename != "" && m.pattern.match(f.Filename)
	case "stack.filename":
		yes = m.pattern.match(f.Filename)
	case "stack.category":
		yes = m.pattern.match(f.Category)
	}
	return yes != m.not
}

// event says whether an event is what the matcher asks for. Where it has several values, one of them is enough.
func (m *matcher) event(e *Event) bool {
	var yes bool
	any := func(list []string) bool {
		for _, s := range list {
			if m.pattern.match(s) {
				return true
			}
		}
		return false
	}
	switch m.key {
	case "family":
		yes = strings.Contains(m.families, " "+e.Family+" ") || strings.Contains(m.families, " all ")
	case "error.type":
		yes = any(e.Types)
	case "error.value":
		yes = any(e.Values)
	case "error.mechanism":
		yes = any(e.Mechanisms)
	case "message":
		yes = e.Message != "" && m.pattern.match(e.Message) || any(e.Values)
	case "logger":
		yes = m.pattern.match(e.Logger)
	case "level":
		yes = m.pattern.match(e.Level)
	case "release":
		yes = m.pattern.match(e.Release)
	case "sdk":
		yes = m.pattern.match(e.SDK)
	case "transaction":
		yes = m.pattern.match(e.Transaction)
	default:
		if tag, ok := strings.CutPrefix(m.key, "tags."); ok && e.Tag != nil {
			yes = m.pattern.match(e.Tag(tag))
		}
	}
	return yes != m.not
}
