package config

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
	"github.com/sallyport-sbc/sallyport/sbc/profile"
)

// checker looks for mistakes in what the file says, beyond the types of its values, and
// compiles what can be compiled.
type checker struct {
	*decoder
	*Snapshot
	dir  string // of the configuration file
	o    Options
	maps pattern.Table
}

// Refuse is the selector that refuses a call.
const Refuse = "refuse"

// BuiltinPrefix marks a module that is part of the program.
const BuiltinPrefix = "builtin:"

func (c *checker) run() {
	c.names()
	c.limits()
	c.interfaces()
	c.loadMaps()
	c.modules()
	c.profiles()
	c.selectors()
	c.refused()
	c.stores()
	c.sinks()
}

// names allows only names that can stand in a log line, a pattern and a URI as they are.
func (c *checker) names() {
	for table, names := range map[string][]string{
		"interface": c.InterfaceOrder,
		"module":    c.ModuleOrder,
		"map":       slices.Collect(maps.Keys(c.Map)),
		"profile":   slices.Collect(maps.Keys(c.Profile)),
	} {
		for _, name := range names {
			if !isBare(name) {
				c.errorAt(key{table, name}, "a name has letters, digits, _ and - only")
			}
		}
	}
	if _, ok := c.Profile[Refuse]; ok {
		c.errorAt(key{"profile", Refuse}, "a profile cannot have this name: it is the selector that refuses a call")
	}
	if !printable(c.Node) {
		c.errorAt(key{"node"}, "%q is empty or has control characters", c.Node)
	}
}

func (c *checker) limits() {
	if c.MaxCalls < 0 {
		c.errorAt(key{"max_calls"}, "%d is negative; 0 = no limit", c.MaxCalls)
	}
	for name, i := range c.Interface {
		at := key{"interface", name}
		if i.SourceRate < 1 {
			c.errorAt(at.with("source_rate"), "%d is less than 1", i.SourceRate)
		}
		if i.SourceBurst < 0 {
			c.errorAt(at.with("source_burst"), "%d is negative", i.SourceBurst)
		}
	}
}

// path makes a path of the file relative to the file's directory.
func (c *checker) path(p string) string { return pathIn(c.dir, p) }

func pathIn(dir, p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(dir, p)
}

// wasmMagic begins every WebAssembly file.
const wasmMagic = "\x00asm"

func (c *checker) modules() {
	for _, name := range c.ModuleOrder {
		m, at := c.Module[name], key{"module", name, "module"}
		c.trial(name, m)
		if m.Module == "" {
			c.errorAt(at, `required: a WebAssembly file or "%sNAME"`, BuiltinPrefix)
			continue
		}
		if b, ok := strings.CutPrefix(m.Module, BuiltinPrefix); ok {
			if !slices.Contains(c.o.Builtins, b) {
				c.errorAt(at, "there is no built-in module %q (there are: %s)%s", b,
					strings.Join(c.o.Builtins, ", "), didYouMean(b, c.o.Builtins))
			}
			continue
		}
		m.Module = c.path(m.Module)
		if c.in.running {
			continue // it is loaded: what became of its file is of no account now
		}
		if err := looksLikeWasm(m.Module); err != nil {
			c.errorAt(at, "%s: %s", m.Module, plainPath(err))
		}
	}
}

// looksLikeWasm reads the first bytes of a file.
func looksLikeWasm(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	magic := make([]byte, len(wasmMagic))
	if info, err := f.Stat(); err != nil {
		return err
	} else if info.IsDir() {
		return syscall.EISDIR
	}
	if _, err := f.Read(magic); err != nil || string(magic) != wasmMagic {
		return errors.New("is not a WebAssembly file")
	}
	return nil
}

// profiles compiles every profile and the set of them.
func (c *checker) profiles() {
	if len(c.Profile) == 0 {
		c.fail(0, "no [profile.NAME]: no call could pass")
	}
	known := profile.Known{
		Interfaces:      c.InterfaceOrder,
		MediaInterfaces: c.InterfaceOrder,
		Maps:            slices.Sorted(maps.Keys(c.Map)),
		Modules:         map[string]callcontrol.OnFail{},
	}
	for name, m := range c.Module {
		known.Modules[name] = m.OnFail
	}
	var compiled []*profile.Profile
	for _, name := range slices.Sorted(maps.Keys(c.Profile)) {
		p, errs := profile.Compile(name, c.Profile[name], known)
		for _, err := range errs {
			at := key{"profile", name}
			if ke, ok := errors.AsType[*profile.KeyError](err); ok {
				at = append(at, strings.Split(strings.ReplaceAll(ke.Key, "[", ".["), ".")...)
				err = ke.Err
			}
			c.errorAt(at, "%s", err)
		}
		if p != nil {
			compiled = append(compiled, p)
		}
	}
	c.Profiles = profile.NewSet(c.ActiveProfile, compiled, c.maps)
}

// selectors checks the names that are known before any call comes.
func (c *checker) selectors() {
	if at := (key{"active_profile"}); len(c.ActiveProfile) == 0 && !c.wrong[at.id()] {
		c.errorAt(at, `required, such as ["default"]`)
	}
	for i, p := range c.ActiveProfile {
		at := key{"active_profile"}.element(i)
		if name, ok := p.Static(); ok && name != Refuse && c.Profile[name] == nil {
			c.errorAt(at, "there is no profile %q%s", name, didYouMean(name, slices.Collect(maps.Keys(c.Profile))))
		}
		for _, m := range p.Maps() {
			if c.Map[m] == nil {
				c.errorAt(at, "there is no map %q%s", m, didYouMean(m, slices.Collect(maps.Keys(c.Map))))
			}
		}
	}
}

// refused checks the modules of calls that no profile takes.
func (c *checker) refused() {
	for i, name := range c.RefusedModules {
		if c.Module[name] == nil {
			c.errorAt(key{"refused_modules"}.element(i), "there is no module %q%s", name, didYouMean(name, slices.Collect(maps.Keys(c.Module))))
		}
	}
}

// each returns the errors joined in err.
func each(err error) []error {
	if err == nil {
		return nil
	}
	if j, ok := err.(interface{ Unwrap() []error }); ok {
		return j.Unwrap()
	}
	return []error{err}
}

func printable(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) < 0
}
