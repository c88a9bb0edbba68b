package embedded

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// What is deleted while the file finds no page for it is durable in the log, and reaches
// the file later.
func TestDeletingFromFileWithoutPages(t *testing.T) {
	x := newTrouble(t)
	s := fill(t, Options{tune: x.tune, MaxSize: 256 << 10})
	in := store.Space{Name: "s"}
	for i := range 9 {
		must(t, s.Put(patient(t), in, fmt.Sprint("k", i), []byte("v"), 0))
	}
	x.full.Store(1000)
	for i := range 7 {
		must(t, s.Delete(patient(t), in, fmt.Sprint("k", i)))
		if i == 3 {
			turn(t, s, true)
		}
	}
	if err := s.Put(patient(t), in, "more", []byte("v"), 0); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a value without room: %v", err)
	}
	if st := fill(t, Options{Path: left(t, s)}).Stats(); st.Keys != 2 {
		t.Errorf("%d keys after a kill, want 2", st.Keys)
	}
	x.full.Store(5) // some of the pieces
	must(t, s.Put(patient(t), in, "more", []byte("v"), 0))
	if n := len(all(t, s, values)); n != 3 {
		t.Errorf("%d values, want 3", n)
	}
	path := s.db.Path()
	must(t, s.Close())
	if st := fill(t, Options{Path: path}).Stats(); st.Keys != 3 {
		t.Errorf("%d keys, want 3", st.Keys)
	}
}

// Whoever fills a file finds it full at once, also when the log has room, and deleting
// makes room; a file that is nearly full is full after a kill, too.
func TestFullFileBehindTheLog(t *testing.T) { synctest.Test(t, fullFileBehindTheLog) }

func fullFileBehindTheLog(t *testing.T) {
	s := fill(t, Options{MaxSize: 2 << 20, tune: still})
	in := store.Space{Name: "s"}
	put := func(i int) error { return s.Put(patient(t), in, fmt.Sprint("k", i), make([]byte, 16<<10), 0) }
	must(t, put(0))
	inside(t, s, func() {
		if s.log.now.frames == 0 {
			t.Error("a file with much room is written at once")
		}
	})
	n := 1
	var full error
	for ; full == nil && n < 1000; n++ {
		full = put(n)
	}
	if !errors.Is(full, store.ErrUnavailable) || n < 30 {
		t.Fatalf("after %d values: %v", n, full)
	}
	path := left(t, s)
	must(t, s.Close())
	s = fill(t, Options{Path: path, MaxSize: 2 << 20, tune: still})
	if st := s.Stats(); st.Keys != n-1 {
		t.Errorf("%d keys, want %d", st.Keys, n-1)
	}
	if err := put(n); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a value without room: %v", err)
	}
	for i := range n - 1 {
		must(t, s.Delete(patient(t), in, fmt.Sprint("k", i)))
	}
	must(t, put(0))
}
