package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/sdk"
	"github.com/sallyport-sbc/sallyport/sdk/sdktest"
)

func host1(t testing.TB) *sdktest.Host {
	return sdktest.New(t, &module{}, sdktest.Options{Module: "cdr"})
}

// only is the one record there is.
func only(t *testing.T, h *sdktest.Host) map[string]any {
	t.Helper()
	if n := len(h.CDRs()); n != 1 {
		t.Fatalf("%d records, want 1", n)
	}
	var r map[string]any
	if err := json.Unmarshal([]byte(h.CDRs()[0]), &r); err != nil {
		t.Fatalf("%v in %s", err, h.CDRs()[0])
	}
	return r
}

// answered goes through a call that has everything.
func answered(h *sdktest.Host) error {
	c := h.Call()
	c.Params = []abi.Field{{Name: "account", Value: "1001"}, {Name: "tenant", Value: "acme"}}
	c.Vars.Set("tenant", "overruled")
	c.Vars.Set("route", "carrier-b")
	c.Invite()
	c.Ring(1200 * time.Millisecond)
	c.Answer(2050 * time.Millisecond)
	return c.Finish(abi.End{
		Disposition: abi.Answered, Code: 200, Reason: "OK", Q850: 16, HangupBy: "a", Modules: []string{"cdr", "limit"},
		A: abi.MediaStats{Codec: "PCMU/8000", Packets: 4500, Lost: 2, Jitter: 1250 * time.Microsecond, MOS: 4.38},
		B: abi.MediaStats{Codec: "PCMU/8000", Packets: 4498, Jitter: 800 * time.Microsecond, MOS: 4.41},
	}, 90*time.Second)
}

// The record in README.md is the one this call leaves.
func TestReadmeShowsTheRecord(t *testing.T) {
	h := host1(t)
	if err := answered(h); err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(readme), "```json\n")
	shown, _, _ = strings.Cut(shown, "```")
	var want map[string]any
	if err := json.Unmarshal([]byte(shown), &want); err != nil {
		t.Fatal(err)
	}
	if got := only(t, h); !reflect.DeepEqual(got, want) {
		t.Errorf("record %v\nREADME %v", got, want)
	}
	for name := range want {
		if !strings.Contains(string(readme), "`"+name+"`") && !strings.HasSuffix(name, "_a") && !strings.HasSuffix(name, "_b") {
			t.Errorf("README.md does not explain %s", name)
		}
	}
}

