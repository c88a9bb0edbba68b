package store

import (
	"fmt"
	"hash/maphash"
	"sync"
	"time"
)

// MaxRates bounds a RateTable; beyond it Take fails with ErrQuota for keys that
// are new.
const MaxRates = 1 << 18

const rateShards = 16

// RateTable keeps rates in memory, with the meaning of Rates: one time a key,
// when it would be full again. Keys whose time has passed are the same as keys
// that are not there and are removed when room is short. No method waits. Safe
// for concurrent use.
type RateTable struct {
	seed   maphash.Seed
	now    func() time.Time
	begun  time.Time
	shards [rateShards]rateShard
}

type rateShard struct {
	mu    sync.Mutex
	full  map[string]time.Duration // since begun
	sweep time.Duration            // not before
}

// NewRateTable returns an empty table.
func NewRateTable() *RateTable {
	t := &RateTable{seed: maphash.MakeSeed(), now: time.Now, begun: time.Now()}
	for i := range t.shards {
		t.shards[i].full = map[string]time.Duration{}
	}
	return t
}

// Clock makes the table go by now, before it is used.
func (t *RateTable) Clock(now func() time.Time) { t.now, t.begun = now, now() }

// Take is Rates.Take.
func (t *RateTable) Take(key string, rate float64, burst, n int64) (after time.Duration, err error) {
	if err := CheckNames(key); err != nil {
		return 0, err
	}
	if err := CheckRate(rate, burst, n); err != nil {
		return 0, err
	}
	s := &t.shards[maphash.String(t.seed, key)%rateShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	now := t.now().Sub(t.begun)
	full, known := s.full[key]
	next, after := gcra(now, full, rate, burst, n)
	if after > 0 {
		return after, nil
	}
	if !known && !s.room(now) {
		return 0, fmt.Errorf("%w: %d rates", ErrQuota, MaxRates)
	}
	s.full[key] = next
	return 0, nil
}

// gcra is the generic cell rate algorithm: full is when all of burst is there.
// Long rates are bounded to a century, which no clock here leaves.
func gcra(now, full time.Duration, rate float64, burst, n int64) (next, after time.Duration) {
	const century = float64(100 * 365 * 24 * time.Hour)
	each := float64(time.Second) / rate
	depth := time.Duration(min(each*float64(burst), century))
	next = max(full, now) + time.Duration(min(each*float64(n), century))
	if late := next - now - depth; late > 0 {
		return full, late
	}
	return next, 0
}

// room makes room for a new key, at most once a second by looking at all.
func (s *rateShard) room(now time.Duration) bool {
	if len(s.full) < MaxRates/rateShards {
		return true
	}
	if now >= s.sweep {
		s.sweep = now + time.Second
		for key, full := range s.full {
			if full <= now {
				delete(s.full, key)
			}
		}
	}
	return len(s.full) < MaxRates/rateShards
}

// Len returns the number of keys.
func (t *RateTable) Len() (n int) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		n += len(s.full)
		s.mu.Unlock()
	}
	return n
}
