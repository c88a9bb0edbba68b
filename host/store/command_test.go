package store

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestPolicy(t *testing.T) {
	p, err := NewPolicy([]string{"get", "SMEMBERS", "DEL", "MSET", "EVAL", "TIME"}, "mod:")
	if err != nil {
		t.Fatal(err)
	}
	for command, want := range map[string]error{
		"GET mod:a":                  nil,
		"get mod:a":                  nil,
		"GET other":                  ErrDenied,
		"GET":                        ErrInvalid,
		"":                           ErrInvalid,
		"SET mod:a 1":                ErrDenied,
		"CONFIG GET requirepass":     ErrDenied,
		"DEL mod:a mod:b":            nil,
		"DEL mod:a other":            ErrDenied,
		"MSET mod:a other mod:b 1":   nil,
		"MSET mod:a 1 other 1":       ErrDenied,
		"MSET mod:a":                 ErrInvalid,
		"EVAL script 1 mod:a other":  nil,
		"EVAL script 2 mod:a other":  ErrDenied,
		"EVAL script 0":              nil,
		"EVAL script 3 mod:a":        ErrInvalid,
		"EVAL script -1 other":       ErrInvalid,
		"EVAL script 1e0 other":      ErrInvalid,
		"EVAL script":                ErrInvalid,
		"TIME":                       nil,
		"SMEMBERS mod:blacklist":     nil,
		"SMEMBERS  mod:blacklist":    ErrDenied, // the key is empty
		"EVALSHA 0123456789 1 mod:a": ErrDenied,
		"GET\r\nFLUSHALL mod:a":      ErrDenied,
	} {
		args := strings.Split(command, " ")
		if command == "" {
			args = nil
		}
		if err := p.Check(args); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", command, err, want)
		}
	}
	for _, c := range []string{"FLUSHALL", "CONFIG", "KEYS", "SUBSCRIBE", "BLPOP", "EVALSHA2", "", "SCRIPT", "CLIENT", "MULTI"} {
		if _, err := NewPolicy([]string{c}, ""); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q may be allowed: %v", c, err)
		}
	}
}

func TestCommandKeys(t *testing.T) {
	for command, want := range map[string][]int{
		"PING":                 nil,
		"GET a":                {1},
		"HSET a f v":           {1},
		"SINTER a b c":         {1, 2, 3},
		"MSET a 1 b 2":         {1, 3},
		"EVAL s 2 a b c":       {3, 4},
		"ZADD a 1 m":           {1},
		"zrangebyscore a -inf": {1},
	} {
		got, err := CommandKeys(strings.Split(command, " "))
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("CommandKeys(%q) = %v, %v, want %v", command, got, err, want)
		}
	}
}

// FuzzPolicy: what passes has no key without the prefix where a reader of the
// command would look for one.
func FuzzPolicy(f *testing.F) {
	f.Add("EVAL", "s", "1", "mod:a")
	f.Add("MSET", "mod:a", "1", "b")
	f.Fuzz(func(t *testing.T, name, a, b, c string) {
		p, err := NewPolicy([]string{"GET", "DEL", "MSET", "EVAL"}, "mod:")
		if err != nil {
			t.Fatal(err)
		}
		if p.Check([]string{name, a, b, c}) != nil {
			return
		}
		keys := []string{a}
		switch strings.ToUpper(name) {
		case "DEL":
			keys = []string{a, b, c}
		case "EVAL":
			if keys = nil; b == "1" {
				keys = []string{c}
			}
		}
		for _, k := range keys {
			if !strings.HasPrefix(k, "mod:") {
				t.Errorf("%q may touch %q", []string{name, a, b, c}, k)
			}
		}
	})
}
