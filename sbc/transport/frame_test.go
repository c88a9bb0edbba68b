package transport

import (
	"slices"
	"strings"
	"testing"
)

func TestFramer(t *testing.T) {
	const (
		bye    = "BYE sip:a SIP/2.0\r\nCall-ID: 1\r\nContent-Length: 0\r\n\r\n"
		info   = "INFO sip:a SIP/2.0\r\nl : 4\r\n\r\na\r\n\r"
		folded = "INFO sip:a SIP/2.0\r\nContent-Length:\r\n 2\r\nSubject: x\r\n y\r\n\r\nhi"
	)
	for _, tt := range []struct {
		name   string
		stream string
		want   []string
		pings  int
		err    string
		header string
	}{
		{name: "one", stream: bye, want: []string{bye}},
		{name: "several, and the beginning of one", stream: bye + info + folded + bye[:20], want: []string{bye, info, folded}},
		{name: "line ends between messages", stream: "\r\n" + bye + "\r\n" + info, want: []string{bye, info}},
		{name: "a ping", stream: bye + "\r\n\r\n" + bye, want: []string{bye, bye}, pings: 1},
		{name: "the same length twice", stream: "A sip:a SIP/2.0\r\nl: 0\r\nContent-Length: 0\r\n\r\n", want: []string{"A sip:a SIP/2.0\r\nl: 0\r\nContent-Length: 0\r\n\r\n"}},
		{
			name: "two lengths", stream: bye + "A sip:a SIP/2.0\r\nl: 0\r\nContent-Length: 5\r\n\r\n", want: []string{bye},
			err: "Invalid Content-Length", header: "A sip:a SIP/2.0\r\nl: 0\r\nContent-Length: 5\r\n\r\n",
		},
		{name: "no length", stream: "A sip:a SIP/2.0\r\nFrom: x\r\n\r\n", err: "Missing Content-Length", header: "A sip:a SIP/2.0\r\nFrom: x\r\n\r\n"},
		{name: "a negative length", stream: "A sip:a SIP/2.0\r\nl: -1\r\n\r\n", err: "Invalid Content-Length", header: "A sip:a SIP/2.0\r\nl: -1\r\n\r\n"},
		{name: "a length of another world", stream: "A sip:a SIP/2.0\r\nl: 18446744073709551617\r\n\r\n", err: "Invalid Content-Length", header: "A sip:a SIP/2.0\r\nl: 18446744073709551617\r\n\r\n"},
		{name: "a length beyond the limit", stream: "A sip:a SIP/2.0\r\nl: 65536\r\n\r\n", err: "Message Too Large", header: "A sip:a SIP/2.0\r\nl: 65536\r\n\r\n"},
		{name: "a header without an end", stream: "A sip:a SIP/2.0\r\nX: " + strings.Repeat("x", 70_000), err: "Message Too Large"},
		{name: "TLS", stream: "\x16\x03\x01\x02\x00", err: "Not SIP"},
	} {
		for _, chunk := range []int{1, 2, 3, 7, 64, 1 << 20} {
			var f framer
			var got []string
			pings, reason, head := 0, "", ""
			for at := 0; at < len(tt.stream) && reason == ""; at += chunk {
				header, err := f.feed([]byte(tt.stream[at:min(at+chunk, len(tt.stream))]),
					func(b []byte) { got = append(got, string(b)) }, func() { pings++ })
				if err != nil {
					reason, head = err.Reason, string(header)
				}
			}
			if !slices.Equal(got, tt.want) || reason != tt.err || head != tt.header {
				t.Errorf("%s by %d: got %q, %q, %q", tt.name, chunk, got, reason, head)
			}
			if chunk > 64 && pings != tt.pings {
				t.Errorf("%s: %d pings, want %d", tt.name, pings, tt.pings)
			}
		}
	}
}

// What a framer holds is bounded, whatever comes.
func FuzzFramer(f *testing.F) {
	f.Add([]byte("BYE sip:a SIP/2.0\r\nl: 3\r\n\r\nabc\r\n\r\nBYE"), 5)
	f.Add([]byte("A sip:a SIP/2.0\r\nContent-Length:\r\n\t0\r\n\r\n"), 1)
	f.Fuzz(func(t *testing.T, stream []byte, chunk int) {
		chunk = max(chunk&1023, 1)
		var x framer
		got := 0
		for at := 0; at < len(stream); at += chunk {
			_, err := x.feed(stream[at:min(at+chunk, len(stream))], func(b []byte) {
				got += len(b)
				if len(b) > maxMessage || len(b) == 0 {
					t.Fatalf("a message of %d bytes", len(b))
				}
			}, func() {})
			if len(x.partial) > maxMessage+chunk {
				t.Fatalf("%d bytes held", len(x.partial))
			}
			if err != nil {
				break
			}
		}
		if got > len(stream) {
			t.Fatalf("%d bytes out of %d", got, len(stream))
		}
	})
}
