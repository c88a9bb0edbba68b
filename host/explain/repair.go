package explain

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// maxMessage bounds what is read.
const maxMessage = 64 << 10

var (
	errNoMessage = errors.New("there is no SIP message: none of its lines is INVITE sip:… SIP/2.0")
	errTooLong   = fmt.Errorf("the message is longer than %d bytes", maxMessage)
)

var (
	startLine = regexp.MustCompile(`^[ \t]*(?:[A-Za-z0-9.!%*_+'~-]+ +\S+ +SIP/\d+\.\d+|SIP/\d+\.\d+ +\d{3}\b.*)[ \t]*$`)
	capture   = regexp.MustCompile(`(\S+):(\d{1,5}) +-+> +\S+:\d{1,5}`)
	sizeField = regexp.MustCompile(`(?im)^(?:content-length|l)[ \t]*:[ \t]*(\d+)[ \t]*\r?$`)
)

// repaired is a message as it would have come over the network.
type repaired struct {
	text   string
	source string // of the capture's own line before it: "192.0.2.7:5060"
	notes  []string
}

// repair undoes what copying from a capture or an editor does to a message. A message that
// needs none of it is returned as it is.
func repair(text string) (repaired, error) {
	var r repaired
	if len(text) > maxMessage {
		return r, errTooLong
	}
	text = strings.TrimPrefix(text, "\ufeff")
	lines := strings.SplitAfter(text, "\n")
	start := -1
	for i, l := range lines {
		if startLine.MatchString(strings.TrimRight(l, "\r\n")) {
			start = i
			break
		}
	}
	if start < 0 {
		return r, errNoMessage
	}
	r.skipped(lines[:start])
	lines = r.unindent(lines[start:])
	text = strings.Join(lines, "")
	if bare := strings.Count(text, "\n") - strings.Count(text, "\r\n"); bare > 0 {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")
		r.notes = append(r.notes, "line ends were LF: CRLF now")
	}
	head, body, ended := strings.Cut(text, "\r\n\r\n")
	if !ended {
		head = strings.TrimRight(head, "\r\n")
		r.notes = append(r.notes, "the empty line behind the header was missing")
	}
	r.text = r.sized(head, body)
	return r, nil
}

// skipped says what stood before the message, and learns from it who sent it.
func (r *repaired) skipped(lines []string) {
	n := 0
	for _, l := range lines {
		if strings.TrimSpace(l) == "" {
			continue
		}
		n++
		if m := capture.FindStringSubmatch(l); m != nil {
			a, err := netip.ParseAddr(strings.Trim(m[1], "[]"))
			port, perr := strconv.ParseUint(m[2], 10, 16)
			if err == nil && perr == nil && port > 0 {
				r.source = netip.AddrPortFrom(a, uint16(port)).String()
			}
		}
	}
	if n > 0 {
		r.notes = append(r.notes, fmt.Sprintf("%s before the message left out", lineCount(n)))
	}
}

// unindent takes the white space away that all lines begin with.
func (r *repaired) unindent(lines []string) []string {
	first := lines[0]
	indent := first[:len(first)-len(strings.TrimLeft(first, " \t"))]
	if indent == "" {
		return lines
	}
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = strings.TrimPrefix(l, indent)
		if strings.TrimSpace(l) == "" {
			out[i] = strings.TrimLeft(l, " \t")
		}
	}
	r.notes = append(r.notes, "the indentation was removed")
	return out
}

// sized makes Content-Length that of the body.
func (r *repaired) sized(head, body string) string {
	m := sizeField.FindStringSubmatchIndex(head + "\r\n")
	size := -1
	if m != nil {
		size, _ = strconv.Atoi(head[m[2]:m[3]])
	}
	if size == len(body) {
		return head + "\r\n\r\n" + body
	}
	if size >= 0 && size < len(body) && strings.TrimSpace(body[size:]) == "" {
		return head + "\r\n\r\n" + body[:size]
	}
	body = tidy(body)
	switch {
	case m == nil && body == "":
		return head + "\r\n\r\n"
	case m == nil:
		r.notes = append(r.notes, fmt.Sprintf("Content-Length was missing: %d now", len(body)))
		return fmt.Sprintf("%s\r\nContent-Length: %d\r\n\r\n%s", head, len(body), body)
	case size != len(body):
		r.notes = append(r.notes, fmt.Sprintf("Content-Length was %s: %d now, as long as the body", head[m[2]:m[3]], len(body)))
	}
	return head[:m[2]] + strconv.Itoa(len(body)) + head[m[3]:] + "\r\n\r\n" + body
}

// tidy ends the last line of a body, and takes the empty ones behind it away.
func tidy(body string) string {
	body = strings.TrimRight(body, "\r\n \t")
	if body == "" {
		return ""
	}
	return body + "\r\n"
}

func lineCount(n int) string {
	if n == 1 {
		return "1 line"
	}
	return strconv.Itoa(n) + " lines"
}

// parse reads the repaired message. An error is one of a message that nobody could answer.
func parse(text string) (*sip.Message, error) {
	m, err := sip.Parse([]byte(text))
	if m == nil {
		return nil, fmt.Errorf("the message cannot be read: %w", err)
	}
	return m, err
}
