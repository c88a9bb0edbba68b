package media

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	maxDatagram = 65_535
	batch       = 256 // events read at once

	// shedAfter is how long a worker may have found work at every look before it
	// takes what waits in its sockets for late; of each socket it then relays the
	// newest keepNewest packets, 160 ms of a phone's. Nothing need be known of a
	// single packet's age for that, so it costs nothing while all is well.
	shedAfter  = 200 * time.Millisecond
	keepNewest = 8
)

// worker relays the packets of its sessions in a goroutine of its own. All legs of
// a session belong to one worker, so nothing is shared on a packet's way.
type worker struct {
	ep, wake int
	seconds  int // timer for the check of silence, runs while there are sessions
	begun    time.Time
	done     chan struct{}
	expire   func(*relay)
	log      *slog.Logger
	legs     table

	mail mailbox

	// Owned by the worker's goroutine. Nobody else reads or writes below this line.

	tick   ticker
	idle   gate
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

	shown [12]atomic.Uint64 // sum, for whoever reads
}

func newWorker(tick time.Duration, expire func(*relay), log *slog.Logger) (*worker, error) {
	w := &worker{
		ep: -1, wake: -1, seconds: -1, begun: time.Now(), done: make(chan struct{}), expire: expire, log: log,
		buf: make([]byte, maxDatagram),
	}
	if err := w.open(tick); err != nil {
		w.close()
		return nil, fmt.Errorf("media worker: %w", err)
	}
	return w, nil
}

// open makes what the worker waits on.
func (w *worker) open(tick time.Duration) (err error) {
	if w.ep, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	if w.wake, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		return err
	}
	if w.seconds, err = newTimer(); err != nil {
		return err
	}
	for _, fd := range []int{w.wake, w.seconds} {
		ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}
		if err = unix.EpollCtl(w.ep, unix.EPOLL_CTL_ADD, fd, &ev); err != nil {
			return err
		}
	}
	if err = w.idle.open(); err != nil {
		return err
	}
	return w.tick.open(tick)
}

// close undoes open.
func (w *worker) close() {
	w.tick.close()
	w.idle.close()
	for _, fd := range []int{w.seconds, w.wake, w.ep} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}

// run relays until stop was called. It is the worker's goroutine.
func (w *worker) run() {
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
		w.openMail()
		w.relay(n)
		if w.now.second != check {
			check = w.now.second
			w.checkSilence()
		}
		w.publish()
	}
}

// rest waits for work and returns how many events are there.
func (w *worker) rest() int {
	if w.tick.gathering(w.time().ns) {
		w.idle.leave(w.ep)
		w.tick.wait()
		return 0
	}
	if len(w.relays) == 0 {
		w.mail.asleep.Store(true)
		defer w.mail.asleep.Store(false)
		if w.mail.full.Load() {
			return 0
		}
	}
	n, err := w.idle.wait(w.ep, w.events[:])
	if err != nil {
		w.log.Error("media worker ends", "err", err)
		w.quit = true
	}
	w.clear = w.time().ns // what woke us has not waited
	return n
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
	for i := range w.events[:n] {
		fd := w.events[i].Fd
		l := w.legs.at(fd)
		switch {
		case l == nil: // closed since, or one of ours
			if int(fd) == w.wake || int(fd) == w.seconds {
				readCount(int(fd))
			}
		case shed:
			w.drain(l)
		default:
			w.forward(l)
		}
	}
	w.tick.handled += int64(n)
}

// forward relays the next packet of a leg.
func (w *worker) forward(l *leg) {
	n, e := receive(l.fd, w.buf, &w.from)
	if e != 0 {
		return // an ICMP error of an earlier packet, or nothing there
	}
	if out := l.accept(w.buf[:n], w.from.addr(l.v6), w.now); out != nil {
		w.send(l, out, w.buf[:n])
	}
}

// send sends a packet of leg l out of another leg's port. What the kernel does not
// take at once is dropped: it would be late.
func (w *worker) send(l, out *leg, b []byte) {
	if out.dst.port == 0 {
		l.drop()
		return
	}
	if e := send(out.fd, b, &w.to, w.to.set(&out.dst, out.v6)); e != 0 {
		l.drop()
		return
	}
	if l.treated {
		l.tap(b, out.cold.local, out.dst.netip(out.v6))
	}
	w.sum.Packets++
	w.sum.Bytes += uint64(len(b))
}

// join and leave keep the list of sessions whose silence is checked.
func (w *worker) join(r *relay) {
	if len(w.relays) == 0 {
		setTimer(w.seconds, time.Second)
	}
	r.place = len(w.relays)
	w.relays = append(w.relays, r)
}

func (w *worker) leave(r *relay) {
	last := len(w.relays) - 1
	moved := w.relays[last]
	w.relays[r.place], moved.place = moved, r.place
	w.relays[last] = nil
	w.relays = w.relays[:last]
	if last == 0 {
		setTimer(w.seconds, 0)
	}
}

// checkSilence looks for sessions nobody sends in, and for tones nobody ended. It runs
// once a second.
func (w *worker) checkSilence() {
	for _, r := range w.relays {
		if r.treatment.DetectDTMF {
			r.endTones(w.now)
		}
		if r.silent(w.now) {
			w.sum.Timeouts++
			w.publish() // who is told finds it counted
			w.expire(r)
		}
	}
}

// publish shows the sums to others.
func (w *worker) publish() {
	s := &w.sum
	for i, v := range [...]uint64{s.Packets, s.Bytes, s.Late, s.Dropped, s.Rejected, s.Learning, s.Malformed, s.Timeouts, s.Filtered, s.Limited, s.Digits, s.DigitsUntold} {
		if w.shown[i].Load() != v {
			w.shown[i].Store(v)
		}
	}
}

// totals reads them.
func (w *worker) totals() Totals {
	v := func(i int) uint64 { return w.shown[i].Load() }
	return Totals{
		Packets: v(0), Bytes: v(1), Late: v(2), Dropped: v(3), Rejected: v(4), Learning: v(5), Malformed: v(6), Timeouts: v(7),
		Filtered: v(8), Limited: v(9), Digits: v(10), DigitsUntold: v(11),
	}
}
