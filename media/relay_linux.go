package media

import (
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// relay is a session in the user-space engine.
type relay struct {
	w         *worker
	expired   func()
	treatment Treatment
	press     func(from Side, d Digit) bool // hands a digit on; nil where none are detected

	// Owned by the session: its calls come one at a time.
	tap     func(src, dst netip.AddrPort, packet []byte) // set before there is a stream
	streams []*port
	counted [2]Direction // of ports unbound since
	joined  bool
	closed  bool

	// Owned by the worker's goroutine. Nobody else reads or writes below this line.

	sum     *Totals
	place   int         // in the worker's list
	trusted [2][16]byte // hosts whose RTP was believed, by side
	budget  [2]bucket   // by the side that sends
	polled  []*leg
	limit   int64 // of silence, ns; 0 = none
	started bool  // silence counts even before the first packet
	since   uint32
	told    bool
}

// port holds both sides of a stream: RTP and RTCP each.
type port struct {
	rtp, rtcp         [2]leg
	coldRTP, coldRTCP [2]legCold
}

var _ Relay = (*relay)(nil)

// stream returns the ports of a stream, made at their first use.
func (r *relay) stream(i int) *port {
	for len(r.streams) <= i {
		r.streams = append(r.streams, nil)
	}
	if p := r.streams[i]; p != nil {
		return p
	}
	p := &port{}
	cares := newCares(&r.treatment, r)
	for side := A; side <= B; side++ {
		c := cares[side]
		p.rtp[side] = leg{peer: &p.rtp[side.Other()], cold: &p.coldRTP[side], fd: -1, kind: Idle, treated: c != nil || r.tap != nil}
		p.rtcp[side] = leg{peer: &p.rtcp[side.Other()], cold: &p.coldRTCP[side], fd: -1, kind: Idle, role: roleRTCP, treated: c != nil || r.tap != nil}
		p.coldRTP[side] = legCold{relay: r, side: side, partner: &p.rtcp[side], care: c}
		p.coldRTCP[side] = legCold{relay: r, side: side, partner: &p.rtp[side], care: c}
	}
	r.streams[i] = p
	return p
}

// Bind implements Relay. The worker may see packets there at once; the legs are
// idle until Set, so they are rejected.
func (r *relay) Bind(stream int, side Side, at netip.AddrPort) error {
	if r.closed {
		return ErrClosed
	}
	rtp, err := bindUDP(at)
	if err != nil {
		return bindError(at, err)
	}
	above := netip.AddrPortFrom(at.Addr(), at.Port()+1)
	rtcp, err := bindUDP(above)
	if err != nil {
		unix.Close(int(rtp))
		return bindError(above, err)
	}
	p := r.stream(stream)
	legs := [2]*leg{&p.rtp[side], &p.rtcp[side]}
	legs[0].fd, legs[1].fd = rtp, rtcp
	legs[0].v6, legs[1].v6 = at.Addr().Is6(), at.Addr().Is6()
	legs[0].cold.local, legs[1].cold.local = at, above
	join := !r.joined
	posted := r.w.post(func() {
		if join {
			r.w.join(r)
		}
		r.polled = append(r.polled, legs[:]...)
	})
	if !posted {
		unix.Close(int(rtp))
		unix.Close(int(rtcp))
		return ErrClosed
	}
	r.joined = true
	for _, l := range legs {
		if err := r.w.add(l); err != nil {
			r.Unbind(stream)
			return bindError(at, err)
		}
	}
	return nil
}

// bindError turns a system's error into what the anchor decides on.
func bindError(at netip.AddrPort, err error) error {
	switch {
	case errors.Is(err, unix.EADDRINUSE), errors.Is(err, unix.EACCES):
		return ErrPortTaken
	case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE), errors.Is(err, unix.ENOBUFS), errors.Is(err, unix.ENOMEM), errors.Is(err, unix.ENOSPC):
		return fmt.Errorf("%w: bind %v: %w", ErrNoPorts, at, err)
	}
	return fmt.Errorf("bind %v: %w", at, err)
}

// Tap implements Relay.
func (r *relay) Tap(f func(src, dst netip.AddrPort, packet []byte)) {
	if len(r.streams) == 0 {
		r.tap = f
	}
}

// Set implements Relay.
func (r *relay) Set(stream int, f Flow) {
	if r.closed || stream >= len(r.streams) || r.streams[stream] == nil {
		return
	}
	p := r.streams[stream]
	r.w.post(func() {
		for side := A; side <= B; side++ {
			p.rtp[side].set(&f, side, r.w.time())
		}
		for side := A; side <= B; side++ {
			p.rtcp[side].set(&f, side, r.w.time())
		}
	})
}

