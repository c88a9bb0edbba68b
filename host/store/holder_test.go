package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// engine is a lease table that can be away, slow to tell, or emptied.
type engine struct {
	mu     sync.Mutex
	table  *store.LeaseTable
	away   error
	grants bool          // an Acquire that fails has happened all the same
	slow   chan struct{} // a Release waits for it
}

func newEngine() *engine { return &engine{table: store.NewLeaseTable()} }

func (e *engine) now() (*store.LeaseTable, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.table, e.away
}

func (e *engine) set(away error, grants bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.away, e.grants = away, grants
}

func (e *engine) empty() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.table = store.NewLeaseTable()
}

func (e *engine) Acquire(_ context.Context, lease, node string, ttl time.Duration, limits []store.Limit) (string, error) {
	t, err := e.now()
	if err != nil {
		if e.grants {
			_, _ = t.Acquire(lease, node, ttl, limits)
		}
		return "", err
	}
	return t.Acquire(lease, node, ttl, limits)
}

func (e *engine) Renew(_ context.Context, node string, ttl time.Duration) (int, error) {
	t, err := e.now()
	if err != nil {
		return 0, err
	}
	return t.Renew(node, ttl)
}

func (e *engine) Release(_ context.Context, lease string) error {
	if e.slow != nil {
		<-e.slow
	}
	t, err := e.now()
	if err != nil {
		return err
	}
	return t.Release(lease)
}

func (e *engine) Reconcile(_ context.Context, node string, ttl time.Duration, live func() []store.Lease) (store.Repair, error) {
	t, err := e.now()
	if err != nil {
		return store.Repair{}, err
	}
	return t.Reconcile(node, ttl, live)
}

func (e *engine) Used(_ context.Context, key string) (int64, error) {
	t, err := e.now()
	if err != nil {
		return 0, err
	}
	return t.Used(key)
}

var one = []store.Limit{{Key: "k", Max: 4, Cost: 1}}

// held runs a holder on an engine within a bubble of time.
func held(t *testing.T, o store.HolderOptions, run func(t *testing.T, h *store.Holder, e *engine)) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine()
		h := store.NewHolder(e, "n", o)
		ctx, cancel := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		wait.Go(func() { h.Run(ctx) })
		synctest.Wait()
		run(t, h, e)
		cancel()
		wait.Wait()
	})
}

func wants(t *testing.T, h *store.Holder, lease, denied string, want error) {
	t.Helper()
	got, err := h.Acquire(t.Context(), lease, one)
	if got != denied || !errors.Is(err, want) {
		t.Fatalf("Acquire %s = %q, %v, want %q, %v", lease, got, err, denied, want)
	}
}

func inUse(t *testing.T, e *engine, want int64) {
	t.Helper()
	if n, err := e.table.Used("k"); n != want || err != nil {
		t.Fatalf("in use: %d, %v, want %d", n, err, want)
	}
}

func TestHolderKeepsItsLeasesAlive(t *testing.T) {
	held(t, store.HolderOptions{}, func(t *testing.T, h *store.Holder, e *engine) {
		wants(t, h, "c1", "", nil)
		time.Sleep(10 * time.Hour)
		inUse(t, e, 1)
		h.Release("c1")
		synctest.Wait()
		inUse(t, e, 0)
		h.Release("c1")
	})
}

func TestHolderRepairsAnEmptiedEngine(t *testing.T) {
	held(t, store.HolderOptions{}, func(t *testing.T, h *store.Holder, e *engine) {
		wants(t, h, "c1", "", nil)
		wants(t, h, "c2", "", nil)
		e.empty()
		inUse(t, e, 0)
		time.Sleep(11 * time.Second) // a third of the ttl
		inUse(t, e, 2)
	})
}

func TestHolderWhileTheEngineIsAway(t *testing.T) {
	held(t, store.HolderOptions{Part: 0.5}, func(t *testing.T, h *store.Holder, e *engine) {
		wants(t, h, "c1", "", nil)
		e.set(store.ErrUnavailable, false)
		wants(t, h, "c2", "", store.ErrUnavailable) // refuse
		if h.Len() != 1 {
			t.Fatalf("%d leases held, want 1", h.Len())
		}
		if denied, err := h.AcquireShare("c3", one); denied != "" || err != nil { // half of 4
			t.Fatal(denied, err)
		}
		if denied, err := h.AcquireShare("c4", one); denied != "k" || err != nil {
			t.Fatal(denied, err)
		}
		if err := h.Pass("c5", one); err != nil { // whatever the limit
			t.Fatal(err)
		}
		h.Release("c1")
		time.Sleep(10 * time.Minute)
		e.set(nil, false)
		time.Sleep(21 * time.Second)
		inUse(t, e, 2) // c3 and c5
		h.Release("c3")
		h.Release("c5")
		synctest.Wait()
		inUse(t, e, 0)
	})
}

