package sip

import (
	"net/netip"
	"strings"
	"testing"
)

// invite is what a common trunk sends: 14 header fields, 1 KB with its SDP.
var invite = []byte(strings.ReplaceAll(`INVITE sip:+15550123@sbc.example.net:5060;user=phone SIP/2.0
Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-524287-1---a1b2c3d4e5f60718;rport
Record-Route: <sip:192.0.2.10;lr;ftag=9fxced76sl>
Max-Forwards: 69
Contact: <sip:alice@192.0.2.10:5060;transport=udp>
To: "Bob" <sip:+15550123@sbc.example.net;user=phone>
From: "Alice Example" <sip:alice@example.org>;tag=9fxced76sl
Call-ID: 3848276298220188511@alice.example.org
CSeq: 314159 INVITE
Allow: INVITE, ACK, CANCEL, BYE, PRACK, UPDATE, INFO, OPTIONS, REFER, NOTIFY
Supported: replaces, timer, 100rel
Session-Expires: 1800;refresher=uac
P-Asserted-Identity: "Alice Example" <sip:+15550100@example.org>
User-Agent: Example Softswitch 7.2.1
Content-Type: application/sdp
Content-Length: 273

v=0
o=alice 2890844526 2890844526 IN IP4 192.0.2.10
s=-
c=IN IP4 192.0.2.10
t=0 0
m=audio 49170 RTP/AVP 8 0 18 101
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:18 G729/8000
a=fmtp:18 annexb=no
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=ptime:20
a=sendrecv
`, "\n", "\r\n"))

func BenchmarkParseINVITE(b *testing.B) {
	b.SetBytes(int64(len(invite)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(invite); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkValidate(b *testing.B) {
	m, err := Parse(invite)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := m.Validate(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	m, err := Parse(invite)
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		buf = m.Append(buf[:0])
	}
}

func BenchmarkNewResponse(b *testing.B) {
	m, err := Parse(invite)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		NewResponse(m, 180, "", "a1b2c3d4")
	}
}

func BenchmarkMarkSource(b *testing.B) {
	m, err := Parse(invite)
	if err != nil {
		b.Fatal(err)
	}
	via := m.Header(Via)
	from := netip.MustParseAddrPort("192.0.2.99:5099")
	b.ReportAllocs()
	for b.Loop() {
		m.MarkSource(from)
		m.SetTopVia(via)
	}
}

// BenchmarkAccessors is what one call asks of an INVITE.
func BenchmarkAccessors(b *testing.B) {
	m, err := Parse(invite)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		via, _ := m.TopVia()
		n, _ := m.CSeqNumber()
		u, _ := ParseURI(m.RURI)
		a, _ := ParseNameAddr(m.Header(Contact))
		if via.Branch() == "" || m.FromTag() == "" || m.ToTag() != "" || n != 314159 || u.User == "" || a.URI == "" {
			b.Fatal("not the INVITE")
		}
	}
}

// BenchmarkParseNoise is what a flood of garbage costs.
func BenchmarkParseNoise(b *testing.B) {
	noise := []byte(strings.Repeat("\x00\xffnoise\r\n", 100))
	b.ReportAllocs()
	for b.Loop() {
		if m, _ := Parse(noise); m != nil {
			b.Fatal("noise")
		}
	}
}
