package workbench

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/host/wasm"
	"github.com/sallyport-sbc/sallyport/sbc/profile"
)

// outcome is what a hook led to, one line each: its decision, what it changed, what it said.
func outcome(c *abi.Call, d *abi.Decision, err error, vars *abi.Vars, state string, said []string) string {
	var b strings.Builder
	switch {
	case err != nil:
		fmt.Fprintf(&b, "fails: %s\n", failure(err))
	case d.Drop:
		b.WriteString("drop\n")
	case d.Code != 0:
		b.WriteString(strings.TrimSpace(fmt.Sprintf("refuse %d %s", d.Code, d.Reason)) + "\n")
	default:
		b.WriteString("pass\n")
	}
	list := func(word string, fs []abi.Field) {
		for _, f := range fs {
			fmt.Fprintf(&b, "%s %s: %s\n", word, f.Name, f.Value)
		}
	}
	list("header", d.Headers)
	list("set", d.Set)
	for _, f := range d.Set {
		if !slices.Contains(profile.Keys(), f.Name) {
			fmt.Fprintf(&b, "the hook fails in a call: %v\n", new(profile.Plan).Check(f.Name, f.Value))
		}
	}
	if d.MaxDuration != 0 {
		fmt.Fprintf(&b, "max_duration: %v\n", d.MaxDuration)
	}
	for _, t := range d.Targets {
		fmt.Fprintf(&b, "target: %s\n", t)
	}
	if d.Fork {
		b.WriteString("fork\n")
	}
	for _, t := range d.Timers {
		switch {
		case t.After == 0:
			fmt.Fprintf(&b, "timer %d: cleared\n", t.Number)
		case t.End:
			fmt.Fprintf(&b, "timer %d: %v, then the call ends\n", t.Number, t.After)
		default:
			fmt.Fprintf(&b, "timer %d: %v\n", t.Number, t.After)
		}
	}
	list("var", changed(vars, c.Vars))
	if s := string(c.State); s != state {
		fmt.Fprintf(&b, "state: %s\n", s)
	}
	for _, line := range said {
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// failure is the reason without names and stacks.
func failure(err error) string {
	if e, ok := errors.AsType[*wasm.HookError](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}

// changed are the variables that differ; one that is gone has no value.
func changed(before, now *abi.Vars) []abi.Field {
	var all []abi.Field
	for name, value := range now.All() {
		if old, ok := before.Get(name); !ok || old != value {
			all = append(all, abi.Field{Name: name, Value: value})
		}
	}
	for name := range before.All() {
		if _, ok := now.Get(name); !ok {
			all = append(all, abi.Field{Name: name})
		}
	}
	slices.SortFunc(all, func(a, b abi.Field) int { return strings.Compare(a.Name, b.Name) })
	return all
}
