package callcontrol

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
)

// hook calls one hook of use i with what that use may see. A panic is an error.
func (r *Run) hook(ctx context.Context, call *abi.Call, i int, e abi.Event) (d abi.Decision, err error) {
	s := &r.steps[i]
	call.Event, call.Use = e, r.chain.uses[i].Name
	call.Params, call.Vars, call.State = s.params, &r.vars, s.state
	if e != abi.EventStart && e != abi.EventEnd {
		r.move(call, i)
	}
	defer func() {
		s.state = call.State
		if v := recover(); v != nil {
			d, err = abi.Decision{}, &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	switch e {
	case abi.EventStart:
		return s.module.Start(ctx, call)
	case abi.EventConnect:
		return s.module.Connect(ctx, call)
	case abi.EventEnd:
		return abi.Decision{}, s.module.End(ctx, call)
	}
	return s.module.Event(ctx, call)
}

// acquire gets the module of use i.
func (r *Run) acquire(i int) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	if r.mods == nil {
		return ErrNoModule
	}
	m, err := r.mods.Acquire(r.chain.uses[i].Module, r.callID)
	if err != nil {
		return err
	}
	if m == nil {
		return ErrNoModule
	}
	r.steps[i].module, r.steps[i].mask = m, m.Events()
	if w, ok := m.(Canceler); ok {
		r.steps[i].waits = w.Waits()
	}
	return nil
}

// release gives the module of use i back, once.
func (r *Run) release(i int) {
	s := &r.steps[i]
	m := s.module
	s.module, s.passed = nil, false
	if m == nil {
		return
	}
	defer func() {
		if v := recover(); v != nil {
			r.logFailure(i, abi.EventEnd, &PanicError{Value: v, Stack: debug.Stack()})
		}
	}()
	m.Release()
}

// check says whether a decision can be carried out. What a module says goes into SIP
// messages, so this is where line breaks end.
func check(d *abi.Decision) error {
	for _, t := range d.Timers {
		if t.After < 0 || t.Number >= wire.MaxTimers {
			return fmt.Errorf("%w: timer %d after %s", ErrBadDecision, t.Number, t.After)
		}
	}
	for _, uri := range d.Targets {
		if uri == "" || !abi.Clean(uri) {
			return fmt.Errorf("%w: target %q", ErrBadDecision, uri)
		}
	}
	if d.MaxDuration < 0 {
		return fmt.Errorf("%w: maximum duration %s", ErrBadDecision, d.MaxDuration)
	}
	if !d.Refused() || d.Drop {
		return nil
	}
	if d.Code < 300 || d.Code > 699 {
		return fmt.Errorf("%w: refusal with status %d", ErrBadDecision, d.Code)
	}
	if !abi.Clean(d.Reason) {
		return fmt.Errorf("%w: line break in the reason", ErrBadDecision)
	}
	for _, f := range d.Headers {
		if !FieldFits(f) {
			return fmt.Errorf("%w: header field %q", ErrBadDecision, f.Name)
		}
	}
	return nil
}

// FieldFits says whether a module may add this header field to a message: its name is a
// token, its value ends no line, and it does not make the message another one.
func FieldFits(f Field) bool { return isToken(f.Name) && abi.Clean(f.Value) && !isCore(f.Name) }

// RequestFieldFits is FieldFits for a request that a module sends within a dialog: what
// says where answers go, or what must be understood, is the SBC's own too.
func RequestFieldFits(f Field) bool {
	switch strings.ToLower(f.Name) {
	case "contact", "m", "refer-to", "r", "refer-sub", "supported", "k", "require", "proxy-require":
		return false
	}
	return FieldFits(f)
}

// isCore says whether a header field belongs to the response itself: a second one would
// make it another message.
func isCore(name string) bool {
	switch strings.ToLower(name) {
	case "via", "v", "from", "f", "to", "t", "call-id", "i", "cseq", "max-forwards", "route", "record-route",
		"content-length", "l", "content-type", "c", "content-encoding", "e":
		return true
	}
	return false
}

// isToken says whether s is a token (RFC 3261 §25.1), which names of header fields are.
func isToken(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c|0x20 >= 'a' && c|0x20 <= 'z', c >= '0' && c <= '9':
		case c == '-', c == '.', c == '!', c == '%', c == '*', c == '_', c == '+', c == '`', c == '\'', c == '~':
		default:
			return false
		}
	}
	return s != ""
}
