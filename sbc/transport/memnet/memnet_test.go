package memnet_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/transport/memnet"
)

const a, b = "192.0.2.1:5060", "192.0.2.2:5060"

// drain returns the first byte of every datagram that comes within a second.
func drain(c *memnet.Conn) (got []byte) {
	for {
		d, _, err := c.Receive(time.Second)
		if err != nil {
			return got
		}
		got = append(got, d[0])
	}
}

func TestDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		from, to := n.Dial(a), n.Dial(b)
		for c := range byte(100) {
			from.Send(string(rune(c)), b)
		}
		from.Send("x", "192.0.2.9:5060")
		var want []byte
		for c := range byte(100) {
			want = append(want, c)
		}
		if got := drain(to); !slices.Equal(got, want) {
			t.Errorf("got %v", got)
		}
		if s := n.Stats(); s.Sent != 101 || s.Unreachable != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestRules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runOnce := func() ([]byte, memnet.Stats) {
			n := memnet.New()
			n.SetRules(memnet.Rules{Seed: 7, Loss: 0.2, Dup: 0.2, Reorder: 0.2, Delay: time.Millisecond})
			from, to := n.Dial(a), n.Dial(b)
			for c := range byte(100) {
				from.Send(string(rune(c)), b)
				time.Sleep(time.Millisecond)
			}
			return drain(to), n.Stats()
		}
		got, s := runOnce()
		if s.Lost == 0 || s.Doubled == 0 || s.HeldBack == 0 || slices.IsSorted(got) || len(got) != 100-s.Lost+s.Doubled {
			t.Errorf("%+v, %v", s, got)
		}
		if again, _ := runOnce(); !slices.Equal(again, got) {
			t.Errorf("another order from the same seed:\n%v\n%v", got, again)
		}
	})
}

func TestSockets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		c := n.Dial(a)
		if _, err := n.Listen(context.Background(), netip.MustParseAddrPort(a)); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("a taken address: %v", err)
		}
		p, q := n.Dial("192.0.2.1:0"), n.Dial("192.0.2.1:0")
		if p.AddrPort() == q.AddrPort() || p.AddrPort().Port() == 0 {
			t.Errorf("%s, %s", p.AddrPort(), q.AddrPort())
		}
		go func() {
			time.Sleep(time.Second)
			c.Close()
		}()
		if _, _, err := c.ReadFromUDPAddrPort(make([]byte, 10)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("read: %v", err)
		}
		if _, err := c.WriteToUDPAddrPort(nil, p.AddrPort()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("write: %v", err)
		}
		if _, err := p.WriteToUDPAddrPort(make([]byte, 65508), q.AddrPort()); !errors.Is(err, syscall.EMSGSIZE) {
			t.Errorf("too large: %v", err)
		}
		if again, err := n.Listen(context.Background(), netip.MustParseAddrPort(a)); err != nil || again.Close() != nil {
			t.Errorf("after Close: %v", err)
		}
	})
}
