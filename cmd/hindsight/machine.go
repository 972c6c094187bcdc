package main

import (
	"context"
	"syscall"

	"github.com/hindsight-dev/hindsight/api"
)

// machine says what room there is where the data directory lies and in the stream; what cannot be asked is left out.
func (h *house) machine(ctx context.Context, dataDir string) api.Machine {
	var m api.Machine
	m.DiskFreeBytes, m.DiskBytes = diskRoom(dataDir)
	if h.stream != nil {
		if st, err := h.stream.Stats(ctx); err == nil {
			m.StreamBytes, m.StreamLimitBytes = int64(st.Bytes), st.MaxBytes
		}
	}
	return m
}

// diskRoom gives the free and all bytes of the volume of a directory; 0: not known.
func diskRoom(dir string) (free, all int64) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return 0, 0
	}
	return int64(fs.Bavail) * int64(fs.Bsize), int64(fs.Blocks) * int64(fs.Bsize)
}
