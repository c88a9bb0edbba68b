package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pion/sdp/v3"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// ends is both ends of the calls of a mediaLoad: a caller and a callee, each with one
// socket for SIP and a few for RTP that its calls share. They know as much SIP as a
// call on loopback needs: a request that gets no response is sent again, nothing else
// is. Two goroutines read the SIP sockets until close.
type ends struct {
	run            string // in every Call-ID and tag, so that no other run is mistaken for this one
	caller, callee *net.UDPConn
	rtpA, rtpB     []*net.UDPConn
	reading        sync.WaitGroup

	mu       sync.Mutex
	calls    []endCall
	answers  map[string][]byte // by Call-ID, for repeated INVITEs
	streamsB []*stream         // towards the SUT, from the callee
}

type callState uint8

const (
	idle callState = iota
	invited
	up
	ending
	ended
	refused
)

type endCall struct {
	state   callState
	code    int    // of the last response to the INVITE
	to      string // To, and the URI to send to, once up
	contact string
	stream  *stream
}

// rtpSockets is how many RTP sockets the calls of one end share.
const rtpSockets = 8

func openEnds(calls int) (*ends, error) {
	e := &ends{
		run:     strconv.Itoa(os.Getpid()) + "x" + strconv.FormatInt(time.Now().UnixNano(), 36),
		calls:   make([]endCall, calls),
		answers: make(map[string][]byte, calls),
	}
	var err error
	open := func(a netip.AddrPort) *net.UDPConn {
		if err != nil {
			return nil
		}
		var c *net.UDPConn
		if c, err = net.ListenUDP("udp4", net.UDPAddrFromAddrPort(a)); err == nil {
			c.SetReadBuffer(4 << 20)
			c.SetWriteBuffer(4 << 20)
		}
		return c
	}
	e.caller, e.callee = open(callerAddr), open(calleeAddr)
	for range rtpSockets {
		e.rtpA = append(e.rtpA, open(netip.AddrPortFrom(callerAddr.Addr(), 0)))
		e.rtpB = append(e.rtpB, open(netip.AddrPortFrom(calleeAddr.Addr(), 0)))
	}
	if err != nil {
		e.close()
		return nil, err
	}
	e.reading.Go(func() { receive(e.caller, e.callerHears) })
	e.reading.Go(func() { receive(e.callee, e.calleeHears) })
	return e, nil
}

// close closes the sockets and waits for the readers of the SIP ones.
func (e *ends) close() {
	for _, c := range append(append([]*net.UDPConn{e.caller, e.callee}, e.rtpA...), e.rtpB...) {
		if c != nil {
			c.Close()
		}
	}
	e.reading.Wait()
}

// receive gives every SIP message of a socket to hear until the socket is closed.
func receive(c *net.UDPConn, hear func(*sip.Message, netip.AddrPort)) {
	buf := make([]byte, 64<<10)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		if m, err := sip.Parse(buf[:n]); err == nil {
			hear(m, from)
		}
	}
}

// setUp places the calls at the rate and waits until each is up or refused, at most
// eight seconds after the last.
func (e *ends) setUp(ctx context.Context, rate int) error {
	pace := time.NewTicker(time.Second / time.Duration(rate))
	defer pace.Stop()
	for i := range e.calls {
		e.mu.Lock()
		e.calls[i].state = invited
		e.mu.Unlock()
		e.send(e.request("INVITE", i))
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-pace.C:
		}
	}
	return e.await(ctx, 8*time.Second, "INVITE", func(c *endCall) bool { return c.state == invited }, func(c *endCall) bool { return c.code == 0 })
}

// hangUp ends the calls that are up and waits for the responses.
func (e *ends) hangUp(ctx context.Context) error {
	pace := time.NewTicker(time.Millisecond)
	defer pace.Stop()
	for i := range e.calls {
		e.mu.Lock()
		is := e.calls[i].state == up
		if is {
			e.calls[i].state = ending
		}
		e.mu.Unlock()
		if is {
			e.send(e.request("BYE", i))
			<-pace.C
		}
	}
	return e.await(ctx, 6*time.Second, "BYE", func(c *endCall) bool { return c.state == ending }, func(*endCall) bool { return true })
}

