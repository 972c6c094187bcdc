package scrub

import (
	"encoding/json"
	"net/url"
	"strings"
	"unicode/utf8"
)

// maxName bounds how far back a name is looked for.
const maxName = 64

// findAssigned finds the value in password=value, "token": "value" and the like.
func (s *Scrubber) findAssigned(f []finding, t string) []finding {
	for i := 1; i < len(t); i++ {
		if t[i] != '=' && t[i] != ':' {
			continue
		}
		rule, yes := s.sensitiveName(nameBefore(t, i))
		if !yes || s.safeName(nameBefore(t, i)) || t[i] == ':' && !saysSecret(t, i, rule) {
			continue
		}
		start, end := valueAfter(t, i+1)
		if start < end && !opaque(t[start:end]) && !nothing(t[start:end]) {
			f = append(f, finding{start, end, filtered, rule})
		}
		i = max(i, end-1)
	}
	return f
}

// nameBefore returns the name that ends before i, without quotes.
func nameBefore(t string, i int) string {
	end := i
	for end > 0 && i-end < 4 && strings.IndexByte(` "'\`, t[end-1]) >= 0 {
		end--
	}
	start := end
	for start > 0 && end-start < maxName && (isAlnum(t[start-1]) || strings.IndexByte("_-.[]%", t[start-1]) >= 0) {
		start--
	}
	return t[start:end]
}

// saysSecret tells "password: x" from "authentication: failed" and "auth://": before a colon,
// "auth" alone is mostly a word of its own.
func saysSecret(t string, i int, rule string) bool {
	if strings.HasPrefix(t[i+1:], "//") {
		return false
	}
	name := nameBefore(t, i)
	if rule != rulePassword || equalFold(name, "authorization") || equalFold(name, "proxy-authorization") {
		return true
	}
	for j := 0; j+3 < len(name); j++ {
		if hasFold(name[j:], "token") || secretAt(name, j) > len("auth") {
			return true
		}
	}
	return false
}

// valueAfter returns where the value after a separator stands.
func valueAfter(t string, i int) (start, end int) {
	for i < len(t) && (t[i] == ' ' || t[i] == '\t') {
		i++
	}
	for i < len(t) && t[i] == '\\' {
		i++
	}
	if i < len(t) && (t[i] == '"' || t[i] == '\'') {
		quote := t[i]
		for end = i + 1; end < len(t) && t[end] != quote; end++ {
			if t[end] == '\\' && end+1 < len(t) && t[end+1] != quote {
				end++
			}
		}
		end = min(end, len(t))
		for end > i+1 && t[end-1] == '\\' {
			end--
		}
		return i + 1, end
	}
	end = wordEnd(t, i)
	switch strings.ToLower(t[i:end]) {
	case "bearer", "basic", "digest", "token", "negotiate":
		next := end
		for next < len(t) && t[next] == ' ' {
			next++
		}
		end = wordEnd(t, next)
	}
	return i, end
}

func wordEnd(t string, i int) int {
	for i < len(t) && !isBlank(t[i]) && strings.IndexByte("&,;)}]\"'<>|", t[i]) < 0 {
		i++
	}
	return i
}

// nothing tells values that are none.
func nothing(v string) bool {
	switch v {
	case "None", "nil", "NULL", "[Filtered", "[creditcard", "...", "*", "***", "******", "********":
		return true
	}
	return false
}

// queryString scrubs "a=b&c=d" value by value.
func (s *Scrubber) queryString(t string) (string, []remark) {
	return s.pairs(t, "&", func(name, v string) (string, []remark) {
		if n, err := url.QueryUnescape(name); err == nil {
			name = n
		}
		if s.safeName(strings.TrimLeft(name, "?")) {
			return v, nil
		}
		if rule, yes := s.sensitiveName(name); yes {
			return filtered, whole(rule)
		}
		plain, err := url.QueryUnescape(v)
		if err != nil {
			plain = v
		}
		if _, remarks := s.text(plain, modeData); remarks != nil {
			return filtered, whole(remarks[0].rule)
		}
		return v, nil
	})
}

// cookieString scrubs "a=b; c=d" value by value.
func (s *Scrubber) cookieString(t string) (string, []remark) {
	return s.pairs(t, ";", func(name, v string) (string, []remark) {
		name = strings.TrimSpace(name)
		if s.safeName(name) {
			return v, nil
		}
		if s.defaults && sensitiveCookie(name) {
			return filtered, whole(ruleCookies)
		}
		if rule, yes := s.sensitiveName(name); yes {
			return filtered, whole(rule)
		}
		return s.text(v, modeData)
	})
}

// pairs scrubs the values of a list of names and values. A part without "=" is a text.
func (s *Scrubber) pairs(t, sep string, value func(name, v string) (string, []remark)) (string, []remark) {
	if opaque(t) {
		return t, nil
	}
	var b strings.Builder
	var remarks []remark
	chars := 0
	first := true
	for part := range strings.SplitSeq(t, sep) {
		if !first {
			b.WriteString(sep)
			chars += len(sep)
		}
		first = false
		name, v, found := strings.Cut(part, "=")
		var r []remark
		switch {
		case !found:
			v, r = s.text(part, modeData)
		case opaque(v):
			b.WriteString(name + "=")
			chars += utf8.RuneCountInString(name) + 1
		default:
			b.WriteString(name + "=")
			chars += utf8.RuneCountInString(name) + 1
			v, r = value(name, v)
		}
		for _, x := range r {
			x.start += chars
			x.end += chars
			remarks = append(remarks, x)
		}
		b.WriteString(v)
		chars += utf8.RuneCountInString(v)
	}
	if remarks == nil {
		return t, nil
	}
	return b.String(), remarks
}

// body scrubs a request's body by what it looks like. One that was cut off is no JSON any more:
// it is a text then, and goes whole when it names a secret.
func (s *Scrubber) body(t string) (string, []remark) {
	if opaque(t) {
		return t, nil
	}
	trimmed := strings.TrimSpace(t)
	switch {
	case strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "["):
		if src := []byte(trimmed); json.Valid(src) {
			p := pass{s: s, src: src}
			p.value(0, data, 0)
			if len(p.edits) == 0 {
				return t, nil
			}
			out := string(p.result())
			return out, []remark{{rule: p.rule, end: utf8.RuneCountInString(out)}}
		}
	case strings.Contains(t, "=") && !strings.ContainsAny(t, " \t\r\n<>\"{}") && !strings.Contains(t[:min(len(t), 20)], "://"):
		return s.queryString(t)
	}
	return s.text(t, modeData)
}
