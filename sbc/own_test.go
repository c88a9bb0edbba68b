package sbc

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-sbc/sallyport/media"
)

// established is a bed with one call that is up.
func established(t *testing.T) (b *bed, id string) {
	t.Helper()
	b = newBed(t)
	b.configure(calledProfile)
	b.phone("a")
	b.phone("b")
	b.start()
	b.step("a", "INVITE", "+sdp 6000")
	b.step("b", "200", "+sdp 7000")
	b.step("a", "ACK", "")
	return b, b.sbc.Calls(t.Context())[0].ID
}

// What nobody answers is counted and ends nothing; a call has only so many requests of its own
// on their way, and none when it is over.
func TestInformIsIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, id := established(t)
		defer b.close()
		for range maxOwn + 4 {
			if !b.sbc.Inform(id, Info{Leg: media.B, ContentType: "text/plain", Body: "x"}) {
				t.Fatal("there is no such call")
			}
		}
		if n := strings.Count(b.got("b"), "INFO"); n != maxOwn {
			t.Errorf("b got %d, want %d", n, maxOwn)
		}
		if n := b.sbc.Stats().Ignored; n != 4 {
			t.Errorf("%d ignored before any was answered, want 4", n)
		}
		time.Sleep(40 * time.Second)
		b.got("b")
		if st := b.sbc.Stats(); st.Ignored != maxOwn+4 || st.Active != 1 {
			t.Errorf("%+v", st)
		}
		b.sbc.Inform(id, Info{Leg: media.B})
		if got := b.got("b"); got != "INFO" {
			t.Errorf("b got %q", got)
		}
		b.step("a", "BYE", "")
		b.sbc.Inform(id, Info{Leg: media.B})
		if got := b.got("b"); got != "" {
			t.Errorf("after the end b got %q", got)
		}
		b.step("b", "200 BYE", "")
		time.Sleep(10 * time.Minute)
		synctest.Wait()
	})
}

// The request waits for the ACK of a 2xx, also one that carries the answer.
func TestInformWaitsForTheACK(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t)
		defer b.close()
		b.configure(calledProfile)
		b.phone("a")
		b.phone("b")
		b.start()
		b.step("a", "INVITE", "")
		b.step("b", "200", "+sdp 7000")
		id := b.sbc.Calls(t.Context())[0].ID
		b.sbc.Inform(id, Info{Leg: media.A})
		b.sbc.Inform(id, Info{Leg: media.B})
		if a, got := b.got("a"), b.got("b"); strings.Contains(a+got, "INFO") {
			t.Errorf("before the ACK a got %q, b %q", a, got)
		}
		b.phone("a").send([]string{"ACK"}, "+sdp 6000")
		if got := b.got("a"); got != "INFO" {
			t.Errorf("a got %q", got)
		}
		if got := b.got("b"); got != "ACK\nINFO" {
			t.Errorf("b got %q", got)
		}
		b.step("a", "200 INFO", "")
		b.step("b", "200 INFO", "")
		b.step("a", "BYE", "")
		b.step("b", "200 BYE", "")
		time.Sleep(10 * time.Minute)
		synctest.Wait()
	})
}

func TestReferIsChecked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, id := established(t)
		defer b.close()
		for target, want := range map[string]error{
			"": ErrReferTarget, "carol": ErrReferTarget, "sip:": ErrReferTarget, "sip:carol@example.org>": ErrReferTarget,
			"<sip:carol@example.org>": ErrReferTarget, "sip:a b@example.org": ErrReferTarget, "sip:carol@example.org\r\nX: y": ErrReferTarget,
			"tel:+15550100": nil, "sip:carol@example.org;user=phone": nil,
		} {
			if err := b.sbc.Refer(id, Transfer{Target: target}); !errors.Is(err, want) {
				t.Errorf("%q: %v, want %v", target, err, want)
			}
		}
		if err := b.sbc.Refer("nobody", Transfer{Target: "sip:carol@example.org"}); !errors.Is(err, ErrNoCall) {
			t.Errorf("a call of nobody: %v", err)
		}
		if got := b.got("a"); got != "REFER\nREFER" {
			t.Errorf("a got %q", got)
		}
		b.step("a", "BYE", "")
		b.step("b", "200 BYE", "")
		time.Sleep(10 * time.Minute)
		synctest.Wait()
	})
}
