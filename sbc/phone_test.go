package sbc

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport-sbc/sallyport/sbc/digest"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport/memnet"
)

// phone is a far end in a flow. It knows just enough of SIP to fill in what a case does
// not care about: Via, From, To, Call-ID and CSeq of the dialog it is in. Lines of a
// case are header fields; "!Name" takes one away; "sip:…" on the first line is the
// Request-URI; "+sdp PORT [attribute…]" is a body with one PCMU stream; behind an empty
// line stands a body as it is.
type phone struct {
	t    testing.TB
	name string
	conn *memnet.Conn
	addr netip.AddrPort
	sbc  netip.AddrPort

	mu    sync.Mutex
	inbox []string

	n                      int // requests sent
	seq                    uint32
	from, to, callID, ruri string
	invite                 *sip.Message            // the last INVITE sent
	final                  int                     // its final status
	sent                   map[string][]byte       // by label, for "again"
	got                    map[string]*sip.Message // the last request of a method
	tag                    string
	challenge              *sip.Message // the last 401 or 407
	sdpVersion             int
}

func newPhone(t testing.TB, net *memnet.Net, name string, addr, sbc netip.AddrPort) *phone {
	p := &phone{t: t, name: name, addr: addr, sbc: sbc, tag: "phone-" + name, sent: map[string][]byte{}, got: map[string]*sip.Message{}}
	p.conn = net.Dial(addr.String())
	p.callID = "call-1@" + name
	p.from = fmt.Sprintf(`"Alice" <sip:alice@example.org>;tag=%s`, p.tag)
	p.to = "<sip:bob@example.net>"
	p.ruri = "sip:bob@192.0.2.1"
	go func() { // ends when the connection is closed
		buf := make([]byte, 65536)
		for {
			n, _, err := p.conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			p.mu.Lock()
			p.inbox = append(p.inbox, string(buf[:n]))
			p.mu.Unlock()
		}
	}()
	return p
}

func (p *phone) next() (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.inbox) == 0 {
		return "", false
	}
	m := p.inbox[0]
	p.inbox = p.inbox[1:]
	return m, true
}

func (p *phone) take() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	ms := p.inbox
	p.inbox = nil
	return ms
}

// learn keeps of a received message what later ones are made from.
func (p *phone) learn(raw string) {
	m, err := sip.Parse([]byte(raw))
	if err != nil {
		p.t.Fatalf("%s got what does not parse: %v\n%s", p.name, err, raw)
	}
	contact := ""
	if na, err := sip.ParseNameAddr(m.Header(sip.Contact)); err == nil {
		contact = na.URI
	}
	if m.IsRequest() {
		p.got[m.Method] = m
		if m.Method == "INVITE" && m.ToTag() == "" {
			p.callID = m.Header(sip.CallID)
			p.to = m.Header(sip.From)
			p.from = m.Header(sip.To) + ";tag=" + p.tag
			p.seq = 100
		}
		if contact != "" {
			p.ruri = contact
		}
		return
	}
	if m.Status == 401 || m.Status == 407 {
		p.challenge = m
	}
	if m.Method == "INVITE" && m.Status > 100 && p.invite != nil {
		p.to = m.Header(sip.To)
		if m.Status >= 200 {
			p.final = m.Status
		}
		if contact != "" && m.Status < 300 {
			p.ruri = contact
		}
	}
}

func (p *phone) send(words []string, text string) {
	if words[0] == "again" {
		b := p.sent[strings.Join(words[1:], " ")]
		if b == nil {
			p.t.Fatalf("%s has not sent %v", p.name, words[1:])
		}
		p.write(b)
		return
	}
	if words[0] == "raw" {
		p.write([]byte(strings.ReplaceAll(text, "\n", "\r\n")))
		return
	}
	var m *sip.Message
	if status, err := strconv.Atoi(words[0]); err == nil {
		method := "INVITE"
		if len(words) > 1 {
			method = words[1]
		}
		m = p.response(status, method)
	} else {
		m = p.request(words[0], &text)
	}
	p.apply(m, text)
	b := m.Append(nil)
	p.sent[strings.Join(words, " ")] = b
	p.write(b)
}

