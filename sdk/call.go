package sdk

import "github.com/sallyport-sbc/sallyport/abi/wire"

// Field is a name and its value.
type Field struct{ Name, Value string }

// List is a list of names and values within a call's frame: Len, At, Find.
type List = wire.List

// Call is one call, as the hook that runs may see it and decide on it. It and
// all it hands out are valid until the hook returns.
type Call struct {
	in      wire.Reader
	handle  int64
	host    host
	stale   bool    // a variable was set since the frame was written
	arena   []byte  // what was pulled in this hook
	w       *worker // that runs the hook; nil when it cannot wait
	prompt  bool    // it runs without one although it might have to wait
	again   bool    // it had to: it has to begin again, with one
	request []byte  // of the last asynchronous function; all its capacity is kept
	writer  wire.Writer

	decided  bool
	action   uint64
	code     int
	reason   string
	headers  []Field
	set      []Field
	targets  []string
	fork     bool
	duration Duration
}

func (c *Call) begin(in wire.Reader, handle int64, h host) {
	c.in, c.handle, c.host = in, handle, h
	c.stale, c.again, c.arena = false, false, c.arena[:0]
	if c.decided {
		c.decided, c.action, c.code, c.reason, c.duration = false, 0, 0, "", 0
		c.headers, c.set, c.targets, c.fork = c.headers[:0], c.set[:0], c.targets[:0], false
	}
}

// ID is the SBC's own id of the call; it stands in its logs.
func (c *Call) ID() string { return c.text(wire.FieldID) }

// Node is the name of the SBC's node.
func (c *Call) Node() string { return c.text(wire.FieldNode) }

// Profile is the name of the call's profile.
func (c *Call) Profile() string { return c.text(wire.FieldProfile) }

// Use is the name this module goes by in the profile's modules.
func (c *Call) Use() string { return c.text(wire.FieldUse) }

// CallIDA is the Call-ID of leg A.
func (c *Call) CallIDA() string { return c.text(wire.FieldCallIDA) }

// CallIDB is the Call-ID of leg B, "" as long as there is none.
func (c *Call) CallIDB() string { return c.text(wire.FieldCallIDB) }

// Method is the method of the request.
func (c *Call) Method() string { return c.text(wire.FieldMethod) }

// RURI is the Request-URI as received.
func (c *Call) RURI() string { return c.text(wire.FieldRURI) }

// From is the value of the From header.
func (c *Call) From() string { return c.text(wire.FieldFrom) }

// To is the value of the To header.
func (c *Call) To() string { return c.text(wire.FieldTo) }

// FromURI is the URI of From, without <>.
func (c *Call) FromURI() string { return c.text(wire.FieldFromURI) }

// ToURI is the URI of To, without <>.
func (c *Call) ToURI() string { return c.text(wire.FieldToURI) }

// Caller is the user part of From.
func (c *Call) Caller() string { return c.text(wire.FieldCaller) }

// Callee is the user part of the Request-URI.
func (c *Call) Callee() string { return c.text(wire.FieldCallee) }

// Source is the ip:port the request came from.
func (c *Call) Source() string { return c.text(wire.FieldSource) }

// Destination is the ip:port leg B was sent to, "" before.
func (c *Call) Destination() string { return c.text(wire.FieldDestination) }

// Transport is that of leg A: UDP, TCP …
func (c *Call) Transport() string { return c.text(wire.FieldTransport) }

// InterfaceA is the interface of leg A.
func (c *Call) InterfaceA() string { return c.text(wire.FieldInterfaceA) }

// InterfaceB is the interface of leg B, "" before it is known.
func (c *Call) InterfaceB() string { return c.text(wire.FieldInterfaceB) }

// StartTime is when the INVITE came.
func (c *Call) StartTime() Time { return Time(c.in.U64(wire.FieldStart)) }

// RingTime is when leg B's first 18x came; zero if none did.
func (c *Call) RingTime() Time { return Time(c.in.U64(wire.FieldRinging)) }

// ConnectTime is when the call was answered; zero if it was not.
func (c *Call) ConnectTime() Time { return Time(c.in.U64(wire.FieldConnect)) }

// EndTime is when the call ended; zero before.
func (c *Call) EndTime() Time { return Time(c.in.U64(wire.FieldEnd)) }

// UntilTime is when the call ends by itself because its maximum duration is over; zero if it has
// none, or is not answered.
func (c *Call) UntilTime() Time { return Time(c.in.U64(wire.FieldUntil)) }

// Param is the value of this use's parameter, "" when it is not configured.
// Patterns in it were evaluated when the call started.
func (c *Call) Param(name string) string {
	v, _ := c.Params().Find(name)
	return v
}

// Params are all parameters of this use.
func (c *Call) Params() List {
	return c.list(wire.FieldParams)
}

// Vars are the call's variables as they were when the hook began.
func (c *Call) Vars() List {
	return c.list(wire.FieldVars)
}

// Inlined into every accessor, the bounds checks of a frame would make a module
// tens of kilobytes larger.

//go:noinline
func (c *Call) text(k int) string { return c.in.Text(k) }

//go:noinline
func (c *Call) list(k int) List {
	l, _ := c.in.List(k)
	return l
}
