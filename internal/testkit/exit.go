package testkit

import (
	"os/exec"
	"syscall"
)

// RemoveAtExit removes a folder when the test binary ends, however it ends: a child waits for the
// end of its standard input, which only this process holds open.
func RemoveAtExit(dir string) error {
	c := exec.Command("/bin/sh", "-c", `read -r _; rm -rf "$0"`, dir)
	c.Dir = "/"
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := c.StdinPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	keep(stdin)
	go func() { _ = c.Wait() }()
	return nil
}
