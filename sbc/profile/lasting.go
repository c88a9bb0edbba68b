package profile

// Lasting returns the plan that messages after the answer are to be held against: the one
// that all calls of the profile share when nothing that was evaluated for this call, or
// set by a module, counts for them any more; else p itself. It must not be written to. A
// held call would pay most of a kilobyte for a plan of its own.
func (p *Plan) Lasting() *Plan {
	base := &p.Profile.plan
	same := p.MaxDuration == base.MaxDuration && p.InterfaceA == base.InterfaceA && p.NextHopA == base.NextHopA && p.NextHopAlways == base.NextHopAlways &&
		p.Proxy == base.Proxy && p.ForceProxy == base.ForceProxy && p.NAT == base.NAT &&
		p.filter == base.filter && p.contact == base.contact && p.Hiding == base.Hiding && (!p.Hiding || p.hiding == base.hiding) && p.GlareTime == base.GlareTime && p.shape == base.shape &&
		p.translations == base.translations && p.SymmetricByFlags == base.SymmetricByFlags &&
		p.Media.Treatment.DetectDTMF == base.Media.Treatment.DetectDTMF &&
		(p.shape == nil || p.Relay == base.Relay) &&
		shared(p.appendTo[0], base.appendTo[0]) && shared(p.appendTo[1], base.appendTo[1]) &&
		shared(p.rules, base.rules) && shared(p.ruleFields, base.ruleFields)
	if same {
		return base
	}
	return p
}

// shared says whether two slices are the same memory.
func shared[T any](a, b []T) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}
