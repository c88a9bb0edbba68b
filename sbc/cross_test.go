package sbc

import (
	"net/netip"
	"testing"
	"testing/synctest"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/media/mediatest"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

func TestForcesSymmetric(t *testing.T) {
	for v, want := range map[string]bool{
		"2": true, "3": true, "6": true, "a": true, "F": true, "20": true, " 2 ": true,
		"0": false, "1": false, "02": false, "d": false, "": false, "x": false, "2x": false, "-2": false,
	} {
		m := sip.NewRequest("INVITE", "sip:bob@example.net")
		m.AddNamed("P-MsgFlags", v)
		if got := forcesSymmetric(m); got != want {
			t.Errorf("flags %q force symmetric RTP: %v, want %v", v, got, want)
		}
	}
}

// The flags of the INVITE make leg A's media symmetric, those of its response leg B's.
func TestSymmetricByFlags(t *testing.T) {
	for _, c := range []struct {
		name, a, b   string
		wantA, wantB bool
	}{
		{"nobody says anything", "", "", false, false},
		{"the caller's proxy", "P-MsgFlags: 2\n", "", true, false},
		{"the callee's proxy", "", "P-MsgFlags: 2\n", false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBed(t)
				defer b.close()
				engine := &mediatest.Engine{}
				anchor, err := media.New(media.Config{Engine: engine, Sequential: true, Interfaces: []media.Interface{
					{Name: "outside", Addr: netip.MustParseAddr("192.0.2.1"), PortMin: 20000, PortMax: 20099},
					{Name: "inside", Addr: netip.MustParseAddr("198.51.100.1"), PortMin: 30000, PortMax: 30099},
				}})
				if err != nil {
					t.Fatal(err)
				}
				defer anchor.Close()
				b.sbc.Attach(b.tr, b.x, anchor)
				b.configure(`[default.routing]
targets = ["sip:bob@198.51.100.11"]
interface = "inside"
[default.media]
symmetric_a = false
symmetric_b = false
symmetric_by_flags = true
`)
				caller, callee := b.phone("a"), b.phone("b")
				b.start()
				caller.send([]string{"INVITE"}, c.a+"+sdp 6000")
				synctest.Wait()
				for _, m := range callee.take() {
					callee.learn(m)
				}
				callee.send([]string{"200"}, c.b+"+sdp 7000")
				synctest.Wait()
				f, _, ok := engine.Flow(netip.MustParseAddrPort("192.0.2.1:20000"))
				if !ok || f.Remote[media.A].Symmetric != c.wantA || f.Remote[media.B].Symmetric != c.wantB {
					t.Errorf("media of a is symmetric: %v, of b: %v, want %v, %v", f.Remote[media.A].Symmetric, f.Remote[media.B].Symmetric, c.wantA, c.wantB)
				}
			})
		})
	}
}
