package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/store/redis"
)

// keeper is a real Redis that keeps its data in a folder of the site.
type keeper struct {
	s    *site
	addr string
	proc *process
}

func newKeeper(s *site) *keeper {
	s.t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		s.t.Fatal("redis-server is missing; install it with: apt-get install -y redis-server")
	}
	k := &keeper{s: s, addr: s.port(6379)}
	k.start()
	return k
}

// start starts Redis on the data that is there.
func (k *keeper) start() {
	k.s.t.Helper()
	k.mend()
	host, port, _ := net.SplitHostPort(k.addr)
	k.proc = start(k.s.t, k.s.dir, "redis-server", "--bind", host, "--port", port, "--dir", k.s.dir,
		"--save", "", "--appendonly", "yes", "--appendfsync", "always")
	await(k.s.t, "Redis", func() bool { return k.say("PING") == "+PONG" })
}

// mend cuts off what a Redis that was killed wrote half of. Redis 7.0 does not when the cut
// is inside of a script's transaction: it leaves the first half, skips it when it starts, and
// does it when it starts the next time.
func (k *keeper) mend() {
	k.s.t.Helper()
	manifest := filepath.Join(k.s.dir, "appendonlydir", "appendonly.aof.manifest")
	if _, err := os.Stat(manifest); err != nil {
		return // the first start
	}
	ctx, cancel := context.WithTimeout(k.s.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "redis-check-aof", "--fix", manifest)
	cmd.Stdin = strings.NewReader("y\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		k.s.t.Fatalf("redis-check-aof: %v\n%s", err, out)
	}
}

// say gives Redis one command and returns the first line of the answer, "" without one.
func (k *keeper) say(command string) string {
	conn, err := net.DialTimeout("tcp", k.addr, time.Second)
	if err != nil {
		return ""
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	fmt.Fprintf(conn, "%s\r\n", command)
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return ""
	}
	return strings.TrimSpace(line)
}

// bank is a connection of the test's own.
func (k *keeper) bank() *redis.Store {
	k.s.t.Helper()
	b, err := redis.Open(redis.Options{Addresses: []string{k.addr}, Deadline: patience})
	if err != nil {
		k.s.t.Fatal(err)
	}
	k.s.t.Cleanup(func() { _ = b.Close() })
	return b
}

func (k *keeper) sections() string {
	return fmt.Sprintf("[store]\nengine = \"redis\"\nlease = \"3s\"\n[redis]\naddresses = [%q]", k.addr)
}

// codes counts how calls were answered.
func codes(calls []*attempt) map[int]int {
	n := map[int]int{}
	for _, a := range calls {
		n[a.code]++
	}
	return n
}

// TestStoreIsAway takes a real Redis away in the middle of calls and brings it back with all
// it had: stopped so that it answers nothing, and killed. Calls that begin meanwhile are
// what the modules are told to do with them, nobody hangs, and afterwards the counts and
// the money are right without anybody's help.
func TestStoreIsAway(t *testing.T) {
	const callers = limited + 3
	for _, c := range []struct {
		name         string
		away, onFail string
		kill         bool
		want         map[int]int // how the calls that begin meanwhile are answered
	}{
		{"stopped, refuse", "refuse", "refuse", false, map[int]int{503: callers}},
		{"stopped, pass", "pass", "pass", false, map[int]int{200: callers}},
		{"stopped, share", "share", "pass", false, map[int]int{200: limited, 402: callers - limited}},
		{"killed, refuse", "refuse", "refuse", true, map[int]int{503: callers}},
		{"killed, pass", "pass", "pass", true, map[int]int{200: callers}},
		{"killed, share", "share", "pass", true, map[int]int{200: limited, 402: callers - limited}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t)
			k := newKeeper(s)
			bank := k.bank()
			paid := fund(t, bank, 1_000_000_000, "user0", "user1", "user2")
			crowd := newCrowd(s)
			config := s.till(k.sections())
			config.away, config.onFail, config.slice = c.away, c.onFail, "30s"
			sbc := s.sallyport(s.charging(config))

			// Calls that are up when Redis goes and still are when it comes back.
			before, hangUp := crowd.keep(s, "user0", 4)

			if c.kill {
				k.proc.signal(syscall.SIGKILL)
				k.proc.exit()
			} else {
				k.proc.signal(syscall.SIGSTOP)
			}
			during := crowd.all(s, "user1", callers)
			if got := codes(during); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("while Redis is away, %d calls of one user got %v, want %v", callers, got, c.want)
			}
			sbc.line("store is away")
			if c.kill {
				k.start()
			} else {
				k.proc.signal(syscall.SIGCONT)
			}

			// It comes back by itself, with all that was up and nothing else.
			var after []*attempt
			sbc.line("store is back")
			await(t, "a call that is paid after the outage", func() bool {
				after = append(after, crowd.call(t.Context(), s.sbc(), "user2", 50*time.Millisecond))
				b, err := bank.Balance(t.Context(), "user2")
				return err == nil && b.Amount < paid["user2"]
			})
			k.used(bank, "user0", 4)
			k.used(bank, "user1", 0)
			hangUp()
			all := append(append(before, during...), after...)
			await(t, "all records", func() bool { return len(s.cdrs()) == len(all) })
			k.used(bank, "user0", 0)
			k.used(bank, "user2", 0)
			k.paid(sbc, bank, paid, before)
			s.stop(sbc)
			unpaid := audit(t, bank, paid)
			for _, a := range during {
				if charged := unpaid.charged[s.cdrs()[a.id].ID]; charged != 0 {
					t.Errorf("a call that began while Redis was away is charged %d", charged)
				}
			}
		})
	}
}

