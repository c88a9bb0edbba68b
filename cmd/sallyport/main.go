// Command sallyport is the session border controller and its tools, one file a verb. It
// wires nothing itself: running is the job of package host.
package main

import "os"

func main() { os.Exit(doMain(os.Args[1:], os.Stdout, os.Stderr)) }
