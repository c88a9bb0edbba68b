package media

import "encoding/binary"

// Types of RTCP packets. RFC 3550 §12.1, RFC 4585, RFC 3611.
const (
	rtcpSR    = 200
	rtcpRR    = 201
	rtcpSDES  = 202
	rtcpBYE   = 203
	rtcpAPP   = 204
	rtcpRTPFB = 205
	rtcpPSFB  = 206
	rtcpXR    = 207
)

// Formats of feedback. RFC 4585 §6.2.1, RFC 5104 §4.
const (
	fbNACK  = 1 // of RTPFB
	fbTMMBR = 3
	fbTMMBN = 4
	fbFIR   = 4 // of PSFB
)

// rtcp makes what a side says in RTCP fit what the other side is shown: who speaks is the
// stream the other side is sent, and what is reported on is the stream it sent itself.
// Packets that do not end where they say stay as they are.
func (c *care) rtcp(b []byte) {
	if c.secret || !c.rewrites() {
		return
	}
	for len(b) >= 4 && b[0]>>6 == 2 {
		n := 4 + 4*int(binary.BigEndian.Uint16(b[2:]))
		if n > len(b) {
			return
		}
		c.rtcpPacket(b[:n])
		b = b[n:]
	}
}

func (c *care) rtcpPacket(p []byte) {
	count := int(p[0] & 0x1f)
	switch p[1] {
	case rtcpSDES:
		c.chunks(p[4:], count)
		return
	case rtcpBYE:
		for i := 4; i+4 <= len(p) && i < 4+4*count; i += 4 {
			c.speaker(p[i:])
		}
		return
	}
	if len(p) < 8 {
		return
	}
	from := binary.BigEndian.Uint32(p[4:])
	switch p[1] {
	case rtcpSR, rtcpRR, rtcpAPP, rtcpRTPFB, rtcpPSFB, rtcpXR:
		c.speaker(p[4:])
	}
	switch p[1] {
	case rtcpSR:
		if len(p) >= 28 {
			c.sender(p[8:28], from)
			c.reports(p[28:], count)
		}
	case rtcpRR:
		c.reports(p[8:], count)
	case rtcpRTPFB, rtcpPSFB:
		c.feedback(p, count)
	case rtcpXR:
		c.extended(p[8:])
	}
}

// speaker replaces the SSRC at the beginning of p if it is the one of the stream that
// comes from this side. A side may speak before it sends any RTP.
func (c *care) speaker(p []byte) {
	s := &c.shown
	ssrc := binary.BigEndian.Uint32(p)
	if !s.begun {
		s.source = ssrc
	}
	if c.OwnSSRC && ssrc == s.source {
		binary.BigEndian.PutUint32(p, s.ssrc)
	}
}

// about replaces the SSRC at the beginning of p if it is what this side is shown of the
// other one, and reports whether it is about that stream.
func (c *care) about(p []byte) bool {
	s := &c.back.shown
	ssrc := binary.BigEndian.Uint32(p)
	if !c.OwnSSRC {
		return s.begun && ssrc == s.source
	}
	if ssrc != s.ssrc {
		return false
	}
	binary.BigEndian.PutUint32(p, s.source)
	return s.begun
}

// sender corrects the sender information of a report: the timestamp, and the counts,
// which are those of the SSRC it now has. RFC 3550 §6.4.1, §7.2.
func (c *care) sender(p []byte, ssrc uint32) {
	s := &c.shown
	if !c.OwnSSRC || !s.begun || ssrc != s.source {
		return
	}
	binary.BigEndian.PutUint32(p[8:], binary.BigEndian.Uint32(p[8:])+s.stamp)
	binary.BigEndian.PutUint32(p[12:], s.packets)
	binary.BigEndian.PutUint32(p[16:], s.octets)
}

// reports corrects report blocks.
func (c *care) reports(p []byte, count int) {
	for ; count > 0 && len(p) >= 24; count-- {
		if c.about(p) && c.Renumber {
			binary.BigEndian.PutUint32(p[8:], c.back.shown.came(binary.BigEndian.Uint32(p[8:])))
		}
		p = p[24:]
	}
}

// number turns the sequence number at the beginning of p into the one the packet had.
func (c *care) number(p []byte) {
	s := &c.back.shown
	sent := s.top + s.shift
	near := sent + uint32(int32(int16(binary.BigEndian.Uint16(p)-uint16(sent))))
	binary.BigEndian.PutUint16(p, uint16(s.came(near)))
}

// chunks replaces the SSRCs of source descriptions. RFC 3550 §6.5.
func (c *care) chunks(p []byte, count int) {
	for ; count > 0 && len(p) >= 4; count-- {
		c.speaker(p)
		i := 4
		for i+1 < len(p) && p[i] != 0 {
			i += 2 + int(p[i+1])
		}
		if i = i&^3 + 4; i > len(p) { // one null octet at least, up to the next word
			return
		}
		p = p[i:]
	}
}

// feedback corrects what RFC 4585 and RFC 5104 say about a stream.
func (c *care) feedback(p []byte, format int) {
	if len(p) < 12 {
		return
	}
	ours := c.about(p[8:])
	fci := p[12:]
	switch {
	case p[1] == rtcpRTPFB && format == fbNACK:
		for ; ours && c.Renumber && len(fci) >= 4; fci = fci[4:] {
			c.number(fci)
		}
	case p[1] == rtcpRTPFB && (format == fbTMMBR || format == fbTMMBN), p[1] == rtcpPSFB && format == fbFIR:
		for ; len(fci) >= 8; fci = fci[8:] {
			c.about(fci)
		}
	}
}

// extended corrects extended reports: those with the SSRC of a stream at the beginning,
// and a range of its sequence numbers behind it. RFC 3611 §4.
func (c *care) extended(p []byte) {
	for len(p) >= 4 {
		n := 4 + 4*int(binary.BigEndian.Uint16(p[2:]))
		if n > len(p) {
			return
		}
		switch kind := p[0]; {
		case kind == 5: // DLRR
			for i := 4; i+12 <= n; i += 12 {
				c.about(p[i:])
			}
		case kind >= 1 && kind <= 3 || kind == 6 || kind == 7:
			if n >= 12 && c.about(p[4:]) && c.Renumber && kind != 7 {
				c.number(p[8:])
				c.number(p[10:])
			}
		}
		p = p[n:]
	}
}
