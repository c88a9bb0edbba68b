package storetest

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store"
)

const hour = time.Hour

func limit(key string, most int64) store.Limit { return store.Limit{Key: key, Max: most, Cost: 1} }

// acquire expects to hold the lease, or to be denied by key.
func acquire(t *testing.T, s store.Leases, lease, node string, life time.Duration, denied string, limits ...store.Limit) {
	t.Helper()
	got, err := s.Acquire(within(t), lease, node, life, limits)
	is(t, "Acquire "+lease, err, nil)
	equal(t, "Acquire "+lease+" denied", got, denied)
}

func used(t *testing.T, s store.Leases, key string, want int64) {
	t.Helper()
	got, err := s.Used(within(t), key)
	is(t, "Used "+key, err, nil)
	equal(t, "Used "+key, got, want)
}

var leaseCases = []suiteCase{
	{"leases up to the limit", func(t *testing.T, s store.Store) {
		acquire(t, s, "c1", "n", hour, "", limit("user/alice", 2))
		acquire(t, s, "c2", "n", hour, "", limit("user/alice", 2))
		acquire(t, s, "c3", "n", hour, "user/alice", limit("user/alice", 2))
		is(t, "Release", s.Release(within(t), "c1"), nil)
		acquire(t, s, "c3", "n", hour, "", limit("user/alice", 2))
		used(t, s, "user/alice", 2)
		used(t, s, "user/nobody", 0)
	}},
	{"a limit of 0 denies", func(t *testing.T, s store.Store) {
		acquire(t, s, "c1", "n", hour, "k", limit("k", 0))
		used(t, s, "k", 0)
	}},
	{"leases are taken against all keys or none", func(t *testing.T, s store.Store) {
		acquire(t, s, "c1", "n", hour, "", limit("user", 5), limit("trunk", 1))
		acquire(t, s, "c2", "n", hour, "trunk", limit("user", 5), limit("trunk", 1), limit("tenant", 9))
		used(t, s, "user", 1)
		used(t, s, "trunk", 1)
		used(t, s, "tenant", 0)
	}},
	{"a lease said again counts once", func(t *testing.T, s store.Store) {
		for range 3 {
			acquire(t, s, "c1", "n", hour, "", limit("k", 1))
		}
		used(t, s, "k", 1)
		is(t, "Release", s.Release(within(t), "c1"), nil)
		is(t, "Release again", s.Release(within(t), "c1"), nil)
		used(t, s, "k", 0)
	}},
	{"a lease said again with other limits replaces them", func(t *testing.T, s store.Store) {
		acquire(t, s, "c1", "n", hour, "", limit("a", 1), limit("b", 1))
		acquire(t, s, "c1", "n", hour, "", limit("b", 1), store.Limit{Key: "c", Max: 5, Cost: 3})
		used(t, s, "a", 0)
		used(t, s, "b", 1)
		used(t, s, "c", 3)
		acquire(t, s, "c1", "n", hour, "a", limit("a", 0))
		used(t, s, "b", 1) // a denial leaves what was held
		used(t, s, "c", 3)
	}},
	{"leases of different cost share a limit", func(t *testing.T, s store.Store) {
		acquire(t, s, "c1", "n", hour, "", store.Limit{Key: "kbps", Max: 100, Cost: 60})
		acquire(t, s, "c2", "n", hour, "kbps", store.Limit{Key: "kbps", Max: 100, Cost: 41})
		acquire(t, s, "c3", "n", hour, "", store.Limit{Key: "kbps", Max: 100, Cost: 39})
		acquire(t, s, "c4", "n", hour, "", store.Limit{Key: "kbps", Max: 100, Cost: 1})
		used(t, s, "kbps", 100)
		is(t, "Release", s.Release(within(t), "c1"), nil)
		used(t, s, "kbps", 40)
	}},
	{"nodes share a limit", func(t *testing.T, s store.Store) {
		acquire(t, s, "c1", "n1", hour, "", limit("k", 2))
		acquire(t, s, "c2", "n2", hour, "", limit("k", 2))
		acquire(t, s, "c3", "n1", hour, "k", limit("k", 2))
		is(t, "Release", s.Release(within(t), "c2"), nil)
		acquire(t, s, "c3", "n1", hour, "", limit("k", 2))
	}},
	{"a lease moves to the node that asks for it", func(t *testing.T, s store.Store) {
		acquire(t, s, "c1", "n1", hour, "", limit("k", 1))
		acquire(t, s, "c1", "n2", hour, "", limit("k", 1))
		used(t, s, "k", 1)
		n, err := s.Renew(within(t), "n1", hour)
		is(t, "Renew", err, nil)
		equal(t, "leases of n1", n, 0)
	}},
	{"a dead node's leases do not count", func(t *testing.T, s store.Store) {
		acquire(t, s, "c1", "dead", ttl, "", limit("k", 2))
		acquire(t, s, "c2", "dead", ttl, "", limit("k", 2))
		acquire(t, s, "c3", "lives", hour, "k", limit("k", 2))
		pass()
		used(t, s, "k", 0)
		acquire(t, s, "c3", "lives", hour, "", limit("k", 2))
		used(t, s, "k", 1)
	}},
	{"a node that was only cut off has its leases again", func(t *testing.T, s store.Store) {
		acquire(t, s, "c1", "n", ttl, "", limit("k", 2))
		pass()
		used(t, s, "k", 0)
		n, err := s.Renew(within(t), "n", hour)
		is(t, "Renew", err, nil)
		equal(t, "leases", n, 1)
		used(t, s, "k", 1)
	}},
	{"renewing keeps leases alive", func(t *testing.T, s store.Store) {
		acquire(t, s, "c1", "n", ttl, "", limit("k", 2))
		_, err := s.Renew(within(t), "n", hour)
		is(t, "Renew", err, nil)
		acquire(t, s, "c2", "n", time.Millisecond, "", limit("k", 2)) // never shortens
		pass()
		used(t, s, "k", 2)
	}},
	{"reconcile drops what is not live and adds what is", func(t *testing.T, s store.Store) {
		acquire(t, s, "gone", "n", hour, "", limit("k", 9))
		acquire(t, s, "stays", "n", hour, "", limit("k", 9))
		acquire(t, s, "pending", "n", hour, "", limit("k", 9))
		acquire(t, s, "other", "n2", hour, "", limit("k", 9))
		live := []store.Lease{
			{ID: "stays", Limits: []store.Limit{limit("k", 9)}},
			{ID: "lost", Limits: []store.Limit{limit("k", 9), {Key: "m", Max: 1, Cost: 7}}}, // beyond its limit: the call exists
			{ID: "pending"},
			{ID: "never"},
		}
		r, err := s.Reconcile(within(t), "n", hour, func() []store.Lease { return live })
		is(t, "Reconcile", err, nil)
		equal(t, "Reconcile", r, store.Repair{Added: 1, Dropped: 1})
		used(t, s, "k", 4)
		used(t, s, "m", 7)
		r, err = s.Reconcile(within(t), "n", hour, func() []store.Lease { return live })
		is(t, "Reconcile", err, nil)
		equal(t, "Reconcile again", r, store.Repair{})
	}},
	{"reconcile reads what is live after what is held", func(t *testing.T, s store.Store) {
		r, err := s.Reconcile(within(t), "n", hour, func() []store.Lease {
			acquire(t, s, "new", "n", hour, "", limit("k", 1))
			return nil
		})
		is(t, "Reconcile", err, nil)
		equal(t, "Reconcile", r, store.Repair{})
		used(t, s, "k", 1)
	}},
	{"reconcile of a big node", func(t *testing.T, s store.Store) {
		var live []store.Lease
		for i := range 2500 {
			live = append(live, store.Lease{ID: fmt.Sprint("c", i), Limits: []store.Limit{limit("k", 1), limit(fmt.Sprint("u", i%7), 1)}})
		}
		r, err := s.Reconcile(within(t), "n", hour, func() []store.Lease { return live })
		is(t, "Reconcile", err, nil)
		equal(t, "Reconcile", r, store.Repair{Added: 2500})
		used(t, s, "k", 2500)
		r, err = s.Reconcile(within(t), "n", hour, func() []store.Lease { return live[:10] })
		is(t, "Reconcile", err, nil)
		equal(t, "Reconcile", r, store.Repair{Dropped: 2490})
		used(t, s, "k", 10)
		used(t, s, "u0", 2)
	}},
	{"reconcile buries dead nodes", func(t *testing.T, s store.Store) {
		acquire(t, s, "c1", "dead", ttl, "", limit("k", 9))
		pass()
		r, err := s.Reconcile(within(t), "lives", hour, func() []store.Lease { return nil })
		is(t, "Reconcile", err, nil)
		equal(t, "Reconcile", r, store.Repair{Dropped: 1})
		n, err := s.Renew(within(t), "dead", hour)
		is(t, "Renew", err, nil)
		equal(t, "leases", n, 0)
	}},
	{"a limit holds when many ask at once", func(t *testing.T, s store.Store) {
		var granted atomic.Int64
		var wait sync.WaitGroup
		ctx := within(t)
		for w := range 8 {
			wait.Go(func() {
				for i := range 25 {
					denied, err := s.Acquire(ctx, fmt.Sprint(w, "/", i), "n", hour, []store.Limit{limit("k", 42), limit(fmt.Sprint("w", w), 1000)})
					if err != nil {
						t.Error(err)
					}
					if denied == "" && err == nil {
						granted.Add(1)
					}
				}
			})
		}
		wait.Wait()
		equal(t, "granted", granted.Load(), 42)
		used(t, s, "k", 42)
	}},
	{"leases refuse what makes no sense", func(t *testing.T, s store.Store) {
		ok := []store.Limit{limit("k", 1)}
		long := strings.Repeat("x", store.MaxName+1)
		for name, err := range map[string]error{
			"no limits":       second(s.Acquire(within(t), "c", "n", hour, nil)),
			"key twice":       second(s.Acquire(within(t), "c", "n", hour, []store.Limit{limit("k", 1), limit("k", 2)})),
			"cost 0":          second(s.Acquire(within(t), "c", "n", hour, []store.Limit{{Key: "k", Max: 1}})),
			"negative max":    second(s.Acquire(within(t), "c", "n", hour, []store.Limit{limit("k", -1)})),
			"huge max":        second(s.Acquire(within(t), "c", "n", hour, []store.Limit{limit("k", 1<<60)})),
			"17 limits":       second(s.Acquire(within(t), "c", "n", hour, make([]store.Limit, 17))),
			"no lease":        second(s.Acquire(within(t), "", "n", hour, ok)),
			"no node":         second(s.Acquire(within(t), "c", "", hour, ok)),
			"long lease":      second(s.Acquire(within(t), long, "n", hour, ok)),
			"line feed":       second(s.Acquire(within(t), "a\nb", "n", hour, ok)),
			"no UTF-8":        second(s.Acquire(within(t), "a\xffb", "n", hour, ok)),
			"no ttl":          second(s.Acquire(within(t), "c", "n", 0, ok)),
			"release nothing": s.Release(within(t), ""),
			"renew nothing":   second(s.Renew(within(t), "", hour)),
			"used of nothing": second(s.Used(within(t), "")),
			"reconcile":       second(s.Reconcile(within(t), "n", 0, func() []store.Lease { return nil })),
			"reconcile lease": second(s.Reconcile(within(t), "n", hour, func() []store.Lease { return []store.Lease{{ID: ""}} })),
		} {
			is(t, name, err, store.ErrInvalid)
		}
		used(t, s, "k", 0)
	}},
}

// second is the error of a call that returns a value and an error.
func second[T any](_ T, err error) error { return err }
