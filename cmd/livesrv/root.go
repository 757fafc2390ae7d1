package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"livesrv/internal/config"
	"livesrv/internal/fault"
)

// The exit codes.
const (
	exitFine   = 0
	exitFailed = 1 // it was tried and did not work
	exitUsage  = 2 // it was not understood, and nothing was tried
)

// console is where a command reads and writes, so that tests run the real commands in process.
type console struct {
	in       io.Reader
	out, err io.Writer
	environ  []string
}

// getenv is the value of an environment variable, "" where it is not set.
func (c console) getenv(name string) string {
	for _, kv := range c.environ {
		if value, ok := strings.CutPrefix(kv, name+"="); ok {
			return value
		}
	}
	return ""
}

// usageError marks an error as wrong usage.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// execute runs one command line and gives its exit code. Errors go to the error output with a next step.
func execute(ctx context.Context, args []string, con console) int {
	started := false
	root := newRoot(con)
	onRun(root, func() { started = true })
	root.SetArgs(args)
	root.SetIn(con.in)
	root.SetOut(con.out)
	root.SetErr(con.err)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitFine
	}
	fmt.Fprintf(con.err, "livesrv: %s\n", describe(err))
	if _, usage := errors.AsType[usageError](err); usage || !started {
		fmt.Fprintf(con.err, "Run '%s --help' for usage.\n", cmd.CommandPath())
		return exitUsage
	}
	return exitFailed
}

// onRun calls f before the command that is run does anything.
func onRun(cmd *cobra.Command, f func()) {
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			f()
			return run(cmd, args)
		}
	}
	for _, sub := range cmd.Commands() {
		onRun(sub, f)
	}
}

// describe is an error for the person at the terminal: what is wrong and, on a line of its own, what to do.
func describe(err error) string {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		text := err.Error()
		if e.Hint != "" {
			text += "\n" + e.Hint
		}
		return text
	}
	if ps, ok := errors.AsType[config.Problems](err); ok {
		return "the configuration is not in order:\n  " + strings.ReplaceAll(ps.Error(), "\n", "\n  ")
	}
	return err.Error()
}

// newRoot is the whole command line.
func newRoot(con console) *cobra.Command {
	root := &cobra.Command{
		Use:   "livesrv",
		Short: "A live shop in one binary",
		Long: `livesrv is a live shop in one binary: an anchor pushes from OBS, viewers watch low-latency HLS in the
browser, product cards appear at their moment of the picture, and viewers buy beside it.

  livesrv demo     a show with a moving picture, products and pins: nothing to set up
  livesrv serve    the server; everything it keeps is in ./data

The commands below 'Talk to a running server' use its API: name it with --server or LIVESRV_SERVER (default
http://127.0.0.1:8080) and give an API token with --token or LIVESRV_TOKEN ('livesrv token create' makes one).
Exit codes: 0 fine, 1 failed, 2 wrong usage.`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
		RunE:              group,
		Args:              cobra.ArbitraryArgs,
	}
	root.AddGroup(
		&cobra.Group{ID: "run", Title: "Run a server"},
		&cobra.Group{ID: "talk", Title: "Talk to a running server"},
	)
	add := func(id string, cmds ...*cobra.Command) {
		for _, c := range cmds {
			c.GroupID = id
			root.AddCommand(c)
		}
	}
	add("run", newDemo(con), newServe(con), newConfig(con), newHealth(con), newBench(con))
	add("talk", newShow(con), newPin(con), newUnpin(con), newProduct(con), newOrder(con), newUser(con), newToken(con), newBackup(con))
	root.AddCommand(newVersion(con))
	return root
}

// group is what a command does that only holds others: it shows its help, or says that there is no such command.
func group(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	err := fmt.Errorf("%s has no command %q", cmd.CommandPath(), args[0])
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		err = fmt.Errorf("%w; did you mean %s?", err, strings.Join(near, " or "))
	}
	return usageError{err}
}

// newGroup makes a command that only holds others.
func newGroup(use, short string, subs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, RunE: group, Args: cobra.ArbitraryArgs}
	cmd.AddCommand(subs...)
	return cmd
}

// words wants that many arguments, and shows which.
func words(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= least && len(args) <= most {
			return nil
		}
		usage := strings.TrimSuffix(cmd.UseLine(), " [flags]")
		if len(args) > most {
			return fmt.Errorf("%q is one word too many: %s", args[most], usage)
		}
		return fmt.Errorf("something is missing: %s", usage)
	}
}
