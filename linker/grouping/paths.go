package grouping

import (
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
)

// maxPaths bounds the files of one event.
const maxPaths = 25

// InAppPaths are the files of the application's frames, of the newest frame first.
func InAppPaths(ev *envelope.Event) (out []string) {
	add := func(s *envelope.Stacktrace) {
		if s == nil {
			return
		}
		for i := len(s.Frames) - 1; i >= 0 && len(out) < maxPaths; i-- {
			f := &s.Frames[i]
			if path := strings.Trim(strings.ReplaceAll(f.Filename, `\`, "/"), "./"); path != "" && InApp(ev.Platform, f) {
				out = append(out, path)
			}
		}
	}
	for i := len(ev.Exceptions) - 1; i >= 0; i-- {
		add(ev.Exceptions[i].Stacktrace)
	}
	add(ev.Stacktrace)
	return out
}
