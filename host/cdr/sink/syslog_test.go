package sink

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/cdr"
)

// message is RFC 5424 §6, as far as we send it.
var message = regexp.MustCompile(`^<134>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z sbc1 sallyport \d+ CDR \[cdr@32473 id="([0-9a-f-]{36})"\] (\{.*\})$`)

// receiver takes syslog messages and can be killed.
type receiver struct {
	t      testing.TB
	framed func(*bufio.Reader) (string, error)

	mu       sync.Mutex
	got      map[string]string // record by id
	count    int
	conns    []net.Conn
	listener net.Listener
	deaf     bool // takes bytes and reads none
	wait     sync.WaitGroup
}

func newReceiver(t testing.TB, framed func(*bufio.Reader) (string, error)) *receiver {
	r := &receiver{t: t, framed: framed, got: map[string]string{}}
	t.Cleanup(r.kill)
	return r
}

func (r *receiver) take(text string) {
	m := message.FindStringSubmatch(text)
	if m == nil {
		r.t.Errorf("message %q", text)
		return
	}
	if id := cdr.Identify([]byte(m[2])).String(); id != m[1] {
		r.t.Errorf("id %s of %s", m[1], m[2])
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got[m[1]] = m[2]
	r.count++
}

func (r *receiver) has(n int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.got) == n
}

func (r *receiver) setDeaf(deaf bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deaf = deaf
}

// listen takes connections.
func (r *receiver) listen(network, address string) string {
	r.t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.mu.Lock()
	r.listener = l
	r.mu.Unlock()
	r.wait.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.mu.Lock()
			if r.listener != l { // killed meanwhile
				r.mu.Unlock()
				c.Close()
				return
			}
			r.conns = append(r.conns, c)
			deaf := r.deaf
			r.mu.Unlock()
			if !deaf {
				r.wait.Go(func() { r.read(c) })
			}
		}
	})
	return l.Addr().String()
}

func (r *receiver) read(c net.Conn) {
	_ = c.SetReadDeadline(time.Now().Add(2 * long))
	for b := bufio.NewReader(c); ; {
		text, err := r.framed(b)
		if err != nil {
			return
		}
		r.take(text)
	}
}

func (r *receiver) kill() {
	r.mu.Lock()
	if r.listener != nil {
		r.listener.Close()
	}
	for _, c := range r.conns {
		c.Close()
	}
	r.conns, r.listener = nil, nil
	r.mu.Unlock()
	r.wait.Wait()
}

// octets reads a message by RFC 6587 §3.4.1.
func octets(b *bufio.Reader) (string, error) {
	var n int
	if _, err := fmt.Fscanf(b, "%d ", &n); err != nil {
		return "", err
	}
	text := make([]byte, n)
	_, err := io.ReadFull(b, text)
	return string(text), err
}

func linewise(b *bufio.Reader) (string, error) {
	text, err := b.ReadString('\n')
	return strings.TrimSuffix(text, "\n"), err
}

func syslog(network, address string) func() (cdr.Sink, error) {
	return func() (cdr.Sink, error) {
		return NewSyslog(SyslogOptions{Network: network, Address: address, Facility: 16, Host: "sbc1", SDID: "cdr@32473", Timeout: 10 * time.Second}), nil
	}
}

func TestSyslogTCP(t *testing.T) {
	r := newReceiver(t, octets)
	addr := r.listen("tcp", "127.0.0.1:0")
	s := newSource(t, syslog("tcp", addr))
	s.emit(100)
	until(t, "all have arrived", func() bool { return r.has(100) })

	// It dies and comes back: nothing is missing, though nobody acknowledged anything.
	r.kill()
	s.emit(100)
	s.failed()
	r.listen("tcp", addr)
	s.emit(100)
	until(t, "all have arrived after the restart", func() bool { return r.has(300) })

	// It dies with messages unread that TCP had taken: they come again.
	r.kill()
	r.setDeaf(true)
	r.listen("tcp", addr)
	s.emit(50)
	s.drained()
	r.kill()
	r.setDeaf(false)
	r.listen("tcp", addr)
	until(t, "what was lost unread comes again, though nothing else comes", func() bool { return r.has(350) })
	s.emit(1)
	until(t, "and what comes then", func() bool { return r.has(351) })
}

func TestSyslogUDP(t *testing.T) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r := newReceiver(t, nil)
	r.wait.Go(func() {
		b := make([]byte, 64<<10)
		for {
			n, _, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			r.take(string(b[:n]))
		}
	})
	s := newSource(t, syslog("udp", c.LocalAddr().String()))
	for i := range 10 {
		s.emit(1)
		until(t, "it has arrived", func() bool { return r.has(i + 1) })
	}
	c.Close()
}

func TestSyslogUnix(t *testing.T) {
	t.Run("datagram", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "log")
		var conn net.PacketConn
		r := newReceiver(t, nil)
		listen := func() {
			c, err := net.ListenPacket("unixgram", path)
			if err != nil {
				t.Fatal(err)
			}
			conn = c
			r.wait.Go(func() {
				b := make([]byte, 64<<10)
				for {
					n, _, err := c.ReadFrom(b)
					if err != nil {
						return
					}
					r.take(string(b[:n]))
				}
			})
		}
		listen()
		s := newSource(t, syslog("unix", path))
		s.emit(100)
		until(t, "all have arrived", func() bool { return r.has(100) })
		conn.Close()
		os.Remove(path)
		s.emit(100)
		s.failed()
		listen()
		until(t, "all have arrived after the restart", func() bool { return r.has(200) })
		conn.Close()
	})
	t.Run("stream", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "log")
		r := newReceiver(t, linewise)
		r.listen("unix", path)
		s := newSource(t, syslog("unix", path))
		s.emit(100)
		until(t, "all have arrived", func() bool { return r.has(100) })
		r.kill()
		s.emit(1)
		s.failed()
		r.listen("unix", path)
		until(t, "all have arrived after the restart", func() bool { return r.has(101) })
	})
}

func TestSyslogHeader(t *testing.T) {
	for in, want := range map[string]string{"": "-", "a b\r\n\x00é": "ab", strings.Repeat("x", 300): strings.Repeat("x", 255)} {
		if got := printable(in, 255); got != want {
			t.Errorf("%q becomes %q", in, got)
		}
	}
	s := NewSyslog(SyslogOptions{Network: "udp", Address: "127.0.0.1:9", SDID: "x", Timeout: long})
	defer s.Close()
	big := cdr.Record{Line: []byte(`{"x":"` + strings.Repeat("x", 70_000) + `"}`)}
	if n, err := s.Deliver(t.Context(), []cdr.Record{big}); n != 0 || !errors.Is(err, cdr.ErrRefused) {
		t.Errorf("a record larger than a datagram: %d, %v", n, err)
	}
}

// What was just sent is kept for a while, and not without bound.
func TestRecentIsBounded(t *testing.T) {
	var r recent
	for range 20_000 {
		r.add(make([]byte, 700))
	}
	if r.size > recentSize || len(r.messages) != r.size/700 {
		t.Errorf("%d messages, %d bytes", len(r.messages), r.size)
	}
	r.at[0] = time.Now().Add(-time.Hour)
	n := len(r.messages)
	if r.trim(); len(r.take()) != n-1 || len(r.take()) != 0 {
		t.Error("what is old is sent again, or what was taken")
	}
}
