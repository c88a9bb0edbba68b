package sems

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// carryParallelCalls limits calls by one key, whose counter all profiles share.
func carryParallelCalls(p *prof, at setting, instance string) bool {
	if !slices.Contains(p.o.Builtins, "parallelcalls") {
		return false
	}
	var settings []conf
	c := p.moduleConf("cc_pcalls")
	if e, ok := c.lookup("refuse_code"); ok {
		if n, err := strconv.Atoi(e.value); err == nil && n >= 300 && n <= 699 {
			settings = append(settings, conf{key: "code", value: strconv.Itoa(n), from: e})
		} else {
			p.report.about(e, "no code from 300 to 699", "402")
		}
	}
	if e, ok := c.lookup("refuse_reason"); ok && e.value != "" {
		settings = append(settings, conf{key: "reason", value: text(e.value), from: e})
	}
	n := p.use("parallelcalls", at, settings...)
	for _, e := range p.values(instance) {
		switch e.key[len(instance)+1:] {
		case "uuid":
			p.parameter(n, "uuid", e)
		case "max_calls":
			p.parameter(n, "max", e)
		default:
			p.report.about(e, "no key of "+at.value, nothing)
		}
	}
	return true
}

// carryPrepaid: the credit of SEMS is in seconds, so a second costs one unit.
func carryPrepaid(p *prof, at setting, instance string) bool {
	if !slices.Contains(p.o.Builtins, "prepaid") {
		return false
	}
	n := p.use("prepaid", at)
	for _, e := range p.values(instance) {
		switch e.key[len(instance)+1:] {
		case "uuid":
			p.parameter(n, "account", e)
		default:
			p.report.about(e, "has no effect in "+at.value, nothing)
		}
	}
	p.section("module."+n).set("tariff", text("60 1/1"), at)
	p.report.about(at, "credit is in seconds in SEMS, which keeps it in memory only: give the accounts their balances anew, one unit for a second", "tariff = 60 1/1")
	return true
}

// carryBlacklist gives Redis the same command. Where Redis is, is the SBC's to say.
func carryBlacklist(p *prof, at setting, instance string) bool {
	if !slices.Contains(p.o.Builtins, "blacklist") {
		return false
	}
	settings := []conf{{key: "reason", value: text("Unauthorized")}}
	action, _ := p.s.lookup(instance + "_action")
	switch action.value {
	case "drop":
		settings = append(settings, conf{key: "action", value: text("drop"), from: action})
	case "refuse", "":
	default:
		p.report.about(action, "want refuse or drop", "refuse")
	}
	c := p.moduleConf("bl_redis")
	if pass, _ := c.lookup("pass_on_bl_unavailable"); pass.value == "yes" {
		settings = append(settings, conf{key: "on_fail", value: text("pass"), from: pass, own: true})
	}
	n := p.use("blacklist", at, settings...)
	count := 20
	argc, counted := p.s.lookup(instance + "_argc")
	if c, err := strconv.Atoi(argc.value); counted && err == nil && c >= 0 && c <= 20 {
		count = c
	}
	for _, e := range p.values(instance) {
		key := e.key[len(instance)+1:]
		if number, ok := strings.CutPrefix(key, "argv_"); ok {
			if i, err := strconv.Atoi(number); err == nil && i >= 0 && i < count {
				p.parameter(n, "arg_"+strconv.Itoa(i), e)
				continue
			}
		}
		if key != "argc" && key != "action" {
			p.report.about(e, "no key of "+at.value+", or beyond argc", nothing)
		}
	}
	where := "its address"
	if server, ok := c.lookup("redis_server"); ok {
		where = server.value
		if port, ok := c.lookup("redis_port"); ok {
			where += ":" + port.value
		}
	}
	p.report.about(at, fmt.Sprintf("where Redis is (%s) and which commands modules may give it stands in the configuration of the SBC: write it there", where), "the module "+n)
	return true
}

// carryREST asks the same URL. SEMS lets the call pass when that fails.
func carryREST(p *prof, at setting, instance string) bool {
	url, ok := p.s.lookup(instance + "_url")
	if !ok || !slices.Contains(p.o.Builtins, "rest") {
		return false
	}
	settings := []conf{{key: "on_fail", value: text("pass"), own: true}}
	if server := serverOf(url.value); server != "" {
		settings = append(settings, conf{key: "http", value: "{ allow = [" + text(server) + "] }", from: url, own: true})
	} else {
		p.report.about(url, "the server comes out of the call; which servers may be asked stands in http of the module: write it there", url.value)
	}
	format, has := p.s.lookup(instance + "_format")
	switch {
	case has && (format.value == "json" || format.value == "text"):
		settings = append(settings, conf{key: "format", value: text(format.value), from: format})
	case has && format.value != "":
		p.report.about(format, "want text or json", "by the Content-Type of the answer")
	default:
		settings = append(settings, conf{key: "format", value: text("text")})
	}
	n := p.use("rest", at, settings...)
	p.parameter(n, "url", url)
	if strings.Contains(url.value, "$") && !strings.Contains(url.value, "$#(") {
		p.report.about(url, "values of the call stand in the URL as they are; $#(…) around each escapes them", url.value)
	}
	return true
}

// serverOf returns scheme, host and port of a URL with a slash behind them, "" when they are
// not fixed.
func serverOf(url string) string {
	scheme, rest, ok := strings.Cut(url, "://")
	host, _, slash := strings.Cut(rest, "/")
	if !ok || !slash || strings.ContainsAny(scheme+host, `$\`) {
		return ""
	}
	return scheme + "://" + host + "/"
}
