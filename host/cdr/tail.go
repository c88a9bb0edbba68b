package cdr

import (
	"bytes"
	"io"
	"os"
)

const (
	// maxBatch is how many bytes are read at once: what a sink has in memory.
	maxBatch = 1 << 20
	// usualBatch is how many records.
	usualBatch = 500
)

// tail reads the lines of a spool from one position on. It belongs to one feed.
type tail struct {
	spool  *spool
	buf    []byte
	file   *os.File // of segment number; nil when none is open
	number uint64
	long   bool // the line at the position is longer than any record; its beginning was passed over
}

// portion is what one reading gave.
type portion struct {
	records []Record
	ends    []position // behind each record
	end     position   // behind all of it
	lines   int        // of which records are those that are some
	invalid int
}

// read returns up to most records from p on; an empty batch whose end is p says
// that there is nothing new. The records are good until the next read.
func (t *tail) read(p position, most int) (portion, error) {
	p, size, last, ok := t.spool.at(p)
	b := portion{end: p}
	if !ok {
		return b, nil
	}
	if err := t.open(p.segment); err != nil {
		return b, err
	}
	if t.buf == nil {
		t.buf = make([]byte, maxBatch)
	}
	n := int(min(size-p.offset, int64(len(t.buf))))
	n, err := t.file.ReadAt(t.buf[:n], p.offset)
	if n == 0 {
		if err == io.EOF {
			err = nil // it was shortened since; what is behind comes with the next look
		}
		return b, err
	}
	t.lines(&b, t.buf[:n], most, !last && p.offset+int64(n) == size)
	return b, nil
}

// lines takes the lines of text apart. whole says that nothing comes behind it,
// so that its last line counts without a line feed.
func (t *tail) lines(b *portion, text []byte, most int, whole bool) {
	full := len(text) == len(t.buf)
	for len(text) > 0 && b.lines < most {
		i := bytes.IndexByte(text, '\n')
		line, size := text, len(text)
		switch {
		case i >= 0:
			line, size = text[:i], i+1
		case whole:
		case full && b.lines == 0:
			// No line feed in all of the buffer: nothing that Emit has written.
			t.long = true
			b.end.offset += int64(size)
			return
		default:
			return
		}
		b.end.offset += int64(size)
		text = text[size:]
		b.lines++
		r, ok := parse(line)
		if t.long || !ok {
			t.long = false
			b.invalid++
			continue
		}
		b.records = append(b.records, r)
		b.ends = append(b.ends, b.end)
	}
}

// count counts the lines between two positions.
func (t *tail) count(from, to position, stop <-chan struct{}) (lines int64, err error) {
	buf := make([]byte, 256<<10)
	for from.before(to) {
		p, size, _, ok := t.spool.at(from)
		if !ok || !p.before(to) {
			return lines, nil
		}
		if p.segment == to.segment {
			size = min(size, to.offset)
		}
		if err := t.open(p.segment); err != nil {
			return lines, err
		}
		n, err := t.file.ReadAt(buf[:min(int64(len(buf)), size-p.offset)], p.offset)
		if n == 0 {
			return lines, err
		}
		lines += int64(bytes.Count(buf[:n], []byte{'\n'}))
		from = position{p.segment, p.offset + int64(n)}
		select {
		case <-stop:
			return lines, nil
		default:
		}
	}
	return lines, nil
}

func (t *tail) open(number uint64) error {
	if t.file != nil && t.number == number {
		return nil
	}
	t.close()
	f, err := os.Open(t.spool.path(number))
	if err != nil {
		return err
	}
	t.file, t.number = f, number
	return nil
}

func (t *tail) close() {
	if t.file != nil {
		t.file.Close()
		t.file = nil
	}
}
