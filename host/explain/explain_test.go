package explain

import (
	"context"
	"errors"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/host/config"
	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

var update = flag.Bool("update", false, "write the expected output of testdata")

// TestExplain runs testdata/*.txtar: a configuration, a message or a record, arguments as the
// command has them, and what is printed; with output.json, as JSON.
func TestExplain(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			explainArchive(t, ar)
			if !*update {
				return
			}
			if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func explainArchive(t *testing.T, ar *txtar.Archive) {
	dir := t.TempDir()
	var c *Config
	var q Request
	for i := range ar.Files {
		f := &ar.Files[i]
		text := string(f.Data)
		switch f.Name {
		case "sallyport.toml":
			if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
				t.Fatal(err)
			}
			c = load(t, dir)
		case "message.sip":
			q = Request{Message: text}
		case "cdr.json":
			q = Request{CDR: text}
		case "args":
			args(t, &q, text)
		case "output", "output.json":
			got := ""
			r, err := Explain(context.Background(), *c, q)
			switch {
			case err != nil:
				got = "error: " + err.Error() + "\n"
			case f.Name == "output":
				got = Text(r, false)
			default:
				b, err := r.JSON()
				if err != nil {
					t.Fatal(err)
				}
				got = string(b)
			}
			got = strings.ReplaceAll(got, dir+"/", "")
			if *update {
				f.Data = []byte(got)
			} else if got != text {
				t.Errorf("got:\n%s\nwant:\n%s", got, text)
			}
		default:
			if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func args(t *testing.T, q *Request, text string) {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch name {
		case "source":
			q.Source = value
		case "interface":
			q.Interface = value
		case "profile":
			q.Profile = value
		case "resolve":
			q.Resolve = true
		default:
			t.Fatalf("argument %q", name)
		}
	}
}

// load reads dir/sallyport.toml.
func load(t testing.TB, dir string) *Config {
	s, err := config.Load(filepath.Join(dir, "sallyport.toml"), config.Options{
		HasAddress: func(netip.Addr) bool { return true },
		Builtins:   []string{"limit", "router", "waits", "forever", "traps", "hookless", "absent", "drops", "prepaid", "scanners"},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := &Config{Snapshot: s, Load: troupe, Server: "Sallyport/test", Resolver: names{}}
	for _, name := range s.InterfaceOrder {
		i := s.Interface[name]
		c.Transport = append(c.Transport, transport.Config{Name: name, UDP: i.UDP, TCP: i.TCP, Advertise: netip.AddrPort(i.Advertise)})
		c.Media = append(c.Media, media.Interface{Name: name, Addr: i.Media, PortMin: i.MediaPorts.First, PortMax: i.MediaPorts.Last})
	}
	return c
}

// troupe has a module for every way to decide.
func troupe(name string, d Diary) (callcontrol.Module, func(), error) {
	m := &player{events: abi.Bit(abi.EventStart)}
	switch name {
	case "limit":
		m.start = func(c *abi.Call) (abi.Decision, error) {
			for _, p := range c.Params {
				if p.Name == "max" && p.Value == "0" {
					d.Logs("WARN", "account is full")
					return abi.Decision{Code: 486, Reason: "Too Many", Headers: []abi.Field{{Name: "X-Limit", Value: "0"}}}, nil
				}
			}
			return abi.Decision{MaxDuration: 2 * time.Hour}, nil
		}
	case "router":
		m.start = func(c *abi.Call) (abi.Decision, error) {
			err := c.Vars.Set("carrier", "gold")
			return abi.Decision{
				Set:    []abi.Field{{Name: "identity.ruri", Value: "sip:routed@example.net"}},
				Timers: []abi.Timer{{Number: 1, After: time.Minute, End: true}},
			}, err
		}
	case "prepaid":
		m.start = func(*abi.Call) (abi.Decision, error) {
			d.Asked("rate calls/alice (1 a second, 5 at once)", true)
			d.Asked("balance of alice", false)
			return abi.Decision{Code: 503}, nil
		}
	case "waits":
		m.start = func(c *abi.Call) (abi.Decision, error) {
			later := c.Later
			go later(abi.Decision{Vars: []abi.Field{{Name: "carrier", Value: "silver"}}}, nil)
			return abi.Decision{}, callcontrol.ErrPending
		}
	case "traps":
		m.start = func(*abi.Call) (abi.Decision, error) { return abi.Decision{}, errors.New("trapped: unreachable") }
	case "drops":
		m.start = func(*abi.Call) (abi.Decision, error) { return abi.Decision{Drop: true}, nil }
	case "scanners":
		m.events = abi.Bit(abi.EventRegister)
		m.start = func(c *abi.Call) (abi.Decision, error) {
			return abi.Decision{Code: 403, Reason: "No " + c.Method + " Here"}, nil
		}
	case "hookless":
		m.events = abi.Bit(abi.EventEnd)
	default:
		return nil, nil, errors.New("it is not there")
	}
	return m, func() {}, nil
}

type player struct {
	events uint64
	start  func(*abi.Call) (abi.Decision, error)
}

func (p *player) Events() uint64 { return p.events }
func (p *player) Release()       {}
func (p *player) Start(_ context.Context, c *abi.Call) (abi.Decision, error) {
	return p.start(c)
}
func (p *player) Connect(context.Context, *abi.Call) (abi.Decision, error) { panic("connect") }
func (p *player) Event(_ context.Context, c *abi.Call) (abi.Decision, error) {
	if c.Event != abi.EventRegister {
		panic("event")
	}
	return p.start(c)
}
func (p *player) End(context.Context, *abi.Call) error { panic("end") }

// names is a resolver that knows gw.example.net.
type names struct{ anybody }

func (names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if host == "gw.example.net" {
		return []netip.Addr{netip.MustParseAddr("203.0.113.5")}, nil
	}
	return nil, errors.New("no such host")
}

// Colour is all that a terminal adds, and what comes from outside adds none.
func TestColour(t *testing.T) {
	c := simpleConfig(t)
	r, err := Explain(context.Background(), *c, Request{Message: simpleInvite})
	if err != nil {
		t.Fatal(err)
	}
	r.Modules[0].Log = []string{"INFO \x1b[2J\x9b2J"}
	plain, coloured := Text(r, false), Text(r, true)
	if strings.Contains(plain, "\x1b") || !strings.Contains(coloured, "\x1b[32m+ ") || strings.Contains(coloured, "\x1b[2J") {
		t.Errorf("%q\n%q", plain, coloured)
	}
	for _, code := range []string{"1", "31", "32", "0"} {
		coloured = strings.ReplaceAll(coloured, "\x1b["+code+"m", "")
	}
	if coloured != plain {
		t.Errorf("with colour:\n%s\nwithout:\n%s", coloured, plain)
	}
}
