package profile

import (
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
)

// keysOf is the paths of a section's keys; a section may have sections of its own.
func keysOf(path string, section reflect.Type) []string {
	var keys []string
	for i := range section.NumField() {
		f := section.Field(i)
		name := path + "." + f.Tag.Get("toml")
		if f.Type.Kind() == reflect.Struct {
			keys = append(keys, keysOf(name, f.Type)...)
		} else {
			keys = append(keys, name)
		}
	}
	return keys
}

// Every key of the configuration is a key of the plan, but for the modules themselves.
func TestKeysAreComplete(t *testing.T) {
	var fields []string
	c := reflect.TypeFor[Config]()
	for i := range c.NumField() {
		if section := c.Field(i); section.Type.Kind() == reflect.Struct {
			fields = append(fields, keysOf(section.Tag.Get("toml"), section.Type)...)
		}
	}
	names := Keys()
	slices.Sort(fields)
	slices.Sort(names)
	if !slices.Equal(fields, names) {
		t.Errorf("configuration has\n%q, a plan has\n%q", fields, names)
	}
}

func TestHash(t *testing.T) {
	compile := func(text string) string {
		p, errs := Compile("x", parseConfig(t, text), testKnown())
		if errs != nil {
			t.Fatal(errs)
		}
		return p.Hash()
	}
	one := compile("identity.ruri = sip:$rU@a.example.net\nmodules = limit\nmodule.limit.a = 1\nmodule.limit.b = 2\n")
	same := compile("modules = limit\nmodule.limit.b = 2\nmodule.limit.a = 1\nidentity.ruri = sip:$rU@a.example.net\nrouting.ring_timeout = 3m\n")
	other := compile("identity.ruri = sip:$rU@b.example.net\nmodules = limit\nmodule.limit.a = 1\nmodule.limit.b = 2\n")
	if one != same || one == other || len(one) != 64 {
		t.Errorf("hashes %s, the same %s, another %s", one, same, other)
	}
}

func TestChain(t *testing.T) {
	p, errs := Compile("x", parseConfig(t, `modules = limit
modules = cdr
module.limit.b = $fU
module.limit.a = 1
module.cdr.on_fail = refuse
`), testKnown())
	if errs != nil {
		t.Fatal(errs)
	}
	var got []string
	for _, u := range p.Chain().Uses() {
		s := u.Name + " " + u.Module + " " + u.OnFail.String()
		for _, f := range u.Params {
			s += " " + f.Name + "=" + f.Value.Source()
		}
		got = append(got, s)
	}
	want := []string{"limit limit refuse a=1 b=$fU", "cdr cdr refuse"}
	if !slices.Equal(got, want) {
		t.Errorf("chain %q, want %q", got, want)
	}
	none, _ := Compile("x", parseConfig(t, ""), testKnown())
	if none.Chain() == nil || none.Chain().Len() != 0 {
		t.Error("a profile without modules has no empty chain")
	}
}

// What calls share is not written to by one of them.
func TestPlansAreApart(t *testing.T) {
	p, errs := Compile("x", parseConfig(t, "routing.next_hop = gw1.example.net, gw2.example.net\nheaders.append = X-A: 1\nheaders.deny = Subject\n"+
		"headers.append_b = X-B: 1\nheaders.rule[0].append = X-R: 1\ncodecs.deny = PCMU\ncontact.a.user = sbc\nreplies.translate = 603=>488\n"), testKnown())
	if errs != nil {
		t.Fatal(errs)
	}
	resolve := func() *Plan {
		plan, err := p.Resolve(testEnv(t, []byte("INVITE sip:a@example.org SIP/2.0\r\n\r\n")))
		if err != nil {
			t.Fatal(err)
		}
		return plan
	}
	one := resolve()
	for _, set := range [][2]string{
		{"headers.append", "X-B: 2"},
		{"headers.append_b", "X-C: 2"},
		{"headers.rule", `{"append": ["X-S: 2"]}`},
		{"codecs.deny", "GSM"},
		{"contact.a.user", "other"},
		{"replies.translate", "404=>410"},
		{"routing.next_hop", "gw3.example.net"},
		{"headers.deny", "Server"},
		{"routing.failover", "404"},
		{"routing.targets", "sip:x@example.net"},
		{"routing.ring_timeout", "9"},
	} {
		if err := one.Set(set[0], set[1]); err != nil {
			t.Fatal(err)
		}
	}
	two := resolve()
	if len(two.Append) != 1 || two.Append[0] != (callcontrol.Field{Name: "X-A", Value: "1"}) ||
		strings.Join(two.NextHops, " ") != "gw1.example.net gw2.example.net" ||
		len(two.appendTo[1]) != 1 || len(two.rules) != 1 || two.Media.Shape[0].Codecs.Deny[0] != "PCMU" || two.contact[0].user != "sbc" ||
		two.translations[toBoth][0].from != "603" || two.FailOver(404) || len(two.Targets) != 0 || two.RingTimeout == one.RingTimeout || two.filter == one.filter {
		t.Errorf("the second call's plan is %+v", two)
	}
}

