package redis

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
)

// What one answer of Redis may be. The client library believes every length it
// reads and allocates for it at once; it panics, in a goroutine of its own, when
// an answer comes that nobody asked for.
const (
	maxAnswer   = 64 << 20 // bytes of one answer
	maxBlob     = 16 << 20 // bytes of one string
	maxElements = 1 << 20  // elements of one answer, all levels together
	maxDepth    = 12       // arrays within arrays
	maxLine     = 64 << 10 // bytes of an error or a status
)

// errBroken is a connection on which Redis does not speak its protocol.
var errBroken = errors.New("not what redis would say")

// gate is a connection to Redis on which nothing is read that the library could
// not stand: it follows the protocol in both directions, counts what was asked
// and answered, and breaks the connection at the first byte that is out of
// bounds.
type gate struct {
	net.Conn

	mu   sync.Mutex // the library reads and writes at once; guards what follows
	sent scanner
	owed int // answers
	// With Sentinel the library subscribes to what happens.
	subscribed         bool
	subscribe, another int // pushes owed that confirm a channel, or the end of one

	// Owned by the reader.
	got    scanner
	broken error
}

func newGate(c net.Conn) *gate {
	return &gate{Conn: c}
}

// Read is net.Conn.Read.
func (g *gate) Read(b []byte) (int, error) {
	n, err := g.Conn.Read(b)
	if bad := g.check(b[:n]); bad != nil {
		_ = g.Conn.Close() // what it says of a broken connection matters to nobody
		return 0, bad
	}
	return n, err
}

func (g *gate) check(b []byte) error {
	if g.broken != nil {
		return g.broken
	}
	for _, c := range b {
		done, err := g.got.step(c)
		if err == nil && done {
			err = g.answered()
		}
		if err != nil {
			g.broken = err
			return err
		}
	}
	return nil
}

func (g *gate) answered() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	word := g.got.first()
	if !g.got.push {
		if g.owed--; g.owed < 0 {
			return fmt.Errorf("%w: it answered what was not asked", errBroken)
		}
		if word == "QUEUED" {
			return fmt.Errorf("%w: it speaks of a transaction", errBroken)
		}
		return nil
	}
	fits := false
	switch word {
	case "invalidate":
		fits = true
	case "subscribe":
		g.subscribe--
		fits = g.subscribe >= 0
	case "unsubscribe":
		g.another--
		fits = g.another >= 0
	case "message":
		fits = g.subscribed
	}
	if !fits {
		return fmt.Errorf("%w: it pushed %q", errBroken, word)
	}
	return nil
}

// asked counts what a command is owed; the mutex is held.
func (g *gate) asked() {
	switch channels := g.sent.count - 1; strings.ToUpper(g.sent.first()) {
	case "SUBSCRIBE":
		g.subscribed = true
		g.subscribe += channels
	case "UNSUBSCRIBE":
		g.another += max(channels, 1)
	default:
		g.owed++
	}
}

// Write is net.Conn.Write.
func (g *gate) Write(b []byte) (int, error) {
	g.mu.Lock()
	for _, c := range b {
		done, err := g.sent.step(c)
		if err != nil {
			g.mu.Unlock()
			return 0, err
		}
		if done {
			g.asked()
		}
	}
	g.mu.Unlock()
	return g.Conn.Write(b)
}

// scanner follows RESP2 and RESP3 (without streamed types and attributes, which
// Redis does not send by itself) byte by byte.
type scanner struct {
	state    scanState
	kind     byte // of the value that is being read
	line     int  // bytes of the current line
	cr       bool // the last byte of the line was a CR
	number   int
	negative bool
	blob     int // bytes that are missing of a blob, its CRLF included

	size     int
	elements int
	left     [maxDepth]int // elements missing, a level
	depth    int
	push     bool     // the whole value is a push
	count    int      // its elements
	word     [16]byte // of a line, or of the first string of a list: how it begins
	letters  int
}

func (s *scanner) first() string { return string(s.word[:s.letters]) }

func (s *scanner) letter(c byte) {
	if s.letters < len(s.word) {
		s.word[s.letters] = c
		s.letters++
	}
}

