package importer

import (
	"cmp"
	"encoding/json"
	"maps"
	"strings"
)

// shownEvent is an event as the API shows it: the one form that every server of this API has.
type shownEvent struct {
	ID, EventID, Platform                           string
	DateCreated, DateReceived, Dist, Contexts, User json.RawMessage
	Context, SDK, Packages, Release                 json.RawMessage
	Tags                                            []struct{ Key, Value string }
	Fingerprints                                    json.RawMessage // of Sentry: hashes; of Hindsight: the event's own
	Entries                                         []struct {
		Type string
		Data json.RawMessage
	}
}

func (e *shownEvent) id() string { return strings.ReplaceAll(cmp.Or(e.EventID, e.ID), "-", "") }

// payload turns it back into what an SDK would have sent.
func (e *shownEvent) payload() object {
	out := object{}
	put := func(name string, v json.RawMessage) {
		if s := string(v); s != "" && s != "null" && s != `""` {
			out[name] = v
		}
	}
	put("event_id", quoted(e.id()))
	put("platform", quoted(e.Platform))
	for name, v := range (object{"timestamp": e.DateCreated, "received": e.DateReceived, "dist": e.Dist, "contexts": e.Contexts, "user": e.User,
		"extra": e.Context, "sdk": e.SDK, "modules": e.Packages}) {
		put(name, v)
	}
	var release struct{ Version string }
	if json.Unmarshal(e.Release, &release) == nil {
		put("release", quoted(release.Version))
	}
	tags := [][2]string{}
	for _, t := range e.Tags {
		switch t.Key {
		case "release", "environment", "level", "transaction", "server_name", "logger", "dist":
			if out[t.Key] == nil {
				put(t.Key, quoted(t.Value))
			}
		case "user", "handled", "mechanism":
		default:
			tags = append(tags, [2]string{t.Key, t.Value})
		}
	}
	out["tags"], _ = json.Marshal(tags) // texts never fail
	var fingerprint []string
	if json.Unmarshal(e.Fingerprints, &fingerprint) == nil && len(fingerprint) > 0 && !isHash(fingerprint[0]) {
		out["fingerprint"] = e.Fingerprints
	}
	for _, x := range e.Entries {
		name, data := entry(x.Type, x.Data)
		put(name, data)
	}
	return out
}

// isHash says whether a text is 32 hex digits.
func isHash(s string) bool { return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == "" }

// entry gives the protocol's name and form of a part that is shown.
func entry(kind string, data json.RawMessage) (string, json.RawMessage) {
	switch kind {
	case "exception", "threads":
		var d struct{ Values []object }
		if json.Unmarshal(data, &d) != nil {
			return kind, nil
		}
		for _, v := range d.Values {
			rename(v, map[string]string{"threadId": "thread_id", "rawStacktrace": "raw_stacktrace", "heldLocks": "held_locks"})
			for _, at := range []string{"stacktrace", "raw_stacktrace"} {
				v[at] = stack(v[at])
			}
		}
		return kind, encode(map[string]any{"values": d.Values})
	case "stacktrace":
		return kind, stack(data)
	case "message":
		return "logentry", data
	case "debugmeta":
		return "debug_meta", data
	case "request":
		var d object
		if json.Unmarshal(data, &d) != nil {
			return kind, nil
		}
		rename(d, map[string]string{"query": "query_string", "inferredContentType": "", "apiTarget": "api_target"})
		return kind, encode(d)
	}
	return kind, data
}

// stack gives the protocol's form of a stack trace that is shown.
func stack(raw json.RawMessage) json.RawMessage {
	var st object
	var frames []object
	if json.Unmarshal(raw, &st) != nil || st == nil || json.Unmarshal(st["frames"], &frames) != nil {
		return json.RawMessage("null")
	}
	for _, f := range frames {
		rename(f, map[string]string{"absPath": "abs_path", "lineNo": "lineno", "colNo": "colno", "inApp": "in_app", "rawFunction": "raw_function",
			"instructionAddr": "instruction_addr", "symbolAddr": "symbol_addr", "sourceLink": "source_link", "errors": "", "symbolicatorStatus": ""})
		sourceLines(f)
	}
	return encode(map[string]any{"frames": frames, "registers": st["registers"]})
}

// sourceLines puts a frame's source where an SDK puts it: the line itself, and those before and after it.
func sourceLines(f object) {
	var lines [][2]json.RawMessage
	var at int
	_ = json.Unmarshal(f["lineno"], &at) // without it no line is the frame's
	if json.Unmarshal(f["context"], &lines) == nil {
		var pre, post []json.RawMessage
		for _, l := range lines {
			var n int
			if json.Unmarshal(l[0], &n) != nil {
				continue
			}
			switch {
			case n < at:
				pre = append(pre, l[1])
			case n == at:
				f["context_line"] = l[1]
			default:
				post = append(post, l[1])
			}
		}
		if f["context_line"] != nil {
			f["pre_context"], f["post_context"] = encode(pre), encode(post)
		}
	}
	delete(f, "context")
}

// rename gives members another name; the empty one takes them out, as does null.
func rename(o object, names map[string]string) {
	for from, to := range names {
		if v, ok := o[from]; ok {
			delete(o, from)
			if to != "" {
				o[to] = v
			}
		}
	}
	maps.DeleteFunc(o, func(_ string, v json.RawMessage) bool { return string(v) == "null" })
}

func encode(v any) json.RawMessage {
	b, _ := json.Marshal(v) // JSON that was read as such
	return b
}
