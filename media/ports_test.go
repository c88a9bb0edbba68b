package media

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func testPool(t *testing.T, lo, hi uint16, sequential bool) *pool {
	t.Helper()
	p, err := newPool(Interface{Name: "x", Addr: netip.MustParseAddr("192.0.2.1"), PortMin: lo, PortMax: hi}, sequential)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPoolTakesEveryPairOnce(t *testing.T) {
	p := testPool(t, 20001, 20400, false) // begins odd, not a multiple of a word
	seen := map[uint16]bool{}
	for range 199 {
		port := p.take()
		if port < 20002 || port > 20398 || port&1 != 0 || seen[port] {
			t.Fatalf("took %d", port)
		}
		seen[port] = true
	}
	if port := p.take(); port != 0 {
		t.Errorf("took %d from an empty pool", port)
	}
	if s := p.stats(); s.Pairs != 199 || s.Used != 199 {
		t.Errorf("stats = %+v", s)
	}
}

func TestPoolQuarantine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := testPool(t, 20000, 20003, true)
		if a, b := p.take(), p.take(); a != 20000 || b != 20002 {
			t.Fatalf("took %d, %d", a, b)
		}
		p.give(20002)
		time.Sleep(time.Second)
		p.give(20000)
		time.Sleep(time.Second - time.Nanosecond)
		if port := p.take(); port != 0 {
			t.Errorf("took %d out of quarantine", port)
		}
		if s := p.stats(); s.Quarantined != 2 || s.Used != 0 {
			t.Errorf("stats = %+v", s)
		}
		time.Sleep(time.Nanosecond)
		if port := p.take(); port != 20002 {
			t.Errorf("took %d, want 20002", port)
		}
		if port := p.take(); port != 0 {
			t.Errorf("took %d out of quarantine", port)
		}
		if !p.claim(20000) || p.claim(20000) || p.claim(20002) || p.claim(20001) || p.claim(19998) || p.claim(20004) {
			t.Error("a given port is not claimed exactly when it is not in use")
		}
		if s := p.stats(); s.Quarantined != 0 || s.Used != 2 {
			t.Errorf("stats = %+v", s)
		}
	})
}

func TestPoolStartsAnywhere(t *testing.T) {
	seen := map[uint16]bool{}
	for range 50 {
		seen[testPool(t, 20000, 29999, false).take()] = true
	}
	if len(seen) < 40 {
		t.Errorf("50 pools began at %d ports", len(seen))
	}
}

func TestBadInterfaces(t *testing.T) {
	v4, v6 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	for name, list := range map[string][]Interface{
		"none":          nil,
		"no address":    {{Name: "x", PortMin: 1024, PortMax: 2000}},
		"multicast":     {{Name: "x", Addr: netip.MustParseAddr("224.0.0.1"), PortMin: 1024, PortMax: 2000}},
		"zone":          {{Name: "x", Addr: netip.MustParseAddr("fe80::1%eth0"), PortMin: 1024, PortMax: 2000}},
		"family":        {{Name: "x", Addr: v4, Advertise: v6, PortMin: 1024, PortMax: 2000}},
		"wildcard":      {{Name: "x", Addr: netip.IPv4Unspecified(), PortMin: 1024, PortMax: 2000}},
		"no range":      {{Name: "x", Addr: v4}},
		"odd single":    {{Name: "x", Addr: v4, PortMin: 1025, PortMax: 1026}},
		"upside down":   {{Name: "x", Addr: v4, PortMin: 2000, PortMax: 1024}},
		"the last port": {{Name: "x", Addr: v4, PortMin: 65535, PortMax: 65535}},
		"same name":     {{Name: "x", Addr: v4, PortMin: 1024, PortMax: 2000}, {Name: "x", Addr: v6, PortMin: 1024, PortMax: 2000}},
	} {
		if a, err := New(Config{Interfaces: list, Engine: nothing{}}); err == nil {
			a.Close()
			t.Errorf("%s: accepted", name)
		} else if len(list) > 0 && !strings.Contains(err.Error(), " x") {
			t.Errorf("%s: %v does not name the interface", name, err)
		}
	}
}

func TestExhaustion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, err := New(Config{Engine: nothing{}, Interfaces: []Interface{{Name: "x", Addr: netip.MustParseAddr("192.0.2.1"), PortMin: 20000, PortMax: 20007}}})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		offer := func() (*Session, error) {
			s, err := a.Open(DefaultPolicy(), nil)
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Offer(A, []byte(phoneSDP))
			return s, err
		}
		one, _ := offer()
		if _, err := offer(); err != nil {
			t.Fatal(err)
		}
		three, err := offer()
		if !errors.Is(err, ErrNoPorts) {
			t.Errorf("a third call with four pairs: %v, want ErrNoPorts", err)
		}
		one.Close()
		if _, err := three.Offer(A, []byte(phoneSDP)); !errors.Is(err, ErrNoPorts) {
			t.Errorf("ports in quarantine were taken: %v", err)
		}
		time.Sleep(defaultQuarantine)
		if _, err := three.Offer(A, []byte(phoneSDP)); err != nil {
			t.Errorf("after the quarantine: %v", err)
		}
	})
}
