package sbc

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// listen has the digits that the sides dial in RTP posted to the call, if the plan detects
// any. The media engine bounds how many.
func (c *call) listen() {
	if c.plan.Media.Treatment.DetectDTMF {
		c.media.OnDigit(func(from media.Side, d media.Digit) {
			c.post(event{kind: evDigit, digit: &dialled{from, d}})
		})
	}
}

// dialled is a digit and who dialled it.
type dialled struct {
	from  media.Side
	digit media.Digit
}

// heard takes a digit from RTP.
func (c *call) heard(d *dialled) {
	l := &c.a
	if d.from == media.B {
		l = c.b
	}
	c.tellDigit(l, d.digit, nil)
}

// heardInfo takes the digit of an INFO, if there is one and the plan detects any.
func (c *call) heardInfo(l *leg, m *sip.Message) {
	if c.plan == nil || !c.plan.Media.Treatment.DetectDTMF {
		return
	}
	if d, ok := digitOf(m); ok {
		c.tellDigit(l, d, m)
	}
}

// tellDigit tells modules of a digit. A refusal of it ends the call.
func (c *call) tellDigit(l *leg, d media.Digit, m *sip.Message) {
	if l == nil || !c.run.Wants(abi.EventDTMF) {
		return
	}
	h := c.shown(abi.EventDTMF, m)
	h.Side, h.Detail, h.Duration = l.name(), string(rune(d.Key)), d.Duration
	c.judged(h, abi.EventDTMF, c.run.Event(context.Background(), &h.Call))
}

const digits = "0123456789*#ABCD!"

// digitOf reads the digit of an INFO: application/dtmf-relay says "Signal=5" and, in
// milliseconds, "Duration=160", each on a line; application/dtmf is the digit alone.
func digitOf(m *sip.Message) (d media.Digit, ok bool) {
	switch {
	case mediaType(m, "application/dtmf"):
		return signal(m.Body)
	case !mediaType(m, "application/dtmf-relay"):
		return d, false
	}
	for line := range strings.Lines(m.Body) {
		name, value, _ := strings.Cut(line, "=")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "signal":
			var is media.Digit
			is, ok = signal(value)
			d.Key = is.Key
		case "duration":
			if ms, err := strconv.ParseUint(value, 10, 16); err == nil {
				d.Duration = time.Duration(ms) * time.Millisecond
			}
		}
	}
	return d, ok
}

// signal reads a digit, or its code in RFC 4733 as some devices send it for those behind 9.
func signal(s string) (media.Digit, bool) {
	s = strings.ToUpper(strings.TrimSpace(s))
	if len(s) == 1 && strings.Contains(digits, s) {
		return media.Digit{Key: s[0]}, true
	}
	if n, err := strconv.ParseUint(s, 10, 8); err == nil && n < uint64(len(digits)) {
		return media.Digit{Key: digits[n]}, true
	}
	return media.Digit{}, false
}
