package sbc

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// wire is a UDP socket that hands what the SBC sends to the generator.
type wire struct {
	addr netip.AddrPort
	in   chan []byte
	out  func(b []byte)
}

func (w *wire) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	<-w.in // nothing ever comes: the generator gives its messages to the transactions
	return 0, netip.AddrPort{}, net.ErrClosed
}

func (w *wire) WriteToUDPAddrPort(b []byte, _ netip.AddrPort) (int, error) {
	w.out(b)
	return len(b), nil
}
func (w *wire) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(w.addr) }
func (w *wire) Close() error        { return nil }

// generator feeds an SBC with calls, without a network.
type generator struct {
	b            testing.TB
	bed          *bed
	flowA, flowB transport.Flow
	toA, toB     []byte // the last message of the SBC to A, the last INVITE to B
}

const benchSDP = "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"

func newGenerator(b testing.TB) *generator {
	g := &generator{b: b, bed: newBed(b)}
	g.bed.configure(strings.Replace(plainProfile, `modules = ["scripted"]`, "", 1))
	tr, err := transport.New([]transport.Config{
		{Name: "outside", UDP: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:5060")}},
		{Name: "inside", UDP: []netip.AddrPort{netip.MustParseAddrPort("198.51.100.1:5060")}},
	}, g.bed.x, transport.Options{Listen: func(_ context.Context, a netip.AddrPort) (transport.PacketConn, error) {
		w := &wire{addr: a, in: make(chan []byte)}
		if a.Addr().String() == "192.0.2.1" {
			w.out = func(m []byte) { g.toA = append(g.toA[:0], m...) }
		} else {
			w.out = func(m []byte) {
				if string(m[:6]) == "INVITE" {
					g.toB = append(g.toB[:0], m...)
				}
			}
		}
		return w, nil
	}})
	if err != nil {
		b.Fatal(err)
	}
	g.bed.sbc.Attach(tr, g.bed.x, g.bed.anchor)
	if err := tr.Start(context.Background()); err != nil {
		b.Fatal(err)
	}
	flow := func(name, peer string) transport.Flow {
		i, _ := tr.Interface(name)
		f, err := tr.Flow(i, transport.UDP, netip.MustParseAddrPort(peer))
		if err != nil {
			b.Fatal(err)
		}
		return f
	}
	g.flowA, g.flowB = flow("outside", "192.0.2.10:5060"), flow("inside", "198.51.100.11:5060")
	return g
}

func (g *generator) give(raw []byte, f transport.Flow) {
	m, err := sip.Parse(raw)
	g.bed.x.Receive(m, err, f)
}

func (g *generator) request(method string, i, seq int, tag, body string) []byte {
	s := fmt.Sprintf("%s sip:bob@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK%d%s\r\nFrom: \"Alice\" <sip:alice@example.org>;tag=a%d\r\nTo: <sip:bob@192.0.2.1>%s\r\nCall-ID: %d@192.0.2.10\r\nCSeq: %d %s\r\nContact: <sip:alice@192.0.2.10:5060>\r\nMax-Forwards: 70\r\n", method, i, method, i, tag, i, seq, method)
	if body != "" {
		s += "Content-Type: application/sdp\r\n"
	}
	return []byte(s + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body))
}

func (g *generator) answer(status int, body string) []byte {
	req, err := sip.Parse(g.toB)
	if err != nil {
		g.b.Fatal(err)
	}
	res := sip.NewResponse(req, status, "", "bob")
	res.Add(sip.Contact, "<sip:bob@198.51.100.11:5060>")
	if body != "" {
		res.Add(sip.ContentType, "application/sdp")
		res.Body = body
	}
	return res.Append(nil)
}

// tag is the To tag of the 2xx that A got.
func (g *generator) tag() string {
	res, err := sip.Parse(g.toA)
	if err != nil || res.Status != 200 {
		g.b.Fatalf("A got %q, %v", g.toA, err)
	}
	return ";tag=" + res.ToTag()
}

// establish sets call i up and returns its tag.
func (g *generator) establish(i int) string {
	g.give(g.request("INVITE", i, 1, "", benchSDP), g.flowA)
	g.give(g.answer(180, ""), g.flowB)
	g.give(g.answer(200, benchSDP), g.flowB)
	tag := g.tag()
	g.give(g.request("ACK", i, 1, tag, ""), g.flowA)
	return tag
}

// BenchmarkCall is one whole call without media and modules: INVITE, 100, 180, 200, ACK,
// BYE, 200 on both legs, thirteen datagrams, parsed and written, and as many made up.
func BenchmarkCall(b *testing.B) {
	g := newGenerator(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		tag := g.establish(i)
		g.give(g.request("BYE", i, 2, tag, ""), g.flowA)
	}
	g.bed.x.Close()
	if st := g.bed.sbc.Stats(); st.Active != 0 || st.Failed != 0 {
		b.Errorf("stats %+v", st)
	}
}
