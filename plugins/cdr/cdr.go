// Command cdr is the module that writes one call detail record per call,
// answered or not, refused or not. It needs the end hook only; README.md tells
// what a record looks like. The host keeps the file.
package main

import "github.com/sallyport-sbc/sallyport/sdk"

func init() { sdk.Register(&module{}) }

func main() { sdk.Main() }

type module struct {
	sdk.Base
	r record // reused; one hook at a time
}

// End writes the record of the call.
func (m *module) End(c *sdk.Call) error {
	m.r.begin()
	m.r.identity(c)
	m.r.times(c)
	m.r.parties(c)
	m.r.outcome(c)
	m.r.media(c)
	m.r.vars(c)
	m.r.modules(c)
	return c.EmitCDR(m.r.end())
}

func (r *record) identity(c *sdk.Call) {
	// Both constants: schema changes when a field changes its meaning, not when
	// one is added.
	r.text(`"cdr_id":"`, c.ID())
	r.raw(`,"schema":1`)
	r.text(`,"node":"`, c.Node())
	r.text(`,"call_id_a":"`, c.CallIDA())
	r.text(`,"call_id_b":"`, c.CallIDB())
}

func (r *record) times(c *sdk.Call) {
	start, ring, answer, end := c.StartTime(), c.RingTime(), c.ConnectTime(), c.EndTime()
	r.time(`,"start_time":"`, start)
	r.time(`,"answer_time":"`, answer)
	r.time(`,"end_time":"`, end)
	r.number(`,"duration_ms":`, span(start, end, sdk.Millisecond))
	r.number(`,"billsec":`, span(answer, end, sdk.Second))
	if ring.IsZero() {
		ring = answer
	}
	if !ring.IsZero() {
		r.number(`,"pdd_ms":`, span(start, ring, sdk.Millisecond))
	}
}

// isReplaceable reports whether a parameter of that name gives a field of the
// record another value; every other parameter goes into vars.
func isReplaceable(name string) bool {
	switch name {
	case "account", "caller", "callee", "from_uri", "to_uri", "ruri":
		return true
	}
	return false
}

func (r *record) parties(c *sdk.Call) {
	from, to, ruri, caller, callee, account := c.FromURI(), c.ToURI(), c.RURI(), c.Caller(), c.Callee(), ""
	params := c.Params()
	for i := range params.Len() {
		name, value, _ := params.At(i)
		if value == "" {
			continue
		}
		switch name {
		case "from_uri":
			from = value
		case "to_uri":
			to = value
		case "ruri":
			ruri = value
		case "caller":
			caller = value
		case "callee":
			callee = value
		case "account":
			account = value
		}
	}
	r.text(`,"from_uri":"`, from)
	r.text(`,"to_uri":"`, to)
	r.text(`,"ruri":"`, ruri)
	r.text(`,"caller":"`, caller)
	r.text(`,"callee":"`, callee)
	r.text(`,"account":"`, account)
}

func (r *record) outcome(c *sdk.Call) {
	r.text(`,"disposition":"`, c.Disposition())
	if code := c.Code(); code != 0 {
		r.number(`,"sip_code":`, int64(code))
	}
	r.text(`,"sip_reason":"`, c.Reason())
	if cause := c.Q850(); cause != 0 {
		r.number(`,"q850_cause":`, int64(cause))
	}
	r.text(`,"hangup_by":"`, c.HangupBy())
	r.text(`,"profile":"`, c.Profile())
	r.text(`,"a_realm":"`, c.InterfaceA())
	r.text(`,"b_realm":"`, c.InterfaceB())
	r.text(`,"src_ip":"`, host(c.Source()))
	r.text(`,"dst_ip":"`, host(c.Destination()))
}

func (r *record) media(c *sdk.Call) {
	if m, ok := c.MediaA(); ok {
		r.text(`,"codec_a":"`, m.Codec)
		r.number(`,"pkts_a":`, int64(m.Packets))
		r.number(`,"lost_a":`, int64(m.Lost))
		r.thousandths(`,"jitter_ms_a":`, int64(m.Jitter)/1000)
		if m.MOS != 0 {
			r.thousandths(`,"mos_a":`, int64(m.MOS))
		}
	}
	if m, ok := c.MediaB(); ok {
		r.text(`,"codec_b":"`, m.Codec)
		r.number(`,"pkts_b":`, int64(m.Packets))
		r.number(`,"lost_b":`, int64(m.Lost))
		r.thousandths(`,"jitter_ms_b":`, int64(m.Jitter)/1000)
		if m.MOS != 0 {
			r.thousandths(`,"mos_b":`, int64(m.MOS))
		}
	}
}

func (r *record) vars(c *sdk.Call) {
	params, vars := c.Params(), c.Vars()
	r.raw(`,"vars":{`)
	for i := range params.Len() {
		if name, value, ok := params.At(i); ok && !isReplaceable(name) {
			r.pair(name, value)
		}
	}
	for i := range vars.Len() {
		name, value, ok := vars.At(i)
		if _, taken := params.Find(name); ok && (!taken || isReplaceable(name)) {
			r.pair(name, value)
		}
	}
	r.raw(`}`)
}

func (r *record) modules(c *sdk.Call) {
	modules := c.Modules()
	r.raw(`,"modules":[`)
	for i := range modules.Len() {
		if name, _, ok := modules.At(i); ok {
			r.item(name)
		}
	}
	r.raw(`]`)
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
