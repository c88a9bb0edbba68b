package transport

import (
	"bytes"
	"strings"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// framer cuts a stream into messages by their Content-Length, RFC 3261 §18.3, and finds the
// keep-alives between them, RFC 5626 §4.4.1. It holds at most one message.
type framer struct {
	partial []byte // the beginning of a message
	scanned int    // how much of it has no end of the header in it
	need    int    // the message's length, 0 = not known yet
}

// Framing errors end a connection: where the next message begins cannot be known. Their
// status is what a reply says when the header can be read.
var (
	errNotSIP    = &sip.ParseError{Status: 0, Reason: "Not SIP"}
	errTooLarge  = &sip.ParseError{Status: 513, Reason: "Message Too Large"}
	errNoLength  = &sip.ParseError{Status: 400, Reason: "Missing Content-Length"}
	errBadLength = &sip.ParseError{Status: 400, Reason: "Invalid Content-Length"}
)

// feed takes what a read brought. It calls message for each message that is complete now, and
// ping for a double CRLF. On an error the rest is lost; the header of the message that caused
// it, if it is complete, comes with it.
func (f *framer) feed(data []byte, message func([]byte), ping func()) (header []byte, err *sip.ParseError) {
	if len(f.partial) > 0 {
		f.partial = append(f.partial, data...)
		data = f.partial
	}
	for {
		if f.scanned == 0 {
			rest := bytes.TrimLeft(data, "\r\n")
			if bytes.Count(data[:len(data)-len(rest)], []byte("\n")) > 1 {
				ping()
			}
			data = rest
			if len(data) > 0 && !beginsLikeSIP(data[0]) {
				return nil, errNotSIP
			}
		}
		if header, err = f.measure(data); err != nil {
			return header, err
		}
		if f.need == 0 || f.need > len(data) {
			f.keep(data)
			return nil, nil
		}
		one := data[:f.need]
		data = data[f.need:]
		f.scanned, f.need = 0, 0
		message(one)
	}
}

// keep holds the beginning of a message until the next read.
func (f *framer) keep(data []byte) {
	if len(data) == 0 {
		f.partial = nil
		return
	}
	f.partial = append(f.partial[:0], data...)
}

// measure finds the length of the message at the beginning of data.
func (f *framer) measure(data []byte) (header []byte, err *sip.ParseError) {
	if f.need > 0 || len(data) == 0 {
		return nil, nil
	}
	from := max(f.scanned-3, 0)
	end := bytes.Index(data[from:], []byte("\r\n\r\n"))
	if end < 0 {
		if len(data) > maxMessage {
			return nil, errTooLarge
		}
		f.scanned = len(data)
		return nil, nil
	}
	header = data[:from+end+4]
	length, err := contentLength(header)
	switch {
	case err != nil:
		return header, err
	case len(header)+length > maxMessage:
		return header, errTooLarge
	}
	f.need = len(header) + length
	return nil, nil
}

// contentLength returns the value of the Content-Length field, long or compact. Several fields
// with one value are taken for one; RFC 3261 wants the field on streams.
func contentLength(header []byte) (int, *sip.ParseError) {
	length := -1
	_, rest, _ := bytes.Cut(header, []byte("\r\n"))
	for len(rest) > 0 {
		end := fieldEnd(rest)
		name, value, _ := bytes.Cut(rest[:end], []byte(":"))
		rest = rest[end:]
		if name = bytes.TrimRight(name, " \t"); !isContentLength(name) {
			continue
		}
		n, ok := decimal(bytes.Trim(value, " \t\r\n"))
		if !ok || length >= 0 && n != length {
			return 0, errBadLength
		}
		length = n
	}
	if length < 0 {
		return 0, errNoLength
	}
	return length, nil
}

// fieldEnd returns where a header field with its folded lines ends.
func fieldEnd(b []byte) int {
	for at := 0; ; {
		i := bytes.Index(b[at:], []byte("\r\n"))
		if i < 0 {
			return len(b)
		}
		at += i + 2
		if at == len(b) || b[at] != ' ' && b[at] != '\t' {
			return at
		}
	}
}

func isContentLength(name []byte) bool {
	const long = "content-length"
	return len(name) == len(long) && strings.EqualFold(string(name), long) || len(name) == 1 && name[0]|0x20 == 'l'
}

// decimal reads a number below 10^9. More digits than that are an error as any other.
func decimal(b []byte) (n int, ok bool) {
	for _, c := range b {
		if c-'0' > 9 {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, len(b) > 0 && len(b) < 10
}
