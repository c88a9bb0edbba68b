package media

import (
	"slices"

	"golang.org/x/sys/unix"
)

// post has f run on the worker's thread, in the order of posting. It reports false
// when the worker has ended: then f never runs.
func (w *worker) post(f func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return false
	}
	w.mail = append(w.mail, f)
	if len(w.mail) == 1 {
		one := [8]byte{1}
		_, _ = unix.Write(w.wake, one[:]) // fails only if it is awake already
	}
	return true
}

// openMail runs what was posted.
func (w *worker) openMail() {
	var count [8]byte
	_, _ = unix.Read(w.wake, count[:])
	w.mu.Lock()
	mail := w.mail
	w.mail = w.spare[:0]
	w.mu.Unlock()
	for _, f := range mail {
		f()
	}
	clear(mail)
	w.spare = mail
	if cap(w.spare) > 1024 {
		w.spare = nil
	}
}

// stop ends the worker and waits for it.
func (w *worker) stop() {
	w.post(func() { w.quit = true })
	<-w.done
}

// end is the last thing a worker does: it closes every socket.
func (w *worker) end() {
	for first := true; ; first = false {
		w.mu.Lock()
		w.stopped = !first && len(w.mail) == 0
		done := w.stopped
		w.mu.Unlock()
		if done {
			break
		}
		w.openMail()
	}
	for _, l := range w.legs {
		if l != nil {
			unix.Close(int(l.fd))
		}
	}
	w.publish()
	unix.Close(w.wake)
	unix.Close(w.ep)
}

// add makes a leg's socket known to the worker.
func (w *worker) add(l *leg) {
	if n := len(w.unused); n > 0 {
		l.slot, w.unused = w.unused[n-1], w.unused[:n-1]
		w.legs[l.slot] = l
	} else {
		l.slot = int32(len(w.legs))
		w.legs = append(w.legs, l)
	}
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: l.slot}
	if err := unix.EpollCtl(w.ep, unix.EPOLL_CTL_ADD, int(l.fd), &ev); err != nil {
		w.log.Error("media port not polled", "err", err)
	}
}

// remove closes a leg's socket, which the kernel then takes out of the epoll set.
func (w *worker) remove(l *leg) {
	if l.slot < 0 {
		return
	}
	unix.Close(int(l.fd))
	w.legs[l.slot] = nil
	w.unused = append(w.unused, l.slot)
	l.slot = -1
}

// join and leave keep the list of sessions whose silence is checked.
func (w *worker) join(r *relay) { w.relays = append(w.relays, r) }

func (w *worker) leave(r *relay) {
	if i := slices.Index(w.relays, r); i >= 0 {
		last := len(w.relays) - 1
		w.relays[i], w.relays[last] = w.relays[last], nil
		w.relays = w.relays[:last]
	}
}

// checkSilence looks for sessions nobody sends in. It runs once a second.
func (w *worker) checkSilence() {
	for _, r := range w.relays {
		if r.silent(w.now) {
			w.sum.Timeouts++
			w.expire(r)
		}
	}
}

// publish shows the sums to others.
func (w *worker) publish() {
	s := &w.sum
	for i, v := range [...]uint64{s.Packets, s.Bytes, s.Late, s.Dropped, s.Rejected, s.Learning, s.Malformed, s.Timeouts} {
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
	}
}
