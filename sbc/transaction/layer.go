package transaction

import (
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
	// RFC 3261 §13.3.1.4.
	Unacknowledged(t *Server)
}

// ClientUser takes what becomes of one request. Its methods run on the transport's reading
// goroutine or a timer's, and must not block.
type ClientUser interface {
	// Response brings 1xx except 100, the first final response, and for an INVITE every 2xx,
	// also repeated ones and those of other forks.
	Response(c *Client, res *sip.Message)

	// Failed says, at most once and never after a final response, that there will be none:
	// ErrTimeout, ErrTransport, ErrTimerC. After ErrTimerC, and after ErrTimeout of a canceled
	// INVITE, a late 2xx may still come as a Response and wants ACK and BYE.
	Failed(c *Client, err error)
}

// SendOptions change how one request is sent.
type SendOptions struct {
	TimerC time.Duration // 0 = Config.TimerC; negative = none
}

// Layer is all transactions.
type Layer struct {
	config Config
	user   User
}

var _ transport.Handler = (*Layer)(nil)

// New makes a layer. It is the Handler of a transport layer.
func New(c Config, u User) *Layer { return &Layer{config: c.withDefaults(), user: u} }

// Receive takes a message from the transport. It implements transport.Handler.
func (l *Layer) Receive(m *sip.Message, err error, f transport.Flow) {}

// Send sends a request other than ACK and CANCEL in a new client transaction.
func (l *Layer) Send(req *sip.Message, f transport.Flow, u ClientUser, o SendOptions) (*Client, error) {
	return nil, ErrClosed
}

// SendACK sends the ACK of a 2xx.
func (l *Layer) SendACK(ack *sip.Message, f transport.Flow) ([]byte, error) { return nil, ErrClosed }

// Close stops all timers and waits for them.
func (l *Layer) Close() {}

// Stats counts.
type Stats struct{}

// Stats returns what the layer did.
func (l *Layer) Stats() Stats { return Stats{} }

// Server is a server transaction.
type Server struct{ Data any }

func (t *Server) Request() *sip.Message          { return nil }
func (t *Server) Method() string                 { return "" }
func (t *Server) Flow() transport.Flow           { return transport.Flow{} }
func (t *Server) Tag() string                    { return "" }
func (t *Server) SetTag(tag string)              {}
func (t *Server) Respond(res *sip.Message) error { return ErrTerminated }
func (t *Server) Acknowledge()                   {}
func (t *Server) Drop()                          {}

// Client is a client transaction.
type Client struct{}

func (c *Client) Cancel(reason string) {}
