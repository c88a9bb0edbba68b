package sdk

import (
	"strings"
	"testing"
)

// Every byte at every place of a word is judged as a loop would.
func TestPlain(t *testing.T) {
	for c := range 256 {
		for length := 1; length <= 18; length++ {
			for at := range length {
				b := []byte(strings.Repeat("~", length))
				b[at] = byte(c)
				if got, want := Plain(string(b)), plainBytes(string(b)); got != want {
					t.Fatalf("Plain(%q) = %v, want %v", b, got, want)
				}
			}
		}
	}
	if !Plain("") || !Plain("sip:alice@example.org;user=phone !#$%&'()*+,-./:;<=>?@[]^_`{|}~") {
		t.Error("a plain text is not")
	}
}

func FuzzPlain(f *testing.F) {
	f.Add("sip:alice@example.org")
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := Plain(s), plainBytes(s); got != want {
			t.Fatalf("Plain(%q) = %v, want %v", s, got, want)
		}
	})
}

func BenchmarkPlain(b *testing.B) {
	s := strings.Repeat("sip:alice@example.org;x=1 ", 4)
	for b.Loop() {
		Plain(s)
	}
}
