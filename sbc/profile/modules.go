package profile

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
)

// onFailParam is the parameter of a module that is the SBC's.
const onFailParam = "on_fail"

// chain makes the modules of a profile and their parameters a chain.
func (c *compiler) chain(cfg *Config) *callcontrol.Chain {
	known := slices.Sorted(maps.Keys(c.known.Modules))
	var uses []callcontrol.Use
	for i, name := range cfg.Modules {
		at := fmt.Sprintf("modules[%d]", i)
		if slices.Contains(cfg.Modules[:i], name) {
			c.fail(at, fmt.Errorf("%s is in the list twice", brief(name)))
			continue
		}
		if err := among("module", name, known); err != nil {
			c.fail(at, err)
			continue
		}
		uses = append(uses, c.use(name, cfg))
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Module)) {
		if !slices.Contains(cfg.Modules, name) {
			c.fail("module."+name, errors.New("the profile does not use this module: add it to modules"))
		}
	}
	return callcontrol.NewChain(uses)
}

func (c *compiler) use(name string, cfg *Config) callcontrol.Use {
	u := callcontrol.Use{Name: name, Module: name, OnFail: c.known.Modules[name]}
	params := cfg.Module[name]
	for _, param := range slices.Sorted(maps.Keys(params)) {
		v, at := params[param], "module."+name+"."+param
		c.maps(at, v)
		if param != onFailParam {
			u.Params = append(u.Params, callcontrol.Param{Name: param, Value: v})
			continue
		}
		word, ok := v.Static()
		if !ok {
			word = v.Source()
		}
		if err := u.OnFail.UnmarshalText([]byte(word)); err != nil {
			c.fail(at, err)
		}
	}
	return u
}
