package host

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// ErrStopped is returned by Reload when the host is stopping or has stopped.
var ErrStopped = errors.New("the SBC is stopping")

// InUseError says that an address cannot be had because somebody has it.
type InUseError struct {
	Name  string // the interface, or "echo"
	Proto string // "udp" or "tcp"
	Addr  netip.AddrPort
	Err   error
}

// Error names the listener.
func (e *InUseError) Error() string {
	return fmt.Sprintf("%s: %s %s is in use by another program", e.Name, e.Proto, e.Addr)
}

// Unwrap returns what the operating system said.
func (e *InUseError) Unwrap() error { return e.Err }

// RestartError says what a reload cannot change.
type RestartError struct{ Keys []string }

// Error names the sections.
func (e *RestartError) Error() string {
	return strings.Join(e.Keys, ", ") + " changed: that needs a restart"
}
