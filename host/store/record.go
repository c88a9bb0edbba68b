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
	return call + "#" + strconv.FormatUint(uint64(seq), 10)
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
	return fmt.Sprintf("%d %d %d %d %d", b.Amount, b.Reserved, b.Folded, b.First, b.Next)
}

// ParseBalance is the inverse of Text; it fails with ErrCorrupt.
func ParseBalance(s string) (b Balance, err error) {
	f := strings.Split(s, " ")
	if len(f) != 5 {
		return Balance{}, fmt.Errorf("%w: account %q", ErrCorrupt, clip(s))
	}
	p := parser{text: s}
	b = Balance{
		Amount:   p.number(f[0], -MaxNumber),
		Reserved: p.number(f[1], 0),
		Folded:   p.number(f[2], -MaxNumber),
		First:    uint64(p.number(f[3], 0)),
		Next:     uint64(p.number(f[4], 0)),
	}
	if b.First > b.Next {
		p.bad = true
	}
	if err := p.err("account"); err != nil {
		return Balance{}, err
	}
	return b, nil
}

// Text returns the reservation as it is stored, without its call and seq.
func (r Reservation) Text() string {
	return fmt.Sprintf("%s %d %d %d", r.State, r.Granted, r.Used, r.Due.UnixMilli())
}

// ParseReservation is the inverse of Text; it fails with ErrCorrupt.
func ParseReservation(s string) (r Reservation, err error) {
	f := strings.Split(s, " ")
	if len(f) != 4 {
		return r, fmt.Errorf("%w: reservation %q", ErrCorrupt, clip(s))
	}
	p := parser{text: s}
	r.State = State(f[0])
	switch r.State {
	case Open, Committed, Canceled, Expired, Booked:
	default:
		p.bad = true
	}
	r.Granted = p.number(f[1], 0)
	r.Used = p.number(f[2], -MaxNumber)
	r.Due = time.UnixMilli(p.number(f[3], 0))
	if err := p.err("reservation"); err != nil {
		return Reservation{}, err
	}
	return r, nil
}

// Text returns the entry as it is stored, without its number.
func (e Entry) Text() string {
	return fmt.Sprintf("%d %s %d %s", e.Time.UnixMilli(), e.Kind, e.Amount, e.ID)
}

// ParseEntry is the inverse of Text; it fails with ErrCorrupt.
func ParseEntry(s string) (e Entry, err error) {
	f := strings.SplitN(s, " ", 4)
	if len(f) != 4 {
		return e, fmt.Errorf("%w: ledger entry %q", ErrCorrupt, clip(s))
	}
	p := parser{text: s}
	e = Entry{Time: time.UnixMilli(p.number(f[0], 0)), Kind: Kind(f[1]), Amount: p.number(f[2], -MaxNumber), ID: f[3]}
	switch e.Kind {
	case KindDeposit, KindSet, KindCommit:
	default:
		p.bad = true
	}
	// An id of a call has up to eleven bytes more than a name.
	if e.ID == "" || len(e.ID) > MaxName+11 || !plain(e.ID) {
		p.bad = true
	}
	if err := p.err("ledger entry"); err != nil {
		return Entry{}, err
	}
	return e, nil
}

// parser remembers that a field made no sense.
type parser struct {
	text string
	bad  bool
}

func (p *parser) number(s string, low int64) int64 {
	n, err := ParseNumber(s)
	if err != nil || n < low {
		p.bad = true
		return 0
	}
	return n
}

// ParseNumber reads a number within ±MaxNumber as strconv writes it and nothing
// else; it fails with ErrCorrupt.
func ParseNumber(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < -MaxNumber || n > MaxNumber || strconv.FormatInt(n, 10) != s {
		return 0, fmt.Errorf("%w: number %q", ErrCorrupt, clip(s))
	}
	return n, nil
}

func (p *parser) err(what string) error {
	if !p.bad {
		return nil
	}
	return fmt.Errorf("%w: %s %q", ErrCorrupt, what, clip(p.text))
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
