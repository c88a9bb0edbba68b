package media

import (
	"net/netip"
	"time"
)

// Stats is what a session has relayed, by the side it came from.
type Stats struct {
	A, B Direction
}

// From returns the direction that begins at s.
func (s *Stats) From(side Side) *Direction {
	if side == A {
		return &s.A
	}
	return &s.B
}

// Direction counts the packets that came from one side, over all streams of the
// session. RTCP is counted apart from RTP.
type Direction struct {
	Packets    uint64 // accepted, RTP or raw
	Bytes      uint64 // their UDP payload
	RTCP       uint64 // RTCP packets accepted
	Lost       uint64 // RTP packets that never came, by extended sequence number
	Duplicates uint64 // RTP packets that came again within the last 64
	Late       uint64 // dropped because they waited in the socket during an overload
	Dropped    uint64 // accepted and not sent: no destination, or the kernel refused
	Rejected   uint64 // from a source that is not the side's
	Learning   uint64 // from a source that was about to be learned
	Malformed  uint64 // not RTP or RTCP
	Filtered   uint64 // accepted telephone-events that were taken out
	Limited    uint64 // accepted, and over the bandwidth
	Digits     uint64 // of telephone-event, where they are detected

	// Jitter is the interarrival jitter of the first stream with RTP. RFC 3550 §6.4.1.
	Jitter time.Duration

	// Source is where that stream's RTP comes from, SourceRTCP its RTCP; invalid
	// before the first packet.
	Source, SourceRTCP netip.AddrPort
}

// Totals counts over all sessions of an engine since its start.
type Totals struct {
	Packets, Bytes                               uint64 // relayed
	Late, Dropped, Rejected, Learning, Malformed uint64
	Timeouts                                     uint64
	Filtered, Limited, Digits                    uint64
	DigitsUntold                                 uint64 // too many in a second, or to be told
}

// AnchorStats is the state of an anchor.
type AnchorStats struct {
	Sessions   int
	Interfaces []InterfaceStats
	Totals
}

// InterfaceStats is the state of one media interface, in port pairs.
type InterfaceStats struct {
	Name                     string
	Pairs, Used, Quarantined int
}

// Add sums another stream into d; the first one with packets gives the jitter, the
// first with a source the addresses.
func (d *Direction) Add(o Direction) {
	if d.Packets == 0 {
		d.Jitter = o.Jitter
	}
	if !d.Source.IsValid() {
		d.Source, d.SourceRTCP = o.Source, o.SourceRTCP
	}
	d.Packets += o.Packets
	d.Bytes += o.Bytes
	d.RTCP += o.RTCP
	d.Lost += o.Lost
	d.Duplicates += o.Duplicates
	d.Late += o.Late
	d.Dropped += o.Dropped
	d.Rejected += o.Rejected
	d.Learning += o.Learning
	d.Malformed += o.Malformed
	d.Filtered += o.Filtered
	d.Limited += o.Limited
	d.Digits += o.Digits
}

func (t *Totals) add(o Totals) {
	t.Packets += o.Packets
	t.Bytes += o.Bytes
	t.Late += o.Late
	t.Dropped += o.Dropped
	t.Rejected += o.Rejected
	t.Learning += o.Learning
	t.Malformed += o.Malformed
	t.Timeouts += o.Timeouts
	t.Filtered += o.Filtered
	t.Limited += o.Limited
	t.Digits += o.Digits
	t.DigitsUntold += o.DigitsUntold
}
