package embedded

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// A segment of the log is a head and frames, one for each batch. All numbers are little
// endian.
//
//	head   magic 8, version 4, CRC of the rest 4, store 8, number 8, salt 8
//	frame  tag 8, length and last 4, CRC of the rest 4, records, zeros up to a multiple of 8
//	record bucket 1, length of the key, key, length of the value, value
//
// The tag is the salt and the number of the frame, added up. The salt is random and new
// with each use of a file: what is left of an earlier use, or stands in a value, is no frame.
const (
	magic       = "sallylog"
	version     = 1
	headSize    = 40
	frameSize   = 16
	lastFrame   = 1 << 31 // in the length: the log goes on in the next segment
	deadRecord  = 1 << 7  // in the bucket: the key was deleted, no value follows
	maxKey      = 4 * store.MaxName
	maxValue    = 8 + store.MaxValue
	maxFrame    = 64 << 20
	maxSegment  = 4 * maxFrame
	frameAlign  = 8
	recordExtra = 1 + 2*binary.MaxVarintLen32
)

var crcTable = crc32.MakeTable(crc32.Castagnoli)

// head is what stands at the beginning of a segment.
type head struct {
	store  uint64 // the file that it belongs to
	number uint64
	salt   uint64
}

func (h head) encode() []byte {
	b := make([]byte, headSize)
	copy(b, magic)
	binary.LittleEndian.PutUint32(b[8:], version)
	binary.LittleEndian.PutUint64(b[16:], h.store)
	binary.LittleEndian.PutUint64(b[24:], h.number)
	binary.LittleEndian.PutUint64(b[32:], h.salt)
	binary.LittleEndian.PutUint32(b[12:], crc32.Checksum(b[16:], crcTable))
	return b
}

// readHead reads the head of a segment. There is none, and none was ever used, in a file
// that is too short, or all zeros at its beginning.
func readHead(d disk, size int64) (h head, has bool, err error) {
	b := make([]byte, headSize)
	if size < headSize {
		return h, false, nil
	}
	if _, err := d.ReadAt(b, 0); err != nil {
		return h, false, err
	}
	switch {
	case bytes.Equal(b, make([]byte, headSize)):
		return h, false, nil
	case string(b[:8]) != magic:
		return h, false, fmt.Errorf("%w: it is no log", store.ErrCorrupt)
	case binary.LittleEndian.Uint32(b[8:]) != version:
		return h, false, fmt.Errorf("%w: it is a log of version %d, not %d", store.ErrCorrupt, binary.LittleEndian.Uint32(b[8:]), version)
	case binary.LittleEndian.Uint32(b[12:]) != crc32.Checksum(b[16:], crcTable):
		return h, false, fmt.Errorf("%w: the head of the log is damaged", store.ErrCorrupt)
	}
	h.store = binary.LittleEndian.Uint64(b[16:])
	h.number = binary.LittleEndian.Uint64(b[24:])
	h.salt = binary.LittleEndian.Uint64(b[32:])
	return h, true, nil
}

// segment is a file of the log, ready for its next frame.
type segment struct {
	disk
	head
	frames uint64 // written so far
	size   int64  // where the next frame begins
	torn   bool   // a frame failed: it may be there or not
	whole  bool   // the file has its blocks
}

// begin makes a segment of a file whose content is of no use any more. The file keeps its
// blocks, up to twice as many as whole bytes need, and gets as many when fill is set: a
// sync then has only data to write, and none of where they are.
func begin(d disk, h head, whole int64, fill bool) (*segment, error) {
	size, err := d.Size()
	if err == nil && size > 2*whole {
		size, err = 0, d.Truncate(0)
	}
	if fill {
		for zeros := make([]byte, 64<<10); err == nil && size < whole; size += int64(len(zeros)) {
			_, err = d.WriteAt(zeros, size)
		}
	}
	if err == nil {
		_, err = d.WriteAt(h.encode(), 0)
	}
	if err == nil {
		err = d.Sync()
	}
	return &segment{disk: d, head: h, size: headSize, whole: size >= whole}, err
}

// usable says whether a frame may be appended.
func (g *segment) usable() bool { return g.disk != nil && !g.torn }

