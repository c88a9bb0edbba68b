package host

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/admin"
	"github.com/sallyport-sbc/sallyport/host/config"
	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/store/redis"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

func block(t *testing.T, o admin.Block) (admin.Listed, error) {
	t.Helper()
	return api[admin.Listed](t, "POST", "/blacklists/blacklist/block", o)
}

func unblock(t *testing.T, value string, prefix bool) (admin.Checked, error) {
	t.Helper()
	return api[admin.Checked](t, "POST", "/blacklists/blacklist/unblock", admin.Unblock{Value: value, Prefix: prefix})
}

// blocked wants a value to be hit by these entries, or by none.
func blocked(t *testing.T, value string, want ...string) {
	t.Helper()
	c, err := api[admin.Checked](t, "GET", "/blacklists/blacklist/check?value="+value, nil)
	var got []string
	for _, e := range c.Entries {
		got = append(got, fmt.Sprint(e.Value, " ", e.Prefix, " ", e.Source))
	}
	if err != nil || c.Blocked != (len(want) > 0) || !slices.Equal(got, want) {
		t.Errorf("check %s: %v %q, %v, want %q", value, c.Blocked, got, err, want)
	}
}

func TestBlacklistByOrder(t *testing.T) {
	t.Run("embedded", func(t *testing.T) { orders(t, newStage(t, "blacklist", 1)) })
	t.Run("redis", func(t *testing.T) {
		addr, _ := redisServer(t)
		shared := fmt.Sprintf("[store]\nengine = \"redis\"\n[redis]\naddresses = [%q]\n", addr)
		orders(t, newStage(t, "blacklist", 1, "[module.blacklist]", shared+"[module.blacklist]"))
	})
}

// calling is a call of somebody, with the status it gets.
func (s *stage) calling(from string, status int) {
	s.t.Helper()
	s.a.invite("From: <sip:" + from + "@example.org>;tag=" + from)
	s.a.want(status)
	if status == 200 {
		s.a.bye()
	}
}

// explained is what would become of a call of somebody: what was ordered counts.
func (s *stage) explained(from, want string) {
	s.t.Helper()
	text := fmt.Sprintf("INVITE sip:bob@%[1]s SIP/2.0\r\nVia: SIP/2.0/UDP %[1]s;branch=z9hG4bKx\r\nMax-Forwards: 70\r\n"+
		"From: <sip:%[2]s@example.org>;tag=1\r\nTo: <sip:bob@example.net>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nContact: <sip:%[1]s>\r\n\r\n", s.addr, from)
	r, err := api[struct{ Verdict, Why string }](s.t, "POST", "/explain", admin.Explain{Message: text})
	if err != nil || r.Verdict != want {
		s.t.Errorf("explain a call of %s: %+v, %v, want %s", from, r, err, want)
	}
}

