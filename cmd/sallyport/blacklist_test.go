package main

import "testing"

func TestBlacklistVerbs(t *testing.T) {
	c := newControlledWith(t, plugins(t, "blacklist")+`
[module.blacklist.config]
exact = ["mallory"]
[profile.echo]
modules = ["blacklist"]
[profile.echo.module.blacklist]
caller = "$fU"
`)
	c.says("blacklist list", `^VALUE +KIND +FROM +SINCE +UNTIL +REASON\nmallory +exact +configuration +- +- +-\n$`)
	c.call("mallory", "403")
	c.call("alice", "")
	c.says("blacklist check alice", "1:", `^sallyport blacklist check: alice is not blocked\n$`)
	c.says("blacklist block alice --for 24h --reason 'called 300 times'", `^alice is blocked until 20..-..-.. ..:..:..\n$`)
	c.call("alice", "403")
	c.says("blacklist check alice", `alice +exact +command +20.* 20.* called 300 times\n$`)
	c.says("blacklist block --prefix ali", `^what begins with ali is blocked\n$`)
	c.says("blacklist list", `ali +prefix +command .* - +-\nalice +exact .*\nmallory`)
	c.says("blacklist list --limit 1", `there are more: --after ali\n$`)
	c.says("blacklist list --prefix m", `^VALUE.*\nmallory .*\n$`)
	c.says("__complete blacklist unblock ''", `(?m)^ali\tprefix$`, `(?m)^alice\texact called 300 times$`)
	c.says("__complete blacklist list --module ''", `(?m)^blacklist$`)
	c.says("blacklist unblock alice", `^alice is still hit by:\nVALUE.*\nali +prefix`)
	c.call("alice", "403")
	c.says("reload", `sallyport.toml is in use`)
	c.call("alice", "403")
	c.says("blacklist unblock ali --prefix", `^ali is not blocked any more\n$`)
	c.call("alice", "")
	c.says("blacklist check mallory --json", `"blocked": true`, `"source": "configuration"`)

	for line, want := range map[string]string{
		"blacklist unblock alice":                        `"alice" is not blocked as a whole value`,
		"blacklist unblock alice --prefix":               `"alice" is not blocked as a prefix`,
		"blacklist unblock mallory":                      `"mallory" stands in the configuration: take it out of exact of \[module.blacklist.config\] and reload`,
		"blacklist block ''":                             `value is missing`,
		"blacklist block x --for 0s":                     `for: want a duration of 1s to`,
		"blacklist block x --for 1d":                     `invalid argument "1d" for "--for"`,
		"blacklist block " + longName + "yyy" + longName: `value: want at most 249 bytes`,
		"blacklist block x --module prepaid":             `there is no module "prepaid" that has a blacklist`,
		"blacklist unlbock x":                            `did you mean`,
	} {
		c.says(line, "1:", want)
	}
}

func TestTwoBlacklists(t *testing.T) {
	c := newControlledWith(t, plugins(t, "blacklist", "premium=blacklist")+`
[profile.echo]
modules = ["premium"]
[profile.echo.module.premium]
caller = "$fU"
`)
	c.says("blacklist block alice", "1:", `there are several, say which with --module: blacklist, premium`)
	c.says("blacklist block alice --module blacklist", `alice is blocked`)
	c.call("alice", "")
	c.says("blacklist block alice --module premium", `alice is blocked`)
	c.call("alice", "403")
}
