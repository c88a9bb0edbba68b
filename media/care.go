package media

import "sync/atomic"

// care is what is done to the packets that come from one side of a stream, for sessions
// with a Treatment. Owned by the worker except the atomics.
type care struct {
	*Treatment
	relay *relay
	side  Side
	back  *care // of the other side

	secret bool      // headers are authenticated, payload is encrypted
	events [2]uint64 // payload types of telephone-event
	shown  shown
	tone   tone

	filtered, limited, digits atomic.Uint64
}

// newCares makes those of both sides of a stream, nil where nothing is to be done.
func newCares(t *Treatment, r *relay) (c [2]*care) {
	if !t.some() {
		return c
	}
	both := new([2]care)
	for side := A; side <= B; side++ {
		c[side] = &both[side]
		both[side] = care{Treatment: t, relay: r, side: side, back: &both[side.Other()], shown: newShown()}
	}
	return c
}

// agree takes over what was agreed for the stream.
func (c *care) agree(f *Flow) {
	c.secret = f.Secret || f.Kind == DTLS
	c.events = [2]uint64{}
	for _, format := range f.Remote[c.side].Formats {
		if format.Event {
			c.events[format.Type>>6&1] |= 1 << (format.Type & 63)
		}
	}
}

// pass does to a packet that was accepted what is to be done, and reports whether it
// goes on.
func (c *care) pass(l *leg, b []byte, class class, now instant) bool {
	out := false
	if class == packetRTP {
		pt := b[1] & 0x7f
		event := c.events[pt>>6]&(1<<(pt&63)) != 0
		if event && c.DetectDTMF && !c.secret {
			c.hear(b, l.clockOf(pt), now)
		}
		out = event && c.FilterDTMF
		if c.rewrites() && !c.secret {
			c.shown.rtp(c.Treatment, b, out, l.cold.clock.Load(), now.ns)
		}
	}
	switch {
	case out:
		c.filtered.Add(1)
		c.relay.sum.Filtered++
	case !c.relay.budget[c.side].take(len(b), now.ns):
		c.limited.Add(1)
		c.relay.sum.Limited++
	default:
		return true
	}
	return false
}

// clockOf returns the clock of a payload type.
func (l *leg) clockOf(pt uint8) uint32 {
	for i := range l.cold.formats {
		if f := &l.cold.formats[i]; f.Type == pt && f.Clock != 0 {
			return f.Clock
		}
	}
	return 8000
}
