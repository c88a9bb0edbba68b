package explain

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
	"github.com/sallyport-sbc/sallyport/sbc/profile"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// stage is an SBC without doors, for one message.
type stage struct {
	sbc          *sbc.SBC
	transport    *transport.Layer
	transactions *transaction.Layer
	media        *media.Anchor
	journal      *journal

	news chan struct{} // something was sent

	mu   sync.Mutex
	sent []*sip.Message // what would have left, repetitions apart
	ways []transport.Flow
	raw  []string
}

// newStage builds one. rehearse is sbc.Options' Rehearse.
func newStage(c *Config, profiles *profile.Set, modules callcontrol.Modules, rehearse func(sbc.Attempt)) (*stage, error) {
	s := &stage{journal: new(journal), news: make(chan struct{}, 1)}
	log := slog.New(s.journal)
	var resolver transport.Resolver = nobody{}
	if rehearse == nil {
		resolver = anybody{}
	}
	s.sbc = sbc.New(sbc.Options{Node: c.Snapshot.Node, Log: log, Server: c.Server, Resolver: resolver, Rehearse: rehearse})
	// Nothing may be repeated while a module thinks.
	s.transactions = transaction.New(transaction.Config{T1: time.Minute, T2: time.Minute, Log: log}, s.sbc)
	var err error
	s.transport, err = transport.New(c.Transport, s.transactions, transport.Options{Sink: s.take, Log: log})
	if err != nil {
		return nil, err
	}
	s.media, err = media.New(media.Config{Interfaces: c.Media, Engine: silent{}, Sequential: true, Log: log})
	if err != nil {
		return nil, err
	}
	if err := s.transport.Start(context.Background()); err != nil {
		return nil, err
	}
	s.sbc.Attach(s.transport, s.transactions, s.media)
	s.sbc.Configure(&sbc.Snapshot{Profiles: profiles, Modules: modules, MaxCalls: c.Snapshot.MaxCalls})
	return s, nil
}

// close ends the call, if there is one, and everything that would wait for something.
func (s *stage) close() {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	_ = s.sbc.Drain(now) // says that not all calls had ended
	s.transport.Close()
	s.transactions.Close()
	s.media.Close()
}

// take is the transport's sink.
func (s *stage) take(f transport.Flow, b []byte) {
	m, err := sip.Parse(b)
	if err != nil {
		return // our own messages can be read
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.raw); n > 0 && s.raw[n-1] == string(b) {
		return
	}
	s.sent, s.ways, s.raw = append(s.sent, m), append(s.ways, f), append(s.raw, string(b))
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// await waits until something that is wanted was sent; it gives up after a while.
func (s *stage) await(ctx context.Context, wanted func(*sip.Message) bool) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		if m, _ := s.last(wanted); m != nil {
			return
		}
		select {
		case <-s.news:
		case <-ctx.Done():
			return
		case <-timer.C:
			return
		}
	}
}

// last returns the last message sent that is wanted, nil if there is none, and its flow.
func (s *stage) last(wanted func(*sip.Message) bool) (*sip.Message, transport.Flow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.sent) - 1; i >= 0; i-- {
		if wanted(s.sent[i]) {
			return s.sent[i], s.ways[i]
		}
	}
	return nil, transport.Flow{}
}

// forget makes the stage forget what was sent so far.
func (s *stage) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent, s.ways, s.raw = nil, nil, nil
}

// hear lets the SBC receive a message, as the transport would bring it, and returns when
// its call has done with it: a hook that waited may still hold the call's strand on a
// goroutine of its own, and asking the call for its state waits behind everything else.
func (s *stage) hear(text string, f transport.Flow) {
	m, err := sip.Parse([]byte(text))
	if m != nil && m.IsRequest() {
		m.MarkSource(f.Remote())
	}
	s.transactions.Receive(m, err, f)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s.sbc.Calls(ctx)
}

// door finds the interface, and the flow from source to it.
func (s *stage) door(name string, p transport.Proto, source netip.AddrPort) (transport.Flow, error) {
	if name != "" {
		i, ok := s.transport.Interface(name)
		if !ok {
			return transport.Flow{}, errors.New("there is no interface " + name)
		}
		f, err := s.transport.Flow(i, p, source)
		if err != nil {
			err = errors.New("interface " + name + " has no " + p.String() + " address that " + source.Addr().String() + " could send to")
		}
		return f, err
	}
	for _, i := range s.transport.Interfaces() {
		if f, err := s.transport.Flow(i, p, source); err == nil {
			return f, nil
		}
	}
	return transport.Flow{}, errors.New("no interface has a " + p.String() + " address that " + source.Addr().String() + " could send to")
}

// nobody answers no look-up: names are the explanation's own business.
type nobody struct{}

var errNotAsked = errors.New("names are not looked up in a rehearsal")

// LookupSRV fails.
func (nobody) LookupSRV(context.Context, string, string, string) (string, []*net.SRV, error) {
	return "", nil, errNotAsked
}

// LookupNetIP fails.
func (nobody) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, errNotAsked
}

// anybody says that every name has the same address: where a call that is made up goes does
// not matter.
type anybody struct{}

// LookupSRV finds none.
func (anybody) LookupSRV(context.Context, string, string, string) (string, []*net.SRV, error) {
	return "", nil, &net.DNSError{IsNotFound: true}
}

// LookupNetIP finds one of each family.
func (anybody) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("192.0.2.3"), netip.MustParseAddr("2001:db8::3")}, nil
}

// silent is a media engine that takes no ports and moves no packets.
type silent struct{}

var _ media.Engine = silent{}

func (silent) Open(media.Treatment, func(), func(media.Side, media.Digit)) (media.Relay, error) {
	return silent{}, nil
}
func (silent) Totals() media.Totals { return media.Totals{} }
func (silent) Close()               {}

func (silent) Bind(int, media.Side, netip.AddrPort) error       { return nil }
func (silent) Set(int, media.Flow)                              {}
func (silent) Tap(func(netip.AddrPort, netip.AddrPort, []byte)) {}
func (silent) Unbind(int)                                       {}
func (silent) Watch(time.Duration, bool)                        {}
func (silent) Stats(int, media.Side) media.Direction            { return media.Direction{} }
