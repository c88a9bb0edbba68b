package pattern

import (
	"strings"
	"testing"
)

func TestRule(t *testing.T) {
	for _, tt := range []struct {
		kind             Kind
		rules, key, want string
	}{
		{Regex, "^a=>x\n^(b+)c=>\\1-\\\\\\0", "bbc", `^(b+)c=>\1-\\\0`},
		{Regex, "^a=>x", "b", ""},
		{Prefix, "49=>de\n4930=>berlin", "49301", "4930=>berlin"},
		{Prefix, "49=>de", "1", ""},
		{Exact, "alice=>1", "alice", "alice=>1"},
		{Exact, "alice=>1", "bob", ""},
		{CIDR, "192.0.2.0/24=>office", "192.0.2.7", "192.0.2.0/24=>office"},
		{CIDR, "192.0.2.0/24=>office", "198.51.100.1", ""},
	} {
		m, err := ParseMap(tt.kind, strings.NewReader(tt.rules), "")
		if err != nil {
			t.Fatal(err)
		}
		got := m.(interface{ Rule(string) string }).Rule(tt.key)
		if got != tt.want {
			t.Errorf("%s: Rule(%q) = %q, want %q", tt.kind, tt.key, got, tt.want)
		}
		if (m.Line(tt.key) != 0) != (got != "") {
			t.Errorf("%s: Rule(%q) = %q, and Line = %d", tt.kind, tt.key, got, m.Line(tt.key))
		}
	}
}
