package transport_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// echo is a Handler that answers every request with 200 and its body, and tells of each
// message on a channel.
type echo struct {
	t  testing.TB
	in chan message
}

func newEcho(t testing.TB) *echo { return &echo{t, make(chan message, 1000)} }

func (e *echo) Receive(m *sip.Message, err error, f transport.Flow) {
	if m != nil && m.IsRequest() {
		status := 200
		if err != nil {
			var pe *sip.ParseError
			errors.As(err, &pe)
			status = pe.Status
		}
		res := sip.NewResponse(m, status, "", "x")
		res.Body = m.Body
		if err := f.Send(res.Append(nil), nil); err != nil {
			e.t.Errorf("answer: %v", err)
		}
	}
	e.in <- message{m, err, f}
}

func (e *echo) next() message {
	e.t.Helper()
	select {
	case m := <-e.in:
		return m
	case <-time.After(10 * time.Second):
		e.t.Fatal("no message came")
		return message{}
	}
}

// tcpLayer starts a layer with one TCP interface.
func tcpLayer(t testing.TB, h transport.Handler, c transport.Config) (*transport.Layer, *transport.Interface, string) {
	c.Name, c.TCP = "a", addrs("127.0.0.1:0")
	l := layer(t, h, transport.Options{}, c)
	i, _ := l.Interface("a")
	a, _ := i.Addr(transport.TCP)
	return l, i, a.String()
}

// tcpPeer is the far end of a connection.
type tcpPeer struct {
	t testing.TB
	net.Conn
	buf []byte
}

func dial(t testing.TB, to string) *tcpPeer {
	t.Helper()
	c, err := net.Dial("tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	return &tcpPeer{t: t, Conn: c}
}

func (p *tcpPeer) send(s string) {
	p.t.Helper()
	if _, err := p.Write([]byte(s)); err != nil {
		p.t.Fatal(err)
	}
}

// response reads one message without regard for its framing beyond Content-Length.
func (p *tcpPeer) response() *sip.Message {
	p.t.Helper()
	if err := p.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		p.t.Fatal(err)
	}
	for {
		if end := bytes.Index(p.buf, []byte("\r\n\r\n")); end >= 0 {
			if m, err := sip.Parse(p.buf); err == nil {
				size := end + 4 + len(m.Body)
				p.buf = p.buf[size:]
				return m
			}
		}
		b := make([]byte, 65536)
		n, err := p.Read(b)
		if err != nil {
			p.t.Fatalf("read: %v with %q", err, p.buf)
		}
		p.buf = append(p.buf, b[:n]...)
	}
}

// closed reads until the SBC closes, and returns what still came.
func (p *tcpPeer) closed() string {
	p.t.Helper()
	if err := p.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		p.t.Fatal(err)
	}
	b, err := io.ReadAll(p)
	if errors.Is(err, syscallReset) {
		err = nil
	}
	if err != nil {
		p.t.Fatalf("not closed: %v", err)
	}
	return string(append(p.buf, b...))
}

func tcpRequest(id, body string) string {
	return strings.Replace(request(id, body), "/UDP", "/TCP", 1)
}

// Requests, whole, in pieces, joined, with folds, odd headers and a large body: every text
// reaches the handler as it was sent.
func TestTCP(t *testing.T) {
	h := newEcho(t)
	l, i, to := tcpLayer(t, h, transport.Config{})
	defer l.Close()
	p := dial(t, to)
	defer p.Close()

	p.send(tcpRequest("1", "hello"))
	got := h.next()
	if got.err != nil || got.f.Proto() != transport.TCP || got.f.Interface() != i || got.f.SentBy() != to ||
		got.f.Remote() != netip.MustParseAddrPort(p.LocalAddr().String()) || !got.f.Proto().Reliable() {
		t.Errorf("%+v", got)
	}
	if res := p.response(); res.Status != 200 || res.Body != "hello" {
		t.Errorf("%s", res.Append(nil))
	}

	// What sipgo's parser refuses, drops or changes: the read filter sees it before.
	odd := strings.NewReplacer(
		"sip:bob@example.net SIP", "h323:bob@example.net SIP",
		"Max-Forwards: 70", "x-ODD :  a\r\n  folded ;p = \"q;r\"\r\nRoute: \"D\" <sip:p1;lr>;foo=bar\r\nr: <sip:c@example.com>;method=INVITE\r\nMax-Forwards: 70",
	).Replace(tcpRequest("2", ""))
	for _, b := range []byte(odd) {
		p.send(string(b))
	}
	m := h.next().m
	if v, _ := m.Named("X-Odd"); m.RURI != "h323:bob@example.net" || m.Header(sip.Route) != `"D" <sip:p1;lr>;foo=bar` ||
		m.Header(sip.ReferTo) != "<sip:c@example.com>;method=INVITE" || v != `a folded ;p = "q;r"` {
		t.Errorf("%s", m.Append(nil))
	}
	p.response()

	const joined = 50
	var all strings.Builder
	for n := range joined {
		all.WriteString(tcpRequest(fmt.Sprint("j", n), strings.Repeat("x", n*20)))
	}
	p.send(all.String())
	for n := range joined {
		if id := h.next().m.Header(sip.CallID); id != fmt.Sprint("j", n) {
			t.Fatalf("message %d is %s", n, id)
		}
		p.response()
	}
	large := strings.Repeat("y", 65000)
	p.send(tcpRequest("l", large))
	if res := p.response(); res.Body != large {
		t.Errorf("a large body came back as %d bytes", len(res.Body))
	}
	waitFor(t, func() bool { return l.Stats().Sent == joined+3 })
	if s := l.Stats(); s.Accepted != 1 || s.Connections != 1 || s.Received != joined+3 {
		t.Errorf("%+v", s)
	}
}

