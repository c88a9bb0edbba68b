package transaction

import "sync/atomic"

// Stats counts what a layer did since it was made.
type Stats struct {
	Servers, Clients uint64 // transactions begun
	ServersOpen      uint64 // transactions that exist now, lingering ones included
	ClientsOpen      uint64
	Absorbed         uint64 // retransmissions that came in: requests, ACKs, finals
	Repeated         uint64 // retransmissions that went out by a timer
	Malformed        uint64 // messages that were answered or dropped because of what they are
	Stray            uint64 // responses that belong to no transaction
	Merged           uint64 // 482
	NoTransaction    uint64 // CANCELs answered 481
	Overload         uint64 // 503
	Timeouts         uint64 // client transactions that ended by Timer B, C or F
	TransportErrors  uint64 // client transactions that ended because nothing could be sent
	Unacknowledged   uint64 // 2xx and other finals to an INVITE whose ACK never came
}

type counters struct {
	servers, clients, absorbed, repeated, malformed, stray, merged, noTransaction, overload,
	timeouts, transportErrors, unacknowledged atomic.Uint64

	serversOpen, clientsOpen atomic.Int64
}

// Stats returns what the layer did so far.
func (l *Layer) Stats() Stats {
	c := &l.counters
	return Stats{
		Servers:         c.servers.Load(),
		Clients:         c.clients.Load(),
		ServersOpen:     uint64(max(c.serversOpen.Load(), 0)),
		ClientsOpen:     uint64(max(c.clientsOpen.Load(), 0)),
		Absorbed:        c.absorbed.Load(),
		Repeated:        c.repeated.Load(),
		Malformed:       c.malformed.Load(),
		Stray:           c.stray.Load(),
		Merged:          c.merged.Load(),
		NoTransaction:   c.noTransaction.Load(),
		Overload:        c.overload.Load(),
		Timeouts:        c.timeouts.Load(),
		TransportErrors: c.transportErrors.Load(),
		Unacknowledged:  c.unacknowledged.Load(),
	}
}
