package media

import (
	"os"
	"syscall"
	"time"
)

const (
	gatherFrom = 1  // packets a tick from which gathering pays
	gatherKeep = 32 // ticks it goes on at least
)

// ticker lets packets gather. A wake-up costs as much as relaying a packet or two,
// so where packets are many the worker looks once a tick; where they are few it is
// woken by each; a worker with more to do than a tick holds never waits.
//
// The tick is a timerfd that waits in the runtime's own poller; see gate for why.
type ticker struct {
	tick    time.Duration // 0 = never gather
	fd      int
	file    *os.File // owns fd
	raw     syscall.RawConn
	expired func(fd uintptr) bool

	since   int64 // when handled was zero, ns
	handled int64 // packets
	gather  bool
	armed   bool
}

func (t *ticker) open(tick time.Duration) error {
	t.tick = tick
	if tick <= 0 {
		return nil
	}
	var err error
	if t.fd, err = newTimer(); err != nil {
		return err
	}
	t.file = os.NewFile(uintptr(t.fd), "tick")
	if t.raw, err = t.file.SyscallConn(); err != nil {
		return err
	}
	t.expired = func(fd uintptr) bool { return readCount(int(fd)) }
	return nil
}

func (t *ticker) close() {
	if t.file != nil {
		t.file.Close()
	}
}

// gathering decides whether to let packets gather now.
func (t *ticker) gathering(now int64) bool {
	span := now - t.since
	if t.tick > 0 && span >= int64(t.tick) && (!t.gather || span >= gatherKeep*int64(t.tick)) {
		t.gather = t.handled*int64(t.tick) >= gatherFrom*span
		t.since, t.handled = now, 0
	}
	if t.armed && !t.gather {
		t.arm(0)
	}
	return t.gather
}

// wait waits for the end of the tick.
func (t *ticker) wait() {
	if !t.armed {
		t.arm(t.tick)
	}
	if err := t.raw.Read(t.expired); err != nil {
		t.tick, t.gather = 0, false
	}
}

// arm starts the timer, or stops it with 0.
func (t *ticker) arm(d time.Duration) {
	setTimer(t.fd, d)
	t.armed = d > 0
}
