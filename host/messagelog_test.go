package host

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/admin"
)

// TestMessageLog: what is said in a call, and its media both ways, is in its file when the SBC
// has stopped; the counters say how much.
func TestMessageLog(t *testing.T) {
	p := newPlace(t, "")
	p.edit("[profile.echo.routing]", "[profile.echo.message_log]\ndirectory = \"wire\"\nname = \"$rU\"\nrtp = true\n[profile.echo.routing]")
	h := p.start()
	if _, err := p.call(500 * time.Millisecond); err != nil {
		t.Fatal(err)
	}
	st, err := api[admin.Stats](t, "GET", "/stats", nil)
	if err != nil {
		t.Fatal(err)
	}
	logs, _ := st.Transport["message_logs"].(map[string]any)
	if logs["files"] != 1.0 || logs["dropped"] != 0.0 || logs["failed"] != 0.0 {
		t.Errorf("message_logs: %v", logs)
	}
	p.stop(h)

	b, err := os.ReadFile(filepath.Join("wire", "echo.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	sip, rtp := 0, map[[2]uint16]int{}
	for b = b[24:]; len(b) >= 16; {
		n := 16 + int(binary.LittleEndian.Uint32(b[8:]))
		ip := b[16:n]
		b = b[n:]
		switch data := ip[28:]; {
		case bytes.Contains(data, []byte("SIP/2.0")):
			sip++
		case len(data) == 172 && data[0] == 0x80:
			rtp[[2]uint16{binary.BigEndian.Uint16(ip[20:]), binary.BigEndian.Uint16(ip[22:])}]++
		}
	}
	// INVITE, 100, 200, ACK and BYE of two legs.
	if sip < 10 {
		t.Errorf("%d messages", sip)
	}
	full := 0
	for _, n := range rtp {
		if n >= 20 {
			full++
		}
	}
	if full != 4 { // from the caller and on to the echo, and back
		t.Errorf("%d flows of RTP, want 4: %v", full, rtp)
	}
	if strings.Contains(p.log.String(), "message log not written") {
		t.Error(&p.log)
	}
}
