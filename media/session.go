package media

import (
	"fmt"
	"net/netip"
	"sync"
)

// Session is the media of one call. The call owns it; its methods may still be
// called from several goroutines, and none of them waits for media.
type Session struct {
	anchor *Anchor
	policy Policy
	relay  Relay

	mu        sync.Mutex // guards everything below
	face      [2]facing
	streams   []stream
	agreed    *agreement // nil before the first answer
	before    *agreement // what Rollback returns to
	offer     *offer     // the last one, until Confirm or Rollback
	confirmed bool       // Confirm was called at least once
	closed    bool
	carried   Stats // counted before a Restore
	digit     func(from Side, d Digit)
}

// facing is what the session shows one side.
type facing struct {
	pool    *pool
	id      uint64 // o= session id
	version uint64 // of the last body sent to this side; 0 = none yet
	sum     uint64 // fingerprint of that body
}

// stream holds the RTP ports of one m= line by side; 0 = none.
type stream struct {
	port [2]uint16
}

// agreement is what both sides' SDP say, by side and stream. It never changes.
type agreement struct {
	ends     [2][]end
	answerer Side
}

// offer is an offer that may still be answered, answered otherwise or rolled back.
type offer struct {
	by       Side
	ends     []end
	heard    int   // m= lines as it came; more are padding
	fresh    []int // streams whose ports it took
	answered bool
}

// Offer rewrites an SDP offer heard from side and returns the offer to send to the
// other side. It takes ports for both sides of every new stream. An offer from the
// same side replaces one not yet answered; an offer against one from the other
// side fails with ErrState. Also ErrBadSDP, ErrNoPorts, ErrClosed, and
// ErrNoCommonCodec when the policy's shape leaves no stream; after an error the
// session is as before.
func (s *Session) Offer(from Side, sdp []byte) ([]byte, error) {
	d, err := parseSDP(string(sdp))
	if err != nil {
		return nil, err
	}
	if err := s.policy.Shape[from.Other()].apply(d); err != nil {
		return nil, err
	}
	ends, err := d.ends()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	if s.offer != nil && !s.offer.answered && s.offer.by != from {
		return nil, ErrState
	}
	o := &offer{by: from, heard: len(ends)}
	o.ends = s.pad(ends, from)
	if s.ownPort(o.ends) {
		return nil, fmt.Errorf("%w: names a port of ours", ErrBadSDP)
	}
	if o.fresh, err = s.takePorts(o.ends); err != nil {
		return nil, err
	}
	if s.offer != nil && !s.offer.answered { // before stays what it is
		o.fresh = append(o.fresh, s.offer.fresh...)
	} else {
		s.before = s.agreed
	}
	s.offer = o
	return s.print(d, from.Other(), o.ends, nil, len(o.ends)), nil
}

// Answer rewrites the answer to the last offer and returns the answer to send to
// the offerer. Media flows from now on. A further answer to the same offer, from a
// fork or a later response, replaces the one before. It fails with ErrState,
// ErrBadSDP, ErrClosed or ErrNoCommonCodec, and then the session is as before.
func (s *Session) Answer(from Side, sdp []byte) ([]byte, error) {
	d, err := parseSDP(string(sdp))
	if err != nil {
		return nil, err
	}
	if err := s.policy.Shape[from.Other()].apply(d); err != nil {
		return nil, err
	}
	ends, err := d.ends()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.offer
	switch {
	case s.closed:
		return nil, ErrClosed
	case o == nil || o.by == from:
		return nil, ErrState
	case len(ends) > len(o.ends):
		return nil, fmt.Errorf("%w: %d streams answer %d", ErrBadSDP, len(ends), len(o.ends))
	case s.ownPort(ends):
		return nil, fmt.Errorf("%w: names a port of ours", ErrBadSDP)
	}
	for i := len(ends); i < len(o.ends); i++ { // devices that leave out what they refuse
		ends = append(ends, o.ends[i].refused())
	}
	for i := range ends {
		if !relayable(&o.ends[i], &ends[i]) {
			return nil, fmt.Errorf("%w: %s answers %s", ErrBadSDP, ends[i].proto, o.ends[i].proto)
		}
	}
	agreed := &agreement{answerer: from}
	agreed.ends[from] = ends
	agreed.ends[o.by] = o.ends
	o.answered = true
	s.agreed = agreed
	s.apply()
	return s.print(d, o.by, ends, o.ends, o.heard), nil
}

