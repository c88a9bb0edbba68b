package wasm

import (
	"runtime"
	"time"
)

const (
	// fuelSlice is the fuel a guest gets at once: about a tenth of a millisecond. Most hooks need less.
	fuelSlice = 100_000
	// callSlice is the number of host functions that count like a slice of fuel.
	callSlice = 256
)

// budget is the processor time of one hook. The first slice is free of it: until then no clock is read.
type budget struct {
	limit   time.Duration
	begin   time.Duration // thread time at the end of the first slice
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
	b.refills++
	b.check()
	return fuelSlice
}

// tick counts one host function.
func (b *budget) tick() {
	if b.calls++; b.calls%callSlice == 0 {
		b.check()
	}
}

func (b *budget) check() {
	now := threadTime()
	if !b.locked {
		// The clock is the thread's: from here on the goroutine stays on it.
		runtime.LockOSThread()
		b.locked, b.begin = true, threadTime()
		return
	}
	if now-b.begin > b.limit {
		panic(ErrDeadline)
	}
}
