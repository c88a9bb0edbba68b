package host

import (
	"fmt"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// dialog is a call of a phone, for requests within it.
type dialog struct {
	p              *phone
	invited, final *sip.Message
	seq            int
}

// dial begins a call and keeps its dialog.
func (p *phone) dial(from string) *dialog {
	p.t.Helper()
	p.invite("From: <sip:" + from + "@example.org>;tag=" + from)
	p.want(200)
	return &dialog{p, p.invited, p.final, 1}
}

// ask sends a request within the dialog and waits for its 200.
func (d *dialog) ask(method string) {
	d.p.t.Helper()
	if res := d.send(method, nil); res.Status != 200 {
		d.p.t.Fatalf("%s: %d %s", method, res.Status, res.Phrase)
	}
}

// send sends a request within the dialog, completed by change, and waits for the answer.
func (d *dialog) send(method string, change func(*sip.Message)) *sip.Message {
	d.p.t.Helper()
	d.seq++
	d.p.invited, d.p.final = d.invited, d.final
	m := d.p.within(method, d.seq)
	m.Set(sip.Via, fmt.Sprintf("%s-%d", m.Header(sip.Via), d.seq))
	if change != nil {
		change(m)
	}
	d.p.send(m)
	for late := time.After(waitLimit); ; {
		select {
		case res := <-d.p.responses:
			if res.Header(sip.CSeq) != m.Header(sip.CSeq) || res.Header(sip.CallID) != m.Header(sip.CallID) {
				continue
			}
			return res
		case <-late:
			d.p.t.Fatalf("no response to %s", method)
		}
	}
}
