package admin

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// rig is a server on a socket in the working directory of the test.
type rig struct {
	t      *testing.T
	fake   *fake
	server *Server
	client *http.Client
}

const socketPath = "run/ctl.sock"

func newRig(t *testing.T) *rig {
	t.Helper()
	t.Chdir(t.TempDir())
	l, err := Listen(socketPath)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, fake: &fake{}}
	r.server = Serve(l, r.fake, slog.New(slog.DiscardHandler))
	r.client = &http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", socketPath) },
	}}
	t.Cleanup(func() {
		r.client.CloseIdleConnections()
		r.server.Close()
		if _, err := os.Lstat(socketPath); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the socket is still there: %v", err)
		}
	})
	return r
}

func (r *rig) do(method, path, body string) (int, string, http.Header) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, "http://localhost"+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	res, err := r.client.Do(req)
	if err != nil {
		r.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, string(b), res.Header
}

// Every operation is done once and more, and every answer is as openapi.json says.
func TestOperations(t *testing.T) {
	r := newRig(t)
	doc := openAPI(t)
	done := map[string]bool{}
	for _, c := range []struct {
		op, path, body string
		status         int
		part           string
	}{
		{"GET /profiles", "/profiles", "", 200, `{"profiles":[{"name":"trunk","file":"trunk.toml"`},
		{"POST /profiles/reload", "/profiles/reload", "", 422, `"mistakes":[{"file":"trunk.toml","line":3,`},
		{"GET /profiles/{name}", "/profiles/trunk", "", 200, `"settings":{"routing":{"next_hop":"192.0.2.1"}}`},
		{"GET /profiles/{name}", "/profiles/nobody", "", 404, `there is no profile \"nobody\"`},
		{"PUT /profiles/{name}", "/profiles/new", `{"file":"new.toml"}`, 200, `"trunk"`},
		{"PUT /profiles/{name}", "/profiles/new", `{}`, 400, "file is missing"},
		{"PUT /profiles/{name}", "/profiles/new", `{"fil":"x"}`, 400, `unknown field \"fil\"`},
		{"PUT /profiles/{name}", "/profiles/new", `{"file":`, 400, "the body is not as it should be"},
		{"PUT /profiles/{name}", "/profiles/new", ``, 400, "a body is missing"},
		{"PUT /profiles/{name}", "/profiles/new", `{"file":"x"}{"file":"y"}`, 400, "more than one value"},
		{"PUT /profiles/{name}", "/profiles/new", `{"file":"` + strings.Repeat("x", maxBody) + `"}`, 413, "more than 1048576 bytes"},
		{"POST /profiles/{name}/reload", "/profiles/trunk/reload", "", 200, `"name":"trunk"`},
		{"POST /profiles/{name}/reload", "/profiles/a%2Fb/reload", "", 404, `there is no profile \"a/b\"`},
		{"GET /active-profile", "/active-profile", "", 200, `{"selectors":["trunk"],"live":false}`},
		{"PUT /active-profile", "/active-profile", `{"selectors":["a","b"]}`, 200, `{"selectors":["a","b"],"live":true}`},
		{"PUT /active-profile", "/active-profile", `["a"]`, 400, "cannot unmarshal"},
		{"GET /maps", "/maps", "", 200, `"kind":"cidr"`},
		{"GET /maps/{name}", "/maps/ip", "", 200, `"rules":["192.0.2.0/24=\u003etrunk"]`},
		{"PUT /maps/{name}", "/maps/ip", `{"rules":["a=>b"]}`, 200, `"ip"`},
		{"PUT /maps/{name}", "/maps/ip", `{"rules":["a=>b"],"file":"x"}`, 400, "either file or rules"},
		{"PUT /maps/{name}", "/maps/ip", `{}`, 400, "either file or rules"},
		{"PUT /maps/{name}", "/maps/op", `{"file":"x"}`, 404, `there is no map`},
		{"POST /maps/{name}/reload", "/maps/ip/reload", "", 200, `"ip"`},
		{"GET /maps/{name}/lookup", "/maps/ip/lookup?key=192.0.2.1", "", 200, `{"key":"192.0.2.1","found":true,"value":"trunk","line":1}`},
		{"GET /maps/{name}/lookup", "/maps/ip/lookup?key=", "", 200, `"key":""`},
		{"GET /maps/{name}/lookup", "/maps/ip/lookup", "", 400, "key is missing"},
		{"POST /explain", "/explain", `{"message":"INVITE …","source":"192.0.2.1"}`, 200, `"source":"192.0.2.1"`},
		{"POST /explain", "/explain", `{"message":"x"}`, 400, "there is no SIP message"},
		{"POST /explain", "/explain", `{"message":"x","cdr":"{}"}`, 400, "either message or cdr"},
		{"POST /explain", "/explain", `{"massage":"x"}`, 400, `unknown field \"massage\"`},
		{"GET /modules", "/modules", "", 200, `"last_rollback":{"time":"2026-11-01T12:00:00Z","generation":"g0","why":"failed"}`},
		{"POST /modules/{name}/load", "/modules/cdr/load", `{"file":"cdr.wasm"}`, 200, `"percent":10`},
		{"POST /modules/{name}/load", "/modules/cdr/load", `{"fil":"cdr.wasm"}`, 400, `unknown field \"fil\"`},
		{"POST /modules/{name}/load", "/modules/nix/load", `{}`, 404, `there is no module \"nix\"`},
		{"POST /modules/{name}/canary", "/modules/cdr/canary", `{"percent":20}`, 200, `"generation":"g2"`},
		{"POST /modules/{name}/canary", "/modules/cdr/canary", ``, 400, "a body is missing"},
		{"POST /modules/{name}/promote", "/modules/cdr/promote", "", 200, `"generation":"g1"`},
		{"POST /modules/{name}/rollback", "/modules/cdr/rollback", "", 200, `"rollbacks":1`},
		{"POST /modules/{name}/rollback", "/modules/new/rollback", "", 409, "no generation to go back to"},
		{"GET /accounts", "/accounts?prefix=al&limit=5", "", 200, `{"accounts":[{"account":"alice","balance":"12.50","reserved":"1.00","free":"11.50"}],"next":"alice"}`},
		{"GET /accounts", "/accounts?limit=0", "", 400, "want 1 to 1000"},
		{"GET /accounts", "/accounts?limit=1e9", "", 400, "want 1 to 1000"},
		{"GET /accounts/{name}", "/accounts/alice", "", 200, `"open":1,"reservations":[{"call":"c1/prepaid","sequence":1,"amount":"1.00","until":"2026-11-01T12:00:00Z"}]`},
		{"GET /accounts/{name}", "/accounts/sip%3Aa%2Fb", "", 404, `there is no account \"sip:a/b\"`},
		{"GET /accounts/{name}", "/accounts/%2E%2E", "", 404, `there is no account \"..\"`},
		{"POST /accounts/{name}/deposit", "/accounts/alice/deposit", `{"amount":"12.50","reference":"r1"}`, 200, `"amount":"12.50","reference":"r1","created":true`},
		{"POST /accounts/{name}/deposit", "/accounts/alice/deposit", `{"amount":"12.50"}`, 400, "reference is missing"},
		{"POST /accounts/{name}/deposit", "/accounts/alice/deposit", `{"amount":12.50,"reference":"r1"}`, 400, "cannot unmarshal number"},
		{"POST /accounts/{name}/deposit", "/accounts/alice/deposit", `{"amount":"` + strings.Repeat("9", 10<<20) + `","reference":"r"}`, 413, "more than 1048576 bytes"},
		{"POST /accounts/{name}/withdraw", "/accounts/alice/withdraw", `{"amount":"1","reference":"r2"}`, 200, `"amount":"-1","reference":"r2","created":false,"repeated":true`},
		{"POST /accounts/{name}/withdraw", "/accounts/nix/withdraw", `{"amount":"1","reference":"r2"}`, 404, "there is no account"},
		{"POST /accounts/{name}/withdraw", "/accounts/alice/withdraw", ``, 400, "a body is missing"},
		{"GET /blacklists", "/blacklists", "", 200, `{"modules":["blacklist"]}`},
		{"GET /blacklists/{name}", "/blacklists/blacklist?after=a", "", 200, `"entries":[{"value":"+900","prefix":true,"source":"command","reason":"fraud","since":"2026-11-01T12:00:00Z"`},
		{"GET /blacklists/{name}", "/blacklists/nix", "", 404, "there is no blacklist"},
		{"GET /blacklists/{name}", "/blacklists/blacklist?limit=-1", "", 400, "want 1 to 1000"},
		{"POST /blacklists/{name}/block", "/blacklists/blacklist/block", `{"value":"+900","prefix":true,"for":"1h"}`, 200, `"value":"+900"`},
		{"POST /blacklists/{name}/block", "/blacklists/blacklist/block", `{"value":"x","reason":"a\nb"}`, 400, "on one line"},
		{"POST /blacklists/{name}/block", "/blacklists/blacklist/block", `{"valu":"x"}`, 400, "unknown field"},
		{"POST /blacklists/{name}/unblock", "/blacklists/blacklist/unblock", `{"value":"x"}`, 200, `{"module":"blacklist","value":"x","blocked":false,"entries":[]}`},
		{"POST /blacklists/{name}/unblock", "/blacklists/nix/unblock", `{"value":"x"}`, 404, "there is no blacklist"},
		{"POST /blacklists/{name}/unblock", "/blacklists/blacklist/unblock", `"x"`, 400, "cannot unmarshal"},
		{"GET /blacklists/{name}/check", "/blacklists/blacklist/check?value=x", "", 200, `"value":"x","blocked":true`},
		{"GET /blacklists/{name}/check", "/blacklists/blacklist/check", "", 400, "value is missing"},
		{"GET /calls", "/calls", "", 200, `"active":3`},
		{"GET /calls", "/calls?limit=1", "", 200, `"c1"`},
		{"GET /calls", "/calls?limit=0", "", 200, `{"calls":[],"active":3}`},
		{"GET /calls", "/calls?profile=other", "", 200, `{"calls":[{"id":"c2"`},
		{"GET /calls", "/calls?limit=-1", "", 400, "want a number"},
		{"GET /calls/{id}", "/calls/c1", "", 200, `"sip_call_id_a":"a@x"`},
		{"GET /calls/{id}", "/calls/nix", "", 404, "there is no call"},
		{"DELETE /calls/{id}", "/calls/c1?reason=enough", "", 200, `{"id":"c1"}`},
		{"DELETE /calls/{id}", "/calls/nix", "", 404, "there is no call"},
		{"DELETE /calls/{id}", "/calls/c1?reason=a%0d%0aX:%20y", "", 400, "on one line"},
		{"DELETE /calls/{id}", "/calls/c1?reason=" + strings.Repeat("x", 129), "", 400, "at most 128"},
		{"POST /calls/{id}/rearm", "/calls/c1/rearm", `{"module":"calltimer","duration":"10m"}`, 200, `"until":"2026-11-01T12:00:00Z"`},
		{"POST /calls/{id}/rearm", "/calls/c1/rearm", `{"module":"calltimer","duration":"1h30m","from_now":true}`, 200, `"id":"c1"`},
		{"POST /calls/{id}/rearm", "/calls/c1/rearm", `{"module":"calltimer","duration":"0"}`, 200, `"module":"calltimer"}`},
		{"POST /calls/{id}/rearm", "/calls/nix/rearm", `{"module":"calltimer","duration":"10m"}`, 404, "there is no call"},
		{"POST /calls/{id}/rearm", "/calls/c1/rearm", `{"module":"calltimer","duration":"0","from_now":true}`, 400, "hang the call up"},
		{"POST /calls/{id}/rearm", "/calls/c1/rearm", `{"module":"calltimer","duration":"-10m"}`, 400, "want a time such as"},
		{"POST /calls/{id}/rearm", "/calls/c1/rearm", `{"module":"calltimer","duration":"99999h"}`, 400, "at most a year"},
		{"POST /calls/{id}/rearm", "/calls/c1/rearm", `{"module":"calltimer"}`, 400, "want a time such as"},
		{"POST /calls/{id}/rearm", "/calls/c1/rearm", `{"duration":"10m"}`, 400, "module is missing"},
		{"POST /calls/{id}/rearm", "/calls/c1/rearm", `{"module":"x","duration":10}`, 400, "cannot unmarshal"},
		{"GET /stats", "/stats", "", 200, `"uptime_seconds":1`},
		{"POST /reload", "/reload", "", 200, `"lost":[],"kept":["module cdr"]`},
		{"GET /log-level", "/log-level", "", 200, `{"level":"info"}`},
		{"PUT /log-level", "/log-level", `{"level":"debug"}`, 200, `{"level":"debug"}`},
		{"GET /version", "/version", "", 200, `"node":"sbc1"`},
		{"GET ROOT/healthz", "/../../healthz", "", 200, "ok"},
		{"GET ROOT/readyz", "/../../readyz", "", 200, "ready"},
		{"GET ROOT/openapi.json", "/../../openapi.json", "", 200, `"openapi":"3.1.0"`},
	} {
		method, path, _ := strings.Cut(c.op, " ")
		full, url := base+path, base+c.path
		if root, ok := strings.CutPrefix(path, "ROOT"); ok {
			full, url = root, root
		}
		at := method + " " + full
		status, body, header := r.do(method, url, c.body)
		if status != c.status || !strings.Contains(body, c.part) && !strings.Contains(strings.ReplaceAll(body, `": "`, `":"`), c.part) {
			t.Errorf("%s %s: %d %s, want %d with %s", method, url, status, body, c.status, c.part)
		}
		if header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: Content-Type %q", at, header.Get("Content-Type"))
		}
		s := doc.response(doc.Paths[full][strings.ToLower(method)], status)
		if s == nil {
			t.Errorf("%s: openapi.json has no answer %d", at, status)
			continue
		}
		var v any
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			t.Errorf("%s: %v", at, err)
			continue
		}
		for _, bad := range doc.check(s, v, at) {
			t.Error(bad)
		}
		if status == 200 || full == base+"/profiles/reload" {
			done[at] = true
		}
	}
	for _, route := range routes {
		if !done[route.method+" "+route.path] {
			t.Errorf("%s %s was not tried", route.method, route.path)
		}
	}
	const want = "reload all, load new new.toml, reload trunk, reload a/b, set ip , set op x, load cdr cdr.wasm, load nix , canary cdr 20, accounts {Prefix:al After: Limit:5}, " +
		"deposit alice {Amount:12.50 Reference:r1}, withdraw alice {Amount:1 Reference:r2}, withdraw nix {Amount:1 Reference:r2}, " +
		"blacklist {Prefix: After:a Limit:100}, blacklist {Prefix: After: Limit:100}, block {Value:+900 Prefix:true Reason: For:1h}, " +
		"unblock {Value:x Prefix:false}, unblock {Value:x Prefix:false}, hangup c1 enough, hangup nix , rearm c1 calltimer 10m false, rearm c1 calltimer 1h30m true, rearm c1 calltimer 0 false, rearm nix calltimer 10m false, reload everything"
	if got := strings.Join(r.fake.orders(), ", "); got != want {
		t.Errorf("orders: %s, want %s", got, want)
	}
}

