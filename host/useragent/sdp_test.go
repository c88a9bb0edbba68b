package useragent

import (
	"net/netip"
	"testing"
)

func FuzzParseAudio(f *testing.F) {
	f.Add(offer("192.0.2.1:7000", sendrecv))
	f.Add(offer("[2001:db8::1]:7000", inactive, codec{pt: 111, name: "opus/48000/2", fmtp: "stereo=1"}))
	f.Add("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\na=sendonly\r\n" +
		"m=video 7002 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\nm=audio 7000 RTP/AVP 13 101 8\r\na=rtpmap:101 telephone-event/8000\r\nm=audio 7004 RTP/SAVP 0\r\n")
	local := netip.MustParseAddrPort("192.0.2.9:6000")
	f.Fuzz(func(t *testing.T, body string) {
		d, a, err := parseAudio(body)
		if err != nil {
			return
		}
		text := answer(d, a, local, 1)
		back, b, err := parseAudio(text)
		if err != nil {
			t.Fatalf("the answer %q to %q cannot be read: %v", text, body, err)
		}
		if len(back.MediaDescriptions) != len(d.MediaDescriptions) || b.index != a.index || b.addr != local {
			t.Fatalf("the answer %q does not match %q", text, body)
		}
		c, _ := a.codec()
		if got, _ := b.codec(); got.pt != c.pt {
			t.Fatalf("answered payload type %d, want %d of %q", got.pt, c.pt, body)
		}
	})
}
