package sbc

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/BurntSushi/toml"
	"golang.org/x/tools/txtar"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/media/mediatest"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
	"github.com/sallyport-sbc/sallyport/sbc/profile"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
	"github.com/sallyport-sbc/sallyport/sbc/transport/memnet"
)

var update = flag.Bool("update", false, "rewrite the expected messages of testdata/flows")

// TestFlows plays every file of testdata/flows over an in-memory network on a clock
// that only moves when nobody has anything to do. A file is a txtar archive; its head
// says in words what it shows. Its sections are played in order:
//
//	profile.toml       the profile "default"; selectors as active_profile
//	a>sbc INVITE       phone a sends; what is not written is filled in (see phone)
//	a>sbc again BYE    … the same bytes once more
//	b>sbc 180          phone b answers the last INVITE; "200 BYE" answers the last BYE
//	sbc>b INVITE       the next message b gets; a line "…" stands for any lines
//	dns                what names stand for: NAME ADDRESS and how long the answer takes
//	wait 3m            time passes
//	digit a 5 80ms     a's phone dials in RTP, on the stream of its first RTP port
//	module             what the module of the profile does: see scripted
//	log                what the modules were told, in order
//	limit 10m [now]    somebody outside sets the maximum duration; the text says what came of it
//
// Before anything is sent, and at the end, every message must have been expected.
func TestFlows(t *testing.T) {
	files, err := filepath.Glob("testdata/flows/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no flows: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(name, func(t *testing.T) {
			arc, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) { playFlow(t, arc) })
			if *update {
				if err := os.WriteFile(file, txtar.Format(arc), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// bed is an SBC between phones.
type bed struct {
	t       testing.TB
	sbc     *SBC
	net     *memnet.Net
	phones  map[string]*phone
	names   names
	module  *scripted
	anchor  *media.Anchor
	engine  *mediatest.Engine
	x       *transaction.Layer
	tr      *transport.Layer
	started bool
}

func newBed(t testing.TB) *bed { return newBedOn(t, memnet.New()) }

func newBedOn(t testing.TB, net *memnet.Net) *bed {
	b := &bed{t: t, net: net, phones: map[string]*phone{}, module: &scripted{}}
	log := slog.New(slog.DiscardHandler)
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	b.sbc = New(Options{Node: "test", Log: log, Resolver: names4{}})
	b.module.sbc = b.sbc
	b.x = transaction.New(transaction.Config{Log: log}, b.sbc)
	var err error
	b.tr, err = transport.New([]transport.Config{
		{Name: "outside", UDP: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:5060")}},
		{Name: "inside", UDP: []netip.AddrPort{netip.MustParseAddrPort("198.51.100.1:5060")}},
	}, b.x, transport.Options{Listen: b.net.Listen, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	b.engine = &mediatest.Engine{}
	b.anchor, err = media.New(media.Config{
		Interfaces: []media.Interface{
			{Name: "outside", Addr: netip.MustParseAddr("192.0.2.1"), PortMin: 20000, PortMax: 20099},
			{Name: "inside", Addr: netip.MustParseAddr("198.51.100.1"), PortMin: 30000, PortMax: 30099},
		},
		Engine: b.engine, Sequential: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	b.sbc.Attach(b.tr, b.x, b.anchor)
	return b
}

func (b *bed) start() {
	if b.started {
		return
	}
	b.started = true
	if err := b.tr.Start(context.Background()); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bed) close() {
	b.sbc.background.Wait()
	b.tr.Close()
	b.x.Close()
	b.anchor.Close()
	for _, p := range b.phones {
		p.conn.Close()
	}
}

// configure makes the profile "default" from TOML.
func (b *bed) configure(text string) {
	var doc struct {
		ActiveProfile []string       `toml:"active_profile"`
		MaxCalls      int            `toml:"max_calls"`
		Refused       bool           `toml:"tell_of_refused"`
		Profile       map[string]any `toml:"profile"`
		Default       profile.Config `toml:"default"`
	}
	doc.Default.SetDefaults()
	doc.ActiveProfile = []string{"default"}
	if _, err := toml.Decode(text, &doc); err != nil {
		b.t.Fatal(err)
	}
	p, errs := profile.Compile("default", &doc.Default, profile.Known{
		Interfaces: []string{"outside", "inside"}, MediaInterfaces: []string{"outside", "inside"},
		Modules: map[string]callcontrol.OnFail{"scripted": callcontrol.OnFailRefuse},
	})
	if len(errs) > 0 {
		b.t.Fatal(errs)
	}
	var sel []*pattern.Pattern
	for _, s := range doc.ActiveProfile {
		pat, err := pattern.Parse(s)
		if err != nil {
			b.t.Fatal(err)
		}
		sel = append(sel, pat)
	}
	var refused *callcontrol.Chain
	if doc.Refused {
		refused = callcontrol.NewChain([]callcontrol.Use{{Name: "scripted", Module: "scripted"}})
	}
	b.sbc.Configure(&Snapshot{
		Refused:  refused,
		Profiles: profile.NewSet(sel, []*profile.Profile{p}, nil),
		Modules:  b.module, MaxCalls: doc.MaxCalls,
	})
}

func (b *bed) phone(name string) *phone {
	if p := b.phones[name]; p != nil {
		return p
	}
	addr, sbc := "198.51.100.11", "198.51.100.1:5060"
	switch name {
	case "a":
		addr, sbc = "192.0.2.10", "192.0.2.1:5060"
	case "b2":
		addr = "198.51.100.12"
	case "b3":
		addr = "198.51.100.13"
	}
	p := newPhone(b.t, b.net, name, netip.AddrPortFrom(netip.MustParseAddr(addr), 5060), netip.MustParseAddrPort(sbc))
	b.phones[name] = p
	return p
}

func playFlow(t *testing.T, arc *txtar.Archive) {
	b := newBed(t)
	defer b.close()
	for _, n := range []string{"a", "b", "b2", "b3"} {
		b.phone(n)
	}
	for i := range arc.Files {
		f := &arc.Files[i]
		text := strings.TrimRight(string(f.Data), "\n")
		words := strings.Fields(f.Name)
		switch {
		case words[0] == "profile.toml":
			b.configure(text)
		case words[0] == "module":
			b.module.script(text)
		case words[0] == "dns":
			b.sbc.opt.Resolver = answering(t, text)
		case words[0] == "wait":
			b.allExpected(f.Name)
			d, err := time.ParseDuration(words[1])
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(d)
			synctest.Wait()
		case words[0] == "digit":
			at := netip.MustParseAddrPort("192.0.2.1:20000")
			if words[1] != "a" {
				at = netip.MustParseAddrPort("198.51.100.1:30000")
			}
			d, err := time.ParseDuration(words[3])
			if err != nil {
				t.Fatal(err)
			}
			b.engine.Press(at, media.Digit{Key: words[2][0], Duration: d})
			synctest.Wait()
		case words[0] == "drain":
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			go b.sbc.Drain(ctx)
			synctest.Wait()
		case words[0] == "limit":
			b.allExpected(f.Name)
			got := b.limit(words[1:])
			if *update {
				f.Data = []byte(got + "\n")
			} else if got != text {
				t.Errorf("%s: %s, want %s", f.Name, got, text)
			}
			synctest.Wait()
		case words[0] == "log":
			got := strings.Join(b.module.log, "\n")
			if *update {
				f.Data = []byte(got + "\n")
			} else if got != text {
				t.Errorf("%s: got\n%s\nwant\n%s", f.Name, got, text)
			}
		case strings.HasPrefix(words[0], "sbc>"):
			p := b.phone(strings.TrimPrefix(words[0], "sbc>"))
			b.expect(p, f, strings.Join(words[1:], " "), text)
		case strings.HasSuffix(words[0], ">sbc"):
			b.start()
			b.allExpected(f.Name)
			p := b.phone(strings.TrimSuffix(words[0], ">sbc"))
			p.send(words[1:], b.names.fill(text))
			synctest.Wait()
		default:
			t.Fatalf("section %q", f.Name)
		}
		if t.Failed() && !*update {
			t.FailNow()
		}
	}
	b.allExpected("the end")
	time.Sleep(10 * time.Minute) // every transaction's life and more
	synctest.Wait()
	b.allExpected("ten minutes after the end")
	if n := b.sbc.Stats().Active; n != 0 {
		t.Errorf("%d calls are still active", n)
	}
	b.sbc.legs.each(func(l *leg) { t.Errorf("leg %s is still in the table, state %d", l.name(), l.state) })
	if st := b.anchor.Stats(); st.Sessions != 0 {
		t.Errorf("%d media sessions are still open", st.Sessions)
	}
}

// limit sets the maximum duration of the oldest call, for the module scripted.
func (b *bed) limit(words []string) string {
	d, err := time.ParseDuration(words[0])
	if err != nil {
		b.t.Fatal(err)
	}
	id := "nobody"
	if calls := b.sbc.Calls(b.t.Context()); len(calls) > 0 {
		id = calls[0].ID
	}
	until, err := b.sbc.Limit(b.t.Context(), id, "scripted", d, len(words) > 1)
	switch {
	case err != nil:
		return err.Error()
	case until.IsZero():
		return "no end known"
	}
	return "ends in " + time.Until(until).Round(time.Millisecond).String()
}

func (b *bed) allExpected(where string) {
	for _, p := range b.phones {
		for _, m := range p.take() {
			b.t.Errorf("before %s: %s got a message nobody expects:\n%s", where, p.name, b.names.normal(m))
		}
	}
}

// expect takes the next message of p and compares it.
func (b *bed) expect(p *phone, f *txtar.File, label, want string) {
	raw, ok := p.next()
	if !ok {
		b.t.Fatalf("%s: %s got nothing", f.Name, p.name)
	}
	p.learn(raw)
	got := b.names.normal(raw)
	if l := labelOf(raw); l != label && !strings.HasPrefix(l, label+" ") {
		b.t.Fatalf("%s: %s got %s:\n%s", f.Name, p.name, l, got)
	}
	if same(got, want) {
		return
	}
	if *update {
		f.Data = []byte(got + "\n")
		return
	}
	b.t.Errorf("%s: got\n%s\n\nwant\n%s", f.Name, got, want)
}

// same compares line by line; "…" stands for any lines.
func same(got, want string) bool {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	i := 0
	for k := 0; k < len(w); k++ {
		if w[k] != "…" {
			if i >= len(g) || g[i] != w[k] {
				return false
			}
			i++
			continue
		}
		if k == len(w)-1 {
			return true
		}
		for i < len(g) && g[i] != w[k+1] {
			i++
		}
	}
	return i == len(g)
}

// names gives what the SBC makes up at random a name by order of appearance.
type names struct {
	by   map[string]string
	back map[string]string
	n    map[string]int
}

var random = regexp.MustCompile(`z9hG4bK[a-zA-Z0-9_-]+|\b[a-z2-7]{24}\b|\b[a-z2-7]{16}\b|tag=[a-z0-9]{11,15}\b|(?:cn|n)once="[^"]{16,}"|response="[0-9a-f]+"`)

func (n *names) normal(raw string) string {
	raw = strings.ReplaceAll(strings.TrimRight(raw, "\r\n"), "\r\n", "\n")
	return random.ReplaceAllStringFunc(raw, func(s string) string {
		if tag, ok := strings.CutPrefix(s, "tag="); ok { // made by the transaction layer
			return "tag=" + n.name("tag", tag)
		}
		if name, value, ok := strings.Cut(s, `="`); ok {
			return name + `="` + n.name(name, strings.TrimSuffix(value, `"`)) + `"`
		}
		kind := "tag"
		switch {
		case strings.HasPrefix(s, "z9hG4bK-phone"):
			return s
		case strings.HasPrefix(s, "z9hG4bK"):
			kind = "branch"
		case len(s) == 24:
			kind = "call-id"
		}
		return n.name(kind, s)
	})
}

func (n *names) name(kind, s string) string {
	if n.by == nil {
		n.by, n.back, n.n = map[string]string{}, map[string]string{}, map[string]int{}
	}
	if n.by[s] == "" {
		n.n[kind]++
		n.by[s] = fmt.Sprintf("<%s-%d>", kind, n.n[kind])
		n.back[n.by[s]] = s
	}
	return n.by[s]
}

func (n *names) fill(text string) string {
	for name, s := range n.back {
		text = strings.ReplaceAll(text, name, s)
	}
	return text
}
