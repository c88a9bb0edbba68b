package media

import (
	"errors"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	for _, tc := range []struct {
		name, sdp string
		ok        bool
	}{
		{"a session", "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n", true},
		{"bare line feeds and padding", "v=0\ns=-\n\n\x00", true},
		{"empty value", "v=0\r\ns=\r\n", true},
		{"nothing", "", false},
		{"no version", "s=-\r\n", false},
		{"no type letter", "v=0\r\nhello\r\n", false},
		{"NUL inside", "v=0\r\ns=\x00x\r\n", false},
		{"too many lines", "v=0\r\n" + strings.Repeat("a=x\r\n", maxLines+1), false},
		{"too long", "v=0\r\ns=" + strings.Repeat("x", maxSDP), false},
	} {
		if err := Check([]byte(tc.sdp)); (err == nil) != tc.ok || err != nil && !errors.Is(err, ErrBadSDP) {
			t.Errorf("%s: Check = %v, want ok %v", tc.name, err, tc.ok)
		}
	}
	sdp := []byte("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n")
	if n := testing.AllocsPerRun(100, func() { _ = Check(sdp) }); n != 0 {
		t.Errorf("Check allocates %v times", n)
	}
}
