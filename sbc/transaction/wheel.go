package transaction

import "math/bits"

// slots is how many ticks a wheel looks ahead: with the tick of 20 ms, 10.24 s. What is due
// later shares a slot with what is due sooner and is passed over once a turn.
const slots = 512

// timer is one transaction's place in a wheel. The zero timer is in none.
type timer struct {
	next, prev *timer
	due        int64 // tick; ready when it is in the wheel's ready list; 0 = in no list
	owner      owner
}

// owner is the transaction of a timer.
type owner interface {
	// expire does what is due at a tick and schedules the timer again unless the transaction
	// ended. It runs with the shard locked; what it returns is done without.
	expire(now int64) action
}

// ready is the due of timers that were found due and wait to be popped.
const ready = -1

// wheel keeps timers by the tick they are due at. The shard's lock guards it.
type wheel struct {
	slot  [slots]*timer
	used  [slots / 64]uint64 // a bit for each slot that holds something
	ready *timer
	at    int64 // everything due at or before this tick is in ready or gone
}

// set puts a timer into the wheel, or moves it. A tick that is over counts as the next one.
func (w *wheel) set(t *timer, due int64) {
	w.remove(t)
	t.due = max(due, w.at+1)
	i := t.due % slots
	push(&w.slot[i], t)
	w.used[i/64] |= 1 << (i % 64)
}

// remove takes a timer out; it may be in none.
func (w *wheel) remove(t *timer) {
	if t.due == 0 {
		return
	}
	head := &w.ready
	if t.due != ready {
		head = &w.slot[t.due%slots]
	}
	if t.prev != nil {
		t.prev.next = t.next
	} else {
		*head = t.next
	}
	if t.next != nil {
		t.next.prev = t.prev
	}
	if *head == nil && t.due != ready {
		i := t.due % slots
		w.used[i/64] &^= 1 << (i % 64)
	}
	t.next, t.prev, t.due = nil, nil, 0
}

// empty reports whether the wheel holds nothing.
func (w *wheel) empty() bool { return w.ready == nil && w.used == [slots / 64]uint64{} }

func push(head **timer, t *timer) {
	t.prev, t.next = nil, *head
	if t.next != nil {
		t.next.prev = t
	}
	*head = t
}

// pop returns a timer that is due at a tick, nil when there is none left.
func (w *wheel) pop(now int64) *timer {
	for w.ready == nil {
		tick, ok := w.next()
		if !ok || tick > now {
			w.at = max(w.at, now)
			return nil
		}
		w.collect(tick, now)
	}
	t := w.ready
	w.remove(t)
	return t
}

// collect moves what is due out of the slot of a tick.
func (w *wheel) collect(tick, now int64) {
	for t := w.slot[tick%slots]; t != nil; {
		next := t.next
		if t.due <= now {
			w.remove(t)
			t.due = ready
			push(&w.ready, t)
		}
		t = next
	}
	w.at = tick
}

// next returns the first tick at which something may be due, and false when the wheel is
// empty. A timer more than a turn away makes it too early, once a turn.
func (w *wheel) next() (int64, bool) {
	if w.ready != nil {
		return w.at, true
	}
	from := w.at + 1
	i := from % slots
	if word := w.used[i/64] >> (i % 64); word != 0 {
		return from + int64(bits.TrailingZeros64(word)), true
	}
	for n := int64(1); n <= slots/64; n++ {
		word := w.used[(i/64+n)%(slots/64)]
		if n == slots/64 {
			word &= 1<<(i%64) - 1
		}
		if word != 0 {
			return from - i%64 + n*64 + int64(bits.TrailingZeros64(word)), true
		}
	}
	return 0, false
}
