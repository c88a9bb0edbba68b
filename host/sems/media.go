package sems

import (
	"strconv"
	"strings"
)

// relay carries over whether media passes, and what belongs to it. The defaults of the two
// differ, so it is always written.
func relay(p *prof, e setting, r *row) {
	if e.file == "" && p.s.value("refuse_with") != "" {
		return // there is no media
	}
	v, on := "false", false
	if e.value != "" {
		var ok bool
		if v, ok = p.boolean(e, true); !ok {
			v = "false"
		}
		on = v != "false"
	}
	p.put(r.to, v, e)
	if on {
		p.mediaTimeout()
		if _, ok := p.s.lookup("rtprelay_force_symmetric_rtp"); !ok {
			p.section("media").comment = []string{
				"Where media really comes from is learned within a short window, for both legs: SEMS does",
				"so only when told. symmetric_a and symmetric_b = false turn it off.",
			}
		}
	}
}

// mediaTimeout is dead_rtp_time of sems.conf: for SEMS it is 300 seconds when it is not set.
func (p *prof) mediaTimeout() {
	e, ok := p.sems.lookup("dead_rtp_time")
	n, err := uint64(300), error(nil)
	if ok {
		if n, err = strconv.ParseUint(e.value, 10, 31); err != nil {
			p.report.about(e, "no number of seconds", "300s, as SEMS has without it")
			n = 300
		}
	}
	if !ok {
		e.file = "SEMS's dead_rtp_time when it is not set"
	}
	p.put("media.timeout", text(seconds(n)), e)
}

// symmetric counts for both legs.
func symmetric(p *prof, e setting, r *row) {
	if e.value == "" {
		return
	}
	if v, ok := p.boolean(e, true); ok {
		p.put(r.to, v, e)
		p.put("media.symmetric_b", v, e)
	}
}

// transparent carries over what crosses as it is unless the key says otherwise.
func transparent(p *prof, e setting, r *row) {
	if e.value != "" && !p.on(e) {
		p.put(r.to, "false", e)
	}
}

// leastPeak is the least of media.bandwidth_peak, in kbit.
const leastPeak = 12

func bandwidth(p *prof, e setting, r *row) {
	if kbit, ok := p.kbit(e); ok {
		p.put(r.to, kbit, e)
		p.report.about(e, "SEMS takes the limit from call control only; here it counts, in kbit instead of bytes", r.to[len("media."):]+" = "+kbit)
	}
}

func bandwidthPeak(p *prof, e setting, r *row) {
	kbit, ok := p.kbit(e)
	if !ok {
		return
	}
	if _, ok := p.kbitOf(p.s.value("rtprelay_bw_limit_rate")); !ok {
		p.report.about(e, "no effect without rtprelay_bw_limit_rate", nothing)
		return
	}
	if n, err := strconv.Atoi(kbit); err == nil && n < leastPeak {
		kbit = strconv.Itoa(leastPeak)
		p.report.about(e, "too little for one large packet", kbit)
	}
	p.put(r.to, kbit, e)
}

// kbit is a number of bytes in kbit, rounded up; ok is false for none and for no limit.
func (p *prof) kbit(e setting) (kbit string, ok bool) {
	switch e.value {
	case "", "0", "-1":
		return "", false
	}
	if kbit, ok = p.kbitOf(e.value); !ok {
		p.report.about(e, "no number of bytes", nothing)
	}
	return kbit, ok
}

func (*prof) kbitOf(v string) (kbit string, ok bool) {
	n, err := strconv.ParseUint(v, 10, 40)
	if err != nil || n == 0 {
		return "", false
	}
	return strconv.FormatUint((n*8+999)/1000, 10), true
}

// timerKeys are the keys of a session timer and what Sallyport calls them.
var timerKeys = [...]struct{ sems, key string }{
	{"session_expires", "expires"},
	{"minimum_timer", "minimum"},
	{"maximum_timer", "maximum"},
	{"session_refresh_method", "method"},
}

