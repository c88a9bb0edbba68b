package media

import (
	"encoding/binary"
	"time"
)

// Digit is one that a side has dialled.
type Digit struct {
	// Key is one of 0–9, *, #, A–D, or ! for a hook flash. RFC 4733 §3.2.
	Key byte

	// Duration is how long it was held; 0 = unknown.
	Duration time.Duration
}

const keys = "0123456789*#ABCD!"

const (
	// toneSilence is after how long without a packet a tone is over that no packet ended.
	toneSilence = 500 * time.Millisecond

	// digitsPerSecond is how many digits of one side are told in a second, more than
	// anybody can dial: each costs a hook. All are counted.
	digitsPerSecond = 20
)

// tone is the digit that a side sends or has sent last. An event is named by its
// timestamp: packets with the same one say how long it lasts by now, and the last of
// them comes three times. RFC 4733 §2.5.
type tone struct {
	begun  bool
	over   bool
	code   uint8
	clock  uint32
	ssrc   uint32
	stamp  uint32
	before uint64 // units of clock, of the segments before this
	length uint16 // units of clock
	heard  int64  // last packet, ns
	second uint32 // when digits were told last
	told   uint8  // in that second
}

// hear reads a telephone-event packet.
func (c *care) hear(b []byte, clock uint32, now instant) {
	at := payloadAt(b)
	if len(b) < at+4 || int(b[at]) >= len(keys) {
		return
	}
	code, end, length := b[at], b[at+1]&0x80 != 0, binary.BigEndian.Uint16(b[at+2:])
	stamp, ssrc := binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	t := &c.tone
	same := t.begun && t.ssrc == ssrc
	switch behind := t.stamp - stamp; {
	case same && behind == 0:
		if t.over {
			return
		}
		t.length = max(t.length, length)
	case same && behind < 5*clock:
		return // a straggler of the tone before
	case same && !t.over && t.code == code && stamp == t.stamp+uint32(t.length) && t.length == 0xffff:
		t.before += uint64(t.length) // a long tone comes in segments, RFC 4733 §2.5.1.3
		t.stamp, t.length = stamp, length
	default:
		c.finish(now)
		*t = tone{begun: true, code: code, clock: clock, ssrc: ssrc, stamp: stamp, length: length, second: t.second, told: t.told}
	}
	t.heard = now.ns
	if end {
		c.finish(now)
	}
}

// finish counts and tells the digit whose tone is over.
func (c *care) finish(now instant) {
	t := &c.tone
	if !t.begun || t.over {
		return
	}
	t.over = true
	c.digits.Add(1)
	c.relay.sum.Digits++
	if t.second != now.second {
		t.second, t.told = now.second, 0
	}
	units := t.before + uint64(t.length)
	d := Digit{Key: keys[t.code], Duration: time.Duration(units * 1_000_000 / uint64(t.clock) * 1000)}
	if t.told >= digitsPerSecond || c.relay.press == nil || !c.relay.press(c.side, d) {
		c.relay.sum.DigitsUntold++
		return
	}
	t.told++
}

// endTone ends a tone whose last packets were lost. It is called once a second.
func (c *care) endTone(now instant) {
	if now.ns-c.tone.heard >= int64(toneSilence) {
		c.finish(now)
	}
}
