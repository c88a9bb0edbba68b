package sbc

import (
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
	"github.com/sallyport-sbc/sallyport/sbc/capture"
	"github.com/sallyport-sbc/sallyport/sbc/digest"
	"github.com/sallyport-sbc/sallyport/sbc/profile"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// Options are what an SBC is made with. They do not change while it lives.
type Options struct {
	// Node names this process in CDRs and to modules.
	Node string
	// Log receives one line when a call begins, is answered and ends, and one for each
	// thing an operator would act on. Nil discards.
	Log *slog.Logger
	// Server is the value of the Server and User-Agent header fields of messages the SBC
	// makes itself. Empty writes none.
	Server string
	// Resolver answers DNS look-ups; nil is the system's.
	Resolver transport.Resolver
	// Rehearse, when not nil, is told of every target of a call, in order, right after its
	// INVITE was sent, and then the call ends: for an SBC whose transport has a Sink. It runs
	// on the call's strand.
	Rehearse func(Attempt)
	// Capture writes the messages of calls whose profile wants that. Nil writes none.
	Capture *capture.Writer
}

// Snapshot is one configuration, immutable once it is handed over. A call keeps the
// snapshot it began with until it ends.
type Snapshot struct {
	// Profiles selects and holds the profiles. Nil refuses every call with 403.
	Profiles *profile.Set
	// Modules hands out modules to calls. Nil when no profile uses any.
	Modules callcontrol.Modules
	// Refused are the modules that hear of calls which no profile takes; nil when none do.
	Refused *callcontrol.Chain
	// MaxCalls is how many calls may exist at once; 0 means no limit. The next one gets
	// 503 with Retry-After.
	MaxCalls int
}

// Stats are counters since the start, but for Active. Read without a lock: each figure
// is true, their sum may be off by the calls in motion.
type Stats struct {
	Active   int64  // calls that exist now
	Calls    uint64 // INVITEs that began a call
	Answered uint64 // calls answered
	Failed   uint64 // calls that ended without an answer, refusals among them
	Refused  uint64 // calls refused by admission, a profile or a module
	Outside  uint64 // requests outside of calls that a module refused or dropped
	Panics   uint64 // panics contained in a call
	Ignored  uint64 // INFOs and REFERs of modules that a far end refused or did not answer, or that could not be sent
}

// SBC is the back-to-back user agent. It is the transaction layer's user. All methods
// are safe for concurrent use once Attach has been called.
type SBC struct {
	opt   Options
	log   *slog.Logger
	epoch time.Time

	transport    *transport.Layer
	transactions *transaction.Layer
	media        *media.Anchor

	guard    *digest.Guard
	snapshot atomic.Pointer[Snapshot]
	draining atomic.Bool
	active   atomic.Int64
	idle     idleSignal
	legs     legTable
	wires    messageLogs
	// background counts look-ups that still run; Drain waits for them.
	background sync.WaitGroup

	calls, answered, failed, refused, panics, ignored, outsideRefused atomic.Uint64
}

var _ transaction.User = (*SBC)(nil)

// New makes an SBC that refuses every call until Configure gives it profiles.
func New(o Options) *SBC {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	// A second back, so that no time of a call is zero, which means never.
	s := &SBC{opt: o, log: o.Log, epoch: time.Now().Add(-time.Second), guard: digest.NewGuard()}
	s.legs.init()
	s.snapshot.Store(&Snapshot{})
	return s
}

// Attach gives the SBC the rooms it works with. It is called once, before the first
// datagram is read. m may be nil when no profile relays media.
func (s *SBC) Attach(t *transport.Layer, x *transaction.Layer, m *media.Anchor) {
	s.transport, s.transactions, s.media = t, x, m
}

// Configure makes c the configuration of the calls that begin from now on. c must not
// change afterwards.
func (s *SBC) Configure(c *Snapshot) { s.snapshot.Store(c) }

// Stats reads the counters.
func (s *SBC) Stats() Stats {
	return Stats{
		Active:   s.active.Load(),
		Calls:    s.calls.Load(),
		Answered: s.answered.Load(),
		Failed:   s.failed.Load(),
		Refused:  s.refused.Load(),
		Outside:  s.outsideRefused.Load(),
		Panics:   s.panics.Load(),
		Ignored:  s.ignored.Load(),
	}
}

// Request takes a request outside any transaction from the transaction layer, on the
// goroutine that read it.
func (s *SBC) Request(t *transaction.Server, m *sip.Message, f transport.Flow) {
	if tag := m.ToTag(); tag != "" {
		s.inDialog(t, m, f, tag)
		return
	}
	switch {
	case t == nil: // an ACK of nobody's 2xx
	case m.Method == "INVITE":
		s.invite(t, m, f)
	default:
		s.outside(t, m, f)
	}
}

// inDialog hands a request to the call whose leg made the To tag. In a transparent dialog
// that is the other far end's; there the Request-URI is our Contact, whose user part is ours.
func (s *SBC) inDialog(t *transaction.Server, m *sip.Message, f transport.Flow, tag string) {
	l := s.legs.find(tag)
	if l == nil {
		if u, err := sip.ParseURI(m.RURI); err == nil {
			l = s.legs.find(u.User)
		}
	}
	if l == nil {
		if t != nil {
			s.respond(t, m, 481, "")
		}
		return
	}
	if t != nil {
		t.SetTag(l.key)
	}
	l.call.post(event{kind: evRequest, leg: l, server: t, msg: m, flow: f})
}

// Canceled tells the call of INVITE transaction t that its caller gave up. The leg is
// found by the tag that t answers with, its key: a pointer kept in t would hold an ended call in
// memory for as long as the transaction absorbs retransmissions.
func (s *SBC) Canceled(t *transaction.Server, cancel *sip.Message) {
	if l := s.legs.find(t.Tag()); l != nil {
		l.call.post(event{kind: evCancel, leg: l, server: t, msg: cancel})
	}
}

// Unacknowledged tells the call that nobody acknowledged its 2xx for 64·T1.
func (s *SBC) Unacknowledged(t *transaction.Server) {
	if l := s.legs.find(t.Tag()); l != nil {
		l.call.post(event{kind: evUnacked, leg: l, server: t})
	}
}

// respond answers a request that belongs to no call.
func (s *SBC) respond(t *transaction.Server, m *sip.Message, status int, phrase string, headers ...sip.Header) {
	res := sip.NewResponse(m, status, phrase, t.Tag())
	for _, h := range headers {
		addHeader(res, h) // a module's may have any name
	}
	s.stamp(res)
	if err := t.Respond(res); err != nil {
		s.log.Debug("response not sent", "method", m.Method, "code", status, "err", err)
	}
}

// stamp names the SBC in a message of its own making.
func (s *SBC) stamp(m *sip.Message) {
	if s.opt.Server == "" {
		return
	}
	if m.IsRequest() {
		m.Add(sip.UserAgent, s.opt.Server)
	} else {
		m.Add(sip.Server, s.opt.Server)
	}
}

// now is the time since the SBC was made, which fits a deadline into eight bytes.
func (s *SBC) now() time.Duration { return time.Since(s.epoch) }

// addrOf is the advertised address of flow f's interface, for patterns.
func addrOf(f transport.Flow) netip.Addr {
	if a, ok := f.Interface().Addr(f.Proto()); ok {
		return a.Addr()
	}
	return f.Local().Addr()
}
