package sems

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
	"github.com/sallyport-sbc/sallyport/sbc/profile"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// plan selects a profile of a converted case for an INVITE and evaluates it.
func plan(t *testing.T, file string, e *pattern.Env) *profile.Plan {
	t.Helper()
	s := load(t, convert(t, archive(t, "testdata/"+file+".txtar")))
	p, err := s.Profiles.Select(e)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := p.Resolve(e)
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Late(e); err != nil {
		t.Fatal(err)
	}
	return plan
}

// outgoing is the INVITE of leg B as far as the plan makes it.
func outgoing(t *testing.T, plan *profile.Plan, e *pattern.Env) *sip.Message {
	t.Helper()
	m := e.Msg.Clone()
	if err := plan.Apply(m); err != nil {
		t.Fatal(err)
	}
	return m
}

func equal(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %q, want %q", what, got, want)
	}
}

func TestDeckIptelEcho(t *testing.T) {
	e := env(t)
	m := outgoing(t, plan(t, "iptelecho", e), e)
	equal(t, "Request-URI", m.RURI, "sip:echo@iptel.org")
	equal(t, "From", m.Header(sip.From), "<sip:anonymous@mynet.net>;tag=12")
	equal(t, "To", m.Header(sip.To), "<sip:echo@iptel.org>")
}

func TestDeckSetFromTo(t *testing.T) {
	e := env(t)
	p := plan(t, "set_fromto", e)
	m := outgoing(t, p, e)
	equal(t, "Request-URI", m.RURI, "sip:+49123@sbc1.mypeer.net")
	equal(t, "From", m.Header(sip.From), "<sip:+431556221@mynet.net>;tag=12")
	equal(t, "To", m.Header(sip.To), "<sip:+49123@mypeer.net>")
	equal(t, "Call-ID", p.CallID, "3cde5d1a960a_leg2")
}

func TestDeckDynamicRelayAndTimers(t *testing.T) {
	for _, c := range []struct {
		name         string
		fields       []string
		relay, timer bool
	}{
		{"the deck's INVITE", []string{"P-Enable-RTPRelay: no", "P-Enable-SST: yes"}, false, true},
		{"relay only", []string{"P-Enable-RTPRelay: yes"}, true, false},
		{"nothing said", nil, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := plan(t, "dynamic_rtprelay_sst", env(t, c.fields...))
			if p.Relay != c.relay {
				t.Errorf("relay %t, want %t", p.Relay, c.relay)
			}
			for _, side := range [...]media.Side{media.A, media.B} {
				if timer := p.Timer[side]; timer.Enabled != c.timer || timer.Expires.Seconds() != 300 {
					t.Errorf("timer of leg %v: %+v, want enabled %t", side, timer, c.timer)
				}
			}
		})
	}
}

// A word that is neither yes nor no refuses the call, as in SEMS.
func TestBogusRelay(t *testing.T) {
	s := load(t, convert(t, archive(t, "testdata/dynamic_rtprelay_sst.txtar")))
	e := env(t, "P-Enable-RTPRelay: bogus")
	p, err := s.Profiles.Select(e)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Resolve(e); !errors.As(err, new(*profile.ValueError)) {
		t.Errorf("Resolve() = %v, want a *profile.ValueError", err)
	}
}

func TestDeckSelection(t *testing.T) {
	s := load(t, convert(t, archive(t, "testdata/active_profile.txtar")))
	for _, c := range []struct{ name, source, ruri, header, want string }{
		{"by source", "10.1.2.3", "sip:a@iptel.org", "", "internal2"},
		{"by Request-URI", "192.0.2.9", "sip:a@fliptel.com", "", "fliptel"},
		{"by header field", "192.0.2.9", "sip:a@example.net", "P-SBCProfile: internal1", "internal1"},
		{"by none", "192.0.2.9", "sip:a@example.net", "", "refuse_calls"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := env(t, "P-X: y", c.header)
			if c.header == "" {
				e = env(t)
			}
			e.Msg.RURI = c.ruri
			e.Source = addrPort(c.source + ":5060")
			p, err := s.Profiles.Select(e)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "profile", p.Name(), c.want)
		})
	}
}

func TestRefuse(t *testing.T) {
	e := env(t)
	e.Source = addrPort("192.0.2.9:5060")
	r := plan(t, "active_profile", e).Refuse()
	if r == nil || r.Code != 403 || r.Reason != "Invalid Domain osbc1.mynet.net:5060" {
		t.Fatalf("Refuse() = %+v, want 403 Invalid Domain osbc1.mynet.net:5060", r)
	}
	if len(r.Headers) != 1 || r.Headers[0].Name != "P-Source" || r.Headers[0].Value != "192.0.2.9" {
		t.Errorf("header fields %v, want P-Source: 192.0.2.9", r.Headers)
	}
}

