// Package media anchors RTP and RTCP: it rewrites the SDP of a call so that both
// parties send to ports of ours, and relays what arrives between them.
//
// It knows SDP and two sides, A towards the caller and B towards the callee; it
// does not know SIP. An [Anchor] owns the ports of the named interfaces and an
// [Engine] that moves packets. A [Session] is the media of one call: the call
// hands it every offer and answer it hears and sends on what it gets back.
//
// # SDP
//
// It is read leniently and printed strictly (RFC 8866, RFC 3264). Ours are o=, c=,
// the port of every m= line and a=rtcp (RFC 3605); rtcp-mux (RFC 5761) stays if both
// sides want it; ICE and BUNDLE go, because we are no ICE agent and every stream has
// ports of its own; all else passes as text, in its place. Streams over UDP that are
// not RTP are relayed as they are, streams over TCP refused with port 0. SRTP and
// DTLS-SRTP pass unread: the keys are the far ends'.
//
// # Whose packets count
//
// The media of a side is taken from the address its SDP names, or, where the
// policy allows symmetric RTP (RFC 4961), from another source that proves itself
// inside a short window after the SDP (see latch.go). Then that source alone is
// relayed until a new SDP is agreed (RFC 7362 §4). All else is dropped and counted.
//
// # The user-space engine
//
// One worker a core has an epoll set of its own; all ports of a session belong to
// one worker, so a packet meets no lock and no allocation. Sockets are not
// connected to the source they learned: the kernel would then reject strangers with
// an ICMP error and we could not count them. No packet waits in a queue of ours: what
// the kernel does not take at once is dropped, and after an overload of more than
// 200 ms all but the newest packets of each port are dropped as late. Under load
// packets gather for up to [Config.Tick]; a packet's arrival time, and so jitter, is
// no more exact than that.
//
// # Treatment
//
// Packets leave as they came, unless the call's [Treatment] says otherwise: numbers and
// SSRCs of our own (renumber.go, rtcp.go), telephone-events taken out, digits read from
// them (digit.go), a limit of bandwidth (bandwidth.go). What is kept for it hangs at the
// legs of such sessions only (care.go); others pay for one look at a byte. Where headers
// are authenticated, because the stream is SRTP, nothing is rewritten.
//
// # Goroutines
//
// The Engine owns them: the workers, one that delivers media timeouts, and one for digits.
// [Anchor.Close] stops and waits for all. A Session starts none and never waits for
// a worker, so its methods may be called where nothing may block.
package media
