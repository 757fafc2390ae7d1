package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// build is what is known about this binary.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Time     string `json:"time,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// readBuild reads the linker's version, else what the go command wrote into the binary.
func readBuild() build {
	b := build{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		b.Version = cmp.Or(b.Version, "unknown")
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time":
			b.Time = s.Value
		}
	}
	b.Version = cmp.Or(b.Version, info.Main.Version, "unknown")
	return b
}

func newVersion(con console) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version and how it was built",
		Example: "  livesrv version\n  livesrv version --json",
		Args:    words(0, 0),
	}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(*cobra.Command, []string) error {
		b := readBuild()
		if *asJSON {
			return printJSON(con.out, b)
		}
		fmt.Fprintf(con.out, "livesrv %s (%s, %s)\n", b.Version, b.Go, b.Platform)
		if b.Revision != "" {
			fmt.Fprintf(con.out, "revision %s of %s\n", b.Revision, b.Time)
		}
		return nil
	}
	return cmd
}
