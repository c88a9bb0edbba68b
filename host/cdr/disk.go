package cdr

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"

	"github.com/sallyport-sbc/sallyport/host/durable"
)

// Disk is an open file of records. Only one goroutine uses it at a time.
type Disk interface {
	Write(p []byte) (int, error) // appends, all or an error
	Sync() error                 // what was written is durable
	Truncate(size int64) error
	Size() (int64, error)
	At(path string) bool // it is still the file the path names
	Close() error
}

// disk is a real file.
type disk struct{ *os.File }

func (d disk) Sync() error { return durable.Data(d.File) }

func (d disk) Size() (int64, error) {
	i, err := d.Stat()
	if err != nil {
		return 0, err
	}
	return i.Size(), nil
}

func (d disk) At(path string) bool {
	a, err := d.Stat()
	if err != nil {
		return false
	}
	b, err := os.Stat(path)
	return err == nil && os.SameFile(a, b)
}

// OpenDisk opens or creates the file (mode 0640) and its folder (0750) for
// appending, locks it against a second writer, and repairs a torn last line.
func OpenDisk(path string, log *slog.Logger) (Disk, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE|syscall.O_NONBLOCK, 0o640)
	if err != nil {
		return nil, err
	}
	if err := prepare(f, dir, log); err != nil {
		f.Close()
		return nil, err
	}
	return disk{f}, nil
}

func prepare(f *os.File, dir string, log *slog.Logger) error {
	i, err := f.Stat()
	if err != nil {
		return err
	}
	if !i.Mode().IsRegular() {
		return fmt.Errorf("%w: %s is not a regular file", ErrForeign, f.Name())
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrInUse
	}
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("lock: %w", err)
	}
	if err := repair(f, i.Size(), log); err != nil {
		return err
	}
	if i.Size() > 0 {
		return nil
	}
	return durable.Folder(dir)
}

// repair makes the file end in a whole line.
func repair(f *os.File, size int64, log *slog.Logger) error {
	keep, tail, err := lastLine(f, size)
	if err != nil {
		return err
	}
	if keep == size {
		return nil
	}
	if json.Valid(tail) {
		if err := f.Truncate(keep + int64(len(tail))); err != nil {
			return err
		}
		if _, err := f.Write([]byte{'\n'}); err != nil {
			return err
		}
		log.Warn("cdr file: last line completed", "file", f.Name(), "bytes", len(tail))
	} else {
		if err := f.Truncate(keep); err != nil {
			return err
		}
		log.Warn("cdr file: torn last line cut off", "file", f.Name(), "bytes", size-keep)
	}
	return f.Sync()
}

// lastLine finds how much of the file is whole lines and what is behind them.
// A power cut may leave zeros where blocks were allocated and never written:
// those count as nothing, however many there are. Behind the last line feed
// more than a record's length is no torn record, and not ours to cut off.
func lastLine(r io.ReaderAt, size int64) (keep int64, tail []byte, err error) {
	const block = 64 << 10
	var buf []byte
	for from := size; from > 0; {
		n := min(from, block)
		from -= n
		b := make([]byte, n)
		if _, err := r.ReadAt(b, from); err != nil && !errors.Is(err, io.EOF) {
			return 0, nil, err
		}
		if len(buf) == 0 {
			b = bytes.TrimRight(b, "\x00")
		}
		if i := bytes.LastIndexByte(b, '\n'); i >= 0 {
			return from + int64(i) + 1, append(b[i+1:], buf...), nil
		}
		buf = append(b, buf...)
		if len(buf) > MaxRecord {
			return 0, nil, fmt.Errorf("%w: no line feed in the last %d bytes", ErrForeign, len(buf))
		}
	}
	return 0, buf, nil
}