func TestWhatHasNoRoute(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		method, path string
		status       int
		part         string
	}{
		{"GET", "/", 404, "there is no /; see /openapi.json"},
		{"GET", "/api/v1/profile", 404, "there is no /api/v1/profile"},
		{"POST", "/api/v1/profiles", 405, "POST is not for /api/v1/profiles; there is GET"},
		{"DELETE", "/api/v1/maps/ip", 405, "there is GET, HEAD, PUT"},
		{"PATCH", "/healthz", 405, "PATCH"},
		{"PUT", "/api/v1/log-level", 400, "a body is missing"},
	} {
		status, body, _ := r.do(c.method, c.path, "")
		var p Problem
		if err := json.Unmarshal([]byte(body), &p); err != nil || status != c.status || p.Status != c.status || !strings.Contains(p.Message, c.part) {
			t.Errorf("%s %s: %d %s, want %d with %s", c.method, c.path, status, body, c.status, c.part)
		}
	}
	if status, body, _ := r.do("PUT", base+"/log-level", `{"level":"broken"}`); status != 500 || !strings.Contains(body, "canceled") {
		t.Errorf("an error of the SBC's own: %d %s", status, body)
	}
	r.fake.mu.Lock()
	r.fake.draining = true
	r.fake.mu.Unlock()
	if status, body, _ := r.do("GET", "/readyz", ""); status != 503 || !strings.Contains(body, "draining") {
		t.Errorf("readyz of a draining SBC: %d %s", status, body)
	}
}

