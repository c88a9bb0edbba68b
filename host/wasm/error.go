package wasm

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sallyport-sbc/sallyport/abi"
)

// Why a module is not loaded.
var (
	ErrNotBuiltIn = errors.New("is not part of this program: run make modules")
	ErrPin        = errors.New("sha256 is not the pinned one")
	ErrManifest   = errors.New("manifest")
	ErrContract   = errors.New("contract")
	ErrImport     = errors.New("import")
	ErrGrant      = errors.New("not granted")
	ErrInit       = errors.New("refuses its configuration")
	ErrSelfTest   = errors.New("self test")
	ErrMigrate    = errors.New("state cannot be taken over")
)

// Why a hook failed.
var (
	// ErrTrap is a guest that ended itself: a trap, a panic, an exit.
	ErrTrap = errors.New("trapped")
	// ErrDeadline is a guest that used more processor time than a hook may.
	ErrDeadline = errors.New("out of time")
	// ErrGarbage is an answer that breaks the contract.
	ErrGarbage = errors.New("answer breaks the contract")
	// ErrCode is a hook that reported an error of its own.
	ErrCode = errors.New("hook failed")
	// ErrBusy is a module whose instances are all in use, or fail faster than they are made again.
	ErrBusy = errors.New("no instance free")
	// ErrWait is a hook that waited too long, or may not wait at all.
	ErrWait = errors.New("waits")
	// ErrFrame is a call too large for the guest.
	ErrFrame = errors.New("call frame too large")
	// ErrHost is a fault in a function of the host.
	ErrHost = errors.New("fault in the host")
)

// Why there is no module to call.
var (
	ErrUnknown = errors.New("no such module")
	ErrClosed  = errors.New("modules are shut down")
)

// LoadError says which module was not loaded, in which step, and why.
type LoadError struct {
	Module, Source, Step string
	Err                  error
}

func (e *LoadError) Error() string {
	return fmt.Sprintf("module %s (%s): %s: %v", e.Module, e.Source, e.Step, e.Err)
}

func (e *LoadError) Unwrap() error { return e.Err }

// HookError says which module failed, in which generation, hook and call.
type HookError struct {
	Module, Generation, Call string
	Hook                     abi.Event
	// Err wraps one of the reasons above.
	Err error
	// Said is what the guest last wrote to its standard error or logged as an error during the hook, cut to a line.
	Said string
	// Trace is the guest's stack, when there is one; for the log at level debug.
	Trace string
}

func (e *HookError) Error() string {
	s := fmt.Sprintf("module %s hook %s call %s: %v", e.Module, e.Hook, e.Call, e.Err)
	if e.Said != "" {
		s += ": " + e.Said
	}
	return s
}

func (e *HookError) Unwrap() error { return e.Err }

// exitError is thrown by the guest's exit.
type exitError struct{ code uint32 }

func (e exitError) Error() string { return fmt.Sprintf("exit with status %d", e.code) }

// firstLine splits the first line from the trace behind it.
func firstLine(s string) (line, rest string) {
	line, rest, _ = strings.Cut(s, "\n")
	return strings.TrimSpace(line), rest
}
