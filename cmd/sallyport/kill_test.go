package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/store/embedded"
)

// TestKilledWithMoney kills the SBC with SIGKILL while prepaid and limited calls begin, go
// on and end, and starts it again, several times. What must hold is said in books_test.go
// and at settledOrHeld.
func TestKilledWithMoney(t *testing.T) { killRounds(t, 3, 40) }

// TestSoakKilledWithMoney does it for a quarter of an hour.
func TestSoakKilledWithMoney(t *testing.T) {
	if os.Getenv("SOAK") == "" {
		t.Skip("SOAK is not set")
	}
	killRounds(t, 100, 150)
}

// limited is how many calls a user may have at a time in these tests.
const limited = 8

// till is what differs between the configurations of these tests, whose calls all have a
// record, a limit and a price.
type till struct {
	node   string
	store  string // the sections of the store
	callee string // ip:port
	slice  string
	away   string // what parallelcalls does while the store is away
	onFail string // what prepaid does
}

// till is the one with defaults.
func (s *site) till(store string) till {
	return till{node: "e2e", store: store, callee: s.port(5090), slice: "1s", away: "refuse", onFail: "refuse"}
}

func (s *site) charging(c till) string {
	return fmt.Sprintf(`
node = "%[1]s"
active_profile = ["default"]
drain_timeout = "1s"
[log]
format = "json"
[interface.public]
udp = ["%[2]s"]
[cache]
dir = "%[3]s"
%[4]s
[module.cdr]
module = "builtin:cdr"
on_fail = "pass"
[module.cdr.config]
file = "cdr.jsonl"
[module.parallelcalls]
module = "builtin:parallelcalls"
[module.parallelcalls.config]
away = "%[5]s"
[module.prepaid]
module = "builtin:prepaid"
on_fail = "%[6]s"
[module.prepaid.config]
slice = "%[7]s"
patience = "40s"
[module.prepaid.limits]
wait = "50s"
[profile.default]
modules = ["cdr", "parallelcalls", "prepaid"]
[profile.default.module.parallelcalls]
user = "$fU"
max_user = "%[8]d"
[profile.default.module.prepaid]
account = "$fU"
tariff = "0.60"
[profile.default.routing]
next_hop = "%[9]s"
[profile.default.media]
relay = false
`, c.node, s.sbc(), filepath.Join(scratch, "cache"), c.store, c.away, c.onFail, c.slice, limited, c.callee)
}

