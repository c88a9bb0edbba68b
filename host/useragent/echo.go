package useragent

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// EchoConfig says where an Echo answers.
type EchoConfig struct {
	// Addr is the UDP address it listens on; its RTP ports are on the same address.
	// Port 0 takes a free one.
	Addr netip.AddrPort

	// MaxCalls is how many calls it holds at once; one more gets 486. 0 = 64.
	MaxCalls int

	// Silence is how long a call that is not on hold may bring no RTP before the Echo
	// hangs up, since its caller is gone. 0 = 1m.
	Silence time.Duration

	Log *slog.Logger // nil = silent

	// Listen binds SIP and RTP sockets. nil = real ones.
	Listen transport.Listen
}

// maxEchoDuration ends a call that somebody forgot.
const maxEchoDuration = time.Hour

// Echo answers every INVITE with the first codec offered, and sends the audio back
// where the SDP says. It answers OPTIONS, re-INVITE and hold, and sends nothing while
// nothing comes. Safe for concurrent use.
type Echo struct {
	c     EchoConfig
	agent *agent

	mu      sync.Mutex
	calls   map[string]*echoCall // by our tag
	closing bool
	relays  sync.WaitGroup // one a call: the goroutine that sends its RTP back
}

// NewEcho makes an Echo that is not listening yet.
func NewEcho(c EchoConfig) *Echo {
	if c.MaxCalls == 0 {
		c.MaxCalls = 64
	}
	if c.Silence == 0 {
		c.Silence = time.Minute
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Echo{c: c, calls: make(map[string]*echoCall)}
}

// Start binds the address; the error names it. The Echo runs until Close, whatever
// becomes of ctx.
func (e *Echo) Start(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.agent != nil {
		return errors.New("echo: started twice")
	}
	a, err := openAgent(ctx, "echo", transport.UDP, e.c.Addr, e.c.Listen, e.c.Listen, e.c.Log, (*echoUser)(e))
	if err != nil {
		return err
	}
	e.agent = a
	return nil
}

// Addr is the address bound, the zero value before Start.
func (e *Echo) Addr() netip.AddrPort {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.agent == nil {
		return netip.AddrPort{}
	}
	return e.agent.addr()
}

// Active is how many calls are up.
func (e *Echo) Active() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.calls)
}

// goodbye is how long Close waits for the responses to its BYEs.
const goodbye = time.Second

// Close ends every call with BYE, stops all goroutines and waits for them.
func (e *Echo) Close() {
	e.mu.Lock()
	a := e.agent
	if a == nil || e.closing {
		e.mu.Unlock()
		return
	}
	e.closing = true
	var calls []*echoCall
	for _, c := range e.calls {
		calls = append(calls, c)
	}
	e.mu.Unlock()
	limit := time.After(goodbye)
	var byes []<-chan struct{}
	for _, c := range calls {
		byes = append(byes, c.hangUp())
	}
wait:
	for _, answered := range byes {
		select {
		case <-answered:
		case <-limit:
			break wait
		}
	}
	a.close()
	e.relays.Wait()
}

// echoUser is the Echo as its transactions see it.
type echoUser Echo

var _ transaction.User = (*echoUser)(nil)

func (u *echoUser) Request(t *transaction.Server, m *sip.Message, f transport.Flow) {
	e := (*Echo)(u)
	e.mu.Lock()
	a, closing, call := e.agent, e.closing, e.calls[m.ToTag()]
	e.mu.Unlock()
	if call != nil && call.dialog.callID != m.Header(sip.CallID) {
		call = nil
	}
	switch {
	case a == nil: // Start has not returned yet
		if t != nil {
			t.Drop()
		}
	case t == nil:
		if call != nil {
			call.acknowledged(m)
		}
	case call != nil:
		call.request(t, m)
	case m.ToTag() != "":
		a.respond(t, m, 481, "")
	case m.Method == "OPTIONS":
		a.respond(t, m, 200, "")
	case m.Method != "INVITE":
		a.respond(t, m, 405, "")
	case m.Count(sip.Require) > 0:
		a.respond(t, m, 420, "")
	case closing:
		a.respond(t, m, 503, "")
	default:
		e.accept(t, m, f)
	}
}

// Canceled has nothing to do: every INVITE was answered before its CANCEL came.
func (u *echoUser) Canceled(*transaction.Server, *sip.Message) {}

// Unacknowledged ends a call whose 2xx was never acknowledged (RFC 3261 §13.3.1.4).
func (u *echoUser) Unacknowledged(t *transaction.Server) {
	if c, ok := t.Data.(*echoCall); ok {
		c.e.c.Log.Warn("no ACK, hanging up", "sip_call_id", c.dialog.callID)
		c.hangUp()
	}
}

// accept answers a new INVITE.
func (e *Echo) accept(t *transaction.Server, m *sip.Message, f transport.Flow) {
	a := e.agent
	body, status := offered(m)
	if status != 0 {
		a.respond(t, m, status, "")
		return
	}
	if e.Active() >= e.c.MaxCalls {
		a.respond(t, m, 486, "")
		return
	}
	conn, local, err := a.bindRTP(context.Background())
	if err != nil {
		e.c.Log.Error("no RTP port", "err", err)
		a.respond(t, m, 503, "")
		return
	}
	tag := newTag()
	c := &echoCall{e: e, tag: tag, conn: conn, local: local, dialog: dialogUAS(m, tag, f), began: time.Now()}
	answer, err := c.describe(body)
	if err != nil {
		conn.Close()
		a.respond(t, m, 488, "")
		return
	}
	t.SetTag(tag)
	t.Data = c
	c.invite, c.inviteSeq = t, c.dialog.heard
	if !e.admit(c) {
		conn.Close()
		a.respond(t, m, 486, "")
		return
	}
	if err := a.respond(t, m, 200, answer); err != nil {
		e.c.Log.Warn("cannot answer", "peer", f.Remote(), "err", err)
		c.end()
	}
}

// admit takes a call in and starts its relay, unless there is no room.
func (e *Echo) admit(c *echoCall) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.calls) >= e.c.MaxCalls || e.closing {
		return false
	}
	e.calls[c.tag] = c
	c.mu.Lock()
	c.watch = time.AfterFunc(e.c.Silence, c.look)
	c.mu.Unlock()
	e.relays.Go(c.relay)
	return true
}

// remove forgets a call and says whether it was still there.
func (e *Echo) remove(c *echoCall) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, ok := e.calls[c.tag]
	delete(e.calls, c.tag)
	return ok
}