// orders blocks and unblocks callers while calls come.
func orders(t *testing.T, s *stage) {
	s.calling("alice", 200)
	e, err := block(t, admin.Block{Value: "alice", Reason: "does not pay"})
	if err != nil || e.Source != admin.Ordered || e.Reason != "does not pay" || e.Since == nil || e.Until != nil {
		t.Errorf("block: %+v, %v", e, err)
	}
	s.calling("alice", 403)
	s.calling("alice2", 200)
	s.explained("alice", "refused")
	s.explained("alice2", "goes out")
	blocked(t, "alice", "alice false command")
	blocked(t, "mallory", "mallory false configuration")
	blocked(t, "%2B9001", "+900 true configuration")

	if e, err = block(t, admin.Block{Value: "ali", Prefix: true, For: "1h"}); err != nil || e.Until == nil || time.Until(*e.Until) > time.Hour {
		t.Errorf("block a prefix: %+v, %v", e, err)
	}
	s.calling("alice2", 403)
	blocked(t, "alice", "alice false command", "ali true command")
	list, err := api[admin.Blacklist](t, "GET", "/blacklists/blacklist", nil)
	if got := names(list.Entries); err != nil || got != "+900 0190 ali alice mallory trudy" || list.Next != "" {
		t.Errorf("list: %s, %v", got, err)
	}
	list, err = api[admin.Blacklist](t, "GET", "/blacklists/blacklist?prefix=al&limit=1", nil)
	if got := names(list.Entries); err != nil || got != "ali" || list.Next != "ali" {
		t.Errorf("first page: %s, %+v, %v", got, list, err)
	}
	list, err = api[admin.Blacklist](t, "GET", "/blacklists/blacklist?prefix=al&limit=1&after=ali", nil)
	if got := names(list.Entries); err != nil || got != "alice" || list.Next != "" {
		t.Errorf("second page: %s, %+v, %v", got, list, err)
	}

	// What was taken off one list may stand on another.
	c, err := unblock(t, "alice", false)
	if err != nil || !c.Blocked || len(c.Entries) != 1 || c.Entries[0].Value != "ali" {
		t.Errorf("unblock: %+v, %v", c, err)
	}
	s.calling("alice", 403)
	if c, err = unblock(t, "ali", true); err != nil || c.Blocked {
		t.Errorf("unblock the prefix: %+v, %v", c, err)
	}
	s.calling("alice", 200)
	_, err = unblock(t, "alice", false)
	refused(t, "unblock again", err, http.StatusNotFound, `"alice" is not blocked as a whole value`)
	_, err = unblock(t, "mallory", false)
	refused(t, "unblock what is configured", err, http.StatusConflict, "take it out of exact of [module.blacklist.config] and reload")

	for _, c := range []struct {
		o    admin.Block
		text string
	}{
		{admin.Block{}, "value is missing"},
		{admin.Block{Value: "a\nb"}, "one line"},
		{admin.Block{Value: strings.Repeat("x", 250)}, "at most 249 bytes"},
		{admin.Block{Value: "x", For: "1 hour"}, "want a duration"},
		{admin.Block{Value: "x", For: "-1h"}, "want a duration"},
		{admin.Block{Value: "x", For: "1ms"}, "want a duration"},
		{admin.Block{Value: "x", For: "10000h"}, "want a duration of 1s to 8784h0m0s"},
		{admin.Block{Value: "x", Reason: strings.Repeat("x", 200)}, "at most 128 bytes"},
	} {
		_, err := block(t, c.o)
		refused(t, fmt.Sprintf("%.60v", c.o), err, http.StatusBadRequest, c.text)
	}
	if want := `msg="blacklist changed" module=blacklist blocked=alice prefix=false reason="does not pay"`; !strings.Contains(s.log.String(), want) {
		t.Errorf("the log does not say %s", want)
	}
}

func names(entries []admin.Listed) string {
	var all []string
	for _, e := range entries {
		all = append(all, e.Value)
	}
	return strings.Join(all, " ")
}

// An entry is gone when its time is over; its value leaves the set when somebody lists it, or
// when the module may keep no more.
func TestBlacklistExpires(t *testing.T) {
	s := newStage(t, "blacklist", 1, "[profile.default]", "[module.blacklist.limits]\nkeys = 4\n\n[profile.default]")
	s.a.invite() // wakes the module, so that the time counts for nothing else
	s.a.want(200)
	s.a.bye()
	if _, err := block(t, admin.Block{Value: "alice", For: "1s"}); err != nil {
		t.Fatal(err)
	}
	if _, err := block(t, admin.Block{Value: "ali", Prefix: true, For: "1s"}); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, func() bool {
		c, err := api[admin.Checked](t, "GET", "/blacklists/blacklist/check?value=alice", nil)
		return err == nil && !c.Blocked
	})
	s.calling("alice", 200)
	// Four keys are two entries: those that have expired make room.
	for _, value := range []string{"bob", "carol"} {
		if _, err := block(t, admin.Block{Value: value}); err != nil {
			t.Errorf("block %s: %v", value, err)
		}
	}
	_, err := block(t, admin.Block{Value: "dave"})
	refused(t, "too many", err, http.StatusConflict, "the module may keep no more")
	members, err := s.host.stores.engine.SetMembers(t.Context(), store.Space{Name: "blacklist"}, "exact")
	if err != nil || strings.Join(members, " ") != "bob carol" {
		t.Errorf("the set has %q, %v", members, err)
	}
}

