package storetest

import (
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store"
)

func take(t *testing.T, s store.Rates, key string, rate float64, burst, n int64, want bool) time.Duration {
	t.Helper()
	after, err := s.Take(within(t), key, rate, burst, n)
	is(t, "Take "+key, err, nil)
	equal(t, "Take "+key+" granted", after == 0, want)
	return after
}

var rateCases = []suiteCase{
	{"a rate allows its burst and then tells when", func(t *testing.T, s store.Store) {
		const rate = 0.1 // slow enough for nothing to come back meanwhile
		for range 3 {
			take(t, s, "k", rate, 3, 1, true)
		}
		after := take(t, s, "k", rate, 3, 1, false)
		if after <= 5*time.Second || after > 10*time.Second {
			t.Fatalf("retry after %v, want about 10s", after)
		}
		again := take(t, s, "k", rate, 3, 1, false)
		if again > after {
			t.Fatalf("a refusal took something: retry after %v, then %v", after, again)
		}
		take(t, s, "other", rate, 3, 3, true)
		take(t, s, "other", rate, 3, 1, false)
	}},
	{"a rate comes back", func(t *testing.T, s store.Store) {
		rate := 1 / ttl.Seconds()
		take(t, s, "k", rate, 1, 1, true)
		take(t, s, "k", rate, 1, 1, false)
		pass()
		take(t, s, "k", rate, 1, 1, true)
		take(t, s, "k", rate, 1, 1, false)
	}},
	{"a fast rate keeps its fractions", func(t *testing.T, s store.Store) {
		for range 100 {
			take(t, s, "k", 300_000, 1_000_000, 1, true)
		}
	}},
	{"a rate holds when many ask at once", func(t *testing.T, s store.Store) {
		var granted atomic.Int64
		var wait sync.WaitGroup
		ctx := within(t)
		for range 8 {
			wait.Go(func() {
				for range 20 {
					if after, err := s.Take(ctx, "k", 1e-3, 33, 1); err != nil {
						t.Error(err)
					} else if after == 0 {
						granted.Add(1)
					}
				}
			})
		}
		wait.Wait()
		equal(t, "granted", granted.Load(), 33)
	}},
	{"rates refuse what makes no sense", func(t *testing.T, s store.Store) {
		for name, err := range map[string]error{
			"no key":        second(s.Take(within(t), "", 1, 1, 1)),
			"rate 0":        second(s.Take(within(t), "k", 0, 1, 1)),
			"rate NaN":      second(s.Take(within(t), "k", math.NaN(), 1, 1)),
			"rate infinite": second(s.Take(within(t), "k", math.Inf(1), 1, 1)),
			"burst 0":       second(s.Take(within(t), "k", 1, 0, 1)),
			"n 0":           second(s.Take(within(t), "k", 1, 1, 0)),
			"n over burst":  second(s.Take(within(t), "k", 1, 1, 2)),
		} {
			is(t, name, err, store.ErrInvalid)
		}
		take(t, s, "slow", 1e-6, 1e9, 1e9, true) // no overflow
		take(t, s, "slow", 1e-6, 1e9, 1e9, false)
	}},
}
