package sems

import (
	"slices"
	"strconv"
	"strings"
)

// conf is one key of [module.NAME.config], or, with own, of [module.NAME].
type conf struct {
	key, value string // TOML
	from       setting
	own        bool
}

// use makes the profile use a built-in module with these settings and returns the name it is
// used by. Profiles share a module that has the same settings; an instance more in one
// profile is a module of its own, since a profile uses one only once.
func (p *prof) use(builtin string, at setting, settings ...conf) string {
	head := p.section("")
	var used []string
	for _, i := range head.items {
		if i.key == "modules" {
			used = i.values
		}
	}
	n := builtin
	for more := 2; slices.Contains(used, text(n)) || !p.sameModule(n, settings); more++ {
		n = builtin + strconv.Itoa(more)
	}
	if !p.off {
		p.modules[n] = settings
		m := p.doc.section("module." + n)
		m.set("module", text("builtin:"+builtin), setting{})
		for _, s := range settings {
			if s.own {
				m.put(&item{key: s.key, values: []string{s.value}, from: s.from})
			} else {
				p.doc.section("module."+n+".config").set(s.key, s.value, s.from)
			}
		}
	}
	used = append(used, text(n))
	if builtin == "cdr" { // first: it records also the calls that the modules behind it refuse
		used = append(used[len(used)-1:], used[:len(used)-1]...)
	}
	head.list("modules", used, at)
	return n
}

// sameModule says whether a module of that name is not there yet or has these settings.
func (p *prof) sameModule(name string, settings []conf) bool {
	there, ok := p.modules[name]
	return !ok || slices.EqualFunc(there, settings, func(a, b conf) bool { return a.key == b.key && a.value == b.value })
}

// parameter gives a use of a module one parameter.
func (p *prof) parameter(module, key string, e setting) {
	if key == "on_fail" { // is the SBC's
		key = "on_fail_"
	}
	if v, ok := p.pattern(e); ok {
		p.section("module."+module).set(name(key), text(v), e)
	}
}

// carryCDR gives the profile the module cdr.
func carryCDR(p *prof, at setting, instance string) bool {
	if !slices.Contains(p.o.Builtins, "cdr") {
		return false
	}
	for _, i := range p.section("").items {
		if i.key == "modules" && slices.Contains(i.values, text("cdr")) {
			p.report.about(at, "one record a call is enough", nothing)
			return true
		}
	}
	n := p.use("cdr", at, conf{key: "on_fail", value: text("pass"), own: true}, conf{key: "file", value: text("var/cdr/cdr.jsonl")})
	for _, e := range p.values(instance) {
		p.parameter(n, e.key[len(instance)+1:], e)
	}
	return true
}

// carryCallTimer needs a module only where the limit differs from call to call.
func carryCallTimer(p *prof, at setting, instance string) bool {
	e, ok := p.s.lookup(instance + "_timer")
	fallback, _ := p.moduleConf("cc_call_timer").lookup("default_timer")
	if !ok {
		if e = fallback; e.value == "" {
			e = setting{at.file, at.line, at.key, ""}
		}
	}
	if p.callTimer(e, e.value) {
		return true
	}
	if !slices.Contains(p.o.Builtins, "calltimer") {
		return false
	}
	var settings []conf
	if fallback.value != "" {
		settings = append(settings, conf{key: "default", value: text(fallback.value), from: fallback})
	}
	n := p.use("calltimer", at, settings...)
	p.parameter(n, "timer", e)
	return true
}

// ctlKeys are the keys of cc_ctl and the keys of a profile that they set.
var ctlKeys = map[string]string{
	"RURI": "RURI", "From": "From", "To": "To", "Call-ID": "Call-ID",
	"outbound_proxy": "outbound_proxy", "force_outbound_proxy": "force_outbound_proxy", "next_hop": "next_hop",
	"sst_enabled": "enable_session_timer", "sst_aleg_enabled": "enable_aleg_session_timer", "append_headers": "append_headers",
	"rtprelay_enabled": "enable_rtprelay", "rtprelay_interface": "rtprelay_interface", "aleg_rtprelay_interface": "aleg_rtprelay_interface",
	"outbound_interface": "outbound_interface", "headerfilter": "header_filter", "header_list": "header_list",
	"messagefilter": "message_filter", "message_list": "message_list",
}

// carryCtl needs no module: what it sets for every call of the profile is the profile's.
func carryCtl(p *prof, _ setting, instance string) bool {
	for _, e := range p.values(instance) {
		key, ok := ctlKeys[e.key[len(instance)+1:]]
		if !ok {
			p.report.about(e, "no key of cc_ctl", nothing)
			continue
		}
		if e.value == "" {
			continue
		}
		if strings.HasSuffix(key, "_list") {
			e.value = strings.ReplaceAll(e.value, "|", ",")
		}
		if before := p.s.value(key); before != "" && key == "append_headers" {
			e.value = before + `\r\n` + e.value
		}
		e.key = key
		p.s.index[key] = len(p.s.all)
		p.s.all = append(p.s.all, e)
	}
	return true
}
