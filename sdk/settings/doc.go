// Package settings reads settings of a call that come as text from outside, in a
// header or from a web server, for modules that put them into the plan.
//
// What it hands out are pieces of the text, or copies where something was
// escaped. It imports nothing of the host and starts no goroutine.
package settings
