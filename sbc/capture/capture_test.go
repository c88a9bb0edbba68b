package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var (
	at     = time.Date(2026, 3, 1, 12, 30, 0, 123456000, time.UTC)
	alice  = netip.MustParseAddrPort("192.0.2.10:5060")
	sbc    = netip.MustParseAddrPort("192.0.2.1:5060")
	alice6 = netip.MustParseAddrPort("[2001:db8::10]:5060")
	sbc6   = netip.MustParseAddrPort("[2001:db8::1]:5060")
)

const options = "OPTIONS sip:sbc.example.net SIP/2.0\r\nCall-ID: 1@example.org\r\n\r\n"

// records splits a file into its packets.
func records(t *testing.T, path string) [][]byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(b, head()) {
		t.Fatalf("%s begins with % x", path, b[:min(len(b), fileLen)])
	}
	var all [][]byte
	for b = b[fileLen:]; len(b) > 0; {
		if len(b) < recLen {
			t.Fatalf("%d bytes behind the last record", len(b))
		}
		n := int(binary.LittleEndian.Uint32(b[8:]))
		all = append(all, b[recLen:recLen+n])
		b = b[recLen+n:]
	}
	return all
}

// What Wireshark's and tcpdump's library reads, others can read: addresses, ports, checksums
// and the text are as they were.
func TestTcpdumpReads(t *testing.T) {
	if _, err := exec.LookPath("tcpdump"); err != nil {
		if os.Getenv("GUESTS") == "required" {
			t.Fatal("tcpdump is not installed: apt-get install tcpdump")
		}
		t.Skip("tcpdump is not installed")
	}
	path := filepath.Join(t.TempDir(), "a", "b", "call.pcap")
	w := New(nil)
	f := w.Open(path, 0)
	f.Write(Packet{Time: at, Src: alice, Dst: sbc, Data: []byte(options)})
	f.Write(Packet{Time: at.Add(time.Second), Src: sbc6, Dst: alice6, Data: []byte(options + "x")}) // an odd length
	f.Write(Packet{Time: at, Src: alice, Dst: sbc, TCP: true, Data: []byte(options)})
	f.Write(Packet{Time: at, Src: sbc, Dst: alice, TCP: true, Data: []byte("SIP/2.0 200 OK\r\n\r\n")})
	f.Write(Packet{Time: at, Src: alice, Dst: sbc, TCP: true, Data: []byte(options)})
	f.Write(Packet{Time: at, Src: alice6, Dst: sbc6, TCP: true, Data: []byte(options)})
	f.Write(Packet{Time: at, Src: alice, Dst: netip.MustParseAddrPort("[::ffff:192.0.2.1]:5060"), Data: []byte(options)})
	f.Close()
	w.Close()
	if s := w.Stats(); s.Written != 7 || s.Dropped != 0 || s.Failed != 0 {
		t.Errorf("%+v", s)
	}
	out, err := exec.Command("tcpdump", "-nn", "-vv", "-tt", "-r", path).CombinedOutput()
	if err != nil {
		t.Fatalf("tcpdump: %v\n%s", err, out)
	}
	text := string(out)
	for want, times := range map[string]int{
		"192.0.2.10.5060 > 192.0.2.1.5060: [udp sum ok] SIP":     2,
		"2001:db8::1.5060 > 2001:db8::10.5060: [udp sum ok] SIP": 1,
		"192.0.2.10.5060 > 192.0.2.1.5060: Flags [P.], cksum":    2,
		"(correct), seq 1:64, ack 1,":                            2, // each family counts from 1
		"(correct), seq 63:126, ack 19,":                         1, // behind the first, whose number is 1
		"1772368200.123456":                                      6,
		"1772368201.123456":                                      1,
		"OPTIONS sip:sbc.example.net SIP/2.0":                    3, // it does not look into TCP
	} {
		if n := strings.Count(text, want); n != times {
			t.Errorf("%q stands there %d times, want %d", want, n, times)
		}
	}
	for _, bad := range []string{"incorrect", "bad", "truncated"} {
		if strings.Contains(text, bad) {
			t.Errorf("tcpdump says %s", bad)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// A file that is there goes on, behind its last whole record; calls with one name share it.
func TestFileGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "call.pcap")
	w := New(nil)
	a, b := w.Open(path, 0), w.Open(path, 0)
	if a != b {
		t.Error("two files have one name")
	}
	a.Write(Packet{Time: at, Src: alice, Dst: sbc, Data: []byte("one")})
	a.Close()
	b.Write(Packet{Time: at, Src: alice, Dst: sbc, Data: []byte("two")})
	b.Close()
	b = w.Open(path, 0)
	b.Write(Packet{Time: at, Src: alice, Dst: sbc, Data: []byte("three")})
	b.Close()
	w.Close()
	if n := len(records(t, path)); n != 3 {
		t.Fatalf("%d packets, want 3", n)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := 1; cut < recLen+28+5; cut += 7 { // what a killed process leaves
		if err := os.WriteFile(path, whole[:len(whole)-cut], 0o600); err != nil {
			t.Fatal(err)
		}
		w = New(nil)
		f := w.Open(path, 0)
		f.Write(Packet{Time: at, Src: alice, Dst: sbc, Data: []byte("four")})
		w.Close()
		got := records(t, path)
		if len(got) != 3 || !bytes.HasSuffix(got[1], []byte("two")) || !bytes.HasSuffix(got[2], []byte("four")) {
			t.Errorf("%d bytes cut off: %q", cut, got)
		}
	}
}

func TestFilesThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	foreign := filepath.Join(dir, "foreign.pcap")
	if err := os.WriteFile(foreign, []byte("somebody's text, longer than the head of a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	w := New(slog.New(slog.NewTextHandler(&log, nil)))
	for _, path := range []string{foreign, filepath.Join(foreign, "below.pcap")} {
		f := w.Open(path, 0)
		for range 3 {
			f.Write(Packet{Time: at, Src: alice, Dst: sbc, Data: []byte("x")})
		}
		f.Close()
	}
	w.Close()
	if s := w.Stats(); s.Failed != 2 || s.Dropped != 6 || s.Written != 0 {
		t.Errorf("%+v", s)
	}
	if n := strings.Count(log.String(), "message log not written"); n != 2 || !strings.Contains(log.String(), ErrForeign.Error()) {
		t.Errorf("%d lines in the log:\n%s", n, &log)
	}
	if b, _ := os.ReadFile(foreign); !bytes.HasPrefix(b, []byte("somebody's text")) {
		t.Error("somebody's file was changed")
	}
	if f := w.Open(foreign, 0); f != nil {
		t.Error("a closed writer opens a file")
	}
	var none *File
	none.Write(Packet{})
	none.Close()
}

func TestLimits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "call.pcap")
	w := New(nil)
	f := w.Open(path, fileLen+2*(recLen+28+10))
	for range 5 {
		f.Write(Packet{Time: at, Src: alice, Dst: sbc, Data: make([]byte, 10)})
	}
	f.Close()
	long := w.Open(path+"2", 0)
	long.Write(Packet{Time: at, Src: alice6, Dst: sbc6, TCP: true, Data: make([]byte, 70_000)})
	w.Close()
	if n := len(records(t, path)); n != 2 {
		t.Errorf("%d packets within the limit, want 2", n)
	}
	if got := records(t, path+"2"); len(got) != 1 || len(got[0]) != snap {
		t.Errorf("a packet of 70,000 bytes: %d records", len(got))
	}
	if s := w.Stats(); s.Dropped != 3 || s.Written != 3 {
		t.Errorf("%+v", s)
	}
}

// A disk that stands still costs packets, never time or memory.
func TestQueueIsBounded(t *testing.T) {
	w := &Writer{log: slog.New(slog.DiscardHandler), jobs: make(chan job, queued), done: make(chan struct{}), files: map[string]*File{}}
	path := filepath.Join(t.TempDir(), "call.pcap")
	f := w.Open(path, 0)
	big := make([]byte, 64<<10)
	for range 2 * queuedBytes / len(big) {
		f.Write(Packet{Time: at, Src: alice, Dst: sbc, Data: big})
	}
	if s := w.Stats(); s.Dropped != queuedBytes/uint64(len(big)) {
		t.Errorf("%+v: want half of them dropped", s)
	}
	for range 2 * queued {
		f.Write(Packet{Time: at, Src: alice, Dst: sbc})
	}
	before := w.Stats().Dropped
	f.Close() // no room for that either
	go w.run()
	w.Close()
	if n := len(records(t, path)); n != queued || before != queuedBytes/uint64(len(big))+2*queued-(queued-queuedBytes/uint64(len(big))) {
		t.Errorf("%d packets written, %d dropped", n, before)
	}

	w = New(nil)
	dir := t.TempDir()
	for i := range mostFiles {
		if w.Open(filepath.Join(dir, string(rune('a'+i%26)), strings.Repeat("x", 1+i/26)), 0) == nil {
			t.Fatalf("file %d was not opened", i)
		}
	}
	if w.Open(filepath.Join(dir, "one more"), 0) != nil {
		t.Error("there is no limit of files")
	}
	if s := w.Stats(); s.Files != mostFiles || s.Failed != 1 {
		t.Errorf("%+v", s)
	}
	w.Close()
}

// FuzzWholeRecords: whatever a file holds, opening it neither fails oddly nor keeps half a
// record.
func FuzzWholeRecords(f *testing.F) {
	f.Add([]byte{})
	f.Add(head())
	f.Add(append(head(), make([]byte, recLen+5)...))
	f.Add(append(head(), 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		disk, err := os.CreateTemp(t.TempDir(), "x")
		if err != nil {
			t.Fatal(err)
		}
		defer disk.Close()
		if _, err := disk.Write(b); err != nil {
			t.Fatal(err)
		}
		n, err := wholeRecords(disk)
		switch {
		case err != nil && !errors.Is(err, ErrForeign):
			t.Fatal(err)
		case n > int64(len(b)) || n != 0 && n < fileLen:
			t.Fatalf("%d of %d bytes", n, len(b))
		}
	})
}

func BenchmarkWrite(b *testing.B) {
	w := New(nil)
	defer w.Close()
	f := w.Open(filepath.Join(b.TempDir(), "call.pcap"), 0)
	data := bytes.Repeat([]byte("x"), 900)
	b.ReportAllocs()
	for b.Loop() {
		f.Write(Packet{Time: at, Src: alice, Dst: sbc, Data: data})
	}
}
