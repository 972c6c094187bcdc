package linker

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/store"
)

// maxMarkedFrames bounds the frames of an event that its issue is found by.
const maxMarkedFrames = 40

// searchTags gives what a normalised event is found by: its tags and the fields that Sentry's search knows by a
// name of their own.
func searchTags(ev *envelope.Event) []store.Tag {
	var out []store.Tag
	for _, t := range ev.Tags {
		out = append(out, store.Tag{Key: t.Key, Value: clip(t.Value, maxShort)})
	}
	mark := func(key, value string) {
		if value = clip(strings.TrimSpace(value), maxShort); value != "" && value != "null" {
			out = append(out, store.Tag{Key: store.MarkPrefix + key, Value: value})
		}
	}
	if n := len(ev.Exceptions); n > 0 {
		mark("error.type", ev.Exceptions[n-1].Type)
	}
	if u := ev.User; u != nil {
		mark("user.id", u.ID)
		mark("user.email", u.Email)
		mark("user.username", u.Username)
		mark("user.ip", u.IPAddress)
		for _, k := range []string{"country_code", "region", "city", "subdivision"} {
			mark("geo."+k, u.Geo.Text(k))
		}
	}
	if r := ev.Request; r != nil {
		mark("http.method", strings.ToUpper(r.Method))
		mark("http.referer", r.Header("referer"))
	}
	mark("http.status_code", jsonText(ev.Contexts["response"], "status_code"))
	if ev.SDK != nil {
		mark("sdk.version", ev.SDK.Version)
	}
	for _, k := range []string{"arch", "brand", "charging", "class", "locale", "model_id", "name", "orientation", "simulator"} {
		mark("device."+k, jsonText(ev.Contexts["device"], k))
	}
	for _, k := range []string{"build", "kernel_version", "rooted"} {
		mark("os."+k, jsonText(ev.Contexts["os"], k))
	}
	mark("app.in_foreground", jsonText(ev.Contexts["app"], "in_foreground"))
	mark("profile.id", ev.Contexts.Text("profile", "profile_id"))
	return out
}

// jsonText is the text of a member that may be a text, a number or a truth.
func jsonText(o envelope.Object, member string) string {
	if raw := o[member]; len(raw) > 0 && raw[0] != '{' && raw[0] != '[' {
		return textOf(raw)
	}
	return ""
}

// searchMarks gives what an event's issue is found by besides: the frames of its stacks, those of the program
// itself first, every type of its chain of exceptions, and its feature flags.
func searchMarks(ev *envelope.Event) []store.Tag {
	var out []store.Tag
	seen := map[store.Tag]bool{}
	mark := func(key, value string) {
		t := store.Tag{Key: store.MarkPrefix + key, Value: clip(strings.TrimSpace(value), maxShort)}
		if t.Value != "" && !seen[t] {
			seen[t] = true
			out = append(out, t)
		}
	}
	for i := range max(len(ev.Exceptions)-1, 0) { // the last one's is among the tags
		if t := ev.Exceptions[i].Type; t != ev.Exceptions[len(ev.Exceptions)-1].Type {
			mark("error.type", t)
		}
	}
	frames := stackFrames(ev)
	slices.SortStableFunc(frames, func(x, y *envelope.Frame) int {
		switch a, b := x.InApp != nil && *x.InApp, y.InApp != nil && *y.InApp; {
		case a && !b:
			return -1
		case b && !a:
			return 1
		}
		return 0
	})
	for _, f := range frames[:min(len(frames), maxMarkedFrames)] {
		mark("stack.filename", f.Filename)
		mark("stack.abs_path", f.AbsPath)
		mark("stack.module", f.Module)
		mark("stack.package", f.Package)
		mark("stack.function", f.Function)
		mark("stack.in_app", strconv.FormatBool(f.InApp != nil && *f.InApp))
		if f.Lineno > 0 {
			mark("stack.lineno", strconv.Itoa(f.Lineno))
		}
	}
	var flags []struct {
		Flag   string          `json:"flag"`
		Result json.RawMessage `json:"result"`
	}
	if json.Unmarshal(ev.Contexts["flags"]["values"], &flags) == nil {
		for _, f := range flags[:min(len(flags), maxMarkedFrames)] {
			mark("flags."+clip(f.Flag, maxShort/2), textOf(f.Result))
		}
	}
	return out
}

// stackFrames are the frames of an event, those nearest to the error first.
func stackFrames(ev *envelope.Event) []*envelope.Frame {
	var out []*envelope.Frame
	add := func(st *envelope.Stacktrace) {
		if st == nil {
			return
		}
		for i := len(st.Frames) - 1; i >= 0; i-- {
			out = append(out, &st.Frames[i])
		}
	}
	for i := len(ev.Exceptions) - 1; i >= 0; i-- {
		add(ev.Exceptions[i].Stacktrace)
	}
	add(ev.Stacktrace)
	for i := range ev.Threads {
		if t := &ev.Threads[i]; len(out) == 0 && t.Crashed != nil && *t.Crashed {
			add(t.Stacktrace)
		}
	}
	return out
}
