package stream

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/hindsight-dev/hindsight/internal/testkit"
)

// TestMain runs this binary as the process that is killed, when asked to by childDir.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := publishForEver(dir, Sync(os.Getenv(childSync))); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const (
	childDir  = "STREAM_TEST_CHILD_DIR"
	childSync = "STREAM_TEST_CHILD_SYNC"
)

// publishForEver publishes from 32 callers and prints each id once it is acknowledged. It also
// consumes one of the kinds, so that taking messages off the stream is part of what is cut short.
func publishForEver(dir string, sync Sync) error {
	s, err := Open(context.Background(), Config{Dir: dir, Sync: sync, MaxBytes: 128 << 20, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	go s.Consume(context.Background(), KindReplay, ConsumeOptions{Batch: 50}, func(context.Context, []*Delivery) error { return nil })
	lines := make(chan string)
	for w := range 32 {
		go func() {
			for i := 0; ; i++ {
				a, b := message(KindEvent, i), message(KindReplay, i)
				a.ID, b.ID = fmt.Sprintf("event-%d-%d", w, i), fmt.Sprintf("replay-%d-%d", w, i)
				if err := s.Publish(context.Background(), a, b); err == nil {
					lines <- a.ID
				}
			}
		}()
	}
	for l := range lines {
		if _, err := fmt.Println(l); err != nil {
			return err
		}
	}
	return nil
}

// child starts a publishing process and collects what was acknowledged to it.
type child struct {
	cmd   *exec.Cmd
	mu    sync.Mutex
	acked []string
	read  chan struct{}
}

func startChild(t *testing.T, dir string, sync Sync) *child {
	t.Helper()
	c := &child{cmd: exec.Command(os.Args[0]), read: make(chan struct{})}
	c.cmd.Env = append(os.Environ(), childDir+"="+dir, childSync+"="+string(sync))
	c.cmd.Stderr = t.Output()
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.kill)
	go c.collect(out)
	return c
}

func (c *child) collect(out io.Reader) {
	defer close(c.read)
	for r := bufio.NewReader(out); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			return // a line without its end was not printed
		}
		c.mu.Lock()
		c.acked = append(c.acked, strings.TrimSuffix(line, "\n"))
		c.mu.Unlock()
	}
}

func (c *child) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.acked)
}

func (c *child) kill() {
	if c.cmd.ProcessState != nil {
		return
	}
	_ = c.cmd.Process.Kill() // SIGKILL
	<-c.read
	_ = c.cmd.Wait()
}

// lostOf reopens the directory and says how many acknowledged events are not there.
func lostOf(t *testing.T, dir string, acked []string) int {
	t.Helper()
	s := openTest(t, Config{Dir: dir, MaxBytes: 128 << 20}, quick())
	defer s.Close()
	var got seen
	stop := consume(t, s, KindEvent, ConsumeOptions{Batch: 500}, got.handle)
	eventually(t, "all events consumed", func() bool {
		st, err := s.Stats(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		k := st.Kinds[KindEvent]
		return k.Pending == 0 && k.AckPending == 0
	})
	stop()
	ids := got.ids()
	lost := 0
	for _, id := range acked {
		if ids[id] == 0 {
			lost++
		}
	}
	return lost
}

func TestKill9LosesNothing(t *testing.T) {
	for _, sync := range []Sync{SyncPower, SyncProcess} {
		t.Run(string(sync), func(t *testing.T) {
			dir := t.TempDir()
			c := startChild(t, dir, sync)
			eventually(t, "2000 acknowledgements", func() bool { return c.count() >= 2000 })
			c.kill()
			lost := lostOf(t, dir, c.acked)
			t.Logf("%d acknowledged, %d lost", len(c.acked), lost)
			if lost != 0 {
				t.Errorf("%d of %d acknowledged messages are lost after kill -9", lost, len(c.acked))
			}
		})
	}
}

// TestPowerCut cuts the power of the stream's disk: a file system on a loop device is shut down
// without flushing anything, its process being stopped, then mounted again. It needs root and a
// loop device; with REQUIRE_POWERCUT=1 the lack of them is a failure.
func TestPowerCut(t *testing.T) {
	for _, sync := range []Sync{SyncPower, SyncProcess} {
		t.Run(string(sync), func(t *testing.T) {
			d := testkit.NewDisk(t)
			c := startChild(t, filepath.Join(d.Dir, "stream"), sync)
			eventually(t, "3000 acknowledgements", func() bool { return c.count() >= 3000 })
			d.Cut(t, c.cmd.Process)
			c.kill()
			d.Mount(t)
			lost := lostOf(t, filepath.Join(d.Dir, "stream"), c.acked)
			t.Logf("%d acknowledged, %d lost", len(c.acked), lost)
			if sync == SyncPower && lost != 0 {
				t.Errorf("%d of %d acknowledged messages are lost after a power cut", lost, len(c.acked))
			}
			if sync == SyncProcess && lost == 0 {
				// It promises nothing here. Losing some is what shows that the cut is one.
				t.Logf("nothing lost without syncing: was the power really cut?")
			}
		})
	}
}
