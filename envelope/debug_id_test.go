package envelope_test

import (
	"testing"

	"github.com/hindsight-dev/hindsight/envelope"
)

func TestParseDebugID(t *testing.T) {
	for in, want := range map[string]string{
		"DFB8E43A-F242-3D73-A453-AEB6A777EF75":       "dfb8e43a-f242-3d73-a453-aeb6a777ef75",
		"dfb8e43af2423d73a453aeb6a777ef75":           "dfb8e43a-f242-3d73-a453-aeb6a777ef75",
		"dfb8e43a-f242-3d73-a453-aeb6a777ef75-a":     "dfb8e43a-f242-3d73-a453-aeb6a777ef75-a",
		"dfb8e43a-f242-3d73-a453-aeb6a777ef75-0":     "dfb8e43a-f242-3d73-a453-aeb6a777ef75",
		"DFB8E43AF2423D73A453AEB6A777EF750":          "dfb8e43a-f242-3d73-a453-aeb6a777ef75",
		"DFB8E43AF2423D73A453AEB6A777EF75A":          "dfb8e43a-f242-3d73-a453-aeb6a777ef75-a",
		"dfb8e43af2423d73a453aeb6a777ef75-1a":        "dfb8e43a-f242-3d73-a453-aeb6a777ef75-1a",
		"":                                           "",
		"dfb8e43a":                                   "",
		"gfb8e43af2423d73a453aeb6a777ef75":           "",
		"dfb8e43a-f242-3d73-a453-aeb6a777ef75-12345": "dfb8e43a-f242-3d73-a453-aeb6a777ef75-12345",
		"dfb8e43af2423d73a453aeb6a777ef75123456789":  "",
	} {
		got, ok := envelope.ParseDebugID(in)
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q %v, want %q", in, got, ok, want)
		}
	}
}
