package callcontrol

import (
	"context"
	"testing"

	"github.com/sallyport-sbc/sallyport/abi"
)

func BenchmarkChain(b *testing.B) {
	quiet := &quietModule{}
	uses := []Use{
		{Name: "a", Module: "a", Params: []Param{{"x", parse(b, "static")}}},
		{Name: "b", Module: "b", Params: []Param{{"x", parse(b, "$fU")}, {"y", parse(b, "$rU")}}},
	}
	c := NewChain(uses)
	e := env(b)
	call := &abi.Call{Result: &abi.End{Modules: []string{}}}
	b.ReportAllocs()
	for b.Loop() {
		r := c.Begin(quiet, "c1", e)
		if r.Start(context.Background(), call, nil) != nil || r.Connect(context.Background(), call) != nil {
			b.Fatal("refused")
		}
		r.End(context.Background(), call)
	}
}

type quietModule struct{}

func (q *quietModule) Acquire(string, string) (Module, error) { return q, nil }
func (*quietModule) Events() uint64                           { return trio }
func (*quietModule) Start(context.Context, *abi.Call) (abi.Decision, error) {
	return abi.Decision{}, nil
}

func (*quietModule) Connect(context.Context, *abi.Call) (abi.Decision, error) {
	return abi.Decision{}, nil
}

func (*quietModule) Event(context.Context, *abi.Call) (abi.Decision, error) {
	return abi.Decision{}, nil
}
func (*quietModule) End(context.Context, *abi.Call) error { return nil }
func (*quietModule) Release()                             {}
