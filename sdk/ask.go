package sdk

import (
	"github.com/sallyport-sbc/sallyport/abi/wire"
)

// asker is a function of the host that may take time.
type asker func(call int64, req, buf []byte) int64

// ask calls f with the request that fill writes, and waits for the result if it is not there at
// once. The result belongs to the call.
func (c *Call) ask(f asker, slots int, fill func(*wire.Writer)) (wire.Reader, error) {
	for more := true; more; more = !c.composed() {
		fill(c.compose(slots))
	}
	return c.send(f)
}

// compose begins a request. What is asked often writes it without the detour of ask:
//
//	for more := true; more; more = !c.composed() {
//		w := c.compose(slots)
//		…
//	}
//	in, err := c.send(f)
func (c *Call) compose(slots int) *wire.Writer {
	if cap(c.request) == 0 {
		c.request = make([]byte, 512)
	}
	c.writer = wire.NewWriter(c.request[:cap(c.request)], slots)
	return &c.writer
}

// composed ends the request. It reports false when it has to be written again, for there
// was not enough room.
func (c *Call) composed() bool {
	n, ok := c.writer.Close()
	if !ok {
		c.request = make([]byte, n)
		return false
	}
	c.request = c.request[:n]
	return true
}

// send calls f, which takes time as a rule, with the request. A hook that could not wait for it
// does not even ask, so that f is not called twice.
func (c *Call) send(f asker) (wire.Reader, error) {
	if c.prompt {
		c.again = true
		return wire.Reader{}, ErrAgain
	}
	return c.look(f)
}

// look is send for functions that a store on this node answers at once.
func (c *Call) look(f asker) (wire.Reader, error) {
	if c.again {
		return wire.Reader{}, ErrAgain
	}
	room := c.roomOf(resultRoom)
	return c.result(f(c.handle, c.request, room), room)
}

// result is what the answer r of a function means.
func (c *Call) result(r int64, room []byte) (wire.Reader, error) {
	switch {
	case r < 0:
		return wire.Reader{}, failure(Code(r))
	case r&wire.TokenBit == 0:
		c.arena = c.arena[:len(c.arena)+int(r)]
		return open(room[:r], c.host.status())
	case c.w == nil:
		c.again = true
		return wire.Reader{}, ErrAgain
	}
	b, status := c.w.await(r)
	c.stale = true
	return open(b, status)
}

// open is a result with its code.
func open(b []byte, status Code) (wire.Reader, error) {
	in, ok := wire.Open(b)
	switch {
	case status < 0:
		return in, failure(status)
	case !ok:
		return in, failure(wire.CodeInternal)
	}
	return in, nil
}

// failures are the host's codes as errors, made once: in a sandbox an allocation costs as much
// as a light hook.
var failures = func() (all [64]error) {
	for i := range all {
		all[i] = Code(-i)
	}
	return all
}()

// failure is a code below zero as an error.
func failure(c Code) error {
	if i := -int(c); i > 0 && i < len(failures) {
		return failures[i]
	}
	return c
}

// names writes a list whose values are empty.
func names(w *wire.Writer, k int, list []string) {
	at := w.List(k, len(list))
	for i, s := range list {
		w.Pair(at, i, s, "")
	}
}

// texts is a list whose values are empty.
func texts(in wire.Reader, k int) []string {
	l, _ := in.List(k)
	if l.Len() == 0 {
		return nil
	}
	all := make([]string, l.Len())
	for i := range all {
		all[i], _, _ = l.At(i)
	}
	return all
}

// Sleep waits; the instance serves other hooks meanwhile. It fails with
// ErrGone when the call ended first.
func (c *Call) Sleep(d Duration) error {
	if c.prompt {
		c.again = true
		return ErrAgain
	}
	r := c.host.sleep(c.handle, int64(d))
	if r == 0 {
		return nil
	}
	_, err := c.result(r, nil)
	return err
}
