package wasm

import (
	"strconv"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
)

// Calls reaches running calls from outside of their strands. Its methods return at once: true says
// that the call exists and was told.
type Calls interface {
	// Hangup ends the call, or refuses it with code when it is not answered yet. by names the use.
	Hangup(id, by string, code int, reason string) bool
	// Rearm sets the maximum duration that a use allows its call anew.
	Rearm(id, use string, d time.Duration) bool
	// Inform sends an INFO within the dialog of a leg, "a" or "b".
	Inform(id, leg, contentType, body string, headers []abi.Field) bool
	// Refer sends a REFER. It fails with abi.CodeNotFound, or abi.CodeInvalid for a target that is no URI.
	Refer(id, leg, target string, headers []abi.Field) abi.Code
}

var timerFunctions = map[string]function{
	"set":   {i64 + i32 + i64 + i32, i32, timerSet},
	"clear": {i64 + i32, i32, timerClear},
}

var mapFunctions = map[string]function{
	"lookup": {i64 + i32 + i32 + i32 + i32 + i32 + i32, i32, mapLookup},
}

var callFunctions = map[string]function{
	"hangup": {i64 + i32 + i32 + i32 + i32 + i32, i32, callHangup},
	"rearm":  {i64 + i32 + i32 + i64, i32, callRearm},
	"info":   {i64 + i32 + i32, i32, callInfo},
	"refer":  {i64 + i32 + i32, i32, callRefer},
}

func itoa(v int64) string { return strconv.FormatInt(v, 10) }

func timerSet(in *instance, s []uint64) {
	action, after := uint32(s[3]), time.Duration(int64(s[2]))
	if action > wire.TimerEnd || after <= 0 {
		s[0] = code(abi.CodeInvalid)
		return
	}
	s[0] = in.timer(s[0], abi.Timer{Number: uint32(s[1]), After: after, End: action == wire.TimerEnd})
}

func timerClear(in *instance, s []uint64) {
	s[0] = in.timer(s[0], abi.Timer{Number: uint32(s[1])})
}

// timer notes what the hook wants with a timer; it takes effect with its decision.
func (in *instance) timer(handle uint64, t abi.Timer) uint64 {
	c := in.current(handle)
	if c == nil {
		return code(abi.CodeCallGone)
	}
	if c.Event == abi.EventEnd {
		return code(abi.CodeUnsupported)
	}
	to := &in.timers
	if in.locked != nil {
		to = &in.locked.timers
	}
	switch {
	case t.Number >= wire.MaxTimers:
		return code(abi.CodeInvalid)
	case len(*to) >= 4*wire.MaxTimers:
		return code(abi.CodeBusy)
	}
	*to = append(*to, t)
	return code(abi.CodeOK)
}

func mapLookup(in *instance, s []uint64) {
	if in.current(s[0]) == nil {
		s[0] = code(abi.CodeCallGone)
		return
	}
	name, ok1 := in.text(s[1], s[2])
	key, ok2 := in.text(s[3], s[4])
	if !ok1 || !ok2 {
		s[0] = code(abi.CodeMemory)
		return
	}
	if len(key) > wire.MaxValue {
		s[0] = code(abi.CodeTooBig)
		return
	}
	var room [256]byte
	look, ok := in.g.maps(name)
	if !ok {
		s[0] = code(abi.CodeDenied)
		return
	}
	v, ok := look(room[:0], key)
	if !ok {
		s[0] = code(abi.CodeNotFound)
		return
	}
	s[0] = pull(in, s[5], s[6], v)
}

// target is the call that a function of sbc_call means.
func (in *instance) target(c *abi.Call, ptr, n uint64) (string, abi.Code) {
	id, ok := in.bytes(ptr, n)
	switch {
	case !ok:
		return "", abi.CodeMemory
	case len(id) == 0:
		return c.ID, abi.CodeOK
	case len(id) > 255:
		return "", abi.CodeTooBig
	}
	return string(id), abi.CodeOK
}

func callHangup(in *instance, s []uint64) {
	c := in.current(s[0])
	if c == nil {
		s[0] = code(abi.CodeCallGone)
		return
	}
	id, bad := in.target(c, s[1], s[2])
	status := int(int32(uint32(s[3])))
	reason, ok := in.bytes(s[4], s[5])
	if status == 0 {
		status = 480
	}
	switch {
	case bad != abi.CodeOK:
		s[0] = code(bad)
	case !ok:
		s[0] = code(abi.CodeMemory)
	case in.g.calls == nil:
		s[0] = code(abi.CodeUnsupported)
	case len(reason) > wire.MaxValue:
		s[0] = code(abi.CodeTooBig)
	case status < 300 || status > 699 || !abi.Clean(string(reason)):
		s[0] = code(abi.CodeInvalid)
	case !in.g.calls.Hangup(id, c.Use, status, string(reason)):
		s[0] = code(abi.CodeNotFound)
	default:
		s[0] = code(abi.CodeOK)
	}
}

func callRearm(in *instance, s []uint64) {
	c := in.current(s[0])
	if c == nil {
		s[0] = code(abi.CodeCallGone)
		return
	}
	id, bad := in.target(c, s[1], s[2])
	switch d := time.Duration(int64(s[3])); {
	case bad != abi.CodeOK:
		s[0] = code(bad)
	case in.g.calls == nil:
		s[0] = code(abi.CodeUnsupported)
	case d < 0:
		s[0] = code(abi.CodeInvalid)
	case !in.g.calls.Rearm(id, c.Use, d):
		s[0] = code(abi.CodeNotFound)
	default:
		s[0] = code(abi.CodeOK)
	}
}
