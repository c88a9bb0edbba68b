package profile

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

var update = flag.Bool("update", false, "rewrite the results in testdata")

// The files of testdata are cases one after the other: a "profile" (keys and values),
// "more" header fields of the INVITE, what a module does ("set", "vars"), messages that cross later ("to a", "to b"), and the
// "result": the plan as far as it is not the default, what becomes of testdata/invite.sip and of those messages, or the errors.
func TestSections(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	raw, err := os.ReadFile("testdata/invite.sip")
	if err != nil {
		t.Fatal(err)
	}
	raw = bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var c testCase
			for i, f := range a.Files {
				word, name, _ := strings.Cut(f.Name, ": ")
				switch word {
				case "profile":
					c = testCase{name: name, config: string(f.Data), invite: raw}
				case "more":
					more := bytes.ReplaceAll(f.Data, []byte("\n"), []byte("\r\n"))
					c.invite = append(bytes.TrimSuffix(slices.Clone(raw), []byte("\r\n")), append(more, "\r\n"...)...)
				case "set":
					c.set = string(f.Data)
				case "vars":
					c.vars = string(f.Data)
				case "to a", "to b":
					c.later = append(c.later, crossing{side: media.Side(word[3] - 'a'), text: bytes.ReplaceAll(f.Data, []byte("\n"), []byte("\r\n"))})
				case "result":
					got := c.run(t)
					if *update {
						a.Files[i].Data = []byte(got)
					} else if got != string(f.Data) {
						t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, f.Data)
					}
				default:
					t.Fatalf("%s: what is %q?", file, f.Name)
				}
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

type testCase struct {
	name, config, set, vars string
	invite                  []byte
	later                   []crossing
}

// crossing is a message on its way to a leg.
type crossing struct {
	side media.Side
	text []byte
}

// crosses says what becomes of a message.
func (x *crossing) crosses(t *testing.T, b *strings.Builder, p *Plan) {
	t.Helper()
	text := x.text
	if !bytes.Contains(text, []byte("\r\n\r\n")) {
		text = append(slices.Clone(text), "\r\n"...)
	}
	m, err := sip.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	what := m.Method
	if !m.IsRequest() {
		what = strconv.Itoa(m.Status) + " " + m.Method
	}
	fmt.Fprintf(b, "%s to %v:\n", what, x.side)
	if m.IsRequest() && !p.Crosses(m.Method, x.side) {
		fmt.Fprintf(b, "405, Allow: %s\n", p.Allow("INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, MESSAGE, UPDATE", x.side.Other()))
		return
	}
	before := lines(m)
	p.Filter(m, x.side)
	if m.IsRequest() {
		p.AppendTo(m, x.side)
	} else {
		m.Status, m.Phrase = p.Translate(x.side, m.Status, m.Phrase)
	}
	if m.Body != "" && p.Media.Shape[x.side] != nil {
		out, err := p.Media.Shape[x.side].Apply([]byte(m.Body), netip.MustParseAddr("198.51.100.1"))
		if err != nil {
			fmt.Fprintf(b, "error: %v\n", err)
			return
		}
		m.Body = string(out)
	}
	difference(b, before, lines(m))
}

func (c *testCase) run(t *testing.T) string {
	var b strings.Builder
	p, errs := Compile("test", parseConfig(t, c.config), testKnown())
	for _, err := range errs {
		if ke := (*KeyError)(nil); !errors.As(err, &ke) {
			t.Errorf("%v is no *KeyError", err)
		}
		fmt.Fprintf(&b, "mistake: %v\n", err)
	}
	if p == nil {
		return b.String()
	}
	e := testEnv(t, c.invite)
	plan, err := p.Resolve(e)
	if err != nil {
		return fmt.Sprintf("error: %v\n", err)
	}
	for line := range strings.Lines(c.set) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " =")
		value = strings.TrimPrefix(value, " ")
		value = strings.NewReplacer(`\r`, "\r", `\n`, "\n").Replace(value)
		check, before := plan.Check(key, value), *plan
		if err := plan.Set(key, value); err != nil {
			fmt.Fprintf(&b, "set: %v\n", err)
			if fmt.Sprint(check) != err.Error() || !reflect.DeepEqual(before, *plan) {
				t.Errorf("%s: Check said %v, and the plan changed: %v", c.name, check, !reflect.DeepEqual(before, *plan))
			}
		}
	}
	vars := map[string]string{}
	for line := range strings.Lines(c.vars) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " = ")
		vars[key] = value
	}
	e.Var = func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
	if err := plan.Late(e); err != nil {
		return b.String() + fmt.Sprintf("error: %v\n", err)
	}
	if r := plan.Refuse(); r != nil {
		fmt.Fprintln(&b, strings.TrimSpace(fmt.Sprintf("refuse: %d %s", r.Code, r.Reason)))
		for _, h := range r.Headers {
			fmt.Fprintf(&b, "  %s: %s\n", h.Name, h.Value)
		}
		return b.String()
	}
	describe(&b, plan)
	m, err := sip.Parse(c.invite)
	if err != nil {
		t.Fatal(err)
	}
	before := lines(m)
	if err := plan.Apply(m); err != nil {
		return b.String() + fmt.Sprintf("apply: %v\n", err)
	}
	difference(&b, before, lines(m))
	for i := range c.later {
		c.later[i].crosses(t, &b, plan)
	}
	return b.String()
}

