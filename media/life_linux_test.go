package media

import (
	"bytes"
	"errors"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// After Close nothing is left: no goroutine, no descriptor, no port.
func TestLeaks(t *testing.T) {
	descriptors := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	host := localhost()
	body := newPhone(t, host).sdp("m=video 4002 RTP/AVP 34\r\n")
	files, routines := descriptors(), runtime.NumGoroutine()
	a, err := New(Config{Interfaces: []Interface{{Name: "x", Addr: host, PortMin: 32000, PortMax: 33999}}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		s, err := a.Open(DefaultPolicy(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Offer(A, body); err != nil {
			t.Fatal(err)
		}
		switch i % 4 {
		case 0: // left to the anchor
		case 1:
			s.Rollback()
		default:
			if _, err := s.Answer(B, body); err != nil {
				t.Fatal(err)
			}
			s.Close()
		}
	}
	a.Close()
	a.Close()
	if n := descriptors(); n != files {
		t.Errorf("%d descriptors, before %d", n, files)
	}
	for end := time.Now().Add(patience); runtime.NumGoroutine() > routines && time.Now().Before(end); {
		runtime.Gosched()
	}
	if n := runtime.NumGoroutine(); n > routines {
		t.Errorf("%d goroutines, before %d", n, routines)
	}
	if st := a.Stats(); st.Sessions != 0 || st.Interfaces[0].Used != 0 {
		t.Errorf("stats = %+v", st)
	}
}

// A session restored on another anchor relays on the same ports, for the same
// sources only, and goes on counting.
func TestRestore(t *testing.T) {
	one := newReal(t, Config{Workers: 1})
	c := newCall(t, one, DefaultPolicy(), "", nil)
	behind := newPhone(t, one.first.Addr)
	for seq := range uint16(learnPackets) {
		say(t, behind.rtp, c.toA, packet(0, 1, seq))
	}
	hear(t, c.b.rtp)
	written, err := c.s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	one.Close()
	two := newReal(t, Config{Workers: 1})
	s, err := two.Restore(written, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.s = s
	s.flush()
	say(t, c.b.rtp, c.toB, packet(0, 2, 1)) // the way to A is known before A speaks
	hear(t, behind.rtp)
	c.a = behind
	say(t, behind.rtp, c.toA, packet(0, 1, learnPackets))
	hear(t, c.b.rtp)
	if d := s.Stats().A; d.Packets != 2 || d.Learning != learnPackets-1 || d.Source != addrPort(behind.rtp) {
		t.Errorf("stats = %+v", d)
	}
	if _, err := two.Restore(written, nil); !errors.Is(err, ErrNoPorts) {
		t.Errorf("restored twice: %v", err)
	}
	var used int
	for _, i := range two.Stats().Interfaces {
		used += i.Used
	}
	if used != 2 {
		t.Errorf("%d pairs in use, want 2", used)
	}
	out, err := s.Offer(A, c.a.sdp("a=sendonly\r\n"))
	if err != nil || named(t, two.first.Addr, out) != c.toB || !bytes.Contains(out, []byte(" 2 IN IP4")) {
		t.Errorf("re-offer after Restore: %q, %v", out, err)
	}
}

func TestManyFiles(t *testing.T) {
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	low := before
	low.Cur = 64
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
		t.Skip(err)
	}
	defer unix.Setrlimit(unix.RLIMIT_NOFILE, &before)
	a := newReal(t, Config{Workers: 1})
	body := []byte("v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 0\r\n")
	var err error
	for range 100 {
		var s *Session
		if s, err = a.Open(Policy{InterfaceA: "a", InterfaceB: "b"}, nil); err != nil {
			t.Fatal(err)
		}
		if _, err = s.Offer(A, body); err != nil {
			break
		}
	}
	if !errors.Is(err, ErrNoPorts) || !errors.Is(err, unix.EMFILE) {
		t.Errorf("out of descriptors: %v", err)
	}
}