func TestEndsOfACall(t *testing.T) {
	for name, c := range map[string]struct {
		call func(c *sdktest.Call) error
		want map[string]any // nil: not in the record
	}{
		"no answer": {func(c *sdktest.Call) error {
			c.Invite()
			c.Ring(time.Second)
			return c.Reject(480, "Temporarily Unavailable", 30*time.Second)
		}, map[string]any{
			"disposition": "failed", "sip_code": 480., "billsec": 0., "duration_ms": 31000., "pdd_ms": 1000.,
			"answer_time": nil, "codec_a": nil, "pkts_a": nil, "q850_cause": nil, "dst_ip": "198.51.100.1", "hangup_by": "b",
		}},
		"canceled": {func(c *sdktest.Call) error {
			c.Invite()
			return c.Cancel(5 * time.Second)
		}, map[string]any{"disposition": "canceled", "sip_code": 487., "pdd_ms": nil, "hangup_by": "a"}},
		"refused by a module": {func(c *sdktest.Call) error {
			c.Invite()
			return c.Finish(abi.End{Disposition: abi.Refused, Code: 403, Reason: "Forbidden", HangupBy: "limit", Modules: []string{"cdr", "limit"}}, 0)
		}, map[string]any{
			"disposition": "refused", "sip_code": 403., "hangup_by": "limit", "call_id_b": nil, "dst_ip": nil,
			"duration_ms": 0., "modules": []any{"cdr", "limit"},
		}},
		"dropped by the profile": {func(c *sdktest.Call) error {
			return c.Finish(abi.End{Disposition: abi.Dropped, HangupBy: "sbc"}, 0)
		}, map[string]any{"disposition": "dropped", "sip_code": nil, "sip_reason": nil}},
		"answered without ringing": {func(c *sdktest.Call) error {
			c.Invite()
			c.Answer(700 * time.Millisecond)
			return c.Hangup("b", 59*time.Second+999*time.Millisecond)
		}, map[string]any{"pdd_ms": 700., "billsec": 59., "duration_ms": 60699., "hangup_by": "b"}},
		"the clock went back": {func(c *sdktest.Call) error {
			c.Invite()
			c.Answer(time.Second)
			return c.Hangup("a", -time.Hour)
		}, map[string]any{"billsec": 0., "duration_ms": 0.}},
		"over IPv6": {func(c *sdktest.Call) error {
			c.Source = netip.MustParseAddrPort("[2001:db8::7]:5060")
			c.Invite()
			return c.Cancel(0)
		}, map[string]any{"src_ip": "2001:db8::7"}},
		"replaced fields": {func(c *sdktest.Call) error {
			c.Params = []abi.Field{{Name: "caller", Value: "+15550100"}, {Name: "callee", Value: ""}, {Name: "from_uri", Value: "tel:+15550100"}, {Name: "cdr_id", Value: "mine"}}
			c.Vars.Set("caller", "of a module")
			c.Invite()
			return c.Cancel(0)
		}, map[string]any{
			"caller": "+15550100", "callee": "bob", "from_uri": "tel:+15550100", "cdr_id": "call-1",
			"vars": map[string]any{"cdr_id": "mine", "caller": "of a module"},
		}},
	} {
		h := host1(t)
		if err := c.call(h.Call()); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := only(t, h)
		for field, want := range c.want {
			if !reflect.DeepEqual(got[field], want) {
				t.Errorf("%s: %s = %v, want %v", name, field, got[field], want)
			}
		}
	}
}

// all is every record of a host, with what tells them apart.
func all(t testing.TB, h *sdktest.Host) (kinds []string, records []map[string]any) {
	t.Helper()
	for _, line := range h.CDRs() {
		var r map[string]any
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		kinds = append(kinds, fmt.Sprint(r["type"], r["seq"]))
		records = append(records, r)
	}
	return kinds, records
}

func TestRecordsOfACall(t *testing.T) {
	for config, want := range map[string][]string{
		``:                               {"stop0"},
		`{"records": ["stop"]}`:          {"stop0"},
		`{"records": ["start"]}`:         {"start0"},
		`{"records": ["start", "stop"]}`: {"start0", "stop1"},
		`{"records": ["interim", "stop"], "interim": "30s"}`:          {"interim0", "interim1", "interim2", "stop3"},
		`{"records": ["start", "interim", "stop"], "interim": "30"}`:  {"start0", "interim1", "interim2", "interim3", "stop4"},
		`{"records": ["start", "interim", "stop"], "interim": "90s"}`: {"start0", "stop1"},
	} {
		h := sdktest.New(t, &module{}, sdktest.Options{Module: "cdr", Config: config})
		c := h.Call()
		c.Params = []abi.Field{{Name: "account", Value: "1001"}}
		c.Vars.Set("route", "carrier-b")
		if _, err := c.Invite(); err != nil {
			t.Fatal(err)
		}
		c.Ring(time.Second)
		if _, err := c.Answer(2 * time.Second); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if at, set := c.Timers[timerInterim]; !set || at.At.Sub(c.Connect) > 90*time.Second || !strings.Contains(config, "30") {
				break
			}
			if _, _, err := c.Fire(timerInterim); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Hangup("b", time.Second); err != nil {
			t.Fatal(err)
		}
		kinds, records := all(t, h)
		if !reflect.DeepEqual(kinds, want) {
			t.Errorf("%s: %v, want %v", config, kinds, want)
			continue
		}
		for i, r := range records {
			if r["cdr_id"] != "call-1" || r["schema"] != 1. || r["account"] != "1001" || r["answer_time"] == nil || r["a_realm"] == nil {
				t.Errorf("%s: %v", kinds[i], r)
			}
			if over := r["type"] == "stop"; over != (r["end_time"] != nil) || over != (r["modules"] != nil) || over != (r["disposition"] != nil) {
				t.Errorf("%s: %v", kinds[i], r)
			}
			if n, _ := r["seq"].(float64); r["type"] == "interim" && r["billsec"] != 30*(n+1-records[0]["seq"].(float64)-float64(map[bool]int{true: 1}[records[0]["type"] == "start"])) {
				t.Errorf("%s after %v seconds", kinds[i], r["billsec"])
			}
		}
	}
}

