package host

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi/manifest"
	"github.com/sallyport-sbc/sallyport/abi/wire"
	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
)

// broken writes a module whose start hook runs code.
func broken(t *testing.T, name string, code []byte) (file string) {
	t.Helper()
	const i32, i64 = "\x7f", "\x7e"
	m := &wasmtest.Module{Memory: 2, Funcs: []wasmtest.Func{
		{Export: "sbc_abi_v1", Results: i32, Code: wasmtest.ConstI32(0)},
		{Export: "sbc_buffer", Params: i32, Results: i64, Code: wasmtest.ConstI64(65536<<32 | 65536)},
		{Export: "sbc_init", Params: i32, Results: i32, Code: wasmtest.ConstI32(0)},
		{Export: "sbc_event", Params: i32 + i64 + i32, Results: i64, Code: code},
	}}
	b, err := manifest.Embed(m.Bytes(), &manifest.Manifest{Name: name, Version: "1", Contract: 1, Hooks: []string{"start"}})
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), name+".wasm")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// eat takes memory until there is none, and then traps.
var eat = wasmtest.Code([]byte{0x03, 0x40}, wasmtest.ConstI32(1), []byte{0x40, 0x00}, wasmtest.ConstI32(-1), []byte{0x47, 0x0d, 0x00, 0x0b}, wasmtest.Trap())

// policies are a section of a module twice, for each policy, and profiles that use them.
func policies(name, section, params string) string {
	var b strings.Builder
	for _, policy := range []string{"refuse", "pass"} {
		fmt.Fprintf(&b, "[module.%s-%s]\n%son_fail = %q\n", name, policy, section, policy)
	}
	return b.String() + profiles(name, params)
}

func profiles(name, params string) string {
	var b strings.Builder
	for _, policy := range []string{"refuse", "pass"} {
		use := name + "-" + policy
		fmt.Fprintf(&b, "[profile.%s]\nmodules = [%q]\n[profile.%[1]s.media]\nrelay = false\n[profile.%[1]s.routing]\nnext_hop = \"ADDR:5080\"\n", use, use)
		if params != "" {
			fmt.Fprintf(&b, "[profile.%s.module.%s]\n%s", use, use, params)
		}
	}
	return b.String()
}

// decided makes a call that each policy decides in its way, and wants a log line about it.
func (s *stage) decided(name, said string) {
	s.t.Helper()
	s.a.invite("X-Profile: " + name + "-refuse")
	s.a.want(503)
	s.b.wantNothing()
	s.a.invite("X-Profile: " + name + "-pass")
	s.a.want(200)
	s.b.wantRequest("INVITE", "ACK")
	s.a.bye()
	s.b.wantRequest("BYE")
	for _, policy := range []string{"refuse", "pass"} {
		found := false
		for line := range strings.Lines(s.log.String()) {
			found = found || strings.Contains(line, name+"-"+policy) && strings.Contains(line, said)
		}
		if !found {
			s.t.Errorf("%s-%s: no line says %q", name, policy, said)
		}
	}
}

// Whatever a module does, the call goes as on_fail says, and the log says which module and why.
func TestBrokenModules(t *testing.T) {
	cases := []struct {
		name, said string
		code       []byte
	}{
		{"trap", "unreachable", wasmtest.Trap()},
		{"loop", "processor time", wasmtest.Code(wasmtest.Forever(), wasmtest.ConstI64(0))},
		{"memory", "unreachable", eat},
		{"garbage", "decision", wasmtest.ConstI64(40)},
		{"oversized", "16385 bytes of answer", wasmtest.ConstI64(wire.AnswerRoom + 1)},
		{"status", "status 77", wasmtest.ConstI64(77 << 32)},
		{"code", "BUSY", wasmtest.ConstI64(-6 << 32)},
	}
	text := "active_profile = [\"$H(X-Profile)\"]\n"
	for _, c := range cases {
		text += policies(c.name, fmt.Sprintf("module = %q\n", broken(t, c.name, c.code)), "")
	}
	s := stageOf(t, text)
	for _, c := range cases {
		s.decided(c.name, c.said)
		if t.Failed() {
			t.Fatal(c.name)
		}
	}
}

