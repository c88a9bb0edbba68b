package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/sdk/sdktest"
)

const config = `{"keys": ["identity.ruri", "routing.*", "headers.append", "media.relay", "var.account"], "interfaces": ["core", "public"]%s}`

func fields(name string, values ...string) sdktest.Message {
	var m sdktest.Message
	for _, v := range values {
		m.Fields = append(m.Fields, abi.Field{Name: name, Value: v})
	}
	return m
}

func TestHeader(t *testing.T) {
	const name = "P-Call-Control"
	for _, c := range []struct {
		name   string
		values []string
		want   string // what is set, or the refusal
	}{
		{"no header", nil, ""},
		{"nothing in it", []string{""}, ""},
		{"one key", []string{"routing.interface=private"}, "routing.interface=private"},
		{"several", []string{`routing.next_hop=192.0.2.9:5070/tcp;identity.ruri="sip:bob@example.net;user=phone"`}, "routing.next_hop=192.0.2.9:5070/tcp|identity.ruri=sip:bob@example.net;user=phone"},
		{"several fields", []string{"media.relay=no", "routing.interface=b;"}, "media.relay=no|routing.interface=b"},
		{"values are literal", []string{"routing.targets=sip:$fU@$si"}, "routing.targets=sip:$fU@$si"},
		{"names of the SEMS SBC", []string{"RURI=sip:x@example.net;append_headers=\"X: y\";rtprelay_enabled=yes;next_hop=192.0.2.1"}, "identity.ruri=sip:x@example.net|headers.append=X: y|media.relay=yes|routing.next_hop=192.0.2.1"},
		{"a key that is not on the list", []string{"routing.interface=b;identity.from=sip:x@example.org"}, "403"},
		{"its SEMS name is not on the list", []string{"From=sip:x@example.org"}, "403"},
		{"a section is not its prefix", []string{"routing=x"}, "403"},
		{"a variable that is not on the list", []string{"var.other=1"}, "403"},
		{"no value", []string{"routing.interface"}, "400"},
		{"an open quote", []string{`routing.interface="b`}, "400"},
		{"the second field is wrong", []string{"routing.interface=b", "x"}, "400"},
		{"a key with hostile bytes", []string{"a\xff\x01\n=b"}, "403"},
	} {
		h := sdktest.New(t, &module{}, sdktest.Options{Config: fmt.Sprintf(config, "")})
		call := h.Call()
		call.Message = fields(strings.ToLower(name), c.values...)
		d, err := call.Invite()
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []string
		for _, f := range d.Set {
			got = append(got, f.Name+"="+f.Value)
		}
		if d.Refused() {
			got = []string{fmt.Sprint(d.Code)}
		}
		if got := strings.Join(got, "|"); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if (len(h.Logs()) > 0) != d.Refused() {
			t.Errorf("%s: logged %v", c.name, h.Logs())
		}
	}
}

func TestVariables(t *testing.T) {
	h := sdktest.New(t, &module{}, sdktest.Options{Config: fmt.Sprintf(config, "")})
	call := h.Call()
	call.Message = fields("P-Call-Control", `var.account="1001"`)
	if d, err := call.Invite(); err != nil || d.Refused() {
		t.Fatalf("%+v, %v", d, err)
	}
	if v, _ := call.Vars.Get("account"); v != "1001" {
		t.Errorf("account = %q", v)
	}
}

func TestUntrusted(t *testing.T) {
	for elsewhere, code := range map[string]int{"": 403, `, "untrusted": "refuse"`: 403, `, "untrusted": "ignore"`: 0} {
		h := sdktest.New(t, &module{}, sdktest.Options{Config: fmt.Sprintf(config, elsewhere)})
		call := h.Call()
		call.InterfaceA = "wild"
		if d, err := call.Invite(); err != nil || d.Refused() {
			t.Errorf("%s: without the header: %+v, %v", elsewhere, d, err)
		}
		call.Message = fields("P-Call-Control", "routing.interface=private")
		if d, err := call.Invite(); err != nil || d.Code != code || len(d.Set) != 0 {
			t.Errorf("%s: %+v, %v, want code %d", elsewhere, d, err, code)
		}
	}
}

func TestConfiguration(t *testing.T) {
	for config, want := range map[string]string{
		`{}`:                "keys is missing",
		`{"keys": ["*"]}`:   "interfaces is missing",
		`{"keys": "x"}`:     "keys is not an array",
		`{"keys": ["a b"]}`: "keys: neither a key nor a section as in routing.*: a b",
		`{"keys": ["*"], "interfaces": ["a"], "untrusted": "drop"}`: "untrusted is neither refuse nor ignore: drop",
		`{"keys": ["*"], "interfaces": ["a"], "header": "a b"}`:     "header is not the name of a header field: a b",
	} {
		_, err := sdktest.Start(t, &module{}, sdktest.Options{Config: config})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", config, err, want)
		}
	}
}

func FuzzHeader(f *testing.F) {
	for _, s := range []string{"routing.interface=b", `a="\"`, "=;", "var.account=\r\n", "headers.append=X: \x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h := sdktest.New(t, &module{}, sdktest.Options{Config: fmt.Sprintf(config, "")})
		call := h.Call()
		call.Message = fields("P-Call-Control", s)
		d, err := call.Invite()
		if d.Refused() && len(d.Set) > 0 {
			t.Fatalf("%q: %+v, %v", s, d, err)
		}
		for _, k := range d.Set {
			if k.Name != "identity.ruri" && k.Name != "headers.append" && k.Name != "media.relay" && !strings.HasPrefix(k.Name, "routing.") {
				t.Fatalf("%q sets %s", s, k.Name)
			}
		}
	})
}
