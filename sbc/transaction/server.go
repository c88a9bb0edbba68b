package transaction

import (
	"strings"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// Server is a server transaction: RFC 3261 §17.2 with RFC 6026 §7.1 and RFC 4320 §4. Its
// methods may be called by anyone at any time, those of a transaction that is over do nothing.
type Server struct {
	// Data is the user's: the leg the transaction belongs to. The layer does not touch it. It
	// lives as long as the transaction, up to 32 s after the final response: set it to nil
	// when it is not needed any more.
	Data any

	shard  *shard
	key    key
	merged uint64
	flow   transport.Flow
	method string

	// The shard's lock guards what is below.
	timer    timer
	state    serverState
	canceled bool
	acked    bool  // Acknowledge was called
	step     int32 // ticks between retransmissions
	again    int64 // tick of the next retransmission, or of 100; 0 = none
	end      int64 // tick at which the state ends; 0 = it does not
	tag      string
	kept     []byte // sent for each retransmission of the request
	request  *sip.Message
}

type serverState uint8

const (
	trying     serverState = iota // no response yet
	proceeding                    // a provisional one was sent
	completed                     // a final one was sent that is not an INVITE's 2xx
	confirmed                     // it was acknowledged
	accepted                      // a 2xx to an INVITE was sent, RFC 6026
	dropped                       // there will be no response
	terminated
)

// request handles a request other than ACK and CANCEL.
func (l *Layer) request(m *sip.Message, s *shard, k key, f transport.Flow) {
	s.mu.Lock()
	if t := s.servers[k]; t != nil {
		t.absorb() // unlocks
		return
	}
	s.mu.Unlock()
	if err := m.Validate(); err != nil {
		l.refuse(m, err, f)
		return
	}
	hash := l.mergedHash(m)
	limit := int64(l.config.MaxServer)
	if hash == 0 {
		limit += limit / 8
	}
	if l.counters.serversOpen.Load() >= limit {
		l.counters.overload.Add(1)
		l.reply(m, f, 503, "", "")
		return
	}
	t := &Server{shard: s, key: k, merged: hash, flow: f, method: ownMethod(m.Method), request: m}
	if hash != 0 && !l.claim(t) {
		l.counters.merged.Add(1)
		l.reply(m, f, 482, "", "")
		return
	}
	if t.begin(m) {
		l.user.Request(t, m, f)
	}
}

// begin enters the first state. It returns false when a copy of the request, which came by
// another socket, was faster.
func (t *Server) begin(m *sip.Message) bool {
	l, s := t.shard.layer, t.shard
	t.timer.owner = t
	if tag := m.ToTag(); tag != "" {
		t.tag = strings.Clone(tag)
	}
	var due int64
	if t.invite() {
		t.kept = marshalTrying(m)
		t.again = l.after(l.config.Trying)
		due = t.again
	} else {
		t.end = l.lingering(64 * l.config.T1)
		due = t.end
	}
	s.mu.Lock()
	if other := s.servers[t.key]; other != nil {
		other.absorb() // unlocks
		return false
	}
	s.servers[t.key] = t
	s.set(&t.timer, due)
	s.mu.Unlock()
	l.counters.servers.Add(1)
	l.counters.serversOpen.Add(1)
	return true
}

// ownMethod returns a method that does not keep its message's text.
func ownMethod(m string) string {
	switch m {
	case "INVITE", "BYE", "OPTIONS", "REGISTER", "UPDATE", "INFO", "PRACK", "REFER", "NOTIFY", "SUBSCRIBE", "MESSAGE", "PUBLISH":
		return m // sip.Parse interns these
	}
	return strings.Clone(m)
}

func (t *Server) layer() *Layer { return t.shard.layer }

func (t *Server) invite() bool { return t.method == "INVITE" }

// absorb answers a retransmission of the request. The shard is locked, absorb unlocks it.
func (t *Server) absorb() {
	b, l := t.kept, t.layer()
	if t.state == trying && t.invite() {
		t.state, t.again = proceeding, 0
		t.schedule()
	}
	if t.state == accepted || t.state == confirmed || t.state == dropped {
		b = nil
	}
	t.shard.mu.Unlock()
	l.counters.absorbed.Add(1)
	l.resend(t.flow, b)
}

// ack handles an ACK. Those of failures end here, the others are the user's.
func (l *Layer) ack(m *sip.Message, s *shard, k key, f transport.Flow) {
	s.mu.Lock()
	if t := s.servers[k]; t != nil && t.state != accepted {
		if t.state == completed {
			t.state, t.kept, t.again = confirmed, nil, 0
			t.endAfter(l.config.T4, true) // Timer I
		}
		s.mu.Unlock()
		l.counters.absorbed.Add(1)
		return
	}
	s.mu.Unlock()
	if err := m.Validate(); err != nil {
		l.refuse(m, err, f)
		return
	}
	l.user.Request(nil, m, f)
}

// cancel handles a CANCEL without a transaction of its own: what it hits answers each copy
// alike. RFC 3261 §9.2 wants the To tag of the INVITE's responses in the 200.
func (l *Layer) cancel(m *sip.Message, s *shard, k key, f transport.Flow) {
	if err := m.Validate(); err != nil {
		l.refuse(m, err, f)
		return
	}
	s.mu.Lock()
	t := s.servers[k]
	if t == nil {
		s.mu.Unlock()
		l.counters.noTransaction.Add(1)
		l.reply(m, f, 481, "", "")
		return
	}
	if t.state == dropped {
		s.mu.Unlock()
		return
	}
	first := t.state < completed && !t.canceled
	t.canceled = true
	tag := t.makeTag()
	s.mu.Unlock()
	l.reply(m, f, 200, "", tag)
	if first {
		l.user.Canceled(t, m)
	}
}

// Request returns the request, nil once its final response was sent.
func (t *Server) Request() *sip.Message {
	t.shard.mu.Lock()
	defer t.shard.mu.Unlock()
	return t.request
}

// Method returns the method of the request.
func (t *Server) Method() string { return t.method }

// Flow returns the flow the request came on and the responses leave by.
func (t *Server) Flow() transport.Flow { return t.flow }

// Tag returns the To tag of the responses: that of the request if it has one, else what
// SetTag gave or the first response had, else one made now.
func (t *Server) Tag() string {
	t.shard.mu.Lock()
	defer t.shard.mu.Unlock()
	return t.makeTag()
}

// makeTag is Tag with the shard locked.
func (t *Server) makeTag() string {
	if t.tag == "" {
		t.tag = newTag()
	}
	return t.tag
}

// SetTag sets the To tag of the responses of a request that has none. It is to be called
// before the first response; after a tag was given to anybody it does nothing.
func (t *Server) SetTag(tag string) {
	t.shard.mu.Lock()
	defer t.shard.mu.Unlock()
	if t.tag == "" {
		t.tag = tag
	}
}
