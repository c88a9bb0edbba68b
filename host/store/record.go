package store

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Both engines keep accounts in the same words, so that a file or a Redis can be
// read by eye:
//
//	account      amount reserved folded first next
//	reservation  state granted used due
//	entry        time kind amount id
//
// Numbers are decimal, times milliseconds since 1970. An id is the rest of the
// line: a deposit's, or call#seq.

// How long an engine remembers what was settled, to know it when it is said
// again.
const (
	SettledFor = time.Hour           // a reservation committed or canceled
	ExpiredFor = 7 * 24 * time.Hour  // one that nobody settled: its commit may come late
	BookedFor  = 30 * 24 * time.Hour // a deposit
	// LedgerKeep is how many entries of an account are kept; older ones are
	// folded into one sum.
	LedgerKeep = 1000
)

// State is what became of a reservation.
type State string

// The states. Only an open reservation holds money back.
const (
	Open      State = "open"
	Committed State = "committed"
	Canceled  State = "canceled"
	Expired   State = "expired"
	Booked    State = "booked" // not a reservation: a deposit, remembered by its id
)

// Reservation is money held back for a call.
type Reservation struct {
	Call          string
	Seq           uint32
	State         State
	Granted, Used int64
	Due           time.Time // when it expires, or is forgotten
}

// Kind is what changed an account.
type Kind string

// The kinds of ledger entries.
const (
	KindDeposit Kind = "deposit"
	KindSet     Kind = "set"
	KindCommit  Kind = "commit"
)

// Entry is one change of an account.
type Entry struct {
	Number uint64
	Time   time.Time // to the millisecond
	Kind   Kind
	Amount int64  // added to the account
	ID     string // the deposit's id, or call#seq
}

// CallID returns the id of a reservation: call#seq.
func CallID(call string, seq uint32) string {
	var room [MaxName + 11]byte
	return string(strconv.AppendUint(append(append(room[:0], call...), '#'), uint64(seq), 10))
}

// ParseCallID is the inverse of CallID.
func ParseCallID(id string) (call string, seq uint32, err error) {
	i := strings.LastIndexByte(id, '#')
	if i < 1 {
		return "", 0, fmt.Errorf("%w: reservation id %q", ErrCorrupt, id)
	}
	n, err := strconv.ParseUint(id[i+1:], 10, 32)
	if err != nil || strconv.FormatUint(n, 10) != id[i+1:] {
		return "", 0, fmt.Errorf("%w: reservation id %q", ErrCorrupt, id)
	}
	return id[:i], uint32(n), nil
}

// Text returns the balance as it is stored.
func (b Balance) Text() string {
	var room [5 * 21]byte
	t := strconv.AppendInt(room[:0], b.Amount, 10)
	t = strconv.AppendInt(append(t, ' '), b.Reserved, 10)
	t = strconv.AppendInt(append(t, ' '), b.Folded, 10)
	t = strconv.AppendUint(append(t, ' '), b.First, 10)
	return string(strconv.AppendUint(append(t, ' '), b.Next, 10))
}

// ParseBalance is the inverse of Text; it fails with ErrCorrupt.
func ParseBalance(s string) (b Balance, err error) {
	p := parser{rest: s}
	b = Balance{
		Amount:   p.number(-MaxNumber),
		Reserved: p.number(0),
		Folded:   p.number(-MaxNumber),
		First:    uint64(p.number(0)),
		Next:     uint64(p.number(0)),
	}
	if b.First > b.Next || p.fault() {
		return Balance{}, corrupt("account", s)
	}
	return b, nil
}

// Text returns the reservation as it is stored, without its call and seq.
func (r Reservation) Text() string {
	var room [96]byte
	t := append(room[:0], r.State...)
	t = strconv.AppendInt(append(t, ' '), r.Granted, 10)
	t = strconv.AppendInt(append(t, ' '), r.Used, 10)
	return string(strconv.AppendInt(append(t, ' '), r.Due.UnixMilli(), 10))
}

// ParseReservation is the inverse of Text; it fails with ErrCorrupt.
func ParseReservation(s string) (r Reservation, err error) {
	p := parser{rest: s}
	r = Reservation{State: State(p.word()), Granted: p.number(0), Used: p.number(-MaxNumber), Due: time.UnixMilli(p.number(0))}
	switch r.State {
	case Open, Committed, Canceled, Expired, Booked:
	default:
		p.bad = true
	}
	if p.fault() {
		return Reservation{}, corrupt("reservation", s)
	}
	return r, nil
}

// Text returns the entry as it is stored, without its number.
func (e Entry) Text() string {
	var room [MaxName + 96]byte
	t := strconv.AppendInt(room[:0], e.Time.UnixMilli(), 10)
	t = append(append(append(t, ' '), e.Kind...), ' ')
	t = append(strconv.AppendInt(t, e.Amount, 10), ' ')
	return string(append(t, e.ID...))
}

// ParseEntry is the inverse of Text; it fails with ErrCorrupt.
func ParseEntry(s string) (e Entry, err error) {
	p := parser{rest: s}
	e = Entry{Time: time.UnixMilli(p.number(0)), Kind: Kind(p.word()), Amount: p.number(-MaxNumber), ID: p.rest}
	p.last = true // the id is the rest, whatever is in it
	switch e.Kind {
	case KindDeposit, KindSet, KindCommit:
	default:
		p.bad = true
	}
	// An id of a call has up to eleven bytes more than a name.
	if e.ID == "" || len(e.ID) > MaxName+11 || !plain(e.ID) {
		p.bad = true
	}
	if p.fault() {
		return Entry{}, corrupt("ledger entry", s)
	}
	return e, nil
}

// parser takes fields off a text, each followed by a space unless it is the last, and
// remembers that one made no sense.
type parser struct {
	rest string
	last bool // there was no space behind the last field
	bad  bool
}

func (p *parser) word() string {
	if p.last {
		p.bad = true
		return ""
	}
	word, rest, more := strings.Cut(p.rest, " ")
	p.rest, p.last = rest, !more
	return word
}

func (p *parser) number(low int64) int64 {
	n, ok := number(p.word())
	if !ok || n < low {
		p.bad = true
		return 0
	}
	return n
}

// fault says whether a field made no sense, or there are more than were read.
func (p *parser) fault() bool { return p.bad || !p.last }

func corrupt(what, s string) error {
	return fmt.Errorf("%w: %s %q", ErrCorrupt, what, clip(s))
}

// ParseNumber reads a number within ±MaxNumber as strconv writes it and nothing
// else; it fails with ErrCorrupt.
func ParseNumber(s string) (int64, error) {
	n, ok := number(s)
	if !ok {
		return 0, corrupt("number", s)
	}
	return n, nil
}

func number(s string) (n int64, ok bool) {
	digits := strings.TrimPrefix(s, "-")
	// What strconv would read and not write: a sign or zeros too many.
	if digits == "" || digits[0] < '0' || digits[0] > '9' || digits[0] == '0' && len(s) > 1 {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= -MaxNumber && n <= MaxNumber
}

// clip keeps what is foreign short in an error's text.
func clip(s string) string {
	return s[:min(len(s), 80)]
}

// SortReservations sorts by call and seq.
func SortReservations(rs []Reservation) {
	slices.SortFunc(rs, func(a, b Reservation) int {
		return cmp.Or(strings.Compare(a.Call, b.Call), cmp.Compare(a.Seq, b.Seq))
	})
}
