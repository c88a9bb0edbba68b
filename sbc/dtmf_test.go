package sbc

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

func TestDigitOf(t *testing.T) {
	for _, c := range []struct {
		name, kind, body string
		want             media.Digit // none: not a digit
	}{
		{"a digit", "application/dtmf-relay", "Signal=5\r\nDuration=160", media.Digit{Key: '5', Duration: 160 * time.Millisecond}},
		{"as some write it", "Application/DTMF-Relay; x=y", "signal= #\nduration = 250 \n", media.Digit{Key: '#', Duration: 250 * time.Millisecond}},
		{"the other order", "application/dtmf-relay", "Duration=100\r\nSignal=b\r\n", media.Digit{Key: 'B', Duration: 100 * time.Millisecond}},
		{"no duration", "application/dtmf-relay", "Signal=*\r\n", media.Digit{Key: '*'}},
		{"a duration beyond all tones", "application/dtmf-relay", "Signal=1\r\nDuration=65536\r\n", media.Digit{Key: '1'}},
		{"a number behind 9", "application/dtmf-relay", "Signal=11\r\nDuration=1\r\n", media.Digit{Key: '#', Duration: time.Millisecond}},
		{"a flash", "application/dtmf-relay", "Signal=16\r\n", media.Digit{Key: '!'}},
		{"the digit alone", "application/dtmf", " 7\r\n", media.Digit{Key: '7'}},
		{"no digit", "application/dtmf-relay", "Signal=17\r\n", media.Digit{}},
		{"two digits", "application/dtmf", "1*", media.Digit{}},
		{"nothing", "application/dtmf-relay", "", media.Digit{}},
		{"a duration alone", "application/dtmf-relay", "Duration=100\r\n", media.Digit{}},
		{"another type", "text/plain", "Signal=5\r\n", media.Digit{}},
	} {
		m := sip.NewRequest("INFO", "sip:bob@example.net")
		m.Add(sip.ContentType, c.kind)
		m.Body = c.body
		if got, ok := digitOf(m); got.Key != c.want.Key || ok != (c.want.Key != 0) || ok && got != c.want {
			t.Errorf("%s: %c %v, %v", c.name, got.Key, got.Duration, ok)
		}
	}
}

// FuzzDigitOf reads any body: what is found is a digit, and one that can be read again.
func FuzzDigitOf(f *testing.F) {
	f.Add("application/dtmf-relay", "Signal=5\r\nDuration=160")
	f.Add("application/dtmf", "*")
	f.Fuzz(func(t *testing.T, kind, body string) {
		m := sip.NewRequest("INFO", "sip:bob@example.net")
		m.Add(sip.ContentType, kind)
		m.Body = body
		d, ok := digitOf(m)
		if !ok {
			return
		}
		if strings.IndexByte(digits, d.Key) < 0 || d.Duration < 0 || d.Duration > time.Minute+6*time.Second {
			t.Errorf("%q is %c for %v", body, d.Key, d.Duration)
		}
		if again, ok := signal(string(rune(d.Key))); !ok || again.Key != d.Key {
			t.Errorf("%c is no signal", d.Key)
		}
	})
}

// A digit that a phone sends to the relay, packets and all, reaches the modules.
func TestDigitFromRTP(t *testing.T) {
	b := newBed(t)
	defer b.close()
	b.anchor.Close()
	pid := os.Getpid()
	host := netip.AddrFrom4([4]byte{127, 128 | byte(pid>>16&63), byte(pid >> 8), byte(pid)}) // nobody else's ports
	var err error
	b.anchor, err = media.New(media.Config{Workers: 1, Interfaces: []media.Interface{
		{Name: "outside", Addr: host, PortMin: 20000, PortMax: 20999},
		{Name: "inside", Addr: host, PortMin: 30000, PortMax: 30999},
	}})
	if err != nil {
		t.Skip(err)
	}
	b.sbc.Attach(b.tr, b.x, b.anchor)
	b.configure("[default]\nmodules = [\"scripted\"]\n[default.routing]\ntargets = [\"sip:bob@198.51.100.11\"]\ninterface = \"inside\"\n" +
		"[default.media]\ndtmf_detection = true\n")
	b.module.script("dtmf5 refuse 403 Five")
	a, callee := b.phone("a"), b.phone("b")
	socket, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(host, 0)))
	if err != nil {
		t.Skip(err)
	}
	defer socket.Close()
	sdp := func(port int) string {
		return fmt.Sprintf("Content-Type: application/sdp\n\nv=0\no=- 1 1 IN IP4 %v\ns=-\nc=IN IP4 %[1]v\nt=0 0\nm=audio %d RTP/AVP 0 101\n"+
			"a=rtpmap:101 telephone-event/8000\n", host, port)
	}
	b.start()
	a.send([]string{"INVITE"}, sdp(socket.LocalAddr().(*net.UDPAddr).Port))
	await(t, callee, "INVITE")
	callee.send([]string{"200"}, sdp(9))
	answer := await(t, a, "200")
	a.send([]string{"ACK"}, "")

	port := regexp.MustCompile(`m=audio (\d+)`).FindStringSubmatch(answer)
	if port == nil {
		t.Fatalf("no port in\n%s", answer)
	}
	to := net.UDPAddrFromAddrPort(netip.MustParseAddrPort(host.String() + ":" + port[1]))
	for i := range byte(3) { // the end of the tone, three times
		if _, err := socket.WriteToUDP([]byte{0x80, 101, 0, i, 0, 0, 0, 80, 0, 0, 0, 7, 5, 0x8a, 0x03, 0x20}, to); err != nil {
			t.Fatal(err)
		}
	}
	await(t, a, "BYE")
	await(t, callee, "BYE")
	a.send([]string{"200", "BYE"}, "")
	callee.send([]string{"200", "BYE"}, "")
	soon, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := b.sbc.Drain(soon); err != nil { // then the log is written
		t.Fatal(err)
	}
	if err := b.sbc.Settle(soon); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(b.module.log, "dtmf  a 5 100ms") {
		t.Errorf("the module was told %q", b.module.log)
	}
}

// await takes messages of p until one has the label.
func await(t *testing.T, p *phone, label string) string {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		for raw, ok := p.next(); ok; raw, ok = p.next() {
			p.learn(raw)
			if l := labelOf(raw); l == label || strings.HasPrefix(l, label+" ") {
				return raw
			}
		}
	}
	t.Fatalf("%s got no %s", p.name, label)
	return ""
}
