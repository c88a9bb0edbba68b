package useragent

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// echoCall is one call at an Echo.
type echoCall struct {
	e     *Echo
	tag   string
	conn  transport.PacketConn
	local netip.AddrPort
	peer  atomic.Pointer[audio] // their stream as agreed; nil until there is one
	heard atomic.Uint64         // RTP packets that were theirs

	mu        sync.Mutex
	dialog    *dialog // callID never changes and may be read without mu
	version   int     // of our descriptions
	invite    *transaction.Server
	inviteSeq uint32
	offering  bool // our description in the last 2xx was an offer: the answer is in the ACK
	began     time.Time
	watch     *time.Timer
	seen      uint64 // heard, when last looked at
	over      bool
}

// describe is the description for a 2xx: the answer to an offer, or an offer when
// there is none.
func (c *echoCall) describe(body string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if body == "" {
		c.version++
		c.offering = true
		codecs := callerCodecs
		if p := c.peer.Load(); p != nil {
			codecs = p.codecs
		}
		return describe(c.local, c.version, sendrecv, "", codecs), nil
	}
	offer, a, err := parseAudio(body)
	if err != nil {
		return "", err
	}
	c.version++
	c.offering = false
	text := answer(offer, a, c.local, c.version)
	a.codecs = a.agreed()
	c.peer.Store(a)
	return text, nil
}

// request handles a request within the dialog.
func (c *echoCall) request(t *transaction.Server, m *sip.Message) {
	a := c.e.agent
	c.mu.Lock()
	inOrder := c.dialog.accepts(m)
	c.mu.Unlock()
	switch {
	case !inOrder:
		a.respond(t, m, 500, "")
	case m.Method == "BYE":
		a.respond(t, m, 200, "")
		c.end()
	case m.Method == "INVITE":
		body, status := offered(m)
		if status != 0 {
			a.respond(t, m, status, "")
			return
		}
		text, err := c.describe(body)
		if err != nil {
			a.respond(t, m, 488, "")
			return
		}
		t.Data = c
		c.mu.Lock()
		c.dialog.retarget(m)
		c.invite, c.inviteSeq = t, c.dialog.heard
		c.mu.Unlock()
		a.respond(t, m, 200, text)
	case m.Method == "OPTIONS" || m.Method == "INFO":
		a.respond(t, m, 200, "")
	default:
		a.respond(t, m, 405, "")
	}
}

// acknowledged takes the ACK of a 2xx.
func (c *echoCall) acknowledged(ack *sip.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n, ok := ack.CSeqNumber(); !ok || n != c.inviteSeq || c.invite == nil {
		return
	}
	c.invite.Acknowledge()
	c.invite = nil
	if body, status := offered(ack); c.offering && status == 0 && body != "" {
		c.offering = false
		if _, a, err := parseAudio(body); err == nil {
			c.peer.Store(a)
		}
	}
}

// look ends the call when its caller is gone or forgot it.
func (c *echoCall) look() {
	heard := c.heard.Load()
	c.mu.Lock()
	p := c.peer.Load()
	held := p != nil && !p.direction.sends()
	gone := heard == c.seen && !held || time.Since(c.began) > maxEchoDuration
	c.seen = heard
	if !gone && !c.over {
		c.watch.Reset(c.e.c.Silence)
	}
	c.mu.Unlock()
	if gone {
		c.e.c.Log.Info("no RTP, hanging up", "sip_call_id", c.dialog.callID)
		c.hangUp()
	}
}

// end stops the call's RTP and forgets it; false when that was done before.
func (c *echoCall) end() bool {
	if !c.e.remove(c) {
		return false
	}
	c.mu.Lock()
	c.over = true
	c.watch.Stop()
	if c.invite != nil {
		c.invite.Acknowledge() // the dialog is over: its 2xx need not be repeated
		c.invite = nil
	}
	c.mu.Unlock()
	c.conn.Close()
	return true
}

// hangUp sends BYE. The channel is closed when it was answered or given up.
func (c *echoCall) hangUp() <-chan struct{} {
	bye := &ending{done: make(chan struct{})}
	if !c.end() {
		bye.end(0)
		return bye.done
	}
	a := c.e.agent
	c.mu.Lock()
	req, flow := c.dialog.request(a, "BYE"), c.dialog.next(a)
	c.mu.Unlock()
	if _, err := a.transactions.Send(req, flow, bye, transaction.SendOptions{}); err != nil {
		bye.end(0)
	}
	return bye.done
}

// relay sends RTP back until the socket is closed. Only what comes from the address of
// the SDP is heard, or from another port of that host when nothing has come from the
// right one (RFC 4961 is not kept by all): the first such port is kept until the next
// description. It sends to nobody else.
func (c *echoCall) relay() {
	var (
		buf    [2048]byte
		header rtp.Header
		agreed *audio
		learnt netip.AddrPort
	)
	for {
		n, from, err := c.conn.ReadFromUDPAddrPort(buf[:])
		if errors.Is(err, net.ErrClosed) {
			return
		}
		p := c.peer.Load()
		if err != nil || p == nil {
			continue
		}
		if p != agreed {
			agreed, learnt = p, netip.AddrPort{}
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		switch {
		case from == p.addr:
			learnt = from
		case learnt == from:
		case !learnt.IsValid() && from.Addr() == p.addr.Addr():
			learnt = from
		default:
			continue
		}
		if _, err := header.Unmarshal(buf[:n]); err != nil || header.Version != 2 || !p.allows(header.PayloadType) {
			continue
		}
		c.heard.Add(1)
		if !p.direction.reply().sends() {
			continue
		}
		// The stream is ours, so its SSRC must not be theirs: they would take it for a
		// loop (RFC 3550 §8.2). All else goes back as it came.
		for i := range 4 {
			buf[8+i] ^= c.tag[i] | 0x80
		}
		c.conn.WriteToUDPAddrPort(buf[:n], learnt)
	}
}