func difference(b *strings.Builder, before, after []string) {
	for _, l := range before {
		if !slices.Contains(after, l) {
			b.WriteString("- " + l + "\n")
		}
	}
	for _, l := range after {
		if !slices.Contains(before, l) {
			b.WriteString("+ " + l + "\n")
		}
	}
}

// describe prints what is not the default.
func describe(b *strings.Builder, p *Plan) {
	var d Config
	d.SetDefaults()
	for _, f := range []struct {
		name      string
		is, usual any
	}{
		{"call_id", p.CallID, ""},
		{"targets", strings.Join(p.Targets, " "), ""},
		{"next hops", strings.Join(p.NextHops, " "), ""},
		{"interface", p.Interface, ""},
		{"relay", p.Relay, true},
		{"media", unshaped(p.Media), media.DefaultPolicy()},
		{"interface_a", p.InterfaceA, ""},
		{"next_hop_a", p.NextHopA, ""},
		{"next_hop_always", p.NextHopAlways, false},
		{"next_hop_in_ruri", p.NextHopInRURI, false},
		{"proxies", p.Proxy, [2]string{}},
		{"force_outbound_proxy", p.ForceProxy, false},
		{"nat", p.NAT, [2]NAT{}},
		{"contact a", p.Contact(media.A, Reach{SentBy: "198.51.100.1:5060"}), "<sip:198.51.100.1:5060>"},
		{"contact b", p.Contact(media.B, Reach{SentBy: "[2001:db8::1]:5060", Transport: "tcp"}), "<sip:[2001:db8::1]:5060;transport=tcp>"},
		{"message log", p.Log.File("1@example.org"), ""},
		{"transparent_dialog", p.TransparentDialog, false},
		{"max_491_retry_time", p.GlareTime, time.Duration(0)},
		{"symmetric_by_flags", p.SymmetricByFlags, false},
		{"SDP is transparent", p.SDPTransparent(), false},
		{"ring_timeout", p.RingTimeout, d.Routing.RingTimeout},
		{"target_timeout", p.TargetTimeout, d.Routing.TargetTimeout},
		{"max_duration", p.MaxDuration, d.Routing.MaxDuration},
	} {
		if f.is != f.usual {
			fmt.Fprintf(b, "%s: %+v\n", f.name, f.is)
		}
	}
	for side, s := range p.Media.Shape {
		if s != nil {
			fmt.Fprintf(b, "shape of SDP to %v: %+v\n", media.Side(side), *s)
		}
	}
	var fo []string
	for _, code := range []int{302, 404, 408, 430, 486, 500, 503, 603} {
		if p.FailOver(code) {
			fo = append(fo, strconv.Itoa(code))
		}
	}
	if s := strings.Join(fo, " "); s != "408 430 500 503" {
		fmt.Fprintf(b, "fails over: %s\n", s)
	}
}

func unshaped(p media.Policy) media.Policy {
	p.Shape = [2]*media.Shape{}
	return p
}

