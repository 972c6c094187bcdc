package store

import (
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// MaxPayload bounds what [Decompress] gives, in bytes. Rows hold at most an item of a few megabytes;
// larger bodies are in [Blobs], compressed as they came.
const MaxPayload = 64 << 20

// Encoders and decoders hold large tables. EncodeAll and DecodeAll may be called concurrently, each
// call taking one of the given number of workers.
var (
	encoder = sync.OnceValues(func() (*zstd.Encoder, error) {
		return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(4),
			zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true), zstd.WithZeroFrames(true))
	})
	decoder = sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderConcurrency(4), zstd.WithDecoderMaxMemory(MaxPayload),
			zstd.WithDecoderMaxWindow(8<<20))
	})
)

// Compress gives b as a zstd frame, as payload columns hold it.
func Compress(b []byte) ([]byte, error) {
	if len(b) > MaxPayload {
		return nil, fmt.Errorf("compress payload: %d bytes, at most %d", len(b), MaxPayload)
	}
	e, err := encoder()
	if err != nil {
		return nil, err
	}
	return e.EncodeAll(b, make([]byte, 0, len(b)/3+64)), nil
}

// Decompress is the inverse of [Compress]. It never gives more than [MaxPayload] bytes, whatever the
// frame claims.
func Decompress(b []byte) ([]byte, error) {
	d, err := decoder()
	if err != nil {
		return nil, err
	}
	out, err := d.DecodeAll(b, nil)
	if err != nil {
		return nil, fmt.Errorf("decompress payload: %w", err)
	}
	return out, nil
}
