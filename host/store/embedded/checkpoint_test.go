package embedded

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/store/storetest"
)

var errDisk = errors.New("the disk refuses")

// moody is a disk that fails when it is told to.
type moody struct {
	disk
	*trouble
}

func (m moody) WriteAt(b []byte, at int64) (int, error) {
	if m.writes.Load() {
		n, _ := m.disk.WriteAt(b[:len(b)/2], at)
		return n, errDisk
	}
	return m.disk.WriteAt(b, at)
}

func (m moody) Sync() error {
	if m.syncs.Load() {
		return errDisk
	}
	if m.fast {
		return nil
	}
	return m.disk.Sync()
}

// trouble is a tune whose parts fail when they are told to, and whose checkpoints wait.
type trouble struct {
	tune
	writes, syncs, updates atomic.Bool
	full                   atomic.Int32  // so many transactions find no room
	trip                   atomic.Bool   // after the next transaction syncs of the log fail
	fast                   bool          // nothing is synced
	hold                   chan struct{} // nil: checkpoints do not wait
}

func newTrouble(t *testing.T) *trouble {
	x := &trouble{tune: still}
	x.open = func(path string) (disk, error) {
		d, err := openDisk(path)
		return moody{d, x}, err
	}
	x.update = func(db *bbolt.DB, do func(*bbolt.Tx) error) error {
		if x.hold != nil {
			await(t, x.hold)
		}
		if db.NoSync = x.fast; x.full.Add(-1) >= 0 {
			return bolterrors.ErrMaxSizeReached
		}
		defer func() {
			if x.trip.CompareAndSwap(true, false) {
				x.syncs.Store(true)
			}
		}()
		return db.Update(func(tx *bbolt.Tx) error {
			if err := do(tx); err != nil || !x.updates.Load() {
				return err
			}
			return errDisk
		})
	}
	return x
}

// Whatever is written, deleted, written down and killed: readers see what a map would
// have, and so does who opens the files.
func TestLayersAreOneMap(t *testing.T) { synctest.Test(t, layersAreOneMap) }

func layersAreOneMap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	x := newTrouble(t)
	x.hold, x.fast = make(chan struct{}), true
	s := fill(t, Options{tune: x.tune})
	var model [buckets]map[string]string
	for b := range model {
		model[b] = map[string]string{}
	}
	check := func(s *Store) {
		t.Helper()
		for b := range buckets {
			l, end, err := s.snapshot()
			must(t, err)
			prefix, from := fmt.Sprint(r.IntN(4)), fmt.Sprint(r.IntN(4), r.IntN(9))
			var keys []string
			for k, v := range l.scan(b, prefix, from) {
				if keys = append(keys, k); v != model[b][k] {
					t.Fatalf("%v %q is %q, want %q", b, k, v, model[b][k])
				}
			}
			want := slices.DeleteFunc(slices.Sorted(maps.Keys(model[b])), func(k string) bool {
				return k < from || !strings.HasPrefix(k, prefix)
			})
			if !slices.Equal(keys, want) {
				t.Fatalf("%v %q from %q: %q, want %q", b, prefix, from, keys, want)
			}
			key := fmt.Sprint(r.IntN(4), r.IntN(9), r.IntN(9))
			v, has := l.get(b, key)
			if w, had := model[b][key]; v != w || has != had {
				t.Fatalf("%v %q is %q, %v, want %q, %v", b, key, v, has, w, had)
			}
			end()
		}
	}
	quick := newTrouble(t)
	quick.fast = true
	for range 400 {
		_, err := update(patient(t), s, store.OpPut, func(b *batch) (none struct{}, err error) {
			for range r.IntN(8) {
				// Opening reads values and members, and wants to understand them.
				in, key, value := bucket(r.IntN(int(values))), fmt.Sprint(r.IntN(4), r.IntN(9), r.IntN(9)), fmt.Sprint(r.Uint32())
				if r.IntN(3) == 0 {
					b.delete(in, key)
					delete(model[in], key)
				} else {
					b.put(in, key, value)
					model[in][key] = value
				}
				if v, has := b.get(in, key); v != model[in][key] || has != (model[in][key] != "") {
					t.Errorf("in the batch %v %q is %q, %v", in, key, v, has)
				}
			}
			return none, nil
		})
		must(t, err)
		switch r.IntN(12) {
		case 0: // a checkpoint begins; what is under way stays so
			inside(t, s, func() {
				if s.reap(); !s.writing {
					s.rotate()
				}
			})
		case 1: // it ends
			inside(t, s, func() {
				if s.reap(); s.writing {
					x.hold <- struct{}{}
					s.settle()
				}
			})
		case 2:
			again, err := Open(Options{Path: left(t, s), tune: quick.tune})
			must(t, err)
			check(again)
			must(t, again.Close())
		}
		check(s)
	}
	close(x.hold)
}

// After a write or a sync that failed the batch has failed, memory is as it was, and the
// next batch is durable; nothing that was durable is lost.
func TestDiskRefuses(t *testing.T) {
	for name, which := range map[string]func(*trouble) *atomic.Bool{
		"writes": func(x *trouble) *atomic.Bool { return &x.writes },
		"syncs":  func(x *trouble) *atomic.Bool { return &x.syncs },
	} {
		x := newTrouble(t)
		s := fill(t, Options{tune: x.tune})
		in := store.Space{Name: "s"}
		deposits(t, s, 0, 3)
		for round := range int64(3) {
			which(x).Store(true)
			if err := s.Put(patient(t), in, "k", []byte("v"), 0); !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, errDisk) {
				t.Fatalf("%s: %v", name, err)
			}
			if _, err := s.Get(patient(t), in, "k"); !errors.Is(err, store.ErrNotFound) || s.Stats().Up {
				t.Errorf("%s: Get = %v, Up %v", name, err, s.Stats().Up)
			}
			// The file still works.
			deposits(t, s, int(3+3*round), 1)
			which(x).Store(false)
			deposits(t, s, int(4+3*round), 2)
			if holds(t, s, 6+3*round); !s.Stats().Up {
				t.Errorf("%s: it is still away", name)
			}
			again := fill(t, Options{Path: left(t, s)})
			holds(t, again, 6+3*round)
			if _, err := again.Get(patient(t), in, "k"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: what failed is there: %v", name, err)
			}
		}
		inside(t, s, func() {
			if s.log.direct || s.log.now.frames == 0 {
				t.Errorf("%s: the log is not used any more", name)
			}
		})
	}
}

