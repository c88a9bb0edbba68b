package host

import (
	"context"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/explain"
)

const truthInvite = "INVITE sip:bob@example.net SIP/2.0\r\nVia: SIP/2.0/UDP SOURCE;branch=z9hG4bK776\r\nMax-Forwards: 70\r\n" +
	"From: \"Alice\" <sip:alice@example.org>;tag=1928\r\nTo: <sip:bob@example.net>\r\nCall-ID: a84b4c76e66710\r\nCSeq: 314 INVITE\r\n" +
	"Contact: <sip:alice@SOURCE>\r\nUser-Agent: Phone\r\nSubject: lunch\r\nContent-Type: application/sdp\r\nContent-Length: LENGTH\r\n\r\n" + truthSDP

const truthSDP = "v=0\r\no=alice 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 49172 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\n"

// What explain shows is what leaves: an SBC is sent the INVITE that it has explained.
func TestExplainIsTrue(t *testing.T) {
	p := newPlace(t, "")
	alice, bob := socket(t, p.addr, 5098), socket(t, p.addr, 5099)
	p.edit(p.addr.String()+":5070\"\n[cache]", p.addr.String()+":5071\"\n[cache]")
	p.edit(`next_hop = "`+p.addr.String()+`:5070"`, `next_hop = "`+bob.LocalAddr().String()+`"
[profile.echo.identity]
ruri = "sip:$rU@gw.example.net"
from = "\"$fn\" <sip:anonymous@example.org>"
[profile.echo.headers]
deny = ["User-Agent"]
append = ["X-Source: $si"]
append_b = ["X-Each: $fU"]
[profile.echo.session_timer.b]
enable = true
[profile.echo.codecs]
deny_b = ["PCMA"]`)
	h := p.start()
	defer p.stop(h)

	source := alice.LocalAddr().String()
	invite := strings.ReplaceAll(truthInvite, "SOURCE", source)
	invite = strings.Replace(invite, "LENGTH", strconv.Itoa(len(truthSDP)), 1)
	r, err := h.Explain(context.Background(), explain.Request{Message: invite, Source: source})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Targets) != 1 || r.Targets[0].Address != bob.LocalAddr().String()+"/udp" {
		t.Fatalf("%s", explain.Text(r, false))
	}
	to := net.UDPAddrFromAddrPort(netip.AddrPortFrom(p.addr, 5060))
	if _, err := alice.WriteToUDP([]byte(invite), to); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1<<16)
	if err := bob.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	n, err := bob.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	got, want := masked(string(buf[:n])), masked(r.Targets[0].Message)
	if !slices.Equal(got, want) {
		t.Errorf("what left:\n%s\nwhat was explained:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if _, err := bob.WriteToUDP(reject(string(buf[:n])), to); err != nil {
		t.Fatal(err)
	}
}

func socket(t *testing.T, a netip.Addr, port uint16) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, port)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// masked is a message by lines, without what differs from call to call.
func masked(text string) []string {
	for _, m := range []struct{ expr, with string }{
		{`branch=[^;\s]+`, "branch=<branch>"},
		{`(From: .*;tag=)\S+`, "${1}<tag>"},
		{`Call-ID: \S+`, "Call-ID: <call-id>"},
		{`o=- \S+ \S+ `, "o=- <id> <version> "},
		{`m=audio \S+`, "m=audio <port>"},
		{`Content-Length: \d+`, "Content-Length: <n>"},
	} {
		text = regexp.MustCompile(m.expr).ReplaceAllString(text, m.with)
	}
	return strings.Split(strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")), "\n")
}

// reject answers a request with 486.
func reject(request string) []byte {
	res := "SIP/2.0 486 Busy Here\r\n"
	for line := range strings.Lines(request) {
		switch name, _, _ := strings.Cut(line, ":"); name {
		case "Via", "From", "Call-ID", "CSeq":
			res += line
		case "To":
			res += strings.TrimRight(line, "\r\n") + ";tag=b\r\n"
		}
	}
	return []byte(res + "Content-Length: 0\r\n\r\n")
}
