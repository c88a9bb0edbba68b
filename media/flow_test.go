package media_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pion/sdp/v3"
	"golang.org/x/tools/txtar"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/media/mediatest"
)

var update = flag.Bool("update", false, "rewrite what the cases in testdata/sdp expect")

// TestSDP runs the cases of testdata/sdp. A case is what a session hears and what
// it must say, step by step:
//
//	-- policy --         optional: interface_a = "v6", symmetric_a = false, …
//	-- offer a --        an SDP heard from A
//	-- to b --           what B gets: an SDP, or "error: …"
//	-- answer b --
//	-- to a --
//	-- rollback --, -- confirm --
//	-- state --          hold, codec and what the engine was told
func TestSDP(t *testing.T) {
	files, err := filepath.Glob("testdata/sdp/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { runCase(t, file) })
	}
}

func runCase(t *testing.T, file string) {
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	anchor, engine := newAnchor(t)
	defer anchor.Close()
	policy := media.DefaultPolicy()
	if len(ar.Files) > 0 && ar.Files[0].Name == "policy" {
		setPolicy(t, &policy, string(ar.Files[0].Data))
	}
	s, err := anchor.Open(policy, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	said := "nothing"
	for i := range ar.Files {
		f := &ar.Files[i]
		verb, arg, _ := strings.Cut(f.Name, " ")
		side := media.A
		if arg == "b" {
			side = media.B
		}
		switch verb {
		case "policy":
			continue
		case "offer":
			said = text(t, s.Offer, side, f.Data)
			continue
		case "answer":
			said = text(t, s.Answer, side, f.Data)
			continue
		case "rollback":
			s.Rollback()
			continue
		case "confirm":
			s.Confirm()
			continue
		case "state":
			said = state(s, engine)
		case "to":
		default:
			t.Fatalf("unknown step %q", f.Name)
		}
		if *update {
			f.Data = []byte(said)
		} else if got, want := said, string(f.Data); got != want {
			t.Errorf("%s: step %d, %s:\n%s\nwant:\n%s", file, i, f.Name, got, want)
		}
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// newAnchor makes an anchor of three interfaces without sockets.
func newAnchor(t *testing.T) (*media.Anchor, *mediatest.Engine) {
	t.Helper()
	e := &mediatest.Engine{}
	a, err := media.New(media.Config{Engine: e, Sequential: true, Interfaces: []media.Interface{
		{Name: "public", Addr: netip.MustParseAddr("192.0.2.1"), PortMin: 20000, PortMax: 20099},
		{Name: "private", Addr: netip.MustParseAddr("10.0.0.1"), Advertise: netip.MustParseAddr("198.51.100.1"), PortMin: 30000, PortMax: 30099},
		{Name: "v6", Addr: netip.MustParseAddr("2001:db8::1"), PortMin: 40000, PortMax: 40099},
		{Name: "tight", Addr: netip.MustParseAddr("192.0.2.2"), PortMin: 50000, PortMax: 50001},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return a, e
}

func setPolicy(t *testing.T, p *media.Policy, lines string) {
	for line := range strings.Lines(lines) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " = ")
		switch key {
		case "interface_a":
			p.InterfaceA = value
		case "interface_b":
			p.InterfaceB = value
		case "symmetric_a":
			p.SymmetricA = value == "true"
		default:
			t.Fatalf("unknown policy %q", line)
		}
	}
}

// text runs one step and returns the SDP with plain line ends, or the error. What
// is printed must be strict: pion/sdp reads it if it knows the media types at all.
func text(t *testing.T, step func(media.Side, []byte) ([]byte, error), side media.Side, in []byte) string {
	in = bytes.ReplaceAll(in, []byte("\n"), []byte("\r\n"))
	out, err := step(side, in)
	if err != nil {
		return fmt.Sprintf("error: %v\n", err)
	}
	var d sdp.SessionDescription
	if err := d.Unmarshal(out); err != nil && !bytes.Contains(out, []byte("m=image")) {
		t.Errorf("a strict parser refuses it: %v\n%s", err, out)
	}
	return strings.ReplaceAll(string(out), "\r\n", "\n")
}

// state writes down what a session and the engine hold.
func state(s *media.Session, e *mediatest.Engine) string {
	var b strings.Builder
	fmt.Fprintf(&b, "hold %v %v\ncodec %q %q\nports %d\n", s.Hold(media.A), s.Hold(media.B),
		s.Codec(media.A), s.Codec(media.B), e.Bound())
	for _, port := range []uint16{20000, 20002, 20004} {
		f, side, ok := e.Flow(netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), port))
		if !ok || side != media.A {
			continue
		}
		fmt.Fprintf(&b, "%d kind=%d mux=%v", port, f.Kind, f.Mux)
		for side, r := range f.Remote {
			fmt.Fprintf(&b, " %v=%v,%v", media.Side(side), r.RTP, r.RTCP)
			if r.Mute {
				b.WriteString(",mute")
			}
			if r.Quiet {
				b.WriteString(",quiet")
			}
			for _, f := range r.Formats {
				fmt.Fprintf(&b, " %d", f.Type)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestErrors(t *testing.T) {
	long := "v=0\r\ns=-\r\nc=IN IP4 192.0.2.9\r\n" + strings.Repeat("a=x\r\n", 7000)
	many := "v=0\r\ns=-\r\nc=IN IP4 192.0.2.9\r\n" + strings.Repeat("m=audio 4000 RTP/AVP 0\r\n", 17)
	lines := "v=0\r\ns=-\r\nc=IN IP4 192.0.2.9\r\n" + strings.Repeat("a=x\r\n", 1025)
	head := "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
	for name, body := range map[string]string{
		"empty":              "",
		"blank":              "\r\n\r\n",
		"not SDP":            "hello",
		"version 1":          "v=1\r\n",
		"no v":               "o=- 1 1 IN IP4 192.0.2.9\r\n",
		"no equals sign":     head + "rubbish\r\n",
		"NUL inside":         head + "a=x\x00y\r\n",
		"too long":           long,
		"too many lines":     lines,
		"too many streams":   many,
		"port too large":     head + "m=audio 65536 RTP/AVP 0\r\n",
		"port negative":      head + "m=audio -1 RTP/AVP 0\r\n",
		"port missing":       head + "m=audio\r\n",
		"no format":          head + "m=audio 4000 RTP/AVP\r\n",
		"no c":               "v=0\r\nm=audio 4000 RTP/AVP 0\r\n",
		"bad c":              "v=0\r\nc=IN IP4\r\nm=audio 4000 RTP/AVP 0\r\n",
		"bad network":        "v=0\r\nc=ATM NSAP 47\r\nm=audio 4000 RTP/AVP 0\r\n",
		"bad address":        "v=0\r\nc=IN IP6 2001:::1\r\nm=audio 4000 RTP/AVP 0\r\n",
		"multicast":          "v=0\r\nc=IN IP4 224.2.1.1/127\r\nm=audio 4000 RTP/AVP 0\r\n",
		"broadcast":          "v=0\r\nc=IN IP4 255.255.255.255\r\nm=audio 4000 RTP/AVP 0\r\n",
		"multicast RTCP":     head + "m=audio 4000 RTP/AVP 0\r\na=rtcp:4001 IN IP4 224.2.1.1\r\n",
		"bad rtcp attribute": head + "m=audio 4000 RTP/AVP 0\r\na=rtcp:x\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			a, e := newAnchor(t)
			defer a.Close()
			s, _ := a.Open(media.DefaultPolicy(), nil)
			defer s.Close()
			if out, err := s.Offer(media.A, []byte(body)); !errors.Is(err, media.ErrBadSDP) || out != nil {
				t.Errorf("Offer = %q, %v, want ErrBadSDP", out, err)
			}
			if n := e.Bound(); n != 0 {
				t.Errorf("%d ports are held after a refused offer", n)
			}
		})
	}
}

const audio = "v=0\r\no=- 1 1 IN IP4 203.0.113.5\r\ns=-\r\nc=IN IP4 203.0.113.5\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"

func TestState(t *testing.T) {
	a, e := newAnchor(t)
	s, err := a.Open(media.Policy{InterfaceA: "public", InterfaceB: "private"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	must := func(want error, step func(media.Side, []byte) ([]byte, error), side media.Side) {
		t.Helper()
		if _, err := step(side, []byte(audio)); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	must(media.ErrState, s.Answer, media.B) // nothing was offered
	must(nil, s.Offer, media.A)
	must(media.ErrState, s.Offer, media.B)  // glare
	must(media.ErrState, s.Answer, media.A) // own offer
	must(nil, s.Offer, media.A)             // to the next target
	must(nil, s.Answer, media.B)
	must(nil, s.Answer, media.B) // another fork
	s.Confirm()
	must(media.ErrState, s.Answer, media.B)
	s.Close()
	s.Close()
	must(media.ErrClosed, s.Offer, media.A)
	must(media.ErrClosed, s.Answer, media.A)
	if n := e.Bound(); n != 0 {
		t.Errorf("%d ports held after Close", n)
	}
	if _, err := a.Open(media.Policy{InterfaceA: "nowhere"}, nil); !errors.Is(err, media.ErrUnknownInterface) {
		t.Errorf("Open on an unknown interface: %v", err)
	}
	a.Close()
	if _, err := a.Open(media.Policy{}, nil); !errors.Is(err, media.ErrClosed) {
		t.Errorf("Open after Close: %v", err)
	}
}
