// Command ratelimit is the module that limits how many calls a second may begin, and how many
// requests may come outside of calls, for whatever a pattern names. README.md tells how.
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
	drop   bool
}

// Init reads the configuration.
func (m *module) Init(s *sdk.Setup) error {
	code, err := s.Int("code", 503)
	if err != nil {
		return err
	}
	if code < 300 || code > 699 {
		return sdk.Error("code is not a status from 300 to 699")
	}
	m.code = int(code)
	if m.reason, err = s.Text("reason", ""); err != nil {
		return err
	}
	if m.drop, err = s.Bool("drop", false); err != nil {
		return err
	}
	calls, err := s.Bool("calls", true)
	if err != nil {
		return err
	}
	requests, err := s.Bool("requests", false)
	switch {
	case err != nil:
		return err
	case !calls && !requests:
		return sdk.Error("neither calls nor requests are to be limited")
	case !calls:
		s.Skip(sdk.EventStart)
	case !requests:
		s.Skip(sdk.EventRoute, sdk.EventRegister)
	}
	return nil
}

// Start takes one call from the rate, or refuses it.
func (m *module) Start(c *sdk.Call) error { return m.take(c) }

// Route takes one request outside of calls from the rate.
func (m *module) Route(c *sdk.Call) error { return m.take(c) }

// Register takes one REGISTER from the rate.
func (m *module) Register(c *sdk.Call) error { return m.take(c) }

// take takes one from the bucket that the key names, or refuses.
func (m *module) take(c *sdk.Call) error {
	key := c.Param("key")
	if key == "" {
		return nil
	}
	milli, ok := perSecond(c.Param("rate"))
	if !ok {
		return sdk.Error("rate is not a number of calls, as 10, 0.5, 30/m or 100/h")
	}
	burst := (milli + 999) / 1000
	if text := c.Param("burst"); text != "" {
		whole, thousandths, ok := decimal(text)
		if !ok || thousandths != 0 || whole == 0 {
			return sdk.Error("burst is not a whole number from 1")
		}
		burst = whole
	}
	if milli == 0 {
		m.refuse(c)
		return nil
	}
	after, err := c.Limits().Take(c.Use()+"/"+key, milli, burst, 1)
	if err != nil || after == 0 {
		return err
	}
	var b [20]byte
	m.refuse(c, sdk.Field{Name: "Retry-After", Value: seconds(b[:], after)})
	return nil
}

// refuse says no, or nothing at all.
func (m *module) refuse(c *sdk.Call, fields ...sdk.Field) {
	if m.drop {
		c.Drop()
		return
	}
	c.Refuse(m.code, m.reason, fields...)
}

// perSecond reads a rate in thousandths a second.
func perSecond(s string) (milli int64, ok bool) {
	text, unit, isUnit := strings.Cut(s, "/")
	whole, thousandths, ok := decimal(text)
	milli = whole*1000 + thousandths
	switch {
	case !ok:
		return 0, false
	case !isUnit || unit == "s":
		return milli, true
	case unit == "m":
		return atLeastOne(milli, 60), true
	case unit == "h":
		return atLeastOne(milli, 3600), true
	}
	return 0, false
}

// atLeastOne divides, but not a rate down to none.
func atLeastOne(milli, by int64) int64 {
	if milli == 0 {
		return 0
	}
	return max((milli+by/2)/by, 1)
}

// decimal reads a number below a million with up to three digits behind the point.
func decimal(s string) (whole, thousandths int64, ok bool) {
	digits, fraction, isPoint := strings.Cut(s, ".")
	whole, ok = number(digits, 6)
	if !ok || !isPoint {
		return whole, 0, ok
	}
	thousandths, ok = number(fraction, 3)
	for range 3 - len(fraction) {
		thousandths *= 10
	}
	return whole, thousandths, ok
}

func number(s string, most int) (n int64, ok bool) {
	if s == "" || len(s) > most {
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

// seconds writes a span in whole seconds, rounded up, which is what Retry-After has.
func seconds(b []byte, d sdk.Duration) string {
	n, i := (d+sdk.Second-1)/sdk.Second, len(b)
	for {
		i--
		b[i] = byte('0' + n%10)
		if n /= 10; n == 0 {
			return string(b[i:])
		}
	}
}
