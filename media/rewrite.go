package media

import (
	"net/netip"
	"strconv"
	"strings"
)

// face is what we show of one stream to the side a description is printed for.
type face struct {
	port uint16 // of ours; 0 = refused
	rtcp uint16 // for a=rtcp, where the description has one
	mux  bool   // a=rtcp-mux may stay
	bare bool   // refused by us: nothing but the m= line is printed
	pad  *end   // prints a stream the description left out, as refused
}

// headRoom is kept free before the body for v= and o=, which depend on the rest.
const headRoom = 160

// rewrite prints the description as ours, from s= on, with addr as the address of
// all streams. faces has one element for every stream to print; streams beyond it
// are left out. The result has headRoom bytes before it for prependOrigin.
func (d *description) rewrite(addr netip.Addr, faces []face) []byte {
	size := headRoom + 64
	for i := range d.sections {
		for j := range d.sections[i].fields {
			size += len(d.sections[i].fields[j].value) + 16
		}
	}
	for i := len(d.media()); i < len(faces); i++ {
		size += len(faces[i].pad.formats) + 64
	}
	b := make([]byte, headRoom, size)
	b = d.printSession(b, addr)
	for i := range faces {
		if i < len(d.media()) {
			b = d.media()[i].print(b, addr, &faces[i])
			continue
		}
		p := faces[i].pad
		b = printMedia(b, p.media, 0, p.proto, p.formats)
	}
	return b
}

// prependOrigin writes v= and o= before a body made by rewrite. RFC 8866 §5.2; the
// user name is "-" so that nothing of the far side shows.
func prependOrigin(body []byte, id, version uint64, addr netip.Addr) []byte {
	var head [headRoom]byte
	b := append(head[:0], "v=0\r\no=- "...)
	b = strconv.AppendUint(b, id, 10)
	b = append(b, ' ')
	b = strconv.AppendUint(b, version, 10)
	b = append(b, ' ')
	b = appendConnection(b, addr, false)
	start := headRoom - len(b)
	copy(body[start:], b)
	return body[start:]
}

