package media

import (
	"fmt"
	"net/netip"
	"strings"
)

// Shape says what of the session descriptions that one side is sent may be there. It
// never changes once it is in a policy, so sessions may share it. Names are compared
// without regard to case. The zero value lets everything pass.
type Shape struct {
	// Media filters streams by their media type: "audio", "video", "image". One that may
	// not be there gets port 0.
	Media Filter

	// Codecs filters the payload types of RTP streams by encoding name, "PCMU", or by
	// name and clock rate, "L16/44100". A stream that has none left keeps one and gets
	// port 0.
	Codecs Filter

	// Attributes filters a= lines of both levels by name, but for those that say what a
	// stream is: see [CoreAttribute].
	Attributes Filter

	// Prefer lists codecs, as in Codecs, that come first in a stream, in this order. The
	// others keep theirs.
	Prefer []string

	// Anonymize removes what tells of the far side's user: s= becomes "-", u=, e= and p=
	// go, o= has the user name "-" and an address of ours.
	Anonymize bool
}

// Filter keeps and drops things by name. The zero value keeps all.
type Filter struct {
	Allow [][]string // a name has to be in each of these lists
	Deny  []string   // and not in this one
}

// keeps says whether a name passes; match compares a name with an element of a list.
func (f *Filter) keeps(name string, match func(name, element string) bool) bool {
	in := func(list []string) bool {
		for _, e := range list {
			if match(name, e) {
				return true
			}
		}
		return false
	}
	for _, list := range f.Allow {
		if !in(list) {
			return false
		}
	}
	return !in(f.Deny)
}

func (f *Filter) empty() bool { return len(f.Allow) == 0 && len(f.Deny) == 0 }

// CoreAttribute says whether an attribute is part of what a stream is, so that no
// filter removes it: the names of its codecs and its direction.
func CoreAttribute(name string) bool {
	switch strings.ToLower(name) {
	case "rtpmap", "fmtp", "sendrecv", "sendonly", "recvonly", "inactive":
		return true
	}
	return false
}

// Apply shapes a description of a call whose media does not pass through us. Addresses
// and ports stay; own is the address that o= gets when it is made anonymous. It fails
// with ErrBadSDP, and with ErrNoCommonCodec when no stream is left.
func (sh *Shape) Apply(sdp []byte, own netip.Addr) ([]byte, error) {
	d, err := parseSDP(string(sdp))
	if err != nil {
		return nil, err
	}
	if err := sh.apply(d); err != nil {
		return nil, err
	}
	if sh != nil && sh.Anonymize {
		d.session().anonymizeOrigin(own)
	}
	b := make([]byte, 0, len(sdp)+64)
	for i := range d.sections {
		for _, f := range d.sections[i].fields {
			b = printField(b, f.typ, f.value)
		}
	}
	return b, nil
}

// apply shapes a parsed description. A nil Shape changes nothing.
func (sh *Shape) apply(d *description) error {
	if sh == nil {
		return nil
	}
	some, left := false, false
	for i := range d.media() {
		s := &d.media()[i]
		if s.refused() {
			continue
		}
		some = true
		if sh.stream(s) {
			left = true
		}
	}
	if some && !left {
		return fmt.Errorf("%w: the profile lets no stream pass", ErrNoCommonCodec)
	}
	if !sh.Attributes.empty() {
		for i := range d.sections {
			d.sections[i].drop(func(f *field) bool {
				name, _ := attribute(f.value)
				return f.typ == 'a' && !CoreAttribute(name) && !sh.Attributes.keeps(name, strings.EqualFold)
			})
		}
	}
	if sh.Anonymize {
		d.session().anonymize()
	}
	return nil
}

// stream shapes one stream and says whether it is still there.
func (sh *Shape) stream(s *section) bool {
	media, rest := word(s.fields[0].value)
	port, rest := word(rest)
	proto, formats := word(rest)
	if !sh.Media.keeps(media, strings.EqualFold) {
		first, _ := word(formats)
		s.refuse(media, proto, first)
		return false
	}
	if sh.Codecs.empty() && len(sh.Prefer) == 0 || !carriesRTP(proto) {
		return true
	}
	first, _ := word(formats)
	kept, any := sh.codecs(s, formats)
	if !any {
		s.refuse(media, proto, first)
		return false
	}
	s.fields[0].value = media + " " + port + " " + proto + " " + strings.Join(kept, " ")
	return true
}

// refuse makes a stream one with port 0 and a single format, which its m= line needs.
func (s *section) refuse(media, proto, format string) {
	if format == "" {
		format = "0"
	}
	s.fields[0].value = media + " 0 " + proto + " " + format
	s.fields = s.fields[:1]
}

// drop removes the lines that gone says.
func (s *section) drop(gone func(*field) bool) {
	kept := s.fields[:0]
	for i := range s.fields {
		if !gone(&s.fields[i]) {
			kept = append(kept, s.fields[i])
		}
	}
	s.fields = kept
}

func (s *section) anonymize() {
	s.drop(func(f *field) bool { return f.typ == 'u' || f.typ == 'e' || f.typ == 'p' })
	for i := range s.fields {
		if s.fields[i].typ == 's' {
			s.fields[i].value = "-"
		}
	}
}

// anonymizeOrigin takes user name and address out of o=. The numbers stay: they say
// whether the description is a new one (RFC 3264 §8).
func (s *section) anonymizeOrigin(own netip.Addr) {
	for i := range s.fields {
		f := &s.fields[i]
		if f.typ != 'o' {
			continue
		}
		w := strings.Fields(f.value)
		if len(w) < 3 {
			w = []string{"-", "0", "0"}
		}
		b := appendConnection(append([]byte("- "), w[1]+" "+w[2]+" "...), own, false)
		f.value = strings.TrimRight(string(b), "\r\n")
	}
}

// carriesRTP says whether a transport protocol carries RTP, by whatever way.
func carriesRTP(proto string) bool {
	for rest, more := proto, true; more; {
		var part string
		if part, rest, more = strings.Cut(rest, "/"); strings.EqualFold(part, "RTP") {
			return true
		}
	}
	return false
}
