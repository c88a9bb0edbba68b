package host

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// phone is one far end on a real socket. It answers every request by itself: an INVITE
// with what answer says, the rest with 200; the test looks at what came.
type phone struct {
	t    testing.TB
	conn *net.UDPConn
	addr netip.AddrPort
	sbc  netip.AddrPort
	done chan struct{}

	requests  chan *sip.Message
	responses chan *sip.Message

	mu     sync.Mutex
	answer func(*sip.Message) int

	invited *sip.Message // what it sent last
	calls   int
	final   *sip.Message
}

// waitLimit is how long a message may take that must come.
const waitLimit = 10 * time.Second

func newPhone(t testing.TB, addr netip.Addr, port uint16) *phone {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(addr, port)))
	if err != nil {
		t.Fatal(err)
	}
	p := &phone{
		t: t, conn: conn, addr: conn.LocalAddr().(*net.UDPAddr).AddrPort(), sbc: netip.AddrPortFrom(addr, 5060), done: make(chan struct{}),
		requests: make(chan *sip.Message, 64), responses: make(chan *sip.Message, 64),
		answer: func(*sip.Message) int { return 200 },
	}
	go p.listen()
	return p
}

// answers changes how INVITEs are answered.
func (p *phone) answers(f func(*sip.Message) int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = f
}

// close also takes what nobody wanted, or listen would wait for ever.
func (p *phone) close() {
	p.conn.Close()
	for {
		select {
		case <-p.requests:
		case <-p.responses:
		case <-p.done:
			return
		}
	}
}

// listen ends when the socket is closed.
func (p *phone) listen() {
	defer close(p.done)
	seen := map[string]bool{}
	buf := make([]byte, 65536)
	for {
		n, from, err := p.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		m, err := sip.Parse(buf[:n])
		if err != nil {
			p.t.Errorf("does not parse: %v\n%s", err, buf[:n])
			continue
		}
		if !m.IsRequest() {
			p.responses <- m
			continue
		}
		if m.Method != "ACK" { // first: who has seen a request may close the phone
			p.reply(m, from)
		}
		key := m.Method + " " + m.Header(sip.Via)
		if !seen[key] {
			seen[key] = true
			p.requests <- m
		}
	}
}

func (p *phone) reply(m *sip.Message, to netip.AddrPort) {
	status := 200
	if m.Method == "INVITE" {
		p.mu.Lock()
		status = p.answer(m)
		p.mu.Unlock()
	}
	res := sip.NewResponse(m, status, "", "phone")
	if m.Method == "INVITE" && status < 300 {
		res.Add(sip.Contact, "<sip:bob@"+p.addr.String()+">")
		res.Add(sip.ContentType, "application/sdp")
		res.Body = p.sdp()
	}
	_, _ = p.conn.WriteToUDPAddrPort(res.Append(nil), to)
}

func (p *phone) sdp() string {
	return strings.ReplaceAll(fmt.Sprintf("v=0\no=- 1 1 IN IP4 %[1]s\ns=-\nc=IN IP4 %[1]s\nt=0 0\nm=audio 40000 RTP/AVP 0\n", p.addr.Addr()), "\n", "\r\n")
}

func (p *phone) send(m *sip.Message) { _, _ = p.conn.WriteToUDPAddrPort(m.Append(nil), p.sbc) }

// invite begins a call from alice to bob with further header fields.
func (p *phone) invite(fields ...string) {
	p.calls++
	m := sip.NewRequest("INVITE", "sip:bob@"+p.sbc.String())
	m.Add(sip.Via, fmt.Sprintf("SIP/2.0/UDP %s;branch=z9hG4bK-%d", p.addr, p.calls))
	m.Add(sip.MaxForwards, "70")
	m.Add(sip.From, fmt.Sprintf("\"Alice\" <sip:alice@example.org>;tag=a%d", p.calls))
	m.Add(sip.To, "<sip:bob@example.net>")
	m.Add(sip.CallID, fmt.Sprintf("%d@%s", p.calls, p.addr))
	m.Add(sip.CSeq, "1 INVITE")
	m.Add(sip.Contact, "<sip:alice@"+p.addr.String()+">")
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ":")
		if id := sip.Lookup(name); id == sip.From || id == sip.Contact {
			m.Set(id, strings.TrimSpace(value))
			continue
		}
		m.AddNamed(name, strings.TrimSpace(value))
	}
	m.Add(sip.ContentType, "application/sdp")
	m.Body = p.sdp()
	p.invited = m
	p.send(m)
}

// want waits for the final response to the last INVITE and acknowledges it.
func (p *phone) want(status int) *sip.Message {
	p.t.Helper()
	for late := time.After(waitLimit); ; {
		select {
		case m := <-p.responses:
			if m.Status < 200 || m.Method != "INVITE" || m.Header(sip.CallID) != p.invited.Header(sip.CallID) {
				continue
			}
			if m.Status != status {
				p.t.Fatalf("got %d %s, want %d", m.Status, m.Phrase, status)
			}
			p.final = m
			p.send(p.within("ACK", 1))
			return m
		case <-late:
			p.t.Fatalf("no response, want %d", status)
		}
	}
}

// wantResponse waits for the response to a request that is no INVITE.
func (p *phone) wantResponse(method string, status int) {
	p.t.Helper()
	select {
	case m := <-p.responses:
		if m.Method != method || m.Status != status {
			p.t.Fatalf("got %d to %s, want %d to %s", m.Status, m.Method, status, method)
		}
	case <-time.After(waitLimit):
		p.t.Fatalf("no response to %s, want %d", method, status)
	}
}

// within is a request in the dialog of the last INVITE.
func (p *phone) within(method string, seq int) *sip.Message {
	ruri := p.invited.RURI
	if na, err := sip.ParseNameAddr(p.final.Header(sip.Contact)); err == nil && p.final.Status < 300 {
		ruri = na.URI
	}
	m := sip.NewRequest(method, ruri)
	via := p.invited.Header(sip.Via)
	if p.final.Status < 300 {
		via += fmt.Sprintf("-%s", method)
	}
	m.Add(sip.Via, via)
	m.Add(sip.MaxForwards, "70")
	m.Add(sip.From, p.invited.Header(sip.From))
	m.Add(sip.To, p.final.Header(sip.To))
	m.Add(sip.CallID, p.invited.Header(sip.CallID))
	m.Add(sip.CSeq, fmt.Sprintf("%d %s", seq, method))
	return m
}

// bye hangs up and waits for the response.
func (p *phone) bye() {
	p.t.Helper()
	p.send(p.within("BYE", 2))
	for late := time.After(waitLimit); ; {
		select {
		case m := <-p.responses:
			if m.Method == "BYE" {
				return
			}
		case <-late:
			p.t.Fatal("no response to BYE")
		}
	}
}

// wantRequest waits for requests of these methods, in this order, and returns the last.
func (p *phone) wantRequest(methods ...string) (m *sip.Message) {
	p.t.Helper()
	for _, method := range methods {
		select {
		case m = <-p.requests:
			if m.Method != method {
				p.t.Fatalf("got %s, want %s", m.Method, method)
			}
		case <-time.After(waitLimit):
			p.t.Fatalf("no %s came", method)
		}
	}
	return m
}

// wantNothing says that no request has come.
func (p *phone) wantNothing() {
	p.t.Helper()
	select {
	case m := <-p.requests:
		p.t.Fatalf("got %s, want nothing", m.Method)
	default:
	}
}
