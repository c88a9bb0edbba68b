package config

import "time"

// The defaults of every section of this package. The decoder calls SetDefaults before it
// reads the keys of a section; a section the file does not have gets them too.

// DefaultPorts is the range of media ports of an interface that names none.
var DefaultPorts = Ports{First: 20000, Last: 29999}

// SetDefaults fills c. It is called once, before the file is read.
func (c *Config) SetDefaults() {
	c.Node = hostname()
	c.DrainTimeout = 30 * time.Second
	c.Log.SetDefaults()
	c.Cache.SetDefaults()
	c.Control.SetDefaults()
	c.Store.SetDefaults()
}

// SetDefaults fills l: information, as text.
func (l *Log) SetDefaults() { l.Format = Text }

// SetDefaults fills i. What follows from other keys is filled in by Interface.settle.
func (i *Interface) SetDefaults() {
	i.MediaPorts = DefaultPorts
	i.SourceRate = 40_000
}

// SetDefaults fills c.
func (c *Cache) SetDefaults() { c.Dir = "var/cache" }

// DefaultSocket is where the control API is when nothing else is said.
const DefaultSocket = "var/run/sallyport.sock"

// SetDefaults fills c.
func (c *Control) SetDefaults() { c.Socket = DefaultSocket }