type scanState uint8

const (
	atKind scanState = iota
	inLine
	inLength
	inBlob
)

// step takes a byte; done says that a whole value has ended with it.
func (s *scanner) step(c byte) (done bool, err error) {
	if s.state == atKind && s.depth == 0 {
		s.size, s.elements, s.push, s.count, s.letters = 0, 0, c == '>', 0, 0
	}
	if s.size++; s.size > maxAnswer {
		return false, bad("more than %d bytes", maxAnswer)
	}
	switch s.state {
	case atKind:
		s.kind, s.line, s.cr, s.number, s.negative = c, 0, false, 0, false
		switch c {
		case '+', '-', ':', ',', '(', '_', '#':
			s.state = inLine
		case '$', '=', '!', '*', '~', '%', '>':
			s.state = inLength
		default:
			return false, bad("type %q", c)
		}
		if c == '>' && s.depth > 0 {
			return false, bad("a push within a value")
		}
		return false, nil
	case inBlob:
		return s.inBlob(c)
	default:
		return s.inLine(c)
	}
}

func (s *scanner) inBlob(c byte) (bool, error) {
	s.blob--
	if s.blob == 1 && c != '\r' || s.blob == 0 && c != '\n' {
		return false, bad("a string that does not end in CRLF")
	}
	if s.blob > 1 && s.depth == 1 && s.left[0] == s.count {
		s.letter(c)
	}
	if s.blob > 0 {
		return false, nil
	}
	return s.ended(), nil
}

func (s *scanner) inLine(c byte) (bool, error) {
	if s.line++; s.line > maxLine {
		return false, bad("a line of more than %d bytes", maxLine)
	}
	if c == '\n' {
		if !s.cr {
			return false, bad("a line that does not end in CRLF")
		}
		return s.endLine()
	}
	if s.cr {
		return false, bad("a CR within a line")
	}
	if s.cr = c == '\r'; s.cr {
		return false, nil
	}
	if s.state == inLine {
		if s.depth == 0 {
			s.letter(c)
		}
		return false, nil
	}
	switch {
	case c == '-' && s.line == 1:
		s.negative = true
	case c < '0' || c > '9':
		return false, bad("length %q", c)
	default:
		if s.number = s.number*10 + int(c-'0'); s.number > maxBlob {
			return false, bad("a length above %d", maxBlob)
		}
	}
	return false, nil
}

func (s *scanner) endLine() (bool, error) {
	text := s.line - 2
	if s.state == inLine {
		// The library skips what it takes for granted here.
		if s.kind == '_' && text != 0 || s.kind == '#' && text != 1 || s.kind == ':' && text == 0 {
			return false, bad("%d bytes in a value of type %q", text, s.kind)
		}
		return s.ended(), nil
	}
	if s.negative {
		if s.number == 1 && text == 2 && (s.kind == '$' || s.kind == '*') {
			return s.ended(), nil // null of RESP2
		}
		return false, bad("a negative length")
	}
	if text == 0 {
		return false, bad("no length")
	}
	switch s.kind {
	case '$', '=', '!':
		s.state, s.blob = inBlob, s.number+2
		return false, nil
	case '%':
		s.number *= 2
	}
	if s.elements += s.number; s.elements > maxElements {
		return false, bad("more than %d elements", maxElements)
	}
	if s.number == 0 {
		return s.ended(), nil
	}
	if s.depth == maxDepth {
		return false, bad("more than %d levels", maxDepth)
	}
	if s.depth == 0 {
		s.count = s.number
	}
	s.left[s.depth] = s.number
	s.depth++
	s.state = atKind
	return false, nil
}

// ended closes the value and all that end with it.
func (s *scanner) ended() (done bool) {
	s.state = atKind
	for s.depth > 0 {
		if s.left[s.depth-1]--; s.left[s.depth-1] > 0 {
			return false
		}
		s.depth--
	}
	return true
}

func bad(format string, args ...any) error {
	return fmt.Errorf("%w: it answered with %s", errBroken, fmt.Sprintf(format, args...))
}
