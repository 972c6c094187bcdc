package testkit

import (
	"os"
	"syscall"
	"testing"
)

// memoryDir is a file system in memory where there is one. Writing to it is as real as to a disk, but a
// sync costs nothing, and tests sync thousands of times.
const memoryDir = "/dev/shm"

// memoryFree is how much must be free in memory for a test's files to go there, in bytes. Containers
// often have 64 MB.
const memoryFree = 512 << 20

// Dir gives an empty folder that is removed when the test ends, in memory if there is room.
func Dir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp(fastDir(), "hindsight-test-")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			tb.Errorf("remove test folder: %v", err)
		}
	})
	return dir
}

// fastDir is memoryDir when it has room, else empty: the system's own folder for temporary files.
func fastDir() string {
	var st syscall.Statfs_t
	if os.Getenv("TMPDIR") != "" || syscall.Statfs(memoryDir, &st) != nil || int64(st.Bavail)*int64(st.Bsize) < memoryFree {
		return ""
	}
	return memoryDir
}
