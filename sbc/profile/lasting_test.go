package profile

import (
	"testing"

	"github.com/sallyport-sbc/sallyport/sbc/pattern"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

func TestLasting(t *testing.T) {
	m := sip.NewRequest("INVITE", "sip:bob@example.net")
	m.Add(sip.From, "<sip:alice@example.org>;tag=1")
	for _, tc := range []struct {
		name, config string
		set          [2]string
		shared       bool
	}{
		{"nothing but where it goes", "routing.targets = sip:$rU@192.0.2.1\nidentity.from = <sip:$fU@sbc.example.com>", [2]string{}, true},
		{"a header on every request", "headers.append_b = X-Note: one", [2]string{}, true},
		{"a header on every request, from the caller", "headers.append_b = X-Caller: $fU", [2]string{}, false},
		{"a module chose the target", "", [2]string{"routing.targets", "sip:carol@192.0.2.2"}, true},
		{"a transparent call without relay", "sdp.transparent = true\nmedia.relay = $H(P-None)no", [2]string{}, false},
		{"a Contact", "contact.a.user = sbc", [2]string{}, true},
		{"a Contact of the caller", "contact.a.user = $fU", [2]string{}, false},
		{"rules", "headers.rule[0].set = X-A: 1\ncodecs.deny = PCMU\nreplies.translate = 603=>488\nrouting.nat_a = always", [2]string{}, true},
		{"a rule of the caller", "headers.rule[0].set = X-A: $fU", [2]string{}, false},
		{"a module listens to flags", "", [2]string{"media.symmetric_by_flags", "yes"}, false},
		{"a module filters headers", "", [2]string{"headers.deny", "Subject"}, false},
	} {
		p, errs := Compile("x", parseConfig(t, tc.config), Known{})
		if len(errs) > 0 {
			t.Fatalf("%s: %v", tc.name, errs)
		}
		plan, err := p.Resolve(&pattern.Env{Msg: m})
		if err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		if tc.set[0] != "" {
			if err := plan.Set(tc.set[0], tc.set[1]); err != nil {
				t.Fatalf("%s: %v", tc.name, err)
			}
		}
		if got := plan.Lasting() != plan; got != tc.shared {
			t.Errorf("%s: shared %v, want %v", tc.name, got, tc.shared)
		}
	}
}
