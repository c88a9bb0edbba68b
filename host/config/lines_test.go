package config

import (
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

func TestLineOfKey(t *testing.T) {
	const text = `# a comment with a = b
node = "a"
"quoted key" = 1 # and = in a comment
a.b . c = 2

[interface.public]   # [not.a.table]
udp = [
  "127.0.0.1:5060", # one
  "127.0.0.1:5062",
]
deep = { x = 1, "y z" = [ { w = 2 } ] }
text = """
[not.a.table]
no = "key" \"""
""""
literal = '''
no = key'''
after = true
[[trunk]]
name = "a"
[trunk.sub]
k = 1
[[trunk]]
name = "b"
[[trunk.sub.list]]
z = 1
`
	cases := []struct {
		key  key
		line int
	}{
		{key{"node"}, 2},
		{key{"quoted key"}, 3},
		{key{"a"}, 4},
		{key{"a", "b", "c"}, 4},
		{key{"interface"}, 6},
		{key{"interface", "public"}, 6},
		{key{"interface", "public", "udp"}, 7},
		{key{"interface", "public", "udp", "[0]"}, 8},
		{key{"interface", "public", "udp", "[1]"}, 9},
		{key{"interface", "public", "udp", "[2]"}, 7},
		{key{"interface", "public", "deep", "x"}, 11},
		{key{"interface", "public", "deep", "y z", "[0]", "w"}, 11},
		{key{"interface", "public", "no"}, 6},
		{key{"interface", "public", "text"}, 12},
		{key{"interface", "public", "literal"}, 16},
		{key{"interface", "public", "after"}, 18},
		{key{"trunk", "[0]"}, 19},
		{key{"trunk", "[0]", "sub", "k"}, 22},
		{key{"trunk", "[1]"}, 23},
		{key{"trunk", "[1]", "name"}, 24},
		{key{"trunk", "[1]", "sub", "list", "[0]", "z"}, 26},
		{key{"nowhere"}, 0},
	}
	if _, err := toml.Decode(text, &map[string]any{}); err != nil {
		t.Fatal(err)
	}
	x := indexLines(text)
	for _, c := range cases {
		if got := x.line(c.key); got != c.line {
			t.Errorf("line(%s) = %d, want %d", c.key, got, c.line)
		}
	}
}

func TestKeyString(t *testing.T) {
	for want, k := range map[string]key{
		"node":                    {"node"},
		"interface.public.udp[1]": {"interface", "public", "udp", "[1]"},
		`map."my map".file`:       {"map", "my map", "file"},
	} {
		if got := k.String(); got != want {
			t.Errorf("String() = %s, want %s", got, want)
		}
	}
}

func TestSuggest(t *testing.T) {
	known := []string{"udp", "tcp", "media", "media_ports", "advertise", "source_rate"}
	for name, want := range map[string]string{
		"media_prots": "media_ports",
		"mediaports":  "media_ports",
		"Media":       "media",
		"advertize":   "advertise",
		"upd":         "udp",
		"rtp":         "",
		"bandwidth":   "",
		"":            "",
	} {
		if got, _ := suggest(name, known); got != want {
			t.Errorf("suggest(%q) = %q, want %q", name, got, want)
		}
	}
}

// Whatever the file holds, the index is made in linear time, and the keys of valid TOML
// are all in it.
func FuzzLines(f *testing.F) {
	f.Add("a = 1\n[b.c]\nd = [1, 2, {e = 3}]\n[[f]]\ng = '''\nx'''\n[[f]]\ng = 1")
	f.Add("a = {;}")
	f.Add("a = [,]\n]]")
	f.Add("\"a\\\"b\" = \"\"\"\n\\\"\"\"\"\"\n[c]")
	f.Fuzz(func(t *testing.T, text string) {
		x := indexLines(text)
		var tree map[string]any
		md, err := toml.Decode(text, &tree)
		if err != nil {
			return
		}
		named := map[string]bool{}
		for id := range x {
			k := slices.DeleteFunc(strings.Split(id, "\x00"), isElement)
			named[key(k).id()] = true
		}
		for _, k := range md.Keys() {
			if plain := slices.DeleteFunc(slices.Clone(k), isElement); !named[key(plain).id()] {
				t.Errorf("no line for %s", k)
			}
		}
	})
}
