package store

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
)

// An archive is a finished replay in one object: the events of its segments in chunks that begin at each
// full snapshot, then the frames of all segments, then an index, and last its length and the magic word
// again. Chunks, frames and index are zstd frames of their own, so that a part is read with one range request.
const (
	archiveMagic   = "HSREC1\n\x00"
	archiveTail    = 8 + len(archiveMagic)
	archiveChunk   = 1 << 20  // bytes of events after which a chunk ends
	maxArchived    = 64 << 20 // bytes of one segment's events; larger ones stay by themselves
	maxArchiveRead = maxArchived + archiveChunk
)

// archiveIndex says what is where.
type archiveIndex struct {
	Segments []archivedSegment `json:"segments"`
	Chunks   []archivePart     `json:"chunks"`
	Frames   archivePart       `json:"frames"`
}

// archivedSegment is a segment: its events are Length bytes at Offset of the inflated chunk, its frames
// likewise of the inflated frames.
type archivedSegment struct {
	Segment      int64  `json:"segment"`
	Hash         string `json:"hash"`
	Chunk        int    `json:"chunk"`
	Offset       int64  `json:"offset"`
	Length       int64  `json:"length"`
	FramesOffset int64  `json:"framesOffset"`
	FramesLength int64  `json:"framesLength"`
	FirstMS      int64  `json:"firstMs,omitempty"`
	Snapshot     bool   `json:"snapshot,omitempty"` // begins with a full snapshot: a player can start here
}

// archivePart is where a zstd frame stands in the object, and how long it is inflated.
type archivePart struct {
	Offset int64 `json:"offset"`
	Length int64 `json:"length"`
	Size   int64 `json:"size"`
}

// archiveWriter writes an archive into a file.
type archiveWriter struct {
	f      *os.File
	enc    *zstd.Encoder
	at     int64 // in the file
	open   bool  // a chunk is being written
	size   int64 // of it, inflated
	frames bytes.Buffer
	index  archiveIndex
}

func newArchiveWriter() (*archiveWriter, error) {
	f, err := os.CreateTemp("", "hindsight-archive-")
	if err != nil {
		return nil, err
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(4<<20), zstd.WithZeroFrames(true))
	w := &archiveWriter{f: f, enc: enc, at: int64(len(archiveMagic))}
	if err == nil {
		_, err = f.WriteString(archiveMagic)
	}
	if err != nil {
		return nil, errors.Join(err, w.discard())
	}
	return w, nil
}

// discard removes the file; it is called in any case.
func (w *archiveWriter) discard() error {
	return errors.Join(w.f.Close(), os.Remove(w.f.Name()))
}

// add appends a segment and gives its place.
func (w *archiveWriter) add(s *ReplaySegment, events, frames []byte) (int64, error) {
	if w.open && (s.HasSnapshot || w.size >= archiveChunk) {
		if err := w.endChunk(); err != nil {
			return 0, err
		}
	}
	if !w.open {
		w.enc.Reset(w.f)
		w.open, w.size = true, 0
	}
	a := archivedSegment{Segment: s.SegmentID, Hash: s.BodyHash, Chunk: len(w.index.Chunks), Offset: w.size, Length: int64(len(events)),
		FramesOffset: int64(w.frames.Len()), FramesLength: int64(len(frames)), Snapshot: s.HasSnapshot}
	if s.FirstMS != nil {
		a.FirstMS = *s.FirstMS
	}
	if _, err := w.enc.Write(events); err != nil {
		return 0, err
	}
	w.size += int64(len(events))
	w.frames.Write(frames)
	w.index.Segments = append(w.index.Segments, a)
	return int64(len(w.index.Segments) - 1), nil
}

func (w *archiveWriter) endChunk() error {
	p, err := w.endPart(w.size)
	w.open = false
	w.index.Chunks = append(w.index.Chunks, p)
	return err
}

func (w *archiveWriter) endPart(size int64) (archivePart, error) {
	if err := w.enc.Close(); err != nil {
		return archivePart{}, err
	}
	end, err := w.f.Seek(0, io.SeekCurrent)
	p := archivePart{Offset: w.at, Length: end - w.at, Size: size}
	w.at = end
	return p, err
}

func (w *archiveWriter) part(b []byte) (archivePart, error) {
	w.enc.Reset(w.f)
	if _, err := w.enc.Write(b); err != nil {
		return archivePart{}, err
	}
	return w.endPart(int64(len(b)))
}

