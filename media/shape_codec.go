package media

import (
	"slices"
	"strconv"
	"strings"
)

// codecs returns the payload types of a stream that may stay, the preferred ones first,
// and takes the attributes of the others away. some is false when nothing that carries
// media is left of what did.
func (sh *Shape) codecs(s *section, formats string) (kept []string, some bool) {
	all := strings.Fields(formats)
	names := make([]string, len(all))
	var gone []string
	had := false
	for i, pt := range all {
		names[i] = s.encoding(pt)
		carries := carriesMedia(encodingName(names[i])) || names[i] == ""
		had = had || carries
		if !sh.Codecs.keeps(names[i], sameCodec) {
			gone = append(gone, pt)
			continue
		}
		kept = append(kept, pt)
		some = some || carries
	}
	if len(gone) > 0 {
		// What repairs a payload type that is gone (RFC 4588 §8.1) goes with it.
		kept = slices.DeleteFunc(kept, func(pt string) bool {
			repairs := s.repairs(pt)
			if !slices.Contains(gone, repairs) {
				return false
			}
			gone = append(gone, pt)
			return true
		})
		s.forget(gone)
	}
	if len(sh.Prefer) > 0 && len(kept) > 1 {
		place := func(pt string) int {
			name := names[slices.Index(all, pt)]
			for i, want := range sh.Prefer {
				if sameCodec(name, want) {
					return i
				}
			}
			return len(sh.Prefer)
		}
		slices.SortStableFunc(kept, func(a, b string) int { return place(a) - place(b) })
	}
	return kept, len(kept) > 0 && (some || !had)
}

// encoding returns the name of a payload type, "PCMU/8000", "" if it has none.
func (s *section) encoding(pt string) string {
	if name := s.rtpmap(pt); name != "" {
		return name
	}
	if n, err := strconv.ParseUint(pt, 10, 7); err == nil {
		return static[uint8(n)]
	}
	return ""
}

func encodingName(codec string) string {
	name, _ := encodingOf(codec)
	return name
}

// sameCodec compares a codec of a description, "PCMU/8000/1", with one of a list, "pcmu"
// or "pcmu/8000".
func sameCodec(codec, want string) bool {
	name, rest, _ := strings.Cut(codec, "/")
	wantName, wantRate, rated := strings.Cut(want, "/")
	rate, _, _ := strings.Cut(rest, "/")
	return strings.EqualFold(name, wantName) && (!rated || rate == wantRate)
}

// repairs returns the payload type that a retransmission stream belongs to, "" for any
// other payload type.
func (s *section) repairs(pt string) string {
	for i := range s.fields {
		if of, params := about(&s.fields[i], "fmtp"); of == pt {
			for p := range strings.SplitSeq(params, ";") {
				if apt, ok := strings.CutPrefix(strings.TrimSpace(p), "apt="); ok {
					return apt
				}
			}
		}
	}
	return ""
}

// forget removes the attributes of payload types.
func (s *section) forget(gone []string) {
	s.drop(func(f *field) bool {
		for _, key := range [...]string{"rtpmap", "fmtp", "rtcp-fb"} {
			if pt, _ := about(f, key); pt != "" && slices.Contains(gone, pt) {
				return true
			}
		}
		return false
	})
}

// about splits a line "a=key:96 rest"; both are "" if it is no such line.
func about(f *field, key string) (pt, rest string) {
	if f.typ != 'a' {
		return "", ""
	}
	k, arg := attribute(f.value)
	if k != key {
		return "", ""
	}
	return word(arg)
}