// A call that is not answered has no start record.
func TestRecordsOfACallWithoutAnswer(t *testing.T) {
	h := sdktest.New(t, &module{}, sdktest.Options{Module: "cdr", Config: `{"records": ["start", "interim", "stop"]}`})
	c := h.Call()
	c.Invite()
	if err := c.Cancel(time.Second); err != nil {
		t.Fatal(err)
	}
	if kinds, _ := all(t, h); !reflect.DeepEqual(kinds, []string{"stop0"}) {
		t.Errorf("%v", kinds)
	}
}

// What is not wanted is not asked for.
func TestHooksThatAreWanted(t *testing.T) {
	for config, want := range map[string][]abi.Event{
		``:                                       {abi.EventEnd},
		`{"records": ["start"]}`:                 {abi.EventConnect},
		`{"records": ["interim"]}`:               {abi.EventConnect, abi.EventTimer},
		`{"records": ["start", "stop"]}`:         {abi.EventConnect, abi.EventEnd},
		`{"records": ["stop"], "interim": "1m"}`: {abi.EventEnd},
	} {
		h := sdktest.New(t, &module{}, sdktest.Options{Config: config})
		for _, e := range []abi.Event{abi.EventStart, abi.EventConnect, abi.EventTimer, abi.EventEnd} {
			if h.Wants(e) != slices.Contains(want, e) {
				t.Errorf("%s: %v %v", config, e, h.Wants(e))
			}
		}
	}
}

func TestConfiguration(t *testing.T) {
	for _, config := range []string{
		`{"records": []}`, `{"records": ["begin"]}`, `{"records": "stop"}`, `{"interim": "soon"}`, `{"interim": "0.5"}`, `{"interim": "-1"}`, `{"interim": 60}`, `[]`,
	} {
		if _, err := sdktest.Start(t, &module{}, sdktest.Options{Config: config}); err == nil {
			t.Errorf("%s was taken", config)
		}
	}
}

// An interim record that is not taken ends neither the call nor those behind it.
func TestInterimNotTaken(t *testing.T) {
	h := sdktest.New(t, &module{}, sdktest.Options{Config: `{"records": ["interim", "stop"]}`})
	c := h.Call()
	c.Invite()
	c.Answer(time.Second)
	h.EmitResult = abi.CodeBusy
	if d, fired, err := c.Fire(timerInterim); !fired || err != nil || d.Code != 0 {
		t.Fatalf("%v, %v, %v", d, fired, err)
	}
	if l := h.Logs(); len(l) != 1 || l[0].Level != sdk.LevelError {
		t.Errorf("logs %v", l)
	}
	h.EmitResult = abi.CodeOK
	if _, fired, err := c.Fire(timerInterim); !fired || err != nil {
		t.Fatal(fired, err)
	}
	if err := c.Hangup("a", 0); err != nil {
		t.Fatal(err)
	}
	if kinds, _ := all(t, h); !reflect.DeepEqual(kinds, []string{"interim1", "stop2"}) {
		t.Errorf("%v", kinds)
	}
}

