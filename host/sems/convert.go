package sems

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/sallyport-sbc/sallyport/host/config"
)

// Options are what converting depends on besides the files.
type Options struct {
	// Builtins are the names of the modules that are part of the program.
	Builtins []string
	// Device returns the address of a network device, which SEMS may name in place of an
	// address. Nil knows none.
	Device func(name string) (netip.Addr, bool)
}

// Convert converts the configuration in fsys, a folder such as /etc/sems. It fails with
// ErrNothing or ErrTooMuch, with *SyntaxErrors for lines that SEMS could not have read, or
// with what reading says. The result loads: see package config.
func Convert(fsys fs.FS, o Options) (*Result, error) {
	t, err := newTree(fsys)
	if err != nil {
		return nil, err
	}
	c := &converter{tree: t, o: o, maps: map[string]string{}, modules: map[string][]conf{}, mapNames: map[string]string{}, profileNames: map[string]string{}}
	if err := c.run(); err != nil {
		return nil, err
	}
	if err := c.repair(); err != nil {
		return nil, err
	}
	toml, _ := c.doc.render(false)
	return &Result{TOML: toml, Maps: c.maps, Report: c.report.sorted()}, nil
}

// converter holds one conversion.
type converter struct {
	tree   *tree
	o      Options
	doc    document
	report report

	sems, sbc *settings // nil: there is no such file
	confDir   string    // plugin_config_path, as SEMS's machine has it

	interfaces   []*iface
	profileNames map[string]string // of SEMS → in the result
	mapNames     map[string]string
	maps         map[string]string // path → content
	modules      map[string][]conf // by their name in the result
	wanted       []wantedMap       // maps that patterns ask for
	errs         []error
}

func (c *converter) run() error {
	files := c.tree.profiles()
	semsFile, hasSems := c.tree.first("sems.conf")
	sbcFile, hasSBC := c.tree.first("sbc.conf")
	if !hasSems && !hasSBC && len(files) == 0 {
		return ErrNothing
	}
	c.doc.head = []string{
		"Made by sallyport import-sems. Behind each key stands where it comes from;",
		ReportFile + " says what could not be carried over and what was changed, and why.",
	}
	if hasSems {
		c.sems = c.load(semsFile)
		if c.confDir = c.sems.value("plugin_config_path"); c.confDir != "" {
			if found, ok := c.find(c.confDir, "sbc.conf"); ok {
				sbcFile, hasSBC = found, true
			}
		}
	}
	if hasSBC {
		c.sbc = c.load(sbcFile)
	}
	top := c.doc.section("")
	c.doc.section("log")
	c.network()
	c.daemon()
	c.selection(top, files)
	c.loadMaps()
	return errors.Join(c.errs...)
}

// load reads a file; what is wrong with it is kept for the end, so that all comes at once.
func (c *converter) load(file string) *settings {
	s, err := c.tree.read(file, c.confDir, c.report.about)
	if err != nil {
		c.errs = append(c.errs, err)
		return &settings{file: file}
	}
	return s
}

// find returns the file that a name in SEMS's configuration path means.
func (c *converter) find(dir, name string) (string, bool) {
	beside := "."
	if c.sbc != nil {
		beside = path.Dir(c.sbc.file)
	} else if c.sems != nil {
		beside = path.Dir(c.sems.file)
	}
	return c.tree.find(path.Join(dir, name), beside)
}

// maxRepairs bounds how often the result is checked; each time at least one key goes.
const maxRepairs = 50

// repair takes out of the document what Sallyport would refuse, until it takes the rest.
func (c *converter) repair() error {
	dir, err := os.MkdirTemp("", "sallyport-import-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Mkdir(filepath.Join(dir, mapsDir), 0o700); err != nil {
		return err
	}
	for name, content := range c.maps {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	file := filepath.Join(dir, ConfigFile)
	for range maxRepairs {
		toml, at := c.doc.render(true)
		if err := os.WriteFile(file, []byte(toml), 0o600); err != nil {
			return err
		}
		_, err := config.Load(file, config.Options{
			HasAddress: func(netip.Addr) bool { return true }, // the SBC may be another machine
			Builtins:   c.o.Builtins,
		})
		mistakes, ok := errors.AsType[config.Errors](err)
		if err == nil || !ok {
			return err
		}
		if !c.dropAll(mistakes, at, file) {
			return fmt.Errorf("the result has mistakes that cannot be left out: %w", err)
		}
	}
	return errors.New("the result has too many mistakes")
}

// dropAll drops what the mistakes are about and says whether that was anything.
func (c *converter) dropAll(mistakes config.Errors, at map[int]place, file string) bool {
	dropped := false
	for _, m := range mistakes {
		p, ok := at[m.Line]
		if !ok || m.File != file || p.item == nil && p.section.essential() {
			continue
		}
		gone := ""
		if p.element >= 0 && p.element < len(p.item.values) {
			gone = p.item.values[p.element]
		}
		why := c.reason(m.Msg)
		for _, from := range c.doc.drop(p) {
			if from.file == "" {
				from.file = ConfigFile
			}
			note := Note{File: from.file, Line: from.line, Key: from.key, Why: why, Written: nothing}
			if gone != "" {
				note.Written = "the others"
				if !strings.Contains(why, strings.Trim(gone, `"'`)) {
					note.Why = gone + ": " + why
				}
			}
			c.report.add(note)
		}
		dropped = true
	}
	c.doc.tidy(filler)
	return dropped
}

// essential says whether a configuration cannot do without the section.
func (s *section) essential() bool {
	return s.name == "" || strings.HasPrefix(s.name, "interface.")
}

// reason is the text of a mistake without the key it begins with.
func (c *converter) reason(msg string) string {
	if strings.HasPrefix(msg, "unknown key") {
		return "not yet available"
	}
	if key, rest, ok := strings.Cut(msg, ": "); ok && strings.ContainsAny(key, ".[") && !strings.ContainsAny(key, " \"") {
		return rest
	}
	return msg
}

// filler is what stands in a list that allows nothing: an empty one would allow everything.
func filler(section, key string) string {
	if !strings.Contains(key, "allow") {
		return ""
	}
	switch {
	case strings.HasSuffix(section, ".headers"):
		return "X-Nothing"
	case strings.HasSuffix(section, ".methods"):
		return "NOTHING"
	}
	return "nothing"
}
