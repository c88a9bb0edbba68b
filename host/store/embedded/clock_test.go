package embedded

import (
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// With a clock of its own the store lets values, leases, rates and reservations go when that
// clock says so, not before.
func TestClock(t *testing.T) {
	var ahead atomic.Int64
	began := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	s, err := Open(Options{Path: filepath.Join(t.TempDir(), "store.db"), Now: func() time.Time { return began.Add(time.Duration(ahead.Load())) }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, in := t.Context(), store.Space{Name: "m"}
	if err := s.Put(ctx, in, "key", []byte("value"), time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Deposit(ctx, "alice", "1", 1000); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Reserve(ctx, "alice", "call", 1, 600, time.Hour); err != nil || n != 600 {
		t.Fatal(n, err)
	}
	limits := []store.Limit{{Key: "trunk", Max: 1, Cost: 1}}
	if denied, err := s.Acquire(ctx, "lease", "node", time.Hour, limits); err != nil || denied != "" {
		t.Fatal(denied, err)
	}
	if after, err := s.Take(ctx, "rate", 1.0/3600, 1, 1); err != nil || after != 0 {
		t.Fatal(after, err)
	}
	look := func(gone bool) {
		t.Helper()
		if _, err := s.Get(ctx, in, "key"); errors.Is(err, store.ErrNotFound) != gone {
			t.Errorf("key: %v", err)
		}
		if n, err := s.Used(ctx, "trunk"); err != nil || (n == 0) != gone {
			t.Errorf("trunk: %d, %v", n, err)
		}
		if b, err := s.Balance(ctx, "alice"); err != nil || (b.Free() == 1000) != gone {
			t.Errorf("alice: %+v, %v", b, err)
		}
		if after, err := s.TakeNow("rate", 1.0/3600, 1, 1); err != nil || (after == 0) != gone {
			t.Errorf("rate: %v, %v", after, err)
		}
	}
	ahead.Store(int64(time.Hour - time.Second))
	look(false)
	ahead.Store(int64(time.Hour + time.Second))
	look(true)
}
