package wire

// Writer writes one frame into a buffer it is given. It never allocates: when
// the buffer is too small it goes on counting, and Close says what was needed.
type Writer struct {
	b     []byte
	p     int // bytes the frame needs so far; may pass len(b)
	slots int
}

// NewWriter begins a frame of so many slots, all absent, at the start of b.
func NewWriter(b []byte, slots int) Writer {
	w := Writer{b: b, p: head + slots*8, slots: slots}
	if w.p <= len(b) {
		zero(b[:w.p])
	}
	return w
}

// zero clears whole words. Frames are short, and in a sandbox clear is three calls.
func zero(b []byte) {
	for ; len(b) >= 32; b = b[32:] {
		putU64(b, 0)
		putU64(b[8:], 0)
		putU64(b[16:], 0)
		putU64(b[24:], 0)
	}
	for ; len(b) >= 8; b = b[8:] {
		putU64(b, 0)
	}
}

// U64 sets slot k. Zero leaves it absent.
func (w *Writer) U64(k int, v uint64) {
	if o := head + k*8; w.p <= len(w.b) && uint(k) < uint(w.slots) {
		putU64(w.b[o:], v)
	}
}

// Text sets slot k. An empty text leaves it absent.
func (w *Writer) Text(k int, s string) {
	if s == "" {
		return
	}
	w.U64(k, w.put(s))
}

// Bytes sets slot k as Text does. It may be given bytes that were appended to
// Room, which then lie where they belong already.
func (w *Writer) Bytes(k int, s []byte) {
	if len(s) == 0 {
		return
	}
	w.U64(k, w.put(alias(s)))
}

// Room is the free end of the buffer, empty, with all that is free as its
// capacity.
func (w *Writer) Room() []byte {
	if w.p >= len(w.b) {
		return nil
	}
	return w.b[w.p:w.p:len(w.b)]
}

// List sets slot k to n pairs, which Pair fills in. No pairs leave it absent.
// It returns the list's place for Pair.
func (w *Writer) List(k, n int) int {
	if n == 0 {
		return 0
	}
	w.p = (w.p + 7) &^ 7
	at := w.p
	w.p += n * entry
	w.U64(k, uint64(n)<<32|uint64(at))
	if w.p <= len(w.b) {
		zero(w.b[at:w.p])
	}
	return at
}

// Pair fills in pair i of the list at.
func (w *Writer) Pair(at, i int, name, value string) {
	n, v := w.put(name), w.put(value)
	if e := at + i*entry; w.p <= len(w.b) {
		putU64(w.b[e:], n)
		putU64(w.b[e+8:], v)
	}
}

// Close ends the frame. It returns its length, and false when the buffer was
// too small for that: then nothing useful is in it.
func (w *Writer) Close() (int, bool) {
	if w.p > len(w.b) || uint64(w.p) > 1<<32-1 {
		return w.p, false
	}
	putU32(w.b, uint32(w.p))
	putU32(w.b[4:], Minor|uint32(w.slots)<<16)
	return w.p, true
}

// put appends s to the payload and returns it as a slot.
func (w *Writer) put(s string) uint64 {
	at := w.p
	w.p += len(s)
	if w.p <= len(w.b) {
		copy(w.b[at:], s)
	}
	return uint64(len(s))<<32 | uint64(uint32(at))
}
