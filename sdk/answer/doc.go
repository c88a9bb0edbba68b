// Package answer reads what a web server has decided about a call: a JSON object, or
// lines of `key = value`. The modules rest and failover read theirs with it.
//
// It starts no goroutine and asks nobody: its input is a response that is there.
package answer
