package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/sallyport-sbc/sallyport/abi/contract"
)

// fill replaces what stands between <!-- table NAME --> and <!-- end -->.
func fill(readme []byte) ([]byte, error) {
	tables := map[string]func() string{
		"events": events, "codes": codes, "constants": constants, "exports": exports, "imports": imports,
	}
	for _, f := range contract.Frames {
		tables["frame "+strings.ToLower(f.Name)] = func() string { return slots(f) }
	}
	var out bytes.Buffer
	rest := string(readme)
	for {
		before, after, ok := strings.Cut(rest, "<!-- table ")
		out.WriteString(before)
		if !ok {
			break
		}
		name, after, ok := strings.Cut(after, " -->")
		table := tables[name]
		if !ok || table == nil {
			return nil, fmt.Errorf("README.md: no table %q", name)
		}
		delete(tables, name)
		_, after, ok = strings.Cut(after, "<!-- end -->")
		if !ok {
			return nil, fmt.Errorf("README.md: table %q has no end", name)
		}
		fmt.Fprintf(&out, "<!-- table %s -->\n%s<!-- end -->", name, table())
		rest = after
	}
	for name := range tables {
		return nil, fmt.Errorf("README.md: table %q is missing", name)
	}
	return out.Bytes(), nil
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }

func events() string {
	var b strings.Builder
	b.WriteString("| number | event | in this version | |\n|---|---|---|---|\n")
	for _, e := range contract.Events {
		state := "numbered"
		if e.Raised {
			state = "raised"
		}
		fmt.Fprintf(&b, "| %d | `%s` | %s | %s |\n", e.Number, e.Name, state, cell(e.Doc))
	}
	return b.String()
}

func codes() string {
	var b strings.Builder
	b.WriteString("| number | code | |\n|---|---|---|\n")
	for _, c := range contract.Codes {
		fmt.Fprintf(&b, "| %d | `%s` | %s |\n", c.Number, c.Name, cell(c.Doc))
	}
	return b.String()
}

func constants() string {
	var b strings.Builder
	b.WriteString("| name | value | |\n|---|---|---|\n")
	for _, c := range contract.Constants {
		fmt.Fprintf(&b, "| `%s` | %d | %s |\n", c.Go, c.Value, cell(c.Doc))
	}
	return b.String()
}

func exports() string {
	var b strings.Builder
	b.WriteString("| export | signature | | |\n|---|---|---|---|\n")
	for _, f := range contract.Exports {
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s |\n", f.Name, f.Signature, f.State, cell(f.Doc))
	}
	return b.String()
}

func imports() string {
	var b strings.Builder
	b.WriteString("| module | function | signature | | |\n|---|---|---|---|---|\n")
	for _, f := range contract.Imports {
		fmt.Fprintf(&b, "| `%s` | `%s` | `%s` | %s | %s |\n", f.Module, f.Name, f.Signature, f.State, cell(f.Doc))
	}
	return b.String()
}

func slots(f contract.Frame) string {
	var b strings.Builder
	b.WriteString("| slot | field | kind | |\n|---|---|---|---|\n")
	for _, s := range f.Slots {
		fmt.Fprintf(&b, "| %d | `%s` | %s | %s |\n", s.Number, s.Name, s.Kind, cell(s.Doc))
	}
	return b.String()
}
