package relay

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/klauspost/compress/zlib"

	"github.com/hindsight-dev/hindsight/envelope"
)

// maxInflated bounds a recording once inflated (bytes); the linker takes no larger one.
const maxInflated = 100 << 20

// maxRecordingLine bounds the line before a recording's body (bytes).
const maxRecordingLine = 4 << 10

// openRecording reads the header line, newline included, and opens the body inflated.
func (q *request) openRecording(src io.Reader) (line []byte, inflated *body, err error) {
	br := bufio.NewReaderSize(src, maxRecordingLine)
	head, err := br.ReadSlice('\n')
	if err == bufio.ErrBufferFull || err == io.EOF {
		return nil, nil, errUnreadable
	}
	if err != nil {
		return nil, nil, err
	}
	line = bytes.Clone(head)
	first, err := br.Peek(2)
	if err != nil && err != io.EOF {
		return nil, nil, err
	}
	enc := identity
	switch {
	case bytes.HasPrefix(first, []byte{0x1f, 0x8b}):
		enc = gzipEncoding
	case len(first) == 2 && first[0]&0x0f == 8 && (int(first[0])<<8|int(first[1]))%31 == 0:
		enc = deflateEncoding
	}
	// A background context: the bytes are here, only the budget of windows is waited for.
	inflated, err = q.rl.decoders.open(context.WithoutCancel(q.r.Context()), br, enc, maxInflated)
	return line, inflated, err
}

// copyRecording writes the scrubbed events of a recording to dst, uncompressed and without the
// header line, and says whether anything was changed.
func (q *request) copyRecording(dst io.Writer, src io.Reader) (changed bool, err error) {
	_, b, err := q.openRecording(src)
	if err != nil {
		return false, err
	}
	defer b.Close()
	return q.key.Rules.scrub.Recording(dst, b)
}

// packRecording writes a whole recording payload to dst, scrubbed, as zlib.
func (q *request) packRecording(dst io.Writer, src io.Reader) error {
	line, b, err := q.openRecording(src)
	if err != nil {
		return err
	}
	defer b.Close()
	if _, err := dst.Write(line); err != nil {
		return err
	}
	zw := zlib.NewWriter(dst)
	if _, err := q.key.Rules.scrub.Recording(zw, b); err != nil {
		return err
	}
	return zw.Close()
}

// scrubVideoParts gives the payload anew; nil when nothing had to be changed.
func (q *request) scrubVideoParts(v *envelope.ReplayVideo) ([]byte, error) {
	event, err := q.key.Rules.scrub.Event(v.Event)
	if err != nil {
		return nil, err
	}
	changed, err := q.copyRecording(io.Discard, bytes.NewReader(v.Recording))
	if err != nil {
		return nil, err
	}
	if !changed && bytes.Equal(event, v.Event) {
		return nil, nil
	}
	rec := v.Recording
	if changed {
		var b bytes.Buffer
		if err := q.packRecording(&b, bytes.NewReader(rec)); err != nil {
			return nil, err
		}
		rec = b.Bytes()
	}
	return packVideo(event, rec, v.Video)
}

// packVideo writes the msgpack map of a replay_video payload.
func packVideo(event, recording, video []byte) ([]byte, error) {
	out := make([]byte, 0, len(event)+len(recording)+len(video)+64)
	out = append(out, 0x83) // a map of three
	for _, part := range []struct {
		name string
		data []byte
	}{{"replay_event", event}, {"replay_recording", recording}, {"replay_video", video}} {
		if int64(len(part.data)) > 1<<31 {
			return nil, fmt.Errorf("%s is too long", part.name)
		}
		out = append(out, 0xa0|byte(len(part.name)))
		out = append(out, part.name...)
		out = append(out, 0xc6) // bytes, with a length of four
		out = binary.BigEndian.AppendUint32(out, uint32(len(part.data)))
		out = append(out, part.data...)
	}
	return out, nil
}
