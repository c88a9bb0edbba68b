package sdk

import "github.com/sallyport-sbc/sallyport/abi/wire"

// Refuse ends the call with a final response: code 300 to 699, reason "" for
// the registered phrase, and further header fields. The last of Refuse and Drop
// counts, and return is still yours to write.
func (c *Call) Refuse(code int, reason string, headers ...Field) {
	c.decided, c.action, c.code, c.reason = true, wire.ActionRefuse, code, reason
	c.headers = append(c.headers[:0], headers...)
}

// Drop ends the call without any reply.
func (c *Call) Drop() { c.decided, c.action = true, wire.ActionDrop }

// Set sets a key of the call's plan, "routing.targets" for example, to a value
// that is taken literally.
func (c *Call) Set(key, value string) {
	c.decided = true
	c.set = append(c.set, Field{key, value})
}

// MaxDuration ends the call so long after it was answered. The shortest of all
// modules counts.
func (c *Call) MaxDuration(d Duration) {
	if d > 0 {
		c.decided, c.duration = true, d
	}
}

// decide writes the decision frame.
func (c *Call) decide(b []byte) (int, bool) {
	if len(b) > wire.AnswerRoom {
		b = b[:wire.AnswerRoom]
	}
	w := wire.NewWriter(b, wire.DecisionSlots)
	w.U64(wire.DecisionAction, c.action)
	switch c.action {
	case wire.ActionRefuse:
		w.U64(wire.DecisionCode, uint64(c.code))
		w.Text(wire.DecisionReason, c.reason)
		write(&w, wire.DecisionHeaders, c.headers)
	case wire.ActionPass:
		if len(c.set) > 0 {
			write(&w, wire.DecisionSet, c.set)
		}
		w.U64(wire.DecisionMaxDuration, uint64(c.duration))
		if len(c.targets) > 0 {
			names(&w, wire.DecisionTargets, c.targets)
		}
		if c.fork {
			w.U64(wire.DecisionFork, 1)
		}
	}
	return w.Close()
}

func write(w *wire.Writer, k int, fs []Field) {
	at := w.List(k, len(fs))
	for i := range fs {
		w.Pair(at, i, fs[i].Name, fs[i].Value)
	}
}