func sessionTimer(p *prof, e setting, _ *row) {
	if e.file == "" {
		e, _ = p.sbc.lookup("enable_session_timer")
	}
	p.legTimer("session_timer.b.", "", e)
}

// sessionTimerA is like leg B's where the profile says nothing else.
func sessionTimerA(p *prof, e setting, _ *row) {
	if e.file == "" {
		if e, _ = p.s.lookup("enable_session_timer"); e.file == "" {
			e, _ = p.sbc.lookup("enable_session_timer")
		}
	}
	p.legTimer("session_timer.a.", "aleg_", e)
}

func (p *prof) legTimer(to, prefix string, enable setting) {
	on, static := truth(enable.value)
	if enable.value == "" || static && !on {
		if e, ok := p.s.lookup(prefix + "session_expires"); ok && p.s.value("enable_session_timer") == "" {
			p.report.about(e, "no effect without enable_session_timer", nothing)
		}
		return
	}
	v, ok := p.boolean(enable, false)
	if !ok {
		return
	}
	p.put(to+"enable", v, enable)
	for _, k := range timerKeys {
		e, ok := p.timerSetting(prefix, k.sems)
		switch {
		case !ok || e.value == "":
		case k.key == "method":
			p.refreshMethod(to+k.key, e)
		default:
			p.interval(to+k.key, e)
		}
	}
	if e, ok := p.timerSetting(prefix, "accept_501_reply"); ok && e.value != "yes" && e.value != "" {
		p.report.about(e, "UPDATE answered with 501 is followed by a re-INVITE", nothing)
	}
}

// timerSetting finds a key for one leg, for both legs of the profile, or for all profiles.
func (p *prof) timerSetting(prefix, key string) (setting, bool) {
	for _, k := range [...]string{prefix + key, key} {
		if e, ok := p.s.lookup(k); ok {
			return e, true
		}
	}
	return p.sbc.lookup(key)
}

// interval carries seconds over. RFC 4028 has none below 90.
func (p *prof) interval(to string, e setting) {
	if strings.Contains(e.value, "$") {
		if v, ok := p.pattern(e); ok {
			p.put(to, text(v), e)
		}
		return
	}
	n, err := strconv.ParseUint(e.value, 10, 31)
	switch {
	case err != nil:
		p.report.about(e, "no number of seconds", nothing)
		return
	case n < 90:
		p.report.about(e, "shorter than RFC 4028 §4 allows", "90s")
		n = 90
	}
	p.put(to, text(seconds(n)), e)
}

func (p *prof) refreshMethod(to string, e setting) {
	if strings.Contains(e.value, "$") {
		if v, ok := p.pattern(e); ok {
			p.report.about(e, "the pattern has to yield update, invite or auto; UPDATE_FALLBACK_INVITE is called auto here", v)
			p.put(to, text(v), e)
		}
		return
	}
	m, ok := map[string]string{"INVITE": "invite", "UPDATE": "update", "UPDATE_FALLBACK_INVITE": "auto"}[strings.ToUpper(e.value)]
	if !ok {
		p.report.about(e, "want INVITE, UPDATE or UPDATE_FALLBACK_INVITE", nothing)
		return
	}
	p.put(to, text(m), e)
}

// auth carries credentials over, those to answer with or those to demand. Without the key
// that enables them they have no effect.
func auth(user, password, realm string) func(*prof, setting, *row) {
	return func(p *prof, e setting, r *row) {
		if !p.on(e) {
			return
		}
		section, _ := cutKey(r.to)
		for _, k := range [...]struct{ sems, key string }{{realm, "realm"}, {user, "user"}, {password, "password"}} {
			c, ok := p.s.lookup(k.sems)
			if k.sems == "" {
				continue
			}
			if v, fine := p.pattern(c); ok && fine {
				p.put(section+"."+k.key, text(v), c)
			}
		}
		if !p.has(section+".password") && (realm == "" || p.has(section+".realm")) {
			p.report.about(e, "no password", `""`)
			p.put(section+".password", `""`, e)
		}
	}
}
