package transaction

import (
	"testing"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// anyone is a user that answers at random, and reads what a leg would read.
type anyone struct{ callee }

func (u *anyone) Request(t *Server, m *sip.Message, f transport.Flow) {
	if t == nil {
		return
	}
	switch len(m.Header(sip.CallID)) % 4 {
	case 0:
		_ = t.Respond(sip.NewResponse(m, 180, "", t.Tag()))
	case 1:
		_ = t.Respond(sip.NewResponse(m, 200, "", t.Tag()))
		t.Acknowledge()
	case 2:
		_ = t.Respond(sip.NewResponse(m, 486, "", ""))
	case 3:
		t.Drop()
	}
}

// Whatever comes, several times over, as datagrams: nothing panics, the layer answers with
// what can be parsed, and holds no more transactions than requests came.
func FuzzReceive(f *testing.F) {
	for _, method := range []string{"INVITE", "ACK", "CANCEL", "BYE", "INFO"} {
		f.Add(requestText(method, 1), requestText("CANCEL", 1))
	}
	f.Add([]byte("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK\r\nFrom: a\r\nTo: b\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n"), []byte("x"))
	f.Add([]byte("INVITE a: SIP/2.0\r\nv:SIP/2.0/UDP a\r\nf:sip:a\r\nt:sip:b\r\ni:1\r\nCSeq:1 INVITE\r\n\r\n"), []byte{})
	l, flow, closeAll := isolated(f)
	defer closeAll()
	l.user = &anyone{}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		for _, b := range [][]byte{first, second, first, second, first} {
			if len(b) <= 65535 {
				receive(l, flow, b)
			}
		}
		if s := l.Stats(); s.ServersOpen > 2 {
			t.Fatalf("%+v", s)
		}
		forgetAll(l)
		for i := range l.shards {
			if !l.shards[i].wheel.empty() || len(l.copies[i].first) != 0 {
				t.Fatalf("shard %d holds on to something", i)
			}
		}
	})
}

// What is derived from an INVITE is always a request that can be parsed.
func FuzzDerive(f *testing.F) {
	f.Add(requestText("INVITE", 1), "<sip:b>;tag=1")
	f.Fuzz(func(t *testing.T, b []byte, to string) {
		m, err := sip.Parse(b)
		if err != nil || m.Method != "INVITE" || m.Validate() != nil || !sip.ValidHeaderValue(to) {
			return
		}
		kept := m.Append(nil)
		for _, method := range []string{"ACK", "CANCEL"} {
			d := appendDerived(nil, kept, method, to, "")
			got, err := sip.Parse(d)
			if err != nil || got.Method != method || got.RURI != m.RURI || got.Header(sip.CallID) != m.Header(sip.CallID) {
				t.Fatalf("%v:\n%q\nfrom\n%q", err, d, kept)
			}
			n, _ := m.CSeqNumber()
			if k, ok := got.CSeqNumber(); !ok || k != n {
				t.Fatalf("CSeq %d, want %d", k, n)
			}
		}
	})
}
