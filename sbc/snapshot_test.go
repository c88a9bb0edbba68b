package sbc

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sallyport-sbc/sallyport/media"
)

const plainProfile = `
[default]
modules = ["scripted"]
[default.routing]
targets = ["sip:bob@198.51.100.11"]
interface = "inside"
[default.media]
relay = false
`

// talk sets up a call between a and b and returns it.
func talk(t *testing.T, b *bed, extra string) *call {
	a, callee := b.phone("a"), b.phone("b")
	b.start()
	a.send([]string{"INVITE"}, "+sdp 6000")
	synctest.Wait()
	learnAll(a)
	learnAll(callee)
	callee.send([]string{"200"}, extra+"+sdp 7000")
	synctest.Wait()
	learnAll(a)
	learnAll(callee)
	a.send([]string{"ACK"}, "")
	synctest.Wait()
	var c *call
	b.sbc.legs.each(func(l *leg) {
		if l.side == media.A {
			c = l.call
		}
	})
	if c == nil || c.state != up {
		t.Fatal("no call came up")
	}
	return c
}

func learnAll(p *phone) {
	for _, m := range p.take() {
		p.learn(m)
	}
}

// TestLegSnapshot writes both legs of a call down, rebuilds them in another SBC on the
// same addresses, and lets the phones go on as if nothing had happened.
func TestLegSnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t)
		b.configure(plainProfile)
		c := talk(t, b, "Record-Route: <sip:198.51.100.11;lr>\n")
		sa, err := c.a.snapshot()
		if err != nil {
			t.Fatal(err)
		}
		sb, err := c.b.snapshot()
		if err != nil {
			t.Fatal(err)
		}
		seqB := c.b.localSeq
		b.tr.Close()
		b.x.Close()

		b2 := newBedOn(t, b.net)
		defer b2.close()
		b2.phones = b.phones
		b2.configure(plainProfile)
		b2.start()
		n := &call{sbc: b2.sbc, id: c.id, snap: b2.sbc.snapshot.Load(), state: up, answer: c.answer}
		la, err := n.restore(sa)
		if err != nil {
			t.Fatal(err)
		}
		n.a = *la
		if n.b, err = n.restore(sb); err != nil {
			t.Fatal(err)
		}
		b2.sbc.active.Add(1)
		b2.sbc.legs.add(&n.a)
		b2.sbc.legs.add(n.b)

		a, callee := b.phone("a"), b.phone("b")
		a.send([]string{"INFO"}, "Content-Type: text/plain\n\nhello")
		synctest.Wait()
		m, ok := callee.next()
		if !ok || !strings.HasPrefix(m, "INFO sip:b@198.51.100.11:5060 ") || !strings.Contains(m, "Route: <sip:198.51.100.11;lr>") {
			t.Fatalf("INFO did not cross as in the first SBC: %q", m)
		}
		callee.learn(m)
		if seq, _ := callee.got["INFO"].CSeqNumber(); seq != seqB+1 {
			t.Errorf("CSeq %d, want %d", seq, seqB+1)
		}
		callee.send([]string{"200", "INFO"}, "")
		synctest.Wait()
		if m, ok := a.next(); !ok || labelOf(m) != "200 INFO" {
			t.Fatalf("a got %q", m)
		}
		callee.send([]string{"BYE"}, "")
		synctest.Wait()
		if m, ok := callee.next(); !ok || labelOf(m) != "200 BYE" {
			t.Fatalf("b got %q", m)
		}
		if m, ok := a.next(); !ok || labelOf(m) != "BYE" {
			t.Fatalf("a got %q", m)
		}
		if n := b2.sbc.Stats().Active; n != 0 {
			t.Errorf("%d calls active", n)
		}
	})
}

func TestRestoreRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t)
		defer b.close()
		b.configure(plainProfile)
		c := talk(t, b, "")
		good, err := c.a.snapshot()
		if err != nil {
			t.Fatal(err)
		}
		edit := func(old, new string) []byte { return []byte(strings.Replace(string(good), old, new, 1)) }
		for name, bytes := range map[string][]byte{
			"nothing":           nil,
			"another version":   append([]byte{99}, good[1:]...),
			"torn":              good[:len(good)/2],
			"unknown interface": edit(`"outside"`, `"elsewhere"`),
			"no address":        edit(`"peer":"192.0.2.10:5060"`, `"peer":"nowhere"`),
			"no target":         edit(`"target":"sip:`, `"target":"`),
			"line break":        edit(`phone-a`, `phone\r\nEvil: x`),
		} {
			if _, err := c.restore(bytes); !errors.Is(err, ErrBadSnapshot) {
				t.Errorf("%s: restore = %v, want ErrBadSnapshot", name, err)
			}
		}
		c.a.state = legCalling
		if _, err := c.a.snapshot(); !errors.Is(err, ErrBadSnapshot) {
			t.Errorf("snapshot of a dialog that is not confirmed: %v", err)
		}
	})
}

func FuzzRestore(f *testing.F) {
	f.Add([]byte("\x01{\"side\":0,\"local_tag\":\"t\",\"call_id\":\"c\",\"target\":\"sip:a@192.0.2.1\",\"interface\":\"outside\",\"proto\":\"UDP\",\"peer\":\"192.0.2.10:5060\"}"))
	f.Add([]byte{1})
	b := newBed(f)
	f.Cleanup(b.close)
	f.Fuzz(func(t *testing.T, snapshot []byte) {
		c := &call{sbc: b.sbc}
		l, err := c.restore(snapshot)
		if err != nil {
			return
		}
		again, err := l.snapshot()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.restore(again); err != nil {
			t.Fatalf("its own snapshot is refused: %v", err)
		}
		l.build("BYE", 1).Append(nil)
	})
}

// TestPanicEndsOneCall breaks one call from inside: its legs get a BYE, and nobody else
// notices.
func TestPanicEndsOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t)
		defer b.close()
		b.configure(plainProfile)
		c := talk(t, b, "")
		c.post(event{kind: evResponse, leg: c.b}) // a response without a message: nil dereference
		synctest.Wait()
		for _, name := range []string{"a", "b"} {
			p := b.phone(name)
			m, ok := p.next()
			if !ok || labelOf(m) != "BYE" {
				t.Fatalf("%s got %q, want BYE", name, m)
			}
			p.learn(m)
			p.send([]string{"200", "BYE"}, "")
		}
		synctest.Wait()
		if st := b.sbc.Stats(); st.Panics != 1 || st.Active != 0 {
			t.Errorf("stats %+v, want one panic and no call", st)
		}
		a := b.phone("a")
		a.to, a.callID, a.ruri = "<sip:bob@example.net>", "another@a", "sip:bob@192.0.2.1"
		if c := talk(t, b, ""); c.state != up {
			t.Error("the next call did not come up")
		}
	})
}
