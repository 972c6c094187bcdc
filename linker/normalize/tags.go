package normalize

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/hindsight-dev/hindsight/envelope"
)

const (
	maxTags   = 100
	maxTagKey = 200
)

// tags cleans what the sender tagged, then adds what can be searched for as a tag on every event.
func tags(ev *envelope.Event) {
	seen := map[string]bool{"release": true, "dist": true, "user": true, "filename": true, "function": true, "environment": true}
	kept := ev.Tags[:0]
	for _, t := range ev.Tags {
		key, ok := tagKey(t.Key)
		if !ok {
			ev.Invalid("not a tag name", quote(t.Key), "tags", strconv.Itoa(len(kept)))
			continue
		}
		value := tagValue(t.Value)
		if value == "" || seen[key] {
			continue
		}
		if len(kept) == maxTags {
			ev.Cut(len(ev.Tags), maxTags, "tags")
			break
		}
		seen[key] = true
		cut(ev, &value, maxName, "tags", strconv.Itoa(len(kept)), "1")
		kept = append(kept, envelope.Pair{Key: key, Value: value})
	}
	ev.Tags = kept
	for _, t := range derived(ev) {
		if t.Value = tagValue(t.Value); t.Value == "" || seen[t.Key] && !reserved(t.Key) {
			continue
		}
		seen[t.Key] = true
		t.Value, _ = envelope.CutText(t.Value, maxName)
		ev.Tags = append(ev.Tags, t)
	}
	ev.ServerName, ev.Site = "", "" // they are tags now
	if len(ev.Tags) == 0 {
		ev.Tags = nil
	}
}

// reserved says which tags only the server sets.
func reserved(key string) bool {
	switch key {
	case "release", "dist", "user", "environment":
		return true
	}
	return false
}

// derived gives the tags that come from other fields.
func derived(ev *envelope.Event) []envelope.Pair {
	out := []envelope.Pair{
		{Key: "level", Value: ev.Level},
		{Key: "logger", Value: ev.Logger},
		{Key: "server_name", Value: ev.ServerName},
		{Key: "site", Value: ev.Site},
		{Key: "transaction", Value: ev.Transaction},
	}
	if ev.Request != nil {
		out = append(out, envelope.Pair{Key: "url", Value: ev.Request.URL})
	}
	if ev.SDK != nil {
		out = append(out, envelope.Pair{Key: "sdk", Value: ev.SDK.Name})
	}
	for i := len(ev.Exceptions) - 1; i >= 0; i-- {
		m := ev.Exceptions[i].Mechanism
		if m == nil {
			continue
		}
		out = append(out, envelope.Pair{Key: "mechanism", Value: m.Type})
		if m.Handled != nil {
			handled := "yes"
			if ev.Unhandled() {
				handled = "no"
			}
			out = append(out, envelope.Pair{Key: "handled", Value: handled})
		}
		break
	}
	for _, name := range []string{"browser", "os", "client_os", "runtime"} {
		c := ev.Contexts[name]
		n, v := c.Text("name"), c.Text("version")
		if n == "" {
			continue
		}
		out = append(out, envelope.Pair{Key: name + ".name", Value: n},
			envelope.Pair{Key: name, Value: strings.TrimSpace(n + " " + v)})
	}
	device := ev.Contexts["device"]
	if model := device.Text("model"); model != "" {
		out = append(out, envelope.Pair{Key: "device", Value: model})
	}
	return append(out, envelope.Pair{Key: "device.family", Value: device.Text("family")},
		envelope.Pair{Key: "environment", Value: ev.Environment},
		envelope.Pair{Key: "release", Value: ev.Release},
		envelope.Pair{Key: "dist", Value: ev.Dist},
		envelope.Pair{Key: "user", Value: UserKey(ev.User)})
}

// tagKey brings a key into the allowed letters; one with other letters is no tag.
func tagKey(s string) (string, bool) {
	s = strings.ReplaceAll(strings.TrimSpace(s), " ", "-")
	if s == "" || len(s) > maxTagKey {
		return "", false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_.:-", c) >= 0) {
			return "", false
		}
	}
	return s, true
}

func tagValue(s string) string {
	if strings.IndexFunc(s, unicode.IsControl) >= 0 {
		s = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return ' '
			}
			return r
		}, s)
	}
	return strings.TrimSpace(s)
}
