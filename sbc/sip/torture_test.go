package sip

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "torture", name+".dat"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// verdict is the word of expected.txt for what Parse and Validate say.
func verdict(b []byte) (*Message, string) {
	m, err := Parse(b)
	if err == nil {
		err = m.Validate()
	}
	var e *ParseError
	switch {
	case err == nil:
		return m, "accept"
	case !errors.As(err, &e):
		return m, "not a ParseError"
	case e.Status == 0 || m == nil:
		return m, "drop"
	}
	return m, strconv.Itoa(e.Status)
}

// TestTorture holds the 49 messages of RFC 4475 against testdata/torture/expected.txt.
func TestTorture(t *testing.T) {
	table, err := os.ReadFile("testdata/torture/expected.txt")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		seen++
		name, want := f[0], f[1]
		t.Run(name, func(t *testing.T) {
			m, got := verdict(read(t, name))
			if got != want {
				_, err := Parse(read(t, name))
				t.Fatalf("%s: %s, want %s (%v)", name, got, want, err)
			}
			if status, err := strconv.Atoi(want); err == nil {
				res := NewResponse(m, status, "", "sbc").Append(nil)
				if _, err := Parse(res); err != nil {
					t.Errorf("%s: our own %d does not parse: %v", name, status, err)
				}
			}
			if want == "accept" {
				same(t, m)
			}
		})
	}
	files, _ := filepath.Glob("testdata/torture/*.dat")
	if seen != 49 || len(files) != 49 {
		t.Errorf("%d rows for %d files, want 49 of both", seen, len(files))
	}
}

// same fails when a message is not the same after it was written and parsed again.
func same(t testing.TB, m *Message) {
	t.Helper()
	wire := m.Append(nil)
	again, err := Parse(wire)
	if err != nil {
		t.Fatalf("what Append wrote does not parse: %v\n%q", err, wire)
	}
	if again.Method != m.Method || again.RURI != m.RURI || again.Status != m.Status || again.Phrase != m.Phrase || again.Body != m.Body {
		t.Fatalf("start line or body changed: %q", wire)
	}
	if a, b := fields(m), fields(again); !slices.Equal(a, b) {
		t.Fatalf("header fields changed:\n%q\n%q", a, b)
	}
	if twice := again.Append(nil); string(twice) != string(wire) {
		t.Fatalf("not a fixed point:\n%q\n%q", wire, twice)
	}
}

// fields is what must survive: all but Content-Length, each fold as one space.
func fields(m *Message) (out []string) {
	for _, h := range m.Headers() {
		if h.ID != ContentLength {
			out = append(out, h.Name+": "+Unfold(h.Value))
		}
	}
	return out
}

// TestTortureMeaning looks into the valid ones: what the tortuous forms mean.
func TestTortureMeaning(t *testing.T) {
	type want struct{ method, ruriUser, callID, branch, fromTag, toTag string }
	for name, w := range map[string]want{
		"wsinv":   {"INVITE", "vivekg", "wsinv.ndaksdj@192.0.2.1", "390skdjuw", "98asjd8", "1918181833n"},
		"intmeth": {"!interesting-Method0123456789_*+`.%indeed'~", "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*", "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{", "z9hG4bK-.!%66*_+`'~", "_token~1'+`*%!-.", ""},
		"esc01":   {"INVITE", "sips%3Auser%40example.com", "esc01.239409asdfakjkn23onasd0-3234", "z9hG4bKkdjuw", "938", ""},
		"esc02":   {"RE%47IST%45R", "", "esc02.asdfnqwo34rq23i34jrjasdcnl23nrlknsdf", "z9hG4bK209%fzsnel234", "f232jadfj23", ""},
		"lwsdisp": {"OPTIONS", "user", "lwsdisp.1234abcd@funky.example.com", "z9hG4bKkdjuw", "323", ""},
		"semiuri": {"OPTIONS", "user;par=u%40example.net", "semiuri.0ha0isndaksdj", "z9hG4bKkdjuw", "33242", ""},
		"dblreq":  {"REGISTER", "", "dblreq.0ha0isndaksdj99sdfafnl3lk233412", "z9hG4bKkdjuw23492", "43251j3j324", ""},
		"inv2543": {"INVITE", "UserB", "inv2543.1717@ift.client.example.com", "", "", ""},
	} {
		m, _ := Parse(read(t, name))
		via, err := m.TopVia()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		u, err := ParseURI(m.RURI)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got := want{m.Method, u.User, m.Header(CallID), via.Branch(), m.FromTag(), m.ToTag()}
		if got != w {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, w)
		}
	}

	m, _ := Parse(read(t, "wsinv"))
	if got := slices.Collect(m.All(Via)); len(got) != 3 || got[2] != "SIP  /    2.0   / UDP  192.168.255.111   ; branch= z9hG4bK30239" {
		t.Errorf("wsinv: Via elements = %q", got)
	}
	if n, ok := m.CSeqNumber(); n != 9 || !ok {
		t.Errorf("wsinv: CSeq = %d, %t", n, ok)
	}
	if n, ok := m.MaxForwardsNumber(); n != 68 || !ok {
		t.Errorf("wsinv: Max-Forwards = %d, %t", n, ok)
	}
	if a, err := ParseNameAddr(m.Header(From)); a.Display != `J Rosenberg \"` || err != nil {
		t.Errorf("wsinv: From = %+v, %v", a, err)
	}
	if a, err := ParseNameAddr(m.Header(Contact)); a.Display != `Quoted string ""` || a.URI != "sip:jdrosen@example.com" || err != nil {
		t.Errorf("wsinv: Contact = %+v, %v", a, err)
	} else if v, ok := a.Params.Get("NewParam"); v != "newvalue" || !ok {
		t.Errorf("wsinv: newparam = %q", v)
	}
	if m.Body[:3] != "v=0" {
		t.Errorf("wsinv: body begins %q", m.Body[:3])
	}

	m, _ = Parse(read(t, "esc01"))
	a, _ := ParseNameAddr(m.Header(Contact))
	u, err := ParseURI(a.URI)
	if _, lr := u.Param("lr"); !lr || err != nil || Unescape(u.User) != "caller" {
		t.Errorf("esc01: Contact = %+v, %v", u, err)
	}
	if v, _ := u.Param("name"); v != "value%41" {
		t.Errorf("esc01: name = %q", v)
	}

	m, _ = Parse(read(t, "dblreq"))
	if m.Body != "" {
		t.Errorf("dblreq: body = %q", m.Body)
	}
	m, _ = Parse(read(t, "unreason"))
	if want := "= 2**3 * 5**2 но сто девяносто девять - простое"; m.Phrase != want {
		t.Errorf("unreason: phrase = %q, want %q", m.Phrase, want)
	}
	m, _ = Parse(read(t, "mpart01"))
	if len(m.Body) != 553 {
		t.Errorf("mpart01: %d octets, want 553", len(m.Body))
	}
	m, _ = Parse(read(t, "longreq"))
	if n := len(slices.Collect(m.All(Via))); n != 34 {
		t.Errorf("longreq: %d Via, want 34", n)
	}
}