func (p *phone) write(b []byte) {
	if _, err := p.conn.WriteToUDPAddrPort(b, p.sbc); err != nil {
		p.t.Fatal(err)
	}
}

func (p *phone) response(status int, method string) *sip.Message {
	req := p.got[method]
	if req == nil {
		p.t.Fatalf("%s got no %s to answer", p.name, method)
	}
	tag := p.tag
	if status == 100 {
		tag = ""
	}
	m := sip.NewResponse(req, status, "", tag)
	if status > 100 && status < 400 && method == "INVITE" {
		m.Add(sip.Contact, fmt.Sprintf("<sip:%s@%s>", p.name, p.addr))
	}
	return m
}

func (p *phone) request(method string, text *string) *sip.Message {
	ruri := p.ruri
	if first, rest, _ := strings.Cut(*text, "\n"); strings.HasPrefix(first, "sip:") {
		ruri, *text = first, rest
	}
	p.n++
	branch := fmt.Sprintf("z9hG4bK-phone-%s-%d", p.name, p.n)
	var seq uint32
	to := p.to
	switch method {
	case "ACK", "CANCEL":
		seq, _ = p.invite.CSeqNumber()
		if method == "CANCEL" || p.final >= 300 {
			via, _ := p.invite.TopVia()
			branch = via.Branch()
			ruri = p.invite.RURI
		}
		if method == "CANCEL" {
			to = p.invite.Header(sip.To)
		}
	default:
		p.seq++
		seq = p.seq
	}
	m := sip.NewRequest(method, ruri)
	m.Add(sip.Via, fmt.Sprintf("SIP/2.0/UDP %s;branch=%s", p.addr, branch))
	m.Add(sip.MaxForwards, "70")
	m.Add(sip.From, p.from)
	m.Add(sip.To, to)
	m.Add(sip.CallID, p.callID)
	m.Add(sip.CSeq, fmt.Sprintf("%d %s", seq, method))
	if method == "INVITE" {
		m.Add(sip.Contact, fmt.Sprintf("<sip:%s@%s>", p.name, p.addr))
		p.invite, p.final = m, 0
	}
	return m
}

func (p *phone) apply(m *sip.Message, text string) {
	head, body, hasBody := strings.Cut(text, "\n\n")
	for _, line := range strings.Split(head, "\n") {
		switch {
		case line == "":
		case strings.HasPrefix(line, "+sdp "):
			w := strings.Fields(line)
			m.Set(sip.ContentType, "application/sdp")
			m.Body = p.sdp(w[1], w[2:])
		case strings.HasPrefix(line, "+auth "):
			w := strings.Fields(line)
			c := digest.NewClient(w[1], w[2], "")
			if err := c.Challenged(p.challenge); err != nil {
				p.t.Fatal(err)
			}
			if err := c.Authorize(m); err != nil {
				p.t.Fatal(err)
			}
		case strings.HasPrefix(line, "!"):
			m.RemoveNamed(line[1:])
		default:
			name, value, ok := strings.Cut(line, ":")
			if !ok {
				p.t.Fatalf("line %q", line)
			}
			if id := sip.Lookup(name); id == sip.From || id == sip.To || id == sip.CallID || id == sip.CSeq || id == sip.Via || id == sip.Contact || id == sip.MaxForwards {
				m.SetNamed(name, strings.TrimSpace(value))
			} else {
				m.AddNamed(name, strings.TrimSpace(value))
			}
		}
	}
	if hasBody {
		m.Body = strings.ReplaceAll(body, "\n", "\r\n")
	}
}

func (p *phone) sdp(port string, attributes []string) string {
	p.sdpVersion++
	s := fmt.Sprintf("v=0\r\no=%s 7 %d IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %s RTP/AVP 0\r\n",
		p.name, p.sdpVersion, p.addr.Addr(), p.addr.Addr(), port)
	for _, a := range attributes {
		s += "a=" + a + "\r\n"
	}
	return s
}

// labelOf is how a flow names a message: its method, or status and method.
func labelOf(raw string) string {
	m, err := sip.Parse([]byte(raw))
	switch {
	case err != nil:
		return "garbage"
	case m.IsRequest():
		return m.Method
	}
	return strconv.Itoa(m.Status) + " " + m.Method
}
