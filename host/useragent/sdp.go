package useragent

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

// codec is one payload type of an audio stream.
type codec struct {
	pt    uint8
	name  string // "PCMU/8000", as in a=rtpmap; "" when only the number is known
	fmtp  string // value of a=fmtp behind the payload type, "" if none
	event bool   // telephone-event: accompanies audio, is none itself
}

func (c codec) String() string {
	if c.name == "" {
		return "payload type " + strconv.Itoa(int(c.pt))
	}
	return c.name
}

// static are the payload types of RFC 3551 that need no a=rtpmap.
var static = map[uint8]string{
	0: "PCMU/8000", 3: "GSM/8000", 4: "G723/8000", 5: "DVI4/8000", 6: "DVI4/16000", 7: "LPC/8000", 8: "PCMA/8000",
	9: "G722/8000", 10: "L16/44100/2", 11: "L16/44100", 12: "QCELP/8000", 13: "CN/8000", 14: "MPA/90000",
	15: "G728/8000", 16: "DVI4/11025", 17: "DVI4/22050", 18: "G729/8000",
}

// direction is the direction of a stream as its describer sees it.
type direction string

const (
	sendrecv direction = "sendrecv"
	sendonly direction = "sendonly"
	recvonly direction = "recvonly"
	inactive direction = "inactive"
)

// reply is the direction to answer with when everything is wanted (RFC 3264 §6.1).
func (d direction) reply() direction {
	switch d {
	case sendonly:
		return recvonly
	case recvonly:
		return sendonly
	}
	return d
}

func (d direction) sends() bool { return d == sendrecv || d == sendonly }

// audio is the audio stream of a session description.
type audio struct {
	index     int // among the m= lines
	addr      netip.AddrPort
	codecs    []codec // in the order of the m= line
	direction direction
	ptime     string
}

// codec is the first that is audio; ok is false when there is none.
func (a *audio) codec() (codec, bool) {
	i := slices.IndexFunc(a.codecs, func(c codec) bool { return !c.event && !strings.HasPrefix(c.name, "CN/") })
	if i < 0 {
		return codec{}, false
	}
	return a.codecs[i], true
}

// allows says whether the payload type was agreed on.
func (a *audio) allows(pt uint8) bool {
	return slices.ContainsFunc(a.codecs, func(c codec) bool { return c.pt == pt })
}

// errSDP is any description that cannot be used; what is wrong is wrapped around it.
var errSDP = errors.New("SDP")

// maxSections bounds the m= lines of a description: an answer has as many.
const maxSections = 32

// parseAudio finds the first plain RTP audio stream that is not disabled.
func parseAudio(body string) (*sdp.SessionDescription, *audio, error) {
	d := new(sdp.SessionDescription)
	if err := d.UnmarshalString(body); err != nil {
		return nil, nil, fmt.Errorf("%w: %v", errSDP, err)
	}
	if len(d.MediaDescriptions) > maxSections {
		return nil, nil, fmt.Errorf("%w: more than %d media", errSDP, maxSections)
	}
	for i, m := range d.MediaDescriptions {
		if m.MediaName.Media != "audio" || m.MediaName.Port.Value == 0 || !plainRTP(m.MediaName.Protos) {
			continue
		}
		a := &audio{index: i, direction: directionOf(d, m)}
		a.ptime, _ = m.Attribute("ptime")
		a.codecs = codecsOf(m)
		var err error
		if a.addr, err = addrOf(d, m); err != nil {
			return nil, nil, err
		}
		// An address of zeros is how RFC 2543 put a call on hold.
		if a.addr.Addr().IsUnspecified() {
			a.direction = inactive
		}
		if _, ok := a.codec(); ok {
			return d, a, nil
		}
	}
	return nil, nil, fmt.Errorf("%w: no audio over RTP/AVP", errSDP)
}

func plainRTP(protos []string) bool {
	return slices.Equal(protos, []string{"RTP", "AVP"}) || slices.Equal(protos, []string{"RTP", "AVPF"})
}

func directionOf(d *sdp.SessionDescription, m *sdp.MediaDescription) direction {
	for _, attrs := range [][]sdp.Attribute{m.Attributes, d.Attributes} {
		for _, a := range attrs {
			switch v := direction(a.Key); v {
			case sendrecv, sendonly, recvonly, inactive:
				return v
			}
		}
	}
	return sendrecv
}

