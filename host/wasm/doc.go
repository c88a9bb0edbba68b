// Package wasm runs call control modules in a sandbox: it loads WebAssembly files, meters them, keeps instances of
// them warm, and calls their hooks. It is the only package that knows that modules are WebAssembly.
//
// # Loading
//
// A file is read, compared with its pin, asked for its manifest, its imports held against what the configuration
// grants, rewritten with fuel checks (package meter), compiled or taken from the cache, instantiated, asked for the
// contract it speaks, given its configuration, and only then published. Each step names module and reason when it
// fails, and what ran before goes on running.
//
// # Instances
//
// Only the first instance of a generation starts. Its memory is written into a sealed file and its variables are noted
// (freeze.go); all others are mappings of that file, copied page by page as they write to it (memory.go). A module whose
// state is more than that starts in every instance. The memory of an instance is not Go's: it is unmapped when the
// instance closes, and whoever kept a piece of it then would end the process. So functions of the host copy what they
// keep.
//
// # Generations
//
// A Generation is one file with one configuration, with its own runtime, instances and reference count; it never
// changes. A call keeps the generation it began with: Acquire counts it, Release drops it. A swap stores one pointer;
// the old generation takes no new calls and gives all its memory back when the last of its calls is gone.
//
// # Hooks
//
// A hook takes a warm instance from the pool (last in, first out), writes the call frame into the instance's memory,
// calls the guest and copies its decision out. Nothing of that allocates in the host. The instance is thrown away
// when the guest trapped, ran out of time, answered garbage, or grew past its soft limit; no other call notices.
//
// A hook that waits for something outside answers PENDING: it is parked in its instance, which serves other hooks.
// What it waits for runs on a goroutine of its own, a connection's (httpconn.go), the store's or a timer's, and comes as
// mail to the instance; whoever has the instance, or nobody, lets the guest have it (mail.go). The decision goes to the call's Later, never while an
// instance is held. Variables and state of a parked hook are copies until then, so that its strand can go on.
//
// # Capabilities
//
// Each is an import module in a file of its own: http.go, kv.go, limit.go, account.go, redis.go, control.go (timers, maps,
// calls), metric.go. A function that takes time is made by asynchronous, which reads the request frame, counts, and
// keeps to the limits of what may be under way.
//
// A guest's time is the processor time of its thread, looked at when its fuel is used up or at every 256th host
// function, so that a busy machine does not make a sound module fail.
//
// # Ownership
//
// Host starts a goroutine for each generation that closes and for instances that are made again beside the traffic;
// Host.Close waits for them. A generation has one for each connection to a web server without TLS; it waits for them when
// it closes. Everything exported may be used concurrently; hooks of one call come one at a time.
//
// What the sandbox does not bound: a guest that recurses within its fuel may hold up to 100 MB of native stack in one
// instance until that is thrown away.
package wasm