func TestHolderGivesBackWhatATimeoutMayHaveGranted(t *testing.T) {
	held(t, store.HolderOptions{}, func(t *testing.T, h *store.Holder, e *engine) {
		e.set(store.ErrTimeout, true)
		wants(t, h, "c1", "", store.ErrTimeout)
		synctest.Wait()
		inUse(t, e, 1)
		e.set(nil, false)
		time.Sleep(21 * time.Second)
		inUse(t, e, 0)
	})
}

func TestHolderPassAfterATimeout(t *testing.T) {
	held(t, store.HolderOptions{}, func(t *testing.T, h *store.Holder, e *engine) {
		e.set(store.ErrTimeout, true)
		wants(t, h, "c1", "", store.ErrTimeout)
		if err := h.Pass("c1", one); err != nil {
			t.Fatal(err)
		}
		e.set(nil, false)
		time.Sleep(21 * time.Second)
		inUse(t, e, 1)
	})
}

// A lease that is given back and taken again at once is held, also when the word of
// its release is still on its way.
func TestHolderTakesALeaseAgain(t *testing.T) {
	held(t, store.HolderOptions{}, func(t *testing.T, h *store.Holder, e *engine) {
		for range 1000 {
			wants(t, h, "c1", "", nil)
			h.Release("c1")
		}
		wants(t, h, "c1", "", nil)
		synctest.Wait()
		inUse(t, e, 1)

		e.slow = make(chan struct{})
		h.Release("c1")
		synctest.Wait() // Run is telling the engine now
		var again sync.WaitGroup
		again.Go(func() { wants(t, h, "c1", "", nil) })
		synctest.Wait()
		close(e.slow)
		again.Wait()
		synctest.Wait()
		inUse(t, e, 1)
	})
}

func TestHolderAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine()
		for i := range 4 { // held by the process that died
			if _, err := e.table.Acquire(fmt.Sprint("old", i), "n", 30*time.Second, one); err != nil {
				t.Fatal(err)
			}
		}
		h := store.NewHolder(e, "n", store.HolderOptions{})
		ctx, cancel := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		wait.Go(func() { h.Run(ctx) })
		synctest.Wait()
		inUse(t, e, 0) // without waiting for the ttl
		cancel()
		wait.Wait()
	})
}

// Whatever the engine does in between, it holds what is live in the end.
func TestHolderAgainstAnUnreliableEngine(t *testing.T) {
	held(t, store.HolderOptions{Part: 1}, func(t *testing.T, h *store.Holder, e *engine) {
		r := rand.New(rand.NewPCG(3, 4))
		live := map[string]bool{}
		limits := []store.Limit{{Key: "k", Max: 1000, Cost: 1}}
		for i := range 3000 {
			switch r.IntN(12) {
			case 0:
				e.set(nil, false)
			case 1:
				e.set([]error{store.ErrUnavailable, store.ErrTimeout}[r.IntN(2)], r.IntN(2) == 0)
			case 2:
				e.empty()
			case 3:
				time.Sleep(time.Duration(r.Int64N(int64(5 * time.Second))))
			case 4, 5, 6:
				for lease := range live {
					h.Release(lease)
					delete(live, lease)
					break
				}
			default:
				lease := fmt.Sprint("c", r.IntN(200))
				denied, err := h.Acquire(t.Context(), lease, limits)
				if err != nil && r.IntN(2) == 0 {
					denied, err = h.AcquireShare(lease, limits)
				}
				if err == nil && denied == "" {
					live[lease] = true
				} else if err != nil && !live[lease] && h.Len() != len(live) {
					t.Fatalf("step %d: %d leases held, want %d", i, h.Len(), len(live))
				}
			}
		}
		e.set(nil, false)
		time.Sleep(time.Minute)
		inUse(t, e, int64(len(live)))
		if h.Len() != len(live) {
			t.Fatalf("%d leases held, want %d", h.Len(), len(live))
		}
	})
}

func TestShareOfARate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := store.NewShare(0.5)
		taken := 0
		for range 100 {
			if after, err := s.Take("k", 10, 10, 1); err == nil && after == 0 {
				taken++
			}
		}
		time.Sleep(10 * time.Second)
		for range 100 {
			if after, err := s.Take("k", 10, 10, 1); err == nil && after == 0 {
				taken++
			}
		}
		if taken != 10 {
			t.Errorf("%d taken, want 5 and 5 again", taken)
		}
		if _, err := s.Take("k", 10, 10, 11); !errors.Is(err, store.ErrInvalid) {
			t.Error(err)
		}
	})
}