// used waits until a user's calls count as n in Redis, a minute at most.
func (k *keeper) used(bank store.Leases, user string, n int64) {
	k.s.t.Helper()
	await(k.s.t, fmt.Sprintf("%d calls of %s in Redis", n, user), func() bool {
		used, err := bank.Used(k.s.t.Context(), "parallelcalls/user/"+user)
		return err == nil && used == n
	})
}

// paid waits until nothing is held back for the calls that were answered, and says that
// each was charged what its record says; those that were not, nothing.
func (k *keeper) paid(sbc *process, bank store.Accounts, paid map[string]int64, calls []*attempt) {
	k.s.t.Helper()
	there := k.s.cdrs()
	answered := map[string]bool{}
	for _, a := range calls {
		answered[there[a.id].ID] = a.code == 200
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); ; <-tick.C {
		var held []store.Reservation
		for user := range paid {
			open, err := bank.Reservations(k.s.t.Context(), user)
			if err != nil {
				k.s.t.Fatal(err)
			}
			for _, r := range open {
				if id, _, _ := strings.Cut(r.Call, "/"); answered[id] {
					held = append(held, r)
				}
			}
		}
		if len(held) == 0 {
			break
		}
		if time.Now().After(end) {
			for _, r := range held {
				id, _, _ := strings.Cut(r.Call, "/")
				k.s.t.Errorf("%+v is held back for a call that is over:\n%s", r, strings.Join(sbc.about(id), "\n"))
			}
			break
		}
	}
	b := audit(k.s.t, bank, paid)
	for _, a := range calls {
		if rec := there[a.id]; b.charged[rec.ID] != rec.cost() {
			k.s.t.Errorf("call %s (%d) is charged %d, its record says %d: %+v", a.id, a.code, b.charged[rec.ID], rec.cost(), rec)
		}
	}
}

// TestStoreIsEmptied empties a real Redis in the middle of calls. The accounts are gone, and
// everybody is told: calls that begin are refused as calls of unknown accounts are, what
// cannot be booked is an error in the log for each call. The calls that are up go on and
// count again, since their node tells Redis of them. Accounts that are filled anew work.
func TestStoreIsEmptied(t *testing.T) {
	s := newSite(t)
	k := newKeeper(s)
	bank := k.bank()
	fund(t, bank, 1_000_000_000, "user0", "user1")
	crowd := newCrowd(s)
	config := s.till(k.sections())
	config.slice = "30s"
	sbc := s.sallyport(s.charging(config))
	before, hangUp := crowd.keep(s, "user0", 4)
	k.used(bank, "user0", 4)
	if got := k.say("FLUSHALL"); got != "+OK" {
		t.Fatalf("FLUSHALL: %q", got)
	}
	k.used(bank, "user0", 4)
	if a := crowd.call(t.Context(), s.sbc(), "user1", time.Millisecond); a.code != 500 {
		t.Errorf("a call of an account that is gone got %d, want 500", a.code)
	}
	hangUp()
	await(t, "records", func() bool { return len(s.cdrs()) == 5 })
	k.used(bank, "user0", 0)
	there := s.cdrs()
	await(t, "an error for each call that could not be booked", func() bool {
		told := sbc.errors()
		for _, a := range before {
			if a.code != 200 || !told[there[a.id].ID] {
				return false
			}
		}
		return true
	})
	paid := fund(t, bank, 1_000_000_000, "user0", "user1")
	again := crowd.all(s, "user1", limited+1)
	if got := codes(again); got[200] != limited || got[402] != 1 {
		t.Errorf("with new accounts the calls of one user got %v, want %d times 200 and once 402", got, limited)
	}
	await(t, "records", func() bool { return len(s.cdrs()) == 5+len(again) })
	k.paid(sbc, bank, paid, again)
	s.stop(sbc)
}
