package sdk

import "github.com/sallyport-sbc/sallyport/abi/wire"

// resume is sbc_resume.
func (i *instance) resume(token int64, status Code, n int) int64 {
	w := i.tokens[token]
	if w == nil || uint(n) > uint(len(i.buf)) {
		return wire.StatusPending << 32
	}
	delete(i.tokens, token)
	w.status, w.result = status, append([]byte(nil), i.buf[:n]...)
	w.proceed()
	if !w.done {
		return wire.StatusPending << 32
	}
	delete(i.parked, w.call.handle)
	r := i.answer(&w.call, w.err, n)
	i.rest(w)
	return r
}

// cancel is sbc_cancel: what the hook waits for fails.
func (i *instance) cancel(handle int64) {
	w := i.parked[handle]
	if w == nil || i.tokens[w.token] != w {
		return
	}
	delete(i.tokens, w.token)
	w.status, w.result = wire.CodeCallGone, nil
	w.proceed()
	if w.done {
		// Nobody wants its decision any more.
		delete(i.parked, handle)
		i.rest(w)
	}
}
