package media_test

import (
	"bytes"
	"errors"
	"net/netip"
	"os"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/sallyport-sbc/sallyport/media"
)

// TestShape runs testdata/shape.txtar: a "shape", the description that comes "in", unless
// it is the one before, and what goes "out".
func TestShape(t *testing.T) {
	const file = "testdata/shape.txtar"
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var shape *media.Shape
	var name string
	var in []byte
	for i := range ar.Files {
		f := &ar.Files[i]
		verb, arg, _ := strings.Cut(f.Name, ": ")
		switch verb {
		case "shape":
			name, shape = arg, parseShape(t, string(f.Data))
		case "in":
			in = bytes.ReplaceAll(f.Data, []byte("\n"), []byte("\r\n"))
		case "out":
			out, err := shape.Apply(in, netip.MustParseAddr("192.0.2.1"))
			got := strings.ReplaceAll(string(out), "\r\n", "\n")
			if err != nil {
				got = "error: " + err.Error() + "\n"
			}
			if *update {
				f.Data = []byte(got)
			} else if got != string(f.Data) {
				t.Errorf("%s: got\n%s\nwant\n%s", name, got, f.Data)
			}
		default:
			t.Fatalf("what is %q?", f.Name)
		}
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// parseShape reads lines "codecs.allow = a b"; several of a filter are stacked.
func parseShape(t testing.TB, lines string) *media.Shape {
	sh := &media.Shape{}
	for line := range strings.Lines(lines) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " = ")
		list := strings.Fields(value)
		what, verb, _ := strings.Cut(key, ".")
		f := map[string]*media.Filter{"media": &sh.Media, "codecs": &sh.Codecs, "attributes": &sh.Attributes}[what]
		switch {
		case key == "prefer":
			sh.Prefer = list
		case key == "anonymize":
			sh.Anonymize = true
		case f != nil && verb == "allow":
			f.Allow = append(f.Allow, list)
		case f != nil && verb == "deny":
			f.Deny = append(f.Deny, list...)
		default:
			t.Fatalf("unknown shape %q", line)
		}
	}
	return sh
}

// A session shapes what each side is sent, and gives no ports to what it refuses.
func TestShapedSession(t *testing.T) {
	a, e := newAnchor(t)
	defer a.Close()
	p := media.DefaultPolicy()
	p.InterfaceA, p.InterfaceB = "public", "private"
	p.Shape[media.B] = parseShape(t, "media.deny = video\ncodecs.deny = G729\n")
	p.Shape[media.A] = parseShape(t, "codecs.allow = PCMU\n")
	s, err := a.Open(p, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	head := "v=0\r\no=- 1 1 IN IP4 203.0.113.5\r\ns=-\r\nc=IN IP4 203.0.113.5\r\nt=0 0\r\n"
	toB, err := s.Offer(media.A, []byte(head+"m=video 4002 RTP/AVP 31\r\nm=audio 4000 RTP/AVP 18 8 0\r\n"))
	if err != nil || !strings.HasSuffix(string(toB), "m=video 0 RTP/AVP 31\r\nm=audio 30000 RTP/AVP 8 0\r\n") {
		t.Fatalf("B is offered %q, %v", toB, err)
	}
	if n := e.Bound(); n != 2 {
		t.Errorf("%d ports are bound, want those of audio", n)
	}
	answer := head + "m=video 0 RTP/AVP 31\r\nm=audio 5000 RTP/AVP "
	if _, err := s.Answer(media.B, []byte(answer+"8\r\n")); !errors.Is(err, media.ErrNoCommonCodec) {
		t.Errorf("an answer without a codec for A: %v", err)
	}
	toA, err := s.Answer(media.B, []byte(answer+"8 0\r\n"))
	if err != nil || !strings.HasSuffix(string(toA), "m=video 0 RTP/AVP 31\r\nm=audio 20000 RTP/AVP 0\r\n") {
		t.Errorf("A is answered %q, %v", toA, err)
	}
	if got := s.Codec(media.A); got != "PCMU/8000" {
		t.Errorf("the codec is %q", got)
	}
}

// A side becomes symmetric when its answer is taken.
func TestSetSymmetric(t *testing.T) {
	a, e := newAnchor(t)
	defer a.Close()
	s, err := a.Open(media.Policy{InterfaceA: "public", InterfaceB: "private"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.SetSymmetric(media.B, true)
	if _, err := s.Offer(media.A, []byte(audio)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Answer(media.B, []byte(audio)); err != nil {
		t.Fatal(err)
	}
	f, side, ok := e.Flow(netip.MustParseAddrPort("192.0.2.1:20000"))
	if !ok || side != media.A || f.Remote[media.A].Symmetric || !f.Remote[media.B].Symmetric {
		t.Errorf("flow %+v", f)
	}
}

// FuzzShape: what was shaped can be read again, and shaping it once more changes nothing.
func FuzzShape(f *testing.F) {
	ar, err := txtar.ParseFile("testdata/shape.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range ar.Files {
		if file.Name == "in" {
			f.Add(file.Data)
		}
	}
	shape := parseShape(f, "media.deny = video\ncodecs.deny = PCMA\nprefer = G722 PCMU\nattributes.deny = tool\nanonymize = yes\n")
	own := netip.MustParseAddr("192.0.2.1")
	f.Fuzz(func(t *testing.T, in []byte) {
		once, err := shape.Apply(in, own)
		if err != nil {
			return
		}
		if err := media.Check(once); err != nil {
			t.Fatalf("%q became %q: %v", in, once, err)
		}
		twice, err := shape.Apply(once, own)
		if errors.Is(err, media.ErrNoCommonCodec) || errors.Is(err, media.ErrBadSDP) || !bytes.Equal(once, twice) {
			t.Fatalf("%q became %q, then %q: %v", in, once, twice, err)
		}
	})
}