// append writes a frame and makes it durable. The records in b begin at frameSize. After
// an error the segment must not be used again.
func (g *segment) append(b []byte, last bool) error {
	n := uint32(len(b) - frameSize)
	for len(b)%frameAlign != 0 {
		b = append(b, 0)
	}
	if last {
		n |= lastFrame
	}
	binary.LittleEndian.PutUint64(b, g.salt+g.frames)
	binary.LittleEndian.PutUint32(b[8:], n)
	binary.LittleEndian.PutUint32(b[12:], checksum(b))
	g.torn = true
	if _, err := g.WriteAt(b, g.size); err != nil {
		return err
	}
	if err := g.Sync(); err != nil {
		return err
	}
	g.torn = false
	g.frames++
	g.size += int64(len(b))
	return nil
}

func checksum(frame []byte) uint32 {
	return crc32.Update(crc32.Checksum(frame[:12], crcTable), crcTable, frame[frameSize:])
}

// appendRecord appends a record to a frame.
func appendRecord(b []byte, to bucket, key string, e entry) []byte {
	if e.dead {
		to |= deadRecord
	}
	b = binary.AppendUvarint(append(b, byte(to)), uint64(len(key)))
	b = append(b, key...)
	if e.dead {
		return b
	}
	return append(binary.AppendUvarint(b, uint64(len(e.value))), e.value...)
}

// readRecords reads the records of a frame.
func readRecords(b []byte, record func(bucket, string, entry)) error {
	field := func(most uint64) (text string, ok bool) {
		n, used := binary.Uvarint(b)
		if used <= 0 || n > most || n > uint64(len(b)-used) {
			return "", false
		}
		text, b = string(b[used:used+int(n)]), b[used+int(n):]
		return text, true
	}
	for len(b) > 0 {
		in, e := bucket(b[0]&^deadRecord), entry{dead: b[0]&deadRecord != 0}
		b = b[1:]
		key, ok := field(maxKey)
		if ok && !e.dead {
			e.value, ok = field(maxValue)
		}
		if !ok || key == "" || in >= buckets {
			return fmt.Errorf("%w: a record of the log makes no sense", store.ErrCorrupt)
		}
		record(in, key, e)
	}
	return nil
}

// replay reads a segment up to its last frame, or to the one that a crash has torn, of
// which nobody was told that it is durable. It fails with ErrCorrupt when there are good
// frames behind a bad one.
func (g *segment) replay(size int64, record func(bucket, string, entry)) (last bool, err error) {
	if size > maxSegment {
		return false, fmt.Errorf("%w: a log of %d bytes", store.ErrCorrupt, size)
	}
	g.size = headSize
	for {
		frame, err := g.frame(g.size, size, g.frames)
		if err != nil {
			return false, err
		}
		if frame == nil {
			return false, g.mustEnd(size)
		}
		n := binary.LittleEndian.Uint32(frame[8:])
		if err := readRecords(frame[frameSize:frameSize+n&^lastFrame], record); err != nil {
			return false, err
		}
		g.frames++
		g.size += int64(len(frame))
		if n&lastFrame != 0 {
			return true, nil
		}
	}
}

// frame returns the frame of a number at an offset, or nil when there is none.
func (g *segment) frame(at, size int64, number uint64) ([]byte, error) {
	if size-at < frameSize {
		return nil, nil
	}
	b := make([]byte, frameSize)
	if _, err := g.ReadAt(b, at); err != nil {
		return nil, err
	}
	n := int64(binary.LittleEndian.Uint32(b[8:]) &^ lastFrame)
	n = (n + frameAlign - 1) / frameAlign * frameAlign
	if binary.LittleEndian.Uint64(b) != g.salt+number || n > maxFrame || n > size-at-frameSize {
		return nil, nil
	}
	whole := make([]byte, frameSize+n)
	if _, err := g.ReadAt(whole, at); err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint32(whole[12:]) != checksum(whole) {
		return nil, nil
	}
	return whole, nil
}

// mustEnd fails with ErrCorrupt when a later frame stands behind the end. Only one frame
// is under way at a time, so that the one before was durable.
func (g *segment) mustEnd(size int64) error {
	const block = 1 << 20
	b := make([]byte, min(block, max(0, size-g.size)))
	for at := g.size; size-at >= frameSize; at += int64(len(b)) {
		n, err := g.ReadAt(b[:min(int64(len(b)), size-at)], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		for i := 0; i+8 <= n; i += frameAlign {
			ahead := binary.LittleEndian.Uint64(b[i:]) - g.salt - g.frames
			if ahead == 0 || ahead > maxSegment {
				continue
			}
			later, err := g.frame(at+int64(i), size, g.frames+ahead)
			if err != nil {
				return err
			}
			if later != nil {
				return fmt.Errorf("%w: frame %d of the log is damaged, and %d behind it is not", store.ErrCorrupt, g.frames, g.frames+ahead)
			}
		}
	}
	return nil
}