// await waits until no call is pending, at most limit; every half second it repeats
// the request of the pending calls that want it.
func (e *ends) await(ctx context.Context, limit time.Duration, method string, pending, again func(*endCall) bool) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	end := time.Now().Add(limit)
	for n := 1; time.Now().Before(end); n++ {
		left := false
		for i := range e.calls {
			e.mu.Lock()
			is := pending(&e.calls[i])
			repeat := is && n%10 == 0 && again(&e.calls[i])
			e.mu.Unlock()
			left = left || is
			if repeat {
				e.send(e.request(method, i))
			}
		}
		if !left {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
	return nil
}

// request builds a request of the caller in call i.
func (e *ends) request(method string, i int) []byte {
	e.mu.Lock()
	c := e.calls[i]
	e.mu.Unlock()
	uri, to := "sip:bob@"+sutAddr.String(), "<sip:bob@"+sutAddr.String()+">"
	if c.to != "" {
		to = c.to
	}
	if c.contact != "" {
		uri = c.contact
	}
	m := sip.NewRequest(method, uri)
	m.Add(sip.Via, fmt.Sprintf("SIP/2.0/UDP %s;branch=z9hG4bK%s%dx%s;rport", callerAddr, method, i, e.run))
	m.Add(sip.MaxForwards, "70")
	m.Add(sip.From, fmt.Sprintf("<sip:alice@%s>;tag=a%dx%s", callerAddr, i, e.run))
	m.Add(sip.To, to)
	m.Add(sip.CallID, fmt.Sprintf("%d-%s", i, e.run))
	seq := "1 "
	if method == "BYE" {
		seq = "2 "
	}
	m.Add(sip.CSeq, seq+method)
	m.Add(sip.Contact, fmt.Sprintf("<sip:alice@%s>", callerAddr))
	if method == "INVITE" {
		m.Add(sip.ContentType, "application/sdp")
		m.Body = description(e.rtpA[i%rtpSockets])
	}
	return m.Append(nil)
}

func (e *ends) send(b []byte) { e.caller.WriteToUDPAddrPort(b, sutAddr) }

// callerHears handles what reaches the caller: responses, and requests of the SUT.
func (e *ends) callerHears(m *sip.Message, from netip.AddrPort) {
	if m.IsRequest() {
		if m.Method != "ACK" {
			e.caller.WriteToUDPAddrPort(sip.NewResponse(m, 200, "", "").Append(nil), from)
		}
		return
	}
	number, run, _ := strings.Cut(m.Header(sip.CallID), "-")
	i, err := strconv.Atoi(number)
	if err != nil || run != e.run || i < 0 || i >= len(e.calls) {
		return
	}
	e.mu.Lock()
	c := &e.calls[i]
	ack := false
	switch {
	case m.Method == "INVITE":
		c.code = m.Status
		if m.Status < 200 {
			break
		}
		ack = true
		c.to = m.Header(sip.To)
		switch {
		case c.state != invited:
		case m.Status >= 300:
			c.state = refused
		default:
			c.state = up
			if na, err := sip.ParseNameAddr(m.Header(sip.Contact)); err == nil {
				c.contact = na.URI
			}
			c.stream = newStream(m.Body, i, 0x10000000)
		}
	case m.Method == "BYE" && m.Status >= 200 && c.state == ending:
		c.state = ended
	}
	e.mu.Unlock()
	if ack {
		e.send(e.request("ACK", i))
	}
}

// calleeHears answers what reaches the callee.
func (e *ends) calleeHears(m *sip.Message, from netip.AddrPort) {
	if !m.IsRequest() || m.Method == "ACK" {
		return
	}
	if m.Method != "INVITE" {
		e.callee.WriteToUDPAddrPort(sip.NewResponse(m, 200, "", "").Append(nil), from)
		return
	}
	e.mu.Lock()
	id := m.Header(sip.CallID)
	answer, repeated := e.answers[id]
	if !repeated {
		n := len(e.answers)
		tag := fmt.Sprintf("b%dx%s", n, e.run)
		ringing := sip.NewResponse(m, 180, "", tag)
		ok := sip.NewResponse(m, 200, "", tag)
		for _, res := range []*sip.Message{ringing, ok} {
			res.Add(sip.Contact, fmt.Sprintf("<sip:bob@%s>", calleeAddr))
		}
		ok.Add(sip.ContentType, "application/sdp")
		ok.Body = description(e.rtpB[n%rtpSockets])
		e.streamsB = append(e.streamsB, newStream(m.Body, n, 0x20000000))
		answer = ok.Append(nil)
		e.answers[id] = answer
		e.callee.WriteToUDPAddrPort(ringing.Append(nil), from)
	}
	e.mu.Unlock()
	e.callee.WriteToUDPAddrPort(answer, from)
}

// description is the SDP of one end.
func description(c *net.UDPConn) string {
	a := c.LocalAddr().(*net.UDPAddr).AddrPort()
	return fmt.Sprintf("v=0\r\no=bench 1 1 IN IP4 %[1]s\r\ns=-\r\nc=IN IP4 %[1]s\r\nt=0 0\r\n"+
		"m=audio %[2]d RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\n", a.Addr(), a.Port())
}

// mediaAddr is where an SDP wants its audio, nil when it says nothing of use.
func mediaAddr(body string) *net.UDPAddr {
	var d sdp.SessionDescription
	if d.UnmarshalString(body) != nil || len(d.MediaDescriptions) == 0 {
		return nil
	}
	m := d.MediaDescriptions[0]
	c := m.ConnectionInformation
	if c == nil {
		c = d.ConnectionInformation
	}
	if c == nil || c.Address == nil {
		return nil
	}
	ip, err := netip.ParseAddr(c.Address.Address)
	if err != nil || !ip.IsLoopback() || m.MediaName.Port.Value == 0 {
		return nil
	}
	return net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, uint16(m.MediaName.Port.Value)))
}
