package sems

import (
	"strconv"
	"strings"
)

// outboundProxy counts for all profiles when sems.conf has it.
func outboundProxy(p *prof, _ setting, r *row) {
	if e, ok := p.or("outbound_proxy"); ok {
		asText(p, e, r)
	}
}

func forceOutboundProxy(p *prof, _ setting, r *row) {
	e, ok := p.or("force_outbound_proxy")
	if ok && p.has("routing.outbound_proxy") {
		asFlag(p, e, r)
	}
}

// outboundProxyA has an effect only when it is forced: a Route on requests inside a call.
func outboundProxyA(p *prof, e setting, r *row) {
	if force, _ := p.s.lookup("aleg_force_outbound_proxy"); force.value != "yes" && e.value != "" {
		p.report.about(e, "without aleg_force_outbound_proxy=yes it has no effect in SEMS", nothing)
		return
	}
	asText(p, e, r)
}

// nextHop is where all requests of leg B's dialog go, unless the profile says that it is
// only the first. In Sallyport it is the other way round.
func nextHop(p *prof, _ setting, r *row) {
	e, ok := p.or("next_hop")
	if !ok || e.value == "" {
		return
	}
	asText(p, e, r)
	if !p.has(r.to) {
		return
	}
	first, _ := p.or("next_hop_1st_req")
	fixed, isFixed := p.s.lookup("next_hop_fixed")
	switch {
	case isFixed && p.on(fixed):
		p.put("routing.next_hop_always", "true", fixed)
	case first.value != "yes":
		p.put("routing.next_hop_always", "true", e)
	}
}

func natHandling(p *prof, e setting, _ *row) {
	if p.on(e) {
		p.put("routing.nat_a", text("always"), e)
		p.put("routing.nat_b", text("always"), e)
	}
}

// oldCallTimer is how SEMS 1.4 limited a call, before there were modules.
func oldCallTimer(p *prof, e setting, _ *row) {
	timer, ok := p.s.lookup("call_timer")
	if !ok || e.value != "yes" {
		return
	}
	if !p.callTimer(timer, timer.value) {
		p.report.about(timer, "a limit that differs from call to call needs the module calltimer", nothing)
	}
}

// callTimer limits how long the call lasts. It is given in seconds; 0 refuses the call. It
// says whether it could: a pattern needs a module.
func (p *prof) callTimer(e setting, value string) bool {
	n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 31)
	switch {
	case err != nil && strings.Contains(value, "$"):
		return false
	case err != nil:
		p.report.about(e, "no number of seconds: SEMS refuses every call with 500", "refuse.code = 500")
		p.put("refuse.code", "500", e)
	case n == 0:
		p.put("refuse.code", "503", e)
		p.put("refuse.reason", text("Service Unavailable"), e)
	case p.longest == 0 || n < p.longest: // of several timers the first to fire ends the call
		p.longest = n
		p.put("routing.max_duration", text(seconds(n)), e)
	}
	return true
}

// refuseWith is "code reason". Whatever it is, no call may pass.
func refuseWith(p *prof, e setting, r *row) {
	v, ok := p.pattern(e)
	if e.value == "" {
		return
	}
	code, reason := v, ""
	if parts := splitOutside(v, ' '); len(parts) > 1 {
		code, reason = parts[0], strings.TrimSpace(v[len(parts[0]):])
	}
	n, err := strconv.Atoi(code)
	switch {
	case ok && err == nil && n >= 300 && n <= 699:
		p.put(r.to, code, e)
	case ok && err != nil && strings.Contains(code, "$") && reason != "":
		p.mapNames[emptyIs500] = emptyIs500
		code = "$M(" + code + "=>" + emptyIs500 + ")"
		p.report.about(e, "when the code's pattern yields nothing SEMS refuses the call with 500, Sallyport lets it pass", code)
		p.put(r.to, text(code), e)
	default:
		p.report.about(e, "no code from 300 to 699 with a reason: SEMS refuses every call with 500", "refuse.code = 500")
		p.put(r.to, "500", e)
		return
	}
	if reason != "" {
		p.put("refuse.reason", text(reason), e)
	}
}

// replyTranslations are "603=>488 Not acceptable|…".
func replyTranslations(p *prof, e setting, r *row) {
	list := split(e.value, "|")
	for i, t := range list {
		from, to, ok := strings.Cut(t, "=>")
		if ok {
			list[i] = strings.TrimSpace(from) + "=>" + strings.TrimSpace(to)
		}
	}
	if len(list) > 0 {
		p.putList(r.to, list, e)
	}
}
