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

// wire is a UDP socket that feeds the benchmark's messages to the SBC and hands what the
// SBC sends to the benchmark, all on one goroutine.
type wire struct {
	addr netip.AddrPort
	in   chan []byte
	from netip.AddrPort
	out  func(b []byte)
}

func (w *wire) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	m, ok := <-w.in
	if !ok {
		return 0, netip.AddrPort{}, net.ErrClosed
	}
	return copy(b, m), w.from, nil
}

func (w *wire) WriteToUDPAddrPort(b []byte, _ netip.AddrPort) (int, error) {
	w.out(b)
	return len(b), nil
}
func (w *wire) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(w.addr) }
func (w *wire) Close() error        { return nil }

// BenchmarkCall is one whole call without media and modules: INVITE, 100, 180, 200, ACK,
// BYE, 200 on both legs, thirteen datagrams, parsed and written.
func BenchmarkCall(b *testing.B) {
	bed := newBed(b)
	bed.configure(plainProfile)
	var toA, toB []byte
	wires := map[string]*wire{}
	tr, err := transport.New([]transport.Config{
		{Name: "outside", UDP: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:5060")}},
		{Name: "inside", UDP: []netip.AddrPort{netip.MustParseAddrPort("198.51.100.1:5060")}},
	}, bed.x, transport.Options{Listen: func(_ context.Context, a netip.AddrPort) (transport.PacketConn, error) {
		w := &wire{addr: a, in: make(chan []byte)}
		if a.Addr().String() == "192.0.2.1" {
			w.from = netip.MustParseAddrPort("192.0.2.10:5060")
			w.out = func(m []byte) { toA = append(toA[:0], m...) }
		} else {
			w.from = netip.MustParseAddrPort("198.51.100.11:5060")
			w.out = func(m []byte) {
				if strings.HasPrefix(string(m[:6]), "INVITE") {
					toB = append(toB[:0], m...)
				}
			}
		}
		wires[a.Addr().String()] = w
		return w, nil
	}})
	if err != nil {
		b.Fatal(err)
	}
	bed.sbc.Attach(tr, bed.x, bed.anchor)
	ifA, _ := tr.Interface("outside")
	ifB, _ := tr.Interface("inside")
	if err := tr.Start(context.Background()); err != nil {
		b.Fatal(err)
	}
	flowA, err := tr.Flow(ifA, transport.UDP, netip.MustParseAddrPort("192.0.2.10:5060"))
	if err != nil {
		b.Fatal(err)
	}
	flowB, err := tr.Flow(ifB, transport.UDP, netip.MustParseAddrPort("198.51.100.11:5060"))
	if err != nil {
		b.Fatal(err)
	}
	sdp := "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
	head := func(method string, i, seq int, tag string) string {
		return fmt.Sprintf("%s sip:bob@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK%d%s\r\nFrom: \"Alice\" <sip:alice@example.org>;tag=a%d\r\nTo: <sip:bob@192.0.2.1>%s\r\nCall-ID: %d@192.0.2.10\r\nCSeq: %d %s\r\nContact: <sip:alice@192.0.2.10:5060>\r\nMax-Forwards: 70\r\n", method, i, method, i, tag, i, seq, method)
	}
	give := func(raw []byte, f transport.Flow) {
		m, err := sip.Parse(raw)
		bed.x.Receive(m, err, f)
	}
	answer := func(req *sip.Message, status int, body string) []byte {
		res := sip.NewResponse(req, status, "", "bob")
		res.Add(sip.Contact, "<sip:bob@198.51.100.11:5060>")
		if body != "" {
			res.Add(sip.ContentType, "application/sdp")
			res.Body = body
		}
		return res.Append(nil)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		invite := []byte(head("INVITE", i, 1, "") + fmt.Sprintf("Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", len(sdp), sdp))
		b.StartTimer()
		give(invite, flowA)
		b.StopTimer()
		req, err := sip.Parse(toB)
		if err != nil {
			b.Fatal(err)
		}
		ringing, ok := answer(req, 180, ""), answer(req, 200, sdp)
		b.StartTimer()
		give(ringing, flowB)
		give(ok, flowB)
		b.StopTimer()
		res, err := sip.Parse(toA)
		if err != nil || res.Status != 200 {
			b.Fatal(err, string(toA))
		}
		tag := ";tag=" + res.ToTag()
		ack := []byte(head("ACK", i, 1, tag) + "Content-Length: 0\r\n\r\n")
		bye := []byte(head("BYE", i, 2, tag) + "Content-Length: 0\r\n\r\n")
		b.StartTimer()
		give(ack, flowA)
		give(bye, flowA)
	}
	b.StopTimer()
	bed.x.Close()
	if st := bed.sbc.Stats(); st.Active != 0 || st.Failed != 0 {
		b.Errorf("stats %+v", st)
	}
}
