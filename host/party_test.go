package host

import (
	"reflect"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc"
)

// Every figure of a party that the API has is filled from the one of the same name.
func TestPartyOf(t *testing.T) {
	d := media.Direction{Packets: 1, Bytes: 2, Lost: 3, Rejected: 4, Filtered: 5, Limited: 6, Digits: 7, Jitter: 8 * time.Millisecond}
	got := reflect.ValueOf(partyOf(sbc.PartyMedia{Codec: "PCMU/8000", MOS: 4.2, Direction: d}))
	for _, name := range []string{"Packets", "Bytes", "Lost", "Rejected", "Filtered", "Limited", "Digits"} {
		if is, want := got.FieldByName(name).Uint(), reflect.ValueOf(d).FieldByName(name).Uint(); is != want {
			t.Errorf("%s = %d, want %d", name, is, want)
		}
	}
	if got.FieldByName("JitterMS").Float() != 8 || got.FieldByName("MOS").Float() != 4.2 {
		t.Errorf("party %+v", got)
	}
}
