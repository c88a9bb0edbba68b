// Command cdr is the module that writes call detail records: one when a call ends,
// answered or not, refused or not, and, if it is told to, others when it is
// answered and while it lasts. README.md tells what a record looks like. The host
// keeps the file.
package main

import "github.com/sallyport-sbc/sallyport/sdk"

func init() { sdk.Register(&module{}) }

func main() { sdk.Main() }

type module struct {
	start, interim bool
	every          sdk.Duration
	r              record // reused; one hook at a time
}

const (
	// timerInterim is the timer of the next interim record.
	timerInterim = 0
	// usualInterim is how far apart they are, leastInterim how near they may be.
	usualInterim = 5 * sdk.Minute
	leastInterim = sdk.Second
)

// Init reads which records are wanted. Hooks of others are none of a call's costs.
func (m *module) Init(s *sdk.Setup) error {
	kinds, err := s.Texts("records")
	if err != nil {
		return err
	}
	stop := !s.Has("records")
	for _, kind := range kinds {
		switch kind {
		case "start":
			m.start = true
		case "interim":
			m.interim = true
		case "stop":
			stop = true
		default:
			return sdk.Error(`records: want "start", "interim", "stop", not ` + kind)
		}
	}
	if !stop && !m.start && !m.interim {
		return sdk.Error("records is empty: no call would leave one")
	}
	text, err := s.Text("interim", "")
	if err != nil {
		return err
	}
	m.every = usualInterim
	if text != "" {
		var ok bool
		if m.every, ok = sdk.ParseDuration(text); !ok || m.every < leastInterim {
			return sdk.Error("interim is not a duration of at least 1s: " + text)
		}
	}
	if !m.start && !m.interim {
		s.Skip(sdk.EventConnect)
	}
	if !m.interim {
		s.Skip(sdk.EventTimer)
	}
	if !stop {
		s.Skip(sdk.EventEnd)
	}
	return nil
}

// Connect writes the start record, and sets the timer of the first interim one.
func (m *module) Connect(c *sdk.Call) error {
	if m.interim {
		if err := c.SetTimer(timerInterim, m.every); err != nil {
			return err
		}
	}
	if !m.start {
		return nil
	}
	if err := setSequence(c, 1); err != nil {
		return err
	}
	return m.running(c, `,"type":"start","seq":`, 0)
}

// Timer writes an interim record. That it is not taken must not end the call, nor
// the records behind it.
func (m *module) Timer(c *sdk.Call) error {
	if c.Timer() != timerInterim {
		return nil
	}
	n := sequence(c)
	if err := m.running(c, `,"type":"interim","seq":`, n); err != nil {
		c.Log(sdk.LevelError, "interim record not taken: "+err.Error())
	}
	if err := setSequence(c, n+1); err != nil {
		return err
	}
	return c.SetTimer(timerInterim, m.every)
}

// running writes a record of a call that is not over.
func (m *module) running(c *sdk.Call, kind string, n uint32) error {
	m.r.begin()
	m.r.text(`"cdr_id":"`, c.ID())
	m.r.raw(`,"schema":1`)
	m.r.number(kind, int64(n))
	m.r.identity(c)
	m.r.times(c, c.Now(), sdk.Time(0))
	m.r.parties(c)
	m.r.outcome(c)
	m.r.vars(c)
	return c.EmitCDR(m.r.end())
}

// End writes the record of the call.
func (m *module) End(c *sdk.Call) error {
	m.r.begin()
	m.r.text(`"cdr_id":"`, c.ID())
	// Constants in one piece: schema changes when a field changes its meaning, not
	// when one is added.
	if m.start || m.interim {
		m.r.number(`,"schema":1,"type":"stop","seq":`, int64(sequence(c)))
	} else {
		m.r.raw(`,"schema":1,"type":"stop","seq":0`)
	}
	m.r.identity(c)
	end := c.EndTime()
	m.r.times(c, end, end)
	m.r.parties(c)
	m.r.outcome(c)
	m.r.media(c)
	m.r.vars(c)
	m.r.modules(c)
	return c.EmitCDR(m.r.end())
}

// sequence is the number of the call's next record.
func sequence(c *sdk.Call) uint32 {
	b := c.State()
	if len(b) != 4 {
		return 0
	}
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

func setSequence(c *sdk.Call, n uint32) error {
	return c.SetState([]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)})
}

func (r *record) identity(c *sdk.Call) {
	r.text(`,"node":"`, c.Node())
	r.text(`,"call_id_a":"`, c.CallIDA())
	r.text(`,"call_id_b":"`, c.CallIDB())
}

// times takes now for the end of what has been, and end for what end_time says.
func (r *record) times(c *sdk.Call, now, end sdk.Time) {
	start, ring, answer := c.StartTime(), c.RingTime(), c.ConnectTime()
	r.time(`,"start_time":"`, start)
	r.time(`,"answer_time":"`, answer)
	r.time(`,"end_time":"`, end)
	r.number(`,"duration_ms":`, span(start, now, sdk.Millisecond))
	r.number(`,"billsec":`, span(answer, now, sdk.Second))
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
