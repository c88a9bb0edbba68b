package mediatest_test

import (
	"bytes"
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/media/mediatest"
)

const phone = "v=0\r\no=- 1 1 IN IP4 203.0.113.5\r\ns=-\r\nc=IN IP4 203.0.113.5\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"

var (
	portA = netip.MustParseAddrPort("192.0.2.1:20000")
	portB = netip.MustParseAddrPort("198.51.100.1:20000")
)

func call(t *testing.T, a *media.Anchor, timeout func()) *media.Session {
	t.Helper()
	p := media.DefaultPolicy()
	p.InterfaceA, p.InterfaceB = "public", "private"
	s, err := a.Open(p, timeout)
	if err != nil {
		t.Fatal(err)
	}
	offer, err := s.Offer(media.A, []byte(phone))
	if err != nil || !bytes.Contains(offer, []byte("IN IP4 198.51.100.1\r\nt=0 0\r\nm=audio 20000 ")) {
		t.Fatalf("offer %q, %v", offer, err)
	}
	answer, err := s.Answer(media.B, []byte(phone))
	if err != nil || !bytes.Contains(answer, []byte("IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 20000 ")) {
		t.Fatalf("answer %q, %v", answer, err)
	}
	return s
}

// A call of three hours, on hold for one of them, that then falls silent.
func TestSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, e := mediatest.New()
		defer a.Close()
		e.Silent = true
		var at time.Time
		begin := time.Now()
		s := call(t, a, func() { at = time.Now() })
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		if !at.IsZero() {
			t.Error("timed out before Confirm without a packet")
		}
		s.Confirm()
		hold := bytes.Replace([]byte(phone), []byte("RTP/AVP 0\r\n"), []byte("RTP/AVP 0\r\na=sendonly\r\n"), 1)
		for _, body := range [][]byte{hold, []byte(phone)} {
			if _, err := s.Offer(media.A, body); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Answer(media.B, []byte(phone)); err != nil {
				t.Fatal(err)
			}
			s.Confirm()
			if bytes.Equal(body, hold) {
				time.Sleep(time.Hour)
				synctest.Wait()
				if !at.IsZero() {
					t.Error("timed out on hold")
				}
			}
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if want := begin.Add(4*time.Hour + 60*time.Second); !at.Equal(want) {
			t.Errorf("timed out at %v, want %v", at, want)
		}
		s.Close()
	})
}

func TestPlay(t *testing.T) {
	a, e := mediatest.New()
	defer a.Close()
	expired := 0
	s := call(t, a, func() { expired++ })
	if !e.Play(portA, media.Direction{Packets: 50, Jitter: time.Millisecond}) || !e.Play(portB, media.Direction{Packets: 40, Lost: 2}) {
		t.Error("no session has the ports")
	}
	if st := s.Stats(); st.A.Packets != 50 || st.A.Jitter != time.Millisecond || st.B.Lost != 2 {
		t.Errorf("stats = %+v", st)
	}
	if f, side, ok := e.Flow(portB); !ok || side != media.B || f.Kind != media.RTP || f.Remote[media.A].RTP.Port() != 4000 {
		t.Errorf("flow = %+v, %v, %v", f, side, ok)
	}
	if !e.Expire(portA) || e.Expire(portA) || expired != 1 {
		t.Errorf("expired %d times", expired)
	}
	s.Close()
	if e.Bound() != 0 || e.Play(portA, media.Direction{}) || e.Expire(portA) {
		t.Error("something is left after Close")
	}
}

func TestTake(t *testing.T) {
	a, e := mediatest.New()
	defer a.Close()
	for port := uint16(20000); port < 20100; port += 2 {
		e.Take(netip.AddrPortFrom(portB.Addr(), port))
	}
	p := media.DefaultPolicy()
	p.InterfaceB = "private"
	s, err := a.Open(p, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Offer(media.A, []byte(phone)); !errors.Is(err, media.ErrNoPorts) {
		t.Errorf("Offer: %v, want ErrNoPorts", err)
	}
	if n := e.Bound(); n != 0 {
		t.Errorf("%d ports held", n)
	}
}
