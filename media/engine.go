package media

import (
	"net/netip"
	"time"
)

// Engine moves the packets of sessions. The user-space engine is the default;
// mediatest has one without sockets.
type Engine interface {
	// Open makes the engine's half of a session. expired is called at most once
	// for a silence that Watch forbids, digit for each digit of a Treatment with
	// DetectDTMF; neither from inside a call to the Relay, nor where packets wait.
	Open(t Treatment, expired func(), digit func(from Side, d Digit)) (Relay, error)

	// Totals returns what all sessions did since the start.
	Totals() Totals

	// Close waits for the engine's goroutines. All relays are closed by then.
	Close()
}

// Relay is an engine's half of one session. Its methods are called by one
// goroutine at a time and do not wait for packets or workers.
type Relay interface {
	// Bind takes ports for side of a stream: addr for RTP, and the port above it
	// for RTCP. It fails with ErrPortTaken when another pair should be tried.
	Bind(stream int, side Side, addr netip.AddrPort) error

	// Tap has f called with every packet of RTP and RTCP that is accepted, as it came, and
	// every one that is sent. It is called before the first Bind. See Session.Tap.
	Tap(f func(src, dst netip.AddrPort, packet []byte))

	// Set says what was last agreed for a stream and reopens its learning window.
	Set(stream int, f Flow)

	// Unbind gives back the ports of both sides of a stream.
	Unbind(stream int)

	// Watch sets how long the session may be silent, counted from now and from
	// every packet; 0 = for ever. With start false the clock waits for a packet.
	Watch(limit time.Duration, start bool)

	// Stats returns what came from one side of a stream.
	Stats(stream int, from Side) Direction

	// Close gives back all ports. Stats keeps working.
	Close()
}

// Kind is how the packets of a stream are looked at.
type Kind uint8

const (
	Idle Kind = iota // refused or not agreed: nothing is relayed
	RTP              // RTP and RTCP, SRTP included: headers are checked
	DTLS             // DTLS-SRTP: as RTP, and handshakes pass
	Raw              // any datagram: udptl, BFCP, …
)

// Flow is what offer and answer agreed for one stream.
type Flow struct {
	Kind   Kind
	Mux    bool // RTCP shares the RTP ports. RFC 5761.
	Secret bool // SRTP: headers are authenticated
	Remote [2]Remote
}

// Remote is what the SDP of one side says about where it sends and listens.
type Remote struct {
	// RTP and RTCP are the signalled addresses; invalid when it names none we can
	// reach (a host name, another address family, 0.0.0.0).
	RTP, RTCP netip.AddrPort

	// Mute forbids sending to this side: hold by the address 0.0.0.0.
	Mute bool

	// Quiet says that by SDP this side sends nothing now (hold): its silence is no
	// reason to follow another source.
	Quiet bool

	// Symmetric allows media of other sources to be learned.
	Symmetric bool

	// Formats are the payload types this side may send.
	Formats []Format

	// Latched and LatchedRTCP restore a source learned earlier; usually invalid.
	Latched, LatchedRTCP netip.AddrPort
}

// Format is one negotiated RTP payload type.
type Format struct {
	Type  uint8  // 0–127
	Event bool   // telephone-event: its timestamps say nothing about jitter
	Clock uint32 // Hz
}
