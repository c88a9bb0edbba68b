package sbc

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestSettle: a call that is hung up before its 2xx was acknowledged owes leg A a BYE,
// which may only follow the ACK. Who shuts down waits for that, and for the responses.
func TestSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t)
		defer b.close()
		b.configure(plainProfile)
		a, callee := b.phone("a"), b.phone("b")
		b.start()
		a.send([]string{"INVITE"}, "+sdp 6000")
		synctest.Wait()
		learnAll(a)
		learnAll(callee)
		callee.send([]string{"200"}, "+sdp 7000")
		synctest.Wait()
		learnAll(a)

		now, cancel := context.WithCancel(t.Context())
		cancel()
		if err := b.sbc.Drain(now); err == nil {
			t.Fatal("Drain() = nil while a call is up")
		}
		synctest.Wait()
		if n := b.sbc.Stats().Active; n != 0 {
			t.Fatalf("%d calls are active after the hang-up", n)
		}
		soon, cancel := context.WithTimeout(t.Context(), time.Second)
		if err := b.sbc.Settle(soon); err == nil {
			t.Error("Settle() = nil before leg A acknowledged its 200")
		}
		cancel()

		settled := make(chan error, 1)
		go func() { settled <- b.sbc.Settle(t.Context()) }()
		steps := []struct {
			what string
			do   func()
		}{
			{"the ACK", func() { a.send([]string{"ACK"}, "") }},
			{"the BYE of leg A was answered", func() { a.send([]string{"200", "BYE"}, "") }},
		}
		for _, step := range steps {
			step.do()
			synctest.Wait()
			learnAll(a)
			learnAll(callee)
			select {
			case err := <-settled:
				t.Fatalf("Settle() = %v after %s", err, step.what)
			default:
			}
		}
		callee.send([]string{"200", "BYE"}, "")
		if err := <-settled; err != nil {
			t.Errorf("Settle() = %v", err)
		}
	})
}
