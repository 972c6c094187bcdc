package testkit

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Disk is an ext4 file system in a file, whose power can be cut.
type Disk struct {
	Dir string // where it is mounted

	loop    string
	mounted bool
}

// ext4Shutdown is EXT4_IOC_SHUTDOWN, and the flag that throws the log away unflushed
// (fs/ext4/ext4.h of Linux).
const (
	ext4Shutdown           = 0x8004587D
	ext4ShutdownNoLogFlush = 2
)

// NewDisk makes and mounts a disk of 1 GiB (sparse). It needs root and a loop device; without them the test
// is skipped, or fails where REQUIRE_POWERCUT=1. It is gone when the test ends.
func NewDisk(tb testing.TB) *Disk {
	tb.Helper()
	missing := func(format string, a ...any) {
		tb.Helper()
		if os.Getenv("REQUIRE_POWERCUT") == "1" {
			tb.Fatalf("no power cut on this machine: "+format, a...)
		}
		tb.Skipf("no power cut on this machine: "+format, a...)
	}
	if os.Geteuid() != 0 {
		missing("not root")
	}
	d := &Disk{Dir: tb.TempDir()}
	file := filepath.Join(tb.TempDir(), "disk")
	f, err := os.Create(file)
	if err != nil {
		tb.Fatal(err)
	}
	if err := errors.Join(f.Truncate(1<<30), f.Close()); err != nil {
		tb.Fatal(err)
	}
	if out, err := exec.Command("mkfs.ext4", "-q", "-F", file).CombinedOutput(); err != nil {
		missing("mkfs.ext4: %v: %s", err, out)
	}
	out, err := exec.Command("losetup", "--find", "--show", file).CombinedOutput()
	if err != nil {
		missing("losetup: %v: %s", err, out)
	}
	d.loop = strings.TrimSpace(string(out))
	tb.Cleanup(func() {
		if d.mounted {
			if err := unix.Unmount(d.Dir, 0); err != nil {
				tb.Errorf("unmount: %v", err)
			}
		}
		if out, err := exec.Command("losetup", "--detach", d.loop).CombinedOutput(); err != nil {
			tb.Errorf("detach: %v: %s", err, out)
		}
	})
	if err := unix.Mount(d.loop, d.Dir, "ext4", 0, ""); err != nil {
		missing("mount: %v", err)
	}
	d.mounted = true
	return d
}

// Mount mounts the disk again after a cut.
func (d *Disk) Mount(tb testing.TB) {
	tb.Helper()
	if err := unix.Mount(d.loop, d.Dir, "ext4", 0, ""); err != nil {
		tb.Fatalf("mount again: %v", err)
	}
	d.mounted = true
}

// Cut cuts the power: it stops the process, so that nothing it says comes from after the cut, shuts the
// file system down without flushing anything, kills the process, and unmounts what is left.
func (d *Disk) Cut(tb testing.TB, p *os.Process) {
	tb.Helper()
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		tb.Fatal(err)
	}
	dir, err := os.Open(d.Dir)
	if err != nil {
		tb.Fatal(err)
	}
	flag := uint32(ext4ShutdownNoLogFlush)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, dir.Fd(), ext4Shutdown, uintptr(unsafe.Pointer(&flag)))
	dir.Close()
	if errno != 0 {
		tb.Fatalf("shut the file system down: %v", errno)
	}
	if err := p.Kill(); err != nil {
		tb.Fatal(err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); errors.Is(unix.Unmount(d.Dir, 0), unix.EBUSY); <-tick.C {
		if time.Now().After(deadline) {
			tb.Fatal("the killed process' files keep the disk busy")
		}
	}
	d.mounted = false
}
