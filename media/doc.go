// Package media anchors RTP and RTCP: it rewrites the SDP of a call so that both
// parties send to ports of ours, and relays what arrives between them.
//
// It knows SDP and two sides, A towards the caller and B towards the callee; it
// does not know SIP. An [Anchor] owns the ports of the named interfaces and an
// [Engine] that moves packets. A [Session] is the media of one call: the call
// hands it every offer and answer it hears and sends on what it gets back.
//
// # Goroutines
//
// The Engine owns them. The user-space engine runs one worker a core and one
// goroutine that delivers media timeouts; [Anchor.Close] stops and waits for all.
// A Session starts none and never waits for a worker, so its methods may be called
// where nothing may block. Packets are relayed without locks and without
// allocations; no packet waits in a queue of ours.
//
// # Whose packets count
//
// The media of a side is taken from the address its SDP names, or, where the
// policy allows symmetric RTP (RFC 4961), from another source that proves itself
// inside a short window after the SDP (see latch.go). Then that source alone is
// relayed until a new SDP is agreed (RFC 7362 §4). All else is dropped and counted.
package media
