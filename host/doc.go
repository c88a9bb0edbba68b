// Package host is the daemon: it builds every room from one configuration snapshot, swaps
// snapshots, drains and shuts down.
//
// [Start] binds and starts everything or nothing. [Host.Reload] reads the configuration
// again and makes it the one of new calls; calls in progress keep the one they began with,
// and a configuration with a mistake changes nothing. [Host.Stop] lets calls end, up to a
// limit, and then closes every room in the order that loses nothing: calls, sockets,
// timers, media, modules, CDR files. [Run] does all that by the signals of an operating
// system: SIGHUP, SIGTERM, SIGINT.
//
// A Host owns all goroutines of the rooms it made and has stopped them when Stop returns.
// The package prints nothing: what there is to tell is a value ([Summary]), a log line, or
// an error. It is the only package that knows every room, and only cmd imports it.
package host
