package media

import (
	"encoding/binary"
	"time"
)

// How a source is learned, and why no other way:
//
//   - The address the SDP names is believed at its first packet.
//   - Any other source must prove itself inside the window that an SDP opens: five
//     packets of one SSRC, in sequence, of a negotiated payload type (three, if they
//     last a quarter of a second). A tool that sprays ports (RTP bleed,
//     CVE-2017-14099) has no reason to know any of that, and gets nothing back
//     before it did. Sources on the signalled host come before strangers, and
//     strangers are heard at all only where the policy says symmetric.
//   - A believed source is the only one, until the next SDP. While the window is
//     open it yields to a better one: who won the race against the real phone loses
//     to it.
//   - The next SDP keeps the source it finds. If that is heard again it is sure
//     again, so a session refresh gives a stranger some milliseconds at best; if it
//     is silent, because the phone changed networks, another may follow it by the
//     same rules, but not while the SDP says that the side is silent (hold). A
//     changed address in the SDP drops it.
//   - RTCP has no sequence. It is believed from its signalled address or the host
//     whose RTP is, with that RTP's SSRC.
//   - DTLS handshakes cannot prove anything before they end (CVE-2023-51275,
//     CVE-2025-53399), so they are believed from the signalled host only.
const (
	learnWindow   = 10 * time.Second // covers a callee that rings before it sends
	learnPackets  = 5
	learnFewer    = 3
	learnInterval = 250 * time.Millisecond
)

// trust orders sources; less is better.
type trust uint8

const (
	trustSignalled trust = iota // the very address of the SDP
	trustHost                   // another port of its host, or of one believed before
	trustStranger
	trustNone
)

// latch is what a leg knows about its sources. Owned by the worker.
type latch struct {
	signalled addr  // of the last SDP; zero = none
	believed  bool  // leg.src holds a source
	level     trust // of that source
	symmetric bool
	mute      bool
	quiet     bool
	until     int64 // end of the window, ns
	list      *[4]candidate
}

// candidate is a source that is proving itself.
type candidate struct {
	src   addr
	count uint8
	seq   uint16
	ssrc  uint32
	first int64
	last  int64
}

// agree takes over what an SDP said about the leg's side and opens the window.
func (l *leg) agree(signalled addr, r *Remote, restored addr, now int64) {
	c := &l.cold.latch
	if signalled.port != 0 {
		if c.believed && signalled != c.signalled && signalled != l.src {
			c.believed = false
		}
		c.signalled = signalled
	}
	c.symmetric, c.mute, c.quiet = r.Symmetric, r.Mute, r.Quiet
	if restored.port != 0 {
		l.believe(restored, trustStranger)
	}
	if c.believed {
		c.level = l.trust(l.src)
	}
	l.sure = false
	c.until = now + int64(learnWindow)
	c.list = nil
	l.direct()
}

// direct sets where packets to this side go.
func (l *leg) direct() {
	c := &l.cold.latch
	switch {
	case c.mute || l.kind == Idle:
		l.dst = addr{}
	case c.believed && c.symmetric:
		l.dst = l.src
	default:
		l.dst = c.signalled
	}
}

// trust says what a source is to this leg.
func (l *leg) trust(src addr) trust {
	c := &l.cold.latch
	switch {
	case src == c.signalled:
		return trustSignalled
	case c.signalled.port != 0 && src.ip == c.signalled.ip:
		return trustHost
	case !c.symmetric:
		return trustNone
	case l.cold.relay.trusted[l.cold.side] == src.ip:
		return trustHost
	}
	return trustStranger
}

// admit decides about a packet from a source that is not sure, and counts it if it
// does not pass.
func (l *leg) admit(b []byte, class class, src addr, now instant) bool {
	c := &l.cold.latch
	if l.kind == Idle {
		l.reject()
		return false
	}
	if c.believed && src == l.src && !l.sure {
		l.sure = true // heard again since the last SDP
		c.list = nil
		return true
	}
	level := l.trust(src)
	open := now.ns < c.until || !l.sure && level < trustStranger
	better := !c.believed || !l.sure && !c.quiet || level < c.level
	if !open || !better || level == trustNone {
		l.reject()
		return false
	}
	switch l.prove(b, class, src, level, now.ns) {
	case proven:
		l.believe(src, level)
		l.sure = true
		return true
	case proving:
		l.learn()
	default:
		l.reject()
	}
	return false
}

// believe makes src the leg's source.
func (l *leg) believe(src addr, level trust) {
	c := &l.cold.latch
	l.src = src
	c.believed, c.level, c.list = true, level, nil
	if l.role == roleRTP && l.kind != Raw {
		l.cold.relay.trusted[l.cold.side] = src.ip
	}
	at := src.netip(l.v6)
	l.cold.source.Store(&at)
	l.direct()
}

// verdict is what became of a proof.
type verdict uint8

const (
	disproven verdict = iota
	proving
	proven
)

// prove judges one packet of a source that would be believed.
func (l *leg) prove(b []byte, class class, src addr, level trust, now int64) verdict {
	switch {
	case level == trustSignalled:
		return proven
	case class == packetRTP:
		if !l.negotiated(b[1] & 0x7f) {
			return disproven
		}
		return l.follow(src, binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint16(b[2:]), now)
	case class == packetRTCP && l.role == roleRTCP:
		return l.proveRTCP(b, src)
	case class == packetDTLS || class == packetRaw:
		if level == trustHost {
			return proven
		}
		if class == packetRaw {
			return l.follow(src, 0, 0, now)
		}
	}
	return disproven
}

// proveRTCP believes RTCP of the host whose RTP is believed.
func (l *leg) proveRTCP(b []byte, src addr) verdict {
	rtp := l.cold.partner
	if !rtp.cold.latch.believed || rtp.src.ip != src.ip {
		return disproven
	}
	if rtp.cold.heard && binary.BigEndian.Uint32(b[4:]) != rtp.ssrc {
		return disproven
	}
	return proven
}

// negotiated reports whether a payload type is in the SDP.
func (l *leg) negotiated(pt uint8) bool {
	for i := range l.cold.formats {
		if l.cold.formats[i].Type == pt {
			return true
		}
	}
	return false
}

// follow counts the packets of a candidate. Raw datagrams have no sequence: there
// ssrc and seq are zero.
func (l *leg) follow(src addr, ssrc uint32, seq uint16, now int64) verdict {
	k := l.candidate(src, now)
	next := k.count > 0 && k.ssrc == ssrc && (seq == k.seq+1 || l.kind == Raw)
	if !next {
		k.count, k.first = 0, now
	}
	k.count++
	k.ssrc, k.seq, k.last = ssrc, seq, now
	if k.count >= learnPackets || k.count >= learnFewer && now-k.first >= int64(learnInterval) {
		return proven
	}
	return proving
}

// candidate finds a source among the candidates, or makes it one in place of the
// least proven: a flood of sources cannot push out one that has two packets.
func (l *leg) candidate(src addr, now int64) *candidate {
	c := &l.cold.latch
	if c.list == nil {
		c.list = new([4]candidate)
	}
	worst := &c.list[0]
	for i := range c.list {
		k := &c.list[i]
		if k.count > 0 && k.src == src {
			return k
		}
		if now-k.last > int64(learnInterval) {
			k.count = 0
		}
		if k.count < worst.count {
			worst = k
		}
	}
	*worst = candidate{src: src, first: now, last: now}
	return worst
}
