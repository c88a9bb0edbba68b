package config

import (
	"testing"
	"time"
)

func TestExtends(t *testing.T) {
	s, err := parse("x.toml", "", sound+`
[profile.grandchild]
extends = "child"
[profile.grandchild.routing]
interface = "public"
[profile.child]
extends = "base"
modules = []
[profile.child.headers]
deny = ["X-Child"]
[profile.child.contact.a]
user = "child"
[profile.base]
modules = ["m"]
[profile.base.module.m]
key = "base"
[profile.base.headers]
allow = ["X-Allowed"]
deny = ["X-Base", "X-Other"]
[profile.base.routing]
ring_timeout = "10s"
next_hop = "gw.example.net"
[profile.base.contact.a]
user = "base"
host = "sbc.example.net"
[module.m]
module = "builtin:cdr"
`, testOptions)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"child", "grandchild"} {
		p := s.Profile[name]
		if p.Routing.RingTimeout != 10*time.Second || p.Routing.NextHop.Source() != "gw.example.net" {
			t.Errorf("%s: routing %+v", name, p.Routing)
		}
		if len(p.Headers.Deny) != 1 || p.Headers.Deny[0] != "X-Child" || len(p.Headers.Allow) != 1 {
			t.Errorf("%s: headers %+v", name, p.Headers)
		}
		if p.Contact.A.User.Source() != "child" || p.Contact.A.Host.Source() != "sbc.example.net" {
			t.Errorf("%s: contact %+v", name, p.Contact.A)
		}
		if len(p.Modules) != 0 || len(p.Module) != 0 {
			t.Errorf("%s: modules %v, their parameters %v", name, p.Modules, p.Module)
		}
	}
	if got := s.Profile["grandchild"].Routing.Interface.Source(); got != "public" {
		t.Errorf("the grandchild's interface is %q", got)
	}
	if got := s.Profile["child"].Routing.Interface.Source(); got != "" {
		t.Errorf("the child has its child's interface %q", got)
	}
	if got := s.Profile["base"]; got.Contact.A.User.Source() != "base" || len(got.Headers.Deny) != 2 || len(got.Modules) != 1 {
		t.Errorf("the parent has changed: %+v", got)
	}
}
