package media_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pion/sdp/v3"
	"golang.org/x/tools/txtar"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/media/mediatest"
)

// FuzzOffer offers any bytes and answers them with any others. What comes out must
// be ours: strict where the input was, with our addresses, and as many streams as
// were offered. A snapshot of any session must be restorable.
func FuzzOffer(f *testing.F) {
	files, _ := filepath.Glob("testdata/sdp/*.txtar")
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		var bodies [][]byte
		for _, part := range ar.Files {
			if strings.HasPrefix(part.Name, "offer") || strings.HasPrefix(part.Name, "answer") {
				bodies = append(bodies, bytes.ReplaceAll(part.Data, []byte("\n"), []byte("\r\n")))
			}
		}
		for i := 1; i < len(bodies); i++ {
			f.Add(bodies[i-1], bodies[i])
		}
	}
	f.Fuzz(func(t *testing.T, offer, answer []byte) {
		anchor, engine := mediatest.New()
		defer anchor.Close()
		p := media.DefaultPolicy()
		p.InterfaceB = "private"
		s, err := anchor.Open(p, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		strict := true // an answer may repeat what the offer had
		check := func(in, out []byte, err error, addr string) bool {
			if err != nil {
				if !errors.Is(err, media.ErrBadSDP) && !errors.Is(err, media.ErrState) {
					t.Fatalf("error %v", err)
				}
				return false
			}
			judge(t, out, addr)
			var d sdp.SessionDescription
			if strict = strict && d.Unmarshal(in) == nil; strict && d.Unmarshal(out) != nil {
				t.Errorf("a strict parser took\n%q\nand refuses\n%q: %v", in, out, d.Unmarshal(out))
			}
			return true
		}
		out, err := s.Offer(media.A, offer)
		if !check(offer, out, err, "198.51.100.1") {
			return
		}
		back, err := s.Answer(media.B, answer)
		if !check(answer, back, err, "192.0.2.1") {
			return
		}
		if n, m := bytes.Count(out, []byte("\r\nm=")), bytes.Count(back, []byte("\r\nm=")); n != m {
			t.Errorf("%d streams answer %d", m, n)
		}
		written, err := s.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		s.Confirm()
		s.Close()
		if n := engine.Bound(); n != 0 {
			t.Errorf("%d ports held after Close", n)
		}
		again, err := anchor.Restore(written, nil)
		if err != nil {
			t.Fatalf("restore: %v", err)
		}
		if second, err := again.Snapshot(); err != nil || !bytes.Equal(second, written) {
			t.Errorf("snapshot of the restored session differs:\n%s\n%s", written, second)
		}
	})
}

// judge checks a body we printed.
func judge(t *testing.T, out []byte, addr string) {
	t.Helper()
	if !bytes.HasPrefix(out, []byte("v=0\r\no=- ")) || !bytes.HasSuffix(out, []byte("\r\n")) {
		t.Fatalf("printed %q", out)
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(string(out), "\r\n"), "\r\n") {
		if len(line) < 3 || line[1] != '=' || strings.ContainsAny(line, "\r\n\x00") {
			t.Fatalf("printed line %q", line)
		}
		switch {
		case line[0] == 'c' && line != "c=IN IP4 "+addr && line != "c=IN IP4 0.0.0.0",
			strings.HasPrefix(line, "a=candidate"), strings.HasPrefix(line, "a=ice-"):
			t.Fatalf("printed line %q", line)
		}
	}
}

// FuzzRestore restores any bytes.
func FuzzRestore(f *testing.F) {
	anchor, _ := mediatest.New()
	s, err := anchor.Open(media.DefaultPolicy(), nil)
	if err != nil {
		f.Fatal(err)
	}
	for _, step := range []func() ([]byte, error){
		s.Snapshot,
		func() ([]byte, error) { return s.Offer(media.A, []byte(audio)) },
		s.Snapshot,
		func() ([]byte, error) { return s.Answer(media.B, []byte(audio)) },
		s.Snapshot,
	} {
		b, err := step()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	s.Close()
	f.Fuzz(func(t *testing.T, b []byte) {
		anchor, engine := mediatest.New()
		defer anchor.Close()
		s, err := anchor.Restore(b, nil)
		if err != nil {
			if n := engine.Bound(); n != 0 {
				t.Errorf("%d ports held after %v", n, err)
			}
			return
		}
		for _, side := range []media.Side{media.A, media.B} {
			_, _, _ = s.Hold(side), s.Codec(side), s.Stats()
			_, _ = s.Answer(side, []byte(audio))
			_, _ = s.Offer(side, []byte(audio))
			_, _ = s.Answer(side.Other(), []byte(audio))
			s.Confirm()
			s.Rollback()
		}
		s.Close()
		if n := engine.Bound(); n != 0 {
			t.Errorf("%d ports held after Close", n)
		}
	})
}
