package workbench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
	"github.com/sallyport-sbc/sallyport/host/wasm"
)

// Script is a txtar file: a sentence about what it shows, then sections.
//
//	-- config --      the module's configuration, JSON; it is loaded anew, with an empty store
//	-- start --       a new call's INVITE; every other event's name goes on with that call
//	callee: 1001      fields of the call frame, one a line; "param NAME", "var NAME",
//	param to: …       "header NAME" and "body" too; "after: 30s" lets time pass
//	-- expect --      what the section before leads to; Update writes it
//
// What a module can reach beyond its call is in the script too. Nothing of it touches a network:
//
//	-- http POST http://example.net/x --   the answer to that request; GET may be left out
//	status: 503                            200 when not said; "header NAME" and "body" too,
//	                                       or a body of lines behind an empty one
//	-- redis SMEMBERS "black list" --      the answer to that command: nil, number, text, error,
//	list: alice                            list, a line for each item, or empty
//	-- map numbers --                      a map of the configuration
//	bob: 123
//	-- store --                            what the store has: kv KEY, number KEY, set KEY,
//	account alice: 5000000                 account NAME in micro-units, held LIMIT by others
//
// In a request * at the end of a word is any ending, ... at its end any rest. Answers to the same
// request come one after the other, the last one again and again. "delay: 300ms" makes an answer late, "fail: …" fails: timeout, refused or
// cut for http, timeout, away or nonsense for redis and store, until the store's "fail: no".
type Script struct {
	File    string
	archive *txtar.Archive
}

// ReadScript reads a script.
func ReadScript(file string) (*Script, error) {
	a, err := txtar.ParseFile(file)
	if err != nil {
		return nil, err
	}
	return &Script{file, a}, nil
}

// Scripts are the scripts in a module's folder: *.txtar there and in its testdata.
func Scripts(dir string) ([]string, error) {
	here, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil {
		return nil, err
	}
	below, err := filepath.Glob(filepath.Join(dir, "testdata", "*.txtar"))
	return append(here, below...), err
}

// Config is the script's first configuration, "" when it has none.
func (s *Script) Config() string {
	for _, f := range s.archive.Files {
		if f.Name == "config" {
			return string(f.Data)
		}
	}
	return ""
}

// Difference is an expectation that was not met.
type Difference struct {
	Section   string // "start (2nd section)" …
	Got, Want string
}

// Report is how a script went.
type Report struct {
	Hooks       int
	Differences []Difference
	// Deaf are the hooks that the manifest names and the module does not want.
	Deaf []string
	// Refused are the capabilities whose requests were refused before anybody was asked: malformed, or
	// for a server or of a command that the script has no answer of.
	Refused []string
}

// Run runs the script against a module file. Differences are in the report; the error is a
// script or a module that cannot be run. With update the expectations are replaced by what
// came, and the file is written.
func (s *Script) Run(ctx context.Context, module string, update bool) (*Report, error) {
	return s.run(ctx, module, false, update)
}

func (s *Script) run(ctx context.Context, module string, distant, update bool) (*Report, error) {
	r := &runner{ctx: ctx, file: module, script: s, distant: distant, outside: newOutside(nil)}
	defer r.close()
	var out []txtar.File
	fs := s.archive.Files
	for i := 0; i < len(fs); i++ {
		if fs[i].Name == "expect" {
			return nil, fmt.Errorf("%s: an expect section without an event before it", s.File)
		}
		got, err := r.section(fs[i].Name, string(fs[i].Data))
		if err != nil {
			return nil, fmt.Errorf("%s: section %d, %s: %w", s.File, i+1, fs[i].Name, err)
		}
		out = append(out, fs[i])
		expected := i+1 < len(fs) && fs[i+1].Name == "expect"
		if expected && got == "" {
			return nil, fmt.Errorf("%s: section %d, %s, leads to nothing: no expect behind it", s.File, i+1, fs[i].Name)
		}
		if expected || update && fs[i].Name != "config" && got != "" {
			out = append(out, txtar.File{Name: "expect", Data: []byte(got)})
		}
		if !expected {
			if fs[i].Name == "config" && r.refused != nil {
				return nil, r.refused
			}
			continue
		}
		i++
		if want := string(fs[i].Data); strings.TrimSpace(got) != strings.TrimSpace(want) && !update {
			r.report.Differences = append(r.report.Differences, Difference{fmt.Sprintf("%s (section %d)", fs[i-1].Name, i), got, want})
		}
	}
	if r.report.Hooks == 0 && r.loads == 0 {
		return nil, fmt.Errorf("%s: it has no sections", s.File)
	}
	if update {
		s.archive.Files = out
		return &r.report, os.WriteFile(s.File, txtar.Format(s.archive), 0o644)
	}
	return &r.report, nil
}

