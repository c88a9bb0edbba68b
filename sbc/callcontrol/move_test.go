package callcontrol

import (
	"context"
	"errors"
	"testing"

	"github.com/sallyport-sbc/sallyport/abi"
)

// leaving is a module that wants its calls to go on with another one.
type leaving struct {
	next            Module
	err             error
	asked, released int
	heard           []abi.Event
}

func (l *leaving) Events() uint64 { return ^uint64(0) }
func (l *leaving) hear(c *abi.Call) (abi.Decision, error) {
	l.heard = append(l.heard, c.Event)
	return abi.Decision{}, nil
}
func (l *leaving) Start(_ context.Context, c *abi.Call) (abi.Decision, error)   { return l.hear(c) }
func (l *leaving) Connect(_ context.Context, c *abi.Call) (abi.Decision, error) { return l.hear(c) }
func (l *leaving) Event(_ context.Context, c *abi.Call) (abi.Decision, error)   { return l.hear(c) }
func (l *leaving) End(_ context.Context, c *abi.Call) error                     { _, err := l.hear(c); return err }
func (l *leaving) Release()                                                     { l.released++ }
func (l *leaving) Move(*abi.Call) (Module, error) {
	l.asked++
	return l.next, l.err
}

type only struct{ m Module }

func (o only) Acquire(string, string) (Module, error) { return o.m, nil }

// TestMove: a call leaves a generation at the next hook between start and end, and gives it back; when it cannot, it
// is not asked again.
func TestMove(t *testing.T) {
	play := func(m Module) {
		ctx := t.Context()
		r := NewChain([]Use{{Name: "judge", Module: "judge"}}).Begin(only{m}, "1", nil)
		if err := r.Start(ctx, &abi.Call{}, nil); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := r.Connect(ctx, &abi.Call{}); err != nil {
				t.Fatal(err)
			}
		}
		r.End(ctx, &abi.Call{})
	}
	next := &leaving{}
	old := &leaving{next: next}
	play(old)
	if len(old.heard) != 1 || old.released != 1 || len(next.heard) != 3 || next.released != 1 {
		t.Errorf("old %+v, next %+v", old, next)
	}
	stuck := &leaving{err: errors.New("no way")}
	play(stuck)
	if len(stuck.heard) != 4 || stuck.asked != 1 || stuck.released != 1 {
		t.Errorf("%+v", stuck)
	}
}
