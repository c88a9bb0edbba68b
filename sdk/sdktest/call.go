package sdktest

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
)

// Call is one call through the module: a script in Go. Its fields are what the
// hooks see; set them before the step that shows them. Each step lets time pass,
// fills in what the SBC would know by then, and runs the hook if the module has
// it.
type Call struct {
	abi.Call
	// Timers that are set, by number.
	Timers map[int]Timer

	h       *Host
	maximum time.Duration // that its hooks have set
}

// Timer is a timer of a call.
type Timer struct {
	At  time.Time
	End bool // it ends the call
}

// Call is a new call: alice calls bob, over UDP, from one interface to another.
func (h *Host) Call() *Call {
	h.calls++
	id := fmt.Sprintf("call-%d", h.calls)
	return &Call{h: h, Timers: map[int]Timer{}, Call: abi.Call{
		ID: id, Use: h.o.Module,
		CallIDA: id + "@a.example.org",
		Method:  "INVITE", RURI: "sip:bob@example.net",
		From: `"Alice" <sip:alice@example.org>;tag=a1`, To: "<sip:bob@example.net>",
		FromURI: "sip:alice@example.org", ToURI: "sip:bob@example.net",
		Caller: "alice", Callee: "bob",
		Source:    netip.MustParseAddrPort("192.0.2.1:5060"),
		Transport: "UDP", InterfaceA: "public", InterfaceB: "private",
		Profile: "default", Node: h.o.Node,
		Message: Message{},
		Vars:    new(abi.Vars),
	}}
}

// Invite is the call's beginning: the start hook.
func (c *Call) Invite() (abi.Decision, error) {
	c.Start = c.h.now
	d, err := c.h.hook(c, abi.EventStart)
	c.maximum = d.MaxDuration
	return d, err
}

// Request is a request outside of calls, such as "REGISTER" or "OPTIONS", in place of Invite:
// the register or route hook.
func (c *Call) Request(method string) (abi.Decision, error) {
	c.Start, c.Method = c.h.now, method
	if method == "REGISTER" {
		return c.h.hook(c, abi.EventRegister)
	}
	return c.h.hook(c, abi.EventRoute)
}

// Ring is the first 18x from leg B.
func (c *Call) Ring(after time.Duration) {
	c.h.Advance(after)
	c.legB()
	c.Ringing = c.h.now
}

// Answer is the first 2xx from leg B: the connect hook.
func (c *Call) Answer(after time.Duration) (abi.Decision, error) {
	c.h.Advance(after)
	c.legB()
	c.Connect = c.h.now
	d, err := c.h.hook(c, abi.EventConnect)
	if d.MaxDuration > 0 && (c.maximum == 0 || d.MaxDuration < c.maximum) {
		c.maximum = d.MaxDuration
	}
	c.limit(c.maximum)
	return d, err
}

// limit makes d, counted from the answer, the maximum duration of the call.
func (c *Call) limit(d time.Duration) {
	c.maximum, c.Until = d, time.Time{}
	if d > 0 && !c.Connect.IsZero() {
		c.Until = c.Connect.Add(d)
	}
}

// Rearmed is somebody outside who lets the call last d from its answer, 0 for ever: the rearm
// hook.
func (c *Call) Rearmed(d, after time.Duration) (abi.Decision, error) {
	c.h.Advance(after)
	c.limit(d)
	return c.h.hook(c, abi.EventRearm)
}

// On is any other event: its hook.
func (c *Call) On(e abi.Event, after time.Duration) (abi.Decision, error) {
	c.h.Advance(after)
	return c.h.hook(c, e)
}

// Refused is a final failure of a target: the reject hook.
func (c *Call) Refused(target string, status int, phrase string, after time.Duration) (abi.Decision, error) {
	c.legB()
	c.Side, c.Target, c.Call.Status, c.Phrase = "b", target, status, phrase
	return c.On(abi.EventReject, after)
}

// Dial is a digit of one side, "a" or "b": the dtmf hook.
func (c *Call) Dial(side, digit string, held, after time.Duration) (abi.Decision, error) {
	c.Side, c.Detail, c.Duration = side, digit, held
	return c.On(abi.EventDTMF, after)
}

// Fire lets time pass until the timer with that number fires: the timer hook, unless the
// timer ends the call. It reports false when that timer is not set.
func (c *Call) Fire(number int) (d abi.Decision, ok bool, err error) {
	t, ok := c.Timers[number]
	if !ok {
		return d, false, nil
	}
	delete(c.Timers, number)
	c.h.now = t.At
	if t.End {
		return abi.Decision{Code: 408}, true, nil
	}
	c.Timer = uint32(number)
	d, err = c.h.hook(c, abi.EventTimer)
	return d, true, err
}

// Hangup ends an answered call: the end hook. By is "a", "b", "sbc" or the name
// of a use.
func (c *Call) Hangup(by string, after time.Duration) error {
	return c.Finish(abi.End{Disposition: abi.Answered, Code: 200, Reason: "OK", Q850: 16, HangupBy: by}, after)
}

// Reject ends a call that no target answered: the end hook.
func (c *Call) Reject(code int, reason string, after time.Duration) error {
	c.legB()
	return c.Finish(abi.End{Disposition: abi.Failed, Code: code, Reason: reason, HangupBy: "b"}, after)
}

// Cancel ends a call the caller gave up: the end hook.
func (c *Call) Cancel(after time.Duration) error {
	c.legB()
	return c.Finish(abi.End{Disposition: abi.Canceled, Code: 487, Reason: "Request Terminated", HangupBy: "a"}, after)
}

// Finish ends the call in any way: the end hook. When e names no modules, this
// one ran.
func (c *Call) Finish(e abi.End, after time.Duration) error {
	c.h.Advance(after)
	if c.Start.IsZero() {
		c.Start = c.h.now
	}
	if e.Modules == nil {
		e.Modules = []string{c.Use}
	}
	c.End, c.Result, c.Message = c.h.now, &e, nil
	_, err := c.h.hook(c, abi.EventEnd)
	return err
}

// legB fills in what is known once the INVITE went out.
func (c *Call) legB() {
	if c.CallIDB == "" {
		c.CallIDB = c.ID + "@b.example.net"
	}
	if !c.Destination.IsValid() {
		c.Destination = netip.MustParseAddrPort("198.51.100.1:5060")
	}
}

// Message is a SIP message as far as hooks may see it.
type Message struct {
	Fields []abi.Field // header fields in order
	Text   string      // the body
}

var _ interface {
	abi.Message
	abi.Headers
} = Message{}

// Header is the first field of that name, in any case.
func (m Message) Header(name string) (string, bool) { return m.HeaderAt(name, 0) }

// HeaderAt is the field of that name and index.
func (m Message) HeaderAt(name string, index int) (string, bool) {
	for _, f := range m.Fields {
		if strings.EqualFold(f.Name, name) {
			if index == 0 {
				return f.Value, true
			}
			index--
		}
	}
	return "", false
}

// Body is the body.
func (m Message) Body() string { return m.Text }