// finish ends the archive and gives its size; the file is at its beginning then.
func (w *archiveWriter) finish() (int64, error) {
	if w.open {
		if err := w.endChunk(); err != nil {
			return 0, err
		}
	}
	var err error
	if w.index.Frames, err = w.part(w.frames.Bytes()); err != nil {
		return 0, err
	}
	b, err := json.Marshal(w.index)
	if err != nil {
		return 0, err
	}
	p, err := w.part(b)
	if err != nil {
		return 0, err
	}
	tail := binary.BigEndian.AppendUint64(nil, uint64(p.Length))
	if _, err := w.f.Write(append(tail, archiveMagic...)); err != nil {
		return 0, err
	}
	if _, err := w.f.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	return w.at + int64(archiveTail), nil
}

// Archive reads a replay's object. It keeps the chunk it read last, so that reading segments in their order
// reads each chunk once. It is for one goroutine.
type Archive struct {
	blobs Blobs
	key   string
	index archiveIndex

	chunk  int // in hand, -1 for none
	data   []byte
	frames []byte
}

// errArchive is an object that is no archive, or a part of one that is not as its index says.
var errArchive = errors.New("damaged archive")

// OpenArchive reads an archive's index.
func OpenArchive(ctx context.Context, blobs Blobs, key string) (*Archive, error) {
	a := &Archive{blobs: blobs, key: key, chunk: -1}
	size, err := blobs.Stat(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("archive %s: %w", key, err)
	}
	if size < int64(archiveTail+len(archiveMagic)) {
		return nil, fmt.Errorf("archive %s: %w", key, errArchive)
	}
	const guess = 32 << 10 // the index of most replays comes with the tail
	from := max(size-guess, 0)
	end, err := a.bytes(ctx, from, size-from)
	if err != nil {
		return nil, err
	}
	tail := end[len(end)-archiveTail:]
	length := binary.BigEndian.Uint64(tail)
	if string(tail[8:]) != archiveMagic || length > uint64(size) || length > 64<<20 {
		return nil, fmt.Errorf("archive %s: %w", key, errArchive)
	}
	at := size - int64(archiveTail) - int64(length)
	var packed []byte
	if at >= from {
		packed = end[at-from : len(end)-archiveTail]
	} else if at < 0 {
		return nil, fmt.Errorf("archive %s: %w", key, errArchive)
	} else if packed, err = a.bytes(ctx, at, int64(length)); err != nil {
		return nil, err
	}
	raw, err := Decompress(packed)
	if err == nil {
		err = json.Unmarshal(raw, &a.index)
	}
	if err != nil {
		return nil, fmt.Errorf("index of archive %s: %w: %w", key, errArchive, err)
	}
	return a, nil
}

func (a *Archive) bytes(ctx context.Context, from, length int64) ([]byte, error) {
	if from < 0 || length < 0 || length > maxArchiveRead {
		return nil, fmt.Errorf("archive %s: %d bytes: %w", a.key, length, errArchive)
	}
	rd, err := a.blobs.GetRange(ctx, a.key, from, length)
	if err != nil {
		return nil, fmt.Errorf("archive %s: %w", a.key, err)
	}
	defer rd.Close()
	b, err := io.ReadAll(io.LimitReader(rd, length))
	if err != nil {
		return nil, fmt.Errorf("archive %s: %w", a.key, err)
	}
	if int64(len(b)) != length {
		return nil, fmt.Errorf("archive %s ends early: %w", a.key, errArchive)
	}
	return b, nil
}

func (a *Archive) part(ctx context.Context, p archivePart) ([]byte, error) {
	packed, err := a.bytes(ctx, p.Offset, p.Length)
	if err != nil {
		return nil, err
	}
	d, err := archiveDecoder()
	if err != nil {
		return nil, err
	}
	b, err := d.DecodeAll(packed, make([]byte, 0, min(max(p.Size, 0), maxArchiveRead)))
	if err != nil || int64(len(b)) != p.Size {
		return nil, fmt.Errorf("archive %s: %w: %w", a.key, errArchive, err)
	}
	return b, nil
}

func cut(b []byte, offset, length int64) ([]byte, bool) {
	if offset < 0 || length < 0 || offset > int64(len(b)) || length > int64(len(b))-offset {
		return nil, false
	}
	return b[offset : offset+length : offset+length], true
}

// Events gives the events of the segment at a place, as the client sent them, inflated. They are valid until
// the next call.
func (a *Archive) Events(ctx context.Context, place int64) ([]byte, error) {
	s, err := a.at(place)
	if err != nil {
		return nil, err
	}
	if s.Chunk != a.chunk {
		if s.Chunk < 0 || s.Chunk >= len(a.index.Chunks) {
			return nil, fmt.Errorf("archive %s: %w", a.key, errArchive)
		}
		if a.data, err = a.part(ctx, a.index.Chunks[s.Chunk]); err != nil {
			a.chunk = -1
			return nil, err
		}
		a.chunk = s.Chunk
	}
	b, ok := cut(a.data, s.Offset, s.Length)
	if !ok {
		return nil, fmt.Errorf("archive %s: %w", a.key, errArchive)
	}
	return b, nil
}

