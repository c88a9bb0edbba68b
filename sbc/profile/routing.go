package profile

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
)

// Routing is the section [profile.NAME.routing]: where the call goes, and how long it may
// take.
type Routing struct {
	// Where leg B's INVITE is sent, whatever its Request-URI says: a pattern for
	// host[:port][/transport], or several with commas between them, tried in order; the
	// transport is udp or tcp, default udp. Default none: to the Request-URI.
	//
	//	next_hop = "gw1.example.net, 192.0.2.8:5070/tcp"
	NextHop *pattern.Pattern `toml:"next_hop"`

	// Targets of the call, tried in order: patterns for URIs, each of which becomes leg B's
	// Request-URI. A pattern that yields nothing is left out; when none is left the call is
	// refused with 404. Default: the Request-URI of [profile.NAME.identity].
	//
	//	targets = ["sip:$rU@gw1.example.net", "$M($rU=>second)"]
	Targets []*pattern.Pattern `toml:"targets"`

	// Interface that leg B leaves by: a pattern for the name of an [interface.NAME] section,
	// default the one the INVITE came in by.
	//
	//	interface = "private"
	Interface *pattern.Pattern `toml:"interface"`

	// Interface that requests to leg A leave by, and that its Contact names: a pattern, default
	// the one the INVITE came in by. Responses go back where the request came in.
	//
	//	interface_a = "public"
	InterfaceA *pattern.Pattern `toml:"interface_a"`

	// Where all requests inside the call to leg A are sent, whatever its Contact and
	// Record-Route say: a pattern for host[:port][/transport], default none.
	//
	//	next_hop_a = "192.0.2.8:5070"
	NextHopA *pattern.Pattern `toml:"next_hop_a"`

	// Whether later requests of the call go to the next hop that took leg B's INVITE, too,
	// instead of where Contact and Record-Route say: true or false, default false.
	//
	//	next_hop_always = true
	NextHopAlways bool `toml:"next_hop_always"`

	// Whether host and port of leg B's Request-URI become those of the next hop it is sent to:
	// true or false, default false.
	//
	//	next_hop_in_ruri = true
	NextHopInRURI bool `toml:"next_hop_in_ruri"`

	// Proxy that leg B's INVITE is sent through, as the first Route header field: a pattern for
	// a URI, default none. A next hop only says where the INVITE is sent, not what it says.
	//
	//	outbound_proxy = "sip:proxy.example.net;transport=tcp"
	OutboundProxy *pattern.Pattern `toml:"outbound_proxy"`

	// Whether later requests to leg B go through outbound_proxy, too, before what Record-Route
	// says: true or false, default false.
	//
	//	force_outbound_proxy = true
	ForceOutboundProxy bool `toml:"force_outbound_proxy"`

	// Proxy that all requests inside the call to leg A are sent through, as outbound_proxy:
	// default none.
	//
	//	outbound_proxy_a = "sip:edge.example.net"
	OutboundProxyA *pattern.Pattern `toml:"outbound_proxy_a"`

	// Whether leg A is behind a NAT, so that requests go where its own came from last and not
	// where its Contact says: "always", "never", or "auto", that is if its INVITE says it came
	// from elsewhere than it did (RFC 3581). Default "auto".
	//
	//	nat_a = "always"
	NATA NAT `toml:"nat_a"`

	// The same for leg B: "always" sends requests where the INVITE was sent, or where the last
	// request of leg B came from. "auto" is as "never" there. Default "auto".
	//
	//	nat_b = "always"
	NATB NAT `toml:"nat_b"`

	// Final responses of a target after which the next is tried: status codes, with x for any
	// digit, default ["408", "430", "5xx"]. A target that cannot be reached always counts.
	// With the last target, or any other response, leg A gets the response.
	//
	//	failover = ["404", "480", "5xx"]
	Failover []string `toml:"failover"`

	// How long all targets together may ring before the SBC gives up and leg A gets 408: a
	// duration of at least 1s, default "3m". "0s" leaves it to Timer C of RFC 3261 §16.6.
	//
	//	ring_timeout = "45s"
	RingTimeout time.Duration `toml:"ring_timeout"`

	// How long a target may stay silent before the next one is tried: a duration of at least
	// 100ms, default "0s": 32 seconds, Timer B of RFC 3261 §17.1.1.2.
	//
	//	target_timeout = "4s"
	TargetTimeout time.Duration `toml:"target_timeout"`

	// How long the call may last from its answer before the SBC hangs up: a duration of at
	// least 1s, default "0s", no limit. Modules may make it shorter.
	//
	//	max_duration = "4h"
	MaxDuration time.Duration `toml:"max_duration"`

	// Longest time after which a request of the SBC's own, such as a session refresh, is sent
	// again when it has met one of the far end's (491): a duration of at least 10ms, default
	// "0s": as RFC 3261 §14.1 says, up to 2 seconds to leg A and 2.1 to 4 seconds to leg B.
	//
	//	max_491_retry_time = "1s"
	Max491RetryTime time.Duration `toml:"max_491_retry_time"`
}

