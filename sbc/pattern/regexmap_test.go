package pattern

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
)

func TestRegexMap(t *testing.T) {
	for _, c := range []struct {
		name  string
		rules string
		key   string
		want  string // "-": no rule matches
	}{
		{"the deck's ipmap", "^10\\.0\\..*=>internal1\n^10\\.1\\..*=>internal2", "10.1.2.3", "internal2"},
		{"the deck's urimap", "iptel.org=>iptel\nfliptel.com=>fliptel", "bob@fliptel.com:5060", "fliptel"},
		{"the first match wins", "a=>1\nab=>2", "xab", "1"},
		{"also when the second is longer", "b=>1\nabc=>2", "abc", "1"},
		{"a default", "^x=>1\n.*=>other", "y", "other"},
		{"no match", "^x=>1", "y", "-"},
		{"an empty key", "^$=>none\n.=>some", "", "none"},
		{"an empty value", "x=>", "x", ""},
		{"comments and blank lines", "# a=>1\n\n  \t\n  #b\n a =>  2  \r\n", "a", "2"},
		{"an escaped #", `\#=>hash`, "#", "hash"},
		{"the first => splits", "a=>b=>c", "a", "b=>c"},
		{"=> in an expression", `a=\>b=>c`, "a=>b", "c"},
		{"a value is no pattern", "a=>$fU", "a", "$fU"},
		{"captures", `^\+49(1[0-9]+)@(.*)$=>sip:\2-\1`, "+49151@gw", "sip:gw-151"},
		{"the whole match", `b+=>[\0]`, "abbc", "[bb]"},
		{"a group that took no part", `(a)|(b)=>\1.\2`, "b", ".b"},
		{"an escaped backslash", `a=>x\\1`, "a", `x\1`},
		{"any other escape", `a=>x\ny`, "a", "xny"},
		{"leftmost longest", `(a|ab)(c|bcd)=>\1 \2`, "abcd", "a bcd"},
		{"case-sensitive", "Abc=>1", "abc", "-"},
		{"unless asked", "(?i)Abc=>1", "xaBC", "1"},
		{"the Kelvin sign is a k", "(?i)kelvin=>1", "\u212aelvin", "1"},
		{"a dot matches all", "^a.b$=>1", "a\nb", "1"},
		{"POSIX classes", "^[[:digit:]]+$=>number", "123", "number"},
		{"anchored alternatives", "^(\\+49|0049)(15|16)=>de\n^\\+4=>other", "004916", "de"},
		{"alternatives with gaps", "foo.*x|bar.*y=>1", "barzy", "1"},
		{"a class", "^[1-3]0=>1", "205", "1"},
		{"prefix", "^sip:a=>1", "sip:ab", "1"},
		{"suffix", "@example\\.org$=>1", "a@example.org", "1"},
		{"suffix not inside", "@example\\.org$=>1", "a@example.org:5060", "-"},
		{"equal", "^a$=>1", "aa", "-"},
		{"$ without ^", "a$=>1", "ba", "1"},
		{".* in front undoes ^", "^.*b=>1", "ab", "1"},
		{"a group around .*", `^a(.*)$=>\1`, "abc", "bc"},
		{"an optional start", "^(00)?49=>1", "49", "1"},
		{"plus", "^a(bc)+d=>1", "abcbcd", "1"},
		{"repeat", "^a{3}$=>1", "aaa", "1"},
		{"not UTF-8", "^a.c=>1", "a\xffc", "1"},
		{"the replacement character", "^a\uFFFDc=>1", "a\xffc", "1"},
		{"word boundary", `\bab\b=>1`, "x ab", "1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := ParseRegexMap(strings.NewReader(c.rules), "")
			if err != nil {
				t.Fatal(err)
			}
			got, ok := m.Append([]byte("<"), c.key)
			if want := c.want != "-"; ok != want || ok && string(got) != "<"+c.want {
				t.Errorf("%q = %q, %v; want %q", c.key, got, ok, c.want)
			}
			if !ok && string(got) != "<" {
				t.Errorf("without a match: %q appended", got)
			}
		})
	}
}