// runner is a script that runs.
type runner struct {
	ctx     context.Context
	file    string
	script  *Script
	distant bool
	outside *outside
	bench   *Bench
	refused error
	loads   int
	call    *abi.Call
	calls   int
	report  Report
}

func (r *runner) close() {
	if r.bench != nil {
		for name, use := range r.bench.host.Modules()[0].Uses {
			if use.Refused > 0 && !slices.Contains(r.report.Refused, name) {
				r.report.Refused = append(r.report.Refused, name)
			}
		}
		slices.Sort(r.report.Refused)
		r.bench.Close()
		r.bench = nil
	}
}

// load begins anew with a configuration.
func (r *runner) load(config string) {
	r.close()
	r.call, r.loads = nil, r.loads+1
	urls, commands := r.script.allowed()
	r.bench, r.refused = Open(Options{
		File: r.file, Config: config, Instances: 1, Allow: urls, Commands: commands, Distant: r.distant, outside: r.outside,
	})
	if r.refused == nil {
		r.report.Deaf = r.bench.deaf()
	}
}

func (r *runner) section(name, body string) (string, error) {
	if name == "config" {
		r.load(body)
		if r.refused != nil {
			return "refuses to load: " + reason(r.refused) + "\n", nil
		}
		return "loads\n", nil
	}
	if kind, _, _ := strings.Cut(name, " "); kind == "store" && r.loads == 0 {
		r.load("")
	}
	if r.refused != nil {
		return "", r.refused
	}
	if known, err := r.outside.section(r.ctx, r.bench, name, body); known {
		return "", err
	}
	e, ok := wire.ParseEvent(name)
	if !ok {
		return "", fmt.Errorf("neither config, expect, http, redis, map, store nor the name of an event: %s", strings.Join(eventNames(), ", "))
	}
	if r.loads == 0 {
		r.load("")
	}
	if r.refused != nil {
		return "", r.refused
	}
	return r.event(e, body)
}

func eventNames() (names []string) {
	for e := range wire.Event(64) {
		if name := e.String(); e > 0 {
			if _, ok := wire.ParseEvent(name); ok {
				names = append(names, name)
			}
		}
	}
	return names
}

// reason is the error without the file's name, which differs from machine to machine.
func reason(err error) string {
	if e, ok := errors.AsType[*wasm.LoadError](err); ok {
		return e.Step + ": " + e.Err.Error()
	}
	return err.Error()
}

func (r *runner) event(e abi.Event, body string) (string, error) {
	if e == abi.EventStart || r.call == nil {
		r.calls++
		r.call = newCall(r.calls)
	}
	c, after := r.call, time.Second
	lines, err := fields(body)
	if err != nil {
		return "", err
	}
	for _, f := range lines {
		if f.Name == "after" {
			if after, err = time.ParseDuration(f.Value); err != nil {
				return "", err
			}
		}
	}
	r.outside.pass(after)
	enter(c, e, r.outside.clock())
	for _, f := range lines {
		if f.Name == "after" {
			continue
		}
		if err := assign(c, f.Name, f.Value); err != nil {
			return "", err
		}
	}
	r.bench.said.met(c.ID)
	if !r.bench.Wants(e) {
		return "no hook\n", nil
	}
	r.report.Hooks++
	vars, state := c.Vars.Clone(), slices.Clone(c.State)
	d, err := r.bench.hook(r.ctx, c)
	return outcome(c, &d, err, vars, string(state), append(r.bench.said.take(), r.bench.metrics()...)), nil
}

// fields are the lines of a section.
func fields(body string) ([]abi.Field, error) {
	var all []abi.Field
	for line := range strings.Lines(body) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("want name: value, got %q", line)
		}
		all = append(all, abi.Field{Name: strings.TrimSpace(name), Value: strings.TrimSpace(value)})
	}
	return all, nil
}
