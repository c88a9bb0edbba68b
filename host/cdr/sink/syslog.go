package sink

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/sallyport-sbc/sallyport/host/cdr"
)

// SyslogOptions say where messages are sent to, and what stands in them.
type SyslogOptions struct {
	// Network is "udp" (RFC 5426), "tcp" (RFC 6587, octets counted) or "unix": a
	// datagram or stream socket.
	Network string
	Address string
	// Facility is 0 to 23, RFC 5424 §6.2.1; the severity is always 6, information.
	Facility int
	Host     string // HOSTNAME
	// SDID is the name of the structured data element with the record's ID.
	SDID string
	// Timeout is for one message, and for connecting.
	Timeout time.Duration
}

// Syslog sends each record as a message by RFC 5424, its ID in structured data.
//
// No receiver of syslog acknowledges anything. So, over a stream, what was sent in
// the seconds before a connection broke is sent again on the next one; over UDP
// what is lost is lost.
type Syslog struct {
	o      SyslogOptions
	header string // between PRI and the structured data, without the time
	conn   net.Conn
	stream bool
	gone   chan struct{} // closed when the other end has closed the stream
	recent recent
	buf    []byte
}

// NewSyslog returns the sink. It has a goroutine a stream connection, which ends
// with it.
func NewSyslog(o SyslogOptions) *Syslog {
	return &Syslog{o: o, header: fmt.Sprintf(" %s sallyport %d CDR [%s id=\"", printable(o.Host, 255), os.Getpid(), o.SDID)}
}

// printable makes a header field of RFC 5424: printable ASCII without spaces, "-"
// for nothing.
func printable(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r >= 0x7f {
			return -1
		}
		return r
	}, s)
	if s == "" {
		return "-"
	}
	return s[:min(len(s), most)]
}

// Deliver sends one message a record.
func (s *Syslog) Deliver(ctx context.Context, records []cdr.Record) (int, error) {
	if s.isGone() {
		s.hangUp()
	}
	if s.conn == nil {
		if err := s.connect(ctx); err != nil {
			return 0, err
		}
	}
	conn := s.conn
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	for i, r := range records {
		err := s.send(s.message(r))
		if errors.Is(err, syscall.EMSGSIZE) {
			return i, fmt.Errorf("%w: %w", cdr.ErrRefused, err)
		}
		if err != nil {
			s.hangUp()
			return i, err
		}
	}
	return len(records), nil
}

// message is the message of a record, framed.
func (s *Syslog) message(r cdr.Record) []byte {
	const room = 8 // for the count of octets
	b := append(s.buf[:0], "        <"...)
	b = strconv.AppendInt(b, int64(s.o.Facility*8+6), 10)
	b = append(b, ">1 "...)
	b = time.Now().UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	b = append(b, s.header...)
	b = r.ID.Append(b)
	b = append(b, `"] `...)
	b = append(b, r.Line...)
	s.buf = b
	if !s.stream {
		return b[room:]
	}
	if s.o.Network == "unix" {
		// A stream socket for local logging has a line a message.
		s.buf = append(b, '\n')
		return s.buf[room:]
	}
	count := strconv.Itoa(len(b)-room) + " "
	b = b[room-len(count):]
	copy(b, count)
	return b
}

// send writes one message.
func (s *Syslog) send(m []byte) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.o.Timeout)); err != nil {
		return err
	}
	if _, err := s.conn.Write(m); err != nil {
		return err
	}
	if s.stream {
		s.recent.add(m)
	}
	return nil
}

func (s *Syslog) connect(ctx context.Context) error {
	d := net.Dialer{Timeout: s.o.Timeout}
	var err error
	switch s.o.Network {
	case "unix":
		if s.conn, err = d.DialContext(ctx, "unixgram", s.o.Address); err != nil {
			s.conn, err = d.DialContext(ctx, "unix", s.o.Address)
			s.stream = true
		} else {
			s.stream = false
		}
	default:
		s.conn, err = d.DialContext(ctx, s.o.Network, s.o.Address)
		s.stream = s.o.Network == "tcp"
	}
	if err != nil {
		s.conn = nil
		return err
	}
	if !s.stream {
		return nil
	}
	if c, ok := s.conn.(*net.TCPConn); ok {
		// What waits on this side is lost with the connection, too.
		_ = c.SetWriteBuffer(256 << 10)
	}
	s.gone = make(chan struct{})
	go watch(s.conn, s.gone)
	again := s.recent.take()
	for i, m := range again {
		if err := s.send(m); err != nil {
			s.hangUp()
			for _, m := range again[i:] {
				s.recent.add(m)
			}
			return err
		}
	}
	return nil
}

// watch reads what no receiver of syslog sends, to learn that it has gone: a write
// would not tell before the next but one. It ends with the connection.
func watch(c net.Conn, gone chan<- struct{}) {
	defer close(gone)
	b := make([]byte, 512)
	for {
		if _, err := c.Read(b); err != nil {
			return
		}
	}
}

func (s *Syslog) isGone() bool {
	if s.conn == nil || !s.stream {
		return false
	}
	select {
	case <-s.gone:
		return true
	default:
		return false
	}
}

func (s *Syslog) hangUp() {
	if s.conn == nil {
		return
	}
	s.recent.trim()
	_ = s.conn.Close()
	if s.stream {
		<-s.gone
	}
	s.conn = nil
}

// Keep repeats, on a new connection, what was sent just before the one there was
// broke.
func (s *Syslog) Keep(ctx context.Context) error {
	if s.isGone() {
		s.hangUp()
	}
	if s.conn != nil || len(s.recent.messages) == 0 {
		return nil
	}
	return s.connect(ctx)
}

// Close closes the connection.
func (s *Syslog) Close() error {
	s.hangUp()
	return nil
}

const (
	// recentTime is how long the receiver may take to read what it was sent, and
	// recentSize how much of it its system may hold: the buffer of a connection grows
	// to 6 MiB on Linux.
	recentTime = 30 * time.Second
	recentSize = 8 << 20
)

// recent are the messages that were just sent, oldest first.
type recent struct {
	messages [][]byte
	at       []time.Time
	size     int
}

func (r *recent) add(m []byte) {
	now := time.Now()
	r.messages, r.at = append(r.messages, append([]byte(nil), m...)), append(r.at, now)
	r.size += len(m)
	r.trim()
}

// trim forgets what is old, or too much.
func (r *recent) trim() {
	now, old := time.Now(), 0
	for old < len(r.at) && (r.size > recentSize || now.Sub(r.at[old]) > recentTime) {
		r.size -= len(r.messages[old])
		old++
	}
	clear(r.messages[:old])
	r.messages, r.at = r.messages[old:], r.at[old:]
}

// take empties it.
func (r *recent) take() [][]byte {
	messages := r.messages
	*r = recent{}
	return messages
}
