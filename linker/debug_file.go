package linker

import (
	"io"
	"path"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/store"
)

// debugFiles says what an uploaded debug file is: a row for each architecture in it.
func debugFiles(_ io.ReaderAt, _ int64, asked store.AssemblyRequest) ([]store.DebugFile, error) {
	if rest, ok := strings.CutPrefix(asked.Name, "/proguard/"); ok {
		id, ok := envelope.ParseDebugID(strings.TrimSuffix(rest, ".txt"))
		if !ok {
			return nil, refusal("The name of a ProGuard mapping is /proguard/<uuid>.txt.")
		}
		return []store.DebugFile{{DebugID: id, ObjectName: "proguard-mapping", CPUName: "any", Format: "proguard", Type: "dbg", Features: "mapping"}}, nil
	}
	return nil, refusal("The file " + path.Base(asked.Name) + " is of no kind that is known.")
}
