package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// crowd is many callers on one socket and all their callees on another, for tests that
// take the SBC, or what it stands on, away in the middle of calls: they know what
// happened to each call, and go on when nobody answers.
type crowd struct {
	t              *testing.T
	caller, callee *net.UDPConn
	reading        sync.WaitGroup
	decided        atomic.Int64  // calls that have their final response
	given          chan struct{} // closed by giveUp
	gone           sync.Once

	mu       sync.Mutex
	attempts map[string]*attempt // by Call-ID
}

// attempt is one call as its caller knows it.
type attempt struct {
	id, user string
	sbc      netip.AddrPort
	heard    chan *sip.Message

	// Owned by the goroutine of the call until it is over.
	invited  time.Time
	answered time.Time // when the 200 was heard; zero: it was not
	ended    time.Time // when it was over for the caller; zero: it never was
	code     int       // of the final response, 0 without one
	cut      bool      // the SBC hung up
}

// newCrowd opens the sockets of a site: callers at port 6060, callees at 5090.
func newCrowd(s *site) *crowd {
	s.t.Helper()
	c := &crowd{t: s.t, given: make(chan struct{}), attempts: map[string]*attempt{}}
	open := func(port uint16) *net.UDPConn {
		conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(s.addr, port)))
		if err != nil {
			s.t.Fatal(err)
		}
		conn.SetReadBuffer(4 << 20)
		return conn
	}
	c.caller, c.callee = open(6060), open(5090)
	c.reading.Go(func() { listen(c.caller, c.callerHears) })
	c.reading.Go(func() { listen(c.callee, c.calleeHears) })
	s.t.Cleanup(func() {
		c.caller.Close()
		c.callee.Close()
		c.reading.Wait()
	})
	return c
}

// listen ends when the socket is closed.
func listen(conn *net.UDPConn, hear func(*sip.Message, netip.AddrPort)) {
	buf := make([]byte, 65536)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // the port behind an earlier datagram is closed
		}
		if m, err := sip.Parse(buf[:n]); err == nil {
			hear(m, from)
		}
	}
}

func (c *crowd) callerHears(m *sip.Message, from netip.AddrPort) {
	if m.IsRequest() && m.Method != "ACK" {
		_, _ = c.caller.WriteToUDPAddrPort(sip.NewResponse(m, 200, "", "").Append(nil), from)
	}
	c.mu.Lock()
	a := c.attempts[m.Header(sip.CallID)]
	c.mu.Unlock()
	if a == nil {
		return
	}
	select {
	case a.heard <- m:
	default: // it has more to read than one call can say
	}
}

func (c *crowd) calleeHears(m *sip.Message, from netip.AddrPort) {
	if !m.IsRequest() || m.Method == "ACK" {
		return
	}
	res := sip.NewResponse(m, 200, "", "callee")
	if m.Method == "INVITE" {
		addr := c.callee.LocalAddr().(*net.UDPAddr).AddrPort()
		res.Add(sip.Contact, "<sip:bob@"+addr.String()+">")
		res.Add(sip.ContentType, "application/sdp")
		res.Body = session(addr.Addr())
	}
	_, _ = c.callee.WriteToUDPAddrPort(res.Append(nil), from)
}

func session(a netip.Addr) string {
	return fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 %[1]s\r\ns=-\r\nc=IN IP4 %[1]s\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n", a)
}

// call calls bob through the SBC at that address, talks for hold, and hangs up. It ends
// early when ctx does; a caller who hears nothing for a minute fails the test.
func (c *crowd) call(ctx context.Context, sbc netip.AddrPort, user string, hold time.Duration) *attempt {
	over := make(chan struct{})
	t := time.AfterFunc(hold, func() { close(over) })
	defer t.Stop()
	return c.callUntil(ctx, sbc, user, over)
}

// callUntil is call, and hangs up when over is closed.
func (c *crowd) callUntil(ctx context.Context, sbc netip.AddrPort, user string, over <-chan struct{}) *attempt {
	a := &attempt{user: user, sbc: sbc, heard: make(chan *sip.Message, 64), invited: time.Now()}
	c.mu.Lock()
	a.id = fmt.Sprintf("%d@%s", len(c.attempts)+1, c.caller.LocalAddr())
	c.attempts[a.id] = a
	c.mu.Unlock()
	final := c.exchange(ctx, a, c.request(a, "INVITE", nil))
	if final == nil {
		return a
	}
	a.code = final.Status
	c.decided.Add(1)
	ack := c.request(a, "ACK", final)
	c.send(a, ack)
	if final.Status >= 300 {
		a.ended = time.Now()
		return a
	}
	a.answered = time.Now()
	if c.talk(ctx, a, ack, over) {
		if c.exchange(ctx, a, c.request(a, "BYE", final)) != nil {
			a.ended = time.Now()
		}
	}
	return a
}

