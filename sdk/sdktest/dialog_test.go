package sdktest

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/sdk"
)

// teller does in each hook what tell says.
type teller struct {
	sdk.Base
	tell func(c *sdk.Call) error
}

func (m *teller) Connect(c *sdk.Call) error { return m.tell(c) }
func (m *teller) Rearm(c *sdk.Call) error   { return m.tell(c) }
func (m *teller) End(c *sdk.Call) error     { return m.tell(c) }

func TestRequestsWithinADialog(t *testing.T) {
	m := &teller{}
	h := New(t, m, Options{})
	c := h.Call()
	m.tell = func(c *sdk.Call) error {
		if err := c.Inform("a", "text/plain", "a note", sdk.Field{Name: "X-Left", Value: "30"}); err != nil {
			return err
		}
		return c.Refer("b", "sip:carol@example.org")
	}
	if _, err := c.Answer(time.Second); err != nil {
		t.Fatal(err)
	}
	want := []Request{
		{Method: "INFO", ID: c.ID, Leg: "a", ContentType: "text/plain", Body: "a note", Headers: []abi.Field{{Name: "X-Left", Value: "30"}}},
		{Method: "REFER", ID: c.ID, Leg: "b", Target: "sip:carol@example.org"},
	}
	if !reflect.DeepEqual(h.Requests, want) {
		t.Errorf("sent %+v", h.Requests)
	}
	for name, bad := range map[string]struct {
		tell func(c *sdk.Call) error
		want error
	}{
		"leg":       {func(c *sdk.Call) error { return c.Inform("", "text/plain", "x") }, sdk.ErrInvalid},
		"type":      {func(c *sdk.Call) error { return c.Inform("a", "", "x") }, sdk.ErrInvalid},
		"line feed": {func(c *sdk.Call) error { return c.Inform("a", "text/plain\nX: y", "x") }, sdk.ErrInvalid},
		"field":     {func(c *sdk.Call) error { return c.Inform("a", "", "", sdk.Field{Name: "X", Value: "a\rb"}) }, sdk.ErrInvalid},
		"body":      {func(c *sdk.Call) error { return c.Inform("a", "text/plain", strings.Repeat("x", 1025)) }, sdk.ErrTooBig},
		"far body":  {func(c *sdk.Call) error { return c.Inform("a", "text/plain", strings.Repeat("x", 70000)) }, sdk.ErrTooBig},
		"target":    {func(c *sdk.Call) error { return c.Refer("a", "") }, sdk.ErrInvalid},
	} {
		m.tell = func(c *sdk.Call) error {
			if err := bad.tell(c); err != bad.want {
				t.Errorf("%s: %v, want %v", name, err, bad.want)
			}
			return nil
		}
		if _, err := c.On(abi.EventRearm, 0); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	h.Fail["sbc_call.info"] = abi.CodeBusy
	m.tell = func(c *sdk.Call) error {
		if err := c.Inform("a", "", ""); err != sdk.ErrBusy {
			t.Errorf("busy: %v", err)
		}
		if until := c.UntilTime(); until == 0 {
			t.Error("no until")
		}
		return nil
	}
	c.Until = h.Now().Add(time.Minute)
	if _, err := c.On(abi.EventRearm, 0); err != nil {
		t.Error(err)
	}
	m.tell = func(c *sdk.Call) error { return c.Refer("a", "sip:carol@example.org") }
	if err := c.Hangup("a", 0); err == nil || len(h.Requests) != 2 {
		t.Errorf("at the end: %v, %+v", err, h.Requests)
	}
}
