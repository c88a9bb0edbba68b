package host

import (
	"bufio"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// redisServer starts a real Redis that ends with the test, and returns where it is and
// what gives it a command.
func redisServer(t *testing.T) (addr string, command func(string)) {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatal("redis-server is missing; install it with: apt-get install -y redis-server")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = l.Addr().String()
	_, port, _ := net.SplitHostPort(addr)
	l.Close()
	cmd := exec.Command(path, "--bind", "127.0.0.1", "--port", port, "--dir", t.TempDir(), "--save", "", "--appendonly", "no")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	var conn net.Conn
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(waitLimit); conn == nil; <-tick.C {
		if conn, err = net.Dial("tcp", addr); err != nil && time.Now().After(end) {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { conn.Close() })
	answers := bufio.NewReader(conn)
	return addr, func(line string) {
		t.Helper()
		fmt.Fprintf(conn, "%s\r\n", line)
		if answer, err := answers.ReadString('\n'); err != nil || strings.HasPrefix(answer, "-") {
			t.Fatalf("%s: %s, %v", line, answer, err)
		}
	}
}

// The set of the second example, changed while calls run.
func TestBlacklistInRedis(t *testing.T) {
	addr, command := redisServer(t)
	s := newStage(t, "blacklist", 2, "127.0.0.1:6379", addr)
	command("SADD blacklist:callers mallory")
	s.a.invite("From: <sip:mallory@example.org>;tag=1")
	s.a.want(403)
	s.b.wantNothing()
	s.a.invite()
	s.a.want(200)
	s.a.bye()
	command("SADD blacklist:callers alice")
	command("SREM blacklist:callers mallory")
	s.a.invite()
	s.a.want(403)
	s.a.invite("From: <sip:mallory@example.org>;tag=2")
	s.a.want(200)
	s.a.bye()
}

// Limits and money are the same with Redis as the store.
func TestLimitsInRedis(t *testing.T) {
	addr, _ := redisServer(t)
	shared := fmt.Sprintf("[store]\nengine = \"redis\"\n[redis]\naddresses = [%q]\n", addr)
	t.Run("parallelcalls", func(t *testing.T) {
		s := newStage(t, "parallelcalls", 1, "[map.trunks]", shared+"[map.trunks]")
		for range 2 {
			s.a.invite()
			s.a.want(200)
		}
		s.a.invite()
		s.a.want(402)
		s.a.invite("From: <sip:carol@example.org>;tag=c")
		s.a.want(200)
		s.a.bye()
		s.freed("parallelcalls/user/carol", 0)
	})
	t.Run("ratelimit", func(t *testing.T) {
		s := newStage(t, "ratelimit", 1, "[module.ratelimit]", shared+"[module.ratelimit]", `rate = "10"`, `rate = "0.01"`, `burst = "20"`, `burst = "1"`)
		s.a.invite()
		s.a.want(200)
		s.a.bye()
		s.a.invite()
		s.a.want(503)
	})
	t.Run("prepaid", func(t *testing.T) {
		s := newStage(t, "prepaid", 1, "[map.tariffs]", shared+"[map.tariffs]", `"882=>5 60/60 1.50"`, `"=>0.60"`)
		s.deposit("alice", 1_000_000)
		s.a.invite()
		s.a.want(200)
		s.a.bye()
		if left := s.settled("alice"); left != 990_000 {
			t.Errorf("%d are left", left)
		}
		s.a.invite("From: <sip:carol@example.org>;tag=c")
		s.a.want(500)
	})
}
