package sdk

import "github.com/sallyport-sbc/sallyport/abi/wire"

// resume is sbc_resume.
func (i *instance) resume(token int64, status Code, n int) int64 {
	k := i.waitingFor(token)
	if k < 0 || uint(n) > uint(len(i.buf)) {
		return wire.StatusPending << 32
	}
	w := i.waiting[k]
	w.token, w.status, w.result = 0, status, w.call.keep(i.buf[:n])
	w.proceed()
	if !w.done {
		return wire.StatusPending << 32
	}
	i.leave(w)
	r := i.answer(&w.call, w.err, n)
	i.rest(w)
	return r
}

// cancel is sbc_cancel: what the hook waits for fails.
func (i *instance) cancel(handle int64) {
	for _, w := range i.waiting {
		if w.call.handle != handle || w.token == 0 {
			continue
		}
		w.token, w.status, w.result = 0, wire.CodeCallGone, nil
		w.proceed()
		if w.done {
			// Nobody wants its decision any more.
			i.leave(w)
			i.rest(w)
		}
		return
	}
}

// waitingFor is the place among those that wait of the worker with that token, or -1. They
// are few, and a map costs more in a sandbox than to look at all of them.
func (i *instance) waitingFor(token int64) int {
	for k, w := range i.waiting {
		if w.token == token {
			return k
		}
	}
	return -1
}

// leave takes a worker from those that wait.
func (i *instance) leave(w *worker) {
	for k, other := range i.waiting {
		if other == w {
			last := len(i.waiting) - 1
			i.waiting[k], i.waiting[last] = i.waiting[last], nil
			i.waiting = i.waiting[:last]
			return
		}
	}
}

// maxKept is how long a result may be to be kept with what was pulled; longer ones would make
// that large for good.
const maxKept = 4 << 10

// keep copies a result that is valid until the hook returns.
func (c *Call) keep(b []byte) []byte {
	if len(b) > maxKept {
		return append([]byte(nil), b...)
	}
	room := c.roomOf(len(b))
	n := copy(room, b)
	c.arena = c.arena[:len(c.arena)+n]
	return room[:n:n]
}