// fingerprint is FNV-1a over a body without its origin: equal bodies need no new
// version.
func fingerprint(body []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range body[headRoom:] {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

// printSession prints the session level from s= on, in the order of the RFC.
func (d *description) printSession(b []byte, addr netip.Addr) []byte {
	s := d.session()
	name, _ := s.first('s')
	if name == "" {
		name = "-"
	}
	b = printField(b, 's', name)
	for _, typ := range []byte("iuep") {
		if v, ok := s.first(typ); ok {
			b = printField(b, typ, v)
		}
	}
	b = s.printConnection(b, addr, true)
	b = s.printBandwidths(b)
	b = s.printTimes(b)
	if v, ok := s.first('k'); ok {
		b = printField(b, 'k', v)
	}
	for i := range s.fields {
		if s.fields[i].typ == 'a' {
			b = printSessionAttribute(b, s.fields[i].value)
		}
	}
	return b
}

// print prints a media description as f shows it.
func (s *section) print(b []byte, addr netip.Addr, f *face) []byte {
	media, rest := word(s.fields[0].value)
	_, rest = word(rest)
	proto, formats := word(rest)
	if formats == "" {
		formats = "0"
	}
	b = printMedia(b, media, f.port, proto, formats)
	if f.bare {
		return b
	}
	if v, ok := s.first('i'); ok {
		b = printField(b, 'i', v)
	}
	b = s.printConnection(b, addr, false)
	b = s.printBandwidths(b)
	if v, ok := s.first('k'); ok {
		b = printField(b, 'k', v)
	}
	for i := range s.fields {
		if s.fields[i].typ == 'a' {
			b = f.printAttribute(b, s.fields[i].value, addr)
		}
	}
	return b
}

// refused reports whether the stream came with port 0.
func (s *section) refused() bool {
	_, rest := word(s.fields[0].value)
	port, _ := word(rest)
	return strings.Trim(port, "0") == ""
}

// printAttribute prints an attribute of a stream, unless it speaks of transport
// that is not ours.
func (f *face) printAttribute(b []byte, value string, addr netip.Addr) []byte {
	key, arg := attribute(value)
	switch key {
	case "rtcp":
		if f.port == 0 || f.rtcp == 0 {
			return b
		}
		b = append(b, "a=rtcp:"...)
		b = strconv.AppendUint(b, uint64(f.rtcp), 10)
		if _, more := word(arg); more == "" {
			return append(b, "\r\n"...)
		}
		return appendConnection(append(b, ' '), addr, false)
	case "rtcp-mux":
		if !f.mux {
			return b
		}
	}
	if ours(key) {
		return b
	}
	return printField(b, 'a', value)
}

// printSessionAttribute prints an attribute of the session level.
func printSessionAttribute(b []byte, value string) []byte {
	key, arg := attribute(value)
	if ours(key) || key == "group" && strings.HasPrefix(arg, "BUNDLE") {
		return b
	}
	return printField(b, 'a', value)
}

// ours reports whether an attribute describes a transport that ends here: we are no
// ICE agent, every stream has ports of its own, and packets come from our address.
func ours(key string) bool {
	switch key {
	case "candidate", "remote-candidates", "end-of-candidates", "ice-ufrag", "ice-pwd", "ice-options",
		"ice-lite", "ice-mismatch", "ice-pacing", "bundle-only", "source-filter":
		return true
	}
	return false
}

// printConnection prints our address in place of the section's c= line; the session
// level gets one in any case. An address of all zeros is a hold and stays one.
func (s *section) printConnection(b []byte, addr netip.Addr, always bool) []byte {
	v, ok := s.first('c')
	if !ok && !always {
		return b
	}
	zero := false
	if ok {
		theirs, err := connection(v)
		zero = err == nil && theirs.IsValid() && theirs.IsUnspecified()
	}
	return appendConnection(append(b, "c="...), addr, zero)
}

// appendConnection appends "IN IP4 192.0.2.1" and ends the line.
func appendConnection(b []byte, addr netip.Addr, zero bool) []byte {
	switch {
	case addr.Is4() && zero:
		return append(b, "IN IP4 0.0.0.0\r\n"...)
	case zero:
		return append(b, "IN IP6 ::\r\n"...)
	case addr.Is4():
		b = append(b, "IN IP4 "...)
	default:
		b = append(b, "IN IP6 "...)
	}
	return append(addr.AppendTo(b), "\r\n"...)
}

func printField(b []byte, typ byte, value string) []byte {
	b = append(b, typ, '=')
	b = append(b, value...)
	return append(b, "\r\n"...)
}

// printMedia prints an m= line; formats are separated by one blank.
func printMedia(b []byte, media string, port uint16, proto, formats string) []byte {
	b = append(b, "m="...)
	b = append(b, media...)
	b = append(b, ' ')
	b = strconv.AppendUint(b, uint64(port), 10)
	b = append(b, ' ')
	b = append(b, proto...)
	for w, rest := word(formats); w != ""; w, rest = word(rest) {
		b = append(b, ' ')
		b = append(b, w...)
	}
	return append(b, "\r\n"...)
}

// printBandwidths prints the b= lines that are "type:number".
func (s *section) printBandwidths(b []byte) []byte {
	for i := range s.fields {
		if s.fields[i].typ != 'b' {
			continue
		}
		if typ, rate, ok := strings.Cut(s.fields[i].value, ":"); ok && typ != "" && number(rate) {
			b = printField(b, 'b', s.fields[i].value)
		}
	}
	return b
}

// printTimes prints the t= lines of two numbers, each with the r= and z= lines after
// it, or the one that says for ever. RFC 8866 §5.9.
func (s *section) printTimes(b []byte) []byte {
	begun, some := false, false
	for i := range s.fields {
		f := &s.fields[i]
		switch f.typ {
		case 't':
			start, rest := word(f.value)
			stop, rest := word(rest)
			if begun = number(start) && number(stop) && rest == ""; begun {
				b = append(append(append(b, "t="...), start...), ' ')
				b = append(append(b, stop...), "\r\n"...)
				some = true
			}
		case 'r', 'z':
			if begun {
				b = printField(b, f.typ, f.value)
			}
		}
	}
	if !some {
		b = append(b, "t=0 0\r\n"...)
	}
	return b
}

// number reports whether s is decimal digits.
func number(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
