package sdk

import (
	"unsafe"

	"github.com/sallyport-sbc/sallyport/abi/wire"
)

// Limits count calls and rates, over all nodes with Redis. They need the capability
// sbc_limit. Their functions may wait.
type Limits struct{ c *Call }

// Limits count for this call.
func (c *Call) Limits() Limits { return Limits{c} }

// Limit is one ceiling of a lease.
type Limit struct {
	Key  string
	Max  int64
	Cost int64 // 0 counts as 1
}

// Away says what a limit does when the store is away.
type Away uint64

// What a limit does when the store is away.
const (
	AwayFail  Away = iota // Acquire fails with ErrIO or ErrTimeout
	AwayPass              // the lease is held without asking
	AwayShare             // this node's part of the limit counts
)

// Acquire holds a lease against all limits, or against none: then denied is the key of one
// that is full. The lease is this use's in this call, and given back by itself when
// the call has ended; a second Acquire replaces it.
func (l Limits) Acquire(away Away, limits ...Limit) (denied string, err error) {
	return l.AcquireAs("", away, limits...)
}

// AcquireAs is Acquire for a lease of that name, to be given back by ReleaseAs.
func (l Limits) AcquireAs(lease string, away Away, limits ...Limit) (denied string, err error) {
	for more := true; more; more = !l.c.composed() {
		w := l.c.compose(wire.LimitSlots)
		w.Text(wire.LimitLease, lease)
		w.U64(wire.LimitAway, uint64(away))
		at := w.List(wire.LimitLimits, len(limits))
		for i := range limits {
			x := &limits[i]
			var b [48]byte
			text := appendInt(b[:0], x.Max)
			if x.Cost != 0 {
				text = appendInt(append(text, ' '), x.Cost)
			}
			w.Pair(at, i, x.Key, unsafe.String(unsafe.SliceData(text), len(text))) // which copies it
		}
	}
	in, err := l.c.look(l.c.host.limitAcquire)
	if err == ErrConflict {
		return in.Text(wire.ResultBody), nil
	}
	return "", err
}

// Release gives back what Acquire took.
func (l Limits) Release() error { return l.ReleaseAs("") }

// ReleaseAs gives back what AcquireAs took.
func (l Limits) ReleaseAs(lease string) error {
	_, err := l.c.ask(l.c.host.limitRelease, wire.LimitSlots, func(w *wire.Writer) { w.Text(wire.LimitLease, lease) })
	return err
}

// Take takes count from a rate of so many thousandths a second with that burst. It returns 0,
// or how long until there is enough; then nothing was taken.
func (l Limits) Take(key string, milli, burst, count int64) (after Duration, err error) {
	in, err := l.c.ask(l.c.host.limitTake, wire.LimitSlots, func(w *wire.Writer) {
		w.Text(wire.LimitKey, key)
		w.U64(wire.LimitRate, uint64(milli))
		w.U64(wire.LimitBurst, uint64(burst))
		w.U64(wire.LimitCount, uint64(count))
	})
	if err == ErrConflict {
		return Duration(in.U64(wire.ResultValue)), nil
	}
	return 0, err
}

// appendInt writes v in decimal; package strconv would make a module larger. A division of
// 32 bits is an instruction in a sandbox, one of 64 a call.
func appendInt(dst []byte, v int64) []byte {
	var b [20]byte
	k := len(b)
	u := uint64(v)
	if v < 0 {
		u = -u
	}
	for u > 1<<32-1 {
		k--
		b[k] = byte('0' + u%10)
		u /= 10
	}
	for w := uint32(u); ; {
		k--
		q := w / 10
		b[k] = byte('0' + w - 10*q)
		if w = q; w == 0 {
			break
		}
	}
	if v < 0 {
		k--
		b[k] = '-'
	}
	return append(dst, b[k:]...)
}
