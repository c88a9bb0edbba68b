package workbench

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What is wrong in a section about the outside is named, with what could stand there.
func TestMistakesOutside(t *testing.T) {
	for text, want := range map[string]string{
		"-- http --\n":                                         "want http METHOD URL",
		"-- http GET nowhere --\n":                             "nowhere is no URL",
		"-- http http://a.example/ --\nstatus: 99\n":           "want 200 to 599",
		"-- http http://a.example/ --\nstatus: teapot\n":       "invalid syntax",
		"-- http http://a.example/ --\ncolour: red\n":          "want status, header NAME, body",
		"-- http http://a.example/ --\nfail: away\n":           "want timeout, and refused or cut",
		"-- http http://a.example/ --\ndelay: soon\n":          "invalid duration",
		"-- http http://a.example/ --\nendless: 9999999999\n":  "up to 1048576",
		"-- redis --\n":                                        "want redis COMMAND",
		"-- redis GET \"a --\n":                                "a quote without its end",
		"-- redis GET a --\nnumber: one\n":                     "invalid syntax",
		"-- redis GET a --\nfail: cut\n":                       "want timeout, and away or nonsense",
		"-- redis GET a --\nvalue: 1\n":                        "want nil, number, text",
		"-- map --\na: b\n":                                    "want map NAME",
		"-- map m --\nno colon\n":                              "want name: value",
		"-- config --\n{}\n-- expect --\nloads\n-- strat --\n": "start, early, connect, refresh, reject",
		"-- map m --\n-- expect --\n":                          "leads to nothing",
		"-- store --\nkv a: b\n":                               "imports nothing of a store",
		"-- config --\n{}\n-- start --\ncolour: red\n":         "no field \"colour\"",
	} {
		want = strings.Replace(want, "start, early, connect, refresh, reject", "start, early, connect, refresh, reject", 1)
		file := filepath.Join(t.TempDir(), "x.txtar")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := ReadScript(file)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Run(t.Context(), guest(t, "callforward-c"), false)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want something about %q", text, err, want)
		}
	}
}

// Answers come in the order they were given, and the last one for ever; a new one follows those that
// were used.
func TestAnswersInOrder(t *testing.T) {
	o := newOutside(new(said))
	add := func(name, body string) {
		t.Helper()
		if known, err := o.section(t.Context(), nil, name, body); !known || err != nil {
			t.Fatal(known, err)
		}
	}
	get := func(want string, args ...string) {
		t.Helper()
		if v, err := o.Command(t.Context(), args...); err != nil || v.Text != want {
			t.Errorf("%q: %q, %v; want %q", args, v.Text, err, want)
		}
	}
	add("redis GET a", "text: first")
	add("redis GET a", "text: second")
	add(`redis GET "a b"`, "text: third")
	add("redis GET x*", "text: x")
	add("redis MGET ...", "text: rest")
	get("first", "GET", "a")
	get("second", "GET", "a")
	get("second", "GET", "a")
	add("redis GET a", "text: new")
	get("new", "GET", "a")
	get("third", "GET", "a b")
	get("x", "GET", "xyz")
	get("rest", "MGET", "p", "q")
	if _, err := o.Command(t.Context(), "GET", "y"); err == nil {
		t.Error("an answer nobody gave")
	}
	if _, err := o.Command(t.Context(), "GET"); err == nil {
		t.Error("an answer to half a command")
	}
	if lines := o.said.take(); len(lines) != 9 || lines[4] != `redis GET "a b"` || lines[7] != "redis GET y: no answer in the script" {
		t.Errorf("noted %q", lines)
	}
	began := o.clock()
	o.pass(time.Hour)
	if o.clock().Sub(began) != time.Hour {
		t.Error("time does not pass")
	}
}

// Whatever stands in a section, it is read or refused.
func FuzzSections(f *testing.F) {
	f.Add("http POST http://a.example/", "status: 200\nheader X: y\n\nbody\n")
	f.Add(`redis GET "a b" *`, "list: a\ndelay: 1s\nfail: away\n")
	f.Add("map numbers", "bob: 123\n")
	f.Fuzz(func(t *testing.T, name, body string) {
		o := newOutside(new(said))
		if kind, _, _ := strings.Cut(name, " "); kind == "store" {
			return
		}
		_, _ = o.section(t.Context(), nil, name, body)
	})
}
