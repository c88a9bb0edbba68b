package sdk

import (
	"iter"

	"github.com/sallyport-sbc/sallyport/abi/wire"
)

// worker runs hooks on a coroutine, so that one can wait for the host while the instance serves
// others. Switching to it and back goes past Go's scheduler, which in a sandbox would
// cost ten times a light hook. Only modules that import a function that takes time have workers.
type worker struct {
	i     *instance
	call  Call
	frame []byte // the call's, for the buffer is used by others meanwhile
	hook  func(*Call) error

	proceed func() (struct{}, bool) // until the hook is over or waits
	yield   func(struct{}) bool     // back to who called proceed
	stop    func()

	done   bool
	token  int64 // of what it waits for, 0 for nothing
	status Code
	result []byte
	err    error
}

// maxIdle are the coroutines kept for further hooks.
const maxIdle = 64

func (i *instance) newWorker() *worker {
	w := &worker{i: i}
	w.call.w = w
	w.proceed, w.stop = iter.Pull(func(yield func(struct{}) bool) {
		w.yield = yield
		for {
			w.err = w.hook(&w.call)
			w.done = true
			if !yield(struct{}{}) {
				return
			}
		}
	})
	return w
}

// begin runs a hook on a worker: as far as it gets without waiting.
func (i *instance) begin(hook func(*Call) error, handle int64, n int) int64 {
	var w *worker
	if k := len(i.idle) - 1; k >= 0 {
		w, i.idle[k] = i.idle[k], nil
		i.idle = i.idle[:k]
	} else {
		w = i.newWorker()
	}
	w.frame = append(w.frame[:0], i.buf[:n]...)
	in, ok := wire.Open(w.frame)
	if !ok {
		i.idle = append(i.idle, w)
		return failed(wire.CodeInvalid)
	}
	w.call.begin(in, handle, i.host)
	w.hook, w.done = hook, false
	w.proceed()
	if !w.done {
		i.waiting = append(i.waiting, w)
		return wire.StatusPending << 32
	}
	r := i.answer(&w.call, w.err, n)
	i.rest(w)
	return r
}

// await parks the hook until the result for token is there.
func (w *worker) await(token int64) ([]byte, Code) {
	w.token = token
	w.yield(struct{}{})
	return w.result, w.status
}

// rest keeps the worker for another hook.
func (i *instance) rest(w *worker) {
	w.result, w.hook = nil, nil
	if len(i.idle) >= maxIdle {
		w.stop()
		return
	}
	i.idle = append(i.idle, w)
}
