package callcontrol

import (
	"context"
	"fmt"

	"github.com/sallyport-sbc/sallyport/abi"
)

// Field is a name and its value: a parameter, a variable, a header field.
type Field = abi.Field

// Module is one generation of a loaded module, acquired for one call. Its methods are
// called on the call's strand, one at a time.
type Module interface {
	// Events is the mask of the events the module has hooks for: bit = event.
	Events() uint64
	// Start decides about a new call; Connect hears of its first 2xx; Event gets every
	// other event but the end, c.Event says which. An error says that the module failed,
	// not that it refuses.
	Start(ctx context.Context, c *abi.Call) (abi.Decision, error)
	Connect(ctx context.Context, c *abi.Call) (abi.Decision, error)
	Event(ctx context.Context, c *abi.Call) (abi.Decision, error)
	// End hears of the end of a call that Start let pass, once. c.Result says how it ended.
	End(ctx context.Context, c *abi.Call) error
	// Release gives the generation back. Nothing is called after it.
	Release()
}

// Canceler is a Module whose hooks may wait: answer ErrPending, keep what they need of the call,
// and bring the decision by its Later.
type Canceler interface {
	// Waits says whether any hook of the module can wait.
	Waits() bool
	// Cancel says that nobody waits for the hook that was given c. When it returns, c is
	// not touched any more, and Later is not called unless it was already.
	Cancel(c *abi.Call)
}

// Modules finds loaded modules. Safe for concurrent use.
type Modules interface {
	// Acquire returns the module called name in the generation that the call keeps until
	// Release. It fails when there is none or when it takes no calls now.
	Acquire(name, callID string) (Module, error)
}

// Listener is Modules that know whether a hook for an event would be called at all: requests
// outside of calls take the way past the modules only then. Safe for concurrent use.
type Listener interface {
	// Listens says whether any module has a hook for e.
	Listens(e abi.Event) bool
}

// OnFail says what a call does when a module fails: not when it refuses, but when it traps,
// takes too long, answers garbage or is not there.
type OnFail uint8

const (
	// OnFailRefuse ends the call with 503: for modules that guard something.
	OnFailRefuse OnFail = iota
	// OnFailPass lets the call go on without the module.
	OnFailPass
)

// String returns the word of the configuration.
func (f OnFail) String() string {
	if f == OnFailPass {
		return "pass"
	}
	return "refuse"
}

// MarshalText returns the word of the configuration.
func (f OnFail) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads "refuse" or "pass".
func (f *OnFail) UnmarshalText(text []byte) error {
	switch string(text) {
	case "refuse":
		*f = OnFailRefuse
	case "pass":
		*f = OnFailPass
	default:
		return fmt.Errorf(`%q is neither "refuse" nor "pass"`, text)
	}
	return nil
}
