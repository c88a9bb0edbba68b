package host

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/admin"
	"github.com/sallyport-sbc/sallyport/host/cdr/sink/sinktest"
	"github.com/sallyport-sbc/sallyport/host/config"
)

// eventually waits for what a sink, or a server, does.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); !done(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("not yet: %s", what)
		}
	}
}

// sinks are the figures of the sinks of the only file, as the control API shows them.
func sinks(t *testing.T, h *Host) []admin.Figures {
	t.Helper()
	files := control{h}.Stats().CDR
	if len(files) != 1 {
		t.Fatalf("%d files of records", len(files))
	}
	list, _ := files[0]["sinks"].([]admin.Figures)
	return list
}

// The second example: a database and a file, with records while the call lasts.
func TestRecordsInDatabaseAndCSV(t *testing.T) {
	db := sinktest.StartPostgres(t)
	s := newStage(t, "cdr", 2, "postgres://sbc:secret@192.0.2.20/billing", db.URL(), `"60s"`, `"1s"`)
	s.a.invite()
	s.a.want(200)
	eventually(t, "an interim record is in the database", func() bool {
		made := db.Query("SELECT to_regclass('calls')")
		return made[0] != "" && len(db.Query("SELECT 1 FROM calls WHERE type = 'interim'")) > 0
	})
	s.a.bye()
	eventually(t, "the stop record is there", func() bool { return len(db.Query("SELECT 1 FROM calls WHERE type = 'stop'")) > 0 })
	rows := db.Query("SELECT concat_ws(' ', type, seq, caller, vars->>'tenant', disposition, billsec <= extract(epoch from now() - answer_time)) FROM calls ORDER BY seq")
	n := len(rows) - 1
	if n < 2 || rows[0] != "start 0 alice acme t" || rows[1] != "interim 1 alice acme t" || rows[n] != fmt.Sprintf("stop %d alice acme answered t", n) {
		t.Errorf("%q", rows)
	}
	ids := db.Query("SELECT id::text FROM calls ORDER BY seq")
	eventually(t, "the sinks have caught up", func() bool {
		for _, f := range sinks(t, s.host) {
			if f["lag_records"] != int64(0) || f["delivered"] != uint64(n+1) {
				return false
			}
		}
		return true
	})
	text, err := os.ReadFile("var/cdr/calls.csv")
	if err != nil {
		t.Fatal(err)
	}
	sheet, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(sheet) != n+2 || !slices.Equal(sheet[0], []string{"id", "type", "start_time", "caller", "callee", "billsec", "tenant"}) {
		t.Fatalf("%q, %v", sheet, err)
	}
	for i, row := range sheet[1:] {
		if row[0] != ids[i] || row[6] != "acme" {
			t.Errorf("row %q, id %s in the database", row, ids[i])
		}
	}
}

// The third example: the same record with the same id in three places, one of which was
// away when the call ended.
func TestRecordsInWebSyslogAndRedis(t *testing.T) {
	posted := make(chan []byte, 10)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Authorization") != "Bearer secret" || r.URL.Path != "/cdr" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		posted <- b
	}))
	defer web.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr, command := redisServer(t)
	s := newStage(t, "cdr", 3, "http://192.0.2.40", web.URL, "192.0.2.50:601", l.Addr().String(), "192.0.2.30:6379", addr)
	l.Close()
	s.a.invite()
	s.a.want(200)
	s.a.bye()
	eventually(t, "two of three have it", func() bool {
		f := sinks(t, s.host)
		return len(f) == 3 && f[0]["name"] == "log" && f[0]["lag_records"] == int64(1) && f[0]["last_error"] != nil &&
			f[1]["delivered"] == uint64(1) && f[2]["delivered"] == uint64(1)
	})
	var record map[string]any
	if err := json.Unmarshal(come(t, "the record", posted), &record); err != nil || record["type"] != "stop" || record["disposition"] != "answered" {
		t.Fatalf("%v, %v", record, err)
	}
	id, _ := record["id"].(string)
	command("XREVRANGE sbc:cdr + - COUNT 1")
	if l, err = net.Listen("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.(*net.TCPListener).SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	var size int
	b := bufio.NewReader(c)
	if _, err := fmt.Fscanf(b, "%d ", &size); err != nil || size > 64<<10 {
		t.Fatal(size, err)
	}
	message := make([]byte, size)
	if _, err := io.ReadFull(b, message); err != nil {
		t.Fatal(err)
	}
	if m := string(message); !strings.HasPrefix(m, "<158>1 ") || !strings.Contains(m, ` CDR [cdr@32473 id="`+id+`"] {"cdr_id":`) || id == "" {
		t.Errorf("message %s, id %s", m, id)
	}
	eventually(t, "all have it", func() bool { return sinks(t, s.host)[0]["lag_records"] == int64(0) })
}

