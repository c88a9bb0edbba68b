package wire

import "unsafe"

const (
	head  = 8  // bytes before the slots
	entry = 16 // bytes of a list's pair
)

// Reader reads one frame. The zero Reader is a frame without fields.
type Reader struct {
	b     []byte // exactly the frame
	slots int
}

// Open reads a frame at the start of b. It reports false when b is shorter
// than the frame says, or the frame shorter than its slots; b behind the frame
// is ignored. Open keeps b.
func Open(b []byte) (Reader, bool) {
	if len(b) < head {
		return Reader{}, false
	}
	total, slots := uint64(u32(b)), int(u32(b[4:])>>16)
	if total > uint64(len(b)) || total < uint64(head+slots*8) {
		return Reader{}, false
	}
	return Reader{b: b[:total:total], slots: slots}, true
}

// Minor is the minor version of the frame's writer.
func (r Reader) Minor() int {
	if len(r.b) < head {
		return 0
	}
	return int(u32(r.b[4:]) & 0xffff)
}

// Len is the frame's length in bytes.
func (r Reader) Len() int { return len(r.b) }

// Slots is how many slots the frame has.
func (r Reader) Slots() int { return r.slots }

// U64 is the integer in slot k, 0 when it is absent.
func (r Reader) U64(k int) uint64 {
	if uint(k) >= uint(r.slots) {
		return 0
	}
	return u64(r.b[head+k*8:])
}

// Bytes is the text or blob in slot k, nil when it is absent. It reports false
// when the slot points outside the frame. The bytes are the frame's own.
func (r Reader) Bytes(k int) ([]byte, bool) {
	if uint(k) >= uint(r.slots) {
		return nil, true
	}
	v := u64(r.b[head+k*8:])
	if v == 0 {
		return nil, true
	}
	if !within(r.b, v) {
		return nil, false
	}
	return r.b[uint32(v):][: v>>32 : v>>32], true
}

// Text is Bytes as a string that aliases the frame: it is valid as long as the
// frame's bytes are left alone. A slot that points outside is "".
func (r Reader) Text(k int) string {
	if uint(k) >= uint(r.slots) {
		return ""
	}
	v := u64(r.b[head+k*8:])
	if v == 0 || !within(r.b, v) {
		return ""
	}
	return text(r.b, v)
}

// List is the list in slot k, empty when it is absent. It reports false when
// its entries do not lie within the frame; the texts of each entry are checked
// where they are read.
func (r Reader) List(k int) (List, bool) {
	if uint(k) >= uint(r.slots) {
		return List{}, true
	}
	v := u64(r.b[head+k*8:])
	if v == 0 {
		return List{}, true
	}
	off, n := uint64(uint32(v)), v>>32
	if off+n*entry > uint64(len(r.b)) {
		return List{}, false
	}
	return List{b: r.b, off: int(off), n: int(n)}, true
}

// List is a list of pairs within a frame.
type List struct {
	b      []byte
	off, n int
}

// Len is how many pairs there are.
func (l List) Len() int { return l.n }

// At is pair i of Len. It reports false when i is out of range or the pair
// points outside the frame. The strings alias the frame.
func (l List) At(i int) (name, value string, ok bool) {
	if uint(i) >= uint(l.n) {
		return "", "", false
	}
	e := l.b[l.off+i*entry:][:entry]
	n, v := u64(e), u64(e[8:])
	if !within(l.b, n) || !within(l.b, v) {
		return "", "", false
	}
	return text(l.b, n), text(l.b, v), true
}

// Find is the value of the first pair called name, compared byte by byte.
func (l List) Find(name string) (value string, ok bool) {
	for at, end := l.off, l.off+l.n*entry; at < end; at += entry {
		e := l.b[at:][:entry]
		// Most names have another length; nothing else of their pairs is looked at.
		n := u64(e)
		if n>>32 != uint64(len(name)) || !within(l.b, n) || text(l.b, n) != name {
			continue
		}
		if v := u64(e[8:]); within(l.b, v) {
			return text(l.b, v), true
		}
	}
	return "", false
}

// within reports whether the bytes that a slot names lie within b.
func within(b []byte, slot uint64) bool {
	return uint64(uint32(slot))+slot>>32 <= uint64(len(b))
}

// text is what a slot names, which lies within b.
func text(b []byte, slot uint64) string {
	return alias(b[uint32(slot):][:slot>>32])
}

func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
