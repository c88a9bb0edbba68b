package media

import "time"

// Side names one of the two parties of a call.
type Side uint8

const (
	A Side = iota // towards the caller
	B             // towards the callee
)

// Other returns the opposite side.
func (s Side) Other() Side { return s ^ 1 }

// String returns "a" or "b".
func (s Side) String() string {
	if s == A {
		return "a"
	}
	return "b"
}

// Policy says how the media of one call is anchored. The zero value has no
// timeout and no symmetric RTP; start from [DefaultPolicy].
type Policy struct {
	// InterfaceA and InterfaceB name the media interfaces towards each side. They
	// may be the same. Empty is the first configured interface.
	InterfaceA, InterfaceB string

	// Timeout is how long neither side may send anything before the call's timeout
	// function is called; 0 = never. It is looked at once a second.
	Timeout time.Duration

	// HoldTimeout replaces Timeout while either side holds the call; 0 = never.
	HoldTimeout time.Duration

	// SymmetricA and SymmetricB let a side's media come from, and then go to,
	// another address than its SDP names: a phone behind NAT. RFC 4961.
	SymmetricA, SymmetricB bool

	// Treatment is what happens to packets besides being relayed.
	Treatment Treatment

	// Shape says what of the descriptions a side is sent may be there, by side; nil =
	// everything.
	Shape [2]*Shape
}

// DefaultPolicy returns the policy of a call that says nothing else: 60 seconds
// of silence end it, unless it is on hold, and both sides may be behind NAT.
func DefaultPolicy() Policy {
	return Policy{Timeout: 60 * time.Second, SymmetricA: true, SymmetricB: true}
}

func (p *Policy) interfaceOf(s Side) string {
	if s == A {
		return p.InterfaceA
	}
	return p.InterfaceB
}

func (p *Policy) symmetric(s Side) bool {
	if s == A {
		return p.SymmetricA
	}
	return p.SymmetricB
}
