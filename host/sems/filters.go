package sems

import (
	"fmt"
	"strings"
)

// filter carries one of SEMS's filters over: a mode, and a list under another key. The
// result has a list of what is allowed or of what is denied, under r.to. one makes of an
// element what Sallyport calls it, "" for one that is left out.
func filter(listKey, leg string, one func(p *prof, e setting, v string) string) func(*prof, setting, *row) {
	return func(p *prof, e setting, r *row) {
		list, _ := p.s.lookup(listKey)
		key := ""
		switch e.value {
		case "transparent", "":
			if list.value != "" {
				p.report.about(list, fmt.Sprintf("no effect with %s=%s", e.key, e.value), nothing)
			}
			return
		case "whitelist":
			key = "allow"
		case "blacklist":
			key = "deny"
		default:
			p.report.about(e, "want transparent, whitelist or blacklist: SEMS does not load the profile", nothing)
			return
		}
		// "headers" has allow and deny, "sdp.media" has media_allow and media_deny.
		to := r.to + "." + key + leg
		if section, prefix, ok := strings.Cut(r.to, "."); ok {
			to = section + "." + prefix + "_" + key + leg
		}
		var values []string
		for _, v := range split(list.value, ",") {
			if one != nil {
				v = one(p, list, v)
			}
			if v != "" {
				values = append(values, v)
			}
		}
		from := list
		if from.file == "" {
			from = e
		}
		if section, k := cutKey(to); len(values) == 0 {
			f := filler("."+section, k)
			if f == "" {
				return
			}
			p.report.about(e, "an empty whitelist lets nothing pass", to+" = "+f)
			values = []string{f}
		}
		p.putList(to, values, from)
	}
}

// lonely reports a key that has no effect without another one.
func lonely(master string) func(*prof, setting, *row) {
	return func(p *prof, e setting, _ *row) {
		if _, ok := p.s.lookup(master); !ok && e.value != "" {
			p.report.about(e, "no effect without "+master, nothing)
		}
	}
}

// methodOf returns a method that can be filtered.
func methodOf(p *prof, e setting, v string) string {
	switch up := strings.ToUpper(v); up {
	case "ACK", "BYE", "CANCEL":
		p.report.about(e, up+" always crosses: a call could not end without it", "the others")
		return ""
	default:
		if up != v {
			p.report.about(e, fmt.Sprintf("methods are in upper case; SEMS does not find %q", v), up)
		}
		return up
	}
}

// sdpFilterA is the filter of what leg A is sent. In SEMS it overwrites the one for both
// legs.
func sdpFilterA(p *prof, e setting, r *row) {
	if both, ok := p.s.lookup("sdp_filter"); ok && both.value != "transparent" {
		p.report.about(e, "in SEMS it overwrites sdp_filter for leg A; here both count", "codecs.*_a besides codecs.*")
	}
	filter("aleg_sdpfilter_list", "_a", nil)(p, e, r)
}

// appendHeaders splits what is appended into header fields.
func appendHeaders(p *prof, e setting, r *row) {
	v, ok := p.pattern(e)
	if fields := splitLines(v); ok && len(fields) > 0 {
		p.putList(r.to, fields, e)
	}
}

// appendHeadersReq are header fields of every request to a leg.
func appendHeadersReq(p *prof, e setting, r *row) {
	if strings.Contains(e.value, "$") {
		p.report.about(e, "SEMS sends the pattern itself in calls; it is evaluated here", e.value)
	}
	appendHeaders(p, e, r)
}

// splitLines splits a pattern at its escaped line breaks, outside of arguments.
func splitLines(s string) []string {
	var out []string
	depth, from := 0, 0
	cut := func(end, next int) {
		if one := strings.TrimSpace(s[from:end]); one != "" {
			out = append(out, one)
		}
		from = next
	}
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '(':
			depth++
		case ')':
			depth = max(depth-1, 0)
		case '\\':
			if i++; i < len(s) && depth == 0 && (s[i] == 'r' || s[i] == 'n') {
				cut(i-1, i+1)
			}
		}
	}
	cut(len(s), len(s))
	return out
}