// Frames gives the frames of the segment at a place, as JSON.
func (a *Archive) Frames(ctx context.Context, place int64) ([]byte, error) {
	s, err := a.at(place)
	if err != nil {
		return nil, err
	}
	if a.frames == nil {
		if a.frames, err = a.part(ctx, a.index.Frames); err != nil {
			return nil, err
		}
	}
	b, ok := cut(a.frames, s.FramesOffset, s.FramesLength)
	if !ok {
		return nil, fmt.Errorf("archive %s: %w", a.key, errArchive)
	}
	return b, nil
}

func (a *Archive) at(place int64) (*archivedSegment, error) {
	if place < 0 || place >= int64(len(a.index.Segments)) {
		return nil, fmt.Errorf("archive %s has no place %d: %w", a.key, place, errArchive)
	}
	return &a.index.Segments[place], nil
}

// Archives opens archives once each; for one goroutine.
type Archives struct {
	Blobs Blobs
	key   string
	last  *Archive
}

func (as *Archives) open(ctx context.Context, key string) (*Archive, error) {
	if as.last != nil && as.key == key {
		return as.last, nil
	}
	a, err := OpenArchive(ctx, as.Blobs, key)
	if err == nil {
		as.last, as.key = a, key
	}
	return a, err
}

// Events gives a segment's events, from wherever it is kept: a JSON array, as the client sent it, inflated.
// They are valid until the next call. A body of more than limit bytes is an error.
func (as *Archives) Events(ctx context.Context, s *ReplaySegment, limit int64) ([]byte, error) {
	if s.Place != nil && *s.Place >= 0 {
		a, err := as.open(ctx, s.Blob)
		if err != nil {
			return nil, err
		}
		b, err := a.Events(ctx, *s.Place)
		if err == nil && int64(len(b)) > limit {
			err = errTooLong(s, limit)
		}
		return b, err
	}
	body, err := as.Blobs.Get(ctx, s.Blob)
	if err != nil {
		return nil, fmt.Errorf("open segment %d of replay %s: %w", s.SegmentID, s.ReplayID, err)
	}
	defer body.Close()
	raw, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err == nil && int64(len(raw)) > limit {
		return nil, errTooLong(s, limit)
	}
	var b []byte
	if err == nil {
		b, err = inflateEvents(raw, limit)
	}
	if err != nil {
		return nil, fmt.Errorf("read segment %d of replay %s: %w", s.SegmentID, s.ReplayID, err)
	}
	if int64(len(b)) > limit {
		return nil, errTooLong(s, limit)
	}
	return b, nil
}

func errTooLong(s *ReplaySegment, limit int64) error {
	return fmt.Errorf("segment %d of replay %s has more than %d bytes: %w", s.SegmentID, s.ReplayID, limit, ErrInvalid)
}

// inflateEvents reads a body as clients send it, JSON or a zlib stream, up to limit bytes and one more.
func inflateEvents(body []byte, limit int64) ([]byte, error) {
	if len(body) > 0 && body[0] == '[' {
		return body, nil
	}
	z, err := zlib.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	b, err := io.ReadAll(io.LimitReader(z, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return b, nil
}

// Frames gives a segment's frames as JSON; nil when it has none.
func (as *Archives) Frames(ctx context.Context, s *ReplaySegment) ([]byte, error) {
	if s.Place != nil && *s.Place >= 0 {
		a, err := as.open(ctx, s.Blob)
		if err != nil {
			return nil, err
		}
		return a.Frames(ctx, *s.Place)
	}
	if len(s.Frames) == 0 {
		return nil, nil
	}
	return Decompress(s.Frames)
}

// EachFrames calls yield with the frames of segments, as JSON, until it gives an error.
func EachFrames(ctx context.Context, blobs Blobs, segments []ReplaySegment, yield func(frames []byte) error) error {
	as := &Archives{Blobs: blobs}
	for i := range segments {
		b, err := as.Frames(ctx, &segments[i])
		if err != nil {
			return fmt.Errorf("frames of segment %d of replay %s: %w", segments[i].SegmentID, segments[i].ReplayID, err)
		}
		if len(b) == 0 {
			continue
		}
		if err := yield(b); err != nil {
			return err
		}
	}
	return nil
}

// newArchiveKey names a new object of a replay, beside its segments.
func newArchiveKey(s *ReplaySegment) string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("%d/%d/replay/%s/all-%s", s.OrgID, s.ProjectID, s.ReplayID, hex.EncodeToString(b[:]))
}
