package wasm

import (
	"runtime"
	"time"
)

const (
	// fuelSlice is the fuel a guest gets at once: for code of the Go compiler some microseconds, for a tight loop a
	// tenth of a millisecond.
	fuelSlice = 100_000
	// freeSlices are the slices for which no clock is read: most hooks need less.
	freeSlices = 3
	// callSlice is the number of host functions after which the clock is read; long ones count more than once.
	callSlice = 256
)

// budget is the processor time of one hook.
type budget struct {
	limit   time.Duration
	begin   time.Duration // thread time when the clock was read first
	refills uint64
	calls   uint32
	locked  bool
}

func (b *budget) reset(limit time.Duration) { *b = budget{limit: limit} }

// stop unties the goroutine from its thread.
func (b *budget) stop() {
	if b.locked {
		b.locked = false
		runtime.UnlockOSThread()
	}
}

// refill returns new fuel. It panics with ErrDeadline, which wazero turns into the guest's end.
func (b *budget) refill() int64 {
	if b.refills++; b.refills > freeSlices {
		b.check()
	}
	return fuelSlice
}

// tick counts n host functions.
func (b *budget) tick(n uint32) {
	if b.calls += n; b.calls >= callSlice {
		b.calls = 0
		b.check()
	}
}

// check reads the clock. That it reads it for the first time only here makes the budget larger by what was used
// until then, which is small.
func (b *budget) check() {
	if !b.locked {
		// The clock is the thread's: from here on the goroutine stays on it.
		runtime.LockOSThread()
		b.locked, b.begin = true, threadTime()
		return
	}
	if threadTime()-b.begin > b.limit {
		panic(ErrDeadline)
	}
}
