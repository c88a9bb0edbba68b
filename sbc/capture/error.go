package capture

import "errors"

// ErrForeign means that a file is there already, and is not one of this package.
var ErrForeign = errors.New("exists and is no message log")
