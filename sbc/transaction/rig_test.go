package transaction_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
	"github.com/sallyport-sbc/sallyport/sbc/transport/memnet"
)

const (
	sbcAddr   = "192.0.2.1:5060"
	innerAddr = "203.0.113.1:5060"
	peerAddr  = "198.51.100.7:5060"
)

// rig is a transaction layer on an in-memory network with one peer.
type rig struct {
	t     *testing.T
	net   *memnet.Net
	tp    *transport.Layer
	tx    *transaction.Layer
	user  *user
	peer  *peer
	start time.Time
}

// run runs a test in a bubble of its own time.
func run(t *testing.T, c transaction.Config, test func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, c)
		defer r.close()
		test(r)
	})
}

func newRig(t *testing.T, c transaction.Config) *rig {
	r := &rig{t: t, net: memnet.New(), start: time.Now(), user: &user{}}
	log := slog.New(slog.DiscardHandler)
	c.Log = log
	r.tx = transaction.New(c, r.user)
	var err error
	r.tp, err = transport.New([]transport.Config{
		{Name: "outer", UDP: []netip.AddrPort{netip.MustParseAddrPort(sbcAddr)}},
		{Name: "inner", UDP: []netip.AddrPort{netip.MustParseAddrPort(innerAddr)}},
	}, r.tx, transport.Options{Listen: r.net.Listen, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.tp.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	r.peer = r.newPeer(peerAddr)
	return r
}

func (r *rig) close() {
	r.tp.Close()
	r.tx.Close()
	r.peer.conn.Close()
}

// flow returns the way from the outer interface to the peer.
func (r *rig) flow() transport.Flow {
	i, _ := r.tp.Interface("outer")
	f, err := r.tp.Flow(i, transport.UDP, netip.MustParseAddrPort(peerAddr))
	if err != nil {
		r.t.Fatal(err)
	}
	return f
}

// send sends a request through a new client transaction.
func (r *rig) send(req *sip.Message, o transaction.SendOptions) (*transaction.Client, *clientUser) {
	r.t.Helper()
	u := &clientUser{}
	c, err := r.tx.Send(req, r.flow(), u, o)
	if err != nil {
		r.t.Fatal(err)
	}
	synctest.Wait()
	return c, u
}

// peer is a far end that writes down what it gets and when.
type peer struct {
	r    *rig
	conn *memnet.Conn
	mu   sync.Mutex
	got  []arrival
	auto func(m *sip.Message) string // what it answers
}

type arrival struct {
	at time.Duration
	m  *sip.Message
}

func (r *rig) newPeer(addr string) *peer {
	p := &peer{r: r, conn: r.net.Dial(addr)}
	go func() { // ends when the socket is closed
		buf := make([]byte, 65536)
		for {
			n, from, err := p.conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			m, err := sip.Parse(buf[:n])
			if err != nil {
				r.t.Errorf("the SBC sent what it cannot parse: %v\n%s", err, buf[:n])
				continue
			}
			p.mu.Lock()
			p.got = append(p.got, arrival{time.Since(r.start), m})
			auto := p.auto
			p.mu.Unlock()
			if auto != nil {
				if text := auto(m); text != "" {
					p.conn.Send(text, from.String())
				}
			}
		}
	}()
	return p
}

// send sends text to the outer interface and waits until all is handled.
func (p *peer) send(text string) {
	p.conn.Send(text, sbcAddr)
	synctest.Wait()
}

// take returns what came since the last call.
func (p *peer) take() []arrival {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	got := p.got
	p.got = nil
	return got
}

// takeLines returns what came as "500ms INVITE" or "0s 200 INVITE".
func (p *peer) takeLines() []string {
	var lines []string
	for _, a := range p.take() {
		lines = append(lines, a.at.String()+" "+name(a.m))
	}
	return lines
}

func name(m *sip.Message) string {
	if m.IsRequest() {
		return m.Method
	}
	return fmt.Sprintf("%d %s", m.Status, m.Method)
}

// user is a transaction.User that writes down what it is told.
type user struct {
	mu      sync.Mutex
	events  []string
	servers []*transaction.Server
	request func(t *transaction.Server, m *sip.Message, f transport.Flow)
	cancel  func(t *transaction.Server)
}

func (u *user) Request(t *transaction.Server, m *sip.Message, f transport.Flow) {
	u.mu.Lock()
	u.events = append(u.events, m.Method)
	if t != nil {
		u.servers = append(u.servers, t)
	}
	request := u.request
	u.mu.Unlock()
	if request != nil {
		request(t, m, f)
	}
}

func (u *user) Canceled(t *transaction.Server, cancel *sip.Message) {
	u.mu.Lock()
	u.events = append(u.events, "canceled")
	request := u.cancel
	u.mu.Unlock()
	if request != nil {
		request(t)
	}
}

func (u *user) Unacknowledged(t *transaction.Server) {
	u.mu.Lock()
	u.events = append(u.events, "unacknowledged")
	u.mu.Unlock()
}

// take returns what it was told since the last call.
func (u *user) take() []string {
	synctest.Wait()
	u.mu.Lock()
	defer u.mu.Unlock()
	events := u.events
	u.events = nil
	return events
}

// last returns the newest server transaction.
func (u *user) last() *transaction.Server {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.servers[len(u.servers)-1]
}

// clientUser is a transaction.ClientUser that writes down what it is told.
type clientUser struct {
	mu     sync.Mutex
	events []string
}

func (u *clientUser) Response(c *transaction.Client, res *sip.Message) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.events = append(u.events, fmt.Sprint(res.Status))
}

func (u *clientUser) Failed(c *transaction.Client, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.events = append(u.events, err.Error())
}

func (u *clientUser) take() []string {
	synctest.Wait()
	u.mu.Lock()
	defer u.mu.Unlock()
	events := u.events
	u.events = nil
	return events
}

// text joins lines into a message without a body.
func text(lines ...string) string { return strings.Join(lines, "\r\n") + "\r\n\r\n" }

// incoming is a request from the peer, perhaps with more header fields.
func incoming(method, branch string, more ...string) string {
	return text(append([]string{
		method + " sip:bob@example.net SIP/2.0",
		"Via: SIP/2.0/UDP " + peerAddr + ";branch=" + branch,
		"From: <sip:alice@example.org>;tag=a1",
		"To: <sip:bob@example.net>",
		"Call-ID: call-1",
		"CSeq: 1 " + method,
		"Max-Forwards: 70",
		"Content-Length: 0",
	}, more...)...)
}

// outgoing is a request for Send.
func outgoing(method string) *sip.Message {
	m := sip.NewRequest(method, "sip:bob@example.net")
	m.Add(sip.Route, "<sip:proxy.example.net;lr>")
	m.Add(sip.From, "<sip:alice@example.org>;tag=a1")
	m.Add(sip.To, "<sip:bob@example.net>")
	m.Add(sip.CallID, "call-2")
	m.Add(sip.CSeq, "7 "+method)
	m.Add(sip.MaxForwards, "70")
	return m
}

// answer is the peer's response to what it got.
func answer(req *sip.Message, status int, tag string) string {
	return string(sip.NewResponse(req, status, "", tag).Append(nil))
}

func want(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

// memnetRules is a bad network.
func memnetRules(seed uint64) memnet.Rules {
	return memnet.Rules{Seed: seed, Loss: 0.2, Dup: 0.2, Reorder: 0.3, Hold: 30 * time.Millisecond, Delay: 10 * time.Millisecond}
}
