package manifest

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const magic = "\x00asm\x01\x00\x00\x00"

// section is one section of a module.
func section(id byte, body string) string {
	return string(appendU32([]byte{id}, uint32(len(body)))) + body
}

func custom(name, body string) string {
	return section(0, string(appendU32(nil, uint32(len(name))))+name+body)
}

// module imports sbc.log, sbc_cdr.emit and a memory, and has two custom sections.
var module = []byte(magic +
	custom("producers", "go") +
	section(2, "\x05"+"\x03sbc\x03log\x00\x01"+"\x07sbc_cdr\x04emit\x00\x02"+"\x03env\x06memory\x02\x01\x01\x10"+
		"\x03env\x01t\x01\x70\x00\x01"+"\x03env\x01g\x03\x7f\x00") +
	custom(SectionName, `{"name":"old","contract":1}`) +
	section(10, "\x00"))

func TestEmbedReplacesAndKeepsTheRest(t *testing.T) {
	m := &Manifest{
		Name: "cdr", Version: "1.0.0", Contract: 1, Hooks: []string{"start", "end"},
		Capabilities: []string{"sbc_cdr"}, Config: []byte(`{"type":"object"}`), StateVersion: 2,
	}
	out, err := Embed(module, m)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(out)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, m) {
		t.Errorf("Read = %+v, want %+v", got, m)
	}
	if got.Events() != 1<<1|1<<13 {
		t.Errorf("Events = %#x", got.Events())
	}
	again, err := Embed(out, m)
	if err != nil || !bytes.Equal(again, out) {
		t.Errorf("embedding twice differs: %v", err)
	}
	rest := func(b []byte) (all []string) {
		sections(b, func(id byte, name string, whole, _ []byte) error {
			if name != SectionName {
				all = append(all, string(whole))
			}
			return nil
		})
		return all
	}
	if !slices.Equal(rest(out), rest(module)) {
		t.Error("other sections were changed")
	}
}

func TestImports(t *testing.T) {
	got, err := Imports(module)
	want := []Import{{"sbc", "log"}, {"sbc_cdr", "emit"}, {"env", "memory"}, {"env", "t"}, {"env", "g"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("Imports = %v, %v, want %v", got, err, want)
	}
}

func TestReadRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		wasm string
		err  error
	}{
		"nothing":                   {"", ErrNotWasm},
		"another file":              {"#!/bin/sh\necho hello\n", ErrNotWasm},
		"no manifest":               {magic + custom("name", "x"), ErrNoManifest},
		"two manifests":             {magic + custom(SectionName, `{"name":"a","contract":1}`) + custom(SectionName, "{}"), ErrInvalid},
		"a section cut off":         {magic + "\x01\x7f", ErrNotWasm},
		"a size of six bytes":       {magic + "\x01\xff\xff\xff\xff\xff\x01", ErrNotWasm},
		"a size past 32 bits":       {magic + "\x01\xff\xff\xff\xff\x1f", ErrNotWasm},
		"a size that is missing":    {magic + "\x01", ErrNotWasm},
		"a name longer than itself": {magic + section(0, "\x7fabc"), ErrNotWasm},
		"no JSON":                   {magic + custom(SectionName, "{"), ErrInvalid},
		"no name":                   {magic + custom(SectionName, `{"contract":1}`), ErrInvalid},
		"no contract":               {magic + custom(SectionName, `{"name":"a"}`), ErrInvalid},
		"a hook nobody knows":       {magic + custom(SectionName, `{"name":"a","contract":1,"hooks":["begin"]}`), ErrInvalid},
		"a schema that is a list":   {magic + custom(SectionName, `{"name":"a","contract":1,"config":[]}`), ErrInvalid},
		"64 KiB and more":           {magic + custom(SectionName, `{"name":"a","contract":1}`+strings.Repeat(" ", MaxSize)), ErrInvalid},
	} {
		if m, err := Read([]byte(c.wasm)); !errors.Is(err, c.err) {
			t.Errorf("%s: %+v, %v, want %v", name, m, err, c.err)
		}
	}
}

// A module for a later contract is readable: the host says which one it wants.
func TestHooksOfALaterContract(t *testing.T) {
	m, err := Parse([]byte(`{"name":"a","contract":2,"hooks":["dawn","end"],"colour":"red"}`))
	if err != nil || m.Contract != 2 || m.Events() != 1<<13 {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestImportsRefusesAMalformedSection(t *testing.T) {
	for _, body := range []string{"\xff\xff\xff\xff\x0f", "\x01\x03sbc", "\x01\x03sbc\x03log\x09", "\x01\x7fabc", ""} {
		if got, err := Imports([]byte(magic + section(2, body))); !errors.Is(err, ErrNotWasm) {
			t.Errorf("%q: %v, %v", body, got, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(module)
	f.Add([]byte(magic + custom(SectionName, `{"name":"a","contract":1,"hooks":["end"]}`)))
	f.Fuzz(func(t *testing.T, b []byte) {
		Imports(b)
		m, err := Read(b)
		if err != nil {
			return
		}
		out, err := Embed(b, m)
		if err != nil {
			return // the re-encoded schema may be longer than the original
		}
		if _, err := Read(out); err != nil {
			t.Fatalf("embedded and not readable: %v", err)
		}
	})
}
