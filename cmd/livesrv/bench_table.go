package main

import (
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"

	"livesrv/internal/bench/viewer"
)

// String says what the bench has made, in a line.
func (s *viewersSetup) String() string {
	words := []string{fmt.Sprintf("%d processors", runtime.NumCPU()), fmt.Sprintf("streams: %d of %.2f Mbit/s", s.Shows, float64(s.Bitrate)/1e6),
		"parts of " + s.Part.String(), "window " + s.Window.String()}
	if s.Filled {
		words[3] += ", full"
	}
	if s.Pins > 0 {
		words = append(words, fmt.Sprintf("%d pins", s.Pins))
	}
	return strings.Join(words, "; ")
}

func mebibytes(n int64) float64 { return float64(n) / (1 << 20) }

// printViewers prints results side by side, a row for each figure.
func printViewers(w io.Writer, report viewersReport) error {
	if s := report.Setup; s != nil {
		if _, err := fmt.Fprintln(w, s); err != nil {
			return err
		}
	}
	results := report.Results
	head := []string{"", results[0].Server}
	if len(results) > 1 {
		head = append(head, results[1].Server)
	}
	row := func(name string, value func(viewersResult) string) []string {
		cells := []string{name}
		for _, r := range results {
			cells = append(cells, value(r))
		}
		return cells
	}
	// cost is a row of what is not known where the server's process is not.
	cost := func(name string, value func(*serverCost, viewersResult) string) []string {
		return row(name, func(r viewersResult) string {
			if r.Cost == nil {
				return "not known"
			}
			return value(r.Cost, r)
		})
	}
	rows := [][]string{
		row("protocol", func(r viewersResult) string { return r.Protocol }),
		row("viewers", func(r viewersResult) string { return fmt.Sprintf("%d of %d", r.Watching, r.Viewers) }),
		row("part target", func(r viewersResult) string { return millis(r.PartTarget) }),
		row("requests", func(r viewersResult) string { return fmt.Sprintf("%.0f/s", r.RequestsPerSecond) }),
		row("playlist", func(r viewersResult) string { return size(int64(r.PlaylistBytes)) }),
		row("bytes", func(r viewersResult) string { return size(int64(r.BytesPerSecond)) + "/s" }),
		row("part delay p50 p90 p99 max", func(r viewersResult) string { return percentiles(r.Delay) }),
		row("age of last picture", func(r viewersResult) string { return percentiles(r.Age) }),
		row("stalls", func(r viewersResult) string { return fmt.Sprintf("%d, %.1f s in all", r.Stalls, r.StallSeconds) }),
		row("errors", func(r viewersResult) string { return errorsText(r.Errors) }),
		cost("CPU", func(c *serverCost, _ viewersResult) string {
			return fmt.Sprintf("%.2f cores, %.3f before", c.Cores, c.IdleCores)
		}),
		cost("CPU per viewer-second", func(c *serverCost, _ viewersResult) string { return fmt.Sprintf("%.3f ms", c.ViewerMillis) }),
		cost("memory", func(c *serverCost, r viewersResult) string {
			text := fmt.Sprintf("%.0f MiB", mebibytes(c.RSS))
			if n := int64(r.Streams); c.WindowBytes > 0 {
				text += fmt.Sprintf("; a stream: %.2f MiB, %.2f of them its window", mebibytes(c.RSS/n), mebibytes(c.WindowBytes/n))
			}
			return text
		}),
		row("load tool", func(r viewersResult) string { return fmt.Sprintf("%.2f cores", r.ToolCores) }),
		row("machine", func(r viewersResult) string {
			return fmt.Sprintf("%.0f %% at work, %.0f %% stolen", 100*r.MachineBusy, 100*r.MachineStolen)
		}),
	}
	if err := printTable(w, head, rows); err != nil {
		return err
	}
	if len(results) > 1 && results[0].Cost != nil && results[1].Cost != nil && results[1].Cost.ViewerMillis > 0 {
		_, err := fmt.Fprintf(w, "\n%s costs %.2f times the floor.\n", results[0].Server, results[0].Cost.ViewerMillis/results[1].Cost.ViewerMillis)
		return err
	}
	return nil
}

func millis(ms float64) string { return strconv.FormatFloat(ms, 'f', -1, 64) + " ms" }

func percentiles(t viewer.Times) string {
	if t.Count == 0 {
		return "not known"
	}
	return fmt.Sprintf("%.1f %.1f %.1f %.1f ms", t.Median, t.P90, t.P99, t.Max)
}

func errorsText(all map[string]uint64) string {
	if len(all) == 0 {
		return "none"
	}
	var words []string
	for kind, n := range all {
		words = append(words, fmt.Sprintf("%s: %d", kind, n))
	}
	return strings.Join(words, ", ")
}
