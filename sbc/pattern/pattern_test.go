package pattern

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

const invite = "INVITE sip:+15550100@sip.example.org:5070;user=phone?Subject=hi SIP/2.0\r\n" +
	"Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK77\r\n" +
	"Max-Forwards: 70\r\n" +
	"From: \"Alice \\\"A\\\" Example\" <sip:alice@example.org;transport=tcp>;tag=12;x=y\r\n" +
	"To: Bob <sip:bob@[2001:db8::7]:5080>\r\n" +
	"Call-ID: 3cde5d1a960a-dez6oz34llo4\r\n" +
	"CSeq: 7 INVITE\r\n" +
	"P-Asserted-Identity: \"Alice\" <sip:+15550199@example.org>, <tel:+15550198;phone-context=example.org>\r\n" +
	"P-Preferred-Identity: <tel:+1-555-0197;ext=5>\r\n" +
	"P-App-Param: profile=gold;route=\"a;b\" ; Empty=\r\n" +
	"P-SBCProfile: silver\r\n" +
	"P-Tricky: $fU\\$rU $(ruri.user)\r\n" +
	"P-Two: one\r\n" +
	"p-two: two\r\n" +
	"P-Folded: first\r\n  second\r\n\tthird\r\n" +
	"P-Addr: \"Carol, C\" <sip:carol@192.0.2.3:5066;lr;x=1?a=b>;q=0.5;tag=9, <sip:dave@example.net>\r\n" +
	"s: short\r\n" +
	"Content-Length: 0\r\n\r\n"

// testEnv is the INVITE above, with everything a pattern can ask for.
func testEnv(t testing.TB) *Env {
	t.Helper()
	m, err := sip.Parse([]byte(invite))
	if err != nil {
		t.Fatal(err)
	}
	vars := map[string]string{"dest": "sip:v@example.com", "bl.alice": "black", "evil": "a\r\nX: y\x00"}
	return &Env{
		Msg:       m,
		Source:    netip.MustParseAddrPort("192.0.2.9:5062"),
		Local:     netip.MustParseAddrPort("[2001:db8::1]:5060"),
		Interface: "public", InterfaceNumber: 2,
		Advertise: netip.MustParseAddr("198.51.100.7"),
		Maps: Table{
			"ipmap":  regexMap(t, `^192\.0\.2\..*=>internal1`, `^10\.1\..*=>internal2`),
			"urimap": regexMap(t, `iptel.org=>iptel`, `^\+1555(\d+)@([^:]*)=>n-\1-\2`),
			"evil":   evilMap{},
		},
		Var: func(name string) (string, bool) {
			v, ok := vars[name]
			return v, ok
		},
		Random: func(n uint64) uint64 { return n - 1 },
	}
}