// A profile of a configuration that was made without the decoder works, too.
func TestZeroConfig(t *testing.T) {
	p, errs := Compile("x", &Config{}, Known{})
	if errs != nil {
		t.Fatal(errs)
	}
	plan, err := p.Resolve(&pattern.Env{})
	if err != nil || !plan.Relay || plan.FailOver(503) || plan.Refuse() != nil {
		t.Errorf("plan %+v, %v", plan, err)
	}
}

func TestKeySet(t *testing.T) {
	var s keySet
	if len(keys) > len(s)*64 {
		t.Fatalf("%d keys do not fit into a keySet", len(keys))
	}
	s.add(0)
	s.add(64)
	for i, want := range map[int]bool{0: true, 1: false, 63: false, 64: true, 128: false} {
		if s.has(i) != want {
			t.Errorf("has(%d) = %v", i, !want)
		}
	}
}

// Calls use a profile at the same time; the race detector looks on.
func TestPlansAtOnce(t *testing.T) {
	p, errs := Compile("x", parseConfig(t, `headers.append_b = X-B: 1
headers.append_b = X-C: $fU
headers.rule[0].set = X-R: 1
headers.rule[0].append = X-S: $fU
codecs.deny = PCMU
codecs.prefer_b = $H(P-Codecs)
contact.a.user = sbc
contact.a.display = $fU
replies.translate = 603=>488
methods.deny = INFO
`), testKnown())
	if errs != nil {
		t.Fatal(errs)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				e := testEnv(t, []byte("INVITE sip:a@example.org SIP/2.0\r\nFrom: <sip:alice@example.org>\r\nP-Codecs: PCMA\r\n\r\n"))
				plan, err := p.Resolve(e)
				if err != nil {
					t.Error(err)
					return
				}
				for _, set := range [][2]string{
					{"headers.append_b", "X-D: 1"},
					{"headers.rule", `{"append": ["X-T: 1"]}`},
					{"codecs.deny", "GSM"},
					{"contact.a.host", "sbc.example.net"},
					{"replies.translate_a", "404=>410"},
					{"methods.deny", "MESSAGE"},
				} {
					if err := plan.Set(set[0], set[1]); err != nil {
						t.Error(err)
					}
				}
				if err := plan.Apply(e.Msg); err != nil {
					t.Error(err)
				}
				for name, want := range map[string]string{"X-B": "1", "X-C": "alice", "X-D": "1", "X-R": "1", "X-S": "alice", "X-T": "1"} {
					if got, _ := e.Msg.Named(name); got != want {
						t.Errorf("%s is %q, want %q", name, got, want)
					}
				}
				if got := plan.Contact(media.A, Reach{SentBy: "x"}); got != `"alice" <sip:sbc@sbc.example.net>` {
					t.Errorf("Contact is %s", got)
				}
			}
		})
	}
	wg.Wait()
	if s := p.plan.shape; s.deny[listCodecs][toBoth][0] != "PCMU" || s.prefer[media.B] != nil || len(p.plan.appendTo[media.B]) != 1 {
		t.Errorf("the profile has changed: %+v", p.plan)
	}
}
