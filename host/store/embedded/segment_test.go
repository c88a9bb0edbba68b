package embedded

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// paper is a disk in memory.
type paper struct{ text []byte }

func (p *paper) ReadAt(b []byte, at int64) (int, error) {
	if at >= int64(len(p.text)) {
		return 0, io.EOF
	}
	n := copy(b, p.text[at:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (p *paper) WriteAt(b []byte, at int64) (int, error) {
	if end := at + int64(len(b)); end > int64(len(p.text)) {
		p.text = append(p.text, make([]byte, end-int64(len(p.text)))...)
	}
	return copy(p.text[at:], b), nil
}

func (p *paper) Truncate(size int64) error { p.text = p.text[:size]; return nil }
func (p *paper) Sync() error               { return nil }
func (p *paper) Size() (int64, error)      { return int64(len(p.text)), nil }
func (p *paper) Close() error              { return nil }

// A file that is used again keeps its blocks, but not those of a log that grew too long.
func TestBlocksAreKept(t *testing.T) {
	const whole = 256 << 10
	for _, c := range []struct {
		had, has int64
		fill, ok bool
	}{
		{0, headSize, false, false},
		{0, whole, true, true},
		{99, whole + 99, true, true},
		{whole, whole, false, true},
		{2 * whole, 2 * whole, true, true},
		{3 * whole, headSize, false, false},
	} {
		d := &paper{make([]byte, c.had)}
		g, err := begin(d, head{}, whole, c.fill)
		if size := int64(len(d.text)); err != nil || g.whole != c.ok || size < c.has || size > c.has+64<<10 {
			t.Errorf("%+v: %d bytes, whole %v, %v", c, size, g.whole, err)
		}
	}
}

// record is one of a log, as text.
func record(b bucket, key string, e entry) string { return fmt.Sprintf("%v %q %v", b, key, e) }

// replayed returns the records that a disk has.
func replayed(d *paper) (all []string, last bool, err error) {
	size := int64(len(d.text))
	h, has, err := readHead(d, size)
	if err != nil || !has {
		return nil, false, err
	}
	last, err = (&segment{disk: d, head: h}).replay(size, func(b bucket, key string, e entry) {
		all = append(all, record(b, key, e))
	})
	return all, last, err
}

// written makes a segment of some frames and returns where each begins.
func written(t testing.TB, frames int, last bool) (d *paper, at []int64, want [][]string) {
	t.Helper()
	d = &paper{}
	g, err := begin(d, head{store: 1, number: 7, salt: 0xfffffffffffffffe}, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	for i := range frames {
		at = append(at, g.size)
		b := make([]byte, frameSize)
		var records []string
		for j := range i % 4 {
			key, e := fmt.Sprint("key", i, j), entry{value: string(bytes.Repeat([]byte{'v'}, 3*i+j)), dead: j == 2}
			if e.dead {
				e.value = ""
			}
			b = appendRecord(b, bucket(j), key, e)
			records = append(records, record(bucket(j), key, e))
		}
		if err := g.append(b, last && i == frames-1); err != nil {
			t.Fatal(err)
		}
		want = append(want, records)
	}
	return d, append(at, g.size), want
}

func TestSegmentIsReadAsWritten(t *testing.T) {
	for _, last := range []bool{false, true} {
		d, _, want := written(t, 12, last)
		got, end, err := replayed(d)
		if err != nil || end != last || !slices.Equal(got, slices.Concat(want...)) {
			t.Errorf("last %v: %v, %v\n%q", last, end, err, got)
		}
	}
}

// A crash leaves a part of the last frame, zeros or what the file had there before.
func TestTornFrameIsCutOff(t *testing.T) {
	whole, at, want := written(t, 12, true)
	old := &paper{} // the same file when it was used before, under another salt
	g, err := begin(old, head{store: 1, number: 5, salt: 1 << 40}, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	for range 60 {
		if err := g.append(appendRecord(make([]byte, frameSize), 0, "old", entry{value: "old"}), false); err != nil {
			t.Fatal(err)
		}
	}
	from, to := at[11], at[12]
	for cut := from; cut < to; cut++ {
		for name, behind := range map[string][]byte{
			"the end": nil, "zeros": make([]byte, 300), "an old log": old.text[cut:],
		} {
			// The last byte may well be what it should be.
			if len(behind) > 0 && bytes.Equal(behind[:min(len(behind), int(to-cut))], whole.text[cut:to]) {
				continue
			}
			d := &paper{append(slices.Clone(whole.text[:cut]), behind...)}
			got, last, err := replayed(d)
			if err != nil || last || !slices.Equal(got, slices.Concat(want[:11]...)) {
				t.Fatalf("cut at %d of %d to %d, then %s: %v, %v\n%q", cut, from, to, name, last, err, got)
			}
		}
	}
}

// What was durable is not lost in silence: a damaged frame with good ones behind it.
func TestDamagedFrameIsCorrupt(t *testing.T) {
	whole, at, _ := written(t, 12, false)
	for i := at[0]; i < at[11]; i++ {
		d := &paper{slices.Clone(whole.text)}
		d.text[i] ^= 0x10
		if _, _, err := replayed(d); !errors.Is(err, store.ErrCorrupt) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
	for i := range headSize {
		d := &paper{slices.Clone(whole.text)}
		d.text[i] ^= 0x10
		if _, _, err := replayed(d); !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("byte %d of the head: %v", i, err)
		}
	}
}

// FuzzLog reads what may stand in a log: as a file, and as the records of a good frame.
// What can be read is what would be written.
func FuzzLog(f *testing.F) {
	d, at, _ := written(f, 5, true)
	f.Add(d.text)
	f.Add(d.text[at[3]+frameSize : at[4]])
	f.Add(d.text[:at[4]+9])
	f.Add([]byte("\x00\x01k\x00\x81\x01k\xff\xff\xff\xff\x0f"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, _, err := replayed(&paper{b}); err != nil && !errors.Is(err, store.ErrCorrupt) {
			t.Fatal(err)
		}
		var again []byte
		err := readRecords(b, func(in bucket, key string, e entry) {
			if in >= buckets || key == "" || len(key) > maxKey || len(e.value) > maxValue {
				t.Fatalf("record %s", record(in, key, e))
			}
			again = appendRecord(again, in, key, e)
		})
		if err != nil && !errors.Is(err, store.ErrCorrupt) {
			t.Fatal(err)
		}
		if err == nil && len(again) > len(b) {
			t.Fatalf("%d bytes are written as %d", len(b), len(again))
		}
		p := &paper{}
		g, failed := begin(p, head{salt: 1}, 0, false)
		if failed == nil {
			failed = g.append(append(make([]byte, frameSize), b...), false)
		}
		if failed != nil {
			t.Fatal(failed)
		}
		if _, _, whole := replayed(p); errors.Is(whole, store.ErrCorrupt) != (err != nil) {
			t.Fatalf("in a frame: %v, alone: %v", whole, err)
		}
	})
}

// left copies the files of a store that does nothing, as if it had been killed, and
// returns the path of the copy.
func left(t *testing.T, s *Store) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	for _, end := range []string{"", ".log0", ".log1"} {
		b, err := os.ReadFile(s.db.Path() + end)
		must(t, err)
		must(t, os.WriteFile(path+end, b, 0o600))
	}
	return path
}

// still has the log written down only when it is told to.
var still = tune{segment: 1 << 40, age: 1 << 60}

// inside runs do in the committer, between two batches.
func inside(t *testing.T, s *Store, do func()) {
	t.Helper()
	_, err := update(patient(t), s, store.OpPut, func(*batch) (none struct{}, err error) {
		do()
		return none, nil
	})
	must(t, err)
}

// turn has the log written down.
func turn(t *testing.T, s *Store, wait bool) {
	t.Helper()
	inside(t, s, func() {
		s.settle()
		if s.rotate(); wait {
			s.settle()
		}
	})
}

func all(t *testing.T, s *Store, b bucket) map[string]string {
	t.Helper()
	l, end, err := s.snapshot()
	must(t, err)
	defer end()
	return maps.Collect(l.scan(b, "", ""))
}