// A message that is wrong in itself is answered and does not end the connection; one whose
// end cannot be found is answered if possible, and does.
func TestTCPMalformed(t *testing.T) {
	h := newEcho(t)
	l, _, to := tcpLayer(t, h, transport.Config{})
	defer l.Close()
	p := dial(t, to)
	defer p.Close()
	p.send(strings.Replace(tcpRequest("1", ""), "SIP/2.0\r\n", "SIP/7.0\r\n", 1))
	p.send(strings.Replace(tcpRequest("2", ""), "Max-Forwards: 70", "no colon", 1))
	p.send(tcpRequest("3", ""))
	for _, status := range []int{505, 400, 200} {
		if res := p.response(); res.Status != status {
			t.Errorf("got %d, want %d", res.Status, status)
		}
	}
	p.send(strings.Replace(tcpRequest("4", ""), "Content-Length: 0", "Content-Length: zero", 1) + "the rest is lost")
	if got := p.closed(); !strings.HasPrefix(got, "SIP/2.0 400 ") || strings.Count(got, "SIP/2.0 ") != 1 {
		t.Errorf("got %q", got)
	}
	for _, noise := range []string{"\x16\x03\x01\x00\xa5\x01\x00", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", strings.Repeat("\x00", 1000)} {
		q := dial(t, to)
		q.send(noise)
		if got := q.closed(); got != "" {
			t.Errorf("%.10q got %q", noise, got)
		}
		q.Close()
	}
}

// A peer that says it will send no more still gets its answers.
func TestTCPHalfClose(t *testing.T) {
	l, _, to := tcpLayer(t, newEcho(t), transport.Config{})
	defer l.Close()
	p := dial(t, to)
	defer p.Close()
	p.send(strings.Repeat(tcpRequest("1", ""), 20))
	if err := p.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got := p.closed(); strings.Count(got, "SIP/2.0 200") != 20 {
		t.Errorf("%d answers", strings.Count(got, "SIP/2.0 200"))
	}
}

// RFC 5626 §4.4.1: CRLFCRLF is answered with CRLF, between messages too.
func TestTCPKeepalive(t *testing.T) {
	h := newEcho(t)
	l, _, to := tcpLayer(t, h, transport.Config{})
	defer l.Close()
	p := dial(t, to)
	defer p.Close()
	for range 3 {
		p.send("\r\n\r\n")
		b := make([]byte, 10)
		if n, err := p.Read(b); err != nil || string(b[:n]) != "\r\n" {
			t.Fatalf("%q, %v", b[:n], err)
		}
	}
	p.send(tcpRequest("1", ""))
	if p.response().Status != 200 || l.Stats().Keepalives != 3 {
		t.Errorf("%+v", l.Stats())
	}
}

// The SBC opens a connection from its interface, messages wait meanwhile, and the peer's
// requests come in on the same flow.
func TestTCPDial(t *testing.T) {
	far, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	h := newEcho(t)
	l, i, _ := tcpLayer(t, h, transport.Config{})
	defer l.Close()
	to := netip.MustParseAddrPort(far.Addr().String())
	f, err := l.Flow(i, transport.TCP, to)
	if err != nil {
		t.Fatal(err)
	}
	again, err := l.Flow(i, transport.TCP, to)
	if err != nil || again != f {
		t.Fatalf("%+v, %v, want %+v", again, err, f)
	}
	for n := range 3 {
		if err := f.Send([]byte(tcpRequest(fmt.Sprint(n), "")), func(err error) { t.Error(err) }); err != nil {
			t.Fatal(err)
		}
	}
	c, err := far.Accept()
	if err != nil {
		t.Fatal(err)
	}
	p := &tcpPeer{t: t, Conn: c}
	for n := range 3 {
		if m := p.response(); m.Header(sip.CallID) != fmt.Sprint(n) {
			t.Fatalf("message %d: %s", n, m.Append(nil))
		}
	}
	p.send(tcpRequest("back", ""))
	if got := h.next(); got.f != f {
		t.Errorf("came on %+v, want %+v", got.f, f)
	}
	p.response()
	p.Close()
	waitFor(t, func() bool { return l.Stats().Connections == 0 })
	if err := f.Send([]byte("x"), nil); !errors.Is(err, transport.ErrNoConnection) {
		t.Errorf("on a closed connection: %v", err)
	}
	if s := l.Stats(); s.Dialed != 1 || s.Accepted != 0 {
		t.Errorf("%+v", s)
	}
}

// waitFor waits for something that happens in another goroutine on real sockets.
func waitFor(t testing.TB, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatal("waited in vain")
		}
	}
}

// come waits for what comes on a channel.
func come[T any](t testing.TB, what string, ch <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-ch:
	case <-time.After(10 * time.Second):
		t.Fatalf("waited 10s for %s", what)
	}
	return v
}

// A connection that cannot be opened tells everyone who waits for it.
func TestTCPDialFails(t *testing.T) {
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	to := netip.MustParseAddrPort(gone.Addr().String())
	gone.Close()
	l, i, _ := tcpLayer(t, newEcho(t), transport.Config{})
	defer l.Close()
	f, err := l.Flow(i, transport.TCP, to)
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error, 1)
	if err := f.Send([]byte("x"), func(err error) { failed <- err }); err != nil && !errors.Is(err, transport.ErrNoConnection) {
		t.Fatal(err)
	} else if err == nil {
		if err := come(t, "the end of the connection", failed); !errors.Is(err, syscallRefused) {
			t.Errorf("%v", err)
		}
	}
	waitFor(t, func() bool { s := l.Stats(); return s.Connections == 0 && s.DialErrors == 1 })
}
