package redis

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/sallyport-sbc/sallyport/host/store"
)

func TestAppendStream(t *testing.T) {
	srv := startServer(t)
	s := open(t, srv, Options{})
	entries := make([][]string, 300)
	for i := range entries {
		entries[i] = []string{"id", fmt.Sprint(i), "json", "{}\r\n\x00"}
	}
	if n, err := s.AppendStream(long(t), "cdr", 0, entries); n != 300 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if n, err := s.AppendStream(long(t), "short", 100, entries); n != 300 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	for stream, most := range map[string]int64{"cdr": 300, "short": 299} {
		v, err := s.Command(long(t), "XLEN", stream)
		if err != nil || v.Int > most || v.Int < 100 {
			t.Errorf("%s has %+v, %v", stream, v, err)
		}
	}
	srv.command("SET text x")
	if n, err := s.AppendStream(long(t), "text", 0, entries[:1]); n != 0 || !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("into what is no stream: %d, %v", n, err)
	}
	srv.stop(syscall.SIGKILL)
	if n, err := s.AppendStream(long(t), "cdr", 0, entries); n != 0 || !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("into nothing: %d, %v", n, err)
	}
}
