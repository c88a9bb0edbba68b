package sdk

import "github.com/sallyport-sbc/sallyport/abi/wire"

// Module is what an author writes: this, and at least one hook. Embed Base and
// write only what you need.
type Module interface {
	// Init reads the configuration, once for each instance, before any hook. An
	// error refuses to start the module and is shown to the operator.
	Init(s *Setup) error
}

// Base is a module without configuration.
type Base struct{}

// Init accepts anything.
func (Base) Init(*Setup) error { return nil }

// StartHook sees the INVITE before leg B exists. It may change the plan (Set,
// MaxDuration), Refuse, or Drop.
type StartHook interface {
	Start(c *Call) error
}

// ConnectHook sees the first 2xx from leg B. It may Refuse: both legs then get
// BYE.
type ConnectHook interface {
	Connect(c *Call) error
}

// EndHook sees the end of the call, exactly once, whatever ended it, if the
// module's Start let the call pass. What it decides is ignored.
type EndHook interface {
	End(c *Call) error
}

// Error is an error that is nothing but its text.
type Error string

func (e Error) Error() string { return string(e) }

// Code is what the host answers; those below zero are errors.
type Code = wire.Code

// Errors of the host that a module may want to tell apart.
const (
	ErrNotFound = wire.CodeNotFound
	ErrTooBig   = wire.CodeTooBig
	ErrInvalid  = wire.CodeInvalid
	ErrBusy     = wire.CodeBusy
	ErrDenied   = wire.CodeDenied
	ErrTimeout  = wire.CodeTimeout
	ErrIO       = wire.CodeIO
	ErrConflict = wire.CodeConflict
	ErrGone     = wire.CodeCallGone
	// ErrUnsupported is a capability with nothing behind it.
	ErrUnsupported = wire.CodeUnsupported
)

// ErrAgain is what all fail with that a hook asks after it had to wait although it is a
// prompt one: see Setup.Prompt.
const ErrAgain Error = "the hook has to wait and is begun again"

var registered *instance

// Register names the module of this program. Call it once, in init. It panics
// when the module has no hook.
func Register(m Module) {
	if registered != nil {
		panic("sdk: a second module is registered")
	}
	registered = newInstance(m)
	if registered.mask() == 0 {
		panic("sdk: the module has no hook: none of Start, Connect, End …")
	}
}

// result turns what the host returned into an error.
func result(n int32) error {
	if n < 0 {
		return Code(n)
	}
	return nil
}
