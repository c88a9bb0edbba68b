package sdk

import (
	"unsafe"

	"github.com/sallyport-sbc/sallyport/abi/wire"
)

// Level is how important a log line is.
type Level int32

// The levels.
const (
	LevelDebug Level = wire.LogDebug
	LevelInfo  Level = wire.LogInfo
	LevelWarn  Level = wire.LogWarn
	LevelError Level = wire.LogError
)

// Log writes a line to the SBC's log, which adds module, use and call. Lines
// over the module's quota are counted and not written.
func (c *Call) Log(l Level, msg string) { c.host.log(c.handle, l, msg) }

// Now is the wall clock.
func (c *Call) Now() Time { return Time(c.host.now()) }

// Monotonic is the time since some moment; it never goes back.
func (c *Call) Monotonic() Duration { return Duration(c.host.monotonic()) }

// Header is the first header field of that name, long or compact, any case, in
// the message the event is about.
func (c *Call) Header(name string) (value string, ok bool) { return c.HeaderAt(name, 0) }

// HeaderAt is Header for the further fields of the same name, from 0.
func (c *Call) HeaderAt(name string, index int) (value string, ok bool) {
	return c.pulled(c.host.get(c.handle, wire.GetHeader, name, int32(index), c.room()), func(b []byte) int32 {
		return c.host.get(c.handle, wire.GetHeader, name, int32(index), b)
	})
}

// Body is the body of the message the event is about.
func (c *Call) Body() (body string, ok bool) {
	return c.pulled(c.host.get(c.handle, wire.GetBody, "", 0, c.room()), func(b []byte) int32 {
		return c.host.get(c.handle, wire.GetBody, "", 0, b)
	})
}

// Var is the value of a variable of the call, "" when it is not set.
func (c *Call) Var(name string) string {
	if !c.stale {
		v, _ := c.Vars().Find(name)
		return v
	}
	v, _ := c.pulled(c.host.varGet(c.handle, name, c.room()), func(b []byte) int32 {
		return c.host.varGet(c.handle, name, b)
	})
	return v
}

// SetVar sets a variable of the call at once and for all its modules; an empty
// value removes it. It fails with ErrTooBig or ErrInvalid.
func (c *Call) SetVar(name, value string) error {
	c.stale = true
	return result(c.host.varSet(c.handle, name, value))
}

// State is what SetState of this use kept for this call, empty when nothing.
func (c *Call) State() []byte {
	s, _ := c.pulled(c.host.stateGet(c.handle, c.room()), func(b []byte) int32 {
		return c.host.stateGet(c.handle, b)
	})
	return unsafe.Slice(unsafe.StringData(s), len(s))
}

// SetState keeps a blob for this use in this call, up to 16 KiB. It fails with
// ErrTooBig.
func (c *Call) SetState(b []byte) error { return result(c.host.stateSet(c.handle, b)) }

// EmitCDR hands over one record, one line of UTF-8 without its line feed. Nil
// means the SBC owns it now and will make it durable within milliseconds; see
// emit in the contract. It fails with ErrBusy when the disk is behind or full:
// the record is lost then, and the SBC says so. Needs the capability sbc_cdr.
func (c *Call) EmitCDR(line []byte) error { return result(c.host.emitCDR(c.handle, line)) }

// room is where the next pull may put its bytes. What was pulled before stays:
// a full arena is left to the strings that point into it.
func (c *Call) room() []byte { return c.roomOf(256) }

func (c *Call) roomOf(least int) []byte {
	if cap(c.arena)-len(c.arena) < least {
		c.arena = make([]byte, 0, max(1024, 2*cap(c.arena), least))
	}
	return c.arena[len(c.arena):cap(c.arena)]
}

// pulled takes the n bytes a pull put into room, or repeats it with enough.
func (c *Call) pulled(n int32, again func([]byte) int32) (string, bool) {
	if n < 0 {
		return "", false
	}
	for int(n) > cap(c.arena)-len(c.arena) {
		c.arena = make([]byte, 0, int(n)+1024)
		if n = again(c.room()); n < 0 {
			return "", false
		}
	}
	at := len(c.arena)
	c.arena = c.arena[:at+int(n)]
	return unsafe.String(unsafe.SliceData(c.arena[at:]), int(n)), true
}
