package workbench

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
)

// newCall is alice calling bob, as every script begins.
func newCall(n int) *abi.Call {
	id := fmt.Sprintf("call-%d", n)
	return &abi.Call{
		ID: id, Use: use, CallIDA: id + "@a.example.org", Method: "INVITE", RURI: "sip:bob@example.net",
		From: `"Alice" <sip:alice@example.org>;tag=a1`, To: "<sip:bob@example.net>",
		FromURI: "sip:alice@example.org", ToURI: "sip:bob@example.net", Caller: "alice", Callee: "bob",
		Source: netip.MustParseAddrPort("192.0.2.1:5060"), Transport: "UDP", InterfaceA: "public", InterfaceB: "private",
		Profile: "default", Node: "sbc1", Message: &message{}, Vars: new(abi.Vars),
	}
}

// enter fills in what the SBC would know at the event.
func enter(c *abi.Call, e abi.Event, now time.Time) {
	c.Event = e
	// What an event brings along is not of the next one.
	c.Side, c.Status, c.Phrase, c.Target, c.Timer, c.Detail, c.Duration = "", 0, "", "", 0, "", 0
	if c.Start.IsZero() {
		c.Start = now
	}
	if e == abi.EventStart {
		return
	}
	if c.CallIDB == "" {
		c.CallIDB = c.ID + "@b.example.net"
		c.Destination = netip.MustParseAddrPort("198.51.100.1:5060")
	}
	switch e {
	case abi.EventEarly:
		c.Side, c.Status, c.Phrase, c.Ringing = "b", 180, "Ringing", now
	case abi.EventConnect:
		c.Connect = now
	case abi.EventReject:
		c.Side, c.Status, c.Phrase, c.Target = "b", 486, "Busy Here", c.RURI
	case abi.EventEnd:
		c.End, c.Message = now, nil
		c.Result = &abi.End{Disposition: abi.Failed, Code: 486, Reason: "Busy Here", HangupBy: "b", Modules: []string{use}}
		if !c.Connect.IsZero() {
			c.Result = &abi.End{Disposition: abi.Answered, Code: 200, Reason: "OK", Q850: 16, HangupBy: "a", Modules: []string{use}}
		}
	}
}

// assign sets one field of the call from a script's line.
func assign(c *abi.Call, key, value string) error {
	kind, name, _ := strings.Cut(key, " ")
	switch kind {
	case "param":
		c.Params = set(c.Params, name, value)
		return nil
	case "var":
		return c.Vars.Set(name, value)
	case "header":
		m := &message{}
		if old, ok := c.Message.(*message); ok {
			m.fields, m.body = slices.Clone(old.fields), old.body
		}
		m.fields, c.Message = append(m.fields, abi.Field{Name: name, Value: value}), m
		return nil
	case "body":
		m := &message{body: value}
		if old, ok := c.Message.(*message); ok {
			m.fields = old.fields
		}
		c.Message = m
		return nil
	case "callee":
		c.Callee, c.RURI, c.ToURI, c.To = value, "sip:"+value+"@example.net", "sip:"+value+"@example.net", "<sip:"+value+"@example.net>"
		return nil
	case "caller":
		c.Caller, c.FromURI, c.From = value, "sip:"+value+"@example.org", "<sip:"+value+"@example.org>;tag=a1"
		return nil
	}
	if p := text(c, key); p != nil {
		*p = value
		return nil
	}
	if p := number(c, key); p != nil {
		n, err := strconv.Atoi(value)
		*p = n
		return err
	}
	var err error
	switch key {
	case "source":
		c.Source, err = netip.ParseAddrPort(value)
	case "destination":
		c.Destination, err = netip.ParseAddrPort(value)
	case "timer":
		var n uint64
		n, err = strconv.ParseUint(value, 10, 32)
		c.Timer = uint32(n)
	case "until": // so long after the answer
		var d time.Duration
		if d, err = time.ParseDuration(value); err == nil {
			c.Until = c.Connect.Add(d)
		}
	case "duration":
		c.Duration, err = time.ParseDuration(value)
	default:
		return fmt.Errorf("no field %q", key)
	}
	return err
}

func set(fs []abi.Field, name, value string) []abi.Field {
	if i := slices.IndexFunc(fs, func(f abi.Field) bool { return f.Name == name }); i >= 0 {
		fs[i].Value = value
		return fs
	}
	return append(fs, abi.Field{Name: name, Value: value})
}

// text is the field of that name when it is a text.
func text(c *abi.Call, key string) *string {
	fields := map[string]*string{
		"id": &c.ID, "use": &c.Use, "profile": &c.Profile, "node": &c.Node, "call_id_a": &c.CallIDA, "call_id_b": &c.CallIDB,
		"method": &c.Method, "ruri": &c.RURI, "from": &c.From, "to": &c.To, "from_uri": &c.FromURI, "to_uri": &c.ToURI,
		"transport": &c.Transport, "interface_a": &c.InterfaceA, "interface_b": &c.InterfaceB,
		"side": &c.Side, "phrase": &c.Phrase, "target": &c.Target, "detail": &c.Detail,
	}
	if r := c.Result; r != nil {
		fields["disposition"], fields["reason"], fields["hangup_by"] = &r.Disposition, &r.Reason, &r.HangupBy
	}
	return fields[key]
}

// number is the field of that name when it is a number.
func number(c *abi.Call, key string) *int {
	if r := c.Result; r != nil {
		switch key {
		case "code":
			return &r.Code
		case "q850":
			return &r.Q850
		}
	}
	if key == "status" {
		return &c.Status
	}
	return nil
}

// message is the SIP message of an event.
type message struct {
	fields []abi.Field
	body   string
}

func (m *message) Header(name string) (string, bool) { return m.HeaderAt(name, 0) }

func (m *message) HeaderAt(name string, index int) (string, bool) {
	for _, f := range m.fields {
		if strings.EqualFold(f.Name, name) {
			if index == 0 {
				return f.Value, true
			}
			index--
		}
	}
	return "", false
}

func (m *message) Body() string { return m.body }
