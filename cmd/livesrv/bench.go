package main

import (
	"github.com/spf13/cobra"

	"livesrv/internal/bench/target"
)

func newBench(con console) *cobra.Command {
	cmd := newGroup("bench", "Load a server, to size a box", newBenchViewers(con), newBenchPublishers(con), newBenchServer(con), newBenchFloor(con))
	cmd.Long = `Measures what viewers and publishers cost a server, on the machine at hand.

  livesrv bench viewers       virtual viewers of low-latency HLS, beside the floor that net/http sets
  livesrv bench publishers    virtual encoders that push RTMP

A bench loads this machine alone unless --` + target.Flag + ` says that the other one is yours.`
	return cmd
}
