package sdk

import "github.com/sallyport-sbc/sallyport/abi/wire"

// The methods below know something in the End hook only.

// Disposition is how the call ended: "answered", "failed", "canceled",
// "refused" or "dropped".
func (c *Call) Disposition() string { return c.text(wire.FieldDisposition) }

// Code is the final SIP status leg A got, 200 for an answered call.
func (c *Call) Code() int { return int(c.in.U64(wire.FieldCode)) }

// Reason is the phrase that goes with Code.
func (c *Call) Reason() string { return c.text(wire.FieldReason) }

// Q850 is the cause of Q.850, 0 when it is not known.
func (c *Call) Q850() int { return int(c.in.U64(wire.FieldQ850)) }

// HangupBy is who ended the call: "a", "b", "sbc", or the name of a use.
func (c *Call) HangupBy() string { return c.text(wire.FieldHangupBy) }

// Modules are the names of the uses that ran.
func (c *Call) Modules() List {
	return c.list(wire.FieldModules)
}

// Media is what was received from one leg.
type Media struct {
	Codec    string // "PCMU/8000", "" when there was no relay
	Packets  uint64
	Lost     uint64
	Rejected uint64   // from a wrong source, malformed or late
	Jitter   Duration // RFC 3550 §6.4.1
	MOS      int      // estimate in thousandths, 0 = unknown
}

// MediaA is what was received from leg A. It reports false when the SBC did
// not relay.
func (c *Call) MediaA() (Media, bool) { return c.media(wire.FieldACodec) }

// MediaB is what was received from leg B, as MediaA.
func (c *Call) MediaB() (Media, bool) { return c.media(wire.FieldBCodec) }

func (c *Call) media(k int) (Media, bool) {
	m := Media{
		Codec:    c.text(k),
		Packets:  c.in.U64(k + wire.FieldAPackets - wire.FieldACodec),
		Lost:     c.in.U64(k + wire.FieldALost - wire.FieldACodec),
		Rejected: c.in.U64(k + wire.FieldARejected - wire.FieldACodec),
		Jitter:   Duration(c.in.U64(k + wire.FieldAJitter - wire.FieldACodec)),
		MOS:      int(c.in.U64(k + wire.FieldAMOS - wire.FieldACodec)),
	}
	return m, m != Media{}
}
