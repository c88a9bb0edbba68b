package embedded

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/sallyport-sbc/sallyport/host/durable"
	"github.com/sallyport-sbc/sallyport/host/store"
)

// disk is an open file of the log. Only one goroutine uses it at a time.
type disk interface {
	io.ReaderAt
	io.WriterAt // writes all or returns an error
	Truncate(size int64) error
	Sync() error // what was written is durable
	Size() (int64, error)
	Close() error
}

// file is a real one.
type file struct{ *os.File }

func (f file) Sync() error { return durable.Data(f.File) }

func (f file) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, fmt.Errorf("%w: %s is not a regular file", store.ErrCorrupt, f.Name())
	}
	return info.Size(), nil
}

// openDisk opens a file of the log, or makes it with mode 0600, so that it is still there
// after a crash.
func openDisk(path string) (disk, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := durable.Folder(filepath.Dir(path)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return file{f}, nil
}
