package useragent

import (
	"slices"
	"time"
)

// listener keeps the statistics of one received RTP stream (RFC 3550 §6.4.1, A.1, A.3,
// A.8). Owned by the goroutine that reads the socket.
type listener struct {
	ssrc    uint32
	started bool
	first   uint32 // extended sequence numbers of this SSRC
	highest uint32
	window  uint64 // bit n: highest-n was heard

	expected  int // of SSRCs before this one
	received  int // over all SSRCs, without duplicates
	repeated  int
	reordered int

	transit time.Duration // of the packet before
	jitter  time.Duration
}

// packet takes in one packet. It says whether it is one not heard before.
func (l *listener) packet(ssrc uint32, seq uint16, ts uint32, arrived time.Duration) bool {
	if !l.started || ssrc != l.ssrc {
		l.expected += l.span()
		l.started, l.ssrc = true, ssrc
		l.first, l.highest, l.window = uint32(seq), uint32(seq), 1
		l.received++
		l.transit = arrived - rtpTime(ts)
		return true
	}
	// The distance to the highest number, as a signed 16-bit one, tells forward from
	// back across the wrap.
	switch d := int16(seq - uint16(l.highest)); {
	case d > 0:
		l.highest += uint32(d)
		if d < 64 {
			l.window = l.window<<d | 1
		} else {
			l.window = 1
		}
	case d > -64:
		bit := uint64(1) << -d
		if l.window&bit != 0 {
			l.repeated++
			return false
		}
		l.window |= bit
		l.reordered++
		if back := uint32(-d); l.highest-l.first < back {
			l.first = l.highest - back
		}
	default:
		// Too far back to know whether it was heard: a sender that jumped. Counting it
		// keeps loss from going negative only because expected is at least received.
		l.reordered++
	}
	l.received++
	transit := arrived - rtpTime(ts)
	l.jitter += ((transit - l.transit).Abs() - l.jitter) / 16
	l.transit = transit
	return true
}

// rtpTime is a timestamp of an 8 kHz codec as a time.
func rtpTime(ts uint32) time.Duration { return time.Duration(ts) * time.Second / clockRate }

// span is how many packets the sequence numbers of this SSRC cover.
func (l *listener) span() int {
	if !l.started {
		return 0
	}
	return int(l.highest-l.first) + 1
}

// lost is the packets expected and never heard.
func (l *listener) lost() (lost, expected int) {
	expected = l.expected + l.span()
	return max(0, expected-l.received), expected
}

// roundTrips finds frames of the tone in what comes back.
type roundTrips struct {
	frames map[[frameSamples]byte]int
	sent   [toneFrames]time.Duration // when each frame was last sent; -1 = not yet
	times  []time.Duration
	echoed int
}

// maxRoundTrips bounds what is kept; one a frame for ten minutes.
const maxRoundTrips = 30000

func newRoundTrips(t *[toneFrames][frameSamples]byte) *roundTrips {
	r := &roundTrips{frames: make(map[[frameSamples]byte]int, toneFrames)}
	for i, f := range t {
		r.frames[f], r.sent[i] = i, -1
	}
	return r
}

// heard looks at one payload and says whether it is a frame that was sent.
func (r *roundTrips) heard(payload []byte, now time.Duration) bool {
	if len(payload) != frameSamples {
		return false
	}
	i, ok := r.frames[[frameSamples]byte(payload)]
	if !ok || r.sent[i] < 0 {
		return false
	}
	r.echoed++
	if len(r.times) < maxRoundTrips {
		r.times = append(r.times, now-r.sent[i])
	}
	return true
}

// median is the middle round trip, 0 when no frame was recognised.
func (r *roundTrips) median() time.Duration {
	if len(r.times) == 0 {
		return 0
	}
	slices.Sort(r.times)
	return r.times[len(r.times)/2]
}
