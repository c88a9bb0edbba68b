package transport

import "sync/atomic"

// Stats counts what an interface, or all of them, did since the start.
type Stats struct {
	Received   uint64 // datagrams and TCP messages that came in, whatever became of them
	Sent       uint64 // messages handed to the network
	SendErrors uint64 // messages the network refused
	Malformed  uint64 // messages that could not be parsed; some of them were answered
	Foreign    uint64 // datagrams that do not begin like SIP (STUN, RTP, noise)
	OverBudget uint64 // datagrams dropped before they were looked at
	Keepalives uint64 // CRLF pings and pongs
	ReadErrors uint64 // errors of UDP sockets, survived
	Panics     uint64 // messages whose handling panicked

	Accepted    uint64 // TCP connections opened by peers
	Dialed      uint64 // TCP connections opened by the SBC
	Refused     uint64 // TCP connections closed at once because of a limit
	DialErrors  uint64 // TCP connections that could not be opened
	Stalled     uint64 // TCP connections closed for a message that took too long
	Unframed    uint64 // TCP connections closed because the next message could not be found
	Connections uint64 // TCP connections open now
}

type counters struct {
	received, sent, sendErrors, malformed, foreign, overBudget, keepalives, readErrors, panics atomic.Uint64

	accepted, dialed, refused, dialErrors, stalled, unframed atomic.Uint64

	connections atomic.Int64
}

// addTo adds the counters to s.
func (c *counters) addTo(s *Stats) {
	s.Received += c.received.Load()
	s.Sent += c.sent.Load()
	s.SendErrors += c.sendErrors.Load()
	s.Malformed += c.malformed.Load()
	s.Foreign += c.foreign.Load()
	s.OverBudget += c.overBudget.Load()
	s.Keepalives += c.keepalives.Load()
	s.ReadErrors += c.readErrors.Load()
	s.Panics += c.panics.Load()
	s.Accepted += c.accepted.Load()
	s.Dialed += c.dialed.Load()
	s.Refused += c.refused.Load()
	s.DialErrors += c.dialErrors.Load()
	s.Stalled += c.stalled.Load()
	s.Unframed += c.unframed.Load()
	s.Connections += uint64(max(c.connections.Load(), 0))
}

// Stats returns the sums over all interfaces.
func (l *Layer) Stats() Stats {
	var s Stats
	for _, i := range l.interfaces {
		i.counters.addTo(&s)
	}
	return s
}

// Stats returns the counts of one interface.
func (i *Interface) Stats() Stats {
	var s Stats
	i.counters.addTo(&s)
	return s
}
