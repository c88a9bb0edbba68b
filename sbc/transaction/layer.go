package transaction

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// User takes requests. Its methods run on the transport's reading goroutine, or for
// Unacknowledged on a timer's; they must not block, and may be called for several
// transactions at once.
type User interface {
	// Request brings a new request: sound, not a retransmission, not a CANCEL. It must be
	// answered by t.Respond or t.Drop, now or later. The ACK of a 2xx comes with t == nil.
	Request(t *Server, m *sip.Message, f transport.Flow)

	// Canceled says that INVITE transaction t was canceled, once. The layer has answered the
	// CANCEL with 200; the user answers the INVITE, with 487. RFC 3261 §9.2.
	Canceled(t *Server, cancel *sip.Message)

	// Unacknowledged says that a 2xx was repeated for 64·T1 and Acknowledge was not called.
	// The transaction is over. RFC 3261 §13.3.1.4.
	Unacknowledged(t *Server)
}

// ClientUser takes what becomes of one request. Its methods run on the transport's reading
// goroutine or a timer's, perhaps before Send has returned, and must not block.
type ClientUser interface {
	// Response brings 1xx except 100, the first final response, and for an INVITE every 2xx,
	// also repeated ones and those of other forks.
	Response(c *Client, res *sip.Message)

	// Failed says, at most once and never after a final response, that there will be none:
	// ErrTimeout, ErrTransport, ErrTimerC. After ErrTimerC a late 2xx may still come as a
	// Response and wants ACK and BYE.
	Failed(c *Client, err error)
}

// Layer is all transactions.
type Layer struct {
	config Config
	user   User
	start  time.Time
	tick   time.Duration
	seeds  seeds

	closed   atomic.Bool
	counters counters
	shards   [shards]shard
	copies   [shards]copies
	streams  streams
}

var _ transport.Watcher = (*Layer)(nil)

// New makes a layer. It is the Handler of a transport layer.
func New(c Config, u User) *Layer {
	c = c.withDefaults()
	l := &Layer{config: c, user: u, start: time.Now(), seeds: makeSeeds()}
	l.tick = max(c.T1/25, time.Millisecond)
	l.streams.waiting = make(map[transport.Flow]map[*Client]struct{})
	for i := range l.shards {
		l.shards[i].open(l)
		l.copies[i].first = make(map[uint64]*Server)
	}
	return l
}

// Close stops all timers and waits for their callbacks; no callback comes after it. It must
// not be called from one. The transport should be closed before.
func (l *Layer) Close() {
	l.closed.Store(true)
	for i := range l.shards {
		l.shards[i].close()
	}
}

// Receive takes a message from the transport. It implements transport.Handler.
func (l *Layer) Receive(m *sip.Message, err error, f transport.Flow) {
	switch {
	case l.closed.Load():
	case err != nil:
		l.refuse(m, err, f)
	case !m.IsRequest():
		l.response(m, f)
	default:
		hop, err := m.TopVia()
		if err != nil {
			if err := m.Validate(); err != nil {
				l.refuse(m, err, f)
			}
			return
		}
		s, k := l.serverKey(m, hop, f)
		switch m.Method {
		case "ACK":
			l.ack(m, s, k, f)
		case "CANCEL":
			l.cancel(m, s, k, f)
		default:
			l.request(m, s, k, f)
		}
	}
}

// scratch holds buffers in which messages are built before their bytes are kept, so that
// what is kept is one allocation of the right size.
var scratch = sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}

// maxScratch is the largest buffer that goes back into the pool.
const maxScratch = 16 << 10

// marshal returns the bytes of a message.
func marshal(m *sip.Message) []byte { return exactly(m.Append) }

// exactly returns what build appends, in a slice of that size.
func exactly(build func([]byte) []byte) []byte {
	p := scratch.Get().(*[]byte)
	b := build((*p)[:0])
	kept := append([]byte(nil), b...)
	if cap(b) <= maxScratch {
		*p = b
		scratch.Put(p)
	}
	return kept
}

// resend sends bytes nobody waits for: a loss is repaired by the peer's retransmission.
func (l *Layer) resend(f transport.Flow, b []byte) {
	if len(b) > 0 {
		_ = f.Send(b, nil)
	}
}
