package media

import (
	"encoding/binary"
	"net/netip"
	"sync/atomic"
)

// role is what a leg's port is for.
type role uint8

const (
	roleRTP  role = iota // RTP, and RTCP where the two are muxed
	roleRTCP             // the port above
)

// packetBudget is how many packets a second one port may relay. No stream comes
// near it; two calls whose SDP name each other's ports of ours would run a packet
// in a circle without it.
const packetBudget = 10_000

// leg is one port of ours and what comes in there: the half of a stream that
// begins at one side. Everything the relay of a packet touches is in these 128
// bytes. Owned by its worker; the counters are atomic so that anybody may read.
type leg struct {
	peer *leg     // the port of the other side; packets leave by its fd
	cold *legCold // what a packet from the usual source does not need

	fd int32 // -1 = closed

	src addr // the only source whose packets pass once sure
	dst addr // where packets for this side go; port 0 = nowhere

	kind Kind
	role role
	v6   bool
	mux  bool
	sure bool  // src was heard since the last SDP
	pt   uint8 // of the last RTP packet; rate belongs to it

	seqMax   uint16
	second   uint32 // of the last packet, on the worker's clock; 0 = never
	inSecond uint32 // packets in that second
	ssrc     uint32
	expected uint32 // sequence numbers since ssrc began
	unique   uint32 // of those, heard
	transit  uint32 // RFC 3550 A.8, in units of rate
	rate     uint32 // Hz; 0 = no jitter from this payload type
	treated  bool   // cold.care or a tap is there
	seen     uint64 // the last 64 sequence numbers, bit 0 = seqMax

	packets atomic.Uint64
	bytes   atomic.Uint64
	quality atomic.Uint64 // packets lost << 32 | 16 × jitter in units of rate
}

// legCold is the rest of a leg. Owned by its worker except the atomics.
type legCold struct {
	relay   *relay
	side    Side
	partner *leg // RTP of an RTCP leg and the other way round

	latch   latch
	care    *care // nil = packets go on as they are
	local   netip.AddrPort
	formats []Format
	lost    uint32 // by earlier SSRCs
	heard   bool   // an RTP packet came: ssrc and seqMax hold

	clock      atomic.Uint32 // rate, for whoever reads jitter
	rtcp       atomic.Uint64
	duplicates atomic.Uint64
	late       atomic.Uint64
	dropped    atomic.Uint64
	rejected   atomic.Uint64
	learning   atomic.Uint64
	malformed  atomic.Uint64
	source     atomic.Pointer[netip.AddrPort] // latched
}

// instant is the time of a batch of packets.
type instant struct {
	ns     int64  // since the worker began
	second uint32 // whole seconds of ns, plus one so that 0 means never
	frac   uint32 // the rest in ns
}

// accept looks at a packet that came from src to the leg's port, changes it as the
// session's treatment says, and returns the leg whose port it leaves by, nil if it is to
// be dropped. It counts either way. This is
// the path of every packet: it takes no lock and allocates nothing, except when a
// source is learned.
func (l *leg) accept(b []byte, src addr, now instant) *leg {
	class := l.classify(b)
	if class == junk {
		l.cold.malformed.Add(1)
		l.cold.relay.sum.Malformed++
		return nil
	}
	if !l.sure || src != l.src {
		if !l.admit(b, class, src, now) {
			return nil
		}
	}
	if l.second != now.second {
		l.second, l.inSecond = now.second, 0
	}
	if l.inSecond++; l.inSecond > packetBudget {
		l.drop()
		return nil
	}
	if l.treated {
		l.tap(b, src.netip(l.v6), l.cold.local)
	}
	out := l.peer
	switch class {
	case packetRTCP:
		l.cold.rtcp.Add(1)
		if l.role == roleRTP && !l.mux {
			out = l.cold.partner.peer // some devices send RTCP to the RTP port unasked
		}
		if l.treated && l.cold.care != nil {
			l.cold.care.rtcp(b)
		}
		return out
	case packetRTP:
		l.measure(b, now)
	}
	l.packets.Store(l.packets.Load() + 1)
	l.bytes.Store(l.bytes.Load() + uint64(len(b)))
	if l.treated && l.cold.care != nil && !l.cold.care.pass(l, b, class, now) {
		return nil
	}
	return out
}

