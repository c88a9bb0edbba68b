package settings

import (
	"strings"
	"testing"
)

func collect(each func(string, func(string, string) bool) bool, text string) (string, bool) {
	var all []string
	ok := each(text, func(key, value string) bool {
		all = append(all, "<"+key+"|"+value+">")
		return key != "stop"
	})
	return strings.Join(all, ""), ok
}

func TestEach(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "",
		" ; ;":                     "",
		"a=1":                      "<a|1>",
		" a = 1 ; b=2;":            "<a|1><b|2>",
		"a=":                       "<a|>",
		`a="x;y=z"; b=2`:           "<a|x;y=z><b|2>",
		`a="say \"hi\" \\ \;";b=3`: `<a|say "hi" \ ;><b|3>`,
		`a=""`:                     "<a|>",
		"a=b=c":                    "<a|b=c>",
		"a=$fU":                    "<a|$fU>",
		"a=1;a=2":                  "<a|1><a|2>",
		"a.b=sip:x@y:5060,sip:z":   "<a.b|sip:x@y:5060,sip:z>",
	} {
		if got, ok := collect(Each, text); !ok || got != want {
			t.Errorf("Each(%q): %s, %v, want %s", text, got, ok, want)
		}
	}
	for _, text := range []string{"a", "=1", "a;b=1", `a="1`, `a="1\`, `a="1"x`, `a=1"2"`, `"a"=1`, "stop=1; b=2"} {
		if got, ok := collect(Each, text); ok {
			t.Errorf("Each(%q): %s, want it refused", text, got)
		}
	}
}

func TestLines(t *testing.T) {
	got, ok := collect(Lines, "a = 1\r\n\n# note = x\nb=x=y\n c = ;\"\n")
	if want := `<a|1><b|x=y><c|;">`; !ok || got != want {
		t.Errorf("Lines: %s, %v, want %s", got, ok, want)
	}
	for _, text := range []string{"a", "= 1", "<html>", "stop=1\nb=2"} {
		if got, ok := collect(Lines, text); ok {
			t.Errorf("Lines(%q): %s, want it refused", text, got)
		}
	}
}

func TestAllowed(t *testing.T) {
	list := []string{"identity.ruri", "routing.*", "var.x*"}
	for key, want := range map[string]bool{
		"identity.ruri": true, "identity.ruri_host": false, "identity": false, "routing.next_hop": true, "routing": false,
		"var.x": true, "var.xy": true, "var.y": false, "": false,
	} {
		if Allowed(list, key) != want {
			t.Errorf("Allowed(%q) = %v", key, !want)
		}
	}
	if !Allowed([]string{"*"}, "a.b") || Allowed(nil, "a.b") {
		t.Error("all, or none")
	}
	for item, want := range map[string]bool{"*": true, "a.b": true, "a.*": true, "A-b_1": true, "": true, "a b": false, "*.a": false, ".a": false, "a=": false} {
		if Valid(item) != want {
			t.Errorf("Valid(%q) = %v", item, !want)
		}
	}
}

func TestKey(t *testing.T) {
	for name, want := range map[string]string{
		"RURI": "identity.ruri", "Call-ID": "identity.call_id", "next_hop": "routing.next_hop",
		"routing.targets": "routing.targets", "nothing": "nothing", "": "",
	} {
		if got := Key(name); got != want {
			t.Errorf("Key(%q) = %q, want %q", name, got, want)
		}
	}
}

func FuzzEach(f *testing.F) {
	for _, s := range []string{"a=1;b=2", `a="x\";y"; b = z`, `a="\`, ";;=", "a\n=\r1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		size := 0
		Each(s, func(key, value string) bool {
			if key == "" || strings.ContainsAny(key, "=;\"") {
				t.Fatalf("Each(%q): key %q", s, key)
			}
			size += len(key) + len(value)
			return true
		})
		if size > len(s) {
			t.Fatalf("Each(%q) made %d bytes", s, size)
		}
	})
}
