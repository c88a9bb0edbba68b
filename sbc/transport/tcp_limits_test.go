package transport_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// Limits: connections in all, connections a source, and those of the SBC itself.
func TestTCPLimits(t *testing.T) {
	for _, c := range []transport.Config{{Connections: 2}, {ConnectionsPerSource: 2}} {
		l, i, to := tcpLayer(t, newEcho(t), c)
		a, b := dial(t, to), dial(t, to)
		for _, p := range []*tcpPeer{a, b} {
			p.send(tcpRequest("1", ""))
			p.response()
		}
		third := dial(t, to)
		if got := third.closed(); got != "" {
			t.Errorf("the third got %q", got)
		}
		if s := l.Stats(); s.Refused != 1 || s.Connections != 2 {
			t.Errorf("%+v", s)
		}
		a.Close()
		waitFor(t, func() bool { return l.Stats().Connections == 1 })
		fourth := dial(t, to)
		fourth.send(tcpRequest("1", ""))
		fourth.response()
		if c.Connections == 2 {
			for n, want := range []error{nil, nil, transport.ErrConnections} {
				// Somebody listens everywhere: a connection that is refused would give its place back.
				far, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				defer far.Close()
				if _, err := l.Flow(i, transport.TCP, netip.MustParseAddrPort(far.Addr().String())); !errors.Is(err, want) {
					t.Errorf("connection %d of ours: %v", n, err)
				}
			}
		}
		third.Close()
		fourth.Close()
		b.Close()
		l.Close()
	}
}

// A peer that sends too slowly is cut off: it never begins, never ends a message, or falls
// silent. One that does finish its messages stays.
func TestTCPSlowPeers(t *testing.T) {
	const timeout = time.Second
	l, _, to := tcpLayer(t, newEcho(t), transport.Config{MessageTimeout: timeout, Idle: 3 * timeout})
	defer l.Close()

	silent, begun, idle := dial(t, to), dial(t, to), dial(t, to)
	defer silent.Close()
	defer begun.Close()
	defer idle.Close()
	idle.send(tcpRequest("1", ""))
	idle.response()
	begun.send(tcpRequest("1", ""))
	begun.response()
	// One byte at a time keeps no connection open: the message's first byte set the limit.
	start := time.Now()
	drip := time.NewTicker(20 * time.Millisecond)
	defer drip.Stop()
	text := tcpRequest("2", strings.Repeat("x", 1000))
	for n := 0; n < len(text); n++ {
		<-drip.C
		if _, err := begun.Write([]byte(text[n : n+1])); err != nil {
			break
		}
	}
	if d := time.Since(start); d > 20*timeout {
		t.Errorf("the slow one lasted %s", d)
	}
	if got := silent.closed(); got != "" {
		t.Errorf("the silent one got %q", got)
	}
	if got := idle.closed(); got != "" {
		t.Errorf("the idle one got %q", got)
	}
	waitFor(t, func() bool { s := l.Stats(); return s.Connections == 0 && s.Stalled == 2 })
}

// A peer that does not read fills its queue and is given up; nobody blocks.
func TestTCPDeafPeer(t *testing.T) {
	h := newEcho(t)
	l, _, to := tcpLayer(t, h, transport.Config{WriteTimeout: 300 * time.Millisecond})
	defer l.Close()
	p := dial(t, to)
	defer p.Close()
	p.send(tcpRequest("1", ""))
	f := h.next().f
	p.response()
	failed := make(chan error, 1)
	b := make([]byte, 60_000)
	full := false
	waitFor(t, func() bool { // until the kernel's buffers and then the queue are full, and a write times out
		err := f.Send(b, func(err error) {
			select {
			case failed <- err:
			default:
			}
		})
		full = full || errors.Is(err, transport.ErrQueueFull)
		return errors.Is(err, transport.ErrNoConnection)
	})
	if !full {
		t.Error("the queue is not bounded")
	}
	if err := come(t, "the end of the connection", failed); err == nil {
		t.Error("no reason")
	}
	waitFor(t, func() bool { return l.Stats().Connections == 0 })
}

// Over budget a stream waits instead of losing messages.
func TestTCPBudget(t *testing.T) {
	l, _, to := tcpLayer(t, newEcho(t), transport.Config{Budget: transport.Budget{Rate: 200, Burst: 10}})
	defer l.Close()
	p := dial(t, to)
	defer p.Close()
	start := time.Now()
	p.send(strings.Repeat(tcpRequest("1", ""), 60))
	for range 60 {
		p.response()
	}
	if d := time.Since(start); d < 200*time.Millisecond {
		t.Errorf("60 messages at 200/s took %s", d)
	}
}

// Nothing a peer does shows in sipgo's log.
func TestTCPIsQuiet(t *testing.T) {
	var log bytes.Buffer
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(old)
	l, _, to := tcpLayer(t, newEcho(t), transport.Config{MessageTimeout: 50 * time.Millisecond})
	for _, s := range []string{"\x16\x03\x01", "INVITE", "secret\r\n\r\n", "", tcpRequest("1", "")} {
		p := dial(t, to)
		p.send(s)
		if s == "" {
			_ = p.Conn.(*net.TCPConn).SetLinger(0) // reset
		} else if s[0] == 'M' {
			p.response()
		} else {
			p.closed()
		}
		p.Close()
	}
	waitFor(t, func() bool { return l.Stats().Connections == 0 })
	l.Close()
	if log.Len() > 0 {
		t.Errorf("log:\n%s", log.String())
	}
}

// After Close nothing is left running, whatever was open.
func TestTCPCloseLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 20 {
		far, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l, i, to := tcpLayer(t, newEcho(t), transport.Config{})
		a, b := dial(t, to), dial(t, to)
		a.send(tcpRequest("1", ""))
		a.response()
		b.send("half a mess")
		f, err := l.Flow(i, transport.TCP, netip.MustParseAddrPort(far.Addr().String()))
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Send([]byte(tcpRequest("2", "")), nil); err != nil {
			t.Fatal(err)
		}
		l.Close()
		if n := l.Stats().Connections; n != 0 {
			t.Errorf("%d connections are left", n)
		}
		if err := f.Send(nil, nil); !errors.Is(err, transport.ErrNoConnection) {
			t.Errorf("after Close: %v", err)
		}
		a.Close()
		b.Close()
		far.Close()
	}
	waitFor(t, func() bool { return runtime.NumGoroutine() <= before })
}
