package callcontrol

import (
	"fmt"
	"runtime/debug"

	"github.com/sallyport-sbc/sallyport/abi"
)

// Mover is a Module that calls may have to leave while they last.
type Mover interface {
	// Move returns the generation that the call goes on with, acquired for it, with the state in c made into one of
	// that generation; nil when the call stays. An error means that the call stays for good.
	Move(c *abi.Call) (Module, error)
}

// move brings the call to another generation of the module of use i when that has to be left, unless a hook of it
// waits. The end is heard where the call is.
func (r *Run) move(call *abi.Call, i int) {
	s := &r.steps[i]
	m, ok := s.module.(Mover)
	if !ok || s.stays {
		return
	}
	for n := range r.waits {
		if r.waits[n].use == i {
			return
		}
	}
	next, err := mover(m, call)
	if err != nil {
		s.stays = true
		r.logFailure(i, call.Event, fmt.Errorf("the call keeps its generation: %w", err))
		return
	}
	if next == nil {
		return
	}
	s.module.Release()
	s.module, s.mask = next, next.Events()
	s.waits = false
	if w, ok := next.(Canceler); ok {
		s.waits = w.Waits()
	}
	r.wants |= s.mask
}

func mover(m Mover, call *abi.Call) (next Module, err error) {
	defer func() {
		if v := recover(); v != nil {
			next, err = nil, &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return m.Move(call)
}
