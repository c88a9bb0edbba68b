package cdr

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestColumns(t *testing.T) {
	line := []byte(`{"cdr_id":"a\"b","n":12,"f":1.50,"no":null,"t":true,"vars":{"tenant":"acme","deep":{"x":[1, 2]}},"modules":["cdr"]}`)
	r, ok := parse(line)
	if !ok {
		t.Fatal("no record")
	}
	columns, err := ParseColumns([]string{"cdr_id", "n", "f", "no", "t", "none", "vars.tenant", "x=vars.deep.x", "n2=n.n", "modules", "id", "json"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`a"b`, "12", "1.50", "", "true", "", "acme", "[1, 2]", "", `["cdr"]`, r.ID.String(), string(line)}
	if got := r.Texts(columns); !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	if columns[6].Name != "tenant" || columns[7].Name != "x" {
		t.Errorf("names %+v", columns)
	}
	var with map[string]any
	if err := json.Unmarshal(r.AppendWithID(nil), &with); err != nil || with["id"] != r.ID.String() || with["n"] != 12.0 {
		t.Errorf("%s: %v", r.AppendWithID(nil), err)
	}
	if empty := (Record{r.ID, []byte("{ }")}).AppendWithID(nil); !json.Valid(empty) {
		t.Errorf("%s", empty)
	}
	for _, bad := range [][]string{{""}, {"a."}, {".a"}, {"=a"}, {"a="}, {"a", "a"}, {"a.b", "c.b"}} {
		if _, err := ParseColumns(bad); !errors.Is(err, ErrColumn) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if id := Identify([]byte("{}")).String(); id != "44136fa3-55b3-878a-9146-ad16f7e8649e" {
		t.Errorf("ID %s", id)
	}
}

// FuzzTail reads anything as segments: it ends, at the end, and what it gives are objects that stand there.
func FuzzTail(f *testing.F) {
	f.Add([]byte("{\"n\":1}\n{\"n\":2}\nx\n{\"a\""), false)
	f.Add([]byte("\n\n{}"), true)
	f.Add([]byte("{\"a\":\"\xff\"}\n\x00\x00"), true)
	f.Fuzz(func(t *testing.T, text []byte, closed bool) {
		dir := t.TempDir()
		s, err := openSpool(dir, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(s.path(1), text, 0o600); err != nil {
			t.Fatal(err)
		}
		s.segments = []segment{{1, int64(len(text))}}
		if closed {
			s.segments = append(s.segments, segment{2, 0})
		}
		r := tail{spool: s, buf: make([]byte, 64)}
		defer r.close()
		p := position{1, 0}
		for range 2*len(text) + 4 {
			b, err := r.read(p, 3)
			if err != nil {
				t.Fatal(err)
			}
			if b.end == p {
				if p.segment == 1 && (closed || slices.Contains(text[p.offset:], '\n')) {
					t.Fatalf("stops before %q", text[p.offset:])
				}
				return
			}
			if !p.before(b.end) || len(b.records) != len(b.ends) || len(b.records)+b.invalid > max(b.lines, 1) {
				t.Fatalf("from %v to %+v", p, b)
			}
			for _, rec := range b.records {
				if rec.Line[0] != '{' || !json.Valid(rec.Line) || !strings.Contains(string(text), string(rec.Line)) || !json.Valid(rec.AppendWithID(nil)) {
					t.Fatalf("record %q", rec.Line)
				}
				rec.Texts([]Column{{"a", []string{"a", "b"}}, {"id", []string{"id"}}})
			}
			p = b.end
		}
		t.Fatal("it does not end")
	})
}

// FuzzOffset reads no position that was not saved.
func FuzzOffset(f *testing.F) {
	f.Add([]byte("00000000000000000001 00000000000000000008 00000000000000000000 00000000\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, _, ok, err := parseOffset(b)
		if ok != (err == nil) || p.offset < 0 || !ok && p != (position{}) {
			t.Fatalf("%q: %v, %v, %v", b, p, ok, err)
		}
	})
}