// dice are random numbers that $SEED repeats.
func dice(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("$SEED: %v", err)
		}
	}
	t.Logf("SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// between is a random time.
func between(r *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(r.Int64N(int64(to-from)))
}

// bank opens the store of a site whose SBC does not run, with a clock that is ahead.
func (s *site) bank(ahead time.Duration) *embedded.Store {
	s.t.Helper()
	engine, err := embedded.Open(embedded.Options{
		Path: filepath.Join(s.dir, "store.db"), Deadline: patience,
		Now: func() time.Time { return time.Now().Add(ahead) },
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return engine
}

// fund makes the accounts of some users.
func fund(t *testing.T, engine store.Accounts, amount int64, users ...string) map[string]int64 {
	t.Helper()
	paid := map[string]int64{}
	for _, u := range users {
		if _, err := engine.Deposit(t.Context(), u, "first", amount); err != nil {
			t.Fatal(err)
		}
		paid[u] = amount
	}
	return paid
}

func users(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("user%d", i)
	}
	return all
}

// party is what became of the calls of one life of an SBC.
type party struct {
	mu   sync.Mutex
	over []*attempt // whose goroutine has ended
	wg   sync.WaitGroup
}

// place has callers call at random times within begin, and talk for up to hold.
func (p *party) place(ctx context.Context, c *crowd, r *rand.Rand, s *site, n int, who []string, begin, hold time.Duration) {
	for range n {
		wait, user, talk := between(r, 0, begin), who[r.IntN(len(who))], between(r, 50*time.Millisecond, hold)
		p.wg.Go(func() {
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
			a := c.call(ctx, s.sbc(), user, talk)
			p.mu.Lock()
			p.over = append(p.over, a)
			p.mu.Unlock()
		})
	}
}

// finished are the calls that were over for their callers.
func (p *party) finished() (all []*attempt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range p.over {
		if !a.ended.IsZero() {
			all = append(all, a)
		}
	}
	return all
}

func killRounds(t *testing.T, rounds, calls int) {
	s := newSite(t)
	r := dice(t)
	who := users(max(16, rounds)) // no account gets so many entries that some are folded
	bank := s.bank(0)
	paid := fund(t, bank, 1_000_000_000, who...)
	if err := bank.Close(); err != nil {
		t.Fatal(err)
	}
	c := newCrowd(s)
	config := s.charging(s.till("[store]\npath = \"store.db\"\nlease = \"3s\""))
	known := map[string]cdr{}   // what was durable before
	ids := map[string]string{}  // the SBC's id of a call by its Call-ID
	lives := map[string]*life{} // by Call-ID
	for round := range rounds {
		sbc := s.sallyport(config)
		ctx, cancel := context.WithCancel(t.Context())
		var p party
		p.place(ctx, c, r, s, calls, who, 2*time.Second, 3*time.Second)
		time.Sleep(between(r, 300*time.Millisecond, 2500*time.Millisecond)) // the moment of the kill is the input
		must := p.finished()
		await(t, "records of calls that are over", func() bool {
			there := s.cdrs()
			for _, a := range must {
				if _, ok := there[a.id]; !ok {
					return false
				}
			}
			return true
		})
		sbc.signal(syscall.SIGKILL)
		sbc.exit()
		killed := time.Now()
		cancel()
		p.wg.Wait()
		maps.Copy(ids, sbc.begun())
		there := s.cdrs()
		for id := range known {
			if _, ok := there[id]; !ok {
				t.Errorf("round %d: the record of %s is gone", round, id)
			}
		}
		for _, a := range p.over {
			lives[a.id] = &life{a, killed}
		}
		for id, rec := range there {
			ids[id] = rec.ID
		}
		known = there
		bank := s.bank(0)
		s.settledOrHeld(audit(t, bank, paid), known, ids, lives)
		if err := bank.Close(); err != nil {
			t.Fatal(err)
		}
		if t.Failed() {
			return
		}
	}
	s.afterwards(c, config, paid, known)
}

// life is an attempt and when the SBC that had it was gone.
type life struct {
	*attempt
	gone time.Time
}

// settledOrHeld compares each call's charge with its record. A call
//
//   - with a record and nothing held back is charged what the record says, to the micro-unit;
//   - with something held back was not booked to its end: it is charged for whole slices
//     that were over, not for more than it can have lasted, and what is held back is the
//     one or two slices it had not used up;
//   - without a record was up when the SBC was killed, or had ended just then: charged as
//     the one above;
//   - that was refused, or never answered, is not charged.
func (s *site) settledOrHeld(b books, known map[string]cdr, ids map[string]string, lives map[string]*life) {
	s.t.Helper()
	exact, open := 0, 0
	for callID, l := range lives {
		id := ids[callID]
		charged, held := b.charged[id], b.held[id]
		rec, recorded := known[callID]
		lasted := int64(l.gone.Sub(l.invited)/time.Second) + 1
		switch {
		case id == "":
			if l.code == 200 {
				s.t.Errorf("call %s was answered and stands neither in the log nor in a record", callID)
			}
		case recorded && len(held) == 0:
			exact++
			if charged != rec.cost() {
				s.t.Errorf("call %s is charged %d, its record says %d: %+v", callID, charged, rec.cost(), rec)
			}
		default:
			open++
			if charged%price != 0 || charged > lasted*price || len(held) > 2 {
				s.t.Errorf("call %s, cut off after %d s at most, is charged %d, with %+v held back", callID, lasted, charged, held)
			}
		}
		delete(b.charged, id)
	}
	for id, charged := range b.charged {
		if charged != 0 && id != "" {
			s.t.Errorf("a call %s that nobody knows is charged %d", id, charged)
		}
	}
	s.t.Logf("%d calls: %d charged as recorded, %d cut off", len(lives), exact, open)
}

// afterwards starts the SBC for the last time: its limits are right at once, its calls are
// charged to the micro-unit, and what the dead ones held back is free when its time is over.
func (s *site) afterwards(c *crowd, config string, paid map[string]int64, known map[string]cdr) {
	s.t.Helper()
	sbc := s.sallyport(config)
	all := c.all(s, "user0", limited+4)
	count := map[int]int{}
	for _, a := range all {
		count[a.code]++
	}
	if count[200] != limited || count[402] != len(all)-limited {
		s.t.Errorf("after the restart the calls of one user got %v, want %d times 200 and %d times 402", count, limited, len(all)-limited)
	}
	await(s.t, "all records", func() bool { return len(s.cdrs()) == len(known)+len(all) })
	s.stop(sbc)
	there := s.cdrs()
	bank := s.bank(0)
	b := audit(s.t, bank, paid)
	for _, a := range all {
		rec := there[a.id]
		if b.charged[rec.ID] != rec.cost() || len(b.held[rec.ID]) > 0 {
			s.t.Errorf("call %s is charged %d, its record says %d; %+v is held back", a.id, b.charged[rec.ID], rec.cost(), b.held[rec.ID])
		}
	}
	if err := bank.Close(); err != nil {
		s.t.Fatal(err)
	}
	bank = s.bank(10 * time.Minute) // a slice and the five minutes a call may ring
	later := audit(s.t, bank, paid)
	for name, balance := range later.balance {
		if balance.Reserved != 0 || balance.Amount != b.balance[name].Amount {
			s.t.Errorf("account %s is at %+v when all reservations are overdue, before it was %+v", name, balance, b.balance[name])
		}
	}
	if err := bank.Close(); err != nil {
		s.t.Fatal(err)
	}
}