// talk returns true when it is the caller's turn to hang up.
func (c *crowd) talk(ctx context.Context, a *attempt, ack *sip.Message, over <-chan struct{}) bool {
	for {
		select {
		case m := <-a.heard:
			switch {
			case m.IsRequest() && m.Method == "BYE":
				a.ended, a.cut = time.Now(), true
				return false
			case !m.IsRequest() && m.Method == "INVITE" && m.Status >= 200:
				c.send(a, ack) // it was lost, or is on its way
			}
		case <-over:
			return true
		case <-ctx.Done():
			return false
		}
	}
}

// exchange sends a request until it has a final response, and returns that, nil when
// ctx ended first. A BYE of the SBC that crosses ours ends the call as well.
func (c *crowd) exchange(ctx context.Context, a *attempt, req *sip.Message) *sip.Message {
	c.send(a, req)
	again := time.NewTicker(time.Second)
	defer again.Stop()
	late := time.After(patience)
	for quiet := true; ; {
		select {
		case m := <-a.heard:
			switch {
			case m.IsRequest() && m.Method == "BYE":
				a.cut = true
			case m.IsRequest() || m.Method != req.Method:
			case m.Status >= 200:
				return m
			default:
				quiet = false
			}
		case <-again.C:
			if quiet {
				c.send(a, req)
			}
		case <-late:
			c.t.Errorf("%s of %s had no final response in %s", req.Method, a.id, patience)
			return nil
		case <-c.given:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

func (c *crowd) send(a *attempt, m *sip.Message) {
	_, _ = c.caller.WriteToUDPAddrPort(m.Append(nil), a.sbc)
}

// request is a request of the caller; final is the response to the INVITE behind which it
// comes.
func (c *crowd) request(a *attempt, method string, final *sip.Message) *sip.Message {
	local := c.caller.LocalAddr().String()
	ruri, to, branch, seq := "sip:bob@"+a.sbc.String(), "<sip:bob@example.net>", "INVITE", 1
	if final != nil {
		to = final.Header(sip.To)
		if na, err := sip.ParseNameAddr(final.Header(sip.Contact)); err == nil && final.Status < 300 {
			ruri, branch = na.URI, method
		}
		if method == "BYE" {
			seq = 2
		}
	}
	m := sip.NewRequest(method, ruri)
	m.Add(sip.Via, fmt.Sprintf("SIP/2.0/UDP %s;branch=z9hG4bK-%s-%s", local, branch, strings.ReplaceAll(a.id, "@", "-")))
	m.Add(sip.MaxForwards, "70")
	m.Add(sip.From, fmt.Sprintf("<sip:%s@example.org>;tag=%s", a.user, strings.Split(a.id, "@")[0]))
	m.Add(sip.To, to)
	m.Add(sip.CallID, a.id)
	m.Add(sip.CSeq, fmt.Sprintf("%d %s", seq, method))
	m.Add(sip.Contact, "<sip:"+a.user+"@"+local+">")
	if method == "INVITE" {
		m.Add(sip.ContentType, "application/sdp")
		m.Body = session(c.caller.LocalAddr().(*net.UDPAddr).AddrPort().Addr())
	}
	return m
}

// keep begins n calls of one user and returns when each has its final response. hangUp
// ends those that are up; only then may the calls be looked at.
func (c *crowd) keep(s *site, user string, n int) (calls []*attempt, hangUp func()) {
	s.t.Helper()
	calls = make([]*attempt, n)
	want := c.decided.Load() + int64(n)
	over := make(chan struct{})
	var wg sync.WaitGroup
	for i := range calls {
		wg.Go(func() { calls[i] = c.callUntil(s.t.Context(), s.sbc(), user, over) })
	}
	await(s.t, "final responses", func() bool { return c.decided.Load() == want })
	return calls, func() {
		close(over)
		wg.Wait()
	}
}

// all lets n calls of one user be up at the same time, as far as they get, and ends them.
func (c *crowd) all(s *site, user string, n int) []*attempt {
	s.t.Helper()
	calls, hangUp := c.keep(s, user, n)
	hangUp()
	return calls
}

// sbc is where the SBC of the site listens.
func (s *site) sbc() netip.AddrPort { return netip.AddrPortFrom(s.addr, 5060) }

// giveUp lets callers whose SBC is gone end without an answer.
func (c *crowd) giveUp() { c.gone.Do(func() { close(c.given) }) }
