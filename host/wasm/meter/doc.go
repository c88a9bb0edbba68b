// Package meter rewrites a WebAssembly module so that it cannot run without being watched.
//
// wazero runs a guest as native code that the Go scheduler cannot interrupt: a guest in an endless loop would hold
// a thread and with it the next garbage collection of the whole process. Rewrite therefore adds a counter, the fuel.
// It is a global of the module that is lowered at every loop head, at every entry of a function that is not a small
// leaf, and by the length of every bulk memory or table operation. Below zero the guest calls the imported function
// sbc.fuel, which either returns new fuel or ends the guest.
//
// One unit of fuel is about one instruction: a loop head pays for the instructions of one turn, without those of
// inner loops, which pay for themselves, and with a discount for long ones, most of which a turn jumps over.
//
// It also takes data and start section out of a module whose instances are nothing but a memory and numbers in global
// variables, and gives these variables names: then one instance can be started and others be made as copies of it. See
// Image; a module that changes its tables, for example, stays as it is.
//
// The input is hostile. Every length, index and offset is checked before it is used, every instruction is decoded
// with the strictness of the specification, so that no second reader can see other instructions than this one, and
// what is not known by name is refused. Indexes are checked against the original module: a guest that mentions the
// index at which the fuel will stand is refused.
//
// The package knows WebAssembly 2.0 (with SIMD) and nothing of Sallyport's contract. It starts no goroutines and
// everything in it may be used concurrently.
package meter
