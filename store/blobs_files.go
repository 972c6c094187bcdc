package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// tempDir holds bodies that are still being written. No key can be in it: it begins with a dot.
	tempDir = ".tmp"
	// staleTemp is the age after which a temporary file belongs to a process that died. Longer than
	// any upload may take.
	staleTemp = 24 * time.Hour
	// publishTries is how often another process may remove a folder just before it is used.
	publishTries = 100
	// listChunk is how many entries of a folder are held at once.
	listChunk = 1000
)

// files keeps each blob in a file whose path is its key. All access goes through an os.Root: no key
// and no link leads out of the folder.
type files struct {
	root *os.Root

	// mu orders making folders against removing empty ones.
	mu sync.Mutex
}

func openFiles(dir string) (*files, error) {
	if dir == "" {
		return nil, errors.New("blobs url: file: needs a folder, as in file:/var/lib/hindsight/blobs")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("blobs folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("blobs folder: %w", err)
	}
	f := &files{root: root}
	if err := f.prepareTemp(); err != nil {
		return nil, errors.Join(fmt.Errorf("blobs folder: %w", err), root.Close())
	}
	return f, nil
}

// prepareTemp makes the folder of temporary files and clears it of what a crash left.
func (f *files) prepareTemp() error {
	if err := f.root.MkdirAll(tempDir, 0o700); err != nil {
		return err
	}
	d, err := f.root.Open(tempDir)
	if err != nil {
		return err
	}
	defer d.Close()
	entries, err := d.ReadDir(-1)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && time.Since(info.ModTime()) > staleTemp {
			err = f.root.Remove(path.Join(tempDir, e.Name()))
		}
		if err != nil && !missing(err) {
			return err
		}
	}
	return nil
}

func (f *files) Put(ctx context.Context, key string, r io.Reader, size int64) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if size >= 0 {
		r = &exactReader{r: r, left: size}
	}
	temp := path.Join(tempDir, randomHex(16))
	if err := f.write(ctx, temp, r); err != nil {
		return errors.Join(fmt.Errorf("put blob %s: %w", key, err), f.discard(temp))
	}
	if err := f.publish(temp, key); err != nil {
		return errors.Join(fmt.Errorf("put blob %s: %w", key, err), f.discard(temp))
	}
	return nil
}

// write fills a new file and syncs it.
func (f *files) write(ctx context.Context, name string, r io.Reader) error {
	w, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	written, err := io.Copy(w, &contextReader{ctx, r})
	if err == nil {
		err = w.Sync()
	}
	if err == nil {
		var info fs.FileInfo
		if info, err = w.Stat(); err == nil && info.Size() != written {
			err = fmt.Errorf("the file has %d bytes, %d were written", info.Size(), written)
		}
	}
	return errors.Join(err, w.Close())
}

// publish gives a finished file its name and makes the name durable.
func (f *files) publish(temp, key string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	dir := path.Dir(key)
	for try := 1; ; try++ {
		err := f.makeDirs(dir)
		if err == nil {
			err = f.root.Rename(temp, key)
		}
		if err == nil {
			return f.syncDir(dir)
		}
		// Another process may have removed a folder, empty as it was, in between.
		if !errors.Is(err, fs.ErrNotExist) || try == publishTries {
			return err
		}
	}
}

// makeDirs makes a folder and those above it, each one's name synced, so that what is put there
// survives a power cut together with the way to it.
func (f *files) makeDirs(dir string) error {
	if dir == "." {
		return nil
	}
	if _, err := f.root.Stat(dir); err == nil {
		return nil
	}
	if err := f.makeDirs(path.Dir(dir)); err != nil {
		return err
	}
	if err := f.root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return f.syncDir(path.Dir(dir))
}

