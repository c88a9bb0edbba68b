package pattern

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Kind is how a map finds the rule for a key.
type Kind uint8

// The kinds of maps.
const (
	Regex  Kind = iota // the first regular expression that matches: RegexMap
	Prefix             // the longest prefix of digits: PrefixMap
	Exact              // the whole key: ExactMap
	CIDR               // the narrowest network the address is in: CIDRMap
)

// String returns "regex", "prefix", "exact" or "cidr".
func (k Kind) String() string {
	return [...]string{Regex: "regex", Prefix: "prefix", Exact: "exact", CIDR: "cidr"}[k]
}

// MarshalText returns the same.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what String returns.
func (k *Kind) UnmarshalText(text []byte) error {
	switch string(text) {
	case "regex":
		*k = Regex
	case "prefix":
		*k = Prefix
	case "exact":
		*k = Exact
	case "cidr":
		*k = CIDR
	default:
		return errors.New(`want "regex", "prefix", "exact" or "cidr"`)
	}
	return nil
}

// RuleMap is a map that was read from rules, one a line. It is immutable and safe for
// concurrent use.
type RuleMap interface {
	Map
	// Len returns how many rules there are.
	Len() int
	// Line returns the line of the rule that Append would use, 0 when there is none.
	Line(key string) int
}

// ParseMap reads a map of a kind: one rule a line, "key=>value". What a key is depends on
// the kind; the lines and the errors are those of ParseRegexMap.
func ParseMap(kind Kind, r io.Reader, file string) (RuleMap, error) {
	switch kind {
	case Prefix:
		return orNil(ParsePrefixMap(r, file))
	case Exact:
		return orNil(ParseExactMap(r, file))
	case CIDR:
		return orNil(ParseCIDRMap(r, file))
	}
	return orNil(ParseRegexMap(r, file))
}

// orNil keeps a nil map from becoming an interface that is not nil.
func orNil[M RuleMap](m M, err error) (RuleMap, error) {
	if err != nil {
		return nil, err
	}
	return m, nil
}

// plain is a rule whose value is taken as it is.
type plain struct {
	key, value string
	line       int
}

// parsePlain reads the rules of a map without expressions. take checks one and may change
// its key; a key that is there twice is a mistake.
func parsePlain(r io.Reader, file string, take func(*plain) error) ([]plain, error) {
	var rules []plain
	seen := map[string]int{}
	err := eachLine(r, file, func(line int, text string) error {
		if len(rules) == maxRules {
			return ErrTooManyRules
		}
		key, value, err := splitRule(text, "key")
		if err != nil {
			return err
		}
		one := plain{key: key, value: value, line: line}
		if err := take(&one); err != nil {
			return err
		}
		if before, twice := seen[one.key]; twice {
			return fmt.Errorf("%q is there already, on line %d", key, before)
		}
		seen[one.key] = line
		rules = append(rules, one)
		return nil
	})
	return rules, err
}

// splitRule splits a rule at its first => and removes white space. what is the name of
// what stands before.
func splitRule(text, what string) (key, value string, err error) {
	switch {
	case len(text) > maxLine:
		return "", "", fmt.Errorf("the line is longer than %d bytes", maxLine)
	case !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0:
		return "", "", errors.New("the line is not UTF-8 text")
	}
	key, value, ok := strings.Cut(text, "=>")
	if !ok {
		return "", "", fmt.Errorf("no =>: a rule is %s=>value", what)
	}
	return strings.TrimSpace(key), strings.TrimSpace(value), nil
}

// eachLine calls rule with every line that is neither empty nor a comment, at most one byte
// more than maxLine of it. It joins a *LineError for each line that rule refuses; an error
// that is one of this package's own reasons for a whole map is returned at once.
func eachLine(r io.Reader, file string, rule func(line int, text string) error) error {
	text, err := io.ReadAll(io.LimitReader(r, maxMap+1))
	if err != nil {
		return err
	}
	if len(text) > maxMap {
		return ErrMapTooLarge
	}
	var errs []error
	for line := 1; len(text) > 0; line++ {
		var raw []byte
		raw, text, _ = bytes.Cut(text, []byte("\n"))
		raw = bytes.TrimSpace(raw)
		if len(raw) == 0 || raw[0] == '#' {
			continue
		}
		switch err := rule(line, string(raw[:min(len(raw), maxLine+1)])); {
		case err == nil:
		case errors.Is(err, ErrTooManyRules):
			return err
		default:
			if errs = append(errs, &LineError{File: file, Line: line, Problem: err.Error()}); len(errs) == maxMapErrors {
				return errors.Join(errs...)
			}
		}
	}
	return errors.Join(errs...)
}
