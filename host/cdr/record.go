package cdr

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// ID names a record wherever it goes: what is delivered twice has the same one.
// It is made from the record's bytes, so that no module can give two records the
// same ID and have a sink drop one: a UUID of version 8 (RFC 9562 §5.8) out of
// their SHA-256.
type ID [16]byte

// Identify returns the ID of a record.
func Identify(line []byte) ID {
	sum := sha256.Sum256(line)
	id := ID(sum[:16])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}

// String is the ID as UUIDs are written.
func (id ID) String() string { return string(id.Append(nil)) }

// Append is String, behind b.
func (id ID) Append(b []byte) []byte {
	for i, n := range [...]int{4, 6, 8, 10, 16} {
		if i > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, id[[...]int{0, 4, 6, 8, 10}[i]:n])
	}
	return b
}

// Record is one record as a sink gets it.
type Record struct {
	ID   ID
	Line []byte // a JSON object in one line, without line feed; good until Deliver returns
}

// parse makes a record of a line. It reports false for what is no JSON object.
func parse(line []byte) (Record, bool) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 || len(line) > MaxRecord || line[0] != '{' || !json.Valid(line) {
		return Record{}, false
	}
	return Record{Identify(line), line}, true
}

// AppendWithID appends the record with a first member "id".
func (r Record) AppendWithID(b []byte) []byte {
	b = append(b, `{"id":"`...)
	b = r.ID.Append(b)
	b = append(b, '"')
	rest := bytes.TrimLeft(r.Line[1:], " \t\r\n")
	if rest[0] != '}' {
		b = append(b, ',')
	}
	return append(b, rest...)
}

// The names of columns that are not members of the record.
const (
	ColumnID   = "id"   // the record's ID
	ColumnJSON = "json" // the whole record
)

// Column is one value that is taken from each record.
type Column struct {
	Name string   // how the sink calls it
	Path []string // the member, and the member within it
}

// ParseColumn reads MEMBER, MEMBER.MEMBER or NAME=MEMBER. Without a name the
// column is called as the last member.
func ParseColumn(text string) (Column, error) {
	name, path, named := strings.Cut(text, "=")
	if !named {
		path = text
	}
	c := Column{name, strings.Split(path, ".")}
	if !named {
		c.Name = c.Path[len(c.Path)-1]
	}
	if c.Name == "" || slices.Contains(c.Path, "") {
		return Column{}, fmt.Errorf("%w: want MEMBER, MEMBER.MEMBER or NAME=MEMBER, got %q", ErrColumn, text)
	}
	return c, nil
}

// ParseColumns reads a list of columns; no two may have the same name.
func ParseColumns(texts []string) ([]Column, error) {
	columns := make([]Column, 0, len(texts))
	for _, t := range texts {
		c, err := ParseColumn(t)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(columns, func(o Column) bool { return o.Name == c.Name }) {
			return nil, fmt.Errorf("%w: %q stands there twice", ErrColumn, c.Name)
		}
		columns = append(columns, c)
	}
	return columns, nil
}

// Raw puts the JSON value of each column into values, which is as long as
// columns: nil for what the record does not have.
func (r Record) Raw(columns []Column, values []json.RawMessage) {
	var members map[string]json.RawMessage
	for i, c := range columns {
		values[i] = nil
		switch {
		case len(c.Path) == 1 && c.Path[0] == ColumnID:
			values[i] = fmt.Appendf(nil, "%q", r.ID)
			continue
		case len(c.Path) == 1 && c.Path[0] == ColumnJSON:
			values[i] = r.Line
			continue
		}
		if members == nil && json.Unmarshal(r.Line, &members) != nil {
			members = map[string]json.RawMessage{}
		}
		v := members[c.Path[0]]
		for _, name := range c.Path[1:] {
			var within map[string]json.RawMessage
			if json.Unmarshal(v, &within) != nil {
				v = nil
				break
			}
			v = within[name]
		}
		if !bytes.Equal(v, []byte("null")) {
			values[i] = v
		}
	}
}

// Texts is Raw with strings without their quotes, and "" for what is not there.
func (r Record) Texts(columns []Column) []string {
	raw, texts := make([]json.RawMessage, len(columns)), make([]string, len(columns))
	r.Raw(columns, raw)
	for i, v := range raw {
		if len(v) == 0 || v[0] != '"' || json.Unmarshal(v, &texts[i]) != nil {
			texts[i] = string(v)
		}
	}
	return texts
}
