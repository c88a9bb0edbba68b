package capture

import (
	"encoding/binary"
	"net/netip"
)

const (
	tcp = 6
	udp = 17

	hops       = 64
	pushAndAck = 0x18
)

// appendIP appends an IP packet (RFC 791, RFC 8200) with UDP (RFC 768) or TCP (RFC 9293)
// inside. Both addresses are of one family.
func appendIP(b []byte, src, dst netip.AddrPort, protocol byte, data []byte, seq, ack uint32) []byte {
	size := 8 + len(data)
	if protocol == tcp {
		size += 12
	}
	ip := len(b)
	if src.Addr().Is4() {
		b = append(b, 0x45, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(20+size))
		b = append(b, 0, 0, 0x40, 0, hops, protocol, 0, 0)
		b = append(append(b, src.Addr().AsSlice()...), dst.Addr().AsSlice()...)
		binary.BigEndian.PutUint16(b[ip+10:], ^fold(sum(0, b[ip:])))
	} else {
		b = append(b, 0x60, 0, 0, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(size))
		b = append(b, protocol, hops)
		b = append(append(b, src.Addr().AsSlice()...), dst.Addr().AsSlice()...)
	}
	at := len(b)
	b = binary.BigEndian.AppendUint16(b, src.Port())
	b = binary.BigEndian.AppendUint16(b, dst.Port())
	check := at + 6
	if protocol == tcp {
		b = binary.BigEndian.AppendUint32(b, seq)
		b = binary.BigEndian.AppendUint32(b, ack)
		b = append(b, 5<<4, pushAndAck, 0xff, 0xff, 0, 0, 0, 0)
		check = at + 16
	} else {
		b = binary.BigEndian.AppendUint16(b, uint16(size))
		b = append(b, 0, 0)
	}
	b = append(b, data...)
	s := sum(uint32(protocol)+uint32(size), src.Addr().AsSlice())
	c := ^fold(sum(sum(s, dst.Addr().AsSlice()), b[at:]))
	if c == 0 && protocol == udp {
		c = 0xffff // zero would mean that there is none
	}
	binary.BigEndian.PutUint16(b[check:], c)
	return b
}

// sum adds up the words of the Internet checksum (RFC 1071).
func sum(s uint32, b []byte) uint32 {
	for ; len(b) >= 2; b = b[2:] {
		s += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	return s
}

func fold(s uint32) uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}
