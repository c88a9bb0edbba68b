// Command bindings fills the tables of the SDKs in C, Rust and AssemblyScript from
// package contract: events, codes, constants, slots and imports. It replaces what stands
// between a line with "table NAME" and the next one with "end table"; the rest of the
// files is written by hand. go generate ./sdk/... runs it, in this folder.
//
// With -check it writes nothing and exits 1 when a file is not current.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/sallyport-sbc/sallyport/abi/contract"
)

//go:generate go run .

// files are the files with tables, and who writes them.
var files = []struct {
	name string
	in   language
}{
	{"../c/sallyport.h", c{}},
	{"../rust/src/contract.rs", rust{}},
	{"../rust/src/lib.rs", rust{}},
	{"../assemblyscript/contract.ts", assemblyScript{}},
	{"../assemblyscript/index.ts", assemblyScript{}},
}

// language writes the contract in one language.
type language interface {
	constant(name, kind string, value int64, doc string) string
	imported(f function) string
	// hook is the method of an event, and dispatch what calls it; C has a table instead.
	hook(e contract.Event) string
	dispatch(e contract.Event) string
	// named is the line that turns a code into its name.
	named(c contract.Code) string
}

func main() {
	check := flag.Bool("check", false, "write nothing; exit 1 when a file is not current")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "bindings:", err)
		os.Exit(1)
	}
}

func run(check bool) error {
	for _, f := range files {
		old, err := os.ReadFile(f.name)
		if err != nil {
			return err
		}
		text, err := fill(string(old), f.in)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", f.name, err)
		case text == string(old):
		case check:
			return fmt.Errorf("%s is not current; go generate ./sdk/... writes it", f.name)
		default:
			if err := os.WriteFile(f.name, []byte(text), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// fill replaces the lines of each table.
func fill(text string, in language) (string, error) {
	var out strings.Builder
	skip := ""
	for line := range strings.Lines(text) {
		if _, name, ok := strings.Cut(line, "table "); ok && skip == "" && isMark(line) {
			name, _, _ = strings.Cut(strings.TrimSpace(name), " ")
			rows, ok := tables[name]
			if !ok {
				return "", fmt.Errorf("no table %q", name)
			}
			out.WriteString(line + rows(in))
			skip = name
			continue
		}
		if skip != "" && isMark(line) && strings.Contains(line, "end table") {
			skip = ""
		}
		if skip == "" {
			out.WriteString(line)
		}
	}
	if skip != "" {
		return "", fmt.Errorf("table %q has no end", skip)
	}
	return out.String(), nil
}

// isMark reports whether the line is a mark and not a sentence about tables.
func isMark(line string) bool {
	line = strings.TrimLeft(line, " ")
	return strings.HasPrefix(line, "/* table ") || strings.HasPrefix(line, "// table ") ||
		strings.HasPrefix(line, "/* end table") || strings.HasPrefix(line, "// end table")
}
