package sbc

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/capture"
)

// captured is what the files of a directory hold: for each packet its first line, with the
// ports' addresses before it.
func captured(t *testing.T, path string) []string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for b = b[24:]; len(b) > 0; {
		n := 16 + int(binary.LittleEndian.Uint32(b[8:]))
		p := b[16:n]
		line, _, _ := strings.Cut(string(p[28:]), "\r\n")
		lines = append(lines, ip(p[12:16])+" "+ip(p[16:20])+" "+strings.TrimSuffix(line, " SIP/2.0"))
		b = b[n:]
	}
	return lines
}

func ip(b []byte) string {
	if b[0] == 192 {
		return map[byte]string{1: "sbc", 10: "a"}[b[3]]
	}
	return map[byte]string{1: "sbc", 11: "b"}[b[3]]
}

// TestMessageLog: every message of both legs is in the call's file, as it was on the wire and
// in its order, retransmissions too; another call's are not.
func TestMessageLog(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t)
		w := capture.New(nil)
		b.sbc.opt.Capture = w
		b.configure(plainProfile + "[default.message_log]\ndirectory = \"" + dir + "/log\"\nname = \"../$fU of/$H(X-Tenant)\"\n")
		a, callee := b.phone("a"), b.phone("b")
		b.start()
		a.send([]string{"INVITE"}, "X-Tenant: one\n+sdp 6000")
		synctest.Wait()
		a.send([]string{"again", "INVITE"}, "")
		synctest.Wait()
		learnAll(a)
		learnAll(callee)
		callee.send([]string{"200"}, "+sdp 7000")
		synctest.Wait()
		learnAll(a)
		learnAll(callee)
		a.send([]string{"ACK"}, "")
		a.send([]string{"OPTIONS"}, "sip:192.0.2.1\nTo: <sip:192.0.2.1>\nCall-ID: other@a")
		synctest.Wait()
		learnAll(a)
		a.send([]string{"BYE"}, "")
		synctest.Wait()
		learnAll(a)
		learnAll(callee)
		callee.send([]string{"200", "BYE"}, "")
		synctest.Wait()
		a.send([]string{"again", "BYE"}, "")
		synctest.Wait()
		if w.Stats().Files != 1 {
			t.Errorf("%+v: the file is closed before the last retransmission", w.Stats())
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if w.Stats().Files != 0 || len(b.sbc.wires.logs) != 0 {
			t.Errorf("%+v, %d logs left", w.Stats(), len(b.sbc.wires.logs))
		}
		w.Close()
		b.close()
	})
	got := captured(t, filepath.Join(dir, "log", "_.._alice_of_one.pcap"))
	want := []string{
		"a sbc INVITE sip:bob@192.0.2.1", "sbc a 100 Trying", "sbc b INVITE sip:bob@198.51.100.11",
		"a sbc INVITE sip:bob@192.0.2.1", "sbc a 100 Trying",
		"b sbc 200 OK", "sbc b ACK sip:b@198.51.100.11:5060", "sbc a 200 OK", "a sbc ACK sip:192.0.2.1:5060",
		"a sbc BYE sip:192.0.2.1:5060", "sbc a 200 OK", "sbc b BYE sip:b@198.51.100.11:5060", "b sbc 200 OK",
		"a sbc BYE sip:192.0.2.1:5060", "sbc a 200 OK",
	}
	for i, line := range got {
		got[i] = strings.Replace(line, "SIP/2.0 ", "", 1)
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestCallIDOf(t *testing.T) {
	for _, c := range []struct{ message, want string }{
		{"INVITE sip:a SIP/2.0\r\nVia: x\r\nCall-ID: 1@a\r\n\r\n", "1@a"},
		{"INVITE sip:a SIP/2.0\r\nI : 2@a \r\n\r\n", "2@a"},
		{"SIP/2.0 200 OK\ncall-id:3@a\n\n", "3@a"},
		{"INVITE sip:a SIP/2.0\r\nContact: <sip:i:1@a>\r\n\r\nCall-ID: body\r\n", ""},
		{"INVITE sip:a SIP/2.0\r\nCall-Info: x\r\n", ""},
		{"INVITE", ""},
		{"", ""},
	} {
		if got := string(callIDOf([]byte(c.message))); got != c.want {
			t.Errorf("callIDOf(%q) = %q, want %q", c.message, got, c.want)
		}
	}
}