// Sinks come and go with the configuration; a mistake in one changes nothing.
func TestReloadSinks(t *testing.T) {
	s := newStage(t, "cdr", 1)
	text, err := os.ReadFile("sallyport.toml")
	if err != nil {
		t.Fatal(err)
	}
	reload := func(more string) error {
		t.Helper()
		if err := os.WriteFile("sallyport.toml", append(bytes.Clone(text), more...), 0o600); err != nil {
			t.Fatal(err)
		}
		return s.host.Reload()
	}
	rows := func(file string) int {
		b, _ := os.ReadFile(file)
		return bytes.Count(b, []byte("\n")) - 1
	}
	call := func() {
		s.a.invite()
		s.a.want(200)
		s.a.bye()
	}
	call()
	const one = "[module.cdr.sink.one]\nkind = \"csv\"\nfile = \"one.csv\"\ncolumns = [\"id\"]\n"
	if err := reload(one); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new sink has what the file held", func() bool { return rows("one.csv") == 1 })
	if err := reload(one + "batch = 0\n"); err == nil || !strings.Contains(err.Error(), "module.cdr.sink.one.batch") {
		t.Errorf("a mistake: %v", err)
	}
	call()
	eventually(t, "the sink goes on", func() bool { return rows("one.csv") == 2 })
	if err := reload(strings.Replace(one, "one.csv", "two.csv", 1)); err != nil {
		t.Fatal(err)
	}
	call()
	eventually(t, "it goes on in another file", func() bool { return rows("two.csv") == 1 })
	if err := reload(""); err != nil || len(sinks(t, s.host)) != 0 {
		t.Errorf("without sinks: %v, %v", err, sinks(t, s.host))
	}
	if rows("one.csv") != 2 {
		t.Errorf("%d rows in the first file", rows("one.csv"))
	}
}

// A module that writes no records has no use for a sink.
func TestSinkOfAnotherModule(t *testing.T) {
	text := example(t, "calltimer", 1) + "\n[module.calltimer.sink.s]\nkind = \"csv\"\nfile = \"x.csv\"\ncolumns = [\"id\"]\n"
	t.Chdir(t.TempDir())
	text = "active_profile = [\"default\"]\n[interface.public]\nudp = [\"127.0.0.1:0\"]\nmedia = \"127.0.0.1\"\n[cache]\ndir = \"\"\n" + text
	if err := os.WriteFile("sallyport.toml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Check(Options{File: "sallyport.toml"}); err == nil || !strings.Contains(err.Error(), "module.calltimer.sink: the module writes no records") {
		t.Errorf("%v", err)
	}
}

// What is wrong with a sink is known before anything starts, with its line.
func TestSinkMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"kind = \"csv\"\nfile = \"x.csv\"\ncolumns = [\"a.\"]":                                 "want MEMBER",
		"kind = \"csv\"\nfile = \"x.csv\"\ncolumns = [\"a\", \"x=a\", \"x\"]":                  "twice",
		"kind = \"postgres\"\nurl = \"postgres://a:geheim@192.0.2.1/db?connect_timeout=soon\"": "connect_timeout",
		"kind = \"postgres\"\nurl = \"postgres://a:geheim@192.0.2.1/db?sslmode=sometimes\"":    "sslmode",
	} {
		t.Chdir(t.TempDir())
		text = "active_profile = [\"refuse\"]\n[interface.public]\nudp = [\"127.0.0.1:0\"]\nmedia = \"127.0.0.1\"\n[profile.default]\n[module.cdr]\nmodule = \"x.wasm\"\n[module.cdr.sink.s]\n" + text
		if err := os.WriteFile("sallyport.toml", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("x.wasm", []byte("\x00asm\x01\x00\x00\x00"), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := config.Load("sallyport.toml", config.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = new(Host).feeds(s)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "sallyport.toml:8: module.cdr.sink.s") || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