// The example of SEMS's documentation, which SEMS makes "P-Original-URI: r" of.
func TestOriginalURI(t *testing.T) {
	in := txtarOf("-- in/sbc.conf --\nprofiles=a\nactive_profile=a\n-- in/a.sbcprofile.conf --\n" +
		`append_headers="P-Original-URI: $r\r\nP-Original-To: $t\r\nP-Empty: $H(None)"` + "\n")
	r := convert(t, in)
	e := env(t)
	p, err := load(t, r).Profiles.Select(e)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := p.Resolve(e)
	if err != nil {
		t.Fatal(err)
	}
	m := outgoing(t, plan, e)
	uri, _ := m.Named("P-Original-URI")
	equal(t, "P-Original-URI", uri, "sip:+49123@osbc1.mynet.net:5060")
	to, _ := m.Named("P-Original-To")
	equal(t, "P-Original-To", to, `"Clara" <sip:+49123@mynet.net>`)
	if _, ok := m.Named("P-Empty"); ok {
		t.Error("a header field without a value was added")
	}
	if !strings.Contains(r.Text(), "SEMS yields nothing for $r") {
		t.Errorf("the report does not tell of it:\n%s", r.Text())
	}
}

// P-App-Param chooses among the samples, and their filters count.
func TestSamples(t *testing.T) {
	e := env(t)
	p := plan(t, "samples", e)
	equal(t, "profile", p.Profile.Name(), "sst_b2b")
	if a, b := p.Timer[media.A], p.Timer[media.B]; a.Enabled || !b.Enabled || b.Expires.Seconds() != 120 || b.Maximum.Seconds() != 900 || b.Method != profile.RefreshAuto {
		t.Errorf("timers %+v and %+v", a, b)
	}
	e = env(t)
	e.Msg.SetNamed("P-App-Param", "profile=codecfilter")
	p = plan(t, "samples", e)
	for method, want := range map[string]bool{"INVITE": true, "INFO": true, "BYE": true, "MESSAGE": false} {
		if got := p.Crosses(method, media.B); got != want {
			t.Errorf("%s crosses: %t, want %t", method, got, want)
		}
	}
	e = env(t)
	e.Msg.SetNamed("P-App-Param", "profile=auth_b2b;u=alice;p=geheim;d=example.net")
	p = plan(t, "samples", e)
	if c := p.Auth[media.B]; c.User != "alice" || c.Password != "geheim" || c.RequireRealm != "sbc.example.com" || c.RequireUser != "trunk" {
		t.Errorf("credentials of leg B: %+v", c)
	}
	if c := p.Auth[media.A]; c.User != "" {
		t.Errorf("credentials of leg A: %+v, SEMS has them turned off", c)
	}
	m := outgoing(t, p, e)
	equal(t, "From", m.Header(sip.From), `"alice" <sip:alice@example.net>;tag=12`)
	if _, ok := m.Named("P-App-Param"); ok {
		t.Error("P-App-Param crosses")
	}
	e = env(t)
	e.Msg.SetNamed("P-App-Param", "profile=symmetricrtp")
	p = plan(t, "samples", e)
	if !p.Relay || p.Media.InterfaceA != "public" || p.Media.InterfaceB != "private" || len(p.NextHops) != 2 || p.NextHops[1] != "10.0.0.21:5080/tcp" {
		t.Errorf("relay %t, media %+v, next hops %v", p.Relay, p.Media, p.NextHops)
	}
}

