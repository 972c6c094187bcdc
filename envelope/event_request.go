package envelope

import (
	"net/url"
	"strings"
)

func (f field) request() *Request {
	if !f.isObject() {
		return nil
	}
	r := &Request{
		URL:                 f.at("url").str(),
		Method:              f.at("method").str(),
		Protocol:            f.at("protocol").str(),
		Fragment:            f.at("fragment").str(),
		Headers:             f.at("headers").pairs(),
		Env:                 f.at("env").object(),
		Data:                f.at("data").json(),
		APITarget:           f.at("api_target").str(),
		InferredContentType: f.at("inferred_content_type").str(),
		Other: f.others("url", "method", "protocol", "fragment", "headers", "env", "data", "api_target",
			"inferred_content_type", "query_string", "query", "cookies", "body_size"),
	}
	if n := f.at("body_size").intPtr(); n != nil {
		r.BodySize = *n
	}
	if q := f.any("query_string", "query"); q.kind == jsonString {
		r.Query = ParseQuery(q.text)
	} else {
		r.Query = q.pairs()
	}
	if c := f.at("cookies"); c.kind == jsonString {
		r.Cookies = ParseCookies(c.text)
	} else {
		r.Cookies = c.pairs()
	}
	return r
}

// ParseQuery reads "a=b&c=d", with or without the question mark, keeping order and duplicates.
// A part that does not unescape stays as it is.
func ParseQuery(s string) []Pair {
	return splitPairs(strings.TrimPrefix(s, "?"), "&", func(s string) string {
		if t, err := url.QueryUnescape(s); err == nil {
			return strings.ToValidUTF8(strings.ReplaceAll(t, "\x00", ""), "\uFFFD")
		}
		return s
	})
}

// ParseCookies reads a Cookie header: "a=b; c=d".
func ParseCookies(s string) []Pair { return splitPairs(s, ";", strings.TrimSpace) }

// maxPairs bounds what one text is split into.
const maxPairs = 500

func splitPairs(s, sep string, clean func(string) string) []Pair {
	var out []Pair
	for part := range strings.SplitSeq(s, sep) {
		if strings.TrimSpace(part) == "" {
			continue
		}
		if len(out) == maxPairs {
			break
		}
		k, v, _ := strings.Cut(part, "=")
		out = append(out, Pair{clean(k), clean(v)})
	}
	return out
}