func (f *files) syncDir(dir string) error {
	d, err := f.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (f *files) discard(temp string) error {
	if err := f.root.Remove(temp); err != nil && !missing(err) {
		return err
	}
	return nil
}

// open gives a blob's file and its size.
func (f *files) open(key string) (*os.File, int64, error) {
	if err := checkKey(key); err != nil {
		return nil, 0, err
	}
	file, err := f.root.Open(key)
	if err != nil {
		return nil, 0, f.notFound(key, err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("blob %s: %w", key, ErrNotFound)
	}
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, info.Size(), nil
}

func (f *files) notFound(key string, err error) error {
	if missing(err) {
		return fmt.Errorf("blob %s: %w", key, ErrNotFound)
	}
	return fmt.Errorf("blob %s: %w", key, err)
}

// missing says that there is no such file. ENOTDIR: a part of the way to it is a file.
func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

func (f *files) Get(_ context.Context, key string) (io.ReadCloser, error) {
	file, _, err := f.open(key)
	if err != nil {
		return nil, err
	}
	return file, nil
}

func (f *files) GetRange(_ context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if err := checkRange(key, offset); err != nil {
		return nil, err
	}
	file, size, err := f.open(key)
	if err != nil {
		return nil, err
	}
	offset = min(offset, size)
	if rest := size - offset; length < 0 || length > rest {
		length = rest
	}
	return struct {
		io.Reader
		io.Closer
	}{io.NewSectionReader(file, offset, length), file}, nil
}

func (f *files) Stat(_ context.Context, key string) (int64, error) {
	if err := checkKey(key); err != nil {
		return 0, err
	}
	info, err := f.root.Lstat(key)
	if err != nil {
		return 0, f.notFound(key, err)
	}
	if !info.Mode().IsRegular() {
		return 0, fmt.Errorf("blob %s: %w", key, ErrNotFound)
	}
	return info.Size(), nil
}

// Delete removes a blob and the folders that are empty without it: each replay has one of its own,
// and they would pile up.
func (f *files) Delete(ctx context.Context, key string) error {
	if _, err := f.Stat(ctx, key); errors.Is(err, ErrNotFound) {
		return nil // there may be a folder of that name, which is not ours to remove
	} else if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.root.Remove(key); err != nil && !missing(err) {
		return fmt.Errorf("delete blob %s: %w", key, err)
	}
	for dir := path.Dir(key); dir != "."; dir = path.Dir(dir) {
		if f.root.Remove(dir) != nil { // most often because it is not empty
			break
		}
	}
	return nil
}

func (f *files) List(ctx context.Context, prefix string, yield func(key string, size int64) bool) error {
	if err := checkPrefix(prefix); err != nil {
		return err
	}
	dir := "."
	if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
		dir = prefix[:i]
	}
	if _, err := f.list(ctx, dir, prefix, yield); err != nil {
		return fmt.Errorf("list blobs %s: %w", prefix, err)
	}
	return nil
}

// list walks a folder; more says whether yield wants more.
func (f *files) list(ctx context.Context, dir, prefix string, yield func(string, int64) bool) (more bool, err error) {
	d, err := f.root.Open(dir)
	if missing(err) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	defer d.Close()
	for {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		entries, err := d.ReadDir(listChunk)
		for _, e := range entries {
			key := path.Join(dir, e.Name())
			if e.IsDir() {
				// A folder counts if keys in it can begin with the prefix.
				if e.Name()[0] != '.' && strings.HasPrefix(key+"/", prefix[:min(len(prefix), len(key)+1)]) {
					if more, err := f.list(ctx, key, prefix, yield); !more || err != nil {
						return false, err
					}
				}
				continue
			}
			if checkKey(key) != nil || !strings.HasPrefix(key, prefix) || !e.Type().IsRegular() {
				continue
			}
			info, err := e.Info()
			if missing(err) { // deleted meanwhile
				continue
			}
			if err != nil {
				return false, err
			}
			if !yield(key, info.Size()) {
				return false, nil
			}
		}
		switch {
		case err == io.EOF, errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrNotExist):
			return true, nil
		case err != nil:
			return false, err
		}
	}
}

// contextReader ends a long copy when its context does.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
