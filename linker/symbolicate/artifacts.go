package symbolicate

import (
	"context"
	"io"
)

// Types of uploaded files, in the words of a bundle's manifest.
const (
	Source    = "source"
	Minified  = "minified_source"
	SourceMap = "source_map"
)

// File is an uploaded source, minified file or source map.
type File struct {
	ID        int64 // the same id is the same bytes, for ever
	URL       string
	Type      string
	DebugID   string // lower case with dashes, or empty
	SourceMap string // where the file's headers say its map is
	Dist      string // for which it was found by URL
	Size      int64  // in bytes
}

// DebugFile is an uploaded file that explains addresses, or a ProGuard mapping.
type DebugFile struct {
	ID      int64 // the same id is the same bytes, for ever
	DebugID string
	CodeID  string
	Format  string // macho, elf, breakpad, proguard, …
	CPU     string
	Size    int64
}

// Artifacts is what was uploaded for the project of an event. It is asked a few times per event, for all
// frames at once. An error means that it cannot be said now.
type Artifacts interface {
	// ByDebugID gives the files that have one of the debug ids, the newest first.
	ByDebugID(ctx context.Context, ids []string) ([]File, error)
	// ByURL gives the files of a release that have one of the URLs, of any dist, the newest first.
	ByURL(ctx context.Context, release string, urls []string) ([]File, error)
	// DebugFiles gives the debug files that have one of the debug ids or code ids, the newest first.
	DebugFiles(ctx context.Context, debugIDs, codeIDs []string) ([]DebugFile, error)
	// Open and OpenDebugFile give a file's bytes, unpacked.
	Open(ctx context.Context, f File) (io.ReadCloser, error)
	OpenDebugFile(ctx context.Context, f DebugFile) (io.ReadCloser, error)
}
