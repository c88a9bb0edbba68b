package pattern

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

const (
	numbers  = "+49=>de\n+4989=>munich\n0049=>carrier\n*31#=>service\n\n# all others\n=>world\n"
	networks = "10.0.0.0/8=>inside\n10.1.0.0/16=>trunk\n10.1.2.3=>phone\n10.1.2.4/31=>pair\n" +
		"2001:db8::/32=>six\n2001:db8::1=>one\n255.255.255.255=>last\n"
	names = "alice=>a\nBob=>b\nempty=>\n"
)

func TestRuleMaps(t *testing.T) {
	for _, c := range []struct {
		name  string
		kind  Kind
		rules string
		key   string
		want  string // "-": no rule matches
		line  int
	}{
		{"a prefix", Prefix, numbers, "+43155501", "world", 7},
		{"the longest prefix", Prefix, numbers, "+498912345", "munich", 2},
		{"the shorter one", Prefix, numbers, "+49301234", "de", 1},
		{"the prefix itself", Prefix, numbers, "+49", "de", 1},
		{"less than the prefix", Prefix, numbers, "+4", "world", 7},
		{"00 is not +", Prefix, numbers, "004989", "carrier", 3},
		{"star and hash", Prefix, numbers, "*31#0155501", "service", 4},
		{"no digits at all", Prefix, numbers, "alice", "world", 7},
		{"an empty key", Prefix, numbers, "", "world", 7},
		{"digits, then text", Prefix, numbers, "+4989;phone-context=x", "munich", 2},
		{"no default", Prefix, "1=>a\n12=>b", "2", "-", 0},
		{"a map without rules", Prefix, "# none\n", "1", "-", 0},
		{"one long prefix", Prefix, "123456=>a", "12345", "-", 0},
		{"two that part late", Prefix, "12345=>a\n12346=>b", "123467", "b", 2},
		{"one inside the other", Prefix, "1=>a\n1234=>b", "1239", "a", 1},

		{"exact", Exact, names, "alice", "a", 1},
		{"upper case differs", Exact, names, "bob", "-", 0},
		{"an empty value", Exact, names, "empty", "", 3},
		{"a part only", Exact, names, "alic", "-", 0},
		{"a value is no pattern", Exact, `a=>$fU\1`, "a", `$fU\1`, 1},

		{"the only network", CIDR, networks, "10.200.0.1", "inside", 1},
		{"the narrower one", CIDR, networks, "10.1.9.9", "trunk", 2},
		{"an address", CIDR, networks, "10.1.2.3", "phone", 3},
		{"the address behind it", CIDR, networks, "10.1.2.5", "pair", 4},
		{"behind the pair", CIDR, networks, "10.1.2.6", "trunk", 2},
		{"behind the network", CIDR, networks, "11.0.0.0", "-", 0},
		{"before all", CIDR, networks, "9.255.255.255", "-", 0},
		{"the last address", CIDR, networks, "255.255.255.255", "last", 7},
		{"IPv6", CIDR, networks, "2001:db8:1::1", "six", 5},
		{"IPv6 in brackets", CIDR, networks, "[2001:db8::1]", "one", 6},
		{"outside", CIDR, networks, "2001:db9::", "-", 0},
		{"mapped", CIDR, networks, "::ffff:10.1.2.3", "phone", 3},
		{"with a port", CIDR, networks, "10.1.2.3:5060", "-", 0},
		{"a zone", CIDR, networks, "2001:db8::1%eth0", "-", 0},
		{"no address", CIDR, networks, "example.org", "-", 0},
		{"everything", CIDR, "0.0.0.0/0=>four\n::/0=>six", "203.0.113.9", "four", 1},
		{"everything of IPv6", CIDR, "0.0.0.0/0=>four\n::/0=>six", "::", "six", 2},

		{"regex", Regex, "^1=>a\n.=>b", "21", "b", 2},
	} {
		m, err := ParseMap(c.kind, strings.NewReader(c.rules), "m")
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got, ok := m.Append([]byte(">"), c.key)
		if !ok {
			got = []byte(">-")
		}
		if string(got) != ">"+c.want || m.Line(c.key) != c.line {
			t.Errorf("%s: %s map: %q = %q by line %d, want %q by line %d",
				c.name, c.kind, c.key, got[1:], m.Line(c.key), c.want, c.line)
		}
	}
}

