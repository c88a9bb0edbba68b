// Package scaffold makes the folder a new module begins in: code, a script of calls with
// what they should lead to, a manifest, a README, and the SDK as it is in this program, so
// that it builds without a network and without our source tree.
//
// The package starts no goroutine.
package scaffold

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/sallyport-sbc/sallyport/sdk/build"
)

//go:embed all:templates
var templates embed.FS

// Options say what to make.
type Options struct {
	// Dir is the folder to make; its last part is the module's name.
	Dir string
	// Language is one of build.Languages.
	Language string
	// Tree is Sallyport's source tree; the SDK is copied from it into Dir/sallyport.
	Tree fs.FS
	// Checkout, when not "", is a folder with that tree: nothing is copied, Dir refers to it.
	Checkout string
}

var name = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

// ErrExists is a folder that is there already and not empty.
var ErrExists = errors.New("is there already, and not empty")

// New makes the folder and returns the files it wrote, without those of the SDK.
func New(o Options) ([]string, error) {
	base := filepath.Base(o.Dir)
	if !name.MatchString(base) {
		return nil, fmt.Errorf("%q is no name for a module: want lower case, digits, - and _, at most 32", base)
	}
	if !slices.Contains(build.Languages(), o.Language) {
		return nil, fmt.Errorf("language %q: want one of %s", o.Language, strings.Join(build.Languages(), ", "))
	}
	if there, _ := os.ReadDir(o.Dir); len(there) > 0 {
		return nil, fmt.Errorf("%s %w", o.Dir, ErrExists)
	}
	replace, err := o.sdk()
	if err != nil {
		return nil, err
	}
	version, err := goVersion(o.Tree)
	if err != nil {
		return nil, err
	}
	data, err := o.words(base, replace, version)
	if err != nil {
		return nil, err
	}
	var written []string
	for _, from := range []string{"templates/all", "templates/" + o.Language} {
		err := fs.WalkDir(templates, from, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			to := strings.TrimSuffix(strings.TrimPrefix(path, from+"/"), ".tmpl")
			to = strings.ReplaceAll(to, "NAME", base)
			written = append(written, filepath.Join(o.Dir, to))
			return fill(path, filepath.Join(o.Dir, to), data)
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(written)
	return written, nil
}

// sdk puts the SDK where the module finds it, and says where that is.
func (o Options) sdk() (string, error) {
	here := filepath.Join(o.Dir, "sallyport")
	if o.Checkout == "" {
		return "./sallyport", build.CopySDK(o.Tree, o.Language, here)
	}
	root, err := filepath.Abs(o.Checkout)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(root, "sdk", "c", "sallyport.h")); err != nil {
		return "", fmt.Errorf("%s is no checkout of Sallyport: %w", o.Checkout, err)
	}
	if o.Language == "go" {
		return root, nil
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return "", err
	}
	return root, os.Symlink(filepath.Join(root, "sdk", o.Language), here)
}

// goVersion is the version of Go the SDK asks for.
func goVersion(tree fs.FS) (string, error) {
	text, err := fs.ReadFile(tree, "go.mod")
	if err != nil {
		return "", err
	}
	_, after, _ := strings.Cut(string(text), "\ngo ")
	version, _, _ := strings.Cut(after, "\n")
	return version, nil
}

func fill(path, to string, data words) error {
	text, err := fs.ReadFile(templates, path)
	if err != nil {
		return err
	}
	t, err := template.New(path).Parse(string(text))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	return errors.Join(t.Execute(f, data), f.Close())
}

// camel is the name as a type: call-guard is CallGuard. One that the SDKs use is a …Module.
func camel(name string) string {
	var b strings.Builder
	for part := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == '-' || r == '_' }) {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	if slices.Contains([]string{"Call", "Module", "Pair", "Result", "Setup"}, b.String()) {
		b.WriteString("Module")
	}
	return b.String()
}
