package store

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// What a table says is in use is what one finds by looking at every lease, however
// leases came and went.
func TestLeaseTableAddsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		table := NewLeaseTable()
		for range 5000 {
			lease, node := fmt.Sprint("c", r.IntN(50)), fmt.Sprint("n", r.IntN(3))
			var limits []Limit
			for k := range 1 + r.IntN(5) {
				limits = append(limits, Limit{Key: fmt.Sprint("k", k), Max: r.Int64N(60), Cost: 1 + r.Int64N(4)})
			}
			switch r.IntN(8) {
			case 0, 1:
				_ = table.Release(lease)
			case 2:
				_, _ = table.Renew(node, time.Duration(1+r.IntN(5))*time.Second)
			case 3:
				_, _ = table.Reconcile(node, time.Second, func() []Lease { return []Lease{{lease, limits}} })
			case 4:
				time.Sleep(time.Second)
			case 5:
				_ = table.Hold(lease, node, time.Second, limits)
			default:
				_, _ = table.Acquire(lease, node, time.Duration(1+r.IntN(5))*time.Second, limits)
			}
			sums, nodes := map[string]int64{}, map[*leaseNode]int{}
			for _, h := range table.leases {
				nodes[h.node]++
				if h.node.until.After(time.Now()) {
					for _, p := range h.parts {
						sums[p.key.name] += p.cost
					}
				}
			}
			for k := range 5 {
				key := fmt.Sprint("k", k)
				if got, _ := table.Used(key); got != sums[key] {
					t.Fatalf("%s: %d in use, the leases hold %d", key, got, sums[key])
				}
			}
			for n, count := range nodes {
				if n.leases != count {
					t.Fatalf("node %s counts %d leases and has %d", n.name, n.leases, count)
				}
			}
		}
		for lease := range table.leases {
			_ = table.Release(lease)
		}
		if table.Len() != 0 || len(table.keys) != 0 {
			t.Errorf("%d leases and %d keys are left", table.Len(), len(table.keys))
		}
	})
}

func TestRateTableIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := NewRateTable()
		var full error
		for i := range MaxRates + MaxRates/8 {
			if _, err := table.Take(fmt.Sprint("attacker", i), 1, 1, 1); err != nil {
				full = err
			}
		}
		if !errors.Is(full, ErrQuota) || table.Len() > MaxRates {
			t.Fatalf("%d keys, %v", table.Len(), full)
		}
		time.Sleep(2 * time.Second) // all are full again
		for i := range 100 {
			if _, err := table.Take(fmt.Sprint("new", i), 1, 1, 1); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// Over a minute, a rate lets through its burst and a minute's worth, no more and
// no less, whatever the pace of the questions.
func TestRateOverTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := NewRateTable()
		for _, every := range []time.Duration{time.Millisecond, 7 * time.Millisecond, 90 * time.Millisecond} {
			key, taken := every.String(), 0
			for begun := time.Now(); time.Since(begun) < time.Minute; time.Sleep(every) {
				if after, err := table.Take(key, 10, 5, 1); err != nil {
					t.Fatal(err)
				} else if after == 0 {
					taken++
				}
			}
			if taken < 603 || taken > 606 {
				t.Errorf("every %v: %d taken, want 605", every, taken)
			}
		}
	})
}

func TestHealthIsLoudButNotNoisy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		h := NewHealth("redis", slog.New(slog.NewTextHandler(&b, nil)))
		for range 60 { // a minute, 100 failures a second
			for range 100 {
				h.Failed(ErrUnavailable)
			}
			time.Sleep(time.Second)
		}
		if up, outages := h.Up(); up || outages != 1 {
			t.Errorf("up %v, %d outages", up, outages)
		}
		h.Works()
		h.Works()
		away, back := strings.Count(b.String(), "store is away"), strings.Count(b.String(), "store is back")
		if away != 6 || back != 1 || !strings.Contains(b.String(), "failed=6000") {
			t.Errorf("%d and %d lines:\n%s", away, back, b.String())
		}
	})
}

func TestHealthOfAnEngineThatComesAndGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		h := NewHealth("redis", slog.New(slog.NewTextHandler(&b, nil)))
		for range 1000 {
			h.Failed(ErrUnavailable)
			h.Works()
		}
		if n := strings.Count(b.String(), "\n"); n != 2 {
			t.Errorf("%d lines:\n%s", n, b.String())
		}
		if up, outages := h.Up(); !up || outages != 1000 {
			t.Errorf("up %v, %d outages", up, outages)
		}
	})
}

func TestStats(t *testing.T) {
	var c Counters
	for _, err := range []error{nil, ErrNotFound, ErrUnavailable, ErrTimeout, ErrQuota, ErrConflict} {
		if got := c.Done(OpReserve, time.Time{}, err); got != err {
			t.Errorf("Done returns %v, want %v", got, err)
		}
	}
	if got, want := c.Stats()[OpReserve], (OpStats{Calls: 6, Unavailable: 1, Timeouts: 1, Quota: 1, Other: 1}); got != want {
		t.Errorf("Stats = %+v, want %+v", got, want)
	}
	seen := map[string]bool{}
	for op := range Ops {
		if w := op.String(); w == "" || seen[w] {
			t.Errorf("operation %d is called %q", op, w)
		} else {
			seen[w] = true
		}
	}
}

func TestPrefixes(t *testing.T) {
	var got []string
	for p := range Prefixes("aé\xffb") {
		got = append(got, p)
	}
	if want := "aé\xffb|aé\xff|aé|a"; strings.Join(got, "|") != want {
		t.Errorf("Prefixes = %q, want %q", got, want)
	}
}
