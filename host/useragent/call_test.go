package useragent

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport/memnet"
)

func TestCallOfAnEcho(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		e := startEcho(t, n, EchoConfig{})
		defer e.Close()
		res, err := place(t.Context(), n, CallConfig{Duration: 2 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		a := res.Audio
		if !res.OK || res.Codec != "PCMU/8000" || a.Sent != 100 || a.Received != a.Sent || a.Echoed != a.Sent || a.Lost != 0 || a.Jitter != 0 || a.MOS < 4.3 {
			t.Errorf("result %+v", *res)
		}
		var steps []Step
		for _, s := range res.Steps {
			steps = append(steps, s.Step)
		}
		if want := []Step{StepResolved, StepInvite, StepAnswer, StepAudio, StepBye, StepEnded}; !slices.Equal(steps, want) {
			t.Errorf("steps %s, want %s", steps, want)
		}
		if e.Active() != 0 {
			t.Errorf("%d calls left at the echo", e.Active())
		}
	})
}

// isRTP is what a rule sees of a packet.
func isRTP(b []byte) bool { return len(b) > 12 && b[0] == 0x80 }

func TestCallCountsLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		e := startEcho(t, n, EchoConfig{})
		defer e.Close()
		count := 0
		n.SetRules(memnet.Rules{Drop: func(from, _ netip.AddrPort, b []byte) bool {
			if !isRTP(b) || from.Addr().String() != calleeIP {
				return false
			}
			count++
			return count%10 == 5
		}})
		res, err := place(t.Context(), n, CallConfig{Duration: 2 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if a := res.Audio; a.Lost < 9 || a.Lost > 10 || a.LossPercent < 9 || a.LossPercent > 11 || a.MOS > 4 {
			t.Errorf("a tenth was dropped: %+v", a)
		}
	})
}

func TestCallWithoutAudio(t *testing.T) {
	for name, drop := range map[string]func(count int) bool{
		"none":  func(int) bool { return true },
		"stops": func(count int) bool { return count > 20 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := memnet.New()
				e := startEcho(t, n, EchoConfig{})
				defer e.Close()
				count := 0
				n.SetRules(memnet.Rules{Drop: func(_, _ netip.AddrPort, b []byte) bool {
					if isRTP(b) {
						count++
					}
					return isRTP(b) && drop(count)
				}})
				res, err := place(t.Context(), n, CallConfig{Duration: 4 * time.Second})
				if !errors.Is(err, ErrNoAudio) || res.OK {
					t.Errorf("error %v, want %v", err, ErrNoAudio)
				}
				if last := res.Steps[len(res.Steps)-1]; last.Step != StepEnded || last.Code != 200 {
					t.Errorf("last step %+v, want the response to BYE", last)
				}
			})
		})
	}
}

func TestCallToNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		res, err := place(t.Context(), memnet.New(), CallConfig{Timeout: 5 * time.Second})
		if !errors.Is(err, ErrNoReply) || res.Error == "" {
			t.Errorf("error %v, want %v", err, ErrNoReply)
		}
	})
}

// The kernel says at once that nobody listens.
func TestCallToAClosedPort(t *testing.T) {
	began := time.Now()
	_, err := Call(t.Context(), CallConfig{URI: "sip:echo@127.0.0.1:9"}, nil)
	if !errors.Is(err, ErrRefused) || time.Since(began) > 10*time.Second {
		t.Errorf("error %v after %v, want %v at once", err, time.Since(began), ErrRefused)
	}
}

func TestCallOverLoopback(t *testing.T) {
	e := NewEcho(EchoConfig{Addr: netip.MustParseAddrPort("127.0.0.1:0")})
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	events := make(chan Event, 16)
	res, err := Call(t.Context(), CallConfig{URI: "sip:echo@" + e.Addr().String(), Duration: 300 * time.Millisecond}, events)
	if err != nil {
		t.Fatalf("%v: %+v", err, res)
	}
	if a := res.Audio; a.Received == 0 || a.RoundTrip <= 0 || len(events) != len(res.Steps) {
		t.Errorf("result %+v, %d events", res, len(events))
	}
}

