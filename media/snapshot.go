package media

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"time"
)

// snapshotVersion is written into every snapshot; another one is refused.
const snapshotVersion = 1

// maxSnapshot bounds what Restore reads.
const maxSnapshot = 1 << 20

// saved is a session as it is written down.
type saved struct {
	Version   int            `json:"v"`
	Policy    Policy         `json:"policy"`
	Faces     [2]savedFace   `json:"faces"`
	Streams   []savedStream  `json:"streams,omitempty"`
	Agreed    *savedExchange `json:"agreed,omitempty"`
	Before    *savedExchange `json:"before,omitempty"`
	Offer     *savedOffer    `json:"offer,omitempty"`
	Confirmed bool           `json:"confirmed,omitempty"`
	Counted   Stats          `json:"counted"`
}

type savedFace struct {
	ID      uint64 `json:"id"`
	Version uint64 `json:"version"`
	Sum     uint64 `json:"sum"`
}

type savedStream struct {
	Ports [2]uint16         `json:"ports"`
	RTP   [2]netip.AddrPort `json:"rtp"` // latched
	RTCP  [2]netip.AddrPort `json:"rtcp"`
}

type savedExchange struct {
	Ends     [2][]savedEnd `json:"ends"`
	Answerer Side          `json:"answerer"`
}

type savedOffer struct {
	By       Side       `json:"by"`
	Ends     []savedEnd `json:"ends"`
	Heard    int        `json:"heard"`
	Fresh    []int      `json:"fresh,omitempty"`
	Answered bool       `json:"answered,omitempty"`
}

type savedEnd struct {
	Media   string         `json:"media"`
	Proto   string         `json:"proto"`
	Formats string         `json:"formats"`
	Kind    Kind           `json:"kind,omitempty"`
	Dir     direction      `json:"dir,omitempty"`
	Zero    bool           `json:"zero,omitempty"`
	Mux     bool           `json:"mux,omitempty"`
	SAVP    bool           `json:"savp,omitempty"`
	Keyed   bool           `json:"keyed,omitempty"`
	RTP     netip.AddrPort `json:"rtp"`
	RTCP    netip.AddrPort `json:"rtcp"`
	Codec   string         `json:"codec,omitempty"`
	Payload []Format       `json:"payload,omitempty"`
}

// Snapshot writes the session down for [Anchor.Restore], here or on another node:
// ports, addresses, latched sources, what was offered and agreed, and the counters. A
// restored session shows the sides new sources, where the treatment gives them its own.
// It fails with ErrClosed.
func (s *Session) Snapshot() ([]byte, error) {
	counted := s.Stats()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	v := saved{
		Version: snapshotVersion, Policy: s.policy, Confirmed: s.confirmed, Counted: counted,
		Agreed: s.agreed.save(), Before: s.before.save(), Offer: s.offer.save(),
	}
	for side := A; side <= B; side++ {
		f := &s.face[side]
		v.Faces[side] = savedFace{f.id, f.version, f.sum}
	}
	for i := range s.streams {
		st := savedStream{Ports: s.streams[i].port}
		for side := A; side <= B; side++ {
			d := s.relay.Stats(i, side)
			st.RTP[side], st.RTCP[side] = d.Source, d.SourceRTCP
		}
		v.Streams = append(v.Streams, st)
	}
	return json.Marshal(&v)
}

// Restore makes a session from a snapshot, with the same ports, addresses and
// latched sources; a port in quarantine is taken out of it. Its time of silence
// begins anew. It fails with ErrBadSnapshot, ErrUnknownInterface, ErrClosed, or
// ErrNoPorts when a port is in use.
func (a *Anchor) Restore(snapshot []byte, timeout func()) (*Session, error) {
	if len(snapshot) > maxSnapshot {
		return nil, fmt.Errorf("%w: %d bytes", ErrBadSnapshot, len(snapshot))
	}
	var v saved
	if err := json.Unmarshal(snapshot, &v); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadSnapshot, err)
	}
	if err := v.check(); err != nil {
		return nil, err
	}
	s, err := a.Open(v.Policy, timeout)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	err = s.restore(&v)
	s.mu.Unlock()
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// restore fills a fresh session from a checked snapshot.
func (s *Session) restore(v *saved) error {
	for side := A; side <= B; side++ {
		f := &s.face[side]
		f.id, f.version, f.sum = v.Faces[side].ID, v.Faces[side].Version, v.Faces[side].Sum
	}
	s.streams = make([]stream, len(v.Streams))
	for i := range v.Streams {
		for side := A; side <= B; side++ {
			if err := s.rebind(i, side, v.Streams[i].Ports[side]); err != nil {
				return err
			}
		}
	}
	s.agreed, s.before, s.offer = v.Agreed.load(), v.Before.load(), v.Offer.load()
	if v.Offer != nil && !v.Offer.Answered {
		s.before = s.agreed // one object again: Rollback compares
	}
	s.confirmed, s.carried = v.Confirmed, v.Counted
	s.apply(v.Streams...)
	return nil
}

