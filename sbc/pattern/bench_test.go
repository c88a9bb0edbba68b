package pattern

import "testing"

func BenchmarkAppend(b *testing.B) {
	e := testEnv(b)
	buf := make([]byte, 0, 4096)
	for _, s := range []string{"$ci_leg2", "$fU@$rd", "$H(P-SBCProfile)", "$M($si=>ipmap)", "$M($ru=>urimap)", "$HU(P-Addr)", "$V(bl.$fU)"} {
		p := mustParse(b, s)
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Append(buf, e)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		mustParse(b, "\"$fn\" <sip:$M($fU=>users)@$rd>")
	}
}
