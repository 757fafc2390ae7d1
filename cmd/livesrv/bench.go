package main

import "github.com/spf13/cobra"

// newBench holds the load tools.
func newBench(con console) *cobra.Command {
	return newGroup("bench", "Learn what a server holds", newBenchPublishers(con))
}
