package sems

import (
	"cmp"
	"strings"
)

// messageLog splits the path of a file into its folder, which must be plain text here, and its
// name, a pattern.
func messageLog(p *prof, e setting, r *row) {
	if e.value == "" {
		return
	}
	plain := e.value
	if i := strings.IndexByte(plain, '$'); i >= 0 {
		plain = plain[:i]
	}
	at := strings.LastIndexByte(plain, '/')
	folder, name := ".", e.value
	if at >= 0 {
		folder, name = cmp.Or(e.value[:at], "/"), e.value[at+1:]
	}
	if strings.Contains(name, "/") {
		p.report.about(e, "what a far end says cannot choose a folder: a / in the name becomes _", "as one name")
	}
	p.put(r.to, text(folder), e)
	e.value = name
	if v, ok := p.pattern(e); ok && v != "" {
		p.put("message_log.name", text(v), e)
	}
}

// logSIP is on unless it says no.
func logSIP(p *prof, e setting, r *row) {
	if e.value != "" && !p.on(e) {
		p.put(r.to, "false", e)
	}
}