// Confirm says that the last answer is final: the offer can no longer be answered
// otherwise or rolled back, ports of refused streams are released, sources may be
// learned anew, and the media timeout runs even if no packet ever came. Call it
// when the 2xx was sent or acknowledged.
func (s *Session) Confirm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.agreed == nil || s.offer != nil && !s.offer.answered {
		return
	}
	s.offer, s.before, s.confirmed = nil, nil, true
	for i := range s.streams {
		if !s.active(i) {
			s.freePorts(i)
		}
	}
	s.apply()
}

// Rollback undoes the last Offer and the answers to it, unless Confirm was called
// since: the offer was refused, and what was agreed before stays. RFC 6141 §3.
func (s *Session) Rollback() {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.offer
	if s.closed || o == nil {
		return
	}
	s.offer = nil
	for _, i := range o.fresh {
		s.freePorts(i)
	}
	if s.agreed != s.before {
		s.agreed, s.before = s.before, nil
		s.apply()
	}
}

// SetSymmetric says from the next answer on whether the media of a side may come from
// another address than its SDP says.
func (s *Session) SetSymmetric(side Side, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if side == A {
		s.policy.SymmetricA = on
	} else {
		s.policy.SymmetricB = on
	}
}

// OnDigit has f called for each digit that is detected (see Treatment.DetectDTMF), when
// its tone is over: on a goroutine of the anchor, possibly while or just after Close
// runs; it must not block. Digits that come faster than they can be told are counted and
// dropped.
func (s *Session) OnDigit(f func(from Side, d Digit)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.digit = f
}

// Tap has f called with every packet of RTP and RTCP that is accepted, as it came from src
// to a port of ours, and every one that leaves from a port of ours to dst. Call it before
// the first Offer. f runs where packets wait: it must return at once and not keep packet.
func (s *Session) Tap(f func(src, dst netip.AddrPort, packet []byte)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed && len(s.streams) == 0 {
		s.relay.Tap(f)
	}
}

// Hold reports whether a side holds the call: it agreed to at least one stream, and
// all of them are sendonly or inactive in its SDP, or have the address 0.0.0.0.
// RFC 3264 §8.4.
func (s *Session) Hold(side Side) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hold(side)
}

// Codec returns the codec negotiated for the first audio stream as an rtpmap names
// it, "PCMU/8000"; "" before an answer. Nothing is transcoded, so it is the same for
// both sides: the answerer's first choice.
func (s *Session) Codec(side Side) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.streams {
		if s.active(i) && s.agreed.ends[side][i].media == "audio" {
			return s.agreed.ends[s.agreed.answerer][i].codec
		}
	}
	return ""
}

// Stats returns what was relayed so far; it works after Close too.
func (s *Session) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	var st Stats
	for side := A; side <= B; side++ {
		d := st.From(side)
		for i := range s.streams {
			d.Add(s.relay.Stats(i, side))
		}
		d.Add(*s.carried.From(side))
	}
	return st
}

// Close ends the session; its ports go into quarantine. It may be called twice.
func (s *Session) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	s.relay.Close()
	for i := range s.streams {
		s.givePorts(i)
	}
	s.anchor.leave(s)
}

// pressed passes a digit on, unless the session was closed meanwhile.
func (s *Session) pressed(from Side, d Digit) {
	s.mu.Lock()
	f := s.digit
	if s.closed {
		f = nil
	}
	s.mu.Unlock()
	if f != nil {
		f(from, d)
	}
}

// expired passes a timeout on, unless the session was closed meanwhile.
func (s *Session) expired(timeout func()) {
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if !closed && timeout != nil {
		timeout()
	}
}
