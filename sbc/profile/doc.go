// Package profile holds what an operator may set for a kind of call: the sections of a
// profile in the configuration, their defaults and checks, and what they do to a call.
//
// Config is the text, with patterns; Compile checks it and makes an immutable Profile; a
// Set selects one for a call; Resolve evaluates it for one INVITE into a Plan, which holds
// values only. What modules set goes into the plan, literally.
//
// Each section has one file: its keys are the fields of a struct, whose doc comments are
// the reference, and rows of a table, which say how a value gets into a plan. To add a key is
// to add a field, a default in defaults.go if it has one, and a row.
//
// A Profile and a Set are safe for concurrent use; a Plan belongs to the strand of its
// call. The package starts no goroutines and knows neither calls nor transports.
package profile
