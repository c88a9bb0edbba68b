package main

import (
	"strings"

	"github.com/sallyport-sbc/sallyport/abi/contract"
)

// tables writes the rows of each table by its name.
var tables = map[string]func(language) string{
	"version": func(l language) string {
		return l.constant("ABI_MAJOR", "", contract.Major, "") + l.constant("ABI_MINOR", "", contract.Minor, "")
	},
	"events": func(l language) string {
		var b strings.Builder
		for _, e := range contract.Events {
			b.WriteString(l.constant("EVENT_"+strings.ToUpper(e.Name), "event", int64(e.Number), e.Doc))
		}
		return b.String()
	},
	"codes": func(l language) string {
		var b strings.Builder
		for _, c := range contract.Codes {
			b.WriteString(l.constant(codeName(c.Name), "code", int64(c.Number), c.Doc))
		}
		return b.String()
	},
	"names": func(l language) string {
		var b strings.Builder
		for _, c := range contract.Codes {
			b.WriteString(l.named(c))
		}
		return b.String()
	},
	"constants": func(l language) string {
		var b strings.Builder
		for _, c := range contract.Constants {
			b.WriteString(l.constant(upper(c.Go), "", int64(c.Value), c.Doc))
		}
		return b.String()
	},
	"slots": func(l language) string {
		var b strings.Builder
		for _, f := range contract.Frames {
			prefix, last := strings.ToUpper(f.Name)+"_", 0
			if f.Name == "Call" {
				prefix = "FIELD_"
			}
			for _, s := range f.Slots {
				doc := string(s.Kind)
				if s.Doc != "" {
					doc += ": " + s.Doc
				}
				b.WriteString(l.constant(prefix+strings.ToUpper(s.Name), "slot", int64(s.Number), doc))
				last = max(last, s.Number)
			}
			b.WriteString(l.constant(strings.ToUpper(f.Name)+"_SLOTS", "slot", int64(last+1), "how many there are"))
		}
		return b.String()
	},
	"hooks": func(l language) string {
		var b strings.Builder
		for _, e := range contract.Events {
			b.WriteString(l.hook(e))
		}
		return b.String()
	},
	"dispatch": func(l language) string {
		var b strings.Builder
		for _, e := range contract.Events {
			b.WriteString(l.dispatch(e))
		}
		return b.String()
	},
	"imports": func(l language) string {
		var b strings.Builder
		for _, f := range contract.Imports {
			if f.State == contract.Provided {
				b.WriteString(l.imported(parse(f)))
			}
		}
		return b.String()
	},
}

// codeName is OK, and ERR_TOO_BIG for what went wrong.
func codeName(name string) string {
	if name == "OK" {
		return name
	}
	return "ERR_" + name
}

// upper turns GoCase into UPPER_CASE; initialisms stay together.
func upper(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && r >= 'A' && r <= 'Z' && (!isUpper(s, i-1) || i+1 < len(s) && !isUpper(s, i+1)) {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String())
}

func isUpper(s string, i int) bool { return s[i] >= 'A' && s[i] <= 'Z' }

// function is an import with its signature taken apart.
type function struct {
	module, name, doc string
	params            []param
	result            string // i32, i64 or ""
}

type param struct {
	name, kind string
	pointer    bool // into the guest's memory
	written    bool // the host writes there
}

// full is the function's name in a language: sbc_kv.get is kv_get, sbc.log is log.
func (f function) full() string {
	if f.module == "sbc" {
		return f.name
	}
	return strings.TrimPrefix(f.module, "sbc_") + "_" + f.name
}

// parse reads "(call i64, name i32, name_len i32) → i32".
func parse(f contract.Function) function {
	in, result, _ := strings.Cut(f.Signature, "→")
	out := function{module: f.Module, name: f.Name, doc: f.Doc, result: strings.TrimSpace(result)}
	in = strings.Trim(strings.TrimSpace(in), "()")
	for part := range strings.SplitSeq(in, ",") {
		if name, kind, ok := strings.Cut(strings.TrimSpace(part), " "); ok {
			out.params = append(out.params, param{name: name, kind: kind})
		}
	}
	for i := range out.params {
		p := &out.params[i]
		p.written = p.name == "buf"
		p.pointer = p.written || p.name == "ptr" || i+1 < len(out.params) && out.params[i+1].name == p.name+"_len"
	}
	return out
}

// camel is media_timeout as mediaTimeout.
func camel(name string) string {
	words := strings.Split(name, "_")
	for i, w := range words[1:] {
		words[i+1] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, "")
}

// sentence is a doc of the table as one.
func sentence(doc string) string { return strings.ToUpper(doc[:1]) + doc[1:] + "." }
