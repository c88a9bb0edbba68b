package sems

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/sbc/pattern"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

const invite = "INVITE sip:+49123@osbc1.mynet.net:5060 SIP/2.0\r\n" +
	"Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK77\r\n" +
	"Max-Forwards: 70\r\n" +
	"From: \"John\" <sip:+431556221@mynet.net>;tag=12\r\n" +
	"To: \"Clara\" <sip:+49123@mynet.net>\r\n" +
	"Call-ID: 3cde5d1a960a\r\n" +
	"CSeq: 7 INVITE\r\n" +
	"Contact: <sip:192.0.2.9>\r\n" +
	"P-App-Param: u=alice;d=example.net;profile=sst_b2b\r\n" +
	"Content-Length: 0\r\n\r\n"

func env(t *testing.T, more ...string) *pattern.Env {
	t.Helper()
	text := invite
	if len(more) > 0 {
		text = strings.Replace(text, "Content-Length", strings.Join(more, "\r\n")+"\r\nContent-Length", 1)
	}
	m, err := sip.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return &pattern.Env{
		Msg: m, Source: netip.MustParseAddrPort("10.1.2.3:5080"), Local: netip.MustParseAddrPort("192.0.2.10:5060"), Interface: "public",
	}
}

// What SEMS yields for some of these is said in the reference; here is what was meant.
func TestTranslate(t *testing.T) {
	for _, c := range []struct{ sems, want, value string }{
		{"plain", "plain", "plain"},
		{"$r", "$r", "sip:+49123@osbc1.mynet.net:5060"},
		{"$r.", "$r.", "sip:+49123@osbc1.mynet.net:5060"},
		{"$ru|$rU|$rd|$rh|$rp", "$ru|$rU|$rd|$rh|$rp", "+49123@osbc1.mynet.net:5060|+49123|osbc1.mynet.net:5060|osbc1.mynet.net|5060"},
		{`a $r\r\nb`, `a $r\r\nb`, "a sip:+49123@osbc1.mynet.net:5060\r\nb"},
		{"$m]", "$m]", "INVITE]"},
		{"$rx", "$r.x", "sip:+49123@osbc1.mynet.net:5060x"},
		{"$f>", "$f>", `"John" <sip:+431556221@mynet.net>;tag=12>`},
		{"$fn/$tn", "$fn/$tn", "John/Clara"},
		{"$ft$tt", "$ft$tt", "12"},
		{"$rt", "$r.t", "sip:+49123@osbc1.mynet.net:5060t"},
		{"$ci_leg2", "$ci_leg2", "3cde5d1a960a_leg2"},
		{"$c", "$c", "3cde5d1a960a"},
		{"$c_", "$c_", "3cde5d1a960a_"},
		{"$cx", "$c.x", "3cde5d1a960ax"},
		{"$si:$sp", "$si:$sp", "10.1.2.3:5080"},
		{"$sx-", "x-", "x-"},
		{"$uc$UA", "", ""},
		{"$P(u)", "$P(u)", "alice"},
		{"$Pu", "u", "u"},
		{"$P(u", "", ""},
		{"$H(Via)$Hu(Contact)", "$H(Via)$Hu(Contact)", "SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK77192.0.2.9"},
		{"$HP(Contact)(q)", "$HP(Contact)(q)", ""},
		{"$fP(x)$fP()", "$fP(x)$fP", ""},
		{"$_u($fn)$_U(a)$_x(b)", "$_u($fn)$_u(a)b", "JOHNAb"},
		{"$_5(a)", "$_5(a)", "0cc175b9c0f1b6a831c399e269772661"},
		{"$#(a b)", "$#(a b)", "a+b"},
		{"$V(ns::x)", "$V(ns::x)", ""},
		{"$M($si=>ip.map)", "$M($si=>ip_map)", ""},
		{"$M($M($rx=>a)=>b)", "$M($M($r.x=>a)=>b)", ""},
		{"$M(x)", "", ""},
		{"$$5", `\$5`, "$5"},
		{"5$", `5\$`, "5$"},
		{"$ 5", `\$ 5`, "$ 5"},
		{"$Z", "", ""},
		{`\$r\\\*`, `\$r\\\*`, `$r\*`},
		{`end\`, `end\\`, `end\`},
		{"$(ruri.user)", "$(ruri.user)", "+49123"},
		{"$(apphdr)x", "x", "x"},
	} {
		got, _, err := translate(c.sems, name)
		if err != nil || got != c.want {
			t.Errorf("translate(%q) = %q, %v, want %q", c.sems, got, err, c.want)
			continue
		}
		p, err := pattern.Parse(got)
		if err != nil {
			t.Fatal(err)
		}
		if v := p.String(env(t)); v != c.value {
			t.Errorf("%q yields %q, want %q", got, v, c.value)
		}
	}
}

// Whatever stands in a profile, what comes out is a pattern or an error.
func FuzzTranslate(f *testing.F) {
	for _, s := range []string{`$r\r\n$t`, "$M($M($si=>a)=>b)", "$_u($_l($HP(x)(y)", "$$$", "$fP(", "$(ruri.user)$(", `$#(\)`, "$V(a.$fU)", "$r.$r(x)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out, warts, err := translate(s, name)
		if err != nil {
			return
		}
		if _, err := pattern.Parse(out); err != nil {
			t.Errorf("translate(%q) = %q: %v", s, out, err)
		}
		if again, more, err := translate(out, name); err == nil && len(warts) == 0 && len(more) == 0 && again != out {
			t.Errorf("translate(%q) = %q, and that %q", s, out, again)
		}
	})
}
