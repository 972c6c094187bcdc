package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/store"
)

type importCmd struct {
	Envelopes importEnvelopesCmd `cmd:"" help:"Send stored envelopes into a project; their times are kept."`
	Sentry    importSentryCmd    `cmd:"" help:"Bring in projects, releases and the state of issues from Sentry, GlitchTip or another Hindsight."`
}

type importEnvelopesCmd struct {
	Dir     string `arg:"" help:"A directory, looked through with all below it, or one file: bodies as SDKs send them (compressed ones too), or as dead-letters show prints them."`
	Project string `help:"The slug of the project they go into." required:""`
}

// importWorkers is how many envelopes are on their way at a time.
const importWorkers = 4

// importTally counts what became of files.
type importTally struct{ taken, refused, limited, other int }

// imported is what became of one file.
type imported struct {
	path string
	kind *int // which of the tally it counts for
	err  error
}

// Run imports each file that holds an envelope, and says what became of them. It can be stopped and run
// again: what is there already stays as it is.
func (c importEnvelopesCmd) Run(ctx context.Context, s *Settings, t *terminal) error {
	control := dialControl(s.DataDir)
	if control == nil {
		return fmt.Errorf("import goes through a running server: start hindsight serve (or relay) on %s first", s.DataDir)
	}
	key, err := c.key(ctx, s)
	if err != nil {
		return err
	}
	if _, err := os.Stat(c.Dir); err != nil {
		return err
	}
	var n importTally
	paths, done := make(chan string), make(chan imported)
	var walk error
	go func() {
		defer close(paths)
		walk = walkFiles(ctx, c.Dir, paths)
	}()
	var workers sync.WaitGroup
	for range importWorkers {
		workers.Go(func() {
			for path := range paths {
				done <- importFile(ctx, control, key, path, &n)
			}
		})
	}
	go func() {
		workers.Wait()
		close(done)
	}()
	n.follow(done, t.Err)
	switch { // walk was set before paths was closed, which the workers saw
	case ctx.Err() != nil:
		return fmt.Errorf("stopped after %d envelopes; run it again to go on: %w", n.taken, ctx.Err())
	case walk != nil:
		return walk
	}
	fmt.Fprintf(t.Out, "%d taken, %d refused, %d limited, %d files that are no envelopes\n", n.taken, n.refused, n.limited, n.other)
	if n.refused+n.limited > 0 {
		return fmt.Errorf("%d of %d envelopes were not taken", n.refused+n.limited, n.taken+n.refused+n.limited)
	}
	return nil
}

// key gives a public key of the project that works.
func (c importEnvelopesCmd) key(ctx context.Context, s *Settings) (string, error) {
	ctx, db, scope, err := openMain(ctx, s)
	if err != nil {
		return "", err
	}
	defer db.Close()
	p, err := db.Project(ctx, scope, c.Project)
	if errors.Is(err, store.ErrNotFound) {
		return "", fmt.Errorf("there is no project %q; hindsight project list says which there are", c.Project)
	}
	if err != nil {
		return "", err
	}
	address, err := projectDSN(ctx, s, db, scope, p)
	if err != nil {
		return "", err
	}
	dsn, err := envelope.ParseDSN(address)
	if err != nil {
		return "", err
	}
	return dsn.PublicKey, nil
}

// walkFiles gives every regular file at or below a path.
func walkFiles(ctx context.Context, root string, paths chan<- string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		select {
		case paths <- path:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}

// follow counts until there is no more, and tells how it goes every two seconds.
func (n *importTally) follow(done <-chan imported, out io.Writer) {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		select {
		case f, ok := <-done:
			if !ok {
				return
			}
			*f.kind++
			if f.err != nil {
				fmt.Fprintf(out, "%s: %v\n", f.path, f.err)
			}
		case <-tick.C:
			fmt.Fprintf(out, "%d taken, %d refused, %d limited so far\n", n.taken, n.refused, n.limited)
		}
	}
}

// importFile sends one file. A server that is full is asked again until it takes it.
func importFile(ctx context.Context, control *controlClient, key, path string, n *importTally) imported {
	for wait := 200 * time.Millisecond; ; wait = min(2*wait, 10*time.Second) {
		status, said, err := importOnce(ctx, control, key, path)
		switch {
		case errors.Is(err, errNoEnvelope):
			return imported{path, &n.other, nil}
		case err != nil:
			return imported{path, &n.refused, err}
		case status == http.StatusOK:
			return imported{path, &n.taken, nil}
		case status == http.StatusTooManyRequests:
			return imported{path, &n.limited, fmt.Errorf("limited: %s", said)}
		case status != http.StatusServiceUnavailable:
			return imported{path, &n.refused, fmt.Errorf("refused with %d: %s", status, said)}
		}
		select {
		case <-ctx.Done():
			return imported{path, &n.refused, ctx.Err()}
		case <-time.After(wait):
		}
	}
}

var errNoEnvelope = errors.New("no envelope")

// importOnce posts a file to the edge's control socket.
func importOnce(ctx context.Context, control *controlClient, key, path string) (status int, said string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	body := bufio.NewReaderSize(f, 64<<10)
	encoding, err := importEncoding(body)
	if err != nil {
		return 0, "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://control/import?key="+url.QueryEscape(key), body)
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("User-Agent", "hindsight-import/"+version)
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	res, err := control.http.Do(req)
	if err != nil {
		return 0, "", fmt.Errorf("the server does not answer: %w", err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<10))
	return res.StatusCode, strings.TrimSpace(string(answer)), err
}

// importEncoding looks at the first bytes: compressed as bodies may be, or an envelope's header, a whole
// JSON object on a line of its own, with something after it. Other files are none.
func importEncoding(r *bufio.Reader) (string, error) {
	head, err := r.Peek(32 << 10)
	if err != nil && err != io.EOF {
		return "", err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return "gzip", nil
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return "zstd", nil
	}
	line, items, _ := bytes.Cut(head, []byte("\n"))
	line = bytes.TrimSpace(line)
	if len(items) == 0 || !bytes.HasPrefix(line, []byte("{")) || !bytes.HasSuffix(line, []byte("}")) {
		return "", errNoEnvelope
	}
	return "", nil
}
