// Command calltimer is the module that bounds how long a call may last, by a
// value that comes with each call; README.md tells how.
package main

import "github.com/sallyport-sbc/sallyport/sdk"

func init() { sdk.Register(&module{}) }

func main() { sdk.Main() }

type module struct {
	absent   sdk.Duration // for calls that bring no usable value
	isAbsent bool         // whether there is one
	warnings sdk.Metric
}

// Init reads the configuration.
func (m *module) Init(s *sdk.Setup) error {
	var err error
	if m.warnings, err = s.Counter("warnings"); err != nil {
		return err
	}
	text, err := s.Text("default", "")
	if err != nil || text == "" {
		return err
	}
	if m.absent, m.isAbsent = sdk.ParseDuration(text); !m.isAbsent {
		return sdk.Error("default is not a duration such as 90s: " + text)
	}
	return nil
}

// Start sets the maximum duration, or refuses the call that may not last at all.
func (m *module) Start(c *sdk.Call) error {
	d, ok := m.limit(c)
	switch {
	case !ok:
		c.Log(sdk.LevelWarn, "no duration in timer: "+quoted(c.Param("timer")))
		c.Refuse(500, "")
	case d == 0:
		c.Refuse(503, "")
	default:
		c.MaxDuration(d)
		return announce(c, d)
	}
	return nil
}

// limit is how long the call may last.
func (m *module) limit(c *sdk.Call) (sdk.Duration, bool) {
	if d, ok := sdk.ParseDuration(c.Param("timer")); ok {
		return d, true
	}
	return m.absent, m.isAbsent
}

// quoted is a foreign text as a log line may show it.
func quoted(s string) string {
	s = s[:min(len(s), 64)]
	if !sdk.Plain(s) {
		return "(not plain text)"
	}
	return `"` + s + `"`
}
