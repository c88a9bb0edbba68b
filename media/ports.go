package media

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"
)

const (
	// defaultQuarantine outlasts what a party still sends after its BYE was answered.
	defaultQuarantine = 2 * time.Second

	// leastQuarantine is how long an engine may take to close a socket.
	leastQuarantine = time.Second
)

// pool is a media interface and its port pairs. Free pairs are bits of a bitmap; a
// search begins at a random pair, so that a stranger cannot foretell ports.
type pool struct {
	Interface
	quarantine time.Duration
	base       uint16 // the first RTP port, even
	pairs      int

	mu         sync.Mutex // guards everything below
	free       []uint64
	idle       int // bits set in free
	resting    []rest
	sequential bool
}

// rest is a pair in quarantine.
type rest struct {
	since time.Time
	pair  int32
}

// newPool checks an interface and makes all its pairs free.
func newPool(i Interface, sequential bool) (*pool, error) {
	if !i.Addr.IsValid() || i.Addr.IsMulticast() || i.Addr.Zone() != "" {
		return nil, fmt.Errorf("media interface %s: address %v is not usable", i.Name, i.Addr)
	}
	i.Addr, i.Advertise = i.Addr.Unmap(), i.Advertise.Unmap()
	if !i.Advertise.IsValid() {
		i.Advertise = i.Addr
	}
	if i.Addr.Is4() != i.Advertise.Is4() {
		return nil, fmt.Errorf("media interface %s: %v cannot be advertised as %v", i.Name, i.Addr, i.Advertise)
	}
	if i.Advertise.IsUnspecified() {
		return nil, fmt.Errorf("media interface %s: %v needs an address to advertise", i.Name, i.Addr)
	}
	lo, hi := int(i.PortMin), int(i.PortMax)
	lo += lo & 1
	n := (hi - lo + 1) / 2
	if lo == 0 || n < 1 {
		return nil, fmt.Errorf("media interface %s: no even/odd port pair in %d-%d", i.Name, i.PortMin, i.PortMax)
	}
	if i.Quarantine == 0 {
		i.Quarantine = defaultQuarantine
	}
	p := &pool{Interface: i, quarantine: max(leastQuarantine, i.Quarantine), base: uint16(lo), pairs: n, sequential: sequential}
	p.free = make([]uint64, (n+63)/64)
	for k := range n {
		p.put(k)
	}
	return p, nil
}

// take returns the RTP port of a free pair, or 0 when there is none.
func (p *pool) take() uint16 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wake(time.Now())
	if p.idle == 0 {
		return 0
	}
	start := 0
	if !p.sequential {
		start = rand.IntN(p.pairs)
	}
	k := p.next(start)
	p.cut(k)
	return p.base + uint16(2*k)
}

// claim takes the pair of one given port, even out of quarantine.
func (p *pool) claim(port uint16) bool {
	k := (int(port) - int(p.base)) / 2
	if port < p.base || k >= p.pairs || port&1 != 0 {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.free[k>>6]&(1<<(k&63)) != 0 {
		p.cut(k)
		return true
	}
	for i := range p.resting {
		if p.resting[i].pair == int32(k) {
			p.resting = append(p.resting[:i], p.resting[i+1:]...)
			return true
		}
	}
	return false
}

// give returns a pair; it is free again after the quarantine.
func (p *pool) give(port uint16) {
	k := int(port-p.base) / 2
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.wake(now)
	p.resting = append(p.resting, rest{now, int32(k)})
}

// wake frees the pairs that rested long enough. All rest equally long, so the
// oldest are in front.
func (p *pool) wake(now time.Time) {
	n := 0
	for n < len(p.resting) && now.Sub(p.resting[n].since) >= p.quarantine {
		p.put(int(p.resting[n].pair))
		n++
	}
	if n > 0 {
		p.resting = p.resting[n:]
	}
}

// next finds a free pair from start on, around the end. There must be one.
func (p *pool) next(start int) int {
	w := start >> 6
	word := p.free[w] &^ (1<<(start&63) - 1)
	for word == 0 {
		if w++; w == len(p.free) {
			w = 0
		}
		word = p.free[w]
	}
	return w<<6 + bits.TrailingZeros64(word)
}

func (p *pool) put(k int) { p.free[k>>6] |= 1 << (k & 63); p.idle++ }
func (p *pool) cut(k int) { p.free[k>>6] &^= 1 << (k & 63); p.idle-- }

// at returns the local address of a port.
func (p *pool) at(port uint16) netip.AddrPort { return netip.AddrPortFrom(p.Addr, port) }

// stats counts the pairs.
func (p *pool) stats() InterfaceStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wake(time.Now())
	return InterfaceStats{
		Name: p.Name, Pairs: p.pairs, Quarantined: len(p.resting),
		Used: p.pairs - p.idle - len(p.resting),
	}
}
