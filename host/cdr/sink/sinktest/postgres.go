// Package sinktest starts the real servers that tests of sinks deliver to.
package sinktest

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Postgres is a PostgreSQL in a folder of its own, on a loopback port. It ends with
// the test.
type Postgres struct {
	t    testing.TB
	bin  string
	dir  string
	port string
	cred *syscall.Credential // PostgreSQL does not run as root
	cmd  *exec.Cmd
}

// StartPostgres makes a cluster and starts it. It fails the test when PostgreSQL is
// not installed.
func StartPostgres(t testing.TB) *Postgres {
	t.Helper()
	p := &Postgres{t: t, bin: binaries(t)}
	// Not t.TempDir, whose parents are closed to others.
	dir, err := os.MkdirTemp("", "sallyport-postgres")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p.dir = dir
	if os.Getuid() == 0 {
		const nobody = 65534
		p.cred = &syscall.Credential{Uid: nobody, Gid: nobody}
		if err := os.Chown(dir, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.port = strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	l.Close()
	out, err := p.command("initdb", "-D", filepath.Join(dir, "data"), "-U", "sbc", "-A", "trust", "-E", "UTF8", "--locale", "C", "--no-sync").CombinedOutput()
	if err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	p.Start()
	t.Cleanup(func() { p.Stop(syscall.SIGQUIT) })
	return p
}

// binaries is where Debian, or anybody, has put PostgreSQL.
func binaries(t testing.TB) string {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1])
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		t.Fatal("PostgreSQL is missing; install it with: apt-get install -y postgresql")
	}
	return filepath.Dir(path)
}

func (p *Postgres) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(p.bin, name), args...)
	cmd.Dir = p.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.cred}
	return cmd
}

// Start starts the server again and waits until it answers.
func (p *Postgres) Start() {
	p.t.Helper()
	p.cmd = p.command("postgres", "-D", filepath.Join(p.dir, "data"), "-p", p.port, "-k", p.dir,
		"-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "shared_buffers=1MB", "-c", "max_connections=10", "-c", "logging_collector=off")
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); ; <-tick.C {
		conn, err := pgconn.Connect(p.t.Context(), p.URL())
		if err == nil {
			conn.Close(p.t.Context())
			return
		}
		if time.Now().After(end) {
			p.t.Fatal(err)
		}
	}
}

// Stop ends the server by a signal and waits for it: SIGQUIT is a crash.
func (p *Postgres) Stop(sig syscall.Signal) {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(sig)
	_ = p.cmd.Wait()
	p.cmd = nil
}

// URL is that of the database.
func (p *Postgres) URL() string {
	return "postgres://sbc@127.0.0.1:" + p.port + "/postgres?sslmode=disable"
}

// Query runs statements and returns the first column of what they yield.
func (p *Postgres) Query(sql string) (values []string) {
	p.t.Helper()
	conn, err := pgconn.Connect(p.t.Context(), p.URL())
	if err != nil {
		p.t.Fatal(err)
	}
	defer conn.Close(p.t.Context())
	results, err := conn.Exec(p.t.Context(), sql).ReadAll()
	if err != nil {
		p.t.Fatalf("%s: %v", sql, err)
	}
	for _, r := range results {
		for _, row := range r.Rows {
			values = append(values, string(row[0]))
		}
	}
	return values
}
