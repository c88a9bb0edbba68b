// Command failover is the module that chooses other targets when one refuses, by
// the status of its response. README.md tells how.
package main

import (
	"strings"

	"github.com/sallyport-sbc/sallyport/sdk"
)

func init() { sdk.Register(&module{}) }

func main() { sdk.Main() }

type module struct {
	sdk.Base
	targets []string // reused; one hook at a time
}

// maxTargets is how many a decision may have.
const maxTargets = 16

// Reject tries the targets of the rule that fits best and was not used yet.
func (m *module) Reject(c *sdk.Call) error {
	used := string(c.State())
	rule, value := m.rule(c, c.Status(), used)
	if rule == "" {
		return nil
	}
	m.targets = m.targets[:0]
	for target := range strings.SplitSeq(value, ",") {
		if target = strings.TrimSpace(target); target != "" && len(m.targets) < maxTargets {
			m.targets = append(m.targets, target)
		}
	}
	if err := c.SetState([]byte(used + rule + " ")); err != nil {
		return err
	}
	if c.Param("fork") == "yes" {
		c.TryAll(m.targets...)
	} else {
		c.Try(m.targets...)
	}
	return nil
}

// rule is the parameter with the fewest x that fits the status, has a value, and is
// not among those used.
func (m *module) rule(c *sdk.Call, status int, used string) (name, value string) {
	params, best := c.Params(), 4
	for i := range params.Len() {
		n, v, ok := params.At(i)
		x, fits := wildcards(n, status)
		if !ok || !fits || x >= best || strings.Trim(v, " ,") == "" || strings.Contains(" "+used, " "+n+" ") {
			continue
		}
		name, value, best = n, v, x
	}
	return name, value
}

// wildcards counts the x of a rule such as 5xx, and says whether it fits.
func wildcards(rule string, status int) (n int, fits bool) {
	if len(rule) != 3 {
		return 0, false
	}
	for i, digit := range [3]int{status / 100, status / 10 % 10, status % 10} {
		switch c := rule[i]; {
		case c == 'x':
			n++
		case int(c)-'0' != digit:
			return 0, false
		}
	}
	return n, true
}
