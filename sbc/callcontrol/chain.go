package callcontrol

import (
	"slices"

	"github.com/sallyport-sbc/sallyport/sbc/pattern"
)

// Use is one module in a profile's chain.
type Use struct {
	Name   string  // of the use, in log lines and CDRs
	Module string  // name the module was loaded under
	Params []Param // configured values, for the module
	OnFail OnFail
}

// Param is a configured value of a use. Its pattern is evaluated once a call, before the
// module's start.
type Param struct {
	Name  string
	Value *pattern.Pattern
}

// Chain is the modules a call of one profile passes, in order. It is immutable and safe
// for concurrent use. A nil Chain is empty.
type Chain struct {
	uses   []Use
	static [][]Field // params of the uses whose values are the same for all calls
	names  []string
}

// NewChain makes a chain of uses, which must not change afterwards.
func NewChain(uses []Use) *Chain {
	c := &Chain{uses: slices.Clone(uses), static: make([][]Field, len(uses))}
	for i, u := range c.uses {
		c.names = append(c.names, u.Name)
		c.static[i] = staticParams(u.Params)
	}
	return c
}

// staticParams returns the values of params without variables, nil if one has any.
func staticParams(params []Param) []Field {
	fs := make([]Field, 0, len(params))
	for _, p := range params {
		v, ok := p.Value.Static()
		if !ok {
			return nil
		}
		fs = append(fs, Field{Name: p.Name, Value: v})
	}
	return fs
}

// Len returns how many uses the chain has.
func (c *Chain) Len() int {
	if c == nil {
		return 0
	}
	return len(c.uses)
}

// Uses returns the uses in order, to read only.
func (c *Chain) Uses() []Use {
	if c == nil {
		return nil
	}
	return c.uses
}

// params evaluates the values of use i in e: one allocation for all texts.
func (c *Chain) params(i int, e *pattern.Env) []Field {
	if c.static[i] != nil {
		return c.static[i]
	}
	if e == nil {
		e = new(pattern.Env)
	}
	params := c.uses[i].Params
	var room [512]byte
	buf := room[:0]
	ends := make([]int, len(params))
	for j, p := range params {
		buf = p.Value.Append(buf, e)
		ends[j] = len(buf)
	}
	text, from := string(buf), 0
	fs := make([]Field, len(params))
	for j, p := range params {
		fs[j] = Field{Name: p.Name, Value: text[from:ends[j]]}
		from = ends[j]
	}
	return fs
}
