package ownership

import "strings"

// glob says whether a pattern fits a whole text, in any case: * is any text, ? a character. It goes back to the
// last star only, so that it takes at most the product of both lengths.
func glob(pattern, text string) bool {
	p, t := []rune(strings.ToLower(pattern)), []rune(strings.ToLower(text[:min(len(text), maxText)]))
	star, from := -1, 0
	i, j := 0, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			star, from = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i++
			j++
		case star >= 0:
			from++
			i, j = star+1, from
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}

// codeowners says whether a pattern of a CODEOWNERS file is about a path: with a slash before its end it starts at
// the top, else anywhere; what names a directory is about all in it; * and ? stay within a directory, ** does
// not. A path that starts elsewhere than the repository (/app/src/x) is tried from each of its directories.
func codeowners(pattern, path string) bool {
	path = strings.TrimLeft(path[:min(len(path), maxText)], "/")
	p := strings.TrimPrefix(pattern, "/")
	p, directory := strings.CutSuffix(p, "/")
	if strings.HasSuffix(p, "/**") {
		p, directory = strings.TrimSuffix(p, "/**"), true
	}
	anchored := strings.HasPrefix(pattern, "/") || strings.Contains(p, "/")
	want, parts := strings.Split(p, "/"), strings.Split(path, "/")
	if !anchored {
		want = append([]string{"**"}, want...)
	}
	return segments(want, parts, directory)
}

// segments matches a pattern's segments with a path's from its start: what is left of the path is in the directory
// that the pattern names. One row of a table stands for each segment of the pattern.
func segments(want, parts []string, directory bool) bool {
	at := make([]bool, len(parts)+1) // the numbers of segments that the pattern so far can be
	at[0] = true
	for _, w := range want {
		next := make([]bool, len(parts)+1)
		for n := range at {
			switch {
			case w == "**":
				next[n] = at[n] || n > 0 && next[n-1]
			case n > 0:
				next[n] = at[n-1] && glob(w, parts[n-1])
			}
		}
		at = next
	}
	last := want[len(want)-1]
	deep := !strings.ContainsAny(last, "*?") || directory || last == "**"
	for n := 1; n < len(at); n++ {
		if at[n] && (n == len(parts) && !directory || n < len(parts) && deep) {
			return true
		}
	}
	return false
}
