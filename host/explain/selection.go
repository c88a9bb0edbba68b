package explain

import (
	"slices"
	"strings"

	"github.com/sallyport-sbc/sallyport/host/config"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
	"github.com/sallyport-sbc/sallyport/sbc/profile"
)

// secret stands in place of a password.
const secret = "<secret>"

// selection says what became of every selector, pattern and module.
func (r *rehearsal) selection() {
	call := r.message.Method == "INVITE"
	if !call && len(r.cast.roles) == 0 {
		return // outside of calls a profile is there for its modules alone
	}
	p := r.report
	if r.request.Profile != "" {
		p.Profile = r.request.Profile
		p.note("the profile was named: its selection was not asked")
	} else {
		r.selectors()
	}
	chosen, ok := r.profiles.Profile(p.Profile)
	if !ok {
		p.Profile = ""
		return
	}
	if !call {
		r.modules(chosen)
		return
	}
	for _, v := range chosen.Values() {
		s, ok := r.watch.values[v.Pattern]
		one := Pattern{Key: v.Key, Pattern: v.Pattern.Source(), Late: v.Late, Evaluated: ok, Value: s.value, LookUps: r.placed(s.lookUps)}
		if text, constant := v.Pattern.Static(); constant {
			one.Value, one.Constant, one.Evaluated = text, true, true
		}
		if strings.HasSuffix(v.Key, ".password") && one.Pattern != "" {
			one.Pattern, one.Value, one.LookUps = secret, secret, nil
		}
		p.Patterns = append(p.Patterns, one)
	}
	r.modules(chosen)
}

func (r *rehearsal) selectors() {
	p := r.report
	env := &pattern.Env{
		Msg: r.message, Source: r.flow.Remote(), Local: r.flow.Local(), Interface: r.flow.Interface().Name(),
		Advertise: r.flow.Advertised().Addr(), Maps: r.watch,
	}
	decided := false
	for _, sel := range r.profiles.Selectors() {
		s, asked := r.watch.values[sel]
		one := Selector{Pattern: sel.Source(), Asked: asked}
		if !asked {
			r.watch.take()
			s = seen{sel.String(env), r.watch.take()}
		}
		one.Value, one.LookUps = s.value, r.placed(s.lookUps)
		switch {
		case !asked && decided:
			one.Why = "not asked: one before it has decided"
		case !asked:
			one.Why = "not asked: the request did not get so far"
		case one.Value == "":
			one.Why = "yields nothing"
		default:
			decided, one.Chosen = true, true
			p.Profile = one.Value
			one.Why = "chosen: the first that yields something"
			if one.Value == config.Refuse {
				one.Why = "chosen: it refuses the call"
			} else if _, ok := r.profiles.Profile(one.Value); !ok {
				one.Why = "chosen, but there is no such profile"
			}
		}
		p.Selection = append(p.Selection, one)
	}
}

// placed adds the files of maps to look-ups.
func (r *rehearsal) placed(ls []LookUp) []LookUp {
	for i := range ls {
		if m := r.Snapshot.Map[ls[i].Map]; m != nil {
			ls[i].File = m.File
		}
	}
	return ls
}

// modules says what each module of the profile was given, and what it said.
func (r *rehearsal) modules(chosen *profile.Profile) {
	p := r.report
	for _, u := range chosen.Chain().Uses() {
		one := Module{Use: u.Name, OnFail: u.OnFail.String(), Verdict: NotAsked}
		if role := r.cast.of(u.Name); role != nil {
			one = role.report()
			one.Use, one.OnFail = u.Name, u.OnFail.String()
			one.LookUps = r.placed(one.LookUps)
		}
		if len(one.Params) == 0 {
			for _, q := range u.Params {
				one.Params = append(one.Params, Param{Name: q.Name}) // not evaluated
			}
		}
		for i := range one.Params {
			for _, q := range u.Params {
				if q.Name == one.Params[i].Name {
					one.Params[i].Pattern = q.Value.Source()
				}
			}
		}
		if one.Verdict == NotTried {
			p.note("module " + u.Name + " was not tried: explained as if it had let the call pass")
		}
		if slices.ContainsFunc(one.Asked, func(a Asked) bool { return !a.Known }) {
			p.note("module " + u.Name + " needed an answer that a dry run does not have: it may decide otherwise about a call")
		}
		for _, set := range one.Set {
			for i := range p.Patterns {
				if key, _, _ := strings.Cut(p.Patterns[i].Key, "["); key == set.Name {
					p.Patterns[i].SetBy = u.Name
				}
			}
		}
		p.Modules = append(p.Modules, one)
	}
}
