package sink

import (
	"bufio"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/cdr"
	"github.com/sallyport-sbc/sallyport/host/store/redis"
)

// redisServer is a real Redis that keeps what it was told over a restart.
type redisServer struct {
	t    testing.TB
	addr string
	dir  string
	cmd  *exec.Cmd
}

func newRedis(t testing.TB) *redisServer {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatal("redis-server is missing; install it with: apt-get install -y redis-server")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &redisServer{t: t, addr: l.Addr().String(), dir: t.TempDir()}
	l.Close()
	r.start()
	t.Cleanup(r.kill)
	return r
}

func (r *redisServer) start() {
	r.t.Helper()
	_, port, _ := net.SplitHostPort(r.addr)
	r.cmd = exec.Command("redis-server", "--bind", "127.0.0.1", "--port", port, "--dir", r.dir, "--save", "", "--appendonly", "yes", "--appendfsync", "always")
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	until(r.t, "redis answers", func() bool { return r.ask("PING") == "+PONG" })
}

func (r *redisServer) kill() {
	if r.cmd == nil {
		return
	}
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
	r.cmd = nil
}

// ask gives an inline command and returns the first line of the answer.
func (r *redisServer) ask(line string) string { return strings.Join(r.lines(line, 1), "") }

// lines returns the first lines of the answer.
func (r *redisServer) lines(line string, n int) (lines []string) {
	c, err := net.DialTimeout("tcp", r.addr, time.Second)
	if err != nil {
		return nil
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(long))
	fmt.Fprintf(c, "%s\r\n", line)
	b := bufio.NewReader(c)
	for range n {
		text, err := b.ReadString('\n')
		if err != nil {
			return lines
		}
		lines = append(lines, strings.TrimSuffix(text, "\r\n"))
	}
	return lines
}

func (r *redisServer) sink(most int64, columns ...cdr.Column) func() (cdr.Sink, error) {
	return func() (cdr.Sink, error) {
		s, err := redis.Open(redis.Options{Addresses: []string{r.addr}})
		if err != nil {
			return nil, err
		}
		return NewRedis(s, "cdr", most, columns, 10*time.Second), nil
	}
}

func TestRedis(t *testing.T) {
	r := newRedis(t)
	s := newSource(t, r.sink(0))
	s.emit(1000)
	s.drained()
	if n := r.ask("XLEN cdr"); n != ":1000" {
		t.Errorf("%s entries", n)
	}
	entry := strings.Join(r.lines("XREVRANGE cdr + - COUNT 1", 13), " ")
	if want := cdr.Identify([]byte(line(999))).String(); !strings.Contains(entry, " id ") || !strings.Contains(entry, want) || !strings.HasSuffix(entry, line(999)) {
		t.Errorf("entry %s", entry)
	}
	// Killed and started again in the middle.
	r.kill()
	s.emit(100)
	s.failed()
	r.start()
	s.emit(100)
	s.drained()
	if n := r.ask("XLEN cdr"); n != ":1200" || s.stats().Delivered != 1200 {
		t.Errorf("%s entries, %+v", n, s.stats())
	}
}

func TestRedisColumns(t *testing.T) {
	r := newRedis(t)
	s := newSource(t, r.sink(100, columns(t, "id", "cdr_id", "none", "tenant=vars.tenant")...))
	s.emit(1000)
	s.drained()
	var n int
	fmt.Sscanf(r.ask("XLEN cdr"), ":%d", &n)
	if n < 100 || n > 300 {
		t.Errorf("%d entries are kept of about 100", n)
	}
	entry := strings.Join(r.lines("XREVRANGE cdr + - COUNT 1", 17), " ")
	if !strings.Contains(entry, " call-999 ") || !strings.HasSuffix(entry, " tenant $4 acme") || strings.Contains(entry, "none") {
		t.Errorf("entry %s", entry)
	}
}

// All sinks of a file at once; one that is away keeps no other from anything.
func TestOneIsAway(t *testing.T) {
	r, w := newRedis(t), newWeb(t)
	s := newSource(t, w.sink(nil))
	feeds := []cdr.Feed{{Name: "a", Open: w.sink(nil)}, {Name: "b", Open: r.sink(0)}}
	if err := s.file.SetFeeds(cdr.Feeds{Sinks: feeds}); err != nil {
		t.Fatal(err)
	}
	r.kill()
	s.emit(2000)
	until(t, "the web server has everything", func() bool { return s.file.Stats().Sinks[0].Delivered == 2000 })
	until(t, "the figures say that Redis is away", func() bool {
		st := s.file.Stats().Sinks[1]
		return st.Delivered == 0 && st.LagRecords == 2000 && st.LastError != nil
	})
	r.start()
	until(t, "Redis has everything", func() bool { return s.file.Stats().Sinks[1].Delivered == 2000 })
}
