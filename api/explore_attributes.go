package api

import (
	"encoding/json"
	"strings"

	"github.com/hindsight-dev/hindsight/api/search"
	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/store"
)

// attributesOf reads what an item was sent with: attributes, typed or bare, or for a transaction its event.
func attributesOf(payload []byte, transaction bool) func(string) any {
	raw, err := store.Decompress(payload)
	if err != nil {
		return func(string) any { return nil }
	}
	if transaction {
		if ev, err := envelope.ParseEvent(raw); err == nil {
			return eventAttributes(ev)
		}
		return func(string) any { return nil }
	}
	all := rawAttributes(raw)
	return func(column string) any {
		v, ok := all[attributeName(column)]
		if !ok {
			v, ok = all["sentry."+attributeName(column)]
		}
		if !ok {
			return nil
		}
		return attributeValue(v)
	}
}

func rawAttributes(raw []byte) map[string]json.RawMessage {
	var all map[string]json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		return nil
	}
	if inner, ok := all["attributes"]; ok && len(inner) > 0 && inner[0] == '{' {
		all = nil
		_ = json.Unmarshal(inner, &all) // what is no object has none
	}
	return all
}

// attributeName takes the brackets and the type off tags[name,number].
func attributeName(column string) string {
	if name, ok := strings.CutPrefix(column, "tags["); ok {
		name, _, _ = strings.Cut(strings.TrimSuffix(name, "]"), ",")
		return strings.TrimSpace(name)
	}
	return column
}

func attributeValue(raw json.RawMessage) any {
	var typed struct {
		Value json.RawMessage `json:"value"`
		Type  string          `json:"type"`
	}
	if len(raw) > 0 && raw[0] == '{' && json.Unmarshal(raw, &typed) == nil && typed.Type != "" {
		raw = typed.Value
	}
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return nil
	}
	switch v.(type) {
	case string, float64, bool, nil:
		return v
	}
	return string(raw)
}

func eventAttributes(ev *envelope.Event) func(string) any {
	return func(column string) any {
		if name, ok := strings.CutPrefix(column, "measurements."); ok {
			if m, ok := ev.Measurements[name]; ok {
				return m.Value
			}
			return nil
		}
		if u := ev.User; u != nil {
			for _, f := range []struct{ name, value string }{{"user.id", u.ID}, {"user.email", u.Email}, {"user.username", u.Username}, {"user.ip", u.IPAddress}} {
				if f.name == column || column == "user.display" && f.value != "" {
					return orNil(f.value)
				}
			}
		}
		switch column {
		case "http.method", "transaction.method":
			if ev.Request != nil {
				return orNil(ev.Request.Method)
			}
		case "sdk.version":
			if ev.SDK != nil {
				return orNil(ev.SDK.Version)
			}
		case "profile.id":
			return orNil(ev.Contexts.Text("profile", "profile_id"))
		}
		name := search.TagKey(attributeName(column))
		for _, t := range ev.Tags {
			if t.Key == name {
				return t.Value
			}
		}
		if v, ok := ev.Contexts["trace"]["data"]; ok {
			var data map[string]json.RawMessage
			if json.Unmarshal(v, &data) == nil && data[attributeName(column)] != nil {
				return attributeValue(data[attributeName(column)])
			}
		}
		return nil
	}
}