func TestHostileText(t *testing.T) {
	h := host1(t)
	c := h.Call()
	nasty := "a\"b\\c\r\n\t\x00\x1f\x7f\xff\xc3(é😀\u2028\u2029</script>"
	c.FromURI, c.Caller, c.CallIDA = nasty, strings.Repeat("\xff", 3), strings.Repeat("x", 2000)
	c.Vars.Set("q\"uote", "v\"alue")
	c.Invite()
	if err := c.Cancel(0); err != nil {
		t.Fatal(err)
	}
	got := only(t, h)
	if want := string([]rune(nasty)); got["from_uri"] != want {
		t.Errorf("from_uri = %q, want %q", got["from_uri"], want)
	}
	if got["caller"] != "\ufffd\ufffd\ufffd" || got["call_id_a"] != strings.Repeat("x", 2000) {
		t.Errorf("caller = %q", got["caller"])
	}
	if want := map[string]any{"q\"uote": "v\"alue"}; !reflect.DeepEqual(got["vars"], want) {
		t.Errorf("vars = %v, want %v", got["vars"], want)
	}
	if strings.ContainsAny(h.CDRs()[0], "\n\r\x00\u2028") {
		t.Error("a control character stands in the record")
	}
}

func TestRecordNotTaken(t *testing.T) {
	h := host1(t)
	h.EmitResult = abi.CodeBusy
	if err := answered(h); !errors.Is(err, sdktest.ErrHook) {
		t.Errorf("error %v", err)
	}
	if l := h.Logs(); len(l) != 1 || l[0].Level != sdk.LevelError {
		t.Errorf("logs %v, want one at error", l)
	}
	h.EmitResult = abi.CodeOK
	if err := answered(h); err != nil || len(h.CDRs()) != 1 {
		t.Errorf("the next record: %v, %d records", err, len(h.CDRs()))
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"", strings.Repeat("abc\x01", 999), "a\"b\\", "\x00\x1f\x7f", "\xff\xfe", "é😀\u2028\u2029\ufffd", "\xed\xa0\x80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var r record
		r.begin()
		r.text(`"s":"`, s+"x")
		line := r.end()
		var got struct {
			S   string
			Cut bool
		}
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("%q becomes %s: %v", s, line, err)
		}
		want := string([]rune(s + "x"))
		if got.S != want && !(got.Cut && strings.HasPrefix(want, got.S) && len(got.S) > 300) {
			t.Fatalf("%q reads back as %q", s, got.S)
		}
	})
}

// FuzzNumbers writes numbers and moments as the standard library does.
func FuzzNumbers(f *testing.F) {
	for _, v := range []int64{0, 1, 9, 10, 99, 100, 999, 1000, 9999, 10_000, 99_999_999, 100_000_000, 1<<63 - 1, -1, 86_399_999_000_000, 1_767_366_245_678_000_000} {
		f.Add(v)
	}
	var r record // its day stays from one to the next, as it does from call to call
	f.Fuzz(func(t *testing.T, v int64) {
		for _, v := range []int64{v, v % 100_000, v + 3_600_000_000_000} {
			r.begin()
			r.raw(`"x":0`)
			r.number(`,"n":`, v)
			r.thousandths(`,"number":`, v)
			r.time(`,"time":"`, sdk.Time(v))
			want := fmt.Appendf(nil, `{"x":0,"n":%d,"number":`, max(v, 0))
			want = strconv.AppendFloat(want, float64(max(v, 0)/1000), 'f', -1, 64)
			if v > 0 && v < 10_000_000 {
				want = strconv.AppendFloat(want[:bytes.LastIndexByte(want, ':')+1], float64(v)/1000, 'f', -1, 64)
			} else if v > 1<<53 {
				want = strconv.AppendInt(want[:bytes.LastIndexByte(want, ':')+1], v/1000, 10)
			}
			if v > 0 {
				want = append(time.Unix(0, v).UTC().AppendFormat(append(want, `,"time":"`...), "2006-01-02T15:04:05.000Z"), '"')
			}
			if got := r.end(); string(got) != string(want)+"}" {
				t.Fatalf("%d: %s\nwant %s}", v, got, want)
			}
		}
	})
}