// The same for a module whose web server fails.
func TestBrokenWeb(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/500":
			w.WriteHeader(http.StatusInternalServerError)
		case "/endless":
			for r.Context().Err() == nil {
				fmt.Fprint(w, strings.Repeat("x", 4096))
			}
		case "/loris":
			for r.Context().Err() == nil {
				fmt.Fprint(w, "x")
				_ = http.NewResponseController(w).Flush()
				select {
				case <-r.Context().Done():
				case <-time.After(50 * time.Millisecond):
				}
			}
		case "/silent":
			<-r.Context().Done()
		case "/nonsense":
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				fmt.Fprint(conn, "SIP/2.0 200 OK\r\n\r\n")
				conn.Close()
			}
		}
	}))
	defer server.Close()
	rest := builtinFile(t, "rest")
	// Those that are to fail by time have little, the others as much as a busy machine may want.
	cases := map[string]struct{ timeout, said string }{
		"500": {"20s", "answers 500"}, "endless": {"20s", "TOO_BIG"}, "nonsense": {"20s", "IO"},
		"loris": {"300ms", "TIMEOUT"}, "silent": {"300ms", "TIMEOUT"},
	}
	text := "active_profile = [\"$H(X-Profile)\"]\n"
	for name, c := range cases {
		text += policies(name, fmt.Sprintf("module = %q\ngrants = [\"sbc_http\", \"sbc_kv\"]\nhttp = {allow = [%q], private = [\"127.0.0.0/8\"]}\nconfig = {timeout = %q}\nlimits = {wait = \"20s\"}\n", rest, server.URL+"/", c.timeout),
			fmt.Sprintf("url = %q\n", server.URL+"/"+name))
	}
	s := stageOf(t, text)
	for name, c := range cases {
		s.decided(name, c.said)
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// And for one whose Redis is down, does not answer, or answers nonsense.
func TestBrokenRedis(t *testing.T) {
	down, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	down.Close()
	for name, answer := range map[string]string{"down": "", "slow": "", "nonsense": "HTTP/1.1 400 Bad Request\r\n\r\n"} {
		t.Run(name, func(t *testing.T) {
			addr, stop := down.Addr().String(), func() {}
			if name != "down" {
				addr, stop = fakeRedis(t, answer)
			}
			s := stageOf(t, fmt.Sprintf("active_profile = [\"$H(X-Profile)\"]\n[redis]\naddresses = [%q]\n", addr)+
				policies("redis", fmt.Sprintf("module = %q\ngrants = [\"sbc_redis\", \"sbc_kv\"]\nredis = {commands = [\"SISMEMBER\"], prefix = \"blacklist:\"}\n", builtinFile(t, "blacklist")),
					"arg_0 = \"SISMEMBER\"\narg_1 = \"blacklist:callers\"\narg_2 = \"$fU\"\n"))
			t.Cleanup(stop) // before the host looks for goroutines that are left
			s.decided("redis", "module failed")
		})
	}
}

// fakeRedis says answer to whatever it is asked, or nothing, until stop.
func fakeRedis(t *testing.T, answer string) (addr string, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var (
		accepts, serves sync.WaitGroup
		conns           []net.Conn // the acceptor's until it is done
	)
	accepts.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conns = append(conns, conn)
			serves.Go(func() {
				b := make([]byte, 4096)
				for {
					if _, err := conn.Read(b); err != nil {
						return
					}
					if _, err := fmt.Fprint(conn, answer); err != nil {
						return
					}
				}
			})
		}
	})
	return l.Addr().String(), func() {
		l.Close()
		accepts.Wait()
		for _, c := range conns {
			c.Close()
		}
		serves.Wait()
	}
}

// builtinFile builds a plugin's module.
func builtinFile(t *testing.T, name string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name+".wasm")
	if err := os.WriteFile(file, wasmtest.BuildModule(t, filepath.Join("..", "plugins", name)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