func TestRegexMapErrors(t *testing.T) {
	for _, c := range []struct{ rules, want string }{
		{"a=>b\nnonsense", "f.conf:2: no =>"},
		{"=>b", "f.conf:1: no expression"},
		{"(=>b", "f.conf:1: missing closing ): \"(\""},
		{"a**=>b", "f.conf:1: invalid nested repetition operator: \"**\""},
		{`(a)=>\2`, `f.conf:1: \2: the expression has only 1 groups`},
		{`a=>\`, `f.conf:1: the value ends with a \`},
		{"\xff=>a", "f.conf:1: the line is not UTF-8"},
		{strings.Repeat("a", maxRegex+1) + "=>b", "f.conf:1: the expression is longer"},
		{strings.Repeat("a", maxLine) + "=>b", "f.conf:1: the line is longer"},
		{"(a{1000}){4}|(b{1000}){4}=>b", "f.conf:1: "},
		{"(\nx\n[", "f.conf:1: no =>: a rule is regex=>value\nf.conf:2: no =>: a rule is regex=>value\nf.conf:3: no =>"},
	} {
		_, err := ParseRegexMap(strings.NewReader(c.rules), "f.conf")
		var line *LineError
		if !errors.As(err, &line) || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%.40q: %v, want %s", c.rules, err, c.want)
		}
	}
	if _, err := ParseRegexMap(strings.NewReader(strings.Repeat("a=>b\n", maxRules+1)), ""); !errors.Is(err, ErrTooManyRules) {
		t.Errorf("too many rules: %v", err)
	}
	if _, err := ParseRegexMap(strings.NewReader(strings.Repeat(" ", maxMap+1)), ""); !errors.Is(err, ErrMapTooLarge) {
		t.Errorf("too large: %v", err)
	}
	if _, err := ParseRegexMap(iotest.ErrReader(errors.ErrUnsupported), ""); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a reader that fails: %v", err)
	}
	if err := (&LineError{Line: 3, Problem: "x"}).Error(); err != "rule 3: x" {
		t.Errorf("an error without a file: %s", err)
	}
}

func TestRegexMapLine(t *testing.T) {
	m := regexMap(t, "# head", "^a=>1", "", "^b=>2")
	if a, b, c := m.Line("a"), m.Line("b"), m.Line("c"); m.Len() != 2 || a != 2 || b != 4 || c != 0 {
		t.Errorf("%d rules, lines %d %d %d; want 2 rules, lines 2 4 0", m.Len(), a, b, c)
	}
}

// Look-ups in a large map must find what trying one rule after the other finds.
func TestManyRules(t *testing.T) {
	for name, rules := range largeMaps(400) {
		t.Run(name, func(t *testing.T) {
			m := regexMap(t, rules.lines...)
			for i := 0; i < 400; i += 37 {
				key := rules.key(i)
				if got, want := m.find(key), naive(rules.lines, key); got != want {
					t.Errorf("%q: rule %d, want %d", key, got, want)
				}
			}
		})
	}
}

// Calls look up at the same time, also when an expression is needed for the first time.
func TestConcurrentLookups(t *testing.T) {
	m := regexMap(t, largeMaps(50)["captures"].lines...)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 50 {
				if v, ok := m.Append(nil, fmt.Sprintf("1@gw%06d.x", i)); !ok || string(v) != fmt.Sprintf("value%d", i) {
					t.Errorf("%d: %q, %v", i, v, ok)
				}
			}
		})
	}
	wg.Wait()
}

// A key that repeats what many rules look for costs what it is long, not more.
func TestRepeatedKey(t *testing.T) {
	m := regexMap(t, "aa[0-9]=>1", "a[0-9]b=>2", "a.b.c=>3", "aaa.*z=>4")
	if got := m.find(strings.Repeat("a", 4000) + "z"); got != 3 {
		t.Errorf("rule %d, want 3", got)
	}
}

type largeMap struct {
	lines []string
	key   func(i int) string
}

// largeMaps are the kinds of map that grow large.
func largeMaps(n int) map[string]largeMap {
	make := func(rule, key string) largeMap {
		m := largeMap{key: func(i int) string { return fmt.Sprintf(key, i) }}
		for i := range n {
			m.lines = append(m.lines, fmt.Sprintf(rule, i)+fmt.Sprintf("=>value%d", i))
		}
		return m
	}
	return map[string]largeMap{
		"number prefixes":   make(`^\+1555%06d`, "+1555%06d77"),
		"number ranges":     make(`^(\+49|0)%06d[0-9]{3,8}$`, "+49%06d5555"),
		"addresses":         make(`^sip:user%06d@.*$`, "sip:user%06d@example.org:5060"),
		"domains":           make(`^.*@customer%06d\.example\.org$`, "alice@customer%06d.example.org"),
		"domains, any case": make(`(?i)@dom%06d\.example\.org(:[0-9]+)?$`, "alice@DOM%06d.Example.org:5060"),
		"in the middle":     make(`[a-z]%06d[a-z]`, "12x%06dy99"),
		"captures":          make(`^(.*)@gw%06d\.(.*)$`, "1234@gw%06d.example.org"),
	}
}

func naive(rules []string, key string) int {
	for i, r := range rules {
		expr, _, _ := strings.Cut(r, "=>")
		if regexp.MustCompile(dotAll + expr).MatchString(key) {
			return i
		}
	}
	return -1
}

func FuzzRegexMap(f *testing.F) {
	f.Add("^10\\.0\\..*=>internal1\n^10\\.1\\..*=>internal2", "10.1.2.3")
	f.Add("# c\n(a|b)c?=>\\1\nx=>y", "abc")
	f.Add("(?i)Straße[a-c]+k=>1\n.*=>2", "STRASSEAK")
	f.Add("^(00|\\+)?(49|43)[^0]{2,3}$=>1\nfoo.*x|bar|$=>2", "+4312")
	f.Add("\\bs\\B=>1\n(^a|b)c=>3\n[^x]?y+z=>4", "xxbc")
	f.Fuzz(func(t *testing.T, text, key string) {
		if len(text) > 512 || len(key) > 128 {
			return // naive takes its time
		}
		m, err := ParseRegexMap(strings.NewReader(text), "f")
		if err != nil {
			if m != nil {
				t.Fatal("a map and an error")
			}
			return
		}
		var rules []string
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				expr, value, _ := strings.Cut(line, "=>")
				rules = append(rules, strings.TrimSpace(expr)+"=>"+value)
			}
		}
		if got, want := m.find(key), naive(rules, key); got != want {
			t.Fatalf("%q of %q: rule %d, want %d", key, rules, got, want)
		}
		m.Append(nil, key)
	})
}

func BenchmarkRegexMap(b *testing.B) {
	for name, rules := range largeMaps(10_000) {
		m := regexMap(b, rules.lines...)
		keys := make([]string, 512)
		for i := range keys {
			keys[i] = rules.key(i * 19)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			buf := make([]byte, 0, 64)
			for i := 0; b.Loop(); i++ {
				if _, ok := m.Append(buf, keys[i&511]); !ok {
					b.Fatal(keys[i&511])
				}
			}
		})
	}
}

func BenchmarkParseRegexMap(b *testing.B) {
	text := strings.Join(largeMaps(10_000)["number ranges"].lines, "\n")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseRegexMap(strings.NewReader(text), ""); err != nil {
			b.Fatal(err)
		}
	}
}