func TestNumbers(t *testing.T) {
	var r record
	r.begin()
	r.raw(`"":0`)
	for i, v := range []int64{0, 7, 70, 700, 1000, 4410, 12345} {
		r.thousandths(`,"`+string(rune('a'+i))+`":`, v)
	}
	for i, v := range []int64{0, 10, -15, 1<<63 - 1} {
		r.number(`,"`+string(rune('A'+i))+`":`, v)
	}
	const want = `{"":0,"a":0,"b":0.007,"c":0.07,"d":0.7,"e":1,"f":4.41,"g":12.345,"A":0,"B":10,"C":0,"D":9223372036854775807}`
	if got := string(r.end()); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// However much a caller and the modules say, the record stays one the host
// takes, and what it holds is whole.
func TestLongestRecord(t *testing.T) {
	for name, long := range map[string]string{"plain": "x", "escaped": "\x01", "wide": "😀"} {
		h := host1(t)
		c := h.Call()
		text := strings.Repeat(long, 8000)
		c.FromURI, c.ToURI, c.RURI, c.Caller, c.Callee, c.CallIDA, c.CallIDB = text, text, text, text, text, text, text
		for i := range 40 {
			c.Params = append(c.Params, abi.Field{Name: fmt.Sprintf("p%d", i), Value: text})
		}
		for i := range 64 {
			c.Vars.Set(fmt.Sprintf("v%d", i), text[:200])
		}
		modules := make([]string, 200)
		for i := range modules {
			modules[i] = strings.Repeat("m", 60)
		}
		if err := c.Finish(abi.End{Disposition: abi.Failed, Code: 500, Reason: text, Modules: modules}, time.Second); err != nil {
			t.Fatal(err)
		}
		got := only(t, h)
		if got["cut"] != true || got["disposition"] != "failed" || got["duration_ms"] != 0. || got["cdr_id"] != "call-1" {
			t.Errorf("%s: record of %d bytes: cut %v", name, len(h.CDRs()[0]), got["cut"])
		}
	}
}

// sink is a host that only counts records.
type sink struct {
	sdk.Host
	records int
}

func (s *sink) EmitCDR(int64, []byte) int32 { s.records++; return 0 }

func BenchmarkEnd(b *testing.B) {
	var s sink
	m := sdk.NewNative(&module{}, &s)
	at := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	media := abi.MediaStats{Codec: "PCMU/8000", Packets: 4500, Lost: 2, Jitter: 1250 * time.Microsecond, MOS: 4.38}
	n, err := abi.EncodeCall(m.Buffer(0), &abi.Call{
		ID: "c1", Event: abi.EventEnd, CallIDA: "1@a.example.org", CallIDB: "1@b.example.net",
		RURI: "sip:bob@example.net", FromURI: "sip:alice@example.org", ToURI: "sip:bob@example.net",
		Source: netip.MustParseAddrPort("192.0.2.1:5060"), Destination: netip.MustParseAddrPort("198.51.100.1:5060"),
		InterfaceA: "public", InterfaceB: "private", Profile: "default", Node: "sbc1",
		Start: at, Ringing: at.Add(time.Second), Connect: at.Add(2 * time.Second), End: at.Add(time.Minute),
		Params: []abi.Field{{Name: "account", Value: "1001"}},
		Result: &abi.End{Disposition: abi.Answered, Code: 200, Reason: "OK", HangupBy: "a", Modules: []string{"cdr"}, A: media, B: media},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		m.Event(abi.EventEnd, 1, n)
	}
	if s.records != b.N {
		b.Fatalf("%d records of %d", s.records, b.N)
	}
}
