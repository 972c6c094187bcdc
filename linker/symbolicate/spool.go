package symbolicate

import (
	"fmt"
	"io"
	"os"
)

// spool puts what r has, up to one byte more than most, into a file for those who jump about in it. The file has no name on the disk once it
// is open, so nothing of it is left when it is closed, which the last one to hold it may leave to the collector.
func spool(r io.Reader, most int64) (file *os.File, size int64, err error) {
	file, err = os.CreateTemp("", "artifact-")
	if err != nil {
		return nil, 0, err
	}
	if err = os.Remove(file.Name()); err == nil {
		size, err = io.Copy(file, io.LimitReader(r, most+1))
	}
	if err != nil {
		_ = file.Close() // the first error counts
		return nil, 0, fmt.Errorf("copy to a file: %w", err)
	}
	return file, size, nil
}
