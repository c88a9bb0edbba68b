package transaction_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
)

// The 49 messages of RFC 4475 as datagrams, three times each: what is acceptable reaches the
// user once, what is not is answered as often as it comes, or dropped; nothing is left behind
// that the user did not get.
func TestTorture(t *testing.T) {
	const dir = "../sip/testdata/torture"
	table, err := os.ReadFile(filepath.Join(dir, "expected.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		file, verdict := f[0], f[1]
		t.Run(file, func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join(dir, file+".dat"))
			if err != nil {
				t.Fatal(err)
			}
			run(t, transaction.Config{}, func(r *rig) {
				for range 3 {
					r.peer.send(string(b))
				}
				var up, sent []string
				if code, err := strconv.Atoi(verdict); err == nil {
					sent = slices.Repeat([]string{strconv.Itoa(code)}, 3)
				}
				m, _ := sip.Parse(b)
				if verdict == "accept" && m.IsRequest() {
					up = []string{m.Method}
					if m.Method == "INVITE" { // the retransmissions get 100
						sent = []string{"100", "100"}
					}
				}
				want(t, "told", r.user.take(), up)
				var got []string
				for _, a := range r.peer.take() {
					got = append(got, strconv.Itoa(a.m.Status))
				}
				want(t, "sent", got, sent)
				if s := r.tx.Stats(); s.ServersOpen != uint64(len(up)) {
					t.Errorf("%+v", s)
				}
				if s := r.tp.Stats(); s.Panics != 0 || s.Received != 3 {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}
