package transaction

import (
	"bytes"
	"testing"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// BenchmarkParse is what the others have beside transactions.
func BenchmarkParse(b *testing.B) {
	text := requestText("INVITE", 1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sip.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

// template is a message whose eight digits change from turn to turn, so that building it
// costs nothing.
type template struct {
	text []byte
	at   []int
}

func newTemplate(text []byte) *template {
	t := &template{text: text}
	for i := 0; ; {
		n := bytes.Index(text[i:], []byte("00000000"))
		if n < 0 {
			return t
		}
		t.at = append(t.at, i+n)
		i += n + 8
	}
}

func (t *template) number(n int) []byte {
	var d [8]byte
	for i := 7; i >= 0; i-- {
		d[i] = byte('0' + n%10)
		n /= 10
	}
	for _, at := range t.at {
		copy(t.text[at:], d[:])
	}
	return t.text
}

func numbered(method string) *template {
	text := bytes.ReplaceAll(requestText(method, 1), []byte("z9hG4bK-1-"), []byte("z9hG4bK-00000000-"))
	return newTemplate(bytes.ReplaceAll(text, []byte("Call-ID: 1@"), []byte("Call-ID: 00000000@")))
}

// BenchmarkServerInvite is an INVITE, its 200, and its ACK. Four of the allocations are two
// parsed messages, two are the user's response.
func BenchmarkServerInvite(b *testing.B) {
	l, f, closeAll := isolated(b)
	defer closeAll()
	invite, ack := numbered("INVITE"), numbered("ACK")
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		receive(l, f, invite.number(n))
		receive(l, f, ack.number(n))
		if n%4096 == 0 {
			b.StopTimer()
			forgetAll(l)
			b.StartTimer()
		}
	}
}

// BenchmarkServerBye is a BYE and its 200.
func BenchmarkServerBye(b *testing.B) {
	l, f, closeAll := isolated(b)
	defer closeAll()
	bye := numbered("BYE")
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		receive(l, f, bye.number(n))
		if n%4096 == 0 {
			b.StopTimer()
			forgetAll(l)
			b.StartTimer()
		}
	}
}

// BenchmarkClientInvite is an INVITE sent, 100, 180 and 200 received.
func BenchmarkClientInvite(b *testing.B) {
	l, f, closeAll := isolated(b)
	defer closeAll()
	var text [3][]byte
	m := send(l, f, "INVITE")
	for i, status := range []int{100, 180, 200} {
		text[i] = sip.NewResponse(m, status, "", "b1").Append(nil)
	}
	old := []byte(m.Header(sip.Via))
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		m := sip.NewRequest("INVITE", "sip:bob@example.net")
		m.Add(sip.From, "<sip:alice@example.org>;tag=a1")
		m.Add(sip.To, "<sip:bob@example.net>")
		m.Add(sip.CallID, "c")
		m.Add(sip.CSeq, "1 INVITE")
		if _, err := l.Send(m, f, l.user.(ClientUser), SendOptions{}); err != nil {
			b.Fatal(err)
		}
		via := m.Header(sip.Via)
		for i := range text {
			at := bytes.Index(text[i], old)
			copy(text[i][at:], via)
			receive(l, f, text[i])
		}
		copy(old, via)
		if n%4096 == 0 {
			b.StopTimer()
			if s := l.Stats(); s.Stray != 0 || s.Malformed != 0 {
				b.Fatalf("%+v", s)
			}
			forgetAll(l)
			b.StartTimer()
		}
	}
}

// BenchmarkAbsorb is a retransmitted BYE that is answered from kept bytes.
func BenchmarkAbsorb(b *testing.B) {
	l, f, closeAll := isolated(b)
	defer closeAll()
	m, err := sip.Parse(requestText("BYE", 1))
	if err != nil {
		b.Fatal(err)
	}
	l.Receive(m, nil, f)
	b.ReportAllocs()
	for b.Loop() {
		l.Receive(m, nil, f)
	}
}

// forgetAll ends all transactions, as their timers would.
func forgetAll(l *Layer) {
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		for _, t := range s.servers {
			t.terminate()
		}
		for _, c := range s.clients {
			c.terminate()
		}
		s.mu.Unlock()
	}
}

// The layer's own work in a transaction is at most six allocations.
func TestAllocations(t *testing.T) {
	l, f, closeAll := isolated(t)
	defer closeAll()
	for _, tt := range []struct {
		method string
		most   float64
	}{
		// Besides, parsing takes 2 a message, and the user's response 2.
		{"INVITE", 6},
		{"BYE", 6},
	} {
		n := 0
		texts := make([]*sip.Message, 1100)
		acks := make([]*sip.Message, len(texts))
		for i := range texts {
			texts[i], _ = sip.Parse(requestText(tt.method, i))
			acks[i], _ = sip.Parse(requestText("ACK", i))
		}
		got := testing.AllocsPerRun(1000, func() {
			l.Receive(texts[n], nil, f)
			if tt.method == "INVITE" {
				l.Receive(acks[n], nil, f)
			}
			n++
		})
		user := testing.AllocsPerRun(100, func() { sink = sip.NewResponse(texts[0], 200, "", "a") })
		t.Logf("%s: %.0f allocations, %.0f of them the user's", tt.method, got, user)
		if got-user > tt.most {
			t.Errorf("%s: %.0f allocations, want at most %.0f", tt.method, got-user, tt.most)
		}
	}
}

var sink any
