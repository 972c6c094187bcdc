package normalize

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
)

func message(ev *envelope.Event) {
	m := ev.Message
	if m == nil {
		return
	}
	if m.Formatted == "" {
		if m.Formatted = interpolate(m.Template, m.Params); m.Formatted == m.Template {
			m.Template = ""
		}
	} else if m.Formatted == m.Template {
		m.Template = ""
	}
	cut(ev, &m.Template, maxMessage, "logentry", "message")
	cut(ev, &m.Formatted, maxMessage, "logentry", "formatted")
	if len(m.Params) > 0 {
		m.Params, _ = envelope.Trim(m.Params, maxDepth, maxContextBytes)
	}
}

// placeholder is what the languages' formatters have in common: %s, %(name)s, %1$s, {}, {0}, {name}.
var placeholder = regexp.MustCompile(`%%|%(?:\((\w+)\)|(\d+)\$)?[-+ #0]*\d*(?:\.\d+)?[a-zA-Z]|\{(\w*)\}`)

// interpolate fills a template as well as one can without its language's formatter. Placeholders
// without a value stay.
func interpolate(template string, params json.RawMessage) string {
	if len(params) == 0 || len(template) > maxMessage {
		return template
	}
	var list []json.RawMessage
	var named map[string]json.RawMessage
	if json.Unmarshal(params, &list) != nil && json.Unmarshal(params, &named) != nil {
		return template
	}
	next, size := 0, 0
	return placeholder.ReplaceAllStringFunc(template, func(p string) string {
		if p == "%%" {
			return "%"
		}
		m := placeholder.FindStringSubmatch(p)
		v, ok := named[m[1]+m[3]]
		if !ok {
			i := next
			if n, err := strconv.Atoi(m[2] + m[3]); err == nil {
				if i = n; m[2] != "" {
					i--
				}
			} else if m[1]+m[3] == "" {
				next++
			} else {
				return p
			}
			if i < 0 || i >= len(list) {
				return p
			}
			v = list[i]
		}
		s := text(v)
		if size += len(s); size > maxMessage {
			return p
		}
		return s
	})
}

// text is a JSON value as people write it: strings without quotes.
func text(v json.RawMessage) string {
	var s string
	if json.Unmarshal(v, &s) == nil && strings.HasPrefix(string(v), `"`) {
		return s
	}
	return string(v)
}
