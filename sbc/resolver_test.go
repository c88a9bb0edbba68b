package sbc

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestSystemResolver(t *testing.T) {
	if r := New(Options{}).opt.Resolver; r != net.DefaultResolver {
		t.Errorf("without a resolver, %v is asked, want the system's", r)
	}
}

// A look-up that panics costs its call a target, and nobody else anything.
func TestPanicInLookUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t)
		defer b.close()
		b.sbc.opt.Resolver = nil
		b.configure(strings.Replace(calledProfile, "198.51.100.11", "bob.example.net", 1))
		b.phone("a")
		b.start()
		b.phone("a").send([]string{"INVITE"}, "+sdp 6000")
		if got, want := b.got("a"), "100 INVITE\n503 INVITE"; got != want {
			t.Errorf("a got %q, want %q", got, want)
		}
		b.step("a", "ACK", "")
		if st := b.sbc.Stats(); st.Active != 0 || st.Panics != 1 {
			t.Errorf("%+v", st)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
	})
}

// answering is a resolver for the flows.
func answering(t *testing.T, text string) names4 {
	t.Helper()
	r := names4{}
	for line := range strings.Lines(text) {
		w := strings.Fields(line)
		if len(w) != 3 {
			t.Fatalf("line %q: want NAME ADDRESS DELAY", line)
		}
		d, err := time.ParseDuration(w[2])
		if err != nil {
			t.Fatal(err)
		}
		a := answer4{after: d}
		if w[1] != "none" {
			a.addr = netip.MustParseAddr(w[1])
		}
		r[w[0]] = a
	}
	return r
}

// names4 are host names with an IPv4 address each, and none with an SRV record.
type names4 map[string]answer4

type answer4 struct {
	addr  netip.Addr // invalid: there is none
	after time.Duration
}

func (names4) LookupSRV(_ context.Context, _, _, name string) (string, []*net.SRV, error) {
	return "", nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func (r names4) LookupNetIP(ctx context.Context, _, host string) ([]netip.Addr, error) {
	a := r[host]
	select {
	case <-time.After(a.after):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if !a.addr.IsValid() {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return []netip.Addr{a.addr}, nil
}
