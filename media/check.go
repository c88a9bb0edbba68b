package media

import "bytes"

// Check says whether sdp could be a session description at all: it begins with v=0 and
// every line is a type letter, "=" and a value. It is for calls whose media is not
// relayed, so that what nobody can read is refused there too; it allocates nothing. It
// fails with ErrBadSDP.
func Check(sdp []byte) error {
	sdp = bytes.TrimRight(sdp, "\x00\r\n \t")
	if len(sdp) > maxSDP || len(sdp) < 3 || string(sdp[:3]) != "v=0" {
		return ErrBadSDP
	}
	for lines := 0; len(sdp) > 0; lines++ {
		line := sdp
		if i := bytes.IndexByte(sdp, '\n'); i >= 0 {
			line, sdp = sdp[:i], sdp[i+1:]
		} else {
			sdp = nil
		}
		line = bytes.TrimRight(line, "\r")
		if len(line) == 0 {
			continue
		}
		if lines >= maxLines || len(line) < 2 || line[1] != '=' || line[0] < 'a' || line[0] > 'z' || bytes.IndexByte(line, 0) >= 0 {
			return ErrBadSDP
		}
	}
	return nil
}
