package sbc

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

func TestDigitOf(t *testing.T) {
	for _, c := range []struct {
		name, kind, body string
		want             media.Digit // none: not a digit
	}{
		{"a digit", "application/dtmf-relay", "Signal=5\r\nDuration=160", media.Digit{Key: '5', Duration: 160 * time.Millisecond}},
		{"as some write it", "Application/DTMF-Relay; x=y", "signal= #\nduration = 250 \n", media.Digit{Key: '#', Duration: 250 * time.Millisecond}},
		{"the other order", "application/dtmf-relay", "Duration=100\r\nSignal=b\r\n", media.Digit{Key: 'B', Duration: 100 * time.Millisecond}},
		{"no duration", "application/dtmf-relay", "Signal=*\r\n", media.Digit{Key: '*'}},
		{"a duration beyond all tones", "application/dtmf-relay", "Signal=1\r\nDuration=65536\r\n", media.Digit{Key: '1'}},
		{"a number behind 9", "application/dtmf-relay", "Signal=11\r\nDuration=1\r\n", media.Digit{Key: '#', Duration: time.Millisecond}},
		{"a flash", "application/dtmf-relay", "Signal=16\r\n", media.Digit{Key: '!'}},
		{"the digit alone", "application/dtmf", " 7\r\n", media.Digit{Key: '7'}},
		{"no digit", "application/dtmf-relay", "Signal=17\r\n", media.Digit{}},
		{"two digits", "application/dtmf", "1*", media.Digit{}},
		{"nothing", "application/dtmf-relay", "", media.Digit{}},
		{"a duration alone", "application/dtmf-relay", "Duration=100\r\n", media.Digit{}},
		{"another type", "text/plain", "Signal=5\r\n", media.Digit{}},
	} {
		m := sip.NewRequest("INFO", "sip:bob@example.net")
		m.Add(sip.ContentType, c.kind)
		m.Body = c.body
		if got, ok := digitOf(m); got.Key != c.want.Key || ok != (c.want.Key != 0) || ok && got != c.want {
			t.Errorf("%s: %c %v, %v", c.name, got.Key, got.Duration, ok)
		}
	}
}

// FuzzDigitOf reads any body: what is found is a digit, and one that can be read again.
func FuzzDigitOf(f *testing.F) {
	f.Add("application/dtmf-relay", "Signal=5\r\nDuration=160")
	f.Add("application/dtmf", "*")
	f.Fuzz(func(t *testing.T, kind, body string) {
		m := sip.NewRequest("INFO", "sip:bob@example.net")
		m.Add(sip.ContentType, kind)
		m.Body = body
		d, ok := digitOf(m)
		if !ok {
			return
		}
		if strings.IndexByte(digits, d.Key) < 0 || d.Duration < 0 || d.Duration > time.Minute+6*time.Second {
			t.Errorf("%q is %c for %v", body, d.Key, d.Duration)
		}
		if again, ok := signal(string(rune(d.Key))); !ok || again.Key != d.Key {
			t.Errorf("%c is no signal", d.Key)
		}
	})
}
