package sems

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// iface is one interface of sems.conf.
type iface struct {
	sems, name string // as SEMS calls it, and as the result does
	suffix     string // of its keys
	section    *section
	sip, media netip.Addr
	port       uint16
	low, high  int
	from       setting // of the port range
}

// maxInterfaces is far more than a machine has networks.
const maxInterfaces = 100

// interfaceKeys are the keys an interface has, without its suffix.
var interfaceKeys = []string{
	"sip_ip", "sip_port", "media_ip", "rtp_low_port", "rtp_high_port", "public_ip", "sig_sock_opts",
	"tcp_connect_timeout", "tcp_idle_timeout",
}

// network converts the interfaces. Those of SEMS are numbered in the order of the list; the
// first is the one that profiles call "default".
func (c *converter) network() {
	list, listed := c.sems.lookup("interfaces")
	names := split(list.value, ",")
	more, additional := c.sems.lookup("additional_interfaces")
	switch {
	case !listed && additional:
		names = append([]string{"default"}, split(more.value, ",")...)
	case !listed:
		names = []string{"default"}
	}
	if len(names) > maxInterfaces {
		c.report.about(list, fmt.Sprintf("more than %d interfaces", maxInterfaces), "the first ones")
		names = names[:maxInterfaces]
	}
	for _, n := range names {
		i := &iface{sems: n, name: name(n), suffix: "_" + n}
		if n == "default" {
			i.suffix = ""
		}
		for c.ifaceNamed(i.name) && i.name != n {
			i.name += "_"
		}
		if i.name != n {
			c.report.about(list, fmt.Sprintf("%q is no name for an interface", n), i.name)
		}
		if c.ifaceCalled(i.sems) == nil && !c.ifaceNamed(i.name) {
			c.interfaces = append(c.interfaces, i)
			c.iface(i)
		}
	}
	c.ports()
	for _, i := range c.interfaces {
		if i.low > 0 {
			i.section.set("media_ports", text(fmt.Sprintf("%d-%d", i.low, i.high)), i.from)
		}
	}
	c.strays()
}

// ifaceNamed says whether the result has an interface of that name.
func (c *converter) ifaceNamed(name string) bool {
	return slices.ContainsFunc(c.interfaces, func(i *iface) bool { return i.name == name })
}

// ifaceCalled finds an interface by the name SEMS gives it.
func (c *converter) ifaceCalled(sems string) *iface {
	for _, i := range c.interfaces {
		if i.sems == sems {
			return i
		}
	}
	if sems == "default" && len(c.interfaces) > 0 {
		return c.interfaces[0]
	}
	return nil
}

func (c *converter) iface(i *iface) {
	i.section = c.doc.section("interface." + i.name)
	get := func(key string) (setting, bool) { return c.sems.lookup(key + i.suffix) }
	ip, given := get("sip_ip")
	media, hasMedia := get("media_ip")
	if !given {
		ip = media
		if hasMedia && i.suffix != "" {
			c.report.about(media, "an interface for media alone; here every interface has SIP, too: it listens there", media.value)
		}
	}
	if ip.value == "" {
		ip = setting{file: "sems.conf", key: "sip_ip" + i.suffix}
		if c.sems != nil {
			ip.file = c.sems.file
		}
	}
	i.sip = c.address(ip)
	i.port = 5060
	from := ip
	if e, ok := get("sip_port"); ok {
		if n, err := strconv.ParseUint(e.value, 10, 16); err != nil || n == 0 {
			c.report.about(e, "no port", "5060")
		} else {
			i.port, from = uint16(n), e
		}
	}
	c.distinct(i, from)
	listener := text(netip.AddrPortFrom(i.sip, i.port).String())
	i.section.list("udp", []string{listener}, ip)
	i.section.list("tcp", []string{listener}, from)
	i.media = i.sip
	if hasMedia && media.value != ip.value {
		i.media = c.address(media)
		i.section.set("media", text(i.media.String()), media)
	}
	if e, ok := get("public_ip"); ok && e.value != "" {
		if a, err := netip.ParseAddr(strings.Trim(e.value, "[]")); err == nil {
			i.section.set("advertise", text(a.String()), e)
		} else {
			c.report.about(e, "no IP address", nothing)
		}
	}
	c.portRange(i, get)
	for key, why := range map[string]string{
		"tcp_connect_timeout": "not settable", "tcp_idle_timeout": "not settable",
	} {
		if e, ok := get(key); ok {
			c.report.about(e, why, nothing)
		}
	}
	if e, ok := get("sig_sock_opts"); ok {
		for _, opt := range split(e.value, ",") {
			switch opt {
			case "force_via_address":
				c.report.about(e, "force_via_address: responses go where the request came from when it asks so (rport, RFC 3581), else to its Via", nothing)
			case "no_transport_in_contact":
				c.report.about(e, "no_transport_in_contact: a Contact has transport for TCP only", nothing)
			default:
				c.report.about(e, opt+": no socket option of SEMS", nothing)
			}
		}
	}
}

// distinct gives an interface another port where one before it has the same address and port.
func (c *converter) distinct(i *iface, from setting) {
	before := i.port
	for n := 0; n < len(c.interfaces); n++ {
		if j := c.interfaces[n]; j != i && j.sip == i.sip && j.port == i.port {
			if i.port++; i.port == 0 {
				i.port = 1024
			}
			n = -1
		}
	}
	if i.port != before {
		c.report.about(from, fmt.Sprintf("another interface has port %d of %s", before, i.sip), strconv.Itoa(int(i.port)))
	}
}

// address returns the address that a setting names, by itself or by a device.
func (c *converter) address(e setting) netip.Addr {
	if a, err := netip.ParseAddr(strings.Trim(e.value, "[]")); err == nil && !a.IsUnspecified() && !a.IsMulticast() {
		return a.Unmap().WithZone("")
	}
	if c.o.Device != nil && e.value != "" {
		if a, ok := c.o.Device(e.value); ok {
			c.report.about(e, "a device; Sallyport wants its address", a.String())
			return a
		}
	}
	here := netip.MustParseAddr("127.0.0.1")
	why := "not an address, and no device of this machine: write the address of the SBC there"
	if e.value == "" {
		why = "not set: SEMS takes the first address of the machine: write the address of the SBC there"
	}
	c.report.about(e, why, here.String())
	return here
}

// strays reports keys of interfaces that the list does not have.
func (c *converter) strays() {
	if c.sems == nil {
		return
	}
	for _, e := range c.sems.all {
		for _, key := range interfaceKeys {
			if suffix, ok := strings.CutPrefix(e.key, key); ok && (suffix == "" || suffix[0] == '_') && !c.hasSuffix(suffix) {
				c.report.about(e, "no interface in the list has this name; SEMS does not read it", nothing)
			}
		}
	}
}

func (c *converter) hasSuffix(suffix string) bool {
	for _, i := range c.interfaces {
		if i.suffix == suffix {
			return true
		}
	}
	return false
}

// split splits a list; white space around elements and empty elements are left out.
func split(s, sep string) []string {
	var out []string
	for one := range strings.SplitSeq(s, sep) {
		if one = strings.TrimSpace(one); one != "" {
			out = append(out, one)
		}
	}
	return out
}
