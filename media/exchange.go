package media

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// maxBinds bounds how many port pairs are tried when others hold them.
const maxBinds = 32

// pad adds the streams an offer left out although they were there before, as
// refused: their number never shrinks in a call (RFC 3264 §8), but devices behind
// another back-to-back user agent forget.
func (s *Session) pad(ends []end, from Side) []end {
	if s.agreed == nil {
		return ends
	}
	for i := len(ends); i < len(s.agreed.ends[from]); i++ {
		ends = append(ends, s.agreed.ends[from][i].refused())
	}
	return ends
}

// refused returns the stream with port 0.
func (e *end) refused() end {
	return end{media: e.media, proto: e.proto, formats: e.formats}
}

// takePorts gives every active stream ports on both sides and returns those that
// had none. On an error all are given back.
func (s *Session) takePorts(ends []end) (fresh []int, err error) {
	for i := range ends {
		if i == len(s.streams) {
			s.streams = append(s.streams, stream{})
		}
		if ends[i].kind == Idle || s.streams[i].port[A] != 0 {
			continue
		}
		fresh = append(fresh, i)
		for side := A; side <= B; side++ {
			if err := s.bind(i, side); err != nil {
				for _, k := range fresh {
					s.freePorts(k)
				}
				return nil, err
			}
		}
	}
	return fresh, nil
}

// bind takes a port pair for one side of a stream. A pair some other process holds
// rests like a released one, so that it is not tried again at once.
func (s *Session) bind(i int, side Side) error {
	p := s.face[side].pool
	for range maxBinds {
		port := p.take()
		if port == 0 {
			break
		}
		err := s.relay.Bind(i, side, p.at(port))
		if err == nil {
			s.streams[i].port[side] = port
			return nil
		}
		p.give(port)
		if !errors.Is(err, ErrPortTaken) {
			return fmt.Errorf("media interface %s: %w", p.Name, err)
		}
	}
	return fmt.Errorf("media interface %s: %w", p.Name, ErrNoPorts)
}

// freePorts unbinds a stream and gives its ports back.
func (s *Session) freePorts(i int) {
	if s.streams[i].port != [2]uint16{} {
		s.relay.Unbind(i)
		s.givePorts(i)
	}
}

func (s *Session) givePorts(i int) {
	for side := A; side <= B; side++ {
		if port := s.streams[i].port[side]; port != 0 {
			s.face[side].pool.give(port)
			s.streams[i].port[side] = 0
		}
	}
}

// ownPort reports whether a stream's address is a port of this session: packets
// would run in a circle.
func (s *Session) ownPort(ends []end) bool {
	for i := range ends {
		for _, at := range []netip.AddrPort{ends[i].rtp, ends[i].rtcp} {
			for side := A; side <= B && at.IsValid(); side++ {
				p := s.face[side].pool
				if at.Addr() != p.Addr && at.Addr() != p.Advertise {
					continue
				}
				for k := range s.streams {
					if port := s.streams[k].port[side]; port != 0 && at.Port()&^1 == port {
						return true
					}
				}
			}
		}
	}
	return false
}

// active reports whether both sides agreed to a stream.
func (s *Session) active(i int) bool {
	return s.agreed != nil && i < len(s.agreed.ends[A]) &&
		s.agreed.ends[A][i].kind != Idle && s.agreed.ends[B][i].kind != Idle
}

// relayable reports whether what one end sends is something the other expects.
func relayable(a, b *end) bool {
	return a.kind == Idle || b.kind == Idle || (a.kind == Raw) == (b.kind == Raw)
}

// hold is Hold with the lock held.
func (s *Session) hold(side Side) bool {
	held := false
	for i := range s.streams {
		if s.active(i) {
			if !s.agreed.ends[side][i].held() {
				return false
			}
			held = true
		}
	}
	return held
}

// apply tells the engine what is agreed now, and after a Restore which sources were
// latched.
func (s *Session) apply(latched ...savedStream) {
	some := false
	for i := range s.streams {
		if s.streams[i].port[A] == 0 {
			continue
		}
		if !s.active(i) {
			s.relay.Set(i, Flow{})
			continue
		}
		some = true
		f := s.flow(i)
		if i < len(latched) {
			for side := range f.Remote {
				f.Remote[side].Latched, f.Remote[side].LatchedRTCP = latched[i].RTP[side], latched[i].RTCP[side]
			}
		}
		s.relay.Set(i, f)
	}
	limit := s.policy.Timeout
	if s.hold(A) || s.hold(B) {
		limit = s.policy.HoldTimeout
	}
	if !some {
		limit = 0
	}
	s.relay.Watch(max(0, limit), s.confirmed)
}

// flow puts together what the engine must know of an agreed stream.
func (s *Session) flow(i int) Flow {
	a, b := &s.agreed.ends[A][i], &s.agreed.ends[B][i]
	// Browsers of old answered UDP/TLS/RTP/SAVPF with RTP/SAVPF: the wider kind counts.
	f := Flow{Kind: max(a.kind, b.kind), Mux: a.mux && b.mux, Secret: a.savp || b.savp || a.keyed && b.keyed}
	for side := A; side <= B; side++ {
		own, other := &s.agreed.ends[side][i], &s.agreed.ends[side.Other()][i]
		r := Remote{RTP: own.rtp, RTCP: own.rtcp, Mute: own.zero, Quiet: own.quiet() || other.held(), Symmetric: s.policy.symmetric(side)}
		if f.Mux {
			r.RTCP = own.rtp
		}
		// What a side may send is what the other listed, but where numbers differ
		// the far ends disagree on which list counts: take both.
		r.Formats = join(other.payload, own.payload)
		f.Remote[side] = r
	}
	return f
}

// join returns the formats of both lists; of one number the first counts.
func join(first, second []Format) []Format {
	list := make([]Format, 0, len(first)+len(second))
	list = append(list, first...)
	for _, f := range second {
		if !slices.ContainsFunc(first, func(g Format) bool { return g.Type == f.Type }) {
			list = append(list, f)
		}
	}
	return list
}

// print prints a description for one side. ends are the streams it describes;
// in an answer asked are those of the offer. count is how many are printed.
func (s *Session) print(d *description, to Side, ends, asked []end, count int) []byte {
	faces := make([]face, count)
	for i := range faces {
		f := &faces[i]
		f.pad = &ends[i]
		if ends[i].kind == Idle || asked != nil && asked[i].kind == Idle {
			f.bare = i < len(d.media()) && !d.media()[i].refused()
			continue
		}
		f.port = s.streams[i].port[to]
		f.rtcp = f.port + 1
		f.mux = ends[i].mux
		if asked != nil {
			if f.mux = f.mux && asked[i].mux; f.mux {
				f.rtcp = f.port
			}
		}
	}
	v := &s.face[to]
	addr := v.pool.Advertise
	body := d.rewrite(addr, faces)
	if sum := fingerprint(body); v.version == 0 || sum != v.sum {
		v.version++
		v.sum = sum
	}
	return prependOrigin(body, v.id, v.version, addr)
}
