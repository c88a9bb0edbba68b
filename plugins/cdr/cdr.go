// Command cdr is the module that writes one call detail record per call,
// answered or not, refused or not. It needs the end hook only; README.md tells
// what a record looks like. The host keeps the file.
package main

import "github.com/sallyport-sbc/sallyport/sdk"

// schema is the version of the record; it changes when a field changes its
// meaning, not when one is added.
const schema = 1

func init() { sdk.Register(&module{}) }

func main() { sdk.Main() }

type module struct {
	sdk.Base
	record []byte // reused; one hook at a time
}

// End writes the record of the call.
func (m *module) End(c *sdk.Call) error {
	m.record = appendRecord(m.record[:0], c)
	return c.EmitCDR(m.record)
}

// replaceable are the fields a parameter of the use may give another value;
// every other parameter goes into vars.
var replaceable = [...]string{"account", "caller", "callee", "from_uri", "to_uri", "ruri"}

// appendRecord appends the record as one line of JSON, without its line feed.
// What is not known is left out.
func appendRecord(b []byte, c *sdk.Call) []byte {
	o := object{b: append(b, '{')}
	params := c.Params()
	text := func(name, value string) {
		if v, ok := params.Find(name); ok && v != "" {
			value = v
		}
		o.text(name, value)
	}

	o.text("cdr_id", c.ID())
	o.number("schema", schema)
	o.text("node", c.Node())
	o.text("call_id_a", c.CallIDA())
	o.text("call_id_b", c.CallIDB())

	start, ring, answer, end := c.StartTime(), c.RingTime(), c.ConnectTime(), c.EndTime()
	o.time("start_time", start)
	o.time("answer_time", answer)
	o.time("end_time", end)
	o.number("duration_ms", span(start, end, sdk.Millisecond))
	o.number("billsec", span(answer, end, sdk.Second))
	if ring.IsZero() {
		ring = answer
	}
	if !ring.IsZero() {
		o.number("pdd_ms", span(start, ring, sdk.Millisecond))
	}

	text("from_uri", c.FromURI())
	text("to_uri", c.ToURI())
	text("ruri", c.RURI())
	text("caller", c.Caller())
	text("callee", c.Callee())
	text("account", "")

	o.text("disposition", c.Disposition())
	if code := c.Code(); code != 0 {
		o.number("sip_code", int64(code))
	}
	o.text("sip_reason", c.Reason())
	if cause := c.Q850(); cause != 0 {
		o.number("q850_cause", int64(cause))
	}
	o.text("hangup_by", c.HangupBy())

	o.text("profile", c.Profile())
	o.text("a_realm", c.InterfaceA())
	o.text("b_realm", c.InterfaceB())
	o.text("src_ip", host(c.Source()))
	o.text("dst_ip", host(c.Destination()))

	if m, ok := c.MediaA(); ok {
		o.media("_a", m)
	}
	if m, ok := c.MediaB(); ok {
		o.media("_b", m)
	}

	o.begin("vars", '{')
	for i := range params.Len() {
		if name, value, ok := params.At(i); ok && !isReplaceable(name) {
			o.pair(name, value)
		}
	}
	vars := c.Vars()
	for i := range vars.Len() {
		name, value, ok := vars.At(i)
		if _, taken := params.Find(name); ok && (!taken || isReplaceable(name)) {
			o.pair(name, value)
		}
	}
	o.close('}')

	o.begin("modules", '[')
	modules := c.Modules()
	for i := range modules.Len() {
		if name, _, ok := modules.At(i); ok {
			o.item(name)
		}
	}
	o.close(']')
	return append(o.b, '}')
}

func isReplaceable(name string) bool {
	for _, r := range replaceable {
		if r == name {
			return true
		}
	}
	return false
}

// span is from one moment to another in whole units, 0 when either is not
// known or the clock went back.
func span(from, to sdk.Time, unit sdk.Duration) int64 {
	if from.IsZero() || to < from {
		return 0
	}
	return int64(to.Sub(from) / unit)
}

// host is the address of ip:port or [ip]:port.
func host(hostport string) string {
	for i := len(hostport) - 1; i >= 0; i-- {
		if hostport[i] != ':' {
			continue
		}
		h := hostport[:i]
		if len(h) > 1 && h[0] == '[' && h[len(h)-1] == ']' {
			h = h[1 : len(h)-1]
		}
		return h
	}
	return hostport
}
