package media

import (
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// gate is where a worker with little to do waits. The worker's epoll set hangs in
// the gate, and the gate in the runtime's poller: the worker's goroutine parks like
// any other that reads a socket. While it lets packets gather, its set is taken out
// of the gate, so that they wake nobody.
//
// Waiting in a system call or in time.Sleep would be simpler and costs more than
// relaying: while a thread is in a system call, or a runtime timer is due, the
// scheduler's monitor wakes every 20 µs to see whether to take over.
type gate struct {
	fd     int
	file   *os.File // owns fd
	raw    syscall.RawConn
	look   func(uintptr) bool
	inside bool

	ep     int
	events []unix.EpollEvent
	n      int
}

func (g *gate) open() (err error) {
	if g.fd, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	if err = unix.SetNonblock(g.fd, true); err != nil { // else the runtime would not poll it
		unix.Close(g.fd)
		return err
	}
	g.file = os.NewFile(uintptr(g.fd), "gate")
	g.raw, err = g.file.SyscallConn()
	g.look = func(uintptr) bool {
		g.n = poll(g.ep, g.events)
		return g.n > 0
	}
	return err
}

func (g *gate) close() {
	if g.file != nil {
		g.file.Close()
	}
}

// wait waits for events of an epoll set.
func (g *gate) wait(ep int, events []unix.EpollEvent) (int, error) {
	if !g.inside {
		ev := unix.EpollEvent{Events: unix.EPOLLIN}
		if err := unix.EpollCtl(g.fd, unix.EPOLL_CTL_ADD, ep, &ev); err != nil {
			return 0, err
		}
		g.inside = true
	}
	g.ep, g.events, g.n = ep, events, 0
	err := g.raw.Read(g.look)
	return g.n, err
}

// leave takes the set out of the gate.
func (g *gate) leave(ep int) {
	if g.inside {
		_ = unix.EpollCtl(g.fd, unix.EPOLL_CTL_DEL, ep, nil)
		g.inside = false
	}
}

// newTimer makes a timer to be waited for like a socket.
func newTimer() (int, error) {
	return unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
}

// setTimer makes it expire every d, or never with 0.
func setTimer(fd int, d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	_ = unix.TimerfdSettime(fd, 0, &unix.ItimerSpec{Interval: ts, Value: ts}, nil) // cannot fail for a timer
}

// readCount reads a timer or an eventfd; false = it is not due yet.
func readCount(fd int) bool {
	var count [8]byte
	_, _, e := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&count)), uintptr(len(count)))
	return e != unix.EAGAIN
}