func lines(m *sip.Message) []string {
	ls := []string{m.Method + " " + m.RURI}
	if !m.IsRequest() {
		ls = []string{strings.TrimSpace(fmt.Sprint(m.Status, " ", m.Phrase))}
	}
	for l := range strings.Lines(m.Body) {
		ls = append(ls, strings.TrimRight(l, "\r\n"))
	}
	for _, h := range m.Headers() {
		ls = append(ls, h.Name+": "+h.Value)
	}
	return ls
}

func testKnown() Known {
	return Known{
		Interfaces: []string{"public", "private"}, MediaInterfaces: []string{"public", "private", "media"},
		Maps:    []string{"routes", "ipmap", "urimap"},
		Modules: map[string]callcontrol.OnFail{"cdr": callcontrol.OnFailPass, "limit": callcontrol.OnFailRefuse},
	}
}

func testEnv(t testing.TB, invite []byte) *pattern.Env {
	t.Helper()
	m, err := sip.Parse(invite)
	if err != nil {
		t.Fatal(err)
	}
	e := testEnvOf(m)
	e.Maps = testMaps(t)
	return e
}

func testEnvOf(m *sip.Message) *pattern.Env {
	return &pattern.Env{
		Msg: m, Source: netip.MustParseAddrPort("192.0.2.9:5060"), Local: netip.MustParseAddrPort("198.51.100.1:5060"),
		Interface: "public",
	}
}

func testMaps(t testing.TB) pattern.Table {
	table := pattern.Table{}
	for name, rules := range map[string]string{
		"routes": `^\+1555(.*)$=>sip:\1@gw.example.net`,
		"ipmap":  "^192\\.0\\.2\\.=>gold\n^203\\.=>refuse",
		"urimap": "example.org=>silver",
	} {
		m, err := pattern.ParseRegexMap(strings.NewReader(rules), name)
		if err != nil {
			t.Fatal(err)
		}
		table[name] = m
	}
	return table
}

// parseConfig reads "section.key = value" lines into a Config by its tags. A list is given
// by several lines.
func parseConfig(t testing.TB, text string) *Config {
	t.Helper()
	c := new(Config)
	c.SetDefaults()
	cleared := map[string]bool{}
	for line := range strings.Lines(text) {
		path, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " = ")
		if !ok {
			t.Fatalf("%q is no key = value", line)
		}
		parts := strings.Split(path, ".")
		if parts[0] == "module" {
			if c.Module == nil {
				c.Module = map[string]map[string]*pattern.Pattern{}
			}
			if c.Module[parts[1]] == nil {
				c.Module[parts[1]] = map[string]*pattern.Pattern{}
			}
			c.Module[parts[1]][parts[2]] = parsePattern(t, value)
			continue
		}
		v := reflect.ValueOf(c).Elem()
		for _, p := range parts {
			name, index, indexed := strings.Cut(p, "[")
			if v = field(t, v, name); indexed {
				i, err := strconv.Atoi(strings.TrimSuffix(index, "]"))
				if err != nil {
					t.Fatal(err)
				}
				for v.Len() <= i {
					v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
				}
				v = v.Index(i)
			}
		}
		if v.Kind() == reflect.Slice {
			if !cleared[path] {
				v.SetZero()
				cleared[path] = true
			}
			v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
			v = v.Index(v.Len() - 1)
		}
		switch x := v.Addr().Interface().(type) {
		case **pattern.Pattern:
			*x = parsePattern(t, value)
		case *time.Duration:
			d, err := time.ParseDuration(value)
			if err != nil {
				t.Fatal(err)
			}
			*x = d
		case *bool:
			*x = value == "true"
		case *Size:
			if err := x.UnmarshalText([]byte(value)); err != nil {
				t.Fatal(err)
			}
		case *NAT:
			if err := x.UnmarshalText([]byte(value)); err != nil {
				t.Fatal(err)
			}
		case *string:
			*x = value
		default:
			t.Fatalf("%s is a %T", path, x)
		}
	}
	return c
}

func field(t testing.TB, v reflect.Value, tag string) reflect.Value {
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("toml") == tag {
			return v.Field(i)
		}
	}
	t.Fatalf("no key %s", tag)
	return reflect.Value{}
}

func parsePattern(t testing.TB, s string) *pattern.Pattern {
	t.Helper()
	p, err := pattern.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
