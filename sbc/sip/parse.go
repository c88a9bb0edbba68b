package sip

import (
	"bytes"
	"strings"
)

// Limits bound what Parse and Validate accept. Beyond any of them a message is refused.
type Limits struct {
	Size      int // octets of a message
	Headers   int // header fields
	HeaderLen int // octets of the start line, or of one header field with its folds
	Elements  int // elements of a list that the SBC walks: Via, Route, Record-Route, Contact
	Params    int // parameters of one element or URI
}

// DefaultLimits are those of Parse and Validate. They are not to be changed.
var DefaultLimits = Limits{Size: 65535, Headers: 256, HeaderLen: 8192, Elements: 128, Params: 64}

// Both cost nothing to return, however many of them a flood brings.
var (
	errNotSIP = &ParseError{Reason: "not a SIP message"}
	errSize   = &ParseError{Status: 513, Reason: "Message too large"}
)

// Parse reads one message: start line, header fields, body. It knows their structure
// only; Validate looks at what they mean. It does not keep b.
//
// The error is a *ParseError. The message is returned with it when a response can be
// made: when it is a request, not an ACK, and Via, From, To, Call-ID and CSeq could be
// read. Then it is good for NewResponse and nothing else.
func Parse(b []byte) (*Message, error) {
	// A client may send CRLF before the start line: RFC 3261 §7.5.
	skipped := 0
	for len(b) >= 2 && b[0] == '\r' && b[1] == '\n' {
		b = b[2:]
		skipped += 2
	}
	if len(b) > DefaultLimits.Size {
		return nil, errSize
	}
	eol := bytes.IndexByte(b[:min(len(b), DefaultLimits.HeaderLen)], '\n')
	if eol < 0 || !plausible(b[:eol]) {
		return nil, errNotSIP
	}
	m := new(Message)
	m.headers = m.inline[:0]
	p := parser{m: m, b: b, s: string(b), skipped: skipped, length: -1}
	p.startLine(eol)
	p.next = eol + 1
	for p.headerField() {
	}
	p.body()
	return p.result()
}

// plausible tells SIP from noise before anything is allocated: the start line begins or
// ends with the protocol's name.
func plausible(line []byte) bool {
	line = bytes.TrimRight(line, " \t\r")
	if len(line) < 7 {
		return false
	}
	if isSIP(line) {
		return true
	}
	i := bytes.LastIndexByte(line, ' ')
	return i > 0 && isSIP(line[i+1:]) && chars[line[0]]&tokenChar != 0
}

func isSIP(b []byte) bool {
	return len(b) > 4 && b[0]|0x20 == 's' && b[1]|0x20 == 'i' && b[2]|0x20 == 'p' && b[3] == '/'
}

// parser is one passage over a message. s is the copy of b that the message keeps.
type parser struct {
	m        *Message
	b        []byte
	s        string
	next     int // where the next line begins
	skipped  int
	response bool
	length   int // Content-Length, -1 = none
	err      *ParseError
}

// fail keeps the first error. The passage goes on: a response needs the header fields.
func (p *parser) fail(status int, reason string, at int) {
	if p.err == nil {
		p.err = &ParseError{Status: status, Reason: reason, Offset: at + p.skipped}
	}
}

// startLine reads the line that ends with the LF at eol.
func (p *parser) startLine(eol int) {
	end := eol
	if end > 0 && p.b[end-1] == '\r' {
		end--
	} else {
		p.fail(400, "Bare LF", eol)
	}
	line := p.s[:end]
	if hasControl(p.b[:end]) && !cleanText(line) {
		p.fail(400, "Control character in start line", 0)
	}
	if p.response = hasPrefixFold(line, "SIP/"); p.response {
		p.statusLine(line)
		return
	}
	method, rest, _ := strings.Cut(line, " ")
	p.m.Method = internMethod(method)
	if !ValidToken(method) {
		p.fail(400, "Invalid method", 0)
	}
	last := strings.LastIndexByte(rest, ' ')
	if last < 0 {
		p.fail(400, "Invalid request line", len(method))
		return
	}
	p.m.RURI = rest[:last]
	version := rest[last+1:]
	switch {
	case !isVersion(version) || p.m.RURI == "":
		p.fail(400, "Invalid request line", len(method))
	case !hasPrefixFold(version, "SIP/2.0") || len(version) != len("SIP/2.0"):
		p.fail(505, "Version Not Supported", len(method)+last+2)
	case !all(p.m.RURI, uriChar):
		p.fail(400, "Invalid Request-URI", len(method)+1)
	}
}

// isVersion tells SIP-Version (RFC 3261 §25.1) from what is malformed.
func isVersion(s string) bool {
	if !hasPrefixFold(s, "SIP/") {
		return false
	}
	major, minor, ok := strings.Cut(s[4:], ".")
	return ok && digits(major) && digits(minor)
}

