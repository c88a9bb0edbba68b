package transaction

import (
	"net/netip"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// response handles a response. One that matches no transaction, or came by another interface
// than its request left, is dropped: RFC 6026 §8.
func (l *Layer) response(m *sip.Message, f transport.Flow) {
	hop, err := m.TopVia()
	if err != nil {
		l.counters.malformed.Add(1)
		return
	}
	s, k := l.clientKey(hop.Branch(), m.Method)
	s.mu.Lock()
	c := s.clients[k]
	s.mu.Unlock()
	if c == nil || c.flow.Interface() != f.Interface() || !sentBy(hop, c.flow) {
		l.counters.stray.Add(1)
		return
	}
	if m.Validate() != nil || !alone(m) {
		l.counters.malformed.Add(1)
		return
	}
	c.receive(m)
}

// sentBy reports whether a response's top Via is ours: RFC 3261 §18.1.2.
func sentBy(hop sip.ViaHop, f transport.Flow) bool {
	host, err := netip.ParseAddr(hop.Host)
	port := hop.Port
	if port == 0 {
		port = 5060
	}
	return err == nil && f.Advertised() == netip.AddrPortFrom(host.Unmap(), port)
}

// alone reports whether a response has one Via: with more it was meant for somebody else,
// RFC 3261 §8.1.3.3.
func alone(m *sip.Message) bool {
	n := 0
	for range m.All(sip.Via) {
		n++
	}
	return n == 1
}

// receive changes the state by a response and passes it up.
func (c *Client) receive(m *sip.Message) {
	to := ""
	if c.invite() && m.Status >= 300 {
		to = m.Header(sip.To)
	}
	c.shard.mu.Lock()
	c.heard()
	var (
		a  action
		up bool
	)
	switch {
	case c.state == over:
	case m.Status < 200:
		a, up = c.provisional(m.Status)
	case c.invite():
		a, up = c.finalOfInvite(m.Status, to)
	default:
		up = c.final()
	}
	u := c.user
	if !up || c.failed && m.Status/100 != 2 {
		u = nil
	}
	if c.state == acknowledging {
		c.user = nil // nothing more will be told
	}
	if c.state == acknowledging && c.flow.Proto().Reliable() {
		c.terminate() // Timer D and K are zero
	}
	c.shard.mu.Unlock()
	a.do(c.layer())
	if u != nil {
		u.Response(c, m)
	}
}

// provisional handles a 1xx. The shard is locked.
func (c *Client) provisional(status int) (a action, up bool) {
	switch {
	case c.state > early:
		return a, false
	case !c.invite():
		c.state = early // Timer E goes on and finds it
		return a, status != 100
	}
	if c.state == calling {
		c.state, c.again = early, 0
		c.restartC()
	} else if status != 100 {
		c.restartC()
	}
	if c.canceled && !c.canceling {
		reason := ""
		if c.reason != nil {
			reason = *c.reason
		}
		a.cancel = c.sendCancel(reason)
	}
	return a, status != 100
}

// restartC starts Timer C, or what is left to wait for after a CANCEL. The shard is locked.
func (c *Client) restartC() {
	if c.canceling || c.failed {
		return
	}
	c.end = 0
	if c.timerC > 0 {
		c.end = c.layer().after(c.timerC)
	}
	c.schedule()
}

// finalOfInvite handles a final response to an INVITE. The shard is locked.
func (c *Client) finalOfInvite(status int, to string) (a action, up bool) {
	l := c.layer()
	switch {
	case c.state <= early && status < 300:
		c.state, c.kept, c.again = winning, nil, 0
		c.end = l.lingering(64 * l.config.T1) // Timer M
		c.schedule()
		return a, true
	case c.state <= early:
		if !sip.ValidHeaderValue(to) {
			to = ""
		}
		c.kept = marshalDerived(c.kept, "ACK", to, "")
		c.state, c.again = acknowledging, 0
		c.end = l.lingering(64 * l.config.T1) // Timer D
		c.schedule()
		return action{flow: c.flow, bytes: c.kept}, true
	case c.state == winning && status < 300:
		return a, true
	case c.state == acknowledging && status >= 300:
		l.counters.absorbed.Add(1)
		return action{flow: c.flow, bytes: c.kept}, false
	}
	l.counters.absorbed.Add(1)
	return a, false
}

// final handles a final response to another request. The shard is locked.
func (c *Client) final() (up bool) {
	l := c.layer()
	if c.state > early {
		l.counters.absorbed.Add(1)
		return false
	}
	c.state, c.kept, c.again = acknowledging, nil, 0
	c.end = l.lingering(l.config.T4) // Timer K
	c.schedule()
	return true
}
