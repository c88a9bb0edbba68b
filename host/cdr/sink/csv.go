package sink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/sallyport-sbc/sallyport/host/cdr"
)

// CSV is a file of comma-separated values, RFC 4180: a header line with the names
// of the columns, then a line a record. A line feed within a value becomes a space,
// so that a line is a record. A batch is durable when Deliver returns. Whoever
// rotates the file moves it away; the next batch begins a new one.
type CSV struct {
	path    string
	columns []cdr.Column
	file    *os.File // nil when it is to be opened
	buf     []byte
}

// NewCSV returns the sink; the file is opened by the first Deliver.
func NewCSV(path string, columns []cdr.Column) *CSV { return &CSV{path: path, columns: columns} }

// Deliver appends all records, or none.
func (c *CSV) Deliver(_ context.Context, records []cdr.Record) (int, error) {
	size, err := c.open()
	if err != nil {
		return 0, err
	}
	b := c.buf[:0]
	if size == 0 {
		names := make([]string, len(c.columns))
		for i, column := range c.columns {
			names[i] = column.Name
		}
		b = appendRow(b, names)
	}
	for _, r := range records {
		b = appendRow(b, r.Texts(c.columns))
	}
	c.buf = b
	if cap(b) > 4<<20 {
		c.buf = nil
	}
	_, err = c.file.Write(b)
	if err == nil {
		err = c.file.Sync()
	}
	if err != nil {
		// Half a batch is taken back; if not even that works, open does.
		if c.file.Truncate(size) != nil {
			_ = c.Close()
		}
		return 0, err
	}
	return len(records), nil
}

// open opens the file if it is not, or is no longer the one the path names, and
// returns its size.
func (c *CSV) open() (int64, error) {
	if c.file != nil {
		is, err := c.file.Stat()
		named, pathErr := os.Stat(c.path)
		if err == nil && pathErr == nil && os.SameFile(is, named) {
			return is.Size(), nil
		}
		_ = c.Close()
	}
	if err := os.MkdirAll(filepath.Dir(c.path), 0o750); err != nil {
		return 0, err
	}
	f, err := os.OpenFile(c.path, os.O_RDWR|os.O_APPEND|os.O_CREATE|syscall.O_NONBLOCK, 0o640)
	if err != nil {
		return 0, err
	}
	size, err := wholeLines(f)
	if err != nil {
		f.Close()
		return 0, err
	}
	c.file = f
	return size, nil
}

// wholeLines cuts off what a crash left of a last line.
func wholeLines(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, fmt.Errorf("%s is not a regular file", f.Name())
	}
	size := info.Size()
	block := make([]byte, 64<<10)
	for end := size; end > 0; {
		n := min(end, int64(len(block)))
		if _, err := f.ReadAt(block[:n], end-n); err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if i := bytes.LastIndexByte(block[:n], '\n'); i >= 0 {
			end = end - n + int64(i) + 1
			if end < size {
				return end, f.Truncate(end)
			}
			return size, nil
		}
		if size-end > 16<<20 {
			return 0, fmt.Errorf("%s has no lines: it is no file of ours", f.Name())
		}
		end -= n
	}
	if size > 0 {
		return 0, f.Truncate(0)
	}
	return 0, nil
}

// appendRow appends one line.
func appendRow(b []byte, values []string) []byte {
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		if !strings.ContainsAny(v, ",\"\r\n") && (v != "" || len(values) > 1) {
			b = append(b, v...)
			continue
		}
		b = append(b, '"')
		for i := range len(v) {
			switch c := v[i]; c {
			case '"':
				b = append(b, '"', '"')
			case '\r', '\n':
				b = append(b, ' ')
			default:
				b = append(b, c)
			}
		}
		b = append(b, '"')
	}
	return append(b, '\r', '\n')
}

// Close closes the file.
func (c *CSV) Close() error {
	if c.file == nil {
		return nil
	}
	err := c.file.Close()
	c.file = nil
	return err
}
