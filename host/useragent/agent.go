package useragent

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// allow is what both user agents understand.
const allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO"

const sdpType = "application/sdp"

// agent is what an Echo and a test caller share: one interface with its transactions,
// and how its requests and responses look.
type agent struct {
	user         string // of Contact
	transport    *transport.Layer
	transactions *transaction.Layer
	iface        *transport.Interface
	proto        transport.Proto
	listen       transport.Listen // RTP sockets
}

// openAgent binds addr and gives everything it hears to u.
func openAgent(ctx context.Context, user string, proto transport.Proto, addr netip.AddrPort, listen, rtp transport.Listen, log *slog.Logger, u transaction.User) (*agent, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	c := transport.Config{Name: user}
	if proto == transport.TCP {
		c.TCP = []netip.AddrPort{addr}
	} else {
		c.UDP = []netip.AddrPort{addr}
	}
	if rtp == nil {
		rtp = listenUDP
	}
	a := &agent{user: user, proto: proto, listen: rtp}
	a.transactions = transaction.New(transaction.Config{Log: log}, u)
	var err error
	if a.transport, err = transport.New([]transport.Config{c}, a.transactions, transport.Options{Listen: listen, Log: log}); err != nil {
		a.transactions.Close()
		return nil, err
	}
	if err := a.transport.Start(ctx); err != nil {
		a.close()
		return nil, err
	}
	a.iface, _ = a.transport.Interface(user)
	return a, nil
}

// addr is the address bound.
func (a *agent) addr() netip.AddrPort {
	ap, _ := a.iface.Addr(a.proto)
	return ap
}

func (a *agent) close() {
	a.transport.Close()
	a.transactions.Close()
}

// bindRTP opens a socket for RTP beside the SIP one.
func (a *agent) bindRTP(ctx context.Context) (transport.PacketConn, netip.AddrPort, error) {
	conn, err := a.listen(ctx, netip.AddrPortFrom(a.addr().Addr(), 0))
	if err != nil {
		return nil, netip.AddrPort{}, err
	}
	bound, err := netip.ParseAddrPort(conn.LocalAddr().String())
	if err != nil {
		conn.Close()
		return nil, netip.AddrPort{}, err
	}
	return conn, netip.AddrPortFrom(bound.Addr().Unmap(), bound.Port()), nil
}

func listenUDP(_ context.Context, a netip.AddrPort) (transport.PacketConn, error) {
	return net.ListenUDP("udp", net.UDPAddrFromAddrPort(a))
}

// contact is the value of our Contact on a flow.
func (a *agent) contact(f transport.Flow) string {
	return "<" + a.uri(f) + ">"
}

func (a *agent) uri(f transport.Flow) string {
	u := "sip:" + a.user + "@" + f.SentBy()
	if f.Proto() == transport.TCP {
		u += ";transport=tcp"
	}
	return u
}

// respond answers a request; the body is SDP or "".
func (a *agent) respond(t *transaction.Server, m *sip.Message, status int, body string) error {
	res := sip.NewResponse(m, status, "", t.Tag())
	switch {
	case status >= 200 && status < 300 && (m.Method == "INVITE" || m.Method == "OPTIONS"):
		res.Add(sip.Contact, a.contact(t.Flow()))
		res.Add(sip.Allow, allow)
		res.Add(sip.Accept, sdpType)
	case status == 405:
		res.Add(sip.Allow, allow)
	case status == 415:
		res.Add(sip.Accept, sdpType)
	case status == 420:
		for tag := range m.All(sip.Require) {
			res.Add(sip.Unsupported, tag)
		}
	}
	if body != "" {
		res.Add(sip.ContentType, sdpType)
		res.Body = body
	}
	return t.Respond(res)
}

// offered is the SDP of a message. Its status is the response to a body that is
// something else, 0 when all is well.
func offered(m *sip.Message) (body string, status int) {
	if m.Body == "" {
		return "", 0
	}
	kind, _, _ := strings.Cut(m.Header(sip.ContentType), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), sdpType) || m.Header(sip.ContentEncoding) != "" {
		return "", 415
	}
	return m.Body, 0
}

// dialog is one side of a dialog (RFC 3261 §12). Not safe for concurrent use.
type dialog struct {
	callID string
	local  string // From of our requests
	remote string // To of our requests
	target string // remote target
	routes []string
	seq    uint32 // CSeq of our last request
	heard  uint32 // CSeq of their last request
	flow   transport.Flow
}