// set takes over what was agreed for a leg.
func (l *leg) set(f *Flow, side Side, now instant) {
	r := &f.Remote[side]
	signalled, restored := r.RTP, r.Latched
	l.kind, l.mux = f.Kind, f.Mux
	if l.role == roleRTCP {
		signalled, restored = r.RTCP, r.LatchedRTCP
		if f.Mux || f.Kind == Raw {
			l.kind = Idle
		}
	}
	l.cold.formats = r.Formats
	if l.cold.care != nil && l.role == roleRTP {
		l.cold.care.agree(f)
	}
	if l.cold.heard {
		l.setRate(l.pt)
	}
	l.agree(addrOf(signalled, l.v6), r, addrOf(restored, l.v6), now.ns)
}

// Unbind implements Relay.
func (r *relay) Unbind(stream int) {
	if r.closed || stream >= len(r.streams) || r.streams[stream] == nil {
		return
	}
	p := r.streams[stream]
	for side := A; side <= B; side++ {
		d := p.stats(side)
		d.Source, d.SourceRTCP = netip.AddrPort{}, netip.AddrPort{}
		r.counted[side].Add(d)
	}
	r.streams[stream] = nil
	r.w.post(func() { r.shut(p) })
}

// shut closes the sockets of a stream.
func (r *relay) shut(p *port) {
	for side := A; side <= B; side++ {
		for _, l := range []*leg{&p.rtp[side], &p.rtcp[side]} {
			r.w.remove(l)
			r.polled = without(r.polled, l)
		}
	}
}

func without(list []*leg, l *leg) []*leg {
	for i := range list {
		if list[i] == l {
			return append(list[:i], list[i+1:]...)
		}
	}
	return list
}

// Watch implements Relay.
func (r *relay) Watch(limit time.Duration, start bool) {
	if r.closed {
		return
	}
	r.w.post(func() {
		r.limit, r.started = int64(limit), start
		r.since = r.w.time().second
	})
}

// silent reports whether the session has just been silent for too long.
func (r *relay) silent(now instant) bool {
	if r.limit == 0 || r.told {
		return false
	}
	last := uint32(0)
	for _, l := range r.polled {
		last = max(last, l.second)
	}
	if last == 0 && !r.started {
		return false
	}
	last = max(last, r.since)
	r.told = int64(now.second-last)*int64(time.Second) >= r.limit
	return r.told
}

// endTones ends the tones that fell silent.
func (r *relay) endTones(now instant) {
	for _, l := range r.polled {
		if l.cold.care != nil && l.role == roleRTP {
			l.cold.care.endTone(now)
		}
	}
}

// Stats implements Relay.
func (r *relay) Stats(stream int, from Side) Direction {
	d := Direction{}
	if stream < len(r.streams) && r.streams[stream] != nil {
		d = r.streams[stream].stats(from)
	}
	if stream == 0 {
		d.Add(r.counted[from])
	}
	return d
}

// stats reads the counters of both ports of a side.
func (p *port) stats(side Side) Direction {
	l, c, k := &p.rtp[side], &p.coldRTP[side], &p.coldRTCP[side]
	sum := func(a, b *atomic.Uint64) uint64 { return a.Load() + b.Load() }
	d := Direction{
		Packets:    sum(&l.packets, &p.rtcp[side].packets),
		Bytes:      sum(&l.bytes, &p.rtcp[side].bytes),
		RTCP:       sum(&c.rtcp, &k.rtcp),
		Duplicates: sum(&c.duplicates, &k.duplicates),
		Late:       sum(&c.late, &k.late),
		Dropped:    sum(&c.dropped, &k.dropped),
		Rejected:   sum(&c.rejected, &k.rejected),
		Learning:   sum(&c.learning, &k.learning),
		Malformed:  sum(&c.malformed, &k.malformed),
	}
	if c := c.care; c != nil {
		d.Filtered, d.Limited, d.Digits = c.filtered.Load(), c.limited.Load(), c.digits.Load()
	}
	q := l.quality.Load()
	d.Lost = q >> 32
	if clock := c.clock.Load(); clock != 0 {
		d.Jitter = time.Duration(uint64(uint32(q)>>4) * uint64(time.Second) / uint64(clock))
	}
	if at := c.source.Load(); at != nil {
		d.Source = *at
	}
	if at := k.source.Load(); at != nil {
		d.SourceRTCP = *at
	}
	return d
}

// Close implements Relay.
func (r *relay) Close() {
	if r.closed {
		return
	}
	r.closed = true
	if !r.joined {
		return
	}
	streams := r.streams
	r.w.post(func() {
		for _, p := range streams {
			if p != nil {
				r.shut(p)
			}
		}
		r.w.leave(r)
	})
}
