package normalize

import (
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
)

// trimmedGo says which frames of a Go program built with -trimpath are the application's. sentry-go (to 0.50 at
// least) compares their files with the empty GOROOT of such programs and calls all of them foreign. Their files are
// not absolute, which is how they are known, and begin with the import path: a dependency's has its version.
func trimmedGo(platform string, s *envelope.Stacktrace) {
	if platform != "go" || len(s.Frames) == 0 {
		return
	}
	for _, f := range s.Frames {
		if f.AbsPath != "" || f.InApp == nil || *f.InApp || f.Platform != "" && f.Platform != "go" {
			return
		}
	}
	for i := range s.Frames {
		f := &s.Frames[i]
		own := !strings.Contains(f.Filename, "@") && !strings.Contains("/"+f.Filename, "/vendor/") && !strings.HasPrefix(f.Module, "github.com/getsentry/sentry-go") && !standardGo(f)
		f.InApp = &own
	}
}

// standardGo knows the files of the standard library, whose import paths begin with one of its few names; a module
// may have such a name too, but its main package is not one of the library's.
func standardGo(f *envelope.Frame) bool {
	first, _, nested := strings.Cut(f.Filename, "/")
	return nested && f.Filename[0] != '.' && standardNames[first] && f.Module != "main"
}

var standardNames = func() map[string]bool {
	names := map[string]bool{}
	for _, n := range strings.Fields(`archive bufio builtin bytes cmp compress container context crypto database debug embed encoding errors expvar flag fmt go hash html
		image index internal io iter log maps math mime net os path plugin reflect regexp runtime slices sort strconv strings structs sync syscall testing text time unicode
		unique unsafe vendor weak`) {
		names[n] = true
	}
	return names
}()
