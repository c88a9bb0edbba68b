package useragent

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport/memnet"
)

// inEcho runs a test with an echo, a caller's SIP socket and its RTP socket.
func inEcho(t *testing.T, c EchoConfig, test func(t *testing.T, n *memnet.Net, e *Echo, p *peer, media *memnet.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		e := startEcho(t, n, c)
		defer e.Close()
		media := n.Dial(callerIP + ":7000")
		defer media.Close()
		test(t, n, e, newPeer(t, n, callerIP+":5060"), media)
	})
}

const mediaAt = callerIP + ":7000"

func packet(pt uint8, seq uint16) string {
	b, err := (&rtp.Packet{
		Header:  rtp.Header{Version: 2, PayloadType: pt, SequenceNumber: seq, Timestamp: uint32(seq) * 160, SSRC: 7},
		Payload: make([]byte, 160),
	}).Marshal()
	if err != nil {
		panic(err)
	}
	return string(b)
}

// echoes says whether a packet sent comes back, and checks it.
func echoes(t *testing.T, from *memnet.Conn, media, sent string) bool {
	t.Helper()
	from.Send(sent, media)
	got, _, err := from.Receive(time.Second)
	if err != nil {
		return false
	}
	if string(got[:8])+string(got[12:]) != sent[:8]+sent[12:] || string(got[8:12]) == sent[8:12] {
		t.Errorf("sent %x, got %x: want the same with another SSRC", sent[:16], got[:16])
	}
	return true
}

func TestEchoAnyCodec(t *testing.T) {
	inEcho(t, EchoConfig{}, func(t *testing.T, _ *memnet.Net, _ *Echo, p *peer, media *memnet.Conn) {
		res := p.ask(p.request("INVITE", 1, "", offer(mediaAt, sendrecv,
			codec{pt: 111, name: "opus/48000/2", fmtp: "useinbandfec=1"}, codec{pt: 0, name: "PCMU/8000"},
			codec{pt: 96, name: "telephone-event/48000", event: true})), 200)
		_, a, err := parseAudio(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if len(a.codecs) != 2 || a.codecs[0].name != "opus/48000/2" || a.codecs[0].fmtp != "useinbandfec=1" || !a.codecs[1].event || a.ptime != "20" {
			t.Errorf("answer:\n%s", res.Body)
		}
		p.conn.Send(string(p.request("ACK", 1, res.ToTag(), "").Append(nil)), calleeIP+":5060")
		for pt, want := range map[uint8]bool{111: true, 96: true, 0: false, 72: false} {
			if got := echoes(t, media, a.addr.String(), packet(pt, 1)); got != want {
				t.Errorf("payload type %d comes back: %v, want %v", pt, got, want)
			}
		}
	})
}

func TestEchoSendsToNobodyElse(t *testing.T) {
	inEcho(t, EchoConfig{}, func(t *testing.T, n *memnet.Net, _ *Echo, p *peer, media *memnet.Conn) {
		_, at := p.call(offer(mediaAt, sendrecv))
		stranger, sibling, second := n.Dial("203.0.113.9:7000"), n.Dial(callerIP+":7100"), n.Dial(callerIP+":7200")
		for _, step := range []struct {
			what string
			from *memnet.Conn
			want bool
		}{
			{"a stranger", stranger, false},
			{"another port of the caller, first", sibling, true},
			{"a second other port", second, false},
			{"the port of the SDP", media, true},
			{"the other port after it", sibling, false},
		} {
			if got := echoes(t, step.from, at, packet(0, 1)); got != step.want {
				t.Errorf("%s: comes back %v, want %v", step.what, got, step.want)
			}
		}
	})
}

func TestEchoIsSilentWhileNothingComes(t *testing.T) {
	inEcho(t, EchoConfig{}, func(t *testing.T, _ *memnet.Net, _ *Echo, p *peer, media *memnet.Conn) {
		_, at := p.call(offer(mediaAt, sendrecv))
		for _, junk := range []string{"", "x", strings.Repeat("\x80", 11), strings.Repeat("\xff", 200), "\x40" + packet(0, 1)[1:]} {
			media.Send(junk, at)
		}
		if b, _, err := media.Receive(5 * time.Second); err == nil {
			t.Errorf("heard %x", b)
		}
	})
}

func TestEchoHold(t *testing.T) {
	inEcho(t, EchoConfig{}, func(t *testing.T, _ *memnet.Net, e *Echo, p *peer, media *memnet.Conn) {
		tag, at := p.call(offer(mediaAt, sendrecv))
		seq := 1
		reinvite := func(dir direction, addr string, answer direction, back bool) {
			t.Helper()
			seq++
			res := p.ask(p.request("INVITE", seq, tag, offer(addr, dir)), 200)
			p.conn.Send(string(p.request("ACK", seq, tag, "").Append(nil)), calleeIP+":5060")
			_, a, err := parseAudio(res.Body)
			if err != nil || a.direction != answer || a.addr.String() != at {
				t.Errorf("%s: answer %v %v:\n%s", dir, a, err, res.Body)
			}
			if got := echoes(t, media, at, packet(0, uint16(seq))); got != back {
				t.Errorf("%s: comes back %v, want %v", dir, got, back)
			}
		}
		reinvite(sendonly, mediaAt, recvonly, false)
		reinvite(inactive, mediaAt, inactive, false)
		time.Sleep(10 * time.Minute) // a held call may be silent
		if e.Active() != 1 {
			t.Error("the call on hold was hung up")
		}
		reinvite(sendrecv, "0.0.0.0:7000", inactive, false)
		reinvite(sendrecv, mediaAt, sendrecv, true)
		p.ask(p.request("BYE", seq+1, tag, ""), 200)
		p.ask(p.request("BYE", seq+2, tag, ""), 481)
	})
}

// An INVITE without an offer gets one, and the answer comes with the ACK.
func TestEchoLateOffer(t *testing.T) {
	inEcho(t, EchoConfig{}, func(t *testing.T, _ *memnet.Net, _ *Echo, p *peer, media *memnet.Conn) {
		res := p.ask(p.request("INVITE", 1, "", ""), 200)
		_, a, err := parseAudio(res.Body)
		if err != nil || len(a.codecs) != len(callerCodecs) {
			t.Fatalf("offer %v: %v", a, err)
		}
		p.conn.Send(string(p.request("ACK", 1, res.ToTag(), offer(mediaAt, sendrecv, callerCodecs[1])).Append(nil)), calleeIP+":5060")
		synctest.Wait() // the ACK has another way than the audio
		if !echoes(t, media, a.addr.String(), packet(8, 1)) {
			t.Error("PCMA does not come back")
		}
		p.ask(p.request("BYE", 2, res.ToTag(), ""), 200)
	})
}

func TestEchoRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(m *sip.Message)
		status int
		header sip.ID
		value  string
	}{
		"not SDP":        {func(m *sip.Message) { m.Set(sip.ContentType, "text/plain") }, 415, sip.Accept, sdpType},
		"broken SDP":     {func(m *sip.Message) { m.Body = "v=0\r\nm=audio" }, 488, sip.Other, ""},
		"only SRTP":      {func(m *sip.Message) { m.Body = strings.ReplaceAll(m.Body, "RTP/AVP", "RTP/SAVP") }, 488, sip.Other, ""},
		"only video":     {func(m *sip.Message) { m.Body = strings.ReplaceAll(m.Body, "m=audio", "m=video") }, 488, sip.Other, ""},
		"an extension":   {func(m *sip.Message) { m.Add(sip.Require, "100rel") }, 420, sip.Unsupported, "100rel"},
		"another method": {func(m *sip.Message) { m.Method = "MESSAGE"; m.Set(sip.CSeq, "1 MESSAGE") }, 405, sip.Allow, allow},
		"no dialog":      {func(m *sip.Message) { m.Set(sip.To, m.Header(sip.To)+";tag=gone") }, 481, sip.Other, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inEcho(t, EchoConfig{}, func(t *testing.T, _ *memnet.Net, e *Echo, p *peer, _ *memnet.Conn) {
				m := p.request("INVITE", 1, "", offer(mediaAt, sendrecv))
				tc.change(m)
				res := p.ask(m, tc.status)
				if tc.value != "" && res.Header(tc.header) != tc.value {
					t.Errorf("%s = %q, want %q", tc.header, res.Header(tc.header), tc.value)
				}
				if e.Active() != 0 {
					t.Error("a call is left")
				}
			})
		})
	}
}