// A client that sends nothing, or half a request, holds nobody up, and neither does one that
// opens many connections: it only keeps others from coming in while it holds them all.
func TestHungClients(t *testing.T) {
	r := newRig(t)
	var hung []net.Conn
	for i := range maxClients - 4 {
		c, err := net.Dial("unix", socketPath)
		if err != nil {
			t.Fatal(err)
		}
		hung = append(hung, c)
		if i%2 == 0 {
			fmt.Fprintf(c, "PUT %s/maps/ip HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{", base)
		}
	}
	if status, _, _ := r.do("GET", "/healthz", ""); status != 200 {
		t.Errorf("healthz beside hung clients: %d", status)
	}
	for _, c := range hung {
		c.Close()
	}
	if r.server.http.ReadHeaderTimeout == 0 || r.server.http.ReadTimeout == 0 || r.server.http.WriteTimeout == 0 || r.server.http.IdleTimeout == 0 {
		t.Error("a time-out is missing")
	}
	c, err := net.Dial("unix", socketPath)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n", strings.Repeat("x", 3*maxHeader))
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil || !strings.Contains(line, "431") {
		t.Errorf("a header of %d bytes: %q, %v, want 431", 3*maxHeader, line, err)
	}
}

func TestSocket(t *testing.T) {
	t.Chdir(t.TempDir())
	l, err := Listen("a/b/ctl.sock")
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat("a/b/ctl.sock")
	if err != nil || info.Mode().Perm() != socketMode || info.Mode().Type() != os.ModeSocket {
		t.Errorf("the socket is %v, %v", info.Mode(), err)
	}
	for folder, want := range map[string]os.FileMode{"a": 0o755, "a/b": folderMode} {
		if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has the mode %v, %v, want %v", folder, info.Mode().Perm(), err, want)
		}
	}
	if files, err := os.ReadDir("a/b"); err != nil || len(files) != 1 {
		t.Errorf("beside the socket: %v, %v", files, err)
	}
	if _, err := Listen("a/b/ctl.sock"); !errors.Is(err, ErrInUse) {
		t.Errorf("a second server: %v, want ErrInUse", err)
	}
	// A process that died leaves its socket behind.
	dead := l.(*socket)
	if err := dead.UnixListener.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Listen("a/b/ctl.sock")
	if err != nil {
		t.Fatalf("after a dead one: %v", err)
	}
	_ = dead.Close() // does not take away what is not its own
	if _, err := os.Lstat("a/b/ctl.sock"); err != nil {
		t.Error(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat("a/b/ctl.sock"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
	if err := os.WriteFile("file", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen("file"); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("in place of a file: %v", err)
	}
	if _, err := Listen(strings.Repeat("x", 120)); err == nil || !strings.Contains(err.Error(), "has at most") {
		t.Errorf("a long path: %v", err)
	}
	if _, err := Listen("file/ctl.sock"); err == nil {
		t.Error("below a file")
	}
}

func TestClient(t *testing.T) {
	newRig(t)
	c := NewClient(socketPath)
	var ps Profiles
	if err := c.Do(t.Context(), "GET", "/profiles", nil, &ps); err != nil || len(ps.Profiles) != 1 || !ps.Profiles[0].Loaded.Equal(when) {
		t.Errorf("%+v, %v", ps, err)
	}
	var active Active
	if err := c.Do(t.Context(), "PUT", "/active-profile", SetActive{[]string{"x"}}, &active); err != nil || active.Selectors[0] != "x" {
		t.Errorf("%+v, %v", active, err)
	}
	err := c.Do(t.Context(), "POST", "/profiles/reload", nil, nil)
	if p, ok := errors.AsType[*Problem](err); !ok || p.Status != 422 || err.Error() != "nothing was changed\ntrunk.toml:3: no" {
		t.Errorf("a refusal: %v", err)
	}
	if err := NewClient("nobody.sock").Do(t.Context(), "GET", "/version", nil, nil); !errors.Is(err, ErrNotRunning) || !strings.Contains(err.Error(), "nobody.sock: is it running") {
		t.Errorf("without a server: %v", err)
	}
}
