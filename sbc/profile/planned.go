package profile

// The methods Planned name keys and sections that are known, and whose feature is not yet
// available. A configuration that has one is refused, with the line: what an operator asks
// for is never silently left out.

// Planned names sections of a profile.
func (*Config) Planned() []string {
	return []string{"transcoding", "hold", "transfer", "registration"}
}

// Planned names keys of media.
func (*Media) Planned() []string {
	return []string{"mux_a", "mux_b"}
}
