// Package workbench runs one module through the real host for its author: scripts of frames
// with the decisions they should lead to, times and sizes of hooks, and what a file says of
// itself. Calls here are made up, and so are the web servers, Redis, maps, store and time of a
// script; nothing of it touches a network.
//
// A Bench belongs to one goroutine; the host below it has goroutines of its own, which Close
// waits for. The package knows neither configuration files nor SIP, and of profiles the names of
// their keys.
package workbench
