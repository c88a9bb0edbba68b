package media

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// direction is what an a=sendrecv, sendonly, recvonly or inactive line says.
type direction uint8

const (
	sendRecv direction = iota
	sendOnly
	recvOnly
	inactive
)

// end is what one side's SDP says about one stream. It is kept for the length of
// the call, so it holds no part of the body.
type end struct {
	media   string // "audio"
	proto   string // "RTP/AVP"
	formats string // as printed, one blank apart
	kind    Kind   // Idle: port 0, or nothing we relay
	dir     direction
	zero    bool // c=0.0.0.0: hold in the manner of RFC 2543
	mux     bool // a=rtcp-mux
	savp    bool // the transport is SRTP
	keyed   bool // there are keys for SRTP: where both have them, RTP/AVP is SRTP too (RFC 8643)
	rtp     netip.AddrPort
	rtcp    netip.AddrPort
	codec   string
	payload []Format
}

// held reports whether this end keeps the other from being heard.
func (e *end) held() bool { return e.zero || e.dir == sendOnly || e.dir == inactive }

// quiet reports whether this end says that it sends nothing.
func (e *end) quiet() bool { return e.dir == recvOnly || e.dir == inactive }

// ends reads the streams of a description.
func (d *description) ends() ([]end, error) {
	dir, _ := d.session().direction()
	var addr netip.Addr
	var err error
	sessionC, hasC := d.session().first('c')
	if hasC {
		if addr, err = connection(sessionC); err != nil {
			return nil, err
		}
	}
	list := make([]end, len(d.media()))
	keyed := d.session().keyed()
	for i := range d.media() {
		list[i].keyed = keyed
		if err := list[i].read(&d.media()[i], addr, hasC, dir); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// read fills e from a media description; addr, hasC and dir are the session's.
func (e *end) read(s *section, addr netip.Addr, hasC bool, dir direction) error {
	line := s.fields[0].value
	media, rest := word(line)
	portWord, rest := word(rest)
	proto, formats := word(rest)
	portWord, _, _ = strings.Cut(portWord, "/")
	port, err := strconv.ParseUint(portWord, 10, 16)
	if err != nil || proto == "" || !visible(line) {
		return fmt.Errorf("%w: m=%.40q", ErrBadSDP, line)
	}
	if c, ok := s.first('c'); ok {
		if addr, err = connection(c); err != nil {
			return err
		}
		hasC = true
	}
	if own, ok := s.direction(); ok {
		dir = own
	}
	if formats == "" {
		if port != 0 {
			return fmt.Errorf("%w: no format in m=%.40q", ErrBadSDP, line)
		}
		formats = "0" // devices that refuse a stream with "m=video 0 RTP/AVP"
	}
	e.media, e.proto, e.formats = intern(media), intern(proto), strings.Join(strings.Fields(formats), " ")
	e.dir, e.kind = dir, kindOf(proto)
	e.savp, e.keyed = strings.Contains(strings.ToUpper(proto), "SAVP"), e.keyed || s.keyed()
	if port == 0 || e.kind == Idle {
		e.kind = Idle
		return nil
	}
	if !hasC {
		return fmt.Errorf("%w: no c= for m=%.40q", ErrBadSDP, line)
	}
	if e.zero = addr.IsValid() && addr.IsUnspecified(); !e.zero && addr.IsValid() {
		e.rtp = netip.AddrPortFrom(addr, uint16(port))
		if port < 65535 {
			e.rtcp = netip.AddrPortFrom(addr, uint16(port)+1)
		}
	}
	if e.kind != Raw {
		return e.readRTP(s, addr)
	}
	return nil
}

// intern copies a word out of a body; the usual ones cost nothing.
func intern(w string) string {
	switch w {
	case "audio":
		return "audio"
	case "video":
		return "video"
	case "image":
		return "image"
	case "RTP/AVP":
		return "RTP/AVP"
	case "RTP/SAVP":
		return "RTP/SAVP"
	}
	return strings.Clone(w)
}

// visible reports whether s is of visible ASCII and blanks, as tokens are.
func visible(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < ' ' && c != '\t') || c > '~' {
			return false
		}
	}
	return true
}

