package profile

import (
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// twenty is a profile with twenty patterns.
const twenty = `identity.ruri = sip:$M($rU=>numbers)@gw.example.net;user=phone
identity.from = "$fn" <sip:$fU@$Ri>
identity.to = <sip:$tU@$M($td=>domains)>
identity.call_id = $ci_leg2
routing.next_hop = $M($rU=>hops), gw2.example.net:5070
routing.interface = $M($si=>interfaces)
media.relay = $H(P-Enable-RTPRelay)
refuse.code = $H(P-Refuse)
headers.deny = User-Agent
headers.deny = X-Secret
headers.append = P-Original-URI: $r
headers.append = P-Original-To: $t
headers.append = X-Source: $si:$sp
headers.append = X-Local: $Ri:$Rp
headers.append = X-Interface: $Rn
headers.append = X-Destination: $di:$dp
headers.append = X-Account: $P(account)
headers.append = X-Hash: $_5($ci)
headers.append = X-Caller: $_l($au)
headers.append = X-Param: $fP(user)$HP(Contact)(transport)
headers.append = X-Encoded: $#($f.)
headers.append = X-Empty: $H(None)
`

func benchInvite() []byte {
	head := []string{
		"INVITE sip:+15550100@sip.example.org:5070;user=phone SIP/2.0",
		"Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK776asdhds;rport",
		"Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK776asdhdt;received=192.0.2.7",
		"Max-Forwards: 70",
		"Record-Route: <sip:192.0.2.7;lr>",
		"From: \"Alice Example\" <sip:alice@example.org;user=phone>;tag=1928301774",
		"To: <sip:+15550100@sip.example.org>",
		"Call-ID: a84b4c76e66710@pc33.example.org",
		"CSeq: 314159 INVITE",
		"Contact: <sip:alice@192.0.2.9:5060;transport=udp>",
		"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK",
		"Supported: timer, 100rel, replaces",
		"User-Agent: Example Phone 1.0",
		"P-Asserted-Identity: \"Alice\" <sip:Alice@example.org>",
		"P-App-Param: profile=bench;account=1234",
		"P-Enable-RTPRelay: yes",
		"X-Secret: 42",
		"Subject: a call",
		"Content-Type: application/sdp",
	}
	body := "v=0\r\no=- 20518 0 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n" +
		"m=audio 54400 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
	return []byte(strings.Join(head, "\r\n") + "\r\n\r\n" + body)
}

func benchSet(b testing.TB) (*Set, pattern.Table) {
	maps := pattern.Table{}
	for name, rule := range map[string]string{
		"numbers": `^\+1555=>100`, "domains": `sip\.example\.org=>example.net`, "hops": `^\+1555=>gw1.example.net:5080`,
		"interfaces": `^192\.0\.2\.=>private`, "profiles": `^192\.0\.2\.=>bench`,
	} {
		m, err := pattern.ParseRegexMap(strings.NewReader(rule), "")
		if err != nil {
			b.Fatal(err)
		}
		maps[name] = m
	}
	known := testKnown()
	known.Maps = []string{"numbers", "domains", "hops", "interfaces", "profiles"}
	p, errs := Compile("bench", parseConfig(b, twenty), known)
	if errs != nil {
		b.Fatal(errs)
	}
	selectors := []*pattern.Pattern{parsePattern(b, "$H(P-SBCProfile)"), parsePattern(b, "$M($si=>profiles)"), parsePattern(b, "refuse")}
	return NewSet(selectors, []*Profile{p}, maps), maps
}

// BenchmarkTwentyPatterns selects, evaluates and applies a profile with twenty patterns to
// an INVITE of 1 KB. The message it is applied to is there already, as it is in a call.
func BenchmarkTwentyPatterns(b *testing.B) {
	s, _ := benchSet(b)
	e := testEnv(b, benchInvite())
	m := e.Msg
	var out sip.Message
	fields := make([]sip.Header, 0, 64)
	fields = append(fields, m.Headers()...)
	b.ReportAllocs()
	for b.Loop() {
		env := pattern.Env{Msg: m, Source: e.Source, Local: e.Local, Interface: e.Interface}
		p, err := s.Select(&env)
		if err != nil {
			b.Fatal(err)
		}
		plan, err := p.Resolve(&env)
		if err != nil {
			b.Fatal(err)
		}
		if err := plan.Late(&env); err != nil {
			b.Fatal(err)
		}
		out.RURI = m.RURI
		out.Filter(func(sip.Header) bool { return false })
		for i := range fields {
			out.AddNamed(fields[i].Name, fields[i].Value)
		}
		if err := plan.Apply(&out); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFilter(b *testing.B) {
	p, errs := Compile("x", parseConfig(b, "headers.deny = X-Secret\nheaders.deny = Server\n"), testKnown())
	if errs != nil {
		b.Fatal(errs)
	}
	e := testEnv(b, benchInvite())
	plan, err := p.Resolve(e)
	if err != nil {
		b.Fatal(err)
	}
	m := e.Msg
	b.ReportAllocs()
	for b.Loop() {
		plan.Filter(m, media.B)
	}
}

// BenchmarkRules changes a response by rules that match and rules that do not.
func BenchmarkRules(b *testing.B) {
	p, errs := Compile("x", parseConfig(b, `headers.rule[0].to = a
headers.rule[0].on = INVITE 2xx
headers.rule[0].set = Server: sbc
headers.rule[1].on = BYE
headers.rule[1].append = X-A: $fU
headers.rule[2].deny = X-Secret
headers.rule[3].replace = P-None: a=>b
`), testKnown())
	if errs != nil {
		b.Fatal(errs)
	}
	e := testEnv(b, benchInvite())
	plan, err := p.Resolve(e)
	if err != nil {
		b.Fatal(err)
	}
	res := sip.NewResponse(e.Msg, 200, "", "tag")
	b.ReportAllocs()
	for b.Loop() {
		plan.Filter(res, media.A)
	}
}
