package normalize

import (
	"encoding/json"
	"net/textproto"
	"net/url"
	"regexp"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
)

const (
	maxHeaders   = 100
	maxDataBytes = 8 << 10
)

var methodName = regexp.MustCompile(`^[A-Z][A-Z_-]{0,31}$`)

func request(ev *envelope.Event) {
	r := ev.Request
	if r == nil {
		return
	}
	if m := strings.ToUpper(strings.TrimSpace(r.Method)); m == "" || methodName.MatchString(m) {
		r.Method = m
	} else {
		ev.Invalid("not an HTTP method", quote(r.Method), "request", "method")
		r.Method = ""
	}
	splitURL(r)
	cut(ev, &r.URL, maxPath, "request", "url")
	headers(r)
	for _, list := range []*[]envelope.Pair{&r.Query, &r.Cookies, &r.Headers} {
		*list = (*list)[:min(len(*list), maxHeaders)]
		for i := range *list {
			(*list)[i].Key, _ = envelope.CutText((*list)[i].Key, maxName)
			(*list)[i].Value, _ = envelope.CutText((*list)[i].Value, maxMessage)
		}
	}
	body(ev, r)
	trimObject(r.Env, maxDepth, maxContextBytes)
}

// splitURL moves query and fragment out of the URL, unless they were given on their own.
func splitURL(r *envelope.Request) {
	rest, fragment, _ := strings.Cut(r.URL, "#")
	base, query, _ := strings.Cut(rest, "?")
	r.URL = base
	if r.Fragment == "" {
		r.Fragment = fragment
	}
	if len(r.Query) == 0 {
		r.Query = envelope.ParseQuery(query)
	}
}

// headers gives names their one spelling. Cookies have a place of their own.
func headers(r *envelope.Request) {
	kept := r.Headers[:0]
	for _, h := range r.Headers {
		h.Key = textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(h.Key))
		if h.Key == "" {
			continue
		}
		if h.Key == "Cookie" {
			if len(r.Cookies) == 0 {
				r.Cookies = envelope.ParseCookies(h.Value)
			}
			continue
		}
		kept = append(kept, h)
	}
	if r.Headers = kept; len(kept) == 0 {
		r.Headers = nil
	}
}

// body reads a body given as text when it is JSON or a form, and bounds it.
func body(ev *envelope.Event, r *envelope.Request) {
	if len(r.Data) == 0 {
		return
	}
	var s string
	if r.Data[0] == '"' && json.Unmarshal(r.Data, &s) == nil && len(s) <= maxDataBytes {
		kind, _, _ := strings.Cut(r.Header("Content-Type"), ";")
		switch t := strings.TrimSpace(s); {
		case t == "":
		case (t[0] == '{' || t[0] == '[') && json.Valid([]byte(t)):
			r.Data, _ = envelope.Trim(json.RawMessage(t), 64, maxDataBytes)
			r.InferredContentType = "application/json"
		case strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded"):
			if form, err := url.ParseQuery(t); err == nil {
				r.Data, _ = json.Marshal(form)
				r.InferredContentType = "application/x-www-form-urlencoded"
			}
		}
	}
	if len(r.Data) > maxDataBytes {
		n := len(r.Data)
		r.Data, _ = envelope.Trim(r.Data, 64, maxDataBytes)
		ev.Cut(n, maxDataBytes, "request", "data")
	}
}
