// Command sallyport-module builds modules where bin/sallyport is not built yet;
// `sallyport module build` does the same:
//
//	go run ./sdk/cmd/sallyport-module build [-o FILE] FOLDER
//
// Package build says what happens.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/sallyport-sbc/sallyport"
	"github.com/sallyport-sbc/sallyport/sdk/build"
)

const usage = "usage: sallyport-module build [-o FILE] FOLDER"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "sallyport-module:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 || args[0] != "build" {
		return errors.New(usage)
	}
	fs := flag.NewFlagSet("build", flag.ContinueOnError)
	out := fs.String("o", "", "where to write the module; default NAME.wasm here")
	fs.Usage = func() {
		fmt.Fprintln(fs.Output(), usage)
		fs.PrintDefaults()
	}
	err := fs.Parse(args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	case fs.NArg() != 1:
		return errors.New(usage)
	}
	built, err := build.Module(build.Options{Source: fs.Arg(0), Out: *out, SDK: sallyport.SDK})
	if err != nil {
		return err
	}
	fmt.Println(built)
	return nil
}