func TestEchoOptions(t *testing.T) {
	inEcho(t, EchoConfig{}, func(t *testing.T, _ *memnet.Net, _ *Echo, p *peer, _ *memnet.Conn) {
		res := p.ask(p.request("OPTIONS", 1, "", ""), 200)
		if res.Header(sip.Allow) != allow || res.Header(sip.Accept) != sdpType || res.ToTag() == "" {
			t.Errorf("response %s", res.Append(nil))
		}
	})
}

func TestEchoIsBounded(t *testing.T) {
	inEcho(t, EchoConfig{MaxCalls: 1}, func(t *testing.T, n *memnet.Net, _ *Echo, p *peer, _ *memnet.Conn) {
		tag, _ := p.call(offer(mediaAt, sendrecv))
		q := newPeer(t, n, "198.51.100.2:5060")
		q.ask(q.request("INVITE", 1, "", offer("198.51.100.2:7000", sendrecv)), 486)
		p.ask(p.request("BYE", 2, tag, ""), 200)
		q.tag = "again"
		m := q.request("INVITE", 1, "", offer("198.51.100.2:7000", sendrecv))
		m.Set(sip.Via, m.Header(sip.Via)+"again")
		q.ask(m, 200)
	})
}

// A caller that is gone does not hold a call for ever.
func TestEchoHangsUpOnSilence(t *testing.T) {
	inEcho(t, EchoConfig{Silence: 10 * time.Second}, func(t *testing.T, _ *memnet.Net, e *Echo, p *peer, media *memnet.Conn) {
		_, at := p.call(offer(mediaAt, sendrecv))
		for i := range 30 {
			time.Sleep(time.Second)
			media.Send(packet(0, uint16(i)), at)
		}
		if e.Active() != 1 {
			t.Fatal("a call with audio was hung up")
		}
		p.hear("BYE")
		if e.Active() != 0 {
			t.Error("the call is left")
		}
	})
}

func TestEchoHangsUpWithoutACK(t *testing.T) {
	inEcho(t, EchoConfig{}, func(t *testing.T, _ *memnet.Net, e *Echo, p *peer, media *memnet.Conn) {
		res := p.ask(p.request("INVITE", 1, "", offer(mediaAt, sendrecv)), 200)
		_, a, err := parseAudio(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 34 {
			media.Send(packet(0, uint16(i)), a.addr.String())
			time.Sleep(time.Second)
		}
		p.hear("BYE")
		if e.Active() != 0 {
			t.Error("the call is left")
		}
	})
}

func TestEchoCloseHangsUp(t *testing.T) {
	inEcho(t, EchoConfig{}, func(t *testing.T, _ *memnet.Net, e *Echo, p *peer, _ *memnet.Conn) {
		p.call(offer(mediaAt, sendrecv))
		done := make(chan struct{})
		go func() {
			e.Close()
			close(done)
		}()
		m, from := p.hear("BYE")
		p.answer(m, from, 200, "")
		<-done
	})
}
