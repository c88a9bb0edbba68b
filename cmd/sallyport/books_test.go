package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// price is what a second of talking costs by the tariff of these tests, in micro-units.
const price = 10_000

// books are what the accounts of a store say: what each call was charged, and what is
// still held back for it. Calls are known by the SBC's own id.
type books struct {
	charged map[string]int64
	held    map[string][]store.Reservation
	balance map[string]store.Balance
}

// audit reads all accounts, and fails the test unless each adds up by itself: what was
// paid in less what was taken is what is there, nothing was taken twice, what is held back
// is the sum of the open reservations, and nobody has spent more than there was.
func audit(t *testing.T, engine store.Accounts, paid map[string]int64) books {
	t.Helper()
	b := books{map[string]int64{}, map[string][]store.Reservation{}, map[string]store.Balance{}}
	seen := map[string]bool{}
	for name, deposit := range paid {
		balance, err := engine.Balance(t.Context(), name)
		if err != nil {
			t.Fatalf("account %s: %v", name, err)
		}
		b.balance[name] = balance
		entries, err := engine.Ledger(t.Context(), name, balance.First, int(balance.Next-balance.First))
		if err != nil || uint64(len(entries)) != balance.Next-balance.First || balance.Folded != 0 {
			t.Fatalf("account %s: %d entries of %+v, %v", name, len(entries), balance, err)
		}
		in, out := int64(0), int64(0)
		for _, e := range entries {
			if e.Kind != store.KindCommit {
				in += e.Amount
				continue
			}
			if seen[e.ID] {
				t.Errorf("account %s: %s was taken twice", name, e.ID)
			}
			seen[e.ID] = true
			out -= e.Amount
			b.charged[callOf(t, e.ID)] -= e.Amount
		}
		if in != deposit || balance.Amount != in-out || balance.Amount < 0 {
			t.Errorf("account %s: %d paid in, want %d; %d taken; the balance is %d", name, in, deposit, out, balance.Amount)
		}
		open, err := engine.Reservations(t.Context(), name)
		if err != nil {
			t.Fatalf("account %s: %v", name, err)
		}
		held := int64(0)
		for _, r := range open {
			held += r.Granted
			id, _, _ := strings.Cut(r.Call, "/")
			b.held[id] = append(b.held[id], r)
		}
		if held != balance.Reserved {
			t.Errorf("account %s: %d held back, its reservations say %d", name, balance.Reserved, held)
		}
	}
	return b
}

// callOf is the call in the id of a commit: CALL/USE#NUMBER.
func callOf(t *testing.T, id string) string {
	t.Helper()
	call, _, err := store.ParseCallID(id)
	if err != nil {
		t.Fatal(err)
	}
	call, _, _ = strings.Cut(call, "/")
	return call
}

// cdr is what these tests read of a call record.
type cdr struct {
	ID          string `json:"cdr_id"`
	CallID      string `json:"call_id_a"`
	Disposition string `json:"disposition"`
	Code        int    `json:"sip_code"`
	Billsec     int64  `json:"billsec"`
}

// cost is what the call must be charged: its whole seconds, but at least one.
func (r cdr) cost() int64 {
	if r.Disposition != "answered" {
		return 0
	}
	return max(r.Billsec, 1) * price
}

// cdrs reads the whole lines of the site's file by the caller's Call-ID. A call that has
// two records fails the test.
func (s *site) cdrs() map[string]cdr {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "cdr.jsonl"))
	if err != nil && !os.IsNotExist(err) {
		s.t.Fatal(err)
	}
	all := map[string]cdr{}
	for line := range bytes.Lines(text) {
		if line[len(line)-1] != '\n' {
			break
		}
		var r cdr
		if err := json.Unmarshal(line, &r); err != nil {
			s.t.Fatalf("%v in %s", err, line)
		}
		if _, twice := all[r.CallID]; twice {
			s.t.Errorf("call %s has two records", r.CallID)
		}
		all[r.CallID] = r
	}
	return all
}

// said is a line of the SBC's log.
type said struct {
	Level     string `json:"level"`
	Msg       string `json:"msg"`
	Call      string `json:"call"`
	SIPCallID string `json:"sip_call_id"`
}

// log reads what the SBC has logged so far, as JSON.
func (p *process) log() (lines []said) {
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	for _, l := range p.out.lines {
		var line said
		if json.Unmarshal([]byte(l), &line) == nil {
			lines = append(lines, line)
		}
	}
	return lines
}

// begun are the calls that the log tells of: the SBC's id by the caller's Call-ID.
func (p *process) begun() map[string]string {
	ids := map[string]string{}
	for _, l := range p.log() {
		if l.Msg == "call begins" {
			ids[l.SIPCallID] = l.Call
		}
	}
	return ids
}

// errors are the calls that the log has an error about, by the SBC's id.
func (p *process) errors() map[string]bool {
	ids := map[string]bool{}
	for _, l := range p.log() {
		if l.Level == "ERROR" && l.Call != "" {
			ids[l.Call] = true
		}
	}
	return ids
}

// about are the lines that name a call.
func (p *process) about(id string) (lines []string) {
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	for _, l := range p.out.lines {
		if strings.Contains(l, id) {
			lines = append(lines, l)
		}
	}
	return lines
}
