package media

import (
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// mailbox brings a worker what sessions want of it. The worker opens it whenever a
// packet or the next second wakes it, before it looks at packets; so mail wakes it
// only out of the sleep of a worker without sessions, and setting up a call costs
// no switch of threads.
type mailbox struct {
	full   atomic.Bool
	asleep atomic.Bool

	mu     sync.Mutex // guards what follows
	list   []func()
	spare  []func()
	closed bool
}

// post has f run by the worker, in the order of posting and before any packet that
// comes later is looked at. It reports false when the worker has ended: then f
// never runs.
func (w *worker) post(f func()) bool {
	m := &w.mail
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false
	}
	m.list = append(m.list, f)
	m.full.Store(true)
	if m.asleep.Load() {
		w.rouse()
	}
	return true
}

// rouse wakes the worker. The mailbox is locked and open: a worker that has ended has
// closed what this writes to, and the number may be another file's by now.
func (w *worker) rouse() {
	one := [8]byte{1}
	_, _ = unix.Write(w.wake, one[:]) // fails only if that was done already
}

// openMail runs what was posted.
func (w *worker) openMail() {
	m := &w.mail
	if !m.full.Load() {
		return
	}
	m.mu.Lock()
	list := m.list
	m.list = m.spare[:0]
	m.full.Store(false)
	m.mu.Unlock()
	for _, f := range list {
		f()
	}
	clear(list)
	if cap(list) > 1024 { // after a burst
		list = nil
	}
	m.mu.Lock()
	m.spare = list
	m.mu.Unlock()
}

// stop ends the worker and waits for it.
func (w *worker) stop() {
	m := &w.mail
	m.mu.Lock()
	if !m.closed {
		m.list = append(m.list, func() { w.quit = true })
		m.full.Store(true)
		w.rouse()
	}
	m.mu.Unlock()
	<-w.done
}

// end is the last thing a worker does: it closes every socket. The mailbox is
// closed first, so that no session adds another.
func (w *worker) end() {
	w.mail.mu.Lock()
	w.mail.closed = true
	w.mail.mu.Unlock()
	w.openMail()
	for _, l := range w.legs.all() {
		w.remove(l)
	}
	w.publish()
	w.close()
}

// add makes a leg's socket known to the worker. Any goroutine may call it.
func (w *worker) add(l *leg) error {
	w.legs.set(l.fd, l)
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: l.fd}
	if err := unix.EpollCtl(w.ep, unix.EPOLL_CTL_ADD, int(l.fd), &ev); err != nil {
		w.legs.set(l.fd, nil)
		return err
	}
	return nil
}

// remove closes a leg's socket, which takes it out of the epoll set. Only the
// worker calls it, so that no packet is ever read from a descriptor used anew.
func (w *worker) remove(l *leg) {
	if l.fd >= 0 {
		w.legs.set(l.fd, nil)
		unix.Close(int(l.fd))
		l.fd = -1
	}
}
