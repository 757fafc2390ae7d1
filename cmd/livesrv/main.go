// Command livesrv is a live shop in one binary: 'livesrv demo' shows it, 'livesrv serve' runs it, and the other
// commands talk to a running server through its API. This package holds the commands alone: what they do is
// in the rooms, and package app is where those are wired together.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// version is set by the linker for released builds.
var version = ""

func main() {
	os.Exit(mainCode())
}

// mainCode runs the command line and gives the exit code. The first SIGINT or SIGTERM asks for a graceful end,
// the second ends the process at once with the code that shells give for that signal.
func mainCode() int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		again := <-signals
		if s, ok := again.(syscall.Signal); ok {
			os.Exit(128 + int(s))
		}
		os.Exit(exitFailed)
	}()
	return execute(ctx, os.Args[1:], console{in: os.Stdin, out: os.Stdout, err: os.Stderr, environ: os.Environ()})
}
