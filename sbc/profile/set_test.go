package profile

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/sbc/pattern"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// deck is the selection of the original's presentation.
var deck = []string{"$M($si=>ipmap)", "$M($ru=>urimap)", "$H(P-SBCProfile)", "refuse"}

func testSet(t testing.TB, selectors ...string) *Set {
	t.Helper()
	var ps []*Profile
	for _, name := range []string{"gold", "silver", "bronze"} {
		p, errs := Compile(name, parseConfig(t, ""), testKnown())
		if errs != nil {
			t.Fatal(errs)
		}
		ps = append(ps, p)
	}
	var patterns []*pattern.Pattern
	for _, s := range selectors {
		patterns = append(patterns, parsePattern(t, s))
	}
	return NewSet(patterns, ps, testMaps(t))
}

func TestSelect(t *testing.T) {
	for _, c := range []struct {
		name      string
		selectors []string
		source    string
		ruri      string
		header    string
		want      string // profile, or what the error says
	}{
		{"the deck, by source address", deck, "192.0.2.9", "sip:a@example.org", "bronze", "gold"},
		{"the deck, by Request-URI", deck, "198.51.100.9", "sip:a@example.org", "bronze", "silver"},
		{"the deck, by header field", deck, "198.51.100.9", "sip:a@example.net", "bronze", "bronze"},
		{"the deck, refused", deck, "198.51.100.9", "sip:a@example.net", "", ErrRefused.Error()},
		{"a map that refuses", deck, "203.0.113.1", "sip:a@example.org", "bronze", ErrRefused.Error()},
		{"a name nobody has", deck, "198.51.100.9", "sip:a@example.net", "brass", `there is no profile "brass"`},
		{"static", []string{"silver"}, "192.0.2.9", "sip:a@example.org", "", "silver"},
		{"a variable", []string{"$rU"}, "192.0.2.9", "sip:gold@example.org", "", "gold"},
		{"nothing says anything", []string{"$H(None)"}, "192.0.2.9", "sip:a@example.org", "", ErrRefused.Error()},
		{"no selectors", nil, "192.0.2.9", "sip:a@example.org", "", ErrRefused.Error()},
		{"the network cannot name a pattern", deck, "198.51.100.9", "sip:a@example.net", "$rU", `there is no profile "$rU"`},
	} {
		m := sip.NewRequest("INVITE", c.ruri)
		if c.header != "" {
			m.AddNamed("P-SBCProfile", c.header)
		}
		e := &pattern.Env{Msg: m, Source: netip.AddrPortFrom(netip.MustParseAddr(c.source), 5060)}
		p, err := testSet(t, c.selectors...).Select(e)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = p.Name()
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		var u *UnknownProfile
		if strings.HasPrefix(c.want, "there is no") != errors.As(err, &u) {
			t.Errorf("%s: error is a %T", c.name, err)
		}
	}
}

func TestSetCheck(t *testing.T) {
	s := testSet(t, "$M($si=>ipmap)", "$M($si=>ipmop)", "sliver", "refuse")
	var got []string
	for _, err := range s.Check() {
		got = append(got, err.Error())
	}
	want := []string{`[1]: there is no map "ipmop"`, `[2]: there is no profile "sliver": did you mean "silver"?`}
	if !slices.Equal(got, want) {
		t.Errorf("Check() = %q, want %q", got, want)
	}
	if _, ok := s.Profile("gold"); !ok || !slices.Equal(s.Names(), []string{"bronze", "gold", "silver"}) {
		t.Errorf("Names() = %q", s.Names())
	}
}
