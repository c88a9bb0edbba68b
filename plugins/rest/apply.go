package main

import (
	"github.com/sallyport-sbc/sallyport/sdk"
	answers "github.com/sallyport-sbc/sallyport/sdk/answer"
	known "github.com/sallyport-sbc/sallyport/sdk/settings"
)

// decision collects what an answer says.
type decision struct {
	m      *module
	c      *sdk.Call
	code   int
	reason string
	drop   bool
	bad    string // why the answer cannot be carried out
}

// apply carries an answer out: all of it, or nothing and an error.
func (m *module) apply(c *sdk.Call, a answer) error {
	d := &m.decision // nothing waits in here
	*d = decision{m: m, c: c}
	ok := a.kind == nothing || answers.Each(a.kind, a.body, m.set)
	d.c = nil
	switch {
	case d.bad != "":
		return sdk.Error(d.bad)
	case !ok:
		return sdk.Error("the answer is not " + a.kind)
	case d.drop:
		c.Drop()
	case d.code != 0:
		c.Refuse(d.code, d.reason)
	}
	return nil
}

// set carries out one member of the answer.
func (d *decision) set(key, value string) bool {
	key = answers.Key(key)
	if !known.Allowed(d.m.keys, key) {
		d.bad = "the answer sets " + plain(key) + ", which keys does not allow"
		return false
	}
	switch {
	case key == "refuse.code":
		return d.status(value)
	case key == "refuse.reason":
		d.reason = value
	case key == "drop":
		d.drop = value == "true" || value == "yes"
	case key == "max_duration":
		span, ok := sdk.ParseDuration(value)
		if !ok {
			d.bad = "max_duration is not a duration"
			return false
		}
		d.c.MaxDuration(span)
	case len(key) > 4 && key[:4] == "var.":
		if err := d.c.SetVar(key[4:], value); err != nil {
			d.bad = "variable " + plain(key[4:]) + ": " + err.Error()
			return false
		}
	default:
		d.c.Set(key, value)
	}
	return true
}

func (d *decision) status(s string) bool {
	for i := range len(s) {
		if len(s) != 3 || s[i] < '0' || s[i] > '9' {
			d.bad = "refuse.code is not a status"
			return false
		}
		d.code = d.code*10 + int(s[i]-'0')
	}
	if d.code != 0 && (d.code < 300 || d.code > 699) {
		d.bad = "refuse.code is not a status from 300 to 699"
	}
	return d.bad == ""
}

// plain is a foreign text as a log line may show it.
func plain(s string) string {
	if s = s[:min(len(s), 64)]; !sdk.Plain(s) {
		return "(not plain text)"
	}
	return s
}
