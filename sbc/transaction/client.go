package transaction

import (
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// Client is a client transaction: RFC 3261 §17.1 with RFC 6026 §7.2. Its methods may be
// called by anyone at any time.
type Client struct {
	shard  *shard
	key    key
	flow   transport.Flow
	method string
	timerC time.Duration // 0 = none

	// The shard's lock guards what is below.
	timer     timer
	state     clientState
	waiting   bool    // in Layer.streams
	failed    bool    // Failed was called, a late 2xx may follow
	canceled  bool    // Cancel was called
	canceling bool    // CANCEL was sent
	step      int32   // ticks between retransmissions
	reason    *string // Reason of a CANCEL that waits, nil = none
	again     int64   // tick of the next retransmission; 0 = none
	end       int64   // tick at which the state ends; 0 = it does not
	kept      []byte  // the request; after a failure of an INVITE, its ACK
	user      ClientUser
}

type clientState uint8

const (
	calling       clientState = iota // no response yet (Trying, for other methods than INVITE)
	early                            // a provisional response came (Proceeding)
	acknowledging                    // a final one came (Completed)
	winning                          // a 2xx to an INVITE came, there may be more (Accepted)
	over                             // Terminated
)

// SendOptions change how one request is sent.
type SendOptions struct {
	// TimerC is how long this INVITE may go without a final response after its last
	// provisional one. 0 = Config.TimerC; negative = for ever.
	TimerC time.Duration
}

// Send sends a request other than ACK and CANCEL on a flow in a new client transaction. It
// puts our Via on top of req and keeps its bytes, not req. What becomes of it is told to u.
// Errors: ErrMalformed, ErrClosed, or one that wraps ErrTransport; then u is told nothing.
func (l *Layer) Send(req *sip.Message, f transport.Flow, u ClientUser, o SendOptions) (*Client, error) {
	if !f.Valid() || u == nil || req.Method == "ACK" || req.Method == "CANCEL" || !complete(req) {
		return nil, ErrMalformed
	}
	if l.closed.Load() {
		return nil, ErrClosed
	}
	branch := prependVia(req, f)
	c := &Client{flow: f, method: ownMethod(req.Method), kept: marshal(req), user: u}
	c.shard, c.key = l.clientKey(branch, c.method)
	if c.invite() {
		c.timerC = o.TimerC
		if c.timerC == 0 {
			c.timerC = l.config.TimerC
		}
	}
	b := c.kept
	c.begin()
	if err := f.Send(b, c.watch()); err != nil {
		c.shard.mu.Lock()
		silent := c.state == over
		c.terminate()
		c.shard.mu.Unlock()
		if !silent {
			l.counters.transportErrors.Add(1)
		}
		return nil, transportError(err)
	}
	return c, nil
}

// complete reports whether a request has what it takes to be answered.
func complete(m *sip.Message) bool {
	return m.IsRequest() && m.Method != "" && m.RURI != "" && m.Header(sip.From) != "" && m.Header(sip.To) != "" &&
		m.Header(sip.CallID) != "" && m.Header(sip.CSeq) != ""
}

// prependVia puts our Via on top of a request and returns its branch. Over UDP it asks for
// rport (RFC 3581), so that peers that look at it answer to where we sent from.
func prependVia(m *sip.Message, f transport.Flow) (branch string) {
	var room [128]byte
	b := append(append(append(room[:0], "SIP/2.0/"...), f.Proto().String()...), ' ')
	b = append(append(b, f.SentBy()...), ";branch="...)
	at := len(b)
	b = appendRandom(append(b, cookie...), 18)
	end := len(b)
	if f.Proto() == transport.UDP {
		b = append(b, ";rport"...)
	}
	via := string(b)
	m.Prepend(sip.Via, via)
	return via[at:end]
}

// begin enters the first state.
func (c *Client) begin() {
	l := c.layer()
	l.counters.clients.Add(1)
	l.counters.clientsOpen.Add(1)
	c.shard.mu.Lock()
	defer c.shard.mu.Unlock()
	c.shard.clients[c.key] = c
	c.timer.owner = c
	c.end = l.after(64 * l.config.T1) // Timer B, F
	if !c.flow.Proto().Reliable() {
		c.step = int32(l.config.T1 / l.tick)
		c.again = l.after(l.config.T1) // Timer A, E
	} else {
		c.waiting = true
		l.streams.add(c)
	}
	c.schedule()
}

func (c *Client) layer() *Layer { return c.shard.layer }

func (c *Client) invite() bool { return c.method == "INVITE" }

// Method returns the method of the request.
func (c *Client) Method() string { return c.method }

// Flow returns the flow the request left by.
func (c *Client) Flow() transport.Flow { return c.flow }

// schedule sets the timer to what comes first. The shard is locked.
func (c *Client) schedule() {
	due := c.end
	if c.again != 0 && (due == 0 || c.again < due) {
		due = c.again
	}
	if due == 0 {
		c.shard.wheel.remove(&c.timer)
		return
	}
	c.shard.set(&c.timer, due)
}

// terminate forgets the transaction. The shard is locked.
func (c *Client) terminate() {
	if c.state == over {
		return
	}
	c.heard()
	c.state, c.kept, c.user = over, nil, nil
	c.shard.wheel.remove(&c.timer)
	delete(c.shard.clients, c.key)
	c.layer().counters.clientsOpen.Add(-1)
}

// expire implements owner.
func (c *Client) expire(now int64) action {
	if c.end != 0 && c.end <= now {
		return c.expireState()
	}
	l := c.layer()
	l.counters.repeated.Add(1)
	switch {
	case c.invite(): // Timer A doubles for ever
		c.step *= 2
	case c.state == early: // Timer E stays at T2 once somebody answered
		c.step = int32(l.config.T2 / l.tick)
	default:
		c.step = min(2*c.step, int32(l.config.T2/l.tick))
	}
	c.again = now + int64(c.step)
	c.schedule()
	return action{bytes: c.kept, client: c}
}

// expireState ends the state whose time is over. The shard is locked.
func (c *Client) expireState() action {
	l := c.layer()
	if c.state == acknowledging || c.state == winning || c.failed {
		c.terminate() // Timer D, K, M
		return action{}
	}
	l.counters.timeouts.Add(1)
	a := action{client: c, user: c.user, err: ErrTimeout}
	if c.state == early && c.invite() && !c.canceling { // Timer C
		a.err, c.failed = ErrTimerC, true
		a.cancel = c.sendCancel("")
		return a
	}
	c.terminate()
	return a
}

// watch returns what tells of a failure after Send has returned: only streams have one.
func (c *Client) watch() func(error) {
	if c.flow.Proto().Reliable() {
		return c.lost
	}
	return nil
}

// transmit sends the request once more.
func (c *Client) transmit(b []byte) {
	if err := c.flow.Send(b, nil); err != nil {
		c.lost(err)
	}
}

// lost ends a transaction whose request cannot be sent.
func (c *Client) lost(err error) {
	c.shard.mu.Lock()
	if c.state > early {
		c.shard.mu.Unlock()
		return
	}
	u := c.user
	if c.failed {
		u = nil
	}
	c.terminate()
	c.shard.mu.Unlock()
	c.layer().counters.transportErrors.Add(1)
	if u != nil {
		u.Failed(c, transportError(err))
	}
}

// Cancel asks the far end to give up an INVITE: RFC 3261 §9.1. CANCEL is sent at once after a
// provisional response, else when the first one comes, and not at all after a final one. The
// INVITE then ends with 487, or with a 2xx that crossed, or with ErrTimeout after 64·T1. reason
// is the value of a Reason field (RFC 3326), "" for none. A second call does nothing.
func (c *Client) Cancel(reason string) {
	if !c.invite() {
		return
	}
	if !sip.ValidHeaderValue(reason) {
		reason = ""
	}
	c.shard.mu.Lock()
	if c.canceled || c.state > early {
		c.shard.mu.Unlock()
		return
	}
	c.canceled = true
	var a action
	if c.state == early {
		a.cancel = c.sendCancel(reason)
	} else if reason != "" {
		reason = strings.Clone(reason)
		c.reason = &reason
	}
	c.shard.mu.Unlock()
	a.do(c.layer())
}

// sendCancel makes the transaction of the CANCEL, which the caller begins, and gives the
// INVITE 64·T1 to end. The shard is locked.
func (c *Client) sendCancel(reason string) *Client {
	l := c.layer()
	c.canceling = true
	c.again, c.end = 0, l.after(64*l.config.T1)
	c.schedule()
	return &Client{
		shard:  c.shard,
		key:    c.key - l.methodKey("INVITE") + l.methodKey("CANCEL"),
		flow:   c.flow,
		method: "CANCEL",
		kept:   marshalDerived(c.kept, "CANCEL", "", reason),
	}
}
