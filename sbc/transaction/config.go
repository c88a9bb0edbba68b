package transaction

import (
	"cmp"
	"log/slog"
	"time"
)

// Config sets times and limits of a layer. The zero Config is RFC 3261's.
type Config struct {
	// T1 is the estimate of the round-trip time. Default 500ms. RFC 3261 §17.1.1.1.
	T1 time.Duration

	// T2 is the longest retransmission interval of non-INVITE requests and INVITE responses.
	// Default 4s.
	T2 time.Duration

	// T4 is how long the network may hold a message. Default 5s.
	T4 time.Duration

	// TimerC is how long an INVITE may go without a final response after its last provisional
	// one; SendOptions may say otherwise. More than 3 minutes by RFC 3261 §16.6. Default 3m10s.
	TimerC time.Duration

	// Trying is how long the user may leave an INVITE unanswered before the layer sends 100.
	// Default 200ms. RFC 3261 §17.2.1.
	Trying time.Duration

	// MaxServer is how many server transactions may exist. Requests beyond get a stateless 503
	// with Retry-After; those within a dialog may use an eighth more. Default 262144.
	MaxServer int

	// RetryAfter is what that 503 says. Default 10s.
	RetryAfter time.Duration

	// Log is where the layer reports. nil means slog.Default.
	Log *slog.Logger
}

func (c Config) withDefaults() Config {
	c.T1 = cmp.Or(c.T1, 500*time.Millisecond)
	c.T2 = cmp.Or(c.T2, 4*time.Second)
	c.T4 = cmp.Or(c.T4, 5*time.Second)
	c.TimerC = cmp.Or(c.TimerC, 190*time.Second)
	c.Trying = cmp.Or(c.Trying, 200*time.Millisecond)
	c.MaxServer = cmp.Or(c.MaxServer, 1<<18)
	c.RetryAfter = cmp.Or(c.RetryAfter, 10*time.Second)
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}
