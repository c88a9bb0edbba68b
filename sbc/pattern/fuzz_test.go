package pattern

import (
	"errors"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

func TestAllocations(t *testing.T) {
	e := testEnv(t)
	buf := make([]byte, 0, 4096)
	for _, s := range []string{
		"$r", "$fU@$rd", "$H(P-SBCProfile)", "$M($si=>ipmap)", "$M(sip:x@iptel.org=>urimap)", "$V(bl.$fU)",
		"$_5($ci)", "$#($f.)", "$P(profile)", "$HP(P-Addr)(x)", "$_r(10)", "$ci_leg2", "$Ri:$Rp",
	} {
		p := mustParse(t, s)
		if n := testing.AllocsPerRun(100, func() { p.Append(buf, e) }); n != 0 {
			t.Errorf("%q: %v allocations, want none", s, n)
		}
	}
}

func FuzzPattern(f *testing.F) {
	for _, s := range []string{
		"$M($si=>ipmap)", "$M($ru=>urimap)", "$H(P-SBCProfile)", "refuse", "$ci_leg2", `$r\r\n$t`, "$HP(a)(b)",
		"$_u($#($_5(x)))", "$V(a.$fU)", "$(ruri.user)", "$f.$fx", "((", `\`, "$", "$_t($_r(3))",
	} {
		f.Add(s, "sip:x@y")
	}
	f.Fuzz(func(t *testing.T, s, value string) {
		p, err := Parse(s)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Column < 1 || e.Problem == "" {
				t.Fatalf("Parse(%q) = %v", s, err)
			}
			return
		}
		e := &Env{
			Msg:  sip.NewRequest("INVITE", value),
			Maps: Table{"m": evilMap{}, "ipmap": evilMap{}},
			Var:  func(string) (string, bool) { return value, true },
		}
		for _, id := range []sip.ID{sip.From, sip.To, sip.CallID, sip.PAssertedIdentity} {
			e.Msg.Add(id, value)
		}
		got := p.String(e)
		if again := p.String(e); again != got && !strings.Contains(s, "$_r") {
			t.Fatalf("%q = %q, then %q", s, got, again)
		}
		if q, err := Parse(p.Source()); err != nil || (q.String(e) != got && !strings.Contains(s, "$_r")) {
			t.Fatalf("%q does not survive being written: %v", s, err)
		}
		// Only the operator breaks lines.
		if !strings.ContainsAny(s, "\r\n\\") && strings.ContainsAny(got, "\r\n\x00") {
			t.Fatalf("%q with %q = %q: a line break from a value", s, value, got)
		}
	})
}
