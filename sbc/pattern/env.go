package pattern

import (
	"net/netip"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// Env is what the variables of a pattern stand for: one request and how it came. The zero
// Env is valid; all its variables are empty. Not safe for concurrent use: it keeps the
// addresses it parsed. Must not be copied between evaluations of different goroutines.
type Env struct {
	// Msg is the request being looked at; nil leaves every header variable empty.
	Msg *sip.Message
	// Source is where the request came from ($si, $sp), Local the address it was received
	// on ($Ri, $Rp).
	Source, Local netip.AddrPort
	// Interface names the interface it was received on ($Rn) and InterfaceNumber counts it
	// from 0 ($Rf); Advertise is the interface's public address ($RI), Local's if invalid.
	Interface       string
	InterfaceNumber int
	Advertise       netip.Addr
	// Destination is where the request is going, host[:port][/transport] ($di, $dp). When it
	// is empty, these are host and port of the Request-URI.
	Destination string
	// Maps are what $M looks into; nil has no map.
	Maps Maps
	// Var returns a call variable ($V); nil has none. The name is valid only during the call.
	Var func(name string) (value string, ok bool)
	// Random returns a number from 0 to n-1 ($_r); nil is math/rand/v2.
	Random func(n uint64) uint64
	// Trace, when not nil, is told what each selector and each value of a profile that is no
	// constant yields.
	Trace func(p *Pattern, value string)

	parsed [ofHeader + 1]address
	last   mapping
}

// mapping is the last value a map gave: several values of a profile often ask for the same.
type mapping struct {
	name       string // of the map, "" for none
	key, value int    // lengths; text has the key, and the value behind it
	text       [128]byte
}

// of returns the value if it is that of key.
func (m *mapping) of(name, key string) (value []byte, ok bool) {
	if m.name != name || string(m.text[:m.key]) != key {
		return nil, false
	}
	return m.text[m.key : m.key+m.value], true
}

// keep remembers a value, unless it is long.
func (m *mapping) keep(name, key string, value []byte) {
	if len(key)+len(value) > len(m.text) {
		return
	}
	m.name, m.key = name, copy(m.text[:], key)
	m.value = copy(m.text[m.key:], value)
}

// Maps finds a map by the name a pattern calls it. Safe for concurrent use.
type Maps interface {
	Map(name string) (Map, bool)
}

// Map turns one value into another. Safe for concurrent use.
type Map interface {
	// Append appends what key is mapped to; ok is false when the map has nothing for it. key
	// must not be kept: it is valid only during the call.
	Append(dst []byte, key string) (_ []byte, ok bool)
}

// Table is a fixed set of maps by name.
type Table map[string]Map

var _ Maps = Table(nil)

// Map returns the map of that name.
func (t Table) Map(name string) (Map, bool) {
	m, ok := t[name]
	return m, ok
}
