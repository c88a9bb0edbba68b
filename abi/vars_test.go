package abi

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/abi/wire"
)

func TestVars(t *testing.T) {
	var v Vars
	for _, f := range []Field{{"a", "1"}, {"b", "2"}, {"c", "3"}, {"a", "4"}, {"b", ""}, {"none", ""}} {
		if err := v.Set(f.Name, f.Value); err != nil {
			t.Fatalf("Set(%q, %q): %v", f.Name, f.Value, err)
		}
	}
	var got []string
	for name, value := range v.All() {
		got = append(got, name+"="+value)
	}
	if want := []string{"a=4", "c=3"}; !slices.Equal(got, want) {
		t.Errorf("All = %v, want %v", got, want)
	}
	if s, ok := v.Get("b"); ok {
		t.Errorf("Get(b) = %q after it was removed", s)
	}
	if v.size != 4 || v.Len() != 2 {
		t.Errorf("size %d, %d variables, want 4, 2", v.size, v.Len())
	}
}

func TestNilVarsAreEmpty(t *testing.T) {
	var v *Vars
	if _, ok := v.Get("a"); ok || v.Len() != 0 {
		t.Error("a nil Vars has something")
	}
	for range v.All() {
		t.Error("a nil Vars ranges over something")
	}
}

func TestVarsAreBounded(t *testing.T) {
	for name, c := range map[string]struct {
		field Field
		err   error
	}{
		"no name":        {Field{"", "x"}, ErrInvalid},
		"LF in a name":   {Field{"a\n", "x"}, ErrInvalid},
		"CR in a value":  {Field{"a", "x\r"}, ErrInvalid},
		"NUL in a value": {Field{"a", "\x00"}, ErrInvalid},
		"long name":      {Field{strings.Repeat("n", wire.MaxName+1), "x"}, ErrTooBig},
		"long value":     {Field{"a", strings.Repeat("v", wire.MaxValue+1)}, ErrTooBig},
	} {
		var v Vars
		if err := v.Set(c.field.Name, c.field.Value); !errors.Is(err, c.err) || v.Len() != 0 {
			t.Errorf("%s: %v, %d set, want %v", name, err, v.Len(), c.err)
		}
	}

	var many Vars
	for i := range wire.MaxVars {
		if err := many.Set(fmt.Sprint(i), "x"); err != nil {
			t.Fatal(err)
		}
	}
	if err := many.Set("one more", "x"); !errors.Is(err, ErrTooBig) {
		t.Errorf("variable %d: %v", wire.MaxVars+1, err)
	}
	if err := many.Set("0", "another value"); err != nil {
		t.Errorf("replacing one of them: %v", err)
	}

	var large Vars
	for i := range 3 {
		if err := large.Set(fmt.Sprint(i), strings.Repeat("x", wire.MaxValue)); err != nil {
			t.Fatal(err)
		}
	}
	if err := large.Set("3", strings.Repeat("x", wire.MaxValue)); !errors.Is(err, ErrTooBig) {
		t.Errorf("past MaxVarBytes: %v", err)
	}
	if err := large.Set("3", "x"); err != nil {
		t.Fatal(err)
	}
	if err := large.Set("3", strings.Repeat("x", wire.MaxValue)); !errors.Is(err, ErrTooBig) {
		t.Errorf("replacing past MaxVarBytes: %v", err)
	}
}

func TestCodeOf(t *testing.T) {
	for err, want := range map[error]Code{
		nil: CodeOK, ErrInvalid: CodeInvalid, ErrTooBig: CodeTooBig, errors.New("x"): CodeInternal,
	} {
		if got := CodeOf(err); got != want {
			t.Errorf("CodeOf(%v) = %v, want %v", err, got, want)
		}
	}
}
