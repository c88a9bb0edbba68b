// Package testdata is a configuration for the test of the generator.
package testdata

type Config struct {
	// Which way to go.
	//
	//	way = "left"
	Way string `toml:"way"`

	// [door.NAME] is a door.
	Door map[string]*Door `toml:"door"`

	Bare int `toml:"bare"`

	// Seen is no key.
	Seen bool
}

type Door struct {
	Lock

	// How wide: a number in cm, default 80.
	Width Width `toml:"width"`

	// [[door.NAME.key]] opens it.
	Keys []Key `toml:"key"`
}

// Key is what opens a door. It is easily
// lost.
type Key struct {
	// How many teeth.
	Teeth int `toml:"teeth"`
}

type Lock struct {
	// Whether it is open.
	Open bool `toml:"open"`
}

// Width reads itself.
type Width struct{ n int }

func (w *Width) UnmarshalText([]byte) error { return nil }
