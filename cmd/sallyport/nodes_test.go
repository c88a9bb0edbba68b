package main

import (
	"context"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"
)

// neighbour is a site of its own beside s, for a second SBC in the same test.
func (s *site) neighbour() *site { return &site{t: s.t, addr: loopback(), dir: s.t.TempDir()} }

// TestTwoNodes has two SBCs on one Redis share a limit and an account. Neither is exceeded
// by a call or a micro-unit, whichever node calls come by; and what a node holds that is
// killed is free within a minute, without an operator.
func TestTwoNodes(t *testing.T) {
	one := newSite(t)
	two := one.neighbour()
	k := newKeeper(one)
	bank := k.bank()
	paid := fund(t, bank, 30*price, "user0")
	for user, amount := range fund(t, bank, 1_000_000_000, "user1") {
		paid[user] = amount
	}
	crowd := newCrowd(one)
	config := one.till(k.sections())
	a := one.sallyport(one.charging(config))
	config.node = "other"
	b := two.sallyport(two.charging(config))

	// Both at once, more than the limit lets pass, until the credit is used up.
	var mu sync.Mutex
	var calls []*attempt
	var wg sync.WaitGroup
	done := make(chan struct{})
	for _, s := range []*site{one, two} {
		for range limited {
			wg.Go(func() {
				for {
					c := crowd.callUntil(t.Context(), s.sbc(), "user0", done)
					mu.Lock()
					calls = append(calls, c)
					mu.Unlock()
					if c.code != 200 {
						return // a limit that is full, or an account that is empty
					}
				}
			})
		}
	}
	wg.Wait()
	together := 0
	for _, c := range calls {
		if c.code == 200 && !c.cut {
			t.Errorf("a call that nobody ended: %+v", c)
		}
		n := 0
		for _, other := range calls {
			if other.code == 200 && c.code == 200 && !other.answered.After(c.answered) && other.ended.After(c.answered) {
				n++
			}
		}
		together = max(together, n)
	}
	if together > limited {
		t.Errorf("%d calls were up at the same time, at most %d may be", together, limited)
	}
	await(t, "all records", func() bool { return len(one.cdrs())+len(two.cdrs()) == len(calls) })
	k.used(bank, "user0", 0)
	await(t, "all is booked", func() bool {
		held, err := bank.Reservations(t.Context(), "user0")
		return err == nil && len(held) == 0
	})
	books := audit(t, bank, paid)
	spent := int64(0)
	for _, s := range []*site{one, two} {
		for _, r := range s.cdrs() {
			spent += r.cost()
			if books.charged[r.ID] != r.cost() {
				t.Errorf("call %s of %s is charged %d, its record says %d", r.CallID, s.addr, books.charged[r.ID], r.cost())
			}
		}
	}
	if left := books.balance["user0"].Amount; spent+left != paid["user0"] || left >= price {
		t.Errorf("%d was spent and %d is left of %d", spent, left, paid["user0"])
	}

	// The second node has all there is of a limit when it is killed.
	held, hangUp := crowd.keep(two, "user1", limited)
	if c := crowd.call(t.Context(), one.sbc(), "user1", time.Millisecond); c.code != 402 {
		t.Errorf("a call by the other node got %d, want 402", c.code)
	}
	b.signal(syscall.SIGKILL)
	b.exit()
	killed := time.Now()
	k.used(bank, "user1", 0)
	if took := time.Since(killed); took > time.Minute {
		t.Errorf("the leases of a dead node were free after %s", took)
	}
	if got := codes(crowd.all(one, "user1", limited+1)); got[200] != limited || got[402] != 1 {
		t.Errorf("after the other node's death the calls of one user got %v, want %d times 200 and once 402", got, limited)
	}
	crowd.giveUp()
	hangUp()
	if got := codes(held); got[200] != limited {
		t.Errorf("the calls by the second node got %v, want %d times 200", got, limited)
	}
	one.stop(a)
}

// TestStoreComesAndGoes stops, kills and restarts a real Redis at random moments while prepaid
// and limited calls begin, go on and end. Each that was answered is charged what its record
// says when Redis is back, and nothing twice.
func TestStoreComesAndGoes(t *testing.T) { comeAndGo(t, 3, 30) }

// TestSoakStoreComesAndGoes does it for a quarter of an hour.
func TestSoakStoreComesAndGoes(t *testing.T) {
	if os.Getenv("SOAK") == "" {
		t.Skip("SOAK is not set")
	}
	comeAndGo(t, 150, 60)
}

func comeAndGo(t *testing.T, rounds, calls int) {
	s := newSite(t)
	r := dice(t)
	k := newKeeper(s)
	bank := k.bank()
	who := users(max(16, rounds)) // no account gets so many entries that some are folded
	paid := fund(t, bank, 1_000_000_000, who...)
	crowd := newCrowd(s)
	sbc := s.sallyport(s.charging(s.till(k.sections())))
	var p party
	for round := range rounds {
		p.place(context.WithoutCancel(t.Context()), crowd, r, s, calls, who, 2*time.Second, 3*time.Second)
		time.Sleep(between(r, 200*time.Millisecond, 2*time.Second)) // the moment of the outage is the input
		if round%2 == 0 {
			k.proc.signal(syscall.SIGSTOP)
		} else {
			k.proc.signal(syscall.SIGKILL)
			k.proc.exit()
		}
		time.Sleep(between(r, 100*time.Millisecond, 2500*time.Millisecond)) // and how long it lasts
		if round%2 == 0 {
			k.proc.signal(syscall.SIGCONT)
		} else {
			k.start()
		}
	}
	p.wg.Wait()
	await(t, "all records", func() bool { return len(s.cdrs()) == rounds*calls })
	for _, u := range who {
		k.used(bank, u, 0)
	}
	k.paid(sbc, bank, paid, p.over)
	s.stop(sbc)
	t.Logf("%d calls answered as %v", len(p.over), codes(p.over))
}
