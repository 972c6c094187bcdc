package relay

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"runtime"
	"testing"

	"github.com/hindsight-dev/hindsight/internal/stream"
)

// packXZ writes b as one xz stream of stored chunks (xz-file-format 1.2.0). dict is the block's
// dictionary as its header spells it: 22 is 8 MiB, 36 is 1 GiB, 40 is 4 GiB.
func packXZ(b []byte, dict byte) []byte {
	sum := func(p []byte) []byte { return binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(p)) }
	pad := func(p []byte) []byte { return append(p, make([]byte, (4-len(p)%4)%4)...) }
	flags := []byte{0, 1} // CRC32
	out := append(append([]byte("\xfd7zXZ\x00"), flags...), sum(flags)...)
	header := []byte{2, 0, 0x21, 1, dict, 0, 0, 0}
	block := append(bytes.Clone(header), sum(header)...)
	for i := 0; i < len(b); i += 1 << 16 {
		chunk := b[i:min(i+1<<16, len(b))]
		control := byte(2)
		if i == 0 {
			control = 1 // the dictionary starts anew
		}
		block = append(binary.BigEndian.AppendUint16(append(block, control), uint16(len(chunk)-1)), chunk...)
	}
	block = append(block, 0)
	size := uint64(len(block) + 4)
	out = append(append(out, pad(block)...), sum(b)...)
	index := pad(binary.AppendUvarint(binary.AppendUvarint([]byte{0, 1}, size), uint64(len(b))))
	index = append(index, sum(index)...)
	tail := append(binary.LittleEndian.AppendUint32(nil, uint32(len(index)/4-1)), flags...)
	return append(append(append(append(out, index...), sum(tail)...), tail...), "YZ"...)
}

// TestXZDictionary: a dump's own claim of what it takes to read it is held against a bound.
func TestXZDictionary(t *testing.T) {
	e := newEdge(t)
	send := func(dict byte) answer {
		body, contentType := form(t, minidumpField, "crash.dmp.xz", string(packXZ([]byte("MDMP and more"), dict)))
		return e.to("/api/42/minidump/", body, "X-Sentry-Auth", auth(key42), "Content-Type", contentType)
	}
	if _, env := send(26).only(t, stream.KindEvent); string(env.Items[0].Payload) != "MDMP and more" { // 32 MiB
		t.Errorf("%q", env.Items[0].Payload)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	send(40).wantError(t, 400, "invalid compression container")
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 16<<20 {
		t.Errorf("%d bytes for a dump that is refused", n)
	}
}