func addrOf(d *sdp.SessionDescription, m *sdp.MediaDescription) (netip.AddrPort, error) {
	c := m.ConnectionInformation
	if c == nil {
		c = d.ConnectionInformation
	}
	if c == nil || c.Address == nil {
		return netip.AddrPort{}, fmt.Errorf("%w: no c= line", errSDP)
	}
	ip, err := netip.ParseAddr(c.Address.Address)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%w: c= has no IP address", errSDP)
	}
	port := m.MediaName.Port.Value
	if port < 1 || port > 65535 {
		return netip.AddrPort{}, fmt.Errorf("%w: port %d", errSDP, port)
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(port)), nil
}

func codecsOf(m *sdp.MediaDescription) []codec {
	var cs []codec
	for _, f := range m.MediaName.Formats {
		pt, err := strconv.ParseUint(f, 10, 8)
		if err != nil || pt > 127 {
			continue
		}
		c := codec{pt: uint8(pt), name: static[uint8(pt)]}
		for _, a := range m.Attributes {
			number, value, _ := strings.Cut(a.Value, " ")
			if number != f {
				continue
			}
			switch a.Key {
			case "rtpmap":
				c.name = strings.TrimSpace(value)
			case "fmtp":
				c.fmtp = strings.TrimSpace(value)
			}
		}
		c.event = len(c.name) >= 15 && strings.EqualFold(c.name[:15], "telephone-event")
		cs = append(cs, c)
	}
	return cs
}

// callerCodecs is what the test caller offers, and the echo when it has to.
var callerCodecs = []codec{
	{pt: 0, name: static[0]},
	{pt: 8, name: static[8]},
	{pt: 101, name: "telephone-event/8000", fmtp: "0-15", event: true},
}

// describe writes a description with one audio stream at addr.
func describe(addr netip.AddrPort, version int, dir direction, ptime string, codecs []codec) string {
	var b strings.Builder
	fmt.Fprintf(&b, "v=0\r\no=- %d %d IN %s %s\r\ns=-\r\nc=IN %[3]s %[4]s\r\nt=0 0\r\n", addr.Port(), version, family(addr.Addr()), addr.Addr())
	section(&b, addr.Port(), "RTP/AVP", dir, ptime, codecs)
	return b.String()
}

// answer writes the answer to offer that accepts its audio stream a with one codec,
// and with telephone-event where offered, and declines all else (RFC 3264 §6).
func answer(offer *sdp.SessionDescription, a *audio, addr netip.AddrPort, version int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "v=0\r\no=- %d %d IN %s %s\r\ns=-\r\nc=IN %[3]s %[4]s\r\nt=0 0\r\n", addr.Port(), version, family(addr.Addr()), addr.Addr())
	for i, m := range offer.MediaDescriptions {
		proto := strings.Join(m.MediaName.Protos, "/")
		if i != a.index {
			fmt.Fprintf(&b, "m=%s 0 %s %s\r\n", m.MediaName.Media, proto, strings.Join(m.MediaName.Formats, " "))
			continue
		}
		section(&b, addr.Port(), proto, a.direction.reply(), a.ptime, a.agreed())
	}
	return b.String()
}

// agreed is what the echo takes of an offer: the first codec, and telephone-event.
func (a *audio) agreed() []codec {
	c, _ := a.codec()
	cs := []codec{c}
	if i := slices.IndexFunc(a.codecs, func(c codec) bool { return c.event }); i >= 0 {
		cs = append(cs, a.codecs[i])
	}
	return cs
}

func section(b *strings.Builder, port uint16, proto string, dir direction, ptime string, codecs []codec) {
	fmt.Fprintf(b, "m=audio %d %s", port, proto)
	for _, c := range codecs {
		fmt.Fprintf(b, " %d", c.pt)
	}
	b.WriteString("\r\n")
	for _, c := range codecs {
		if c.name != "" {
			fmt.Fprintf(b, "a=rtpmap:%d %s\r\n", c.pt, c.name)
		}
		if c.fmtp != "" {
			fmt.Fprintf(b, "a=fmtp:%d %s\r\n", c.pt, c.fmtp)
		}
	}
	if ptime != "" {
		fmt.Fprintf(b, "a=ptime:%s\r\n", ptime)
	}
	fmt.Fprintf(b, "a=%s\r\n", dir)
}

func family(a netip.Addr) string {
	if a.Is4() || a.Is4In6() {
		return "IP4"
	}
	return "IP6"
}
