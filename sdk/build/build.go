package build

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sallyport-sbc/sallyport/abi/contract"
	"github.com/sallyport-sbc/sallyport/abi/manifest"
)

// Options say what to build.
type Options struct {
	// Source is the module's folder, or a Go package.
	Source string
	// Out is the file to write; "" is NAME.wasm in the working directory.
	Out string
	// SDK is Sallyport's source tree, for modules in C, Rust and AssemblyScript that have
	// no SDK of their own in their folder sallyport.
	SDK fs.FS
}

// Result is what was built.
type Result struct {
	File     string
	Language string
	Manifest *manifest.Manifest
	Size     int
	SHA256   string
}

// String is one line for a terminal.
func (r *Result) String() string {
	return fmt.Sprintf("%s  %s %s  %d bytes  hooks %s  sha256 %s", r.File, r.Manifest.Name, r.Manifest.Version, r.Size,
		strings.Join(r.Manifest.Hooks, ","), r.SHA256)
}

// job is one build.
type job struct {
	dir, tmp string
	sdk      fs.FS
}

// Module builds a module.
func Module(o Options) (*Result, error) {
	dir, err := folder(o.Source)
	if err != nil {
		return nil, err
	}
	language, err := Language(dir)
	if err != nil {
		return nil, err
	}
	m, err := declared(filepath.Join(dir, "manifest.json"))
	if err != nil {
		return nil, err
	}
	tmp, err := os.MkdirTemp("", "sallyport-module-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	j := job{dir, tmp, o.SDK}
	wasm, err := languages[language].compile(j)
	if err != nil {
		return nil, err
	}
	switch {
	case len(m.Hooks) == 0 && language != "go":
		return nil, fmt.Errorf("%s: name the hooks: \"hooks\": [\"start\", …]", filepath.Join(dir, "manifest.json"))
	case language == "go":
		if err := j.goHooks(m); err != nil {
			return nil, err
		}
	}
	if m.Capabilities, err = capabilities(wasm); err != nil {
		return nil, err
	}
	if wasm, err = manifest.Embed(wasm, m); err != nil {
		return nil, err
	}
	if o.Out == "" {
		o.Out = m.Name + ".wasm"
	}
	if err := replace(o.Out, wasm); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(wasm)
	return &Result{o.Out, language, m, len(wasm), hex.EncodeToString(sum[:])}, nil
}

// languages are the compilers, and the files by which a folder is known.
var languages = map[string]struct {
	files   string
	compile func(job) ([]byte, error)
}{
	"go":             {"*.go", job.compileGo},
	"c":              {"*.c", job.compileC},
	"rust":           {"src/lib.rs", job.compileRust},
	"assemblyscript": {"index.ts", job.compileAssemblyScript},
}

// Languages are the names of the languages, in order.
func Languages() []string { return []string{"go", "c", "rust", "assemblyscript"} }

// Language is what the module in dir is written in.
func Language(dir string) (string, error) {
	for _, name := range Languages() {
		if found, _ := filepath.Glob(filepath.Join(dir, languages[name].files)); len(found) > 0 {
			return name, nil
		}
	}
	return "", fmt.Errorf("%s holds no module: no *.go, *.c, src/lib.rs or index.ts", dir)
}

// folder is where the source is.
func folder(source string) (string, error) {
	if st, err := os.Stat(source); err == nil && st.IsDir() {
		return filepath.Abs(source)
	}
	dir, err := output("", exec.Command("go", "list", "-f", "{{.Dir}}", source))
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
	for _, h := range m.Hooks {
		if !slices.ContainsFunc(contract.Events, func(e contract.Event) bool { return e.Name == h }) {
			return nil, fmt.Errorf("%s: no hook %q: want %s", file, h, strings.Join(hookNames(), ", "))
		}
	}
	return m, nil
}

func hookNames() (names []string) {
	for _, e := range contract.Events {
		names = append(names, e.Name)
	}
	return names
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

// output runs a command in dir and returns what it prints; what it complains about is in
// the error.
func output(dir string, cmd *exec.Cmd) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		said := strings.TrimSpace(stderr.String() + stdout.String())
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, said)
	}
	return stdout.String(), nil
}
