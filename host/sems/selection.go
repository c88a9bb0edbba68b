package sems

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sallyport-sbc/sallyport/host/config"
)

// sbcKeys are the other keys of sbc.conf and why they are not carried over; "" for those
// that are, elsewhere.
var sbcKeys = map[string]string{
	"profiles": "", "load_profiles": "", "profiles_path": "", "active_profile": "", "regex_maps": "", "load_cc_plugins": "",
	"enable_session_timer": "", "session_expires": "", "minimum_timer": "", "maximum_timer": "", "session_refresh_method": "",
	"accept_501_reply":                 "",
	"core_options_handling":            "OPTIONS outside calls is always answered by Sallyport itself",
	"out_of_dialog_threads":            own,
	"options_transcoder_in_stats_hdr":  "transcoding is not yet available",
	"options_transcoder_out_stats_hdr": "transcoding is not yet available",
}

// selection converts sbc.conf and the profiles.
func (c *converter) selection(top *section, files map[string]string) {
	loaded, list := c.loadedProfiles(files)
	taken := map[string]bool{}
	for _, n := range loaded {
		c.profileNames[n] = c.profileName(n, list, taken)
	}
	for _, n := range loaded {
		c.profile(n, c.profileNames[n], c.load(files[n]), false)
	}
	for _, n := range slices.Sorted(maps.Keys(files)) {
		if _, ok := c.profileNames[n]; ok {
			continue
		}
		c.report.add(Note{File: files[n], Why: "SEMS does not load this profile, profiles= does not name it", Written: "as a comment"})
		s, err := c.tree.read(files[n], c.confDir, c.report.about)
		if err != nil {
			c.report.add(Note{File: files[n], Why: err.Error(), Written: nothing})
			continue
		}
		c.profile(n, c.profileName(n, list, taken), s, true)
	}
	c.activeProfile(top, loaded)
	if c.sbc == nil {
		return
	}
	for n, e := range c.sbc.all {
		why, known := sbcKeys[e.key]
		switch {
		case c.sbc.index[e.key] != n:
		case !known:
			c.report.about(e, "no key that SEMS reads in sbc.conf", nothing)
		case why != "":
			c.report.about(e, why, nothing)
		}
	}
	c.plugins()
}

// loadedProfiles returns the profiles that SEMS loads, in its order.
func (c *converter) loadedProfiles(files map[string]string) ([]string, setting) {
	list, ok := c.sbc.lookup("profiles")
	if !ok {
		if list, ok = c.sbc.lookup("load_profiles"); ok {
			c.report.about(list, "SEMS reads profiles=; taken as that", "profiles="+list.value)
		}
	}
	if !ok {
		return slices.Sorted(maps.Keys(files)), list
	}
	dir := c.sbc.value("profiles_path")
	if dir == "" {
		dir = c.confDir
	}
	var loaded []string
	for _, n := range split(list.value, ",") {
		if slices.Contains(loaded, n) {
			continue
		}
		file, found := c.find(dir, n+profileSuffix)
		if !found {
			c.report.about(list, fmt.Sprintf("there is no %s%s", n, profileSuffix), "the other profiles")
			continue
		}
		files[n] = file
		loaded = append(loaded, n)
	}
	return loaded, list
}

// profileName returns the name of a profile in the result.
func (c *converter) profileName(sems string, list setting, taken map[string]bool) string {
	n := name(sems)
	if n == config.Refuse {
		n = "refuse_calls"
		c.report.about(list, `"refuse" is the word of active_profile that refuses a call with 403; what comes out of a map or header field as "refuse" means that now, not the profile`, "the profile "+n)
	} else if n != sems {
		c.report.about(list, fmt.Sprintf("%q is no name for a profile; where a map or header field yields it, it must be changed too", sems), n)
	}
	for taken[n] {
		n += "_"
	}
	taken[n] = true
	return n
}

// activeProfile converts the list of selectors.
func (c *converter) activeProfile(top *section, loaded []string) {
	e, ok := c.sbc.lookup("active_profile")
	var selectors []string
	for _, s := range splitOutside(e.value, ',') {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		if n, known := c.profileNames[s]; known {
			selectors = append(selectors, n)
			continue
		}
		if !strings.ContainsAny(s, `$\`) && s != config.Refuse {
			c.report.about(e, fmt.Sprintf("there is no profile %q; SEMS would not start", s), "the other selectors")
			continue
		}
		if p, ok := c.pattern(setting{e.file, e.line, e.key, s}); ok {
			selectors = append(selectors, p)
		}
	}
	switch {
	case len(selectors) > 0:
	case len(loaded) == 1 && !ok:
		e = setting{file: ConfigFile, key: "active_profile"}
		selectors = []string{c.profileNames[loaded[0]]}
		c.report.about(e, "no sbc.conf says which profile calls get", "the only one")
		e = setting{}
	default:
		if e.file == "" {
			e = setting{file: ConfigFile, key: "active_profile"}
		}
		selectors = []string{config.Refuse}
		c.report.about(e, "says no profile that there is: all calls are refused", config.Refuse)
		if e.file == ConfigFile {
			e = setting{}
		}
	}
	if len(loaded) == 0 {
		c.doc.section("profile.none").comment = []string{"SEMS has no profile: a configuration must have one."}
	}
	top.items = append([]*item{{key: "active_profile", values: texts(selectors), list: true, from: e}}, top.items...)
}

// pattern translates a setting's value and reports what was odd. It says whether anything
// came out.
func (c *converter) pattern(e setting) (string, bool) {
	out, warts, err := translate(e.value, func(m string) string { return c.mapped(e, m) })
	if err != nil {
		c.report.about(e, fmt.Sprintf("no pattern: %s", err), nothing)
		return "", false
	}
	if len(warts) > 0 {
		c.report.about(e, strings.Join(warts, "; "), out)
	}
	return out, true
}

// splitOutside splits s at sep outside of parentheses.
func splitOutside(s string, sep byte) []string {
	var out []string
	depth, from := 0, 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			depth = max(depth-1, 0)
		case sep:
			if depth == 0 {
				out = append(out, s[from:i])
				from = i + 1
			}
		}
	}
	return append(out, s[from:])
}
