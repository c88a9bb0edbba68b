package sems

import (
	"fmt"
	"slices"
	"strings"
)

// ccModule is a call control module of SEMS and what stands for it.
type ccModule struct {
	names   []string // as call_control and load_cc_plugins name it
	conf    string   // its file of settings
	builtin string   // what Sallyport calls it
	advice  string   // what to do while there is no such module
	carry   func(p *prof, at setting, instance string) bool
	reads   []string // keys of its file that carry reads
}

var ccModules = []ccModule{
	{
		names: []string{"cc_syslog_cdr", "syslog_cdr"}, conf: "cc_syslog_cdr", builtin: "cdr", carry: carryCDR,
		advice: "the module cdr writes records of JSON to a file",
	},
	{
		names: []string{"cc_call_timer", "call_timer"}, conf: "cc_call_timer", builtin: "calltimer", carry: carryCallTimer,
		advice: "routing.max_duration is a fixed limit",
		reads:  []string{"default_timer"},
	},
	{
		names: []string{"cc_pcalls", "parallel_calls", "pcalls"}, conf: "cc_pcalls", builtin: "parallelcalls", carry: carryParallelCalls,
		advice: "calls pass WITHOUT this limit; max_calls limits all calls together",
		reads:  []string{"refuse_code", "refuse_reason"},
	},
	{
		names: []string{"cc_prepaid", "prepaid"}, conf: "cc_prepaid", builtin: "prepaid", carry: carryPrepaid,
		advice: "calls pass WITHOUT a look at the credit",
	},
	{
		names: []string{"cc_prepaid_xmlrpc", "prepaid_xmlrpc"}, conf: "cc_prepaid_xmlrpc",
		advice: "no account server is asked by XML-RPC: calls pass WITHOUT a look at the credit",
	},
	{names: []string{"cc_ctl", "ctl"}, conf: "cc_ctl", carry: carryCtl},
	{
		names: []string{"cc_rest", "rest"}, conf: "cc_rest", builtin: "rest", carry: carryREST,
		advice: "calls pass without the query",
	},
	{
		names: []string{"cc_bl_redis", "bl_redis"}, conf: "bl_redis", builtin: "blacklist", carry: carryBlacklist,
		advice: "calls pass WITHOUT a look at the list; a map with refuse in active_profile blocks numbers",
		reads:  []string{"redis_server", "redis_port", "pass_on_bl_unavailable"},
	},
	{names: []string{"cc_dsm", "dsm"}, conf: "cc_dsm", advice: "write a module with the SDK in place of the state machine"},
	{names: []string{"cc_registrar", "registrar"}, conf: "cc_registrar", advice: laterRegistration},
	{names: []string{"cc_siprec", "siprec"}, conf: "cc_siprec", advice: "recording is not yet available"},
	{names: []string{"cc_template", "template"}, conf: "cc_template", advice: "write a module with the SDK"},
}

func moduleOf(name string) *ccModule {
	for i := range ccModules {
		if slices.Contains(ccModules[i].names, name) {
			return &ccModules[i]
		}
	}
	return nil
}

// callControl carries the modules of a profile over.
func callControl(p *prof, e setting, _ *row) {
	for _, instance := range splitOutside(e.value, ',') {
		if instance = strings.TrimSpace(instance); instance != "" {
			p.instance(e, instance)
		}
	}
}

func (p *prof) instance(e setting, instance string) {
	if strings.Contains(instance, "$") {
		p.report.about(e, fmt.Sprintf("%s lets whoever sends a header field name modules and set any key; modules are named in the configuration only. The module ctl sets keys from a header field of a trusted proxy", instance), nothing)
		return
	}
	at, ok := p.s.lookup(instance + "_module")
	p.used[instance+"_module"] = true
	if !ok {
		p.report.about(e, fmt.Sprintf("%s has no %s_module; SEMS does not load the profile", instance, instance), nothing)
		return
	}
	for _, v := range p.values(instance) {
		p.used[v.key] = true
	}
	m := moduleOf(at.value)
	if p.s.value("refuse_with") != "" {
		p.report.about(at, "SEMS runs no module when refuse_with refuses the call", nothing)
		return
	}
	if m == nil {
		p.report.about(at, fmt.Sprintf("there is no module %s; write one with the SDK", at.value), nothing)
		return
	}
	if m.carry != nil && m.carry(p, at, instance) {
		return
	}
	why := fmt.Sprintf("%s: %s", at.value, m.advice)
	if m.builtin != "" {
		why = fmt.Sprintf("the module %s, which stands for %s, is not yet available: %s", m.builtin, at.value, m.advice)
	}
	p.report.about(at, why, nothing)
}

// values returns the settings of an instance, in the order of the file.
func (p *prof) values(instance string) []setting {
	var out []setting
	for n, e := range p.s.all {
		if strings.HasPrefix(e.key, instance+"_") && e.key != instance+"_module" && p.s.index[e.key] == n {
			out = append(out, e)
		}
	}
	return out
}

// moduleConf returns the settings file of a module, nil if there is none.
func (c *converter) moduleConf(base string) *settings {
	file, ok := c.find(c.confDir, base+suffix)
	if !ok {
		return nil
	}
	s, err := c.tree.read(file, c.confDir, func(setting, string, string) {})
	if err != nil {
		return nil
	}
	return s
}

// plugins reports the modules that SEMS loads and their settings.
func (c *converter) plugins() {
	list, ok := c.sbc.lookup("load_cc_plugins")
	if !ok {
		return
	}
	for _, n := range split(list.value, ";") {
		m := moduleOf(n)
		if m == nil {
			c.report.about(list, fmt.Sprintf("there is no module %s; write one with the SDK", n), nothing)
			continue
		}
		conf := c.moduleConf(m.conf)
		if conf == nil {
			continue
		}
		there := slices.Contains(c.o.Builtins, m.builtin)
		for _, e := range conf.all {
			switch {
			case slices.Contains(m.reads, e.key) && (there || m.builtin == "calltimer"):
			case there:
				c.report.about(e, fmt.Sprintf("a setting of %s that the module %s does not have", n, m.builtin), nothing)
			default:
				c.report.about(e, "a setting of "+n+": "+m.advice, nothing)
			}
		}
	}
}
