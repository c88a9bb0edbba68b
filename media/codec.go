package media

import (
	"strconv"
	"strings"
)

// maxFormats bounds the payload types kept of one stream; there are 128.
const maxFormats = 128

// static names the payload types that need no rtpmap. RFC 3551 §6.
var static = map[uint8]string{
	0: "PCMU/8000", 3: "GSM/8000", 4: "G723/8000", 5: "DVI4/8000", 6: "DVI4/16000", 7: "LPC/8000",
	8: "PCMA/8000", 9: "G722/8000", 10: "L16/44100/2", 11: "L16/44100", 12: "QCELP/8000", 13: "CN/8000",
	14: "MPA/90000", 15: "G728/8000", 16: "DVI4/11025", 17: "DVI4/22050", 18: "G729/8000",
	25: "CelB/90000", 26: "JPEG/90000", 28: "nv/90000", 31: "H261/90000", 32: "MPV/90000",
	33: "MP2T/90000", 34: "H263/90000",
}

// readFormats fills payload and codec from the m= line and the rtpmap attributes.
func (e *end) readFormats(s *section) {
	e.payload = make([]Format, 0, 1+strings.Count(e.formats, " "))
	for w, rest := word(e.formats); w != "" && len(e.payload) < maxFormats; w, rest = word(rest) {
		pt, err := strconv.ParseUint(w, 10, 7)
		if err != nil {
			continue
		}
		name := s.rtpmap(w)
		if name == "" {
			name = static[uint8(pt)]
		}
		encoding, clock := encodingOf(name)
		f := Format{Type: uint8(pt), Clock: clock, Event: strings.EqualFold(encoding, "telephone-event")}
		e.payload = append(e.payload, f)
		if e.codec == "" && carriesMedia(encoding) && visible(name) {
			e.codec = strings.Clone(name)
		}
	}
}

// rtpmap returns what a section maps a payload type to, "" for nothing.
func (s *section) rtpmap(pt string) string {
	for i := range s.fields {
		if v := s.fields[i].value; s.fields[i].typ == 'a' && strings.HasPrefix(v, "rtpmap:") {
			if w, rest := word(v[len("rtpmap:"):]); w == pt {
				return rest
			}
		}
	}
	return ""
}

// encodingOf splits "opus/48000/2". A clock that is none becomes 0: no jitter.
func encodingOf(name string) (encoding string, clock uint32) {
	encoding, rest, _ := strings.Cut(name, "/")
	rate, _, _ := strings.Cut(rest, "/")
	n, err := strconv.ParseUint(rate, 10, 32)
	if err != nil || n > 1_000_000 {
		n = 0
	}
	return encoding, uint32(n)
}

// carriesMedia tells codecs from what rides along with them.
func carriesMedia(encoding string) bool {
	switch strings.ToLower(encoding) {
	case "", "telephone-event", "cn", "red", "ulpfec", "flexfec", "rtx":
		return false
	}
	return true
}