// A checkpoint that fails is said, changes are refused meanwhile, and nothing is lost.
func TestCheckpointFails(t *testing.T) {
	x := newTrouble(t)
	s := fill(t, Options{tune: x.tune})
	deposits(t, s, 0, 3)
	x.updates.Store(true)
	turn(t, s, true)
	if s.Stats().Up {
		t.Error("it does not say so")
	}
	for i := range 3 {
		if _, err := s.Deposit(patient(t), "a", fmt.Sprint("refused", i), 1); !errors.Is(err, store.ErrUnavailable) {
			t.Fatalf("a change that cannot be written: %v", err)
		}
	}
	holds(t, s, 3)
	holds(t, fill(t, Options{Path: left(t, s)}), 3)
	x.updates.Store(false)
	deposits(t, s, 3, 1)
	turn(t, s, true)
	deposits(t, s, 4, 2)
	if holds(t, s, 6); !s.Stats().Up {
		t.Error("it is still away")
	}
	// Small transactions find room where a large one does not.
	x.full.Store(1)
	turn(t, s, true)
	x.full.Store(1)
	deposits(t, s, 6, 2)
	holds(t, s, 8)
	holds(t, fill(t, Options{Path: left(t, s)}), 8)
	// Closing cannot write it either: the logs stay, and have it.
	x.updates.Store(true)
	path := s.db.Path()
	if err := s.Close(); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Close: %v", err)
	}
	holds(t, fill(t, Options{Path: path}), 8)
}

// A log that cannot be begun anew after a checkpoint, or a flush, leaves no gap.
func TestLogCannotBeginAnew(t *testing.T) {
	x := newTrouble(t)
	s := fill(t, Options{tune: x.tune})
	n := 0
	for range 3 {
		for _, flush := range []bool{false, true} {
			deposits(t, s, n, 2)
			if flush {
				inside(t, s, func() { s.log.direct = true })
			}
			x.trip.Store(true)
			turn(t, s, true)
			if !x.syncs.CompareAndSwap(true, false) {
				t.Fatal("nothing was written")
			}
			holds(t, fill(t, Options{Path: left(t, s)}), int64(n+2))
			turn(t, s, true)
			inside(t, s, func() {
				if s.log.direct {
					t.Error("the log is not used any more")
				}
			})
			deposits(t, s, n+2, 1)
			n += 3
			holds(t, fill(t, Options{Path: left(t, s)}), int64(n))
		}
	}
}

// A file that cannot take what the logs have is opened, and what is there can be read.
func TestRecoveryIntoFileThatRefuses(t *testing.T) {
	s := fill(t, Options{tune: still})
	deposits(t, s, 0, 3)
	x := newTrouble(t)
	x.updates.Store(true)
	again := fill(t, Options{Path: left(t, s), tune: x.tune})
	holds(t, again, 3)
	if _, err := again.Deposit(patient(t), "a", "d3", 1); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a change: %v", err)
	}
	holds(t, fill(t, Options{Path: left(t, again)}), 3)
	x.updates.Store(false)
	deposits(t, again, 3, 2)
	holds(t, again, 5)
	holds(t, fill(t, Options{Path: left(t, again)}), 5)
}

// While a checkpoint hangs changes go on, up to a bound.
func TestCheckpointHangs(t *testing.T) {
	x := newTrouble(t)
	x.hold, x.most = make(chan struct{}), 16<<10
	s := fill(t, Options{tune: x.tune})
	deposits(t, s, 0, 3)
	turn(t, s, false)
	var refused error
	n := 3
	for ; refused == nil && n < 1000; n++ {
		_, refused = s.Deposit(patient(t), "a", fmt.Sprint("d", n), 1)
	}
	if n < 10 || !errors.Is(refused, store.ErrUnavailable) || !errors.Is(refused, errBehind) {
		t.Fatalf("after %d: %v", n, refused)
	}
	holds(t, s, int64(n-1))
	close(x.hold)
	turn(t, s, true)
	deposits(t, s, n, 3)
	holds(t, s, int64(n+2))
}

// Checkpoints come by themselves: when the log is long, and when it is old.
func TestCheckpointsComeByThemselves(t *testing.T) {
	for name, tune := range map[string]tune{
		"long": {segment: 4 << 10, age: 1 << 60},
		"old":  {segment: 1 << 40, age: 1},
	} {
		s := fill(t, Options{tune: tune})
		for i := 0; ; i++ {
			deposits(t, s, i, 1)
			done := uint64(0)
			must(t, s.db.View(func(tx *bbolt.Tx) error {
				_, done, _ = readState(tx)
				return nil
			}))
			if done > 3 {
				break
			}
			if i > 5000 {
				t.Fatalf("%s: %d deposits, %d checkpoints", name, i, done)
			}
		}
		storetest.Audit(t, s, "a")
		path := filepath.Clean(s.db.Path())
		must(t, s.Close())
		storetest.Audit(t, fill(t, Options{Path: path}), "a")
	}
}