var routingKeys = []key{
	{name: "routing.next_hop", patterns: one(func(c *Config) *pattern.Pattern { return c.Routing.NextHop }), set: (*Plan).setNextHop},
	{name: "routing.targets", patterns: func(c *Config) []*pattern.Pattern { return c.Routing.Targets }, set: (*Plan).setTargets, add: (*Plan).addTarget, perCall: true, required: true},
	{name: "routing.interface", patterns: one(func(c *Config) *pattern.Pattern { return c.Routing.Interface }), set: (*Plan).setInterface},
	{name: "routing.interface_a", patterns: one(func(c *Config) *pattern.Pattern { return c.Routing.InterfaceA }), set: (*Plan).setInterfaceA},
	{name: "routing.next_hop_a", patterns: one(func(c *Config) *pattern.Pattern { return c.Routing.NextHopA }), set: (*Plan).setNextHopA},
	{name: "routing.next_hop_always", set: setBool(func(p *Plan) *bool { return &p.NextHopAlways })},
	{name: "routing.next_hop_in_ruri", set: setBool(func(p *Plan) *bool { return &p.NextHopInRURI })},
	{name: "routing.outbound_proxy", patterns: one(func(c *Config) *pattern.Pattern { return c.Routing.OutboundProxy }), set: setProxy(media.B)},
	{name: "routing.force_outbound_proxy", set: setBool(func(p *Plan) *bool { return &p.ForceProxy })},
	{name: "routing.outbound_proxy_a", patterns: one(func(c *Config) *pattern.Pattern { return c.Routing.OutboundProxyA }), set: setProxy(media.A)},
	{name: "routing.nat_a", set: setNAT(media.A)},
	{name: "routing.nat_b", set: setNAT(media.B)},
	{name: "routing.failover", set: (*Plan).setFailover},
	{name: "routing.ring_timeout", set: setDuration(func(p *Plan) *time.Duration { return &p.RingTimeout }, time.Second)},
	{name: "routing.target_timeout", set: setDuration(func(p *Plan) *time.Duration { return &p.TargetTimeout }, 100*time.Millisecond)},
	{name: "routing.max_duration", set: setDuration(func(p *Plan) *time.Duration { return &p.MaxDuration }, time.Second)},
	{name: "routing.max_491_retry_time", set: setDuration(func(p *Plan) *time.Duration { return &p.GlareTime }, leastGlare)},
}

// compile puts the keys that are no patterns into the plan all calls begin with.
func (r *Routing) compile(c *compiler, p *Plan) {
	c.duration("routing.ring_timeout", r.RingTimeout, time.Second)
	c.duration("routing.target_timeout", r.TargetTimeout, 100*time.Millisecond)
	c.duration("routing.max_duration", r.MaxDuration, time.Second)
	c.duration("routing.max_491_retry_time", r.Max491RetryTime, leastGlare)
	p.RingTimeout, p.TargetTimeout, p.MaxDuration, p.GlareTime = r.RingTimeout, r.TargetTimeout, r.MaxDuration, r.Max491RetryTime
	p.NextHopAlways, p.NextHopInRURI, p.ForceProxy = r.NextHopAlways, r.NextHopInRURI, r.ForceOutboundProxy
	p.NAT = [2]NAT{r.NATA, r.NATB}
	p.failover = &failover{}
	for i, code := range r.Failover {
		if err := p.failover.add(code); err != nil {
			c.fail(fmt.Sprintf("routing.failover[%d]", i), err)
		}
	}
}

