package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host"
)

// work is what the host tells of a module that takes three seconds to load.
var work = []host.Progress{
	{What: "module cdr: compile", Elapsed: time.Second},
	{What: "module cdr: compile", Elapsed: 2 * time.Second},
	{What: "module cdr", Elapsed: 2900 * time.Millisecond, Done: true},
	{What: "module quick", Elapsed: time.Millisecond, Done: true},
}

func TestProgressInALog(t *testing.T) {
	var out bytes.Buffer
	term := newTerminal(&out)
	for _, p := range work {
		term.progress(p)
	}
	const want = "module cdr: compile …\nmodule cdr: done after 2.9s\n"
	if out.String() != want {
		t.Errorf("wrote %q, want %q", out.String(), want)
	}
}

func TestProgressOnAScreen(t *testing.T) {
	var out bytes.Buffer
	term := newTerminal(&out)
	term.screen = true
	for _, p := range work {
		term.progress(p)
	}
	if term.bar != nil {
		t.Error("the spinner goes on")
	}
	if !strings.Contains(out.String(), "module cdr: compile") || strings.Contains(out.String(), "quick") {
		t.Errorf("wrote %q", out.String())
	}
}

func TestColourOnlyOnAScreen(t *testing.T) {
	term := newTerminal(new(bytes.Buffer))
	if got := term.bold("x"); got != "x" {
		t.Errorf("bold() = %q in a log", got)
	}
	term.colour = true
	if got := term.bold("x"); got != "\x1b[1mx\x1b[0m" {
		t.Errorf("bold() = %q on a screen", got)
	}
}