// REGISTER and the like are looked at when the configuration says so.
func TestBlacklistOutsideOfCalls(t *testing.T) {
	s := newStage(t, "blacklist", 1, "[module.blacklist.config]\n", "[module.blacklist.config]\nrequests = true\n")
	if _, err := block(t, admin.Block{Value: "alice"}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{403, 405} {
		m := sip.NewRequest("REGISTER", "sip:"+s.addr.String())
		m.Add(sip.Via, fmt.Sprintf("SIP/2.0/UDP %s;branch=z9hG4bK-outside-%d", s.a.addr, i))
		m.Add(sip.MaxForwards, "70")
		m.Add(sip.From, "<sip:alice@example.org>;tag=1")
		m.Add(sip.To, "<sip:alice@example.org>")
		m.Add(sip.CallID, fmt.Sprintf("outside-%d@example.org", i))
		m.Add(sip.CSeq, "1 REGISTER")
		s.a.send(m)
		s.a.wantResponse("REGISTER", want)
		if _, err := unblock(t, "alice", false); err != nil && i == 0 {
			t.Fatal(err)
		}
	}
}

// What was blocked stays blocked after a restart.
func TestBlacklistSurvives(t *testing.T) {
	s := newStage(t, "blacklist", 1)
	if _, err := block(t, admin.Block{Value: "alice", Reason: "fraud"}); err != nil {
		t.Fatal(err)
	}
	if err := s.host.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	snapshot, err := config.Load("sallyport.toml", config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s.host, err = Start(t.Context(), snapshot, s.options()); err != nil {
		t.Fatal(err)
	}
	blocked(t, "alice", "alice false command")
	s.calling("alice", 403)
	s.calling("bob", 200)
}

// What another node that has the same Redis is told holds here, too, and the other way round.
func TestBlacklistOfTwoNodes(t *testing.T) {
	addr, _ := redisServer(t)
	shared := fmt.Sprintf("[store]\nengine = \"redis\"\n[redis]\naddresses = [%q]\n", addr)
	s := newStage(t, "blacklist", 1, "[module.blacklist]", shared+"[module.blacklist]")
	engine, err := redis.Open(redis.Options{Addresses: []string{addr}, Deadline: waitLimit})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	other := &blacklist{engine, store.Space{Name: "blacklist"}, &config.Module{}}
	s.calling("alice", 200) // now this node remembers that alice is in no set
	if _, err := other.block(t.Context(), "alice", false, "", 0); err != nil {
		t.Fatal(err)
	}
	// Redis tells the node to forget what it remembers.
	waitUntil(t, func() bool {
		c, err := api[admin.Checked](t, "GET", "/blacklists/blacklist/check?value=alice", nil)
		return err == nil && c.Blocked
	})
	s.calling("alice", 403)
	if _, err := unblock(t, "alice", false); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, func() bool {
		hits, err := other.hits(t.Context(), "alice")
		return err == nil && len(hits) == 0
	})
	s.calling("alice", 200)
}

// While the store is away, orders fail, what is configured is hit, and on_fail decides the rest.
func TestBlacklistWhileRedisIsAway(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	shared := fmt.Sprintf("[store]\nengine = \"redis\"\n[redis]\naddresses = [%q]\n", l.Addr())
	s := newStage(t, "blacklist", 1, "[module.blacklist]", shared+"[module.blacklist]")
	_, err = block(t, admin.Block{Value: "alice"})
	refused(t, "block", err, http.StatusServiceUnavailable, "the store is away")
	_, err = unblock(t, "alice", false)
	refused(t, "unblock", err, http.StatusServiceUnavailable, "the store is away")
	_, err = api[admin.Blacklist](t, "GET", "/blacklists/blacklist", nil)
	refused(t, "list", err, http.StatusServiceUnavailable, "the store is away")
	s.calling("mallory", 403)
	s.calling("alice", 503)
}
