package media

import (
	"fmt"
	"strings"
)

// Bounds of a session description. Real ones stay far below: a video phone with
// ICE candidates sends about 6 KB and 150 lines.
const (
	maxSDP     = 32 << 10 // bytes
	maxLines   = 1024
	maxStreams = 16 // m= lines
)

// field is one line of a description, "type=value".
type field struct {
	typ   byte
	value string
}

// section is the session level or one media description.
type section struct {
	fields []field
}

// description is a session description in its sections: the first is the session
// level, the others begin with their m= line. It keeps every line as text, because
// what we do not understand has to pass unharmed; that, lines in the wrong order
// and m=image are why the parser of pion/sdp, which refuses all three or drops
// them, serves us only as a judge of what we print.
type description struct {
	sections []section
}

// fieldOrder is the order of lines RFC 8866 §5 prescribes, for both levels. r= and
// z= belong to the t= before them, so all three have one rank.
const fieldOrder = "vosiuepcbtka"

// rank returns the place of a line type in a section, -1 for an unknown type.
func rank(typ byte) int {
	switch typ {
	case 'm':
		return 0
	case 'r', 'z':
		typ = 't'
	}
	return strings.IndexByte(fieldOrder, typ)
}

// parseSDP reads a description leniently: any line ending, blank lines, lines in
// any order within their section, missing o=, s= and t=, unknown line types (which
// it drops). It refuses what is not text in lines, does not begin with v=0, or is
// over a bound. Strings of the result are parts of body.
func parseSDP(body string) (*description, error) {
	if len(body) > maxSDP {
		return nil, fmt.Errorf("%w: %d bytes", ErrBadSDP, len(body))
	}
	body = strings.TrimRight(body, "\x00\r\n \t") // some stacks pad with NUL
	fields := make([]field, 0, strings.Count(body, "\n")+1)
	d := &description{sections: make([]section, 0, 4)}
	begin := 0
	for line, rest := "", body; rest != ""; {
		line, rest = cutLine(rest)
		if line == "" {
			continue
		}
		typ, value, err := splitField(line)
		if err != nil {
			return nil, err
		}
		if len(fields) == 0 && (typ != 'v' || value != "0") {
			return nil, fmt.Errorf("%w: begins with %.20q", ErrBadSDP, line)
		}
		if len(fields) == maxLines {
			return nil, fmt.Errorf("%w: more than %d lines", ErrBadSDP, maxLines)
		}
		if typ == 'm' {
			if len(d.sections) == maxStreams || value == "" {
				return nil, fmt.Errorf("%w: m= line %d", ErrBadSDP, len(d.sections)+1)
			}
			d.sections = append(d.sections, section{fields[begin:]})
			begin = len(fields)
		}
		if rank(typ) >= 0 && (value != "" || typ == 's') {
			fields = append(fields, field{typ, value})
		}
	}
	if len(fields) == 0 {
		return nil, fmt.Errorf("%w: empty", ErrBadSDP)
	}
	d.sections = append(d.sections, section{fields[begin:]})
	return d, nil
}

// cutLine splits off one line that ends with CRLF, LF or CR.
func cutLine(s string) (line, rest string) {
	i := strings.IndexByte(s, '\n')
	if i < 0 {
		line = s
	} else {
		line, rest = s[:i], s[i+1:]
	}
	if j := strings.IndexByte(line, '\r'); j >= 0 {
		if j < len(line)-1 {
			rest = s[j+1:]
		}
		line = line[:j]
	}
	return line, rest
}

// splitField splits "type=value" and trims what surrounds the value.
func splitField(line string) (typ byte, value string, err error) {
	if len(line) < 2 || line[1] != '=' || line[0] < 'a' || line[0] > 'z' || strings.IndexByte(line, 0) >= 0 {
		return 0, "", fmt.Errorf("%w: line %.20q", ErrBadSDP, line)
	}
	return line[0], strings.Trim(line[2:], " \t"), nil
}

// media returns the media descriptions.
func (d *description) media() []section { return d.sections[1:] }

// session returns the session level.
func (d *description) session() *section { return &d.sections[0] }

// first returns the value of the first line of a type.
func (s *section) first(typ byte) (string, bool) {
	for i := range s.fields {
		if s.fields[i].typ == typ {
			return s.fields[i].value, true
		}
	}
	return "", false
}

// attribute splits the value of an a= line.
func attribute(value string) (key, arg string) {
	key, arg, _ = strings.Cut(value, ":")
	return key, arg
}

// word cuts the next blank-separated word off s.
func word(s string) (w, rest string) {
	s = strings.TrimLeft(s, " \t")
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		return s[:i], strings.TrimLeft(s[i:], " \t")
	}
	return s, ""
}
