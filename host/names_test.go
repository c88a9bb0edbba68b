package host

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

// TestNames: where a call goes, and where a party wants to be called, may be names, which the
// system looks up. The port keeps the look-up to the address, which every system knows.
func TestNames(t *testing.T) {
	local := netip.MustParseAddr("127.0.0.1")
	a, b := newPhone(t, local, 0), newPhone(t, local, 0)
	s := stageOf(t, fmt.Sprintf("active_profile = [\"default\"]\n[profile.default.routing]\ntargets = [\"sip:bob@localhost:%d\"]\n", b.addr.Port()))
	t.Cleanup(a.close)
	t.Cleanup(b.close)
	a.sbc = s.a.sbc
	contact := fmt.Sprintf("sip:alice@localhost:%d", a.addr.Port())
	a.invite("Contact: <" + contact + ">")
	a.want(200)
	b.wantRequest("INVITE", "ACK")
	calls := s.host.sbc.Calls(t.Context())
	if len(calls) != 1 || !s.host.sbc.Hangup(calls[0].ID, "", 200, "enough") {
		t.Fatalf("calls: %+v", calls)
	}
	if m := a.wantRequest("BYE"); !strings.HasPrefix(m.RURI, contact) {
		t.Errorf("BYE to %s, want %s", m.RURI, contact)
	}
	b.wantRequest("BYE")
}
