package profile

import (
	"strconv"
	"time"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
)

// The defaults of every section. The decoder calls SetDefaults before it reads the keys of
// a section; a section the file does not have gets them too.

// SetDefaults fills all sections of c.
func (c *Config) SetDefaults() {
	c.Routing.SetDefaults()
	c.Media.SetDefaults()
	c.MessageLog.SetDefaults()
}

// SetDefaults fills m.
func (m *MessageLog) SetDefaults() { m.SIP, m.MaxSize = true, 64<<20 }

// SetDefaults fills r.
func (r *Routing) SetDefaults() {
	r.RingTimeout = 3 * time.Minute
	r.Failover = []string{"408", "430", "5xx"}
}

// defaultRelay is what media.relay is when its pattern yields nothing.
const defaultRelay = true

// SetDefaults fills m.
func (m *Media) SetDefaults() {
	p := media.DefaultPolicy()
	m.Relay = pattern.Literal("true")
	m.Timeout, m.HoldTimeout = p.Timeout, p.HoldTimeout
	m.TransparentSeqno, m.TransparentSSRC = !p.Treatment.Renumber, !p.Treatment.OwnSSRC
	m.SymmetricA, m.SymmetricB = pattern.Literal(strconv.FormatBool(p.SymmetricA)), pattern.Literal(strconv.FormatBool(p.SymmetricB))
}
