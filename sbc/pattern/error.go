package pattern

import (
	"errors"
	"fmt"
)

// Reasons why a regular expression map is refused as a whole, see ParseMap.
var (
	ErrMapTooLarge     = errors.New("the map is larger than 8 MiB")
	ErrTooManyRules    = errors.New("the map has more than 100000 rules")
	ErrTooManyLiterals = errors.New("the map's expressions have too many alternatives")
)

// Error says where a pattern is wrong.
type Error struct {
	Pattern string // as written
	Column  int    // character the mistake is at, from 1
	Problem string // what is wrong, and what would be right
}

func (e *Error) Error() string { return fmt.Sprintf("column %d: %s", e.Column, e.Problem) }

// LineError says which line of a map file is wrong.
type LineError struct {
	File    string // as given to ParseMap
	Line    int    // from 1
	Problem string
}

func (e *LineError) Error() string {
	if e.File == "" {
		return fmt.Sprintf("rule %d: %s", e.Line, e.Problem)
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Problem)
}