// readRTP reads the attributes of an RTP stream.
func (e *end) readRTP(s *section, addr netip.Addr) error {
	for i := range s.fields {
		if s.fields[i].typ != 'a' {
			continue
		}
		switch key, arg := attribute(s.fields[i].value); key {
		case "rtcp-mux":
			e.mux = true
		case "rtcp":
			portWord, rest := word(arg)
			port, err := strconv.ParseUint(portWord, 10, 16)
			if err != nil {
				return fmt.Errorf("%w: a=rtcp:%.40q", ErrBadSDP, arg)
			}
			at := addr
			if rest != "" {
				if at, err = connection(rest); err != nil {
					return err
				}
			}
			e.rtcp = netip.AddrPort{}
			if at.IsValid() && !at.IsUnspecified() && port != 0 {
				e.rtcp = netip.AddrPortFrom(at, uint16(port))
			}
		}
	}
	e.readFormats(s)
	return nil
}

// connection reads the value of a c= line. A host name gives the zero address:
// looking it up would block, and media can still be learned from its source.
func connection(value string) (netip.Addr, error) {
	network, rest := word(value)
	family, rest := word(rest)
	host, _ := word(rest)
	if network != "IN" || (family != "IP4" && family != "IP6") || host == "" {
		return netip.Addr{}, fmt.Errorf("%w: c=%.40q", ErrBadSDP, value)
	}
	host, _, _ = strings.Cut(host, "/")
	addr, err := netip.ParseAddr(host)
	if err != nil {
		if strings.ContainsAny(host, ":%") {
			return netip.Addr{}, fmt.Errorf("%w: c=%.40q", ErrBadSDP, value)
		}
		return netip.Addr{}, nil
	}
	addr = addr.Unmap().WithZone("")
	// A stranger must not make us send a stream to a whole network.
	if addr.IsMulticast() || addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return netip.Addr{}, fmt.Errorf("%w: c=%.40q is not unicast", ErrBadSDP, value)
	}
	return addr, nil
}

// direction returns the last direction attribute of a section.
func (s *section) direction() (d direction, ok bool) {
	for i := range s.fields {
		if s.fields[i].typ != 'a' {
			continue
		}
		switch s.fields[i].value {
		case "sendrecv":
			d, ok = sendRecv, true
		case "sendonly":
			d, ok = sendOnly, true
		case "recvonly":
			d, ok = recvOnly, true
		case "inactive":
			d, ok = inactive, true
		}
	}
	return d, ok
}

// keyed reports whether there are keys for SRTP among the attributes of a section.
func (s *section) keyed() bool {
	for i := range s.fields {
		if s.fields[i].typ != 'a' {
			continue
		}
		switch key, _ := attribute(s.fields[i].value); key {
		case "crypto", "fingerprint", "key-mgmt", "zrtp-hash":
			return true
		}
	}
	return false
}

// kindOf says how a transport protocol is relayed. Everything over UDP that is not
// RTP goes as it is; what runs over TCP, DCCP or bare SCTP is Idle: refused.
func kindOf(proto string) Kind {
	tls := false
	for i, rest, more := 0, proto, true; more; i++ {
		var part string
		part, rest, more = strings.Cut(rest, "/")
		switch strings.ToUpper(part) {
		case "TCP", "DCCP", "TCPTL":
			return Idle
		case "SCTP":
			if i == 0 {
				return Idle
			}
		case "TLS":
			if i == 0 {
				return Idle
			}
			tls = true
		case "RTP":
			if i == 0 {
				return RTP
			}
			if tls {
				return DTLS
			}
		}
	}
	return Raw
}
