package media

import "fmt"

// maxBandwidth bounds Treatment.Bandwidth and BandwidthPeak: 10 Gbit.
const maxBandwidth = 10_000_000

// leastPeak is the least a limited direction may send at once, in kbit: a packet of
// 1500 bytes. With less a large packet would never pass.
const leastPeak = 12

// Treatment says what happens to the packets of a call besides being relayed. The zero
// value leaves them as they are. It is the same for both directions, each on its own.
//
// SRTP authenticates RTP headers: where a stream is encrypted, Renumber, OwnSSRC and
// DetectDTMF do nothing.
type Treatment struct {
	// Renumber gives each direction of a stream one sequence: it goes on where the
	// source changes or begins anew, and packets that FilterDTMF takes out leave no gap.
	// Those lost on the way here do: a gap is how a receiver knows.
	Renumber bool

	// OwnSSRC gives each direction of a stream an SSRC of ours in RTP and RTCP, which
	// stays when the source changes. A stream must then have one source at a time:
	// retransmissions and layers of video with an SSRC of their own would be mixed in.
	OwnSSRC bool

	// FilterDTMF drops packets of the payload types that are telephone-event by SDP.
	// RFC 4733.
	FilterDTMF bool

	// DetectDTMF reads digits from them, counts them and tells them, see Session.OnDigit.
	DetectDTMF bool

	// Bandwidth is how much each side may send in all streams together, RTCP not
	// counted: kbit/s of UDP payload, 0 = any. What is more is dropped.
	Bandwidth int

	// BandwidthPeak is how much of that may come at once, in kbit: 12 or more; 0 = what
	// Bandwidth lets pass in a second, but at least 12.
	BandwidthPeak int
}

// Check says what is wrong with a treatment.
func (t *Treatment) Check() error {
	switch {
	case t.Bandwidth < 0 || t.Bandwidth > maxBandwidth:
		return fmt.Errorf("bandwidth %d is not within 0 to %d kbit/s", t.Bandwidth, maxBandwidth)
	case t.BandwidthPeak < 0 || t.BandwidthPeak > maxBandwidth || t.BandwidthPeak > 0 && t.BandwidthPeak < leastPeak:
		return fmt.Errorf("bandwidth peak %d is neither 0 nor within %d to %d kbit", t.BandwidthPeak, leastPeak, maxBandwidth)
	}
	return nil
}

// some reports whether anything is to be done at all.
func (t *Treatment) some() bool {
	return t.Renumber || t.OwnSSRC || t.FilterDTMF || t.DetectDTMF || t.Bandwidth > 0
}

// rewrites reports whether headers are to be changed.
func (t *Treatment) rewrites() bool { return t.Renumber || t.OwnSSRC }
