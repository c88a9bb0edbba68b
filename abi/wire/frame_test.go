package wire

import (
	"slices"
	"testing"
)

// frame is a small frame with one field of each kind.
func frame() []byte {
	b := make([]byte, 256)
	w := NewWriter(b, 6)
	w.U64(0, 7)
	w.Text(1, "alice")
	at := w.List(2, 2)
	w.Pair(at, 0, "X-A", "1")
	w.Pair(at, 1, "X-B", "")
	w.Bytes(3, append(w.Room(), "in place"...))
	w.Text(4, "")
	n, ok := w.Close()
	if !ok {
		panic("frame does not fit")
	}
	return b[:n]
}

func TestFrameRoundTrip(t *testing.T) {
	r, ok := Open(append(frame(), "behind it"...))
	if !ok {
		t.Fatal("Open refuses its own frame")
	}
	if r.Slots() != 6 || r.Minor() != Minor || r.Len() != len(frame()) {
		t.Errorf("slots %d, minor %d, length %d", r.Slots(), r.Minor(), r.Len())
	}
	if v := r.U64(0); v != 7 {
		t.Errorf("U64 = %d, want 7", v)
	}
	if s := r.Text(1); s != "alice" {
		t.Errorf("Text = %q, want alice", s)
	}
	if s := r.Text(3); s != "in place" {
		t.Errorf("Text = %q, want what was appended to Room", s)
	}
	for _, k := range []int{4, 5, 6, 1000, -1} {
		if b, ok := r.Bytes(k); b != nil || !ok {
			t.Errorf("Bytes(%d) = %q, %v, want absent", k, b, ok)
		}
		if l, ok := r.List(k); l.Len() != 0 || !ok {
			t.Errorf("List(%d) has %d pairs, want absent", k, l.Len())
		}
	}
	l, ok := r.List(2)
	if !ok || l.Len() != 2 {
		t.Fatalf("List has %d pairs, want 2", l.Len())
	}
	if v, ok := l.Find("X-A"); v != "1" || !ok {
		t.Errorf("Find(X-A) = %q, %v", v, ok)
	}
	if v, ok := l.Find("X-B"); v != "" || !ok {
		t.Errorf("Find(X-B) = %q, %v", v, ok)
	}
	if _, ok := l.Find("x-a"); ok {
		t.Error("Find(x-a) found something")
	}
	if _, _, ok := l.At(2); ok {
		t.Error("At(2) of 2 found something")
	}
}

// A reader of another minor version asks for slots that are not there, and
// does not see those it does not know.
func TestFrameOfAnotherMinorVersion(t *testing.T) {
	b := make([]byte, 64)
	w := NewWriter(b, 1)
	w.U64(0, 1)
	w.U64(CallSlots, 9) // not in this frame
	n, _ := w.Close()
	r, ok := Open(b[:n])
	if !ok || r.U64(0) != 1 || r.U64(CallSlots) != 0 || r.Text(FieldRURI) != "" {
		t.Errorf("ok %v, slot 0 = %d, slot %d = %d", ok, r.U64(0), CallSlots, r.U64(CallSlots))
	}
}

func TestOpenRefusesWhatIsNoFrame(t *testing.T) {
	good := frame()
	change := func(f func(b []byte)) []byte {
		b := slices.Clone(good)
		f(b)
		return b
	}
	for name, b := range map[string][]byte{
		"nothing":                nil,
		"half a head":            good[:7],
		"cut off":                good[:len(good)-1],
		"total beyond the bytes": change(func(b []byte) { putU32(b, uint32(len(b))+1) }),
		"total of 4 GiB":         change(func(b []byte) { putU32(b, 1<<32-1) }),
		"more slots than bytes":  change(func(b []byte) { putU32(b[4:], 0xffff<<16) }),
		"total below the slots":  change(func(b []byte) { putU32(b, 8) }),
	} {
		if _, ok := Open(b); ok {
			t.Errorf("%s: Open takes it", name)
		}
	}
}

func TestSlotsThatPointOutside(t *testing.T) {
	for name, slot := range map[string]uint64{
		"offset behind the end":  1<<32 | 1000,
		"length behind the end":  1000<<32 | 8,
		"sum wraps 32 bits":      0xffffffff<<32 | 0xffffffff,
		"sum wraps 32 bits to 8": 0xfffffff0<<32 | 0x18,
	} {
		b := frame()
		putU64(b[head+8:], slot)
		putU64(b[head+16:], slot)
		r, ok := Open(b)
		if !ok {
			t.Fatal("frame refused")
		}
		if s, ok := r.Bytes(1); ok || s != nil || r.Text(1) != "" {
			t.Errorf("%s: Bytes = %q, %v", name, s, ok)
		}
		if l, ok := r.List(2); ok || l.Len() != 0 {
			t.Errorf("%s: List of %d, %v", name, l.Len(), ok)
		}
	}
}

func TestPairThatPointsOutside(t *testing.T) {
	b := frame()
	r, _ := Open(b)
	l, _ := r.List(2)
	putU32(b[l.off+8:], 1<<31)
	if _, _, ok := l.At(0); ok {
		t.Error("At(0) takes a value outside")
	}
	if _, ok := l.Find("X-B"); !ok {
		t.Error("the pair behind it is lost")
	}
}

// A buffer too small is not written beyond, and Close says what was needed.
func TestWriterCountsWhatDoesNotFit(t *testing.T) {
	want := len(frame())
	for size := range want {
		b := make([]byte, want)
		for i := range b {
			b[i] = 0xee
		}
		w := NewWriter(b[:size:size], 6)
		w.U64(0, 7)
		w.Text(1, "alice")
		at := w.List(2, 2)
		w.Pair(at, 0, "X-A", "1")
		w.Pair(at, 1, "X-B", "")
		w.Bytes(3, append(w.Room(), "in place"...))
		if n, ok := w.Close(); ok || n != want {
			t.Fatalf("buffer of %d: Close = %d, %v, want %d", size, n, ok, want)
		}
		for _, c := range b[size:] {
			if c != 0xee {
				t.Fatalf("buffer of %d: written beyond", size)
			}
		}
	}
}

func FuzzFrame(f *testing.F) {
	f.Add(frame())
	f.Add([]byte{})
	f.Add([]byte{16, 0, 0, 0, 0, 0, 1, 0, 255, 255, 255, 255, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		b = slices.Clip(slices.Clone(b))
		r, ok := Open(b)
		if !ok {
			return
		}
		for k := -1; k <= r.Slots(); k++ {
			r.U64(k)
			if s, ok := r.Bytes(k); ok && len(s) > len(b) {
				t.Fatalf("slot %d has %d bytes of %d", k, len(s), len(b))
			}
			l, ok := r.List(k)
			if !ok && l.Len() != 0 {
				t.Fatalf("slot %d: a refused list has %d pairs", k, l.Len())
			}
			for i := range l.Len() {
				l.At(i)
			}
			l.Find("name")
		}
	})
}

func BenchmarkOpenAndReadFourFields(b *testing.B) {
	buf := frame()
	b.ReportAllocs()
	for b.Loop() {
		r, _ := Open(buf)
		l, _ := r.List(2)
		if _, ok := l.Find("X-B"); !ok || r.Text(1) == "" || r.Text(3) == "" || r.U64(0) == 0 {
			b.Fatal("wrong")
		}
	}
}
