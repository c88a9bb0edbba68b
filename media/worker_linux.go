package media

import (
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	maxDatagram = 65_535
	batch       = 256 // events read at once
	wakeSlot    = -1  // epoll data of the mailbox's eventfd

	// shedAfter is how long a worker may have found work at every look before it
	// takes what waits in its sockets for late; of each socket it then relays the
	// newest keepNewest packets. Nothing need be known of a single packet's age
	// for that, so it costs nothing while all is well.
	shedAfter  = 200 * time.Millisecond
	keepNewest = 4

	gatherFrom = 3       // packets a tick from which gathering pays
	shortNap   = 100_000 // ns; less is not worth a timer
)

// worker relays the packets of its sessions on a thread of its own. All legs of a
// session belong to one worker, so nothing is shared on a packet's way.
type worker struct {
	ep, wake int
	tick     time.Duration
	begun    time.Time
	done     chan struct{}
	expire   func(*relay)
	log      *slog.Logger

	mu      sync.Mutex // guards the mailbox
	mail    []func()
	stopped bool

	// Owned by the worker's thread. Nobody else reads or writes below this line.

	spare  []func()
	legs   []*leg // by slot; nil = free
	unused []int32
	relays []*relay
	events [batch]unix.EpollEvent
	buf    []byte
	ring   [keepNewest][]byte // only while shedding
	from   sockaddr
	to     sockaddr
	now    instant
	clear  int64 // when the sockets were last seen empty, ns
	sum    Totals
	quit   bool

	woke    int64 // when the last rest ended, ns
	since   int64 // when handled was zero
	handled int64 // packets
	gather  bool  // packets are many

	shown [8]atomic.Uint64 // sum, for whoever reads
}

func newWorker(tick time.Duration, expire func(*relay), log *slog.Logger) (*worker, error) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("media: epoll: %w", err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err == nil {
		err = unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, wake, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: wakeSlot})
	}
	if err != nil {
		unix.Close(ep)
		return nil, fmt.Errorf("media: eventfd: %w", err)
	}
	w := &worker{
		ep: ep, wake: wake, tick: tick, begun: time.Now(), done: make(chan struct{}), expire: expire, log: log,
		buf: make([]byte, maxDatagram),
	}
	return w, nil
}

// run relays until stop was called. It is the worker's goroutine.
func (w *worker) run() {
	runtime.LockOSThread()
	defer close(w.done)
	defer w.end()
	w.now = w.time()
	check := w.now.second
	for !w.quit {
		n := poll(w.ep, w.events[:])
		if n == 0 {
			w.clear = w.now.ns
			n = w.rest()
		}
		w.now = w.time()
		w.relay(n)
		if w.now.second != check {
			check = w.now.second
			w.checkSilence()
		}
		w.publish()
	}
}

// rest waits and returns how many events woke it. Where packets are many it lets
// them gather for the rest of the tick, because a wake-up costs as much as relaying
// a packet; where they are few each is relayed as it comes.
func (w *worker) rest() int {
	now := w.time().ns
	if span := now - w.since; span >= int64(w.tick) {
		w.gather = w.tick > 0 && w.handled*int64(w.tick) >= gatherFrom*span
		w.since, w.handled = now, 0
	}
	if w.gather {
		if left := w.woke + int64(w.tick) - now; left >= shortNap {
			nap(left)
		}
		w.woke = w.time().ns
		return 0
	}
	n := w.block()
	w.woke = w.time().ns
	w.clear = w.woke // what woke us has not waited
	return n
}

// block waits for the next event. With sessions it returns in time for the check
// of their silence.
func (w *worker) block() int {
	timeout := -1
	if len(w.relays) > 0 {
		timeout = 1000
	}
	n, err := unix.EpollWait(w.ep, w.events[:], timeout)
	if err != nil {
		return 0
	}
	return n
}

// nap sleeps for some nanoseconds, or less when a signal comes.
func nap(ns int64) {
	ts := unix.NsecToTimespec(ns)
	_ = unix.Nanosleep(&ts, nil)
}

// time returns the instant now.
func (w *worker) time() instant {
	ns := int64(time.Since(w.begun))
	s := ns / int64(time.Second)
	return instant{ns: ns, second: uint32(s) + 1, frac: uint32(ns - s*int64(time.Second))}
}

// relay handles n events.
func (w *worker) relay(n int) {
	shed := w.now.ns-w.clear > int64(shedAfter)
	letters := false
	for i := range w.events[:n] {
		slot := w.events[i].Fd
		switch {
		case slot == wakeSlot:
			letters = true
		case shed:
			w.drain(w.legs[slot])
		default:
			w.forward(w.legs[slot])
		}
	}
	w.handled += int64(n)
	if letters { // after the batch, so that no event meets another's leg
		w.openMail()
	}
}

// forward relays the next packet of a leg.
func (w *worker) forward(l *leg) {
	n, e := receive(l.fd, w.buf, &w.from)
	if e != 0 {
		return // an ICMP error of an earlier packet, or gone
	}
	if out := l.accept(w.buf[:n], w.from.addr(l.v6), w.now); out != nil {
		w.send(l, out, w.buf[:n])
	}
}

// send sends a packet of leg l out of another leg's port.
func (w *worker) send(l, out *leg, b []byte) {
	if out.dst.port == 0 {
		l.drop()
		return
	}
	if e := send(out.fd, b, &w.to, w.to.set(&out.dst, out.v6)); e != 0 {
		l.drop()
		return
	}
	w.sum.Packets++
	w.sum.Bytes += uint64(len(b))
}
