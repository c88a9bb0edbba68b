package media_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/media/mediatest"
)

// Where keys are agreed the stream is encrypted, whatever the transport is called.
func TestSecret(t *testing.T) {
	const crypto = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n"
	for _, c := range []struct {
		name                  string
		offerProto, offerMore string
		proto, more           string
		want                  bool
	}{
		{"keys at the session level", "RTP/AVP", "key-mgmt", "RTP/AVP", "key-mgmt", true},
		{"plain", "RTP/AVP", "", "RTP/AVP", "", false},
		{"SRTP", "RTP/SAVP", crypto, "RTP/SAVP", crypto, true},
		{"SRTP with feedback", "rtp/savpf", crypto, "RTP/SAVPF", crypto, true},
		{"optional and taken", "RTP/AVP", crypto, "RTP/AVP", crypto, true},
		{"optional and not taken", "RTP/AVP", crypto, "RTP/AVP", "", false},
		{"opportunistic DTLS", "RTP/AVP", "a=fingerprint:SHA-1 00\r\n", "RTP/AVP", "a=fingerprint:SHA-1 01\r\n", true},
		{"ZRTP", "RTP/AVP", "a=zrtp-hash:1.10 00\r\n", "RTP/AVP", "a=zrtp-hash:1.10 01\r\n", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			anchor, engine := mediatest.New()
			defer anchor.Close()
			s, err := anchor.Open(media.Policy{InterfaceA: "public", InterfaceB: "private"}, nil)
			if err != nil {
				t.Fatal(err)
			}
			sdp := func(proto, more string) []byte {
				session := ""
				if more == "key-mgmt" {
					session, more = "a=key-mgmt:mikey AQAFgM\r\n", ""
				}
				return fmt.Appendf(nil, "v=0\r\no=- 1 1 IN IP4 203.0.113.1\r\ns=-\r\nc=IN IP4 203.0.113.1\r\nt=0 0\r\n%sm=audio 4000 %s 0\r\n%s", session, proto, more)
			}
			if _, err := s.Offer(media.A, sdp(c.offerProto, c.offerMore)); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Answer(media.B, sdp(c.proto, c.more)); err != nil {
				t.Fatal(err)
			}
			port := netip.MustParseAddrPort("192.0.2.1:20000")
			if f, _, ok := engine.Flow(port); !ok || f.Secret != c.want {
				t.Errorf("secret %v, want %v", f.Secret, c.want)
			}
			written, err := s.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			s.Close()
			if _, err := anchor.Restore(written, nil); err != nil {
				t.Fatal(err)
			}
			if f, _, ok := engine.Flow(port); !ok || f.Secret != c.want {
				t.Errorf("restored: secret %v, want %v", f.Secret, c.want)
			}
		})
	}
}

// A session tells of digits while it is open, and where they are detected at all.
func TestOnDigit(t *testing.T) {
	for _, detect := range []bool{true, false} {
		anchor, engine := mediatest.New()
		defer anchor.Close()
		s, err := anchor.Open(media.Policy{InterfaceA: "public", InterfaceB: "private", Treatment: media.Treatment{DetectDTMF: detect}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		s.OnDigit(func(from media.Side, d media.Digit) {
			told = append(told, fmt.Sprintf("%v %c %v", from, d.Key, d.Duration))
		})
		if _, err := s.Offer(media.A, []byte(audio)); err != nil {
			t.Fatal(err)
		}
		b := netip.MustParseAddrPort("198.51.100.1:20000")
		if got := engine.Press(b, media.Digit{Key: '#', Duration: time.Second}); got != detect {
			t.Errorf("Press = %v", got)
		}
		if want := "[b # 1s]"; detect && fmt.Sprint(told) != want || !detect && told != nil {
			t.Errorf("told %v", told)
		}
		if n := s.Stats().B.Digits; detect != (n == 1) {
			t.Errorf("%d digits counted", n)
		}
		s.Close()
		if engine.Press(b, media.Digit{Key: '#'}); len(told) > 1 {
			t.Error("told after Close")
		}
	}
}

// A treatment that makes no sense opens no session.
func TestOpenTreatment(t *testing.T) {
	anchor, _ := mediatest.New()
	defer anchor.Close()
	if _, err := anchor.Open(media.Policy{Treatment: media.Treatment{Bandwidth: -1}}, nil); err == nil {
		t.Error("opened")
	}
}
