package media

import "encoding/binary"

// class is what a datagram looks like. RFC 7983, RFC 5761 §4.
type class uint8

const (
	junk class = iota
	packetRTP
	packetRTCP
	packetDTLS
	packetRaw
)

// classify looks at a datagram as far as the stream's kind asks for. An idle
// stream takes anything for raw: it relays nothing anyway.
func (l *leg) classify(b []byte) class {
	switch {
	case l.kind == Raw || l.kind == Idle:
		return packetRaw
	case isRTCP(b):
		return packetRTCP
	case l.role == roleRTCP:
		return junk
	case isRTP(b):
		return packetRTP
	case l.kind == DTLS && isDTLS(b):
		return packetDTLS
	}
	return junk
}

// isRTCP reports whether b begins with a whole RTCP packet: version 2, a type from
// the range no RTP payload type may use with its marker, a length that fits.
func isRTCP(b []byte) bool {
	return len(b) >= 8 && b[0]>>6 == 2 && b[1] >= 192 && b[1] <= 223 &&
		4+4*int(binary.BigEndian.Uint16(b[2:])) <= len(b)
}

// isRTP reports whether b is an RTP packet: version 2, and CSRCs and the header
// extension fit. The padding count is not looked at: SRTP encrypts it.
func isRTP(b []byte) bool {
	if len(b) < 12 || b[0]>>6 != 2 {
		return false
	}
	n := 12 + 4*int(b[0]&0x0f)
	if b[0]&0x10 != 0 {
		if len(b) < n+4 {
			return false
		}
		n += 4 + 4*int(binary.BigEndian.Uint16(b[n+2:]))
	}
	return len(b) >= n
}

// isDTLS reports whether b begins with a DTLS record.
func isDTLS(b []byte) bool { return len(b) >= 13 && b[0] >= 20 && b[0] <= 63 }
