package host

import (
	"errors"
	"fmt"
	"strings"
)

// ErrStopped is returned by Reload when the host is stopping or has stopped.
var ErrStopped = errors.New("the SBC is stopping")

// InUseError says which addresses of the configuration somebody else has.
type InUseError struct{ Listeners []Listener }

// Error names them.
func (e *InUseError) Error() string {
	names := make([]string, len(e.Listeners))
	for i, l := range e.Listeners {
		names[i] = fmt.Sprintf("%s %s %s", l.Name, l.Proto, l.Addr)
	}
	return "in use by another program: " + strings.Join(names, ", ")
}

// RestartError says what a reload cannot change.
type RestartError struct{ Keys []string }

// Error names the sections.
func (e *RestartError) Error() string {
	return strings.Join(e.Keys, ", ") + " changed: that needs a restart"
}
