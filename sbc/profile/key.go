package profile

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/pattern"
)

// A key is one row of a section's table: how the values of a key get into a plan, from the
// configuration and from a module.
type key struct {
	name string
	// patterns returns those of the configuration; nil for a key that is no pattern.
	patterns func(*Config) []*pattern.Pattern
	// set puts a value into the plan in place of what is there; "" is the default. For a key
	// that is a list, add puts the value of one pattern to the others.
	set, add func(*Plan, string) error
	// place, in place of add, puts the value of the pattern at an index; at is its path.
	place func(*Plan, int, string) error
	at    func(*Config, int) string
	// perCall says that the value needs the INVITE even when the pattern is constant.
	perCall bool
	// lines says that the operator may write line breaks into the value.
	lines bool
	// adds says that what modules set comes on top of what the configuration has.
	adds bool
	// required says that at least one of the patterns, if there are any, must yield something.
	required bool
}

// keys are all keys that a module may set, in the order they are evaluated: where a call
// goes comes first, since $di and $dp speak of it.
var keys = join(routingKeys, identityKeys, contactKeys, headerKeys, listKeys(methodLists), mediaKeys, codecKeys, sdpKeys, replyKeys, sessionTimerKeys, authKeys, messageLogKeys, refuseKeys)

func join(sections ...[]key) []key {
	var all []key
	for _, s := range sections {
		all = append(all, s...)
	}
	return all
}

// keySet is a set of keys by their index.
type keySet [3]uint64

func (s *keySet) add(i int)      { s[i/64] |= 1 << (i % 64) }
func (s *keySet) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

// one is the patterns of a key that has a single one.
func one(of func(*Config) *pattern.Pattern) func(*Config) []*pattern.Pattern {
	return func(c *Config) []*pattern.Pattern {
		if p := of(c); p != nil {
			return []*pattern.Pattern{p}
		}
		return nil
	}
}

// keyIndex finds a key by name, -1 if there is none.
func keyIndex(name string) int {
	for i := range keys {
		if keys[i].name == name {
			return i
		}
	}
	return -1
}

// Keys returns the names of the keys a module may set.
func Keys() []string {
	names := make([]string, len(keys))
	for i := range keys {
		names[i] = keys[i].name
	}
	return names
}

// parseBool reads what a header field or a database says for yes and no.
func parseBool(s string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "yes", "true", "1", "on":
		return true, nil
	case "no", "false", "0", "off":
		return false, nil
	}
	return false, fmt.Errorf("want yes or no, got %s", brief(s))
}

// parseDuration reads "90s", or a number of seconds as modules and databases have it.
func parseDuration(s string) (time.Duration, error) {
	if n, err := strconv.ParseUint(s, 10, 31); err == nil {
		return time.Duration(n) * time.Second, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("want a duration such as 90s, got %s", brief(s))
	}
	if d < 0 {
		return 0, fmt.Errorf("%s is negative", s)
	}
	return d, nil
}

// brief quotes a foreign value without letting it fill the log.
func brief(s string) string {
	const most = 128
	if len(s) > most {
		return strconv.Quote(s[:most]) + "…"
	}
	return strconv.Quote(s)
}

// setDuration returns the setter of a duration that is 0 or at least least.
func setDuration(field func(*Plan) *time.Duration, least time.Duration) func(*Plan, string) error {
	return func(p *Plan, v string) error {
		if v == "" {
			*field(p) = *field(&p.Profile.plan)
			return nil
		}
		d, err := parseDuration(v)
		if err != nil {
			return err
		}
		if err := atLeast(d, least); err != nil {
			return err
		}
		*field(p) = d
		return nil
	}
}

// atLeast checks a duration whose 0 is special.
func atLeast(d, least time.Duration) error {
	if d < 0 || d > 0 && d < least {
		return fmt.Errorf("%s is too short: at least %s, or 0s", d, least)
	}
	return nil
}

// splitList splits a comma list; empty elements are left out.
func splitList(s string) []string {
	var out []string
	for s != "" {
		var one string
		one, s, _ = strings.Cut(s, ",")
		if one = strings.TrimSpace(one); one != "" {
			out = append(out, one)
		}
	}
	return out
}