// tap shows a packet to who listens to the session.
func (l *leg) tap(b []byte, src, dst netip.AddrPort) {
	if f := l.cold.relay.tap; f != nil && l.kind != Raw {
		f(src, dst, b)
	}
}

// drop, reject and learn count a packet that goes no further.
func (l *leg) drop() {
	l.cold.dropped.Add(1)
	l.cold.relay.sum.Dropped++
}

func (l *leg) reject() {
	l.cold.rejected.Add(1)
	l.cold.relay.sum.Rejected++
}

func (l *leg) learn() {
	l.cold.learning.Add(1)
	l.cold.relay.sum.Learning++
}

// measure keeps the receiver's statistics of RFC 3550 A.1, A.3 and A.8.
func (l *leg) measure(b []byte, now instant) {
	seq := binary.BigEndian.Uint16(b[2:])
	stamp := binary.BigEndian.Uint32(b[4:])
	ssrc := binary.BigEndian.Uint32(b[8:])
	if pt := b[1] & 0x7f; pt != l.pt || !l.cold.heard {
		l.setRate(pt)
	}
	if ssrc != l.ssrc || !l.cold.heard {
		l.restart(ssrc, seq)
	} else if !l.sequence(seq) {
		return
	}
	q := l.quality.Load()
	jitter := uint32(q)
	if l.rate != 0 {
		arrival := now.second*l.rate + uint32(uint64(now.frac)*uint64(l.rate)/1e9)
		transit := arrival - stamp
		d := int32(transit - l.transit)
		l.transit = transit
		if d < 0 {
			d = -d
		}
		// A larger step is a new timeline (hold, another source), not jitter.
		if uint32(d) < l.rate {
			jitter += uint32(d) - (jitter+8)>>4
		}
	}
	lost := l.cold.lost
	if l.expected > l.unique {
		lost += l.expected - l.unique
	}
	if now := uint64(lost)<<32 | uint64(jitter); now != q {
		l.quality.Store(now)
	}
}

// sequence notes a sequence number of the running source; false = came before.
func (l *leg) sequence(seq uint16) bool {
	switch d := int16(seq - l.seqMax); {
	case d > 0 && d < 3000:
		l.seen = l.seen<<uint(d) | 1
		l.expected += uint32(d)
		l.seqMax = seq
	case d <= 0 && d > -64:
		bit := uint64(1) << uint(-d)
		if l.seen&bit != 0 {
			l.cold.duplicates.Add(1)
			return false
		}
		l.seen |= bit
		if uint32(-d) >= l.expected {
			return true // before the first one we counted from
		}
	case d <= 0 && d > -100: // misordered beyond memory
		return true
	default: // the source began anew
		l.restart(l.ssrc, seq)
		return true
	}
	l.unique++
	return true
}

// restart counts from seq on; what was lost stays lost.
func (l *leg) restart(ssrc uint32, seq uint16) {
	if l.expected > l.unique {
		l.cold.lost += l.expected - l.unique
	}
	l.ssrc, l.seqMax = ssrc, seq
	l.expected, l.unique, l.seen = 1, 1, 1
	l.cold.heard = true
	l.transit = 1 << 31 // makes the first step too large to count
}

// setRate takes over the clock of a payload type.
func (l *leg) setRate(pt uint8) {
	l.pt = pt
	rate := uint32(8000)
	for i := range l.cold.formats {
		if f := &l.cold.formats[i]; f.Type == pt {
			if rate = f.Clock; f.Event {
				rate = 0 // RFC 4733 repeats the timestamp of the event's begin
			}
			break
		}
	}
	if l.rate = rate; rate != 0 {
		l.cold.clock.Store(rate)
	}
}
