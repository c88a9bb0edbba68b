package sems

import (
	"fmt"
	"net/netip"
	"strconv"

	"github.com/sallyport-sbc/sallyport/host/config"
)

// portRange reads the media ports of an interface. Without them SEMS uses all from 1024.
func (c *converter) portRange(i *iface, get func(string) (setting, bool)) {
	low, hasLow := get("rtp_low_port")
	high, hasHigh := get("rtp_high_port")
	if !hasLow && !hasHigh {
		return
	}
	i.from, i.low, i.high = low, 1024, 65535
	if !hasLow {
		i.from = high
	}
	if n, err := strconv.ParseUint(low.value, 10, 16); err == nil && n > 0 {
		i.low = int(n)
	} else if hasLow {
		c.report.about(low, "no port", "1024")
	}
	if n, err := strconv.ParseUint(high.value, 10, 16); err == nil && n > 0 {
		i.high = int(n)
	} else if hasHigh {
		c.report.about(high, "no port", "65535")
	}
	if i.high <= i.low {
		c.report.about(i.from, "no range of ports", "the default")
		i.low, i.high = 0, 0
	}
}

// ports takes apart what SEMS lets overlap: ranges on one address, and SIP ports in them.
func (c *converter) ports() {
	done := map[netip.Addr]bool{}
	for _, i := range c.interfaces {
		if done[i.media] {
			continue
		}
		done[i.media] = true
		var group []*iface
		for _, j := range c.interfaces {
			if j.media == i.media {
				group = append(group, j)
			}
		}
		c.shared(group)
	}
	for n, i := range c.interfaces {
		c.besideSIP(i)
		if c.collides(c.interfaces[:n], i) {
			i.low, i.high = c.free(c.interfaces[:n], i)
			c.note(i, "the media ports of the interface are taken by others")
		}
	}
}

// span is the range of ports an interface has, the default if it names none.
func (i *iface) span() (low, high int) {
	if i.low == 0 {
		return int(config.DefaultPorts.First), int(config.DefaultPorts.Last)
	}
	return i.low, i.high
}

// note reports a changed range.
func (c *converter) note(i *iface, why string) {
	e := i.from
	if e.file == "" {
		e = setting{file: ConfigFile, key: "media_ports of " + i.name}
	}
	c.report.about(e, why, fmt.Sprintf("%d-%d", i.low, i.high))
}

// shared divides the ports of one address among the interfaces that use it.
func (c *converter) shared(group []*iface) {
	overlap := false
	low, high := 65536, 0
	for n, i := range group {
		first, last := i.span()
		low, high = min(low, first), max(high, last)
		for _, j := range group[:n] {
			f, l := j.span()
			overlap = overlap || f <= last && first <= l
		}
	}
	if !overlap {
		return
	}
	share := (high - low + 1) / len(group) &^ 1
	if share < 2 {
		return // what is left finds a place of its own
	}
	for n, i := range group {
		i.low, i.high = low+n*share, low+(n+1)*share-1
		c.note(i, "interfaces on one address must not share media ports")
	}
}

// besideSIP keeps the larger part of a range that has a SIP port of the same address in it.
func (c *converter) besideSIP(i *iface) {
	for _, j := range c.interfaces {
		low, high := i.span()
		if port := int(j.port); j.sip == i.media && low <= port && port <= high {
			if i.low, i.high = low, port-1; port-low <= high-port {
				i.low, i.high = port+1, high
			}
			c.note(i, fmt.Sprintf("the range has the SIP port %d of %s", port, j.name))
		}
	}
}

// collides says whether the range of i cannot be used beside the interfaces before it.
func (c *converter) collides(before []*iface, i *iface) bool {
	low, high := i.span()
	if high <= low {
		return true
	}
	for _, j := range before {
		if f, l := j.span(); j.media == i.media && f <= high && low <= l {
			return true
		}
	}
	for _, j := range c.interfaces {
		if port := int(j.port); j.sip == i.media && low <= port && port <= high {
			return true
		}
	}
	return false
}

// free returns a range that nobody before has.
func (c *converter) free(before []*iface, i *iface) (low, high int) {
	const block = 500
	for first := 10000; first+block <= 65536; first += block {
		try := &iface{media: i.media, low: first, high: first + block - 1}
		if !c.collides(before, try) {
			return try.low, try.high
		}
	}
	return i.span() // what cannot be solved is told by the check of the result
}