// rebind takes one given port pair.
func (s *Session) rebind(i int, side Side, port uint16) error {
	if port == 0 {
		return nil
	}
	p := s.face[side].pool
	if !p.claim(port) {
		return fmt.Errorf("media interface %s: port %d: %w", p.Name, port, ErrNoPorts)
	}
	if err := s.relay.Bind(i, side, p.at(port)); err != nil {
		p.give(port)
		return fmt.Errorf("media interface %s: port %d: %w: %w", p.Name, port, ErrNoPorts, err)
	}
	s.streams[i].port[side] = port
	return nil
}

// check refuses what a session could not have written.
func (v *saved) check() error {
	bad := func(what string) error { return fmt.Errorf("%w: %s", ErrBadSnapshot, what) }
	n := len(v.Streams)
	switch {
	case v.Version != snapshotVersion:
		return bad(fmt.Sprintf("version %d", v.Version))
	case n > maxStreams:
		return bad("too many streams")
	case v.Policy.Timeout < 0 || v.Policy.HoldTimeout < 0 || v.Policy.Timeout > 1000*time.Hour:
		return bad("timeout")
	case v.Policy.Treatment.Check() != nil:
		return bad("treatment")
	}
	for i := range v.Streams {
		p := v.Streams[i].Ports
		if (p[A] == 0) != (p[B] == 0) {
			return bad("half a stream")
		}
	}
	for _, x := range []*savedExchange{v.Agreed, v.Before} {
		if x != nil && (x.Answerer > B || len(x.Ends[A]) != len(x.Ends[B]) || !v.fit(x.Ends[A]) || !v.fit(x.Ends[B])) {
			return bad("agreement")
		}
	}
	if o := v.Offer; o != nil {
		if o.By > B || o.Heard < 0 || o.Heard > len(o.Ends) || !v.fit(o.Ends) || o.Answered && v.Agreed == nil {
			return bad("offer")
		}
		for _, i := range o.Fresh {
			if i < 0 || i >= n {
				return bad("offer")
			}
		}
	}
	return nil
}

// fit reports whether ends belong to the streams: those that live have ports.
func (v *saved) fit(ends []savedEnd) bool {
	if len(ends) > len(v.Streams) {
		return false
	}
	for i := range ends {
		e := &ends[i]
		if e.Kind > Raw || e.Dir > inactive || len(e.Payload) > maxFormats {
			return false
		}
	}
	return true
}

func (x *agreement) save() *savedExchange {
	if x == nil {
		return nil
	}
	return &savedExchange{Ends: [2][]savedEnd{saveEnds(x.ends[A]), saveEnds(x.ends[B])}, Answerer: x.answerer}
}

func (x *savedExchange) load() *agreement {
	if x == nil {
		return nil
	}
	return &agreement{ends: [2][]end{loadEnds(x.Ends[A]), loadEnds(x.Ends[B])}, answerer: x.Answerer}
}

func (o *offer) save() *savedOffer {
	if o == nil {
		return nil
	}
	return &savedOffer{By: o.by, Ends: saveEnds(o.ends), Heard: o.heard, Fresh: o.fresh, Answered: o.answered}
}

func (o *savedOffer) load() *offer {
	if o == nil {
		return nil
	}
	return &offer{by: o.By, ends: loadEnds(o.Ends), heard: o.Heard, fresh: o.Fresh, answered: o.Answered}
}

func saveEnds(ends []end) []savedEnd {
	list := make([]savedEnd, len(ends))
	for i, e := range ends {
		list[i] = savedEnd{e.media, e.proto, e.formats, e.kind, e.dir, e.zero, e.mux, e.savp, e.keyed, e.rtp, e.rtcp, e.codec, e.payload}
	}
	return list
}

func loadEnds(list []savedEnd) []end {
	ends := make([]end, len(list))
	for i, e := range list {
		ends[i] = end{e.Media, e.Proto, e.Formats, e.Kind, e.Dir, e.Zero, e.Mux, e.SAVP, e.Keyed, e.RTP, e.RTCP, e.Codec, e.Payload}
	}
	return ends
}