// The profile with every key does with a call what each key says.
func TestEveryKeyBehaves(t *testing.T) {
	e := env(t, "Subject: hi", "P-Secret: x", "P-SE: 300", "P-SST: yes", "P-Refresh: invite", "P-Symmetric: no")
	e.Msg.SetNamed("P-App-Param", "u=alice;p=geheim")
	p := plan(t, "everykey", e)
	m := outgoing(t, p, e)
	equal(t, "Request-URI", m.RURI, "sip:+49123@x.example.net:5070")
	equal(t, "From", m.Header(sip.From), "<sip:+431556221@example.net>;tag=12")
	equal(t, "To", m.Header(sip.To), "<sip:+49123@example.net>")
	equal(t, "Call-ID", p.CallID, "b9b36276081fb26add2f1ee5723720e8")
	equal(t, "Contact of leg A", p.Contact(media.A, profile.Reach{SentBy: "192.0.2.10:5060", User: "key"}), `"Clara" <sip:key@a.example.net:5060;x-a=1>;q=0.5`)
	equal(t, "Contact of leg B", p.Contact(media.B, profile.Reach{SentBy: "192.0.2.10:5060", User: "key"}), `"John" <sip:key@b.example.net:5070;x-b=10.1.2.3>;q=0.6`)
	equal(t, "transparent identifiers", fmt.Sprint(p.TransparentDialog, p.Hiding), "true false")
	equal(t, "wait after 491", p.GlareTime.String(), "500ms")
	equal(t, "next hops", strings.Join(p.NextHops, " "), "10.0.0.20:5060/tcp 10.0.0.21")
	equal(t, "next hop of leg A", p.NextHopA, "10.1.2.3:5080")
	equal(t, "interfaces", p.Interface+" "+p.InterfaceA, "private public")
	if !p.NextHopAlways || !p.NextHopInRURI || !p.ForceProxy || p.Proxy[media.B] == "" || p.Proxy[media.A] == "" {
		t.Errorf("routing: %+v", p)
	}
	for name, want := range map[string]string{"Subject": "hi", "P-Secret": "", "P-Source": "10.1.2.3", "P-Static": "a", "P-App-Param": ""} {
		got, _ := m.Named(name)
		equal(t, name, got, want)
	}
	b := e.Msg.Clone()
	p.AppendTo(b, media.B)
	each, _ := b.Named("P-Each")
	equal(t, "P-Each, which SEMS sends as $fU", each, "+431556221")
	if p.Crosses("INFO", media.B) || !p.Crosses("UPDATE", media.B) {
		t.Error("INFO crosses or UPDATE does not")
	}
	if code, phrase := p.Translate(media.A, 603, "Decline"); code != 488 || phrase != "Not acceptable" {
		t.Errorf("603 becomes %d %s", code, phrase)
	}
	if p.Timer[media.A].Expires.Seconds() != 300 || p.Timer[media.A].Method != profile.RefreshInvite || p.Timer[media.B].Method != profile.RefreshUpdate {
		t.Errorf("timers: %+v", p.Timer)
	}
	if c := p.Auth; c[media.A].User != "alice" || c[media.B].Password != "geheim" || c[media.B].RequireRealm != "example.net" {
		t.Errorf("credentials: %+v", c)
	}
	if !p.Relay || p.Media.SymmetricA || p.Media.SymmetricB || !p.SymmetricByFlags || p.Media.Timeout != 0 {
		t.Errorf("media: %+v", p.Media)
	}
}

// A refusal whose code comes out of the call refuses also when there is none.
func TestRefuseByPattern(t *testing.T) {
	for field, want := range map[string]int{"P-Refuse: 404": 404, "P-Other: x": 500} {
		e := env(t, field)
		e.Msg.SetNamed("P-App-Param", "profile=refusing")
		r := plan(t, "everykey", e).Refuse()
		if r == nil || r.Code != want || r.Reason != "Not +49123" {
			t.Errorf("%s: Refuse() = %+v, want %d Not +49123", field, r, want)
		}
	}
}

// What SEMS lets overlap finds ports of its own, and the result loads.
func TestPorts(t *testing.T) {
	for _, c := range []struct{ name, sems, want string }{
		{"nothing said", "sip_ip=192.0.2.1", ""},
		{"a range", "sip_ip=192.0.2.1\nrtp_low_port=30000\nrtp_high_port=30999", "30000-30999"},
		{"one end", "sip_ip=192.0.2.1\nrtp_low_port=30000", "30000-65535"},
		{"around the SIP port", "sip_ip=192.0.2.1\nrtp_low_port=5000\nrtp_high_port=9999", "5061-9999"},
		{"SIP in the default range", "sip_ip=192.0.2.1\nsip_port=20001", "20002-29999"},
		{"no range", "sip_ip=192.0.2.1\nrtp_low_port=9000\nrtp_high_port=8000", ""},
		{"no port", "sip_ip=192.0.2.1\nrtp_low_port=0\nrtp_high_port=high", "5061-65535"},
		{"one address for two", "interfaces=a,b\nsip_ip_a=192.0.2.1\nsip_ip_b=192.0.2.1\nsip_port_b=5070", "20000-24999 25000-29999"},
		{"the same range twice", "interfaces=a,b\nsip_ip_a=192.0.2.1\nsip_ip_b=192.0.2.1\nsip_port_b=5070\nrtp_low_port_a=10000\nrtp_high_port_a=10003\nrtp_low_port_b=10000\nrtp_high_port_b=10003", "10000-10001 10002-10003"},
		{"too small to share", "interfaces=a,b\nsip_ip_a=192.0.2.1\nsip_ip_b=192.0.2.1\nsip_port_b=5070\nrtp_low_port_a=10000\nrtp_high_port_a=10001\nrtp_low_port_b=10000\nrtp_high_port_b=10001", "10000-10001 10500-10999"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := convert(t, txtarOf("-- in/sems.conf --\n"+c.sems+"\n-- in/sbc.conf --\nactive_profile=a\n-- in/a.sbcprofile.conf --\n"))
			load(t, r)
			var got []string
			for line := range strings.Lines(r.TOML) {
				if _, ports, ok := strings.Cut(line, `media_ports = "`); ok {
					ports, _, _ = strings.Cut(ports, `"`)
					got = append(got, ports)
				}
			}
			equal(t, "media_ports", strings.Join(got, " "), c.want)
		})
	}
}