func digits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// statusLine reads "SIP/2.0 200 OK". The space before an empty phrase may be missing.
func (p *parser) statusLine(line string) {
	const prefix = "SIP/2.0 "
	if !hasPrefixFold(line, prefix) || len(line) < len(prefix)+3 {
		p.fail(0, "Invalid status line", 0)
		return
	}
	status, ok := number(line[len(prefix):len(prefix)+3], 699)
	rest := line[len(prefix)+3:]
	if !ok || status < 100 || rest != "" && rest[0] != ' ' {
		p.fail(0, "Invalid status code", len(prefix))
		return
	}
	p.m.Status = int(status)
	if rest != "" {
		p.m.Phrase = rest[1:]
	}
}

// line finds the end of the line that begins at from: the index of its CRLF, and where
// the next one begins. A bare LF ends it too, but is an error.
func (p *parser) line(from int) (end, next int, ok bool) {
	i := bytes.IndexByte(p.b[from:], '\n')
	if i < 0 {
		p.fail(400, "Header section does not end", len(p.b))
		return 0, 0, false
	}
	end, next = from+i, from+i+1
	if i > 0 && p.b[end-1] == '\r' {
		return end - 1, next, true
	}
	p.fail(400, "Bare LF", end)
	return end, next, true
}

// headerField reads one header field and keeps it if it is sound. It returns false
// behind the last one.
func (p *parser) headerField() bool {
	start := p.next
	end, next, ok := p.line(start)
	if !ok || end == start {
		p.next = next
		return false
	}
	folded := false
	for next < len(p.b) && (p.b[next] == ' ' || p.b[next] == '\t') {
		from := next
		if end, next, ok = p.line(from); !ok {
			return false
		}
		if trimLeft(p.s[from:end]) == "" {
			p.fail(400, "Blank continuation line", from)
		}
		folded = true
	}
	p.next = next
	if end-start > DefaultLimits.HeaderLen {
		p.fail(513, "Header field too long", start)
		return true
	}

	colon := start
	for chars[p.b[colon]]&tokenChar != 0 {
		colon++ // stops at the line's end at the latest
	}
	name := p.s[start:colon]
	for p.b[colon] == ' ' || p.b[colon] == '\t' {
		colon++
	}
	if name == "" || p.b[colon] != ':' {
		p.fail(400, "Invalid header name", start)
		return true
	}
	if (folded || hasControl(p.b[colon+1:end])) && !cleanText(p.s[colon+1:end]) {
		p.fail(400, "Control character in header field", colon+1)
		return true
	}
	p.keep(Lookup(name), name, trim(p.s[colon+1:end]), start)
	return true
}

func (p *parser) keep(id ID, name, value string, at int) {
	if len(p.m.headers) >= DefaultLimits.Headers {
		p.fail(513, "Too many header fields", at)
		return
	}
	p.m.headers = append(p.m.headers, Header{id, name, value})
	if id != ContentLength {
		return
	}
	n, ok := number(value, 1<<31-1)
	switch {
	case !ok:
		p.fail(400, "Invalid Content-Length", at)
	case p.length >= 0:
		p.fail(400, "More than one Content-Length", at)
	default:
		p.length = int(n)
	}
}

// body takes what Content-Length says. What arrived beyond it is not looked at: RFC
// 3261 §18.3.
func (p *parser) body() {
	if p.err != nil {
		return
	}
	rest := p.s[p.next:]
	if p.length > len(rest) {
		p.fail(400, "Body shorter than Content-Length", p.next)
		return
	}
	if p.length >= 0 {
		rest = rest[:p.length]
	}
	p.m.Body = rest
}

func (p *parser) result() (*Message, error) {
	if p.response {
		cseq, _ := p.m.first(CSeq)
		if _, method, ok := cutCSeq(cseq); ok {
			p.m.Method = internMethod(method)
		}
	}
	if p.err == nil {
		return p.m, nil
	}
	if p.response || p.m.Method == "ACK" {
		p.err.Status = 0
		return nil, p.err
	}
	for _, id := range [...]ID{Via, From, To, CallID, CSeq} {
		if _, ok := p.m.first(id); !ok {
			return nil, p.err
		}
	}
	return p.m, p.err
}

// internMethod makes a registered method a constant, so that keeping it does not keep
// the datagram.
func internMethod(s string) string {
	switch s {
	case "INVITE":
		return "INVITE"
	case "ACK":
		return "ACK"
	case "BYE":
		return "BYE"
	case "CANCEL":
		return "CANCEL"
	case "OPTIONS":
		return "OPTIONS"
	case "REGISTER":
		return "REGISTER"
	case "PRACK":
		return "PRACK"
	case "UPDATE":
		return "UPDATE"
	case "INFO":
		return "INFO"
	case "REFER":
		return "REFER"
	case "SUBSCRIBE":
		return "SUBSCRIBE"
	case "NOTIFY":
		return "NOTIFY"
	case "MESSAGE":
		return "MESSAGE"
	case "PUBLISH":
		return "PUBLISH"
	}
	return s
}