// leastGlare is RFC 3261 §14.1's unit of waiting after 491.
const leastGlare = 10 * time.Millisecond

// Most places a call is tried at: what a caller can make the SBC send for one INVITE.
const maxTargets = 16

func (p *Plan) setNextHop(v string) error {
	hops := splitList(v)
	if len(hops) > maxTargets {
		return fmt.Errorf("more than %d next hops", maxTargets)
	}
	for _, h := range hops {
		if err := checkHop(h); err != nil {
			return err
		}
	}
	p.NextHops = hops
	return nil
}

// checkHop checks host[:port][/transport].
func checkHop(h string) error {
	host, proto, ok := strings.Cut(h, "/")
	if ok && !strings.EqualFold(proto, "udp") && !strings.EqualFold(proto, "tcp") {
		return fmt.Errorf("transport %s is neither udp nor tcp", brief(proto))
	}
	if _, _, ok := splitHostPort(host); !ok {
		return fmt.Errorf("%s is not host[:port][/transport]", brief(h))
	}
	return nil
}

// splitHostPort splits host[:port]. The host is a name, an IPv4 address, or an IPv6 address in
// brackets, which are taken away; port 0 = none.
func splitHostPort(s string) (host string, port uint16, ok bool) {
	if rest, found := strings.CutPrefix(s, "["); found {
		host, s, found = strings.Cut(rest, "]")
		if a, err := netip.ParseAddr(host); !found || err != nil || !a.Is6() || a.Zone() != "" {
			return "", 0, false
		}
	} else {
		end := strings.IndexByte(s, ':')
		if end < 0 {
			end = len(s)
		}
		host, s = s[:end], s[end:]
		if !isHost(host) {
			return "", 0, false
		}
	}
	if s == "" {
		return host, 0, true
	}
	n, err := strconv.ParseUint(s[1:], 10, 16)
	return host, uint16(n), s[0] == ':' && len(s) <= len(":65535") && err == nil && n > 0
}

// isHost says whether s has the characters of a host name or an IPv4 address.
func isHost(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return s != ""
}

func (p *Plan) setTargets(v string) error {
	var fresh Plan
	for _, uri := range splitList(v) {
		if err := fresh.addTarget(uri); err != nil {
			return err
		}
	}
	p.Targets = fresh.Targets
	return nil
}

func (p *Plan) addTarget(v string) error {
	if v == "" {
		return nil
	}
	if len(p.Targets) == maxTargets {
		return fmt.Errorf("more than %d targets", maxTargets)
	}
	uri, err := checkURI(v)
	if err == nil {
		p.Targets = append(p.Targets, uri)
	}
	return err
}

func (p *Plan) setInterface(v string) error {
	if v != "" {
		if err := among("interface", v, p.Profile.interfaces); err != nil {
			return err
		}
	}
	p.Interface = v
	return nil
}

func (p *Plan) setFailover(v string) error {
	f := &failover{}
	for _, code := range splitList(v) {
		if err := f.add(code); err != nil {
			return err
		}
	}
	p.failover = f
	return nil
}

// FailOver says whether the next target is tried after a final response with this status.
func (p *Plan) FailOver(status int) bool {
	return p.failover != nil && status >= 300 && status <= 699 && p.failover[status-300]
}

// failover has one flag for each status from 300.
type failover [400]bool

func (f *failover) add(code string) error {
	if len(code) != 3 || code[0] < '3' || code[0] > '6' {
		return fmt.Errorf("%s is no status code from 300 to 699, such as 503 or 5xx", brief(code))
	}
	for status := range f {
		match := true
		for i, digit := range [3]byte{'3' + byte(status/100), '0' + byte(status/10%10), '0' + byte(status%10)} {
			if code[i]|0x20 != 'x' && code[i] != digit {
				match = false
			}
		}
		f[status] = f[status] || match
	}
	for i := 1; i < 3; i++ {
		if c := code[i]; c|0x20 != 'x' && (c < '0' || c > '9') {
			return fmt.Errorf("%s is no status code from 300 to 699, such as 503 or 5xx", brief(code))
		}
	}
	return nil
}

// among checks that name is one of names.
func among(what, name string, names []string) error {
	if slices.Contains(names, name) {
		return nil
	}
	return errors.New("there is no " + what + " " + brief(name) + didYouMean(name, names))
}
