package main

import (
	"encoding/binary"

	"github.com/sallyport-sbc/sallyport/sdk"
)

// book is what one call has to do with its account. At most two reservations are
// open: the slice that is running, and the one before, whose time may not be over.
type book struct {
	next         uint32 // number of the next reservation
	asked        bool   // for the next one, and no answer came: the store may hold it
	committed    int64
	older, newer reservation
}

// reservation is money held back under a number; none when it is 0.
type reservation struct {
	number uint32
	amount int64
}

// paid is how much the call may cost so far.
func (b *book) paid() int64 { return b.committed + b.older.amount + b.newer.amount }

// reserve holds money back. The older reservation must be settled.
func (b *book) reserve(a sdk.Account, want int64, ttl sdk.Duration) (int64, error) {
	granted, err := a.Reserve(b.next, want, ttl)
	b.asked = err == sdk.ErrTimeout || err == sdk.ErrIO
	if err != nil || granted == 0 {
		return 0, err
	}
	b.older, b.newer = b.newer, reservation{b.next, granted}
	b.next++
	return granted, nil
}

// unreserve takes the newest reservation back, after which older is the newer again.
func (b *book) unreserve(a sdk.Account) error {
	number := b.newer.number
	b.older, b.newer = reservation{}, b.older
	return a.Cancel(number)
}

// settle commits the older reservation, whose time is over.
func (b *book) settle(a sdk.Account) error {
	if b.older.amount == 0 {
		return nil
	}
	if _, err := a.Commit(b.older.number, b.older.amount); err != nil {
		return err
	}
	b.committed += b.older.amount
	b.older = reservation{}
	return nil
}

// close takes cost, of which some is committed already, and frees the rest. It tries for as
// long as patience.
func (b *book) close(c *sdk.Call, a sdk.Account, cost int64, patience sdk.Duration) error {
	until := c.Monotonic() + patience
	rest := max(cost-b.committed, 0)
	if b.older.amount > 0 {
		used := min(b.older.amount, rest)
		if err := insist(c, a, b.older.number, used, until); err != nil {
			return err
		}
		rest -= used
	}
	if b.newer.amount > 0 {
		if err := insist(c, a, b.newer.number, rest, until); err != nil {
			return err
		}
	}
	if b.asked {
		return insist(c, a, b.next, 0, until)
	}
	return nil
}

// insist commits, or cancels when nothing was used, and does not give up at once: what
// is not booked now is lost to the operator. A store that comes and goes may be there for
// a second only, so pauses are no longer than about that, and never twice the same: calls
// that ended together do not all come when it is away, time after time.
func insist(c *sdk.Call, a sdk.Account, number uint32, used int64, until sdk.Duration) (err error) {
	for pause := 100 * sdk.Millisecond; ; pause = min(2*pause, sdk.Second) {
		if used > 0 {
			_, err = a.Commit(number, used)
		} else {
			err = a.Cancel(number)
		}
		left := until - c.Monotonic()
		if err == nil || err != sdk.ErrBusy && err != sdk.ErrTimeout && err != sdk.ErrIO || left <= 0 {
			return err
		}
		spread := pause/2 + sdk.Duration(sdk.Random()%uint64(pause))
		if gone := c.Sleep(min(spread, left)); gone != nil {
			return err
		}
	}
}

const (
	bookSize = 3*4 + 3*8
	askedBit = 1 << 31 // of next: a call that has so many slices would be older than the module
)

// save keeps the book with the call.
func (b *book) save(c *sdk.Call) error {
	var s [bookSize]byte
	next := b.next
	if b.asked {
		next |= askedBit
	}
	binary.LittleEndian.PutUint32(s[0:], next)
	binary.LittleEndian.PutUint32(s[4:], b.older.number)
	binary.LittleEndian.PutUint32(s[8:], b.newer.number)
	binary.LittleEndian.PutUint64(s[12:], uint64(b.committed))
	binary.LittleEndian.PutUint64(s[20:], uint64(b.older.amount))
	binary.LittleEndian.PutUint64(s[28:], uint64(b.newer.amount))
	return c.SetState(s[:])
}

func (b *book) load(state []byte) bool {
	if len(state) != bookSize {
		return false
	}
	s := (*[bookSize]byte)(state)
	next := binary.LittleEndian.Uint32(s[0:])
	*b = book{
		next: next &^ askedBit, asked: next&askedBit != 0,
		committed: int64(binary.LittleEndian.Uint64(s[12:])),
		older:     reservation{binary.LittleEndian.Uint32(s[4:]), int64(binary.LittleEndian.Uint64(s[20:]))},
		newer:     reservation{binary.LittleEndian.Uint32(s[8:]), int64(binary.LittleEndian.Uint64(s[28:]))},
	}
	return true
}
