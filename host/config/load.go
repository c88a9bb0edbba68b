package config

import (
	"cmp"
	_ "embed"
	"errors"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/sallyport-sbc/sallyport/sbc/pattern"
	"github.com/sallyport-sbc/sallyport/sbc/profile"
)

// Sample is the commented configuration in the repository. It is what runs when no file is
// named.
//
//go:embed sallyport.toml
var Sample string

// BuiltIn is the name errors give to Sample.
const BuiltIn = "built-in configuration"

// maxFile is the largest configuration file that is read.
const maxFile = 16 << 20

// ErrTooLarge is returned for a file of more than 16 MiB: it is not a configuration.
var ErrTooLarge = errors.New("larger than 16 MiB")

// Options are what reading depends on besides the file.
type Options struct {
	// Listen takes the place of all listeners of an interface, by name; "" names the first
	// interface of the file.
	Listen map[string]netip.AddrPort

	// HasAddress says whether this host has an address. Nil asks the operating system.
	HasAddress func(netip.Addr) bool

	// Builtins are the names allowed behind "builtin:".
	Builtins []string
}

// Snapshot is one configuration without a mistake: all values, with defaults filled in, and
// all that was compiled from them. It is immutable.
type Snapshot struct {
	Config
	File   string // as named by the caller; BuiltIn for Sample
	SHA256 string // of the file's text, in hex

	// InterfaceOrder and ModuleOrder are the names of the sections as they stand in the file.
	InterfaceOrder, ModuleOrder []string

	Profiles *profile.Set
	Maps     pattern.Maps

	where lineIndex
	in    input
	info  map[string]ProfileInfo
}

// Mistake is err as a mistake in the value of a key, for what only shows when the snapshot is
// put to use. The path is that of the key: "module", "cdr", "module".
func (s *Snapshot) Mistake(err error, path ...string) *Error {
	k := key(path)
	return &Error{File: s.File, Line: s.where.line(k), Msg: k.String() + ": " + err.Error()}
}

// Load reads a configuration file; "" is Sample. All mistakes come at once, as [Errors].
func Load(file string, o Options) (*Snapshot, error) {
	if file == "" {
		return parse(BuiltIn, "", Sample, o)
	}
	t, err := readText(file)
	if err != nil {
		return nil, err
	}
	return build(input{main: t, own: t, dir: filepath.Dir(file), o: o})
}

// parse makes a snapshot from text. Paths in it are relative to dir.
func parse(file, dir, body string, o Options) (*Snapshot, error) {
	t := newText(file, body)
	return build(input{main: t, own: t, dir: dir, o: o})
}

// build makes a snapshot from all its texts.
func build(in input) (*Snapshot, error) {
	s := &Snapshot{File: in.main.file, SHA256: in.main.sha256, in: in, info: map[string]ProfileInfo{}}
	s.in.maps = maps.Clone(in.maps)
	d := &decoder{file: in.main.file, typed: in.active != nil}
	tree, ok := d.parse(in.main.body)
	if ok {
		s.gather(d, tree)
		if in.active != nil {
			tree["active_profile"] = in.active
		}
		d.fill(tree, &s.Config)
		if s.in.o.HasAddress == nil {
			s.in.o.HasAddress = hasAddress
		}
		s.InterfaceOrder = inOrder(d, "interface", s.Interface)
		s.ModuleOrder = inOrder(d, "module", s.Module)
		c := checker{decoder: d, Snapshot: s, dir: in.dir, o: s.in.o, maps: pattern.Table{}}
		c.run()
		s.where = d.lines
	}
	if len(d.errs) > 0 {
		return nil, d.sorted()
	}
	for name, i := range s.info {
		p, _ := s.Profiles.Profile(name)
		i.Config = p.Hash()
		s.info[name] = i
	}
	return s, nil
}

// sorted returns the mistakes in the order of the file, those of other files last, and
// nothing twice.
func (d *decoder) sorted() Errors {
	slices.SortStableFunc(d.errs, func(a, b *Error) int {
		if (a.File == d.file) != (b.File == d.file) {
			if a.File == d.file {
				return -1
			}
			return 1
		}
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line)
	})
	return slices.CompactFunc(d.errs, func(a, b *Error) bool { return *a == *b })
}

// read returns a file's content, which may have at most limit bytes.
func read(path string, limit int64) ([]byte, error) {
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if info.IsDir() {
		return nil, syscall.EISDIR
	} else if info.Size() > limit {
		return nil, ErrTooLarge
	}
	return os.ReadFile(path)
}

// plainPath is the text of a file's error without its path, which is said elsewhere.
func plainPath(err error) string {
	if pe := new(os.PathError); errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}
