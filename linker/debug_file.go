package linker

import (
	"errors"
	"io"
	"path"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/linker/symbolicate/native"
	"github.com/hindsight-dev/hindsight/linker/symbolicate/proguard"
	"github.com/hindsight-dev/hindsight/store"
)

// debugFiles says what an uploaded debug file is: a row for each architecture in it.
func debugFiles(r io.ReaderAt, size int64, asked store.AssemblyRequest) ([]store.DebugFile, error) {
	if rest, ok := strings.CutPrefix(asked.Name, "/proguard/"); ok {
		id, ok := envelope.ParseDebugID(strings.TrimSuffix(rest, ".txt"))
		if !ok {
			return nil, refusal("The name of a ProGuard mapping is /proguard/<uuid>.txt.")
		}
		if size > proguard.MaxBytes {
			return nil, refusal("The ProGuard mapping is too large.")
		}
		return []store.DebugFile{{DebugID: id, ObjectName: "proguard-mapping", CPUName: "any", Format: "proguard", Type: "dbg", Features: "mapping"}}, nil
	}
	src := &watched{r: r}
	objects, err := native.Inspect(src, size)
	if src.err != nil {
		return nil, src.err
	}
	name := path.Base(asked.Name)
	if err != nil {
		return nil, refusal("The file " + name + " cannot be used: " + err.Error() + ".")
	}
	var out []store.DebugFile
	for _, o := range objects {
		out = append(out, store.DebugFile{DebugID: o.DebugID, CodeID: o.CodeID, ObjectName: name, CPUName: o.CPU, Format: o.Format, Type: o.Type,
			Features: strings.Join(o.Features, ",")})
	}
	return out, nil
}

// watched keeps a reader's own errors apart from those of what is read.
type watched struct {
	r   io.ReaderAt
	err error
}

func (w *watched) ReadAt(p []byte, off int64) (int, error) {
	n, err := w.r.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}
