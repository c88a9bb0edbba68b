package sink

import (
	"fmt"
	"regexp"
	"syscall"
	"testing"

	"github.com/sallyport-sbc/sallyport/host/cdr"
)

// killed twice while records are on their way; what has arrived is what was sent.
func killedInTheMiddle(t *testing.T, open func() (cdr.Sink, error), kill, start func(), ids func() map[string]int) {
	s := newSource(t, open)
	for range 2 {
		s.emit(3000)
		until(t, "some have arrived", func() bool { return s.stats().Delivered > uint64(s.next)-3000 })
		kill()
		s.emit(1000)
		s.failed()
		start()
	}
	s.emit(1000)
	s.drained()
	got, twice := ids(), 0
	for i := range s.next {
		n := got[cdr.Identify([]byte(line(i))).String()]
		if n == 0 {
			t.Fatalf("record %d has not arrived", i)
		}
		if n > 1 {
			twice++
		}
	}
	if len(got) != s.next {
		t.Errorf("%d ids of %d records", len(got), s.next)
	}
	t.Logf("%d records, %d of them twice", s.next, twice)
}

func TestKilledInTheMiddle(t *testing.T) {
	t.Run("http", func(t *testing.T) {
		w := newWeb(t)
		killedInTheMiddle(t, w.sink(nil), w.kill, func() { w.start(w.addr) }, func() map[string]int {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.records
		})
	})
	t.Run("redis", func(t *testing.T) {
		r := newRedis(t)
		uuid := regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
		killedInTheMiddle(t, r.sink(0), r.kill, r.start, func() map[string]int {
			var n int
			fmt.Sscanf(r.ask("XLEN cdr"), ":%d", &n)
			ids := map[string]int{}
			// An entry is twelve lines, and the answer begins with one.
			for _, text := range r.lines("XRANGE cdr - +", 12*n+1) {
				if uuid.MatchString(text) {
					ids[text]++
				}
			}
			return ids
		})
	})
	t.Run("postgres", func(t *testing.T) {
		c := newCluster(t)
		killedInTheMiddle(t, c.sink(nil), func() { c.Stop(syscall.SIGQUIT) }, c.Start, func() map[string]int {
			ids := map[string]int{}
			for _, id := range c.Query("SELECT id::text FROM cdr") {
				ids[id]++
				if ids[id] > 1 {
					t.Errorf("%s stands there twice", id)
				}
			}
			return ids
		})
	})
	t.Run("syslog", func(t *testing.T) {
		r := newReceiver(t, octets)
		addr := r.listen("tcp", "127.0.0.1:0")
		killedInTheMiddle(t, syslog("tcp", addr), r.kill, func() { r.listen("tcp", addr) }, func() map[string]int {
			until(t, "what is on its way has arrived", func() bool { return r.has(9000) })
			ids := map[string]int{}
			r.mu.Lock()
			defer r.mu.Unlock()
			for id := range r.got {
				ids[id] = 1
			}
			return ids
		})
	})
}