// dialogUAS is the dialog that a 2xx with our tag makes of their INVITE.
func dialogUAS(m *sip.Message, tag string, f transport.Flow) *dialog {
	d := &dialog{callID: strings.Clone(m.Header(sip.CallID)), flow: f}
	d.local = m.Header(sip.To) + ";tag=" + tag
	d.remote = strings.Clone(m.Header(sip.From))
	d.heard, _ = m.CSeqNumber()
	for r := range m.All(sip.RecordRoute) {
		d.routes = append(d.routes, strings.Clone(r))
	}
	d.retarget(m)
	return d
}

// dialogUAC is the dialog that their 2xx makes of our INVITE.
func dialogUAC(res *sip.Message, seq uint32, f transport.Flow) *dialog {
	d := &dialog{callID: strings.Clone(res.Header(sip.CallID)), seq: seq, flow: f}
	d.local = strings.Clone(res.Header(sip.From))
	d.remote = strings.Clone(res.Header(sip.To))
	for r := range res.All(sip.RecordRoute) {
		d.routes = append([]string{strings.Clone(r)}, d.routes...)
	}
	d.retarget(res)
	return d
}

// retarget takes the remote target from a Contact (RFC 3261 §12.2).
func (d *dialog) retarget(m *sip.Message) {
	for c := range m.All(sip.Contact) {
		if na, err := sip.ParseNameAddr(c); err == nil {
			d.target = strings.Clone(na.URI)
		}
		return
	}
}

// accepts says whether a request is in order (RFC 3261 §12.2.2), and remembers it.
func (d *dialog) accepts(m *sip.Message) bool {
	n, ok := m.CSeqNumber()
	if !ok || n < d.heard {
		return false
	}
	d.heard = n
	return true
}

// request builds a request within the dialog. ACK takes the CSeq of the INVITE it
// belongs to, any other the next one.
func (d *dialog) request(a *agent, method string) *sip.Message {
	if method != "ACK" {
		d.seq++
	}
	return d.build(a, method, d.seq)
}

func (d *dialog) build(a *agent, method string, seq uint32) *sip.Message {
	uri := d.target
	if uri == "" {
		uri = "sip:" + d.flow.Remote().String()
	}
	m := sip.NewRequest(method, uri)
	for _, r := range d.routes {
		m.Add(sip.Route, r)
	}
	m.Add(sip.MaxForwards, "70")
	m.Add(sip.From, d.local)
	m.Add(sip.To, d.remote)
	m.Add(sip.CallID, d.callID)
	m.Add(sip.CSeq, strconv.FormatUint(uint64(seq), 10)+" "+method)
	return m
}

// next is the flow a request within the dialog leaves by: to the first route or the
// remote target when that is an address, else to where the dialog's first message came
// from.
func (d *dialog) next(a *agent) transport.Flow {
	hop := d.target
	if len(d.routes) > 0 {
		if na, err := sip.ParseNameAddr(d.routes[0]); err == nil {
			hop = na.URI
		}
	}
	u, err := sip.ParseURI(hop)
	if err != nil {
		return d.flow
	}
	t, ok := transport.Literal(u)
	if !ok || t.Proto != d.flow.Proto() || t.Addr == d.flow.Remote() {
		return d.flow
	}
	f, err := a.transport.Flow(a.iface, t.Proto, t.Addr)
	if err != nil {
		return d.flow
	}
	return f
}

// newTag is a tag or Call-ID nobody can guess (RFC 3261 §19.3).
func newTag() string { return strings.ToLower(rand.Text()) }

// hostPort says an address as a person would.
func hostPort(p transport.Proto, a netip.AddrPort) string {
	return fmt.Sprintf("%s (%s)", a, p)
}

// ending is a request of which only the end matters.
type ending struct {
	once sync.Once
	code int           // of the final response, 0 = none came
	done chan struct{} // closed at the end
}

var _ transaction.ClientUser = (*ending)(nil)

func (e *ending) Response(_ *transaction.Client, res *sip.Message) {
	if res.Status >= 200 {
		e.end(res.Status)
	}
}

func (e *ending) Failed(*transaction.Client, error) { e.end(0) }

func (e *ending) end(code int) {
	e.once.Do(func() {
		e.code = code
		close(e.done)
	})
}

// status is the code of the final response, 0 when there is none (yet).
func (e *ending) status() int {
	select {
	case <-e.done:
		return e.code
	default:
		return 0
	}
}
