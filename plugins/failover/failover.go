// Command failover is the module that chooses other targets when one refuses, by
// the status of its response: from a list, or from the answer of a web server.
// README.md tells how.
package main

import (
	"strings"

	"github.com/sallyport-sbc/sallyport/sdk"
)

func init() { sdk.Register(&module{}) }

func main() { sdk.Main() }

type module struct {
	timeout sdk.Duration // of a request
}

// Init reads the configuration.
func (m *module) Init(s *sdk.Setup) error {
	text, err := s.Text("timeout", "500ms")
	if err != nil {
		return err
	}
	d, ok := sdk.ParseDuration(text)
	if !ok || d < sdk.Millisecond {
		return sdk.Error("timeout is not a duration of at least 1ms: " + text)
	}
	m.timeout = d
	return nil
}

// maxTargets is how many a decision may have.
const maxTargets = 16

// urlSuffix is what the name of a rule ends in when its value is a URL.
const urlSuffix = "_url"

// choice is what to try next.
type choice struct {
	targets []string
	fork    bool
}

// Reject tries the targets of the rule that fits best and was not used yet.
func (m *module) Reject(c *sdk.Call) error {
	used := string(c.State())
	rule := best(c, c.Status(), used)
	if rule == "" {
		return nil
	}
	if err := c.SetState([]byte(used + rule + " ")); err != nil {
		return err
	}
	next := choice{fork: c.Param("fork") == "yes"}
	url := strings.TrimSpace(c.Param(rule + urlSuffix))
	if url == "" {
		next.list(c.Param(rule))
	} else if err := m.ask(c, url, &next); err != nil {
		c.Log(sdk.LevelWarn, "no answer about targets, the list of "+rule+" counts: "+err.Error())
		next = choice{fork: c.Param("fork") == "yes"}
		next.list(c.Param(rule))
	}
	switch {
	case len(next.targets) == 0:
	case next.fork:
		c.TryAll(next.targets...)
	default:
		c.Try(next.targets...)
	}
	return nil
}

// list takes URIs with commas.
func (n *choice) list(value string) {
	n.targets = n.targets[:0]
	for target := range strings.SplitSeq(value, ",") {
		if target = strings.TrimSpace(target); target != "" && len(n.targets) < maxTargets {
			n.targets = append(n.targets, target)
		}
	}
}

// best is the rule with the fewest x that fits the status, has a value, and is not among
// those used.
func best(c *sdk.Call, status int, used string) (name string) {
	params, fewest := c.Params(), 4
	for i := range params.Len() {
		n, v, ok := params.At(i)
		n, _ = strings.CutSuffix(n, urlSuffix)
		x, fits := wildcards(n, status)
		if !ok || !fits || x >= fewest || strings.Trim(v, " ,") == "" || strings.Contains(" "+used, " "+n+" ") {
			continue
		}
		name, fewest = n, x
	}
	return name
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
