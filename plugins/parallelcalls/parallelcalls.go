// Command parallelcalls is the module that limits how many calls may be going on at a
// time, by several keys at once. README.md tells how.
package main

import (
	"strings"

	"github.com/sallyport-sbc/sallyport/sdk"
)

func init() { sdk.Register(&module{}) }

func main() { sdk.Main() }

type module struct {
	code   int
	reason string
	away   sdk.Away

	found [maxLimits]sdk.Limit // of the hook that runs, until it waits
}

// maxLimits is how many limits a use may have.
const maxLimits = 16

// Init reads the configuration.
func (m *module) Init(s *sdk.Setup) error {
	if s.IsNear() {
		s.Prompt(sdk.EventStart) // it waits when a limit is full, and asks for the same then
	}
	code, err := s.Int("code", 402)
	if err != nil {
		return err
	}
	if code < 300 || code > 699 {
		return sdk.Error("code is not a status from 300 to 699")
	}
	m.code = int(code)
	if m.reason, err = s.Text("reason", "Too Many Simultaneous Calls"); err != nil {
		return err
	}
	away, err := s.Text("away", "refuse")
	if err != nil {
		return err
	}
	switch away {
	case "refuse":
		m.away = sdk.AwayFail
	case "pass":
		m.away = sdk.AwayPass
	case "share":
		m.away = sdk.AwayShare
	default:
		return sdk.Error("away is none of refuse, pass and share: " + away)
	}
	return nil
}

// Start holds the lease of the call against all its limits, or refuses it. The host
// gives the lease back when the call is over.
func (m *module) Start(c *sdk.Call) error {
	limits, full, err := m.limits(c)
	if err != nil || len(limits) == 0 && full == "" {
		return err
	}
	if full == "" {
		if full, err = c.Limits().Acquire(m.away, limits...); err != nil {
			return err
		}
	}
	if full != "" {
		c.Log(sdk.LevelInfo, "full: "+brief(full))
		c.Refuse(m.code, m.reason)
	}
	return nil
}

// limits are those of the use: every parameter but max and max_… is a key. full is a
// limit that lets no call pass at all.
func (m *module) limits(c *sdk.Call) (limits []sdk.Limit, full string, err error) {
	params, use := c.Params(), c.Use()
	limits = m.found[:0]
	for i := range params.Len() {
		name, value, ok := params.At(i)
		if !ok || name == "max" || strings.HasPrefix(name, ceilings) {
			continue
		}
		if value == "" {
			return nil, "", sdk.Error("there is no " + brief(name) + " to count")
		}
		if len(limits) == maxLimits {
			return nil, "", sdk.Error("more than 16 limits")
		}
		most, err := ceiling(params, name)
		if err != nil {
			return nil, "", err
		}
		key := use + "/" + name + "/" + value
		if most == 0 {
			return nil, key, nil
		}
		limits = append(limits, sdk.Limit{Key: key, Max: most})
	}
	return limits, "", nil
}

// ceilings is what names of ceilings begin with.
const ceilings = "max_"

// ceiling is max_NAME, or max, or 1.
func ceiling(params sdk.List, name string) (int64, error) {
	text, ok := "", false
	for i := range params.Len() {
		n, value, isPair := params.At(i)
		if isPair && len(n) == len(ceilings)+len(name) && n[:len(ceilings)] == ceilings && n[len(ceilings):] == name {
			text, ok = value, true
			break
		}
	}
	if !ok {
		if text, ok = params.Find("max"); !ok {
			return 1, nil
		}
	}
	n, ok := number(text)
	if !ok {
		return 0, sdk.Error("the ceiling of " + brief(name) + " is not a whole number below a billion")
	}
	return n, nil
}

func number(s string) (n int64, ok bool) {
	if s == "" || len(s) > 9 {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, true
}

// brief is a foreign text as a log line may show it.
func brief(s string) string {
	if s = s[:min(len(s), 100)]; !sdk.Plain(s) {
		return "(not plain text)"
	}
	return s
}