func TestRuleMapMistakes(t *testing.T) {
	for _, c := range []struct {
		kind  Kind
		rules string
		want  string
	}{
		{Prefix, "1=>a\n\n2", "m:3: no =>: a rule is key=>value"},
		{Prefix, "1a=>x\n1+=>y", "m:1: a prefix has digits, * and # only, after an optional +\nm:2: a prefix has digits, * and # only, after an optional +"},
		{Prefix, strings.Repeat("1", 33) + "=>x", "m:1: the prefix is longer than 32 digits"},
		{Prefix, "1=>a\n1=>b", `m:2: "1" is there already, on line 1`},
		{Exact, "=>x", "m:1: no key before =>"},
		{Exact, "a=>x\n#\na=>y", `m:3: "a" is there already, on line 1`},
		{Exact, "a\xff=>x", "m:1: the line is not UTF-8 text"},
		{Exact, "a=>" + strings.Repeat("x", maxLine), "m:1: the line is longer than 4096 bytes"},
		{CIDR, "10.0.0.1/8=>x", "m:1: 10.0.0.1/8 is an address in the network 10.0.0.0/8, which is meant?"},
		{CIDR, "10.0.0.0/33=>x", "m:1: want an address or a network, such as 192.0.2.0/24 or 2001:db8::/32"},
		{CIDR, "::ffff:10.0.0.0/104=>x", "m:1: write an IPv4 network without the ::ffff: before it"},
		{CIDR, "10.0.0.1=>x\n10.0.0.1/32=>y", `m:2: "10.0.0.1/32" is there already, on line 1`},
	} {
		m, err := ParseMap(c.kind, strings.NewReader(c.rules), "m")
		if m != nil || err == nil || err.Error() != c.want {
			t.Errorf("%s map %.40q: %v, %v, want %s", c.kind, c.rules, m, err, c.want)
		}
	}
	many := strings.NewReader(strings.Repeat("#\n", 10) + manyKeys(maxRules+1))
	if _, err := ParseMap(Exact, many, "m"); !errors.Is(err, ErrTooManyRules) {
		t.Errorf("%d rules: %v, want ErrTooManyRules", maxRules+1, err)
	}
	if _, err := ParseMap(CIDR, strings.NewReader(strings.Repeat("\n", maxMap+1)), "m"); !errors.Is(err, ErrMapTooLarge) {
		t.Errorf("more than 8 MiB: %v, want ErrMapTooLarge", err)
	}
	var k Kind
	if err := k.UnmarshalText([]byte("prefix")); err != nil || k != Prefix || k.String() != "prefix" {
		t.Errorf("prefix reads as %s, %v", k, err)
	}
	if err := k.UnmarshalText([]byte("glob")); err == nil {
		t.Error("glob is a kind")
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "+49%07d=>trunk%d\n", i*37%10_000_000, i)
	}
	return b.String()
}

func manyNetworks(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d.%d.%d.0/24=>net%d\n", 20+i>>16, i>>8&255, i&255, i)
		if i%2 == 0 {
			fmt.Fprintf(&b, "2001:db8:%x::/48=>six%d\n", i, i)
		}
	}
	return b.String()
}

// large are maps of 10,000 rules and a key that has one.
var large = []struct {
	kind  Kind
	rules func() string
	key   string
}{
	{Prefix, func() string { return manyKeys(10_000) }, "+49036996300155"},
	{Exact, func() string { return manyKeys(10_000) }, "+490369963"},
	{CIDR, func() string { return manyNetworks(6_667) }, "20.20.20.20"},
	{CIDR, func() string { return manyNetworks(6_667) }, "2001:db8:100::1"},
}

func TestLargeMapsAllocateNothing(t *testing.T) {
	buf := make([]byte, 0, 64)
	for _, l := range large {
		m, err := ParseMap(l.kind, strings.NewReader(l.rules()), "")
		if err != nil || m.Len() < 10_000 {
			t.Fatalf("%s map: %v", l.kind, err)
		}
		if _, ok := m.Append(buf, l.key); !ok {
			t.Errorf("%s map has nothing for %s", l.kind, l.key)
		}
		if n := testing.AllocsPerRun(100, func() { m.Append(buf, l.key) }); n != 0 {
			t.Errorf("%s map: %v allocations a look-up, want none", l.kind, n)
		}
	}
}

func BenchmarkRuleMaps(b *testing.B) {
	buf := make([]byte, 0, 64)
	for i, l := range large {
		m, err := ParseMap(l.kind, strings.NewReader(l.rules()), "")
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("%s-%d", l.kind, i), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.Append(buf, l.key)
			}
		})
	}
}

// FuzzRuleMaps compares every kind but regex with the plainest way to do the same.
func FuzzRuleMaps(f *testing.F) {
	for i, rules := range []string{names, numbers, names, networks} {
		f.Add(uint8(i), rules, "+4989")
		f.Add(uint8(i), rules, "10.1.2.3")
	}
	f.Add(uint8(CIDR), "0.0.0.0/0=>a\n255.0.0.0/8=>b\n::/0=>c", "255.1.2.3")
	f.Fuzz(func(t *testing.T, kind uint8, rules, key string) {
		k := Prefix + Kind(kind%3)
		m, err := ParseMap(k, strings.NewReader(rules), "")
		if err != nil {
			return
		}
		want, line := "", 0
		longest := -1
		_ = eachLine(strings.NewReader(rules), "", func(n int, text string) error {
			rule, value, _ := strings.Cut(text, "=>")
			rule, value = strings.TrimSpace(rule), strings.TrimSpace(value)
			if length := plainMatch(k, rule, key); length > longest {
				longest, want, line = length, value, n
			}
			return nil
		})
		got, ok := m.Append(nil, key)
		if ok != (longest >= 0) || string(got) != want || m.Line(key) != line {
			t.Fatalf("%s map: %q = %q, %v by line %d, want %q, %v by line %d", k, key, got, ok, m.Line(key), want, longest >= 0, line)
		}
	})
}

// plainMatch says how much of key a rule covers, -1 when it does not match.
func plainMatch(k Kind, rule, key string) int {
	switch k {
	case Prefix:
		if strings.HasPrefix(key, rule) {
			return len(rule)
		}
	case Exact:
		if key == rule {
			return 0
		}
	case CIDR:
		if inner, ok := strings.CutPrefix(key, "["); ok {
			key = strings.TrimSuffix(inner, "]")
		}
		a, err := netip.ParseAddr(key)
		p, bad := parseNetwork(rule)
		if err == nil && bad == nil && p.Contains(a.Unmap()) {
			return p.Bits()
		}
	}
	return -1
}
