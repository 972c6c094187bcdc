// Package store is the only room that speaks SQL and S3.
//
// A row type and its queries stand side by side, one file per subject. The same queries run on
// SQLite and on Postgres through bun; where the dialects differ there is one named function, tested
// on both. Writers go through [Store.tx]; readers use the read handle, which cannot write. Nothing
// here knows what a payload means: rows come in ready and go out as stored.
//
// What belongs to an organisation is read and changed within a [Scope], which comes from what was
// authorised. The exceptions say why: the snapshot of all keys, the command line, a token's own text.
//
// Errors of drivers leave as [ErrNotFound] or [ErrConflict], by code; [Retryable] says whether the
// same work may succeed later.
//
// Payload columns are JSON compressed with zstd ([Compress], [Decompress]). Large bodies (replay
// segments, attachments) are in [Blobs]: files under the data directory, or MinIO/S3.
package store
