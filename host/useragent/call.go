package useragent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// CallConfig describes one test call.
type CallConfig struct {
	// URI to call: "sip:echo@127.0.0.1". Transport by its transport parameter and RFC 3263.
	URI string

	// From is the caller's URI. "" = sip:sallyport-call@ the local address.
	From string

	// Listen is the local address for SIP, and with any port for RTP. The zero value
	// takes the address the route to the target gives, and a free port.
	Listen netip.AddrPort

	// Duration is how long the tone is sent after the answer. 0 = 3s.
	Duration time.Duration

	// Timeout is how long to wait for the final response to the INVITE; then the
	// call is canceled. 0 = 30s.
	Timeout time.Duration

	Log *slog.Logger // nil = silent

	// Socket binds SIP and RTP sockets. nil = real ones.
	Socket transport.Listen
}

const (
	// tail is how long the caller listens on after its last packet.
	tail = 500 * time.Millisecond

	// byeLimit is how long it waits for the response to a BYE, or for the INVITE's
	// final response after a CANCEL.
	byeLimit = 4 * time.Second

	// silent is how long an echoed tone may be missing at the end of a call.
	silent = time.Second
)

// Call places one call, plays a tone, listens for what comes back, hangs up, and
// says how it went. Each step is sent to events when it happens (nil: nobody is
// told); a step is not told when the channel's buffer is full, but stands in the
// result all the same. Call does not close the channel. When ctx ends, the call is
// canceled or hung up properly, which takes at most a few seconds, and the error is
// ErrCanceled.
//
// The error is nil only when the call was answered and audio came back; else it
// wraps one of the sentinels of this package or is a *Rejected. The result is never
// nil.
func Call(ctx context.Context, c CallConfig, events chan<- Event) (*Result, error) {
	if c.Duration == 0 {
		c.Duration = 3 * time.Second
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	k := &caller{c: c, events: events, began: time.Now(), inbox: make(chan any, 256), version: 1, res: &Result{URI: c.URI, Steps: []Event{}}}
	err := k.call(ctx)
	k.finish(err)
	return k.res, err
}

// caller is one test call. Its fields belong to the goroutine of Call; the layers
// below tell it things through inbox.
type caller struct {
	c      CallConfig
	events chan<- Event
	began  time.Time
	inbox  chan any // *sip.Message: a response to the INVITE; error: why there is none; request
	res    *Result

	agent  *agent
	flow   transport.Flow
	target transport.Target
	voice  *voice
	dialog *dialog
	invite *transaction.Client
	sent   time.Time // INVITE
	ack    []byte
	ackBy  transport.Flow

	reoffer    *transaction.Server // their last re-INVITE, until its ACK
	reofferSeq uint32
	version    int  // of our description
	over       bool // they sent BYE
}

// A request the far end sent within the call.
type request struct {
	t *transaction.Server
	m *sip.Message
}

// call is the whole story.
func (k *caller) call(ctx context.Context) error {
	u, err := k.resolve(ctx)
	if err != nil {
		return err
	}
	if err := k.open(ctx); err != nil {
		return err
	}
	defer k.agent.close()
	defer k.voice.close()
	if err := k.ring(ctx, u); err != nil {
		return err
	}
	err = k.talk(ctx)
	if bye := k.hangUp(); err == nil {
		err = bye
	}
	return err
}

// resolve finds out where the URI leads.
func (k *caller) resolve(ctx context.Context) (sip.URI, error) {
	u, err := sip.ParseURI(k.c.URI)
	if err == nil && u.Scheme != "sip" {
		err = fmt.Errorf("the scheme is %q, not sip", u.Scheme)
	}
	if err == nil && k.c.From != "" {
		_, err = sip.ParseURI(k.c.From)
	}
	if err != nil {
		return u, fmt.Errorf("%w: %v", ErrURI, err)
	}
	targets, err := transport.Resolve(ctx, net.DefaultResolver, u)
	switch {
	case ctx.Err() != nil:
		return u, ErrCanceled
	case errors.Is(err, transport.ErrNoTransport):
		return u, fmt.Errorf("%w: %v", ErrURI, err)
	case err != nil:
		return u, fmt.Errorf("%w for %s: %v", ErrNoAddress, u.Host, err)
	case len(targets) == 0:
		return u, fmt.Errorf("%w for %s", ErrNoAddress, u.Host)
	}
	k.target = targets[0]
	k.res.Target, k.res.Transport = k.target.Addr, k.target.Proto.String()
	k.step(StepResolved, 0, hostPort(k.target.Proto, k.target.Addr))
	return u, nil
}

// open binds the sockets.
func (k *caller) open(ctx context.Context) error {
	local, err := k.localAddr()
	if err != nil {
		return err
	}
	sock := k.c.Socket
	if sock == nil {
		sock = listenRefusable(func(err error) { k.tell(err) })
	}
	if k.agent, err = openAgent(ctx, "sallyport-call", k.target.Proto, local, sock, k.c.Socket, k.c.Log, (*callUser)(k)); err != nil {
		return fmt.Errorf("%w: %v", ErrListen, err)
	}
	k.res.Local = k.agent.addr()
	if k.flow, err = k.agent.transport.Flow(k.agent.iface, k.target.Proto, k.target.Addr); err == nil {
		k.voice, err = openVoice(ctx, k.agent, k.began)
	}
	if err != nil {
		k.agent.close()
		return fmt.Errorf("%w: %v", ErrListen, err)
	}
	return nil
}

// finish fills in what is known when all is over.
func (k *caller) finish(err error) {
	if err != nil {
		k.res.Error = err.Error()
	}
	k.res.OK = err == nil
	if k.voice == nil {
		return
	}
	a := k.voice.result()
	a.JitterMS, a.RoundTripMS = millis(a.Jitter), millis(a.RoundTrip)
	if a.Received > 0 {
		a.MOS = media.MOS(a.LossPercent/100, a.Jitter, a.RoundTrip/2)
	}
	k.res.Audio = a
}

// step notes that something happened and tells it.
func (k *caller) step(s Step, code int, text string) {
	e := Event{Step: s, At: time.Since(k.began), Code: code, Text: text}
	e.Millis = millis(e.At)
	k.res.Steps = append(k.res.Steps, e)
	select {
	case k.events <- e:
	default:
	}
}

func millis(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
}

// tell gives something to the goroutine of Call. It never waits: who floods the inbox
// is not heard.
func (k *caller) tell(what any) {
	select {
	case k.inbox <- what:
	default:
	}
}

// callUser is the caller as its transactions see it.
type callUser caller

var (
	_ transaction.User       = (*callUser)(nil)
	_ transaction.ClientUser = (*callUser)(nil)
)

func (u *callUser) Request(t *transaction.Server, m *sip.Message, _ transport.Flow) {
	(*caller)(u).tell(request{t, m})
}
func (u *callUser) Canceled(t *transaction.Server, _ *sip.Message) {}
func (u *callUser) Unacknowledged(*transaction.Server)             {}
func (u *callUser) Response(_ *transaction.Client, res *sip.Message) {
	(*caller)(u).tell(res)
}
func (u *callUser) Failed(_ *transaction.Client, err error) { (*caller)(u).tell(err) }