func TestCallURI(t *testing.T) {
	for _, uri := range []string{"", "echo", "tel:+15550100", "sips:echo@192.0.2.1", "sip:echo@[::1", "sip:echo@192.0.2.1;transport=sctp"} {
		if _, err := place(t.Context(), memnet.New(), CallConfig{URI: uri + " "}); !errors.Is(err, ErrURI) {
			t.Errorf("%q: error %v, want %v", uri, err, ErrURI)
		}
	}
}

func TestCallListen(t *testing.T) {
	n := memnet.New()
	n.Dial(callerIP + ":5060")
	if _, err := place(t.Context(), n, CallConfig{}); !errors.Is(err, ErrListen) {
		t.Errorf("error %v, want %v", err, ErrListen)
	}
}

// far runs a call against a far end that does what script says.
func far(t *testing.T, c CallConfig, script func(p *peer, stop context.CancelFunc)) (*Result, error) {
	t.Helper()
	n := memnet.New()
	p := newPeer(t, n, calleeIP+":5060")
	ctx, stop := context.WithCancel(t.Context())
	var res *Result
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		res, err = place(ctx, n, c)
	}()
	defer stop()
	script(p, stop)
	<-done
	return res, err
}

func TestCallRejected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		res, err := far(t, CallConfig{}, func(p *peer, _ context.CancelFunc) {
			m, from := p.hear("INVITE")
			p.answer(m, from, 180, "")
			p.answer(m, from, 486, "")
			p.hear("ACK")
		})
		var r *Rejected
		if !errors.As(err, &r) || r.Code != 486 || res.Code != 486 {
			t.Errorf("error %v, want 486", err)
		}
	})
}

// When nobody answers, the call is canceled.
func TestCallNotAnswered(t *testing.T) {
	for _, status := range []int{100, 180} {
		t.Run(fmt.Sprint("after ", status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := far(t, CallConfig{Timeout: 5 * time.Second}, func(p *peer, _ context.CancelFunc) {
					inv, from := p.hear("INVITE")
					p.answer(inv, from, status, "")
					m, from := p.hear("CANCEL")
					p.answer(m, from, 200, "")
					p.answer(inv, from, 487, "")
					p.hear("ACK")
				})
				if !errors.Is(err, ErrNoAnswer) {
					t.Errorf("error %v, want %v", err, ErrNoAnswer)
				}
			})
		})
	}
}

func TestCallCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, err := far(t, CallConfig{}, func(p *peer, stop context.CancelFunc) {
			inv, from := p.hear("INVITE")
			p.answer(inv, from, 180, "")
			time.Sleep(time.Second)
			stop()
			m, from := p.hear("CANCEL")
			p.answer(m, from, 200, "")
			p.answer(inv, from, 487, "")
			p.hear("ACK")
		})
		if !errors.Is(err, ErrCanceled) {
			t.Errorf("error %v, want %v", err, ErrCanceled)
		}
	})
}

// The 200 crosses the CANCEL: it is acknowledged, and the call hung up.
func TestCallCanceledTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, err := far(t, CallConfig{}, func(p *peer, stop context.CancelFunc) {
			inv, from := p.hear("INVITE")
			p.answer(inv, from, 180, "")
			time.Sleep(time.Second)
			stop()
			m, from := p.hear("CANCEL")
			p.answer(inv, from, 200, offer(calleeIP+":7000", sendrecv))
			p.answer(m, from, 200, "")
			p.hear("ACK")
			m, from = p.hear("BYE")
			p.answer(m, from, 200, "")
		})
		if !errors.Is(err, ErrCanceled) {
			t.Errorf("error %v, want %v", err, ErrCanceled)
		}
	})
}

func TestCallHungUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		res, err := far(t, CallConfig{}, func(p *peer, _ context.CancelFunc) {
			inv, from := p.hear("INVITE")
			p.answer(inv, from, 200, offer(calleeIP+":7000", sendrecv))
			p.hear("ACK")
			p.answer(inv, from, 200, offer(calleeIP+":7000", sendrecv)) // repeated: so is the ACK
			p.hear("ACK")
			p.conn.Send(string(p.back("BYE", inv).Append(nil)), from)
			p.hear("200 BYE")
			p.nothing(time.Second)
		})
		if !errors.Is(err, ErrHungUp) || res.Code != 200 {
			t.Errorf("error %v, want %v", err, ErrHungUp)
		}
	})
}

// The far end moves its audio to another port.
func TestCallReinvited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		res, err := far(t, CallConfig{Duration: 2 * time.Second}, func(p *peer, _ context.CancelFunc) {
			moved := p.net.Dial(calleeIP + ":7100")
			defer moved.Close()
			inv, from := p.hear("INVITE")
			p.answer(inv, from, 200, offer(calleeIP+":7000", sendrecv))
			p.hear("ACK")
			time.Sleep(time.Second)
			re := p.back("INVITE", inv)
			re.Add(sip.Contact, "<sip:bob@"+calleeIP+">")
			re.Add(sip.ContentType, sdpType)
			re.Body = offer(calleeIP+":7100", sendrecv)
			p.conn.Send(string(re.Append(nil)), from)
			res, _ := p.hear("200 INVITE")
			if _, a, err := parseAudio(res.Body); err != nil || a.direction != sendrecv {
				t.Errorf("answer %q", res.Body)
			}
			ack := p.back("ACK", inv)
			p.conn.Send(string(ack.Append(nil)), from)
			b, media, err := moved.Receive(time.Second)
			if err != nil || !isRTP(b) {
				t.Fatalf("no audio at the new port: %v", err)
			}
			moved.Send(string(b), media.String())
			m, from := p.hear("BYE")
			p.answer(m, from, 200, "")
		})
		if err != nil || res.Audio.Received != 1 {
			t.Errorf("error %v, %d packets, want none and 1", err, res.Audio.Received)
		}
	})
}

// Behind a proxy two phones answer: the second is acknowledged and hung up at once.
func TestCallAnsweredTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, err := far(t, CallConfig{Duration: time.Second}, func(p *peer, _ context.CancelFunc) {
			inv, from := p.hear("INVITE")
			p.answer(inv, from, 200, offer(calleeIP+":7000", sendrecv))
			p.hear("ACK")
			p.tag = "second"
			p.answer(inv, from, 200, offer(calleeIP+":7100", sendrecv))
			ack, _ := p.hear("ACK")
			bye, from := p.hear("BYE")
			p.answer(bye, from, 200, "")
			if ack.ToTag() != "second" || bye.ToTag() != "second" {
				t.Errorf("ACK for %q, BYE for %q, want the second", ack.ToTag(), bye.ToTag())
			}
			bye, from = p.hear("BYE")
			p.answer(bye, from, 200, "")
			if bye.ToTag() != "peer" {
				t.Errorf("BYE for %q, want the first", bye.ToTag())
			}
		})
		if !errors.Is(err, ErrNoAudio) {
			t.Errorf("error %v, want %v", err, ErrNoAudio)
		}
	})
}

func TestCallAnsweredBadly(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":           "",
		"not SDP":           "v=0",
		"no audio":          "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\n",
		"codec not offered": offer(calleeIP+":7000", sendrecv, codec{pt: 9, name: "G722/8000"}),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := far(t, CallConfig{}, func(p *peer, _ context.CancelFunc) {
					inv, from := p.hear("INVITE")
					p.answer(inv, from, 200, body)
					p.hear("ACK")
					m, from := p.hear("BYE")
					p.answer(m, from, 200, "")
				})
				if !errors.Is(err, ErrBadAnswer) {
					t.Errorf("error %v, want %v", err, ErrBadAnswer)
				}
			})
		})
	}
}
