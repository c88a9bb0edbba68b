package sems

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"
)

func addrPort(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

func txtarOf(s string) *txtar.Archive { return txtar.Parse([]byte(s)) }

// readText reads one file of that text.
func readText(text string) (*settings, []Note, error) {
	files := fstest.MapFS{
		"sems.conf":      {Data: []byte(text)},
		"etc/more.conf":  {Data: []byte("more=1\n")},
		"etc/loop.conf":  {Data: []byte("@etc/loop.conf\n")},
		"etc/other.conf": {Data: []byte("@more.conf\nother=2\n")},
	}
	t, err := newTree(files)
	if err != nil {
		return nil, nil, err
	}
	var r report
	s, err := t.read("sems.conf", "/usr/local/etc/sems/etc", r.about)
	return s, r.notes, err
}

func TestRead(t *testing.T) {
	for _, c := range []struct{ name, text, key, value string }{
		{"plain", "a=b", "a", "b"},
		{"white space", " \ta =\t b \t", "a", "b"},
		{"comment behind a value", "a=b#c", "a", "b"},
		{"comment line", "# a=c\na=b", "a", "b"},
		{"value without quotes ends at a space", "a=b c", "a", "b"},
		{"quotes", `a="b c # d"`, "a", "b c # d"},
		{"escaped quote stays escaped", `a="b \"c\""`, "a", `b \"c\"`},
		{"behind the quotes", `a="b" # c`, "a", "b"},
		{"no value", "a=", "a", ""},
		{"empty quotes", `a=""`, "a", ""},
		{"equals sign in the value", "a=b=c", "a", "b=c"},
		{"the last one counts", "a=b\na=c", "a", "c"},
		{"line ends of Windows", "a=b\r\nc=d\r\n", "a", "b"},
		{"dollars", `a="$M($si=>m)$$"`, "a", "$M($si=>m)$$"},
		{"include by the configuration path", "@more.conf", "more", "1"},
		{"include by an absolute path", "@/usr/local/etc/sems/etc/other.conf", "other", "2"},
		{"include in an include", "@ other.conf # x", "more", "1"},
		{"Latin-1", "a=\xe9", "a", "é"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _, err := readText(c.text)
			if err != nil {
				t.Fatal(err)
			}
			if e, ok := s.lookup(c.key); !ok || e.value != c.value {
				t.Errorf("%s = %q, %t, want %q", c.key, e.value, ok, c.value)
			}
		})
	}
}

func TestUnreadable(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"no equals sign", "a\n", "sems.conf:1: want key=value"},
		{"no key", "\n=b", "sems.conf:2: want key=value"},
		{"two words before it", "a b=c", "sems.conf:1: want key=value"},
		{"open quote", `a="b`, "sems.conf:1: a: the quote is not closed on this line"},
		{"NUL", "a=\x00", "sems.conf:1: a NUL: this is no configuration file"},
		{"long line", "a=" + strings.Repeat("b", maxLine), "sems.conf:1: a line of more than 16384 bytes"},
		{"missing include", "@nowhere.conf", `sems.conf:1: there is no file "/usr/local/etc/sems/etc/nowhere.conf" to include`},
		{"include that includes itself", "@/etc/loop.conf", "etc/loop.conf: includes itself"},
		{"too large", strings.Repeat("#\n", maxFile), "sems.conf: too large for a configuration"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := readText(c.text)
			if !errors.As(err, new(*SyntaxError)) || err.Error() != c.want {
				t.Errorf("read() = %v, want %s", err, c.want)
			}
		})
	}
}

