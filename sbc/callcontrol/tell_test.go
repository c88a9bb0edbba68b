package callcontrol

import (
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/abi"
)

func TestTellOne(t *testing.T) {
	a, b := &script{name: "a", mask: trio | abi.Bit(abi.EventRearm)}, &script{name: "b", mask: trio | abi.Bit(abi.EventRearm)}
	quiet := &script{name: "quiet"}
	p := begin(t, OnFailRefuse, a, b, quiet)
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	p.trace = nil
	p.call.Event = abi.EventRearm
	b.event = refuse(480, "")
	for name, want := range map[string]string{"a": "", "b": "refused by b: 480 ", "quiet": "", "nobody": ""} {
		got := ""
		if err := p.Tell(t.Context(), &p.call, name); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	slices.Sort(p.trace)
	if got := strings.Join(p.trace, ", "); got != "a rearm, b rearm" {
		t.Errorf("heard: %s", got)
	}
	p.finish(abi.Answered, 200)
	p.trace = nil
	if err := p.Tell(t.Context(), &p.call, "a"); err != nil || len(p.trace) > 0 {
		t.Errorf("after the end: %v, %v", err, p.trace)
	}
	var none *Run
	if err := none.Tell(t.Context(), &p.call, "a"); err != nil {
		t.Error(err)
	}
}

func TestFieldsOfRequests(t *testing.T) {
	for _, c := range []struct {
		name, value       string
		response, request bool
	}{
		{"Via", "x", false, false},
		{"i", "x", false, false},
		{"Content-Type", "x", false, false},
		{"X Y", "x", false, false},
		{"", "x", false, false},
		{"X", "a\nb", false, false},
		{"X", "\x00", false, false},
		{"Contact", "<sip:x>", true, false},
		{"M", "<sip:x>", true, false},
		{"refer-to", "<sip:x>", true, false},
		{"Require", "x", true, false},
		{"Referred-By", "<sip:x>", true, true},
	} {
		f := Field{Name: c.name, Value: c.value}
		if FieldFits(f) != c.response || RequestFieldFits(f) != c.request {
			t.Errorf("%q: a response may have it %v, a request %v", f, FieldFits(f), RequestFieldFits(f))
		}
	}
}
