package config

import "testing"

func TestSize(t *testing.T) {
	for _, tc := range []struct {
		text string
		want Size
		ok   bool
	}{
		{"0", 0, true},
		{"1024", 1024, true},
		{"64MiB", 64 << 20, true},
		{"2 GiB", 2 << 30, true},
		{"512KiB", 512 << 10, true},
		{"-1", 0, false},
		{"9999999999GiB", 0, false},
		{"many", 0, false},
		{"", 0, false},
	} {
		var s Size
		if err := s.UnmarshalText([]byte(tc.text)); (err == nil) != tc.ok || s != tc.want {
			t.Errorf("%q: %d, %v; want %d, ok %v", tc.text, s, err, tc.want, tc.ok)
		}
	}
}

func TestEngine(t *testing.T) {
	var e Engine
	if err := e.UnmarshalText([]byte("redis")); err != nil || e != RedisEngine {
		t.Errorf("redis: %q, %v", e, err)
	}
	if err := e.UnmarshalText([]byte("oracle")); err == nil {
		t.Error("oracle is taken")
	}
}
