package grouping

import "regexp"

// Browsers have their own words for the same failure. The pieces that name a part of the program are kept.
var dialects = []struct {
	find *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`^(?:Cannot read propert(?:y|ies) (?:'([^']*)' )?of (?:undefined|null)(?: \(reading '([^']*)'\))?)$`), `no property $1$2 of nothing`},
	{regexp.MustCompile(`^(?:undefined|null) is not an object \(evaluating '(?:[^']*[.\[])?(\w+)\]?'\)$`), `no property $1 of nothing`},
	{regexp.MustCompile(`^can't access property "([^"]*)", .* is (?:undefined|null)$`), `no property $1 of nothing`},
	{regexp.MustCompile(`^(?:Can't find variable: (\S+)|(\S+) is not defined)$`), `$1$2 is not defined`},
	{regexp.MustCompile(`^(?:Failed to fetch|Load failed|NetworkError when attempting to fetch resource\.?|Network request failed|fetch failed)(?: \(.*\))?$`), `a request failed`},
	{regexp.MustCompile(`(?s)^(?:(?:Loading|ChunkLoadError: Loading) (CSS )?chunk \S+ failed\..*|Failed to fetch dynamically imported module: .*|error loading dynamically imported module.*|Importing a module script failed\.?)$`), `a chunk did not load`},
	{regexp.MustCompile(`^(?:Maximum call stack size exceeded\.?|too much recursion|Out of stack space)$`), `too much recursion`},
	{regexp.MustCompile(`^(?:.*\.)?(\w+) is not a function(?:\. \(In .*\))?$`), `$1 is not a function`},
	{regexp.MustCompile(`^(?:The user aborted a request\.|signal is aborted without reason|The operation was aborted\.?|Fetch is aborted|AbortError: .*)$`), `aborted`},
}

// dialect brings what the browsers say into one form.
func dialect(platform, s string) string {
	if platform != "javascript" || len(s) > maxWords {
		return s
	}
	for _, d := range dialects {
		if d.find.MatchString(s) {
			return d.find.ReplaceAllString(s, d.with)
		}
	}
	return s
}
