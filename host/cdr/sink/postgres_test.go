package sink

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/cdr"
	"github.com/sallyport-sbc/sallyport/host/cdr/sink/sinktest"
)

// cluster is a real PostgreSQL.
type cluster struct{ *sinktest.Postgres }

func newCluster(t testing.TB) cluster { return cluster{sinktest.StartPostgres(t)} }

func (c cluster) sink(change func(*PostgresOptions)) func() (cdr.Sink, error) {
	o := PostgresOptions{URL: c.URL(), Table: "cdr", Create: true, Timeout: 30 * time.Second}
	if change != nil {
		change(&o)
	}
	return func() (cdr.Sink, error) { return NewPostgres(o) }
}

func TestPostgres(t *testing.T) {
	c := newCluster(t)
	t.Run("one column", func(t *testing.T) {
		s := newSource(t, c.sink(nil))
		s.emit(1000)
		s.drained()
		if got := c.Query(`SELECT record->>'cdr_id' FROM cdr ORDER BY (record->>'billsec')::int`); len(got) != 1000 || got[999] != "call-999" {
			t.Errorf("%d rows", len(got))
		}
		if got := c.Query(`SELECT id::text FROM cdr WHERE record->>'cdr_id' = 'call-7'`); !slices.Equal(got, []string{cdr.Identify([]byte(line(7))).String()}) {
			t.Errorf("id %v", got)
		}
	})
	t.Run("chosen columns", func(t *testing.T) {
		s := newSource(t, c.sink(func(o *PostgresOptions) {
			o.Table = "public.Calls \"2"
			o.Columns = columns(t, "id", "cdr_id", "start_time", "billsec", "src_ip", "caller", "tenant=vars.tenant", "modules", "none", "whole=json")
		}))
		s.emit(10)
		s.drained()
		got := c.Query(`SELECT cdr_id || ' ' || (start_time = '2026-01-02T15:04:05.678Z')::text || ' ' || (billsec + 1)::text || ' ' || host(src_ip) || ' ' || caller || ' ' || tenant || ' ' || (modules->>0) || ' ' || (none IS NULL)::text || ' ' || (whole->>'cdr_id') FROM public."Calls ""2" WHERE billsec = 3`)
		if want := []string{`call-3 true 4 192.0.2.1 al"ice, é acme cdr true call-3`}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
	t.Run("twice is once", func(t *testing.T) {
		p, err := c.sink(func(o *PostgresOptions) { o.Table = "twice" })()
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		for range 3 {
			if n, err := p.Deliver(t.Context(), records(0, 50)); n != 50 || err != nil {
				t.Fatal(n, err)
			}
		}
		if got := c.Query("SELECT count(*) FROM twice"); got[0] != "50" {
			t.Errorf("%s rows", got[0])
		}
	})
	// What JSON takes and jsonb does not holds nothing up, and is stored all the same.
	t.Run("hostile text", func(t *testing.T) {
		s := newSource(t, c.sink(func(o *PostgresOptions) { o.Table = "hostile" }))
		for _, l := range []string{
			`{"a":"nul \u0000 nul"}`, `{"\u0000":1}`, `{"a":"half \ud800 pair"}`, "{\"a\":\"no \xff utf-8\"}", `{"a":"\\u0000"}`, `{"a":"'; DROP TABLE hostile; --"}`,
			`{"a":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`,
		} {
			if err := s.file.Emit([]byte(l)); err != nil {
				t.Fatal(err)
			}
		}
		s.emit(1)
		s.drained()
		got := c.Query("SELECT record->>'a' FROM hostile")
		if len(got)+int(s.stats().Refused) != 8 || !slices.Contains(got, "nul \ufffd nul") || !slices.Contains(got, `\u0000`) || !slices.Contains(got, "half \ufffd pair") {
			t.Errorf("%.200q, %+v", got, s.stats())
		}
	})
	// A record that the table's own rules refuse costs that one and no other.
	t.Run("refused", func(t *testing.T) {
		c.Query("CREATE TABLE strict (id uuid PRIMARY KEY, billsec integer NOT NULL CHECK (billsec <> 42), caller varchar(12))")
		s := newSource(t, c.sink(func(o *PostgresOptions) {
			o.Table, o.Columns = "strict", columns(t, "id", "billsec", "caller")
		}))
		s.emit(100)
		if err := s.file.Emit([]byte(`{"billsec":"soon"}`)); err != nil {
			t.Fatal(err)
		}
		s.drained()
		if st := s.stats(); st.Refused != 2 || st.Delivered != 99 {
			t.Errorf("%+v", st)
		}
		if got := c.Query("SELECT count(*) FROM strict"); got[0] != "99" {
			t.Errorf("%s rows", got[0])
		}
	})
	// No table: nothing is refused, everything waits for the operator.
	t.Run("no table", func(t *testing.T) {
		s := newSource(t, c.sink(func(o *PostgresOptions) { o.Table, o.Create = "later", false }))
		s.emit(10)
		s.failed()
		c.Query("CREATE TABLE later (id uuid PRIMARY KEY, record jsonb)")
		s.drained()
		if got := c.Query("SELECT count(*) FROM later"); got[0] != "10" || s.stats().Refused != 0 {
			t.Errorf("%s rows", got[0])
		}
	})
	// A role that may only insert can use a table that was made for it.
	t.Run("insert only", func(t *testing.T) {
		c.Query("CREATE TABLE narrow (id uuid PRIMARY KEY, record jsonb); CREATE ROLE teller LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC; GRANT INSERT ON narrow TO teller")
		p, err := c.sink(func(o *PostgresOptions) {
			o.Table, o.URL = "narrow", strings.Replace(o.URL, "sbc@", "teller@", 1)
		})()
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if n, err := p.Deliver(t.Context(), records(0, 5)); n != 5 || err != nil {
			t.Error(n, err)
		}
	})
	// The server is killed, twice, while records come.
	t.Run("outage", func(t *testing.T) {
		s := newSource(t, c.sink(func(o *PostgresOptions) { o.Table = "outage" }))
		s.emit(100)
		s.drained()
		for _, sig := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGINT} {
			c.Stop(sig)
			s.emit(100)
			s.failed()
			c.Start()
			s.emit(100)
			s.drained()
		}
		if got := c.Query("SELECT count(*) FROM outage"); got[0] != "500" || s.stats().Delivered != 500 {
			t.Errorf("%s rows, %+v", got[0], s.stats())
		}
	})
	// kill -9 of this side, again and again.
	t.Run("kill", func(t *testing.T) {
		c.Query("DROP TABLE cdr")
		path := filepath.Join(t.TempDir(), "cdr.jsonl")
		n := 0
		for range 3 {
			n = killed(t, "postgres", path, c.URL(), n)
		}
		s := &source{t: t, path: path}
		s.open(c.sink(nil))
		s.drained()
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		distinct := map[string]bool{}
		for l := range strings.Lines(string(text)) {
			distinct[l] = true
		}
		if got := c.Query("SELECT count(*) FROM cdr"); got[0] != fmt.Sprint(len(distinct)) {
			t.Errorf("%s rows of %d records", got[0], len(distinct))
		}
	})
}

func TestPostgresURL(t *testing.T) {
	for _, bad := range []string{"postgres://host:port/db", "postgres://a/b?sslmode=what"} {
		if _, err := NewPostgres(PostgresOptions{URL: bad, Table: "cdr"}); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
	_, err := NewPostgres(PostgresOptions{URL: "postgres://u:secret@host:port/db", Table: "cdr"})
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("the password stands in %v", err)
	}
	// A server that speaks something else.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(c, "R\xff\xff\xff\xffHTTP/1.1 400 Bad Request\r\n\r\n")
			c.Close()
		}
	}()
	u := url.URL{Scheme: "postgres", User: url.User("u"), Host: l.Addr().String(), Path: "/db", RawQuery: "sslmode=disable"}
	p, err := NewPostgres(PostgresOptions{URL: u.String(), Table: "cdr", Timeout: long})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if n, err := p.Deliver(t.Context(), records(0, 1)); n != 0 || err == nil || errors.Is(err, cdr.ErrRefused) {
		t.Errorf("%d, %v", n, err)
	}
}

// FuzzStorable keeps JSON JSON, and takes out what jsonb does not store.
func FuzzStorable(f *testing.F) {
	for _, s := range []string{`{"a":"\u0000"}`, "{\"a\":\"\xff\"}", `{"a":1e999,"\u0000":[null,"\ud800"]}`, `{"a":"\\u0000"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		out := storable(b)
		if json.Valid(b) && (!json.Valid(out) || !slices.Equal(out, storable(out))) {
			t.Fatalf("%q becomes %q", b, out)
		}
	})
}
