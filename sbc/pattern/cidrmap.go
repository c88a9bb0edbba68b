package pattern

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
)

// CIDRMap is a list of rules, network=>value, of which the narrowest network that holds the
// address wins. A network is an address with a prefix length (192.0.2.0/24, 2001:db8::/32)
// or a single address; 0.0.0.0/0 and ::/0 hold all. A key that is no address has no value;
// an IPv6 address may stand in brackets, one that maps an IPv4 address is that address. The
// map is immutable and safe for concurrent use. A look-up is a binary search and does not
// allocate.
type CIDRMap struct {
	rules  []plain
	v4, v6 []span
}

// span says which rule holds from an address on, up to the next span; -1 is none.
type span struct {
	first netip.Addr
	rule  int32
}

// network is a rule with its network.
type network struct {
	prefix netip.Prefix
	rule   int32
}

// ParseCIDRMap reads the rules of a CIDRMap; see ParseMap.
func ParseCIDRMap(r io.Reader, file string) (*CIDRMap, error) {
	var v4, v6 []network
	m := &CIDRMap{}
	var err error
	n := int32(0)
	m.rules, err = parsePlain(r, file, func(p *plain) error {
		prefix, err := parseNetwork(p.key)
		if err != nil {
			return err
		}
		p.key = prefix.String() // so that the same network written twice is found
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, p := range m.rules {
		prefix := netip.MustParsePrefix(p.key)
		if prefix.Addr().Is4() {
			v4 = append(v4, network{prefix, n})
		} else {
			v6 = append(v6, network{prefix, n})
		}
		n++
	}
	m.v4, m.v6 = spans(v4), spans(v6)
	return m, nil
}

func parseNetwork(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return p, errors.New("want an address or a network, such as 192.0.2.0/24 or 2001:db8::/32")
	case p.Addr().Is4In6():
		return p, errors.New("write an IPv4 network without the ::ffff: before it")
	case p != p.Masked():
		return p, fmt.Errorf("%s is an address in the network %s, which is meant?", p, p.Masked())
	}
	return p, nil
}

// spans lays nested networks side by side: at each address the narrowest one counts.
func spans(ns []network) []span {
	slices.SortFunc(ns, func(a, b network) int {
		return cmp.Or(a.prefix.Addr().Compare(b.prefix.Addr()), a.prefix.Bits()-b.prefix.Bits())
	})
	var out []span
	put := func(first netip.Addr, rule int32) {
		if n := len(out); n > 0 && out[n-1].first == first {
			out[n-1].rule = rule
		} else if first.IsValid() { // the one behind the last address is not
			out = append(out, span{first, rule})
		}
	}
	type open struct {
		last netip.Addr
		rule int32
	}
	var around []open // networks that hold the address we are at, the narrowest last
	leave := func(until netip.Addr) {
		for len(around) > 0 && (!until.IsValid() || around[len(around)-1].last.Less(until)) {
			behind := around[len(around)-1].last.Next()
			around = around[:len(around)-1]
			rule := int32(-1)
			if len(around) > 0 {
				rule = around[len(around)-1].rule
			}
			put(behind, rule)
		}
	}
	for _, n := range ns {
		leave(n.prefix.Addr())
		put(n.prefix.Addr(), n.rule)
		around = append(around, open{lastOf(n.prefix), n.rule})
	}
	leave(netip.Addr{})
	return out
}

// lastOf is the last address of a network.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().As16()
	bits := p.Bits()
	if p.Addr().Is4() {
		bits += 96
	}
	for i := bits; i < 128; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a := netip.AddrFrom16(b)
	if p.Addr().Is4() {
		return a.Unmap()
	}
	return a
}

// find returns the rule of the narrowest network that holds key, -1 if there is none.
func (m *CIDRMap) find(key string) int32 {
	if inner, ok := strings.CutPrefix(key, "["); ok {
		key = strings.TrimSuffix(inner, "]")
	}
	a, ok := address4(key)
	if !ok {
		if strings.IndexByte(key, ':') < 0 || strings.IndexByte(key, '%') >= 0 {
			return -1 // netip's error would be an allocation
		}
		var err error
		if a, err = netip.ParseAddr(key); err != nil {
			return -1
		}
		a = a.Unmap()
	}
	all := m.v6
	if a.Is4() {
		all = m.v4
	}
	i, found := slices.BinarySearchFunc(all, a, func(s span, a netip.Addr) int { return s.first.Compare(a) })
	if !found {
		i--
	}
	if i < 0 {
		return -1
	}
	return all[i].rule
}

// address4 reads an IPv4 address.
func address4(s string) (netip.Addr, bool) {
	if len(s) < 7 || len(s) > 15 || strings.Count(s, ".") != 3 {
		return netip.Addr{}, false
	}
	for i := range len(s) {
		if s[i] != '.' && (s[i] < '0' || s[i] > '9') {
			return netip.Addr{}, false
		}
	}
	a, err := netip.ParseAddr(s)
	return a, err == nil
}

// Len returns how many rules there are.
func (m *CIDRMap) Len() int { return len(m.rules) }

// Append appends the value of the narrowest network that holds key. It does not allocate,
// apart from what dst needs.
func (m *CIDRMap) Append(dst []byte, key string) (_ []byte, ok bool) {
	i := m.find(key)
	if i < 0 {
		return dst, false
	}
	return append(dst, m.rules[i].value...), true
}

// Line returns the line of the rule that Append would use, 0 when there is none.
func (m *CIDRMap) Line(key string) int {
	if i := m.find(key); i >= 0 {
		return m.rules[i].line
	}
	return 0
}

var _ RuleMap = (*CIDRMap)(nil)
