// Command generate writes what follows from the table in package contract: the
// constants of packages wire and abi, and the tables in abi/README.md. It runs
// in the folder abi (go generate ./abi/...). With -check it writes nothing and
// exits 1 when a file is not current.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
)

func main() {
	check := flag.Bool("check", false, "write nothing; exit 1 when a file is not current")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(check bool) error {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		return err
	}
	tables, err := fill(readme)
	if err != nil {
		return err
	}
	wire, err := wireNumbers()
	if err != nil {
		return err
	}
	alias, err := abiNumbers()
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		text []byte
	}{
		{"wire/numbers.go", wire},
		{"numbers.go", alias},
		{"README.md", tables},
	} {
		old, _ := os.ReadFile(f.name)
		if bytes.Equal(old, f.text) {
			continue
		}
		if check {
			return fmt.Errorf("abi/%s is not current; go generate ./abi/... writes it", f.name)
		}
		if err := os.WriteFile(f.name, f.text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
