package media

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
)

const (
	maxDropout  = 3000 // RFC 3550 A.1: a larger step is a source that began anew
	maxMisorder = 100
)

// shown is the stream that a side is sent, made of what the other side sends. Owned by
// the worker.
//
// What comes out keeps the order and the gaps of what came in, so a number is the
// source's plus a shift; the shift changes only where the source does, and by one for
// each packet that was taken out. Timestamps are left alone, because they and the
// sender's clock are all a jitter buffer and lip synchronisation have, but for one case:
// when the source changes under an SSRC of ours. The receiver cannot know of that, and
// would take the new source's clock for a pause of hours or for packets that are long
// over. The new one then goes on where the old one was, plus the time between.
type shown struct {
	ssrc   uint32 // of ours
	source uint32 // SSRC of what comes in; before the first RTP packet that of its RTCP
	begun  bool

	top   uint32 // highest number that came, extended by its cycles
	shift uint32 // what top became is top + shift
	cut   uint64 // of the last 64 numbers those that were taken out; bit 0 = top

	stamp     uint32 // added to timestamps
	lastStamp uint32 // the last new one that went out
	lastTime  int64  // and when, ns

	packets, octets uint32 // that went out, as sender reports count them
}

func newShown() shown { return shown{ssrc: rand.Uint32() | 1} }

// rtp rewrites the header of a packet; with out it is not sent, and its number is given to
// the next one.
func (s *shown) rtp(t *Treatment, b []byte, out bool, clock uint32, now int64) {
	seq := binary.BigEndian.Uint16(b[2:])
	stamp := binary.BigEndian.Uint32(b[4:])
	ssrc := binary.BigEndian.Uint32(b[8:])
	ahead := true // not late
	number := uint32(seq)
	switch d := int16(seq - uint16(s.top)); {
	case !s.begun:
		s.begun, s.source = true, ssrc
		s.restart(uint32(seq), rand.Uint32()&0x7fff)
	case ssrc != s.source:
		if t.OwnSSRC {
			s.stamp = s.lastStamp + elapsed(now-s.lastTime, clock) - stamp
		}
		s.source = ssrc
		s.restart(uint32(seq), s.top+s.shift+1)
	case d > 0 && d < maxDropout:
		s.top += uint32(d)
		s.cut <<= uint(d)
		number = s.top
	case d <= 0 && d > -maxMisorder:
		ahead = false
		number = s.top + uint32(int32(d))
	default:
		s.restart(uint32(seq), s.top+s.shift+1)
	}
	if out && ahead {
		s.shift--
		s.cut |= 1
	}
	if t.Renumber {
		binary.BigEndian.PutUint16(b[2:], uint16(number+s.shift+s.removed(s.top-number)))
	}
	if !t.OwnSSRC {
		return
	}
	if stamp += s.stamp; stamp != s.lastStamp && ahead {
		s.lastStamp, s.lastTime = stamp, now
	}
	binary.BigEndian.PutUint32(b[4:], stamp)
	binary.BigEndian.PutUint32(b[8:], s.ssrc)
	if !out {
		s.packets++
		s.octets += payloadSize(b)
	}
}

// restart has number come out as next.
func (s *shown) restart(number, next uint32) {
	s.top, s.shift, s.cut = number, next-number, 0
}

// removed returns how many of the last n numbers were taken out.
func (s *shown) removed(n uint32) uint32 {
	return uint32(bits.OnesCount64(s.cut & (1<<min(n, 64) - 1)))
}

// came returns what the extended number of a packet that was sent was when it came.
func (s *shown) came(number uint32) uint32 {
	in := number - s.shift
	for s.top-in < 64 { // a step back may meet more that were taken out
		next := number - s.shift - s.removed(s.top-in+1)
		if next == in {
			break
		}
		in = next
	}
	return in
}

// elapsed is how far a clock has gone on in ns, at least one step.
func elapsed(ns int64, clock uint32) uint32 {
	if clock == 0 {
		clock = 8000
	}
	return uint32(max(1, ns/1_000_000*int64(clock)/1000))
}

// payloadSize returns the octets of an RTP packet without header and padding.
func payloadSize(b []byte) uint32 {
	n := len(b) - payloadAt(b)
	if b[0]&0x20 != 0 {
		n -= int(b[len(b)-1])
	}
	return uint32(max(0, n))
}

// payloadAt returns where the payload of an RTP packet begins; see isRTP.
func payloadAt(b []byte) int {
	n := 12 + 4*int(b[0]&0x0f)
	if b[0]&0x10 != 0 {
		n += 4 + 4*int(binary.BigEndian.Uint16(b[n+2:]))
	}
	return n
}
