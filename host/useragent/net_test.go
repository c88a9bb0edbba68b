package useragent

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport/memnet"
)

const (
	callerIP = "198.51.100.1"
	calleeIP = "192.0.2.1"
)

// startEcho starts an echo at 192.0.2.1:5060.
func startEcho(t *testing.T, n *memnet.Net, c EchoConfig) *Echo {
	t.Helper()
	c.Addr, c.Listen = netip.MustParseAddrPort(calleeIP+":5060"), n.Listen
	e := NewEcho(c)
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return e
}

// place places a call from 198.51.100.1 to 192.0.2.1.
func place(ctx context.Context, n *memnet.Net, c CallConfig) (*Result, error) {
	if c.URI == "" {
		c.URI = "sip:echo@" + calleeIP
	}
	c.Listen, c.Socket = netip.MustParseAddrPort(callerIP+":5060"), n.Listen
	return Call(ctx, c, nil)
}

// peer is a far end that does what a test says.
type peer struct {
	t    *testing.T
	net  *memnet.Net
	conn *memnet.Conn
	tag  string
}

func newPeer(t *testing.T, n *memnet.Net, addr string) *peer {
	p := &peer{t: t, net: n, conn: n.Dial(addr), tag: "peer"}
	t.Cleanup(func() { p.conn.Close() })
	return p
}

// hear waits for a message. What is the method of a request, or the code and method of
// a response: "200 INVITE". Repetitions of something else are passed over.
func (p *peer) hear(what string) (*sip.Message, string) {
	p.t.Helper()
	var heard []string
	for range 20 {
		b, from, err := p.conn.Receive(time.Minute)
		if err != nil {
			break
		}
		m, err := sip.Parse(b)
		if err != nil {
			p.t.Fatalf("heard %q: %v", b, err)
		}
		got := m.Method
		if !m.IsRequest() {
			got = fmt.Sprint(m.Status, " ", m.Method)
		}
		if got == what {
			return m, from.String()
		}
		heard = append(heard, got)
	}
	p.t.Fatalf("waited for %s, heard %s", what, heard)
	return nil, ""
}

// nothing wants silence for a while.
func (p *peer) nothing(d time.Duration) {
	p.t.Helper()
	if b, _, err := p.conn.Receive(d); err == nil {
		p.t.Fatalf("heard %q, want nothing", b)
	}
}

// answer responds to a request.
func (p *peer) answer(m *sip.Message, to string, status int, body string) {
	p.t.Helper()
	res := sip.NewResponse(m, status, "", p.tag)
	if m.Method == "INVITE" && status > 100 && status < 300 {
		res.Add(sip.Contact, "<sip:bob@"+p.conn.AddrPort().String()+">")
	}
	if body != "" {
		res.Add(sip.ContentType, sdpType)
		res.Body = body
	}
	p.conn.Send(string(res.Append(nil)), to)
}

// back is a request of the callee to whoever sent inv.
func (p *peer) back(method string, inv *sip.Message) *sip.Message {
	m := sip.NewRequest(method, "sip:alice@"+callerIP)
	m.Add(sip.Via, fmt.Sprintf("SIP/2.0/UDP %s;branch=z9hG4bKback%s", p.conn.AddrPort(), method))
	m.Add(sip.MaxForwards, "70")
	m.Add(sip.From, inv.Header(sip.To)+";tag="+p.tag)
	m.Add(sip.To, inv.Header(sip.From))
	m.Add(sip.CallID, inv.Header(sip.CallID))
	m.Add(sip.CSeq, "1 "+method)
	return m
}

// request builds a request as the caller of a call: the To tag makes it one within it.
func (p *peer) request(method string, seq int, toTag, body string) *sip.Message {
	m := sip.NewRequest(method, "sip:echo@"+calleeIP)
	m.Add(sip.Via, fmt.Sprintf("SIP/2.0/UDP %s;branch=z9hG4bK%s%d", p.conn.AddrPort(), strings.ToLower(method), seq))
	m.Add(sip.MaxForwards, "70")
	m.Add(sip.From, "<sip:alice@example.org>;tag="+p.tag)
	to := "<sip:echo@example.net>"
	if toTag != "" {
		to += ";tag=" + toTag
	}
	m.Add(sip.To, to)
	m.Add(sip.CallID, p.tag+"-"+p.conn.AddrPort().String())
	m.Add(sip.CSeq, fmt.Sprint(seq, " ", method))
	m.Add(sip.Contact, "<sip:alice@"+p.conn.AddrPort().String()+">")
	if body != "" {
		m.Add(sip.ContentType, sdpType)
		m.Body = body
	}
	return m
}

// ask sends a request to the echo and waits for the response.
func (p *peer) ask(m *sip.Message, status int) *sip.Message {
	p.t.Helper()
	p.conn.Send(string(m.Append(nil)), calleeIP+":5060")
	res, _ := p.hear(fmt.Sprint(status, " ", m.Method))
	return res
}

// call makes a call to the echo and acknowledges it; it returns the echo's tag and where
// its audio is.
func (p *peer) call(body string) (tag, media string) {
	p.t.Helper()
	res := p.ask(p.request("INVITE", 1, "", body), 200)
	p.conn.Send(string(p.request("ACK", 1, res.ToTag(), "").Append(nil)), calleeIP+":5060")
	_, a, err := parseAudio(res.Body)
	if err != nil {
		p.t.Fatalf("answer %q: %v", res.Body, err)
	}
	return res.ToTag(), a.addr.String()
}

// offer is a description with audio at addr.
func offer(addr string, dir direction, codecs ...codec) string {
	if codecs == nil {
		codecs = callerCodecs
	}
	return describe(netip.MustParseAddrPort(addr), 1, dir, "20", codecs)
}