// What SEMS reads otherwise than it looks is told.
func TestOddities(t *testing.T) {
	_, notes, err := readText("a=b c\nd=\"e\" f\na=g\n")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range notes {
		got = append(got, n.String())
	}
	want := []string{
		"sems.conf:1: a: SEMS reads a value without quotes only up to the first space; what comes behind it had no effect; written: b",
		"sems.conf:2: d: SEMS reads nothing behind the closing quote; written: e",
		"sems.conf:3: a: set a second time, after sems.conf:1; the last one counts; written: g",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// All files that SEMS could not have read are told at once.
func TestUnreadableProfiles(t *testing.T) {
	_, err := Convert(fstest.MapFS{
		"a.sbcprofile.conf": {Data: []byte("RURI\n")},
		"b.sbcprofile.conf": {Data: []byte("x=\"\n")},
	}, testOptions)
	if err == nil || !strings.Contains(err.Error(), "a.sbcprofile.conf:1") || !strings.Contains(err.Error(), "b.sbcprofile.conf:1") {
		t.Errorf("Convert() = %v, want both files", err)
	}
}

// Files that include one another many times end in an error, soon.
func TestIncludeBomb(t *testing.T) {
	bomb := fstest.MapFS{"sbc.conf": {Data: []byte(strings.Repeat("@a.conf\n", 1000))}}
	for file, next := range map[string]string{"a.conf": "b.conf", "b.conf": "c.conf", "c.conf": "d.conf"} {
		bomb[file] = &fstest.MapFile{Data: []byte(strings.Repeat("@"+next+"\n", 1000))}
	}
	bomb["d.conf"] = &fstest.MapFile{Data: []byte("# nothing\n")}
	if _, err := Convert(bomb, testOptions); err == nil || !strings.Contains(err.Error(), ErrTooMuch.Error()) {
		t.Errorf("Convert() = %v, want %v", err, ErrTooMuch)
	}
}

// Names and values from the files move no cursor and break out of nothing.
func TestHostileText(t *testing.T) {
	r := convert(t, txtarOf("-- in/sbc.conf --\nprofiles=\"a]\x1b[2J,b\"\nactive_profile=\"b\"\n"+
		"-- in/a]\x1b[2J.sbcprofile.conf --\nRURI=\"sip:\\\"x\\\"'@e\x1b\"\n"+
		"-- in/b.sbcprofile.conf --\nauth_pwd=verysecret\nenable_auth=yes\nauth_user=a\ncall_control=\"x y\"\n\"x=\"z\"\n"))
	for _, text := range []string{r.TOML, r.Text()} {
		if strings.ContainsAny(text, "\x1b\x07") {
			t.Errorf("control characters in %q", text)
		}
	}
	if strings.Contains(r.Text(), "verysecret") {
		t.Errorf("a password in the report:\n%s", r.Text())
	}
	load(t, r)
}

// Whatever the files hold, there is a result that loads or an error.
func FuzzConvert(f *testing.F) {
	f.Add("sip_ip=192.0.2.1\n@etc/sbc.conf", "profiles=a\nactive_profile=a\nregex_maps=m", "RURI=$r\r\ncall_control=x", ".*=>\\1")
	f.Add("interfaces=a,b,a\nsip_ip_a=::1\nrtp_low_port_a=1\nmedia_ip_b=::1", "active_profile=$M($si=>m),refuse", "header_filter=whitelist\nrefuse_with=\"$\"", "(=>x")
	f.Add("rtp_low_port=1\nrtp_high_port=65535\nsip_port=1", "enable_session_timer=$H(x)", "next_hop=[::1]:1/udp,,\nreply_translations=1=>2|x", "a=>b=>c")
	f.Fuzz(func(t *testing.T, sems, sbc, prof, rules string) {
		r, err := Convert(fstest.MapFS{
			"sems.conf":             {Data: []byte(sems)},
			"etc/sbc.conf":          {Data: []byte(sbc)},
			"etc/a.sbcprofile.conf": {Data: []byte(prof)},
			"etc/m.conf":            {Data: []byte(rules)},
		}, testOptions)
		if err != nil {
			if e := new(SyntaxError); !errors.As(err, &e) {
				t.Errorf("Convert() = %v", err)
			}
			return
		}
		load(t, r)
		for _, n := range r.Report {
			if strings.ContainsAny(n.String(), "\n\x1b") {
				t.Errorf("note %q", n)
			}
		}
	})
}
