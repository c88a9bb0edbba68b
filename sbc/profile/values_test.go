package profile

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/sallyport-sbc/sallyport/sbc/pattern"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// A watched set tells what every selector and every pattern yields, once, in order.
func TestWatched(t *testing.T) {
	p, errs := Compile("gold", parseConfig(t, "identity.ruri = sip:$rU@sbc1\nrouting.next_hop = 192.0.2.8\n"+
		"headers.append = X-Source: $si\nheaders.append = X-Late: $V(x)\n"), testKnown())
	if errs != nil {
		t.Fatal(errs)
	}
	s := NewSet([]*pattern.Pattern{parsePattern(t, "$H(P-None)"), parsePattern(t, "gold"), parsePattern(t, "refuse")}, []*Profile{p}, testMaps(t))
	var got []string
	w := s.Watched(s.Maps(), func(p *pattern.Pattern, value string) { got = append(got, p.Source()+" = "+value) })
	e := &pattern.Env{Msg: sip.NewRequest("INVITE", "sip:a@example.org"), Source: netip.MustParseAddrPort("192.0.2.9:5060")}
	chosen, err := w.Select(e)
	if err != nil || chosen != p {
		t.Fatalf("Select: %v, %v", chosen, err)
	}
	plan, err := p.Resolve(e)
	if err != nil {
		t.Fatal(err)
	}
	e.Var = func(string) (string, bool) { return "later", true }
	if err := plan.Late(e); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"$H(P-None) = ", "gold = gold", "sip:$rU@sbc1 = sip:a@sbc1",
		"X-Source: $si = X-Source: 192.0.2.9", "X-Late: $V(x) = X-Late: later",
	}
	if !slices.Equal(got, want) {
		t.Errorf("traced %q, want %q", got, want)
	}
	var keys []string
	for _, v := range p.Values() {
		keys = append(keys, v.Key)
	}
	if want := []string{"routing.next_hop", "identity.ruri", "headers.append[0]", "headers.append[1]"}; len(keys) < 4 || !slices.Equal(keys[:4], want) {
		t.Errorf("Values: %q, want %q", keys, want)
	}
	if _, err := s.Only("nobody").Select(&pattern.Env{}); err == nil {
		t.Error("Only selects a profile that is not there")
	}
	if p, err := s.Only("gold").Select(&pattern.Env{}); err != nil || p.Name() != "gold" {
		t.Errorf("Only(gold): %v, %v", p, err)
	}
}
