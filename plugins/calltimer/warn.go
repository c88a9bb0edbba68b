package main

import "github.com/sallyport-sbc/sallyport/sdk"

// timerWarn is the timer of the warning.
const timerWarn = 0

// slack is how much later than it was to be the end may be before the warning is put off.
const slack = sdk.Second

// The ways of a warning, besides the log, the metric and the variable.
const (
	byMetric = "metric"
	byInfo   = "info"
	byHeader = "header"
)

// way is how the call's parties are warned, and which of them.
func way(c *sdk.Call) (by string, a, b bool, err error) {
	by = c.Param("warn_by")
	switch by {
	case "":
		by = byMetric
	case byMetric, byInfo, byHeader:
	default:
		return "", false, false, sdk.Error("warn_by is neither metric, info nor header: " + quoted(by))
	}
	switch leg := c.Param("warn_leg"); leg {
	case "", "a":
		return by, true, false, nil
	case "b":
		return by, false, true, nil
	case "both":
		return by, true, true, nil
	default:
		return "", false, false, sdk.Error("warn_leg is neither a, b nor both: " + quoted(leg))
	}
}

// announce tells how long the call may last in a header field, to the caller with the
// answer, to the callee with the INVITE.
func announce(c *sdk.Call, d sdk.Duration) error {
	by, a, b, err := way(c)
	if err != nil || by != byHeader {
		return err
	}
	name := c.Param("header")
	if name == "" {
		name = "X-Max-Duration"
	}
	if !isName(name) {
		return sdk.Error("header is no name of a header field: " + quoted(name))
	}
	field := name + ": " + digits(int64(d/sdk.Second))
	if a {
		c.Set("headers.rule", `{"to": "a", "on": ["INVITE 2xx"], "set": ["`+field+`"]}`)
	}
	if b {
		c.Set("headers.append", field)
	}
	return nil
}

// Connect sets the timer of the warning.
func (m *module) Connect(c *sdk.Call) error {
	before, ok := sdk.ParseDuration(c.Param("warn"))
	limit, isLimited := m.limit(c)
	if !ok || before == 0 || !isLimited || before >= limit {
		return nil
	}
	return c.SetTimer(timerWarn, limit-before)
}

// Timer warns that the call ends soon, unless it was given more time since.
func (m *module) Timer(c *sdk.Call) error {
	if c.Timer() != timerWarn {
		return nil
	}
	return m.remind(c)
}

// Rearm moves the warning with the end of the call.
func (m *module) Rearm(c *sdk.Call) error { return m.remind(c) }

// remind warns, now or when it is time to.
func (m *module) remind(c *sdk.Call) error {
	before, ok := sdk.ParseDuration(c.Param("warn"))
	until := c.UntilTime()
	if !ok || before == 0 || until.IsZero() {
		return c.ClearTimer(timerWarn)
	}
	left := until.Sub(c.Now())
	if left > before+slack {
		return c.SetTimer(timerWarn, left-before)
	}
	return m.warn(c, max(left, 0))
}

func (m *module) warn(c *sdk.Call, left sdk.Duration) error {
	m.warnings.Add(1)
	c.Log(sdk.LevelInfo, "the call ends soon")
	by, a, b, err := way(c)
	if err == nil && by == byInfo {
		if a {
			err = inform(c, "a", left)
		}
		if b && err == nil {
			err = inform(c, "b", left)
		}
	}
	if err != nil {
		c.Log(sdk.LevelWarn, "the parties are not warned: "+err.Error())
	}
	return c.SetVar(c.Use()+".warned", "yes")
}

// inform sends the warning to a leg.
func inform(c *sdk.Call, leg string, left sdk.Duration) error {
	kind, body := c.Param("info_type"), c.Param("info_body")
	if kind == "" {
		kind = "text/plain"
	}
	if body == "" {
		body = "The call ends in " + digits(int64((left+sdk.Second-1)/sdk.Second)) + " seconds."
	}
	return c.Inform(leg, kind, body)
}

// isName says whether a header field may have this name.
func isName(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// digits is a number that is not negative.
func digits(v int64) string {
	var b [20]byte
	i := len(b)
	for {
		i--
		b[i] = byte('0' + v%10)
		if v /= 10; v == 0 {
			return string(b[i:])
		}
	}
}
