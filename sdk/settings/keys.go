package settings

import "strings"

// Allowed reports whether a key is on a list whose items are keys, or sections
// as "routing.*", or "*".
func Allowed(list []string, key string) bool {
	for _, item := range list {
		if item == key || item == "*" {
			return true
		}
		if section, ok := strings.CutSuffix(item, "*"); ok && strings.HasPrefix(key, section) {
			return true
		}
	}
	return false
}

// Valid reports whether an item of such a list has a meaning: letters, digits,
// "_", "-" and dots, and "*" only as the last part.
func Valid(item string) bool {
	item, _ = strings.CutSuffix(item, "*")
	if item != "" && item[0] == '.' {
		return false
	}
	for i := range len(item) {
		switch c := item[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-', c == '.':
		default:
			return false
		}
	}
	return true
}

// Key is the plan's name of a setting: itself, or, when it is a name that the
// SEMS SBC has for it in its modules ctl and rest, ours. The case of those does not matter.
func Key(name string) string {
	if strings.IndexByte(name, '.') >= 0 {
		return name
	}
	for i := range sems {
		if Equal(sems[i][0], name) {
			return sems[i][1]
		}
	}
	return name
}

// Equal compares a lower-case name with one in any case.
func Equal(lower, name string) bool {
	if len(lower) != len(name) {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

var sems = [...][2]string{
	{"ruri", "identity.ruri"},
	{"from", "identity.from"},
	{"to", "identity.to"},
	{"call-id", "identity.call_id"},
	{"outbound_proxy", "routing.outbound_proxy"},
	{"force_outbound_proxy", "routing.force_outbound_proxy"},
	{"next_hop", "routing.next_hop"},
	{"outbound_interface", "routing.interface"},
	{"append_headers", "headers.append"},
	{"rtprelay_enabled", "media.relay"},
	{"rtprelay_interface", "media.interface_b"},
	{"aleg_rtprelay_interface", "media.interface_a"},
	{"sst_enabled", "session_timer.b.enable"},
	{"sst_aleg_enabled", "session_timer.a.enable"},
}
