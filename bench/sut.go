package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// The addresses of the kit: the configurations beside this file name the first two.
var (
	sutAddr    = netip.MustParseAddrPort("127.0.0.10:5060")
	calleeAddr = netip.MustParseAddrPort("127.0.0.1:5090")
	callerAddr = netip.MustParseAddrPort("127.0.0.20:6060")
)

// sut is a running Sallyport, the system under test. One goroutine samples its memory
// until stop.
type sut struct {
	cmd *exec.Cmd
	dir string // its working folder, removed by stop
	out tail

	exited  chan struct{} // closed when the process is gone
	waitErr error         // valid after exited

	sampling context.CancelFunc
	sampled  sync.WaitGroup
	mu       sync.Mutex
	peak     int64 // KiB
}

// startSUT starts the binary with a configuration of this folder and returns when it
// answers OPTIONS.
func startSUT(ctx context.Context, c config, file string) (*sut, error) {
	return startPrepared(ctx, c, file, func(string) error { return nil })
}

// startPrepared is startSUT in a folder that prepare has put something into.
func startPrepared(ctx context.Context, c config, file string, prepare func(dir string) error) (*sut, error) {
	dir, err := os.MkdirTemp("", "sallyport-bench-")
	if err != nil {
		return nil, err
	}
	if err := prepare(dir); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	s := &sut{dir: dir, exited: make(chan struct{})}
	s.cmd = exec.Command(c.binary, "run", "--config", filepath.Join(dir, file))
	if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
		s.cmd.Args[len(s.cmd.Args)-1] = filepath.Join(c.dir, file)
	}
	s.cmd.Dir = dir
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	if err := s.cmd.Start(); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	go func() {
		s.waitErr = s.cmd.Wait()
		close(s.exited)
	}()
	if err := s.ready(ctx, 30*time.Second); err != nil {
		s.stop()
		return nil, fmt.Errorf("%s: %w\n%s", file, err, s.out.String())
	}
	sampling, cancel := context.WithCancel(context.Background())
	s.sampling = cancel
	s.sampled.Go(func() { s.sample(sampling) })
	return s, nil
}

// ready asks with OPTIONS until any response comes.
func (s *sut) ready(ctx context.Context, limit time.Duration) error {
	conn, err := net.DialUDP("udp4", &net.UDPAddr{IP: callerAddr.Addr().AsSlice()}, net.UDPAddrFromAddrPort(sutAddr))
	if err != nil {
		return err
	}
	defer conn.Close()
	local := conn.LocalAddr().String()
	buf := make([]byte, 2048)
	end := time.Now().Add(limit)
	for i := 0; time.Now().Before(end); i++ {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.exited:
			return fmt.Errorf("sallyport ended while starting: %v", s.waitErr)
		default:
		}
		// Until the port is bound the write or the read fails at once, so the pace is
		// kept by the deadline of the next try.
		next := time.Now().Add(50 * time.Millisecond)
		fmt.Fprintf(conn, "OPTIONS sip:%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKready%d;rport\r\n"+
			"Max-Forwards: 70\r\nFrom: <sip:bench@%s>;tag=ready\r\nTo: <sip:%s>\r\nCall-ID: ready-%d-%d\r\n"+
			"CSeq: %d OPTIONS\r\nContent-Length: 0\r\n\r\n", sutAddr, local, i, local, sutAddr, os.Getpid(), i, i+1)
		conn.SetReadDeadline(next)
		if n, err := conn.Read(buf); err == nil && bytes.HasPrefix(buf[:n], []byte("SIP/2.0 ")) {
			return nil
		}
		time.Sleep(time.Until(next))
	}
	return errors.New("no response to OPTIONS at " + sutAddr.String())
}

// sample keeps the highest memory seen, ten times a second, until ctx ends.
func (s *sut) sample(ctx context.Context) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		st := s.stat()
		s.mu.Lock()
		s.peak = max(s.peak, st.rss)
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *sut) stat() procStat {
	st, _ := readProc(s.cmd.Process.Pid)
	return st
}

func (s *sut) peakRSS() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(s.peak, s.stat().rss)
}

// alive is an error when the process ended by itself.
func (s *sut) alive() error {
	select {
	case <-s.exited:
		return fmt.Errorf("sallyport ended by itself: %v\n%s", s.waitErr, s.out.String())
	default:
		return nil
	}
}

// stop ends the process and removes its folder.
func (s *sut) stop() {
	s.end()
	os.RemoveAll(s.dir)
}

// end ends the process, with SIGTERM and after ten seconds with SIGKILL. Said again it
// does nothing.
func (s *sut) end() {
	if s.sampling != nil {
		s.sampling()
		s.sampled.Wait()
	}
	s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(10 * time.Second):
		s.cmd.Process.Kill()
		<-s.exited
	}
}

// tail keeps the last few KiB a process wrote, for the error that quotes it.
type tail struct {
	mu sync.Mutex
	b  []byte
}

const tailSize = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if over := len(t.b) - tailSize; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.b))
}
