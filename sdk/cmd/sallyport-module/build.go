package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/sallyport-sbc/sallyport/abi/contract"
	"github.com/sallyport-sbc/sallyport/abi/manifest"
)

func run(args []string) error {
	if len(args) == 0 || args[0] != "build" {
		return errors.New(usage)
	}
	fs := flag.NewFlagSet("build", flag.ContinueOnError)
	out := fs.String("o", "", "where to write the module; default NAME.wasm here")
	fs.Usage = func() {
		fmt.Fprintln(fs.Output(), usage)
		fs.PrintDefaults()
	}
	err := fs.Parse(args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	case fs.NArg() != 1:
		return errors.New(usage)
	}
	return build(fs.Arg(0), *out)
}

func build(pkg, out string) error {
	dir, err := folder(pkg)
	if err != nil {
		return err
	}
	m, err := declared(filepath.Join(dir, "manifest.json"))
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp("", "sallyport-module-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if len(m.Hooks) == 0 {
		if m.Hooks, err = hooks(dir, filepath.Join(tmp, "native")); err != nil {
			return err
		}
	}
	wasm, err := compile(dir, filepath.Join(tmp, "module.wasm"))
	if err != nil {
		return err
	}
	if m.Capabilities, err = capabilities(wasm); err != nil {
		return err
	}
	if wasm, err = manifest.Embed(wasm, m); err != nil {
		return err
	}
	if out == "" {
		out = m.Name + ".wasm"
	}
	if err := replace(out, wasm); err != nil {
		return err
	}
	fmt.Printf("%s  %s %s  %d bytes  hooks %s  sha256 %x\n", out, m.Name, m.Version, len(wasm),
		strings.Join(m.Hooks, ","), sha256.Sum256(wasm))
	return nil
}

// folder is where the package's source is.
func folder(pkg string) (string, error) {
	dir, err := output(exec.Command("go", "list", "-f", "{{.Dir}}", pkg))
	return strings.TrimSpace(dir), err
}

// declared reads what the author says of the module.
func declared(file string) (*manifest.Manifest, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	m := new(manifest.Manifest)
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(m); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	m.Contract = contract.Major
	return m, nil
}

// hooks runs the program natively, which prints them.
func hooks(dir, bin string) ([]string, error) {
	cmd := exec.Command("go", "build", "-o", bin, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	if _, err := output(cmd); err != nil {
		return nil, err
	}
	text, err := output(exec.Command(bin))
	if err != nil {
		return nil, err
	}
	return strings.Fields(text), nil
}

func compile(dir, out string) ([]byte, error) {
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-buildmode=c-shared", "-ldflags=-s -w", "-o", out, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if _, err := output(cmd); err != nil {
		return nil, err
	}
	return os.ReadFile(out)
}

// capabilities are the import modules besides what every module may import.
func capabilities(wasm []byte) ([]string, error) {
	imports, err := manifest.Imports(wasm)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, im := range imports {
		if im.Module == "wasi_snapshot_preview1" {
			continue
		}
		offered := slices.ContainsFunc(contract.Imports, func(f contract.Function) bool {
			return f.Module == im.Module && f.Name == im.Name && f.State == contract.Provided
		})
		if !offered {
			return nil, fmt.Errorf("it imports %s.%s, which contract %d.%d does not offer", im.Module, im.Name, contract.Major, contract.Minor)
		}
		if im.Module != "sbc" && !slices.Contains(names, im.Module) {
			names = append(names, im.Module)
		}
	}
	slices.Sort(names)
	return names, nil
}

// replace writes the file beside its place and moves it there, so that a
// watching SBC never reads half of it.
func replace(file string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-")
	if err != nil {
		return err
	}
	_, err = tmp.Write(b)
	err = errors.Join(err, tmp.Chmod(0o644), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		os.Remove(tmp.Name())
	}
	return err
}

func output(cmd *exec.Cmd) (string, error) {
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	b, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return string(b), nil
}
