package cdr

import (
	"fmt"
	"hash/crc32"
	"os"
	"time"

	"github.com/sallyport-sbc/sallyport/host/durable"
)

// position is a place in the records: all before it have been read.
type position struct {
	segment uint64
	offset  int64
}

func (p position) before(q position) bool {
	return p.segment < q.segment || p.segment == q.segment && p.offset < q.offset
}

// offset is the file in which a sink's position outlives the process: one line of
// a fixed length, overwritten in place, so that a full disk has room for it and
// a crash leaves the one or the other. What is broken all the same is noticed by
// its checksum.
type offset struct{ *os.File }

// offsetLine is segment, offset, and when everything written before was
// delivered, in Unix nanoseconds.
const offsetLine = "%020d %020d %020d"

func openOffset(path string) (offset, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640)
	return offset{f}, err
}

// load returns what was saved. It reports false when nothing was, and fails with
// ErrOffset when that cannot be read.
func (o offset) load() (p position, fresh time.Time, ok bool, err error) {
	b := make([]byte, 128)
	n, _ := o.ReadAt(b, 0)
	if n == 0 {
		return p, fresh, false, nil
	}
	return parseOffset(b[:n])
}

func parseOffset(b []byte) (p position, fresh time.Time, ok bool, err error) {
	var nanos int64
	var sum uint32
	if _, err := fmt.Sscanf(string(b), offsetLine+" %08x\n", &p.segment, &p.offset, &nanos, &sum); err != nil {
		return position{}, fresh, false, fmt.Errorf("%w: %w", ErrOffset, err)
	}
	line := fmt.Appendf(nil, offsetLine, p.segment, p.offset, nanos)
	if crc32.ChecksumIEEE(line) != sum || p.offset < 0 {
		return position{}, fresh, false, fmt.Errorf("%w: its checksum is wrong", ErrOffset)
	}
	return p, time.Unix(0, nanos), true, nil
}

func (o offset) save(p position, fresh time.Time) error {
	line := fmt.Appendf(nil, offsetLine, p.segment, p.offset, fresh.UnixNano())
	line = fmt.Appendf(line, " %08x\n", crc32.ChecksumIEEE(line))
	if _, err := o.WriteAt(line, 0); err != nil {
		return err
	}
	return durable.Data(o.File)
}