func regexMap(t testing.TB, rules ...string) *RegexMap {
	t.Helper()
	m, err := ParseRegexMap(strings.NewReader(strings.Join(rules, "\n")), "")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

type evilMap struct{}

func (evilMap) Append(dst []byte, key string) ([]byte, bool) {
	return append(dst, key+"\r\nX: y"...), true
}

func TestValues(t *testing.T) {
	const from = `"Alice \"A\" Example" <sip:alice@example.org;transport=tcp>;tag=12;x=y`
	const asserted = `"Alice" <sip:+15550199@example.org>, <tel:+15550198;phone-context=example.org>`
	for _, c := range []struct{ pattern, want string }{
		{"", ""},
		{"static", "static"},
		{"$m", "INVITE"},
		{"$m]", "INVITE]"},
		{"$mx", "INVITEx"},

		{"$r", "sip:+15550100@sip.example.org:5070;user=phone?Subject=hi"},
		{"$r.", "sip:+15550100@sip.example.org:5070;user=phone?Subject=hi"},
		{"<$r.x>", "<sip:+15550100@sip.example.org:5070;user=phone?Subject=hix>"},
		{"$ru", "+15550100@sip.example.org:5070"},
		{"$rU", "+15550100"},
		{"$rd", "sip.example.org:5070"},
		{"$rh", "sip.example.org"},
		{"$rp", "5070"},
		{"$rH", "Subject=hi"},
		{"$rP", "user=phone"},
		{"$rP(USER)", "phone"},
		{"$rP(none)", ""},
		{"$rn", ""},

		{"$f", from},
		{"$f.", from},
		{"$f|", from + "|"},
		{"$fu", "alice@example.org"},
		{"$fU", "alice"},
		{"$fU.x", "alice.x"},
		{"$fd", "example.org"},
		{"$fh", "example.org"},
		{"$fp", ""},
		{"$fH", ""},
		{"$fP", "transport=tcp"},
		{"$fP(transport)", "tcp"},
		{"$fP(x)", "y"},
		{"$fn", `Alice \"A\" Example`},
		{"$ft", "12"},

		{"$t", "Bob <sip:bob@[2001:db8::7]:5080>"},
		{"$tu", "bob@[2001:db8::7]:5080"},
		{"$tU", "bob"},
		{"$td", "[2001:db8::7]:5080"},
		{"$th", "[2001:db8::7]"},
		{"$tp", "5080"},
		{"$tH", ""},
		{"$tP", ""},
		{"$tn", "Bob"},
		{"$tt", ""},

		{"$a", asserted},
		{"$au", "+15550199@example.org"},
		{"$ai", "+15550199@example.org"},
		{"$aU", "+15550199"},
		{"$ad", "example.org"},
		{"$ah", "example.org"},
		{"$ap", ""},
		{"$aH", ""},
		{"$aP", ""},
		{"$an", "Alice"},

		{"$p", "<tel:+1-555-0197;ext=5>"},
		{"$pi", "+1-555-0197"},
		{"$pu", "+1-555-0197"},
		{"$pU", "+1-555-0197"},
		{"$pd", ""},
		{"$pP", "ext=5"},
		{"$pP(ext)", "5"},
		{"$pn", ""},

		{"$ci", "3cde5d1a960a-dez6oz34llo4"},
		{"$c", "3cde5d1a960a-dez6oz34llo4"},
		{"$ci_leg2", "3cde5d1a960a-dez6oz34llo4_leg2"},
		{"$si", "192.0.2.9"},
		{"$sp", "5062"},
		{"$di", "sip.example.org"},
		{"$dp", "5070"},
		{"$Ri", "2001:db8::1"},
		{"$Rp", "5060"},
		{"$Rf", "2"},
		{"$Rn", "public"},
		{"$RI", "198.51.100.7"},

		{"$P(profile)", "gold"},
		{"$P(PROFILE)", "gold"},
		{"$P(route)", "a;b"},
		{"$P(empty)", ""},
		{"$P(none)", ""},

		{"$H(P-SBCProfile)", "silver"},
		{"$H(p-sbcprofile)", "silver"},
		{"$H(P-Two)", "one, two"},
		{"$H(Subject)", "short"},
		{"$H(s)", "short"},
		{"$H(None)", ""},
		{"$H(P-Folded)", "first second third"},
		{"$Hu(P-Addr)", "carol@192.0.2.3:5066"},
		{"$HU(P-Addr)", "carol"},
		{"$Hd(P-Addr)", "192.0.2.3:5066"},
		{"$Hh(P-Addr)", "192.0.2.3"},
		{"$Hp(P-Addr)", "5066"},
		{"$HH(P-Addr)", "a=b"},
		{"$HP(P-Addr)", "lr;x=1"},
		{"$HP(P-Addr)(x)", "1"},
		{"$HP(P-Addr)(q)", "0.5"},
		{"$HP(P-Addr)-", "lr;x=1-"},
		{"$Hn(P-Addr)", "Carol, C"},
		{"$HU(P-Two)", ""},
		{"$HU(None)", ""},

		{"$V(dest)", "sip:v@example.com"},
		{"$V(bl.$fU)", "black"},
		{"$V(none)", ""},
		{"$V(evil)", "a X: y "},

		{"$M($si=>ipmap)", "internal1"},
		{"$M($ru=>urimap)", "n-0100-sip.example.org"},
		{"$M(sip:x@iptel.org=>urimap)", "iptel"},
		{"$M($fU=>ipmap)", ""},
		{"$M($si=>nomap)", ""},
		{"$M(a=>b=>evil)", "a=>b  X: y"},
		{"$M($M($si=>ipmap)=>evil)", "internal1  X: y"},
		{"$M((a(b))\\)=>evil)", "(a(b)))  X: y"},

		{"$_u($fU-é)", "ALICE-é"},
		{"$_l($m)", "invite"},
		{"$_s($rU)", "9"},
		{"$_s(é)", "2"},
		{"$_5(alice)", "6384e2b2184bcbf58eccf10ca7a6563c"},
		{"$_r(7)", "6"},
		{"$_r(0)", ""},
		{"$_r(x)", ""},
		{"$_t(sip:x;transport=tcp)", "tcp"},
		{"$_t(ab)", "ab"},
		{"$_t(aéb€)", "éb€"},
		{"$#(a b/c@é~)", "a+b%2fc%40%c3%a9~"},
		{"x$#($fU $rU)y", "xalice+%2b15550100y"},
		{"$_u($_l($fU))", "ALICE"},

		{"$(ruri.user)", "+15550100"},
		{"$(paramhdr)", "gold"},

		{`\\ \$ \* \r\n\t \x`, "\\ $ * \r\n\t x"},
		{
			`P-Original-URI: $r\r\nP-Original-To: $t`,
			"P-Original-URI: sip:+15550100@sip.example.org:5070;user=phone?Subject=hi\r\nP-Original-To: Bob <sip:bob@[2001:db8::7]:5080>",
		},
		// Values of the network stay what they are.
		{"$H(P-Tricky)", `$fU\$rU $(ruri.user)`},
		{"$_u($H(P-Tricky))", `$FU\$RU $(RURI.USER)`},
		// The deck's.
		{"$tU@sbc1.mypeer.net", "bob@sbc1.mypeer.net"},
		{"<$fU@mynet.net>", "<alice@mynet.net>"},
		{"<sip:$tU@mypeer.net>", "<sip:bob@mypeer.net>"},
		{"sip:echo@iptel.org", "sip:echo@iptel.org"},
	} {
		p, err := Parse(c.pattern)
		if err != nil {
			t.Errorf("Parse(%q): %v", c.pattern, err)
			continue
		}
		e := testEnv(t)
		if got := p.String(e); got != c.want {
			t.Errorf("%q = %q, want %q", c.pattern, got, c.want)
		}
		if got := string(p.Append([]byte("before "), e)); got != "before "+c.want {
			t.Errorf("%q appended: %q, want %q behind it", c.pattern, got, c.want)
		}
	}
}

// Every variable of the table stands in TestValues, by its first characters.
func TestEmptyEnv(t *testing.T) {
	for _, v := range Variables() {
		if !v.Available {
			continue
		}
		s := strings.NewReplacer("[(parameter)]", "(x)", "(header)", "(From)", "(key)", "(x)",
			"(pattern)", "($H(X))", "(pattern=>map)", "($H(X)=>m)", "(name)", "(paramhdr)").Replace(v.Pattern)
		p, err := Parse(s)
		if err != nil {
			t.Errorf("Parse(%q), from the table's %q: %v", s, v.Pattern, err)
			continue
		}
		want := ""
		switch v.Pattern {
		case "$_s(pattern)":
			want = "0"
		case "$_5(pattern)":
			want = "d41d8cd98f00b204e9800998ecf8427e"
		}
		if got := p.String(new(Env)); got != want {
			t.Errorf("%q of nothing = %q, want %q", s, got, want)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		pattern string
		column  int
		problem string
	}{
		{"$", 1, `\$`},
		{"ab$", 3, `\$`},
		{`ab\`, 3, `\\`},
		{"é$z", 2, "no variable $z"},
		{"$é", 1, "no variable $é"},
		{"$$", 1, "no variable $$"},
		{"$fx", 3, "write $f. for the whole value"},
		{"$call", 3, "write $c. for the whole value"},
		{"$s", 1, "one of i p"},
		{"$sx", 1, "one of i p"},
		{"$_", 1, "one of u l s 5 r t"},
		{"$H", 3, "followed by ("},
		{"$Hx(a)", 3, "$Hx is no variable"},
		{"$H()", 4, `"" is no name`},
		{"$H(a b)", 4, `"a b" is no name`},
		{"$H(P-X", 3, "not closed"},
		{"$M($si=>)", 9, `"" is no name of a map`},
		{"$M($si)", 4, "$M(value=>map)"},
		{"$M($z=>m)", 4, "no variable $z"},
		{"x$M($M($si)=>m)", 8, "$M(value=>map)"},
		{"$V()", 4, "between the parentheses"},
		{"$(ruri.host)", 3, "$(ruri.user)"},
		{"$uc", 1, "not yet available"},
		{"$Ua", 1, "not yet available"},
		{"a\x00", 2, "NUL"},
		{strings.Repeat("$_u(", 20) + "x" + strings.Repeat(")", 20), 65, "nested deeper"},
		{strings.Repeat("x", maxPattern+1), 1, "longer than"},
	} {
		_, err := Parse(c.pattern)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("Parse(%.40q) = %v, want an *Error", c.pattern, err)
			continue
		}
		if e.Column != c.column || !strings.Contains(e.Problem, c.problem) {
			t.Errorf("Parse(%.40q) = %v, want column %d and %q", c.pattern, err, c.column, c.problem)
		}
	}
}

func TestDestination(t *testing.T) {
	for _, c := range []struct{ destination, host, port string }{
		{"192.0.2.1:5070/tcp", "192.0.2.1", "5070"},
		{"gw.example.net", "gw.example.net", ""},
		{"gw.example.net/udp", "gw.example.net", ""},
		{"[2001:db8::9]:5071", "[2001:db8::9]", "5071"},
		{"[2001:db8::9]", "[2001:db8::9]", ""},
	} {
		e := testEnv(t)
		e.Destination = c.destination
		if got := mustParse(t, "$di|$dp").String(e); got != c.host+"|"+c.port {
			t.Errorf("$di|$dp of %q = %q, want %q", c.destination, got, c.host+"|"+c.port)
		}
	}
}

func TestProperties(t *testing.T) {
	p := mustParse(t, "$M($M($V(x)=>b)=>a) $di $M(x=>b)")
	if got := p.Maps(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("Maps() = %q, want a and b", got)
	}
	if !p.UsesVars() || !p.UsesDestination() {
		t.Errorf("uses vars %v and destination %v, want both", p.UsesVars(), p.UsesDestination())
	}
	if _, ok := p.Static(); ok {
		t.Error("Static() of a pattern with variables")
	}
	if s, ok := mustParse(t, `re\$fuse`).Static(); !ok || s != "re$fuse" {
		t.Errorf("Static() = %q, %v", s, ok)
	}
	for _, s := range []string{"plain", "$x \\ \r\n", ""} {
		if got := Literal(s).String(new(Env)); got != s {
			t.Errorf("Literal(%q) = %q", s, got)
		}
		if got := mustParse(t, Literal(s).Source()).String(new(Env)); got != s {
			t.Errorf("Literal(%q) written and read = %q", s, got)
		}
	}
	var none *Pattern
	if none.String(new(Env)) != "" || none.Maps() != nil || none.Source() != "" || none.UsesVars() {
		t.Error("a nil pattern is not the empty one")
	}
	text, _ := p.MarshalText()
	q := new(Pattern)
	if err := q.UnmarshalText(text); err != nil || q.Source() != p.Source() {
		t.Errorf("%q written and read = %q, %v", p.Source(), q.Source(), err)
	}
}

// A header field that changed between two evaluations is parsed again.
func TestChangedMessage(t *testing.T) {
	e := testEnv(t)
	p := mustParse(t, "$fU")
	p.String(e)
	e.Msg.Set(sip.From, "<sip:eve@example.org>")
	if got := p.String(e); got != "eve" {
		t.Errorf("$fU = %q, want eve", got)
	}
	both := mustParse(t, "$HU(P-Addr) $HU(From)")
	if got := both.String(e); got != "carol eve" {
		t.Errorf("two header fields = %q, want %q", got, "carol eve")
	}
}

func mustParse(t testing.TB, s string) *Pattern {
	t.Helper()
	p, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// countingMap maps a key to itself behind its prefix, and counts how often it is asked.
type countingMap struct {
	prefix string
	asked  *int
}

func (m countingMap) Append(dst []byte, key string) ([]byte, bool) {
	*m.asked++
	return append(append(dst, m.prefix...), key...), key != "nobody"
}

// Values that ask a map for the same one after the other look it up once.
func TestSameLookUp(t *testing.T) {
	asked := 0
	long := strings.Repeat("x", 300)
	e := &Env{Maps: Table{"a": countingMap{"a:", &asked}, "b": countingMap{"b:", &asked}}}
	for _, c := range []struct {
		source, want string
		asked        int // in all
	}{
		{"$M(k=>a)", "a:k", 1},
		{"$M(k=>a)$M(k=>a)", "a:ka:k", 1},
		{"$M(k=>b)", "b:k", 2},
		{"$M(kk=>b)", "b:kk", 3},
		{"$M($M(kk=>b)=>b)", "b:b:kk", 4},
		{"$M(nobody=>a)$M(nobody=>a)", "", 6},
		{"$M(" + long + "=>a)$M(" + long + "=>a)", "a:" + long + "a:" + long, 8},
	} {
		p, err := Parse(c.source)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.String(e); got != c.want || asked != c.asked {
			t.Errorf("%s = %q after %d look-ups, want %q after %d", c.source, got, asked, c.want, c.asked)
		}
	}
}
