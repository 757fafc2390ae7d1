package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"livesrv/internal/bench/process"
	"livesrv/internal/bench/publisher"
	"livesrv/internal/bench/target"
	"livesrv/internal/bench/viewer"
	"livesrv/internal/fault"
)

// viewersBench are the flags of 'bench viewers'.
type viewersBench struct {
	con   console
	cfg   viewer.Config
	floor bool
	own   bool
	ca    string
	pid   int
	// For the server and the stream that the bench makes itself.
	part    time.Duration
	window  time.Duration
	bitrate int
	set     []string
}

func newBenchViewers(con console) *cobra.Command {
	b := viewersBench{con: con, cfg: viewer.Config{Settle: 3 * time.Second}}
	var ramp time.Duration
	cmd := &cobra.Command{
		Use:   "viewers [URL]",
		Short: "Watch a show as many viewers of low-latency HLS",
		Long: `Watches a show as many viewers at once: blocking reloads, preload hints, every part, and a player's clock that tells
when a viewer would have seen the picture stand still.

Without a URL it makes everything itself, in processes of their own: a server with a show, a stream that is pushed to it
over RTMP, and, one after the other, the viewers on livesrv and on the floor: a bare net/http handler that writes the
same bytes at the same moments. The figures of the two, from the same minute on the same machine, can be compared
anywhere; those of one alone cannot.

With the URL of a show's multivariant playlist it loads the server that is there. The cost is that of its process, where
it is on this machine and may be looked at.

The viewers share the processors with the server. When 'load tool' comes near what the machine has, the figures say more
of the machine than of the server: use fewer viewers, or another machine.`,
		Example: `  livesrv bench viewers
  livesrv bench viewers --viewers 1000 --protocol h2 --part 200ms
  livesrv bench viewers http://127.0.0.1:8080/live/spring/index.m3u8 --viewers 500 --for 1m
  livesrv bench viewers https://live.example/live/spring/index.m3u8 --` + target.Flag,
		Args: words(0, 1),
	}
	f := cmd.Flags()
	f.IntVarP(&b.cfg.Viewers, "viewers", "n", 200, "how many watch at a time")
	f.StringVar(&b.cfg.Protocol, "protocol", "", "h1 (HTTP/1.1) or h2 (HTTP/2 over TLS); the usual one is h1 without TLS and h2 with it")
	f.BoolVar(&b.cfg.Delta, "delta", false, "ask for delta updates of the playlist")
	f.DurationVar(&b.cfg.Duration, "for", 20*time.Second, "how long is measured, once all are there")
	f.DurationVar(&ramp, "ramp", 0, "over how long they come (default a second for every 100, at least 2s)")
	f.BoolVar(&b.floor, "floor", true, "measure the floor as well, where the bench runs the server itself")
	f.DurationVar(&b.part, "part", 500*time.Millisecond, "part duration of the server that the bench runs")
	f.DurationVar(&b.window, "window", time.Minute, "window of the server that the bench runs")
	f.IntVar(&b.bitrate, "bitrate", 2_500_000, "bits per second of the stream that the bench pushes, sound included")
	f.StringArrayVar(&b.set, "set", nil, "set one `KEY=VALUE` of configs/livesrv.yml in the server that the bench runs")
	f.IntVar(&b.pid, "server-pid", 0, "process of the server at the URL (default: the one on this machine that listens there)")
	f.StringVar(&b.ca, "ca", "", "certificate `FILE` to trust, in PEM")
	f.BoolVar(&b.own, target.Flag, false, target.FlagHelp)
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		b.cfg.Ramp = ramp
		if ramp == 0 {
			b.cfg.Ramp = max(2*time.Second, time.Duration(b.cfg.Viewers)*time.Second/100)
		}
		var results []viewersResult
		var err error
		if len(args) == 1 {
			for _, name := range []string{"floor", "part", "window", "bitrate", "set"} {
				if cmd.Flags().Changed(name) {
					return usageError{fault.New(fault.Invalid, "--%s is for the server that the bench makes itself", name).
						WithHint("leave the URL away, or the flag")}
				}
			}
			results, err = b.there(cmd.Context(), args[0])
		} else {
			results, err = b.here(cmd.Context())
		}
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(con.out, viewersReport{At: time.Now().UTC().Truncate(time.Second), Results: results})
		}
		return printViewers(con.out, results)
	}
	return cmd
}

// viewersReport is what --json prints.
type viewersReport struct {
	At      time.Time       `json:"at"`
	Results []viewersResult `json:"results"`
}

// viewersResult is a report with what it cost.
type viewersResult struct {
	// Server is livesrv or floor.
	Server string `json:"server"`
	*viewer.Report
	// Cost is missing where the server's process is not known.
	Cost *serverCost `json:"cost,omitempty"`
	// ToolCores is what the load tool used itself, in processors.
	ToolCores float64 `json:"toolCores"`
}

// serverCost is what the server's process used while it was measured.
type serverCost struct {
	// Cores is all, in processors; IdleCores what it used before the viewers came, with the stream.
	Cores     float64 `json:"cores"`
	IdleCores float64 `json:"idleCores"`
	// ViewerMillis is the time on a processor for a second of one viewer: (Cores − IdleCores) / viewers.
	ViewerMillis float64 `json:"viewerMillis"`
	// RSS is the memory at the end, in bytes.
	RSS int64 `json:"rss"`
}

// there loads the server that the URL names.
func (b *viewersBench) there(ctx context.Context, address string) ([]viewersResult, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, usageError{fmt.Errorf("%q is no address", address)}
	}
	if err := target.Check(u.Host, b.own); err != nil {
		return nil, usageError{err}
	}
	if err := b.aim(address, cmp.Or(b.cfg.Protocol, usualProtocol(u.Scheme))); err != nil {
		return nil, err
	}
	if b.ca != "" {
		if b.cfg.TLS, err = trust(b.ca); err != nil {
			return nil, err
		}
	}
	pid := b.pid
	if port, err := strconv.Atoi(u.Port()); pid == 0 && err == nil && target.Check(u.Host, false) == nil {
		pid, _ = process.Listening(port)
	}
	r, err := b.measure(ctx, "livesrv", pid)
	if err != nil {
		return nil, err
	}
	return []viewersResult{r}, nil
}

// aim points the viewers at a playlist and checks all of what they are told to do.
func (b *viewersBench) aim(address, protocol string) error {
	b.cfg.URLs, b.cfg.Protocol, b.cfg.Stamp = []string{address}, protocol, publisher.LastStamp
	if err := b.cfg.Validate(); err != nil {
		return usageError{err}
	}
	return nil
}

func usualProtocol(scheme string) string {
	if scheme == "https" {
		return viewer.HTTP2
	}
	return viewer.HTTP1
}

// measure plays and reads what it costs.
func (b *viewersBench) measure(ctx context.Context, name string, pid int) (viewersResult, error) {
	m := meter{pid: pid}
	idle, err := m.idle(ctx)
	if err != nil {
		return viewersResult{}, err
	}
	b.cfg.Window = m.window
	say := progress{w: b.con.err}
	report, err := viewer.Run(ctx, b.cfg, func(p viewer.Progress) {
		what := "arriving"
		if p.Measuring {
			what = "measuring"
		}
		say.say(fmt.Sprintf("%s: %d of %d watch, %s, %d stalls, %s", name, p.Watching, b.cfg.Viewers, what, p.Stalls, size(int64(p.Bytes))))
	})
	say.end()
	if err != nil {
		return viewersResult{}, err
	}
	r := viewersResult{Server: name, Report: report, ToolCores: (m.tool[1].CPU - m.tool[0].CPU).Seconds() / report.Seconds}
	if m.known {
		cores := (m.server[1].CPU - m.server[0].CPU).Seconds() / report.Seconds
		r.Cost = &serverCost{Cores: cores, IdleCores: idle, ViewerMillis: 1000 * (cores - idle) / float64(report.Viewers), RSS: m.server[1].RSS}
	}
	return r, nil
}

// idleTime is how long a server is looked at before viewers come.
const idleTime = 3 * time.Second

// meter reads what two processes use: the server's, where it is known, and this one.
type meter struct {
	pid          int
	known        bool
	server, tool [2]process.Usage
}

// idle is what the server uses without viewers, in processors.
func (m *meter) idle(ctx context.Context) (float64, error) {
	if m.pid == 0 {
		return 0, nil
	}
	before, err := process.Of(m.pid)
	if err != nil {
		return 0, err
	}
	m.known = true
	timer := time.NewTimer(idleTime)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
	after, err := process.Of(m.pid)
	return (after.CPU - before.CPU).Seconds() / idleTime.Seconds(), err
}

func (m *meter) window(begins bool) {
	i := 1
	if begins {
		i = 0
	}
	var err error
	if m.known {
		if m.server[i], err = process.Of(m.pid); err != nil {
			m.known = false
		}
	}
	m.tool[i], _ = process.Self() // zero where this cannot be known
}

// printViewers prints results side by side, a row for each figure.
func printViewers(w io.Writer, results []viewersResult) error {
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
	rows := [][]string{
		row("protocol", func(r viewersResult) string { return r.Protocol }),
		row("viewers", func(r viewersResult) string { return fmt.Sprintf("%d of %d", r.Watching, r.Viewers) }),
		row("part target", func(r viewersResult) string { return millis(r.PartTarget) }),
		row("requests", func(r viewersResult) string { return fmt.Sprintf("%.0f/s", r.RequestsPerSecond) }),
		row("bytes", func(r viewersResult) string { return size(int64(r.BytesPerSecond)) + "/s" }),
		row("part delay p50 p90 p99 max", func(r viewersResult) string { return percentiles(r.Delay) }),
		row("age of last picture", func(r viewersResult) string { return percentiles(r.Age) }),
		row("stalls", func(r viewersResult) string { return fmt.Sprintf("%d, %.1f s in all", r.Stalls, r.StallSeconds) }),
		row("errors", func(r viewersResult) string { return errorsText(r.Errors) }),
		row("CPU", func(r viewersResult) string {
			if r.Cost == nil {
				return "not known"
			}
			return fmt.Sprintf("%.2f cores, %.3f before", r.Cost.Cores, r.Cost.IdleCores)
		}),
		row("CPU per viewer-second", func(r viewersResult) string {
			if r.Cost == nil {
				return "not known"
			}
			return fmt.Sprintf("%.3f ms", r.Cost.ViewerMillis)
		}),
		row("memory", func(r viewersResult) string {
			if r.Cost == nil {
				return "not known"
			}
			return fmt.Sprintf("%.0f MiB", float64(r.Cost.RSS)/(1<<20))
		}),
		row("load tool", func(r viewersResult) string { return fmt.Sprintf("%.2f cores", r.ToolCores) }),
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

// here makes a server, a stream and a floor, and measures both.
func (b *viewersBench) here(ctx context.Context) ([]viewersResult, error) {
	if b.own || b.ca != "" || b.pid != 0 {
		return nil, usageError{fault.New(fault.Invalid, "--%s, --ca and --server-pid are for a server that is named by its URL", target.Flag)}
	}
	// Where the server will be is not known yet; what is wrong is said before there is one.
	scheme := "http"
	if b.cfg.Protocol == viewer.HTTP2 {
		scheme = "https"
	}
	if err := b.aim(scheme+"://127.0.0.1/", cmp.Or(b.cfg.Protocol, viewer.HTTP1)); err != nil {
		return nil, err
	}
	r, err := newRig(ctx, b)
	if err != nil {
		return nil, err
	}
	defer r.close()
	var results []viewersResult
	for _, s := range []struct {
		name, url string
		child     *child
	}{{"livesrv", r.server.URL, r.serverChild}, {"floor", r.floor.URL, r.floorChild}} {
		if s.child == nil {
			continue
		}
		b.cfg.URLs = []string{s.url + "/live/" + benchSlug(0) + "/index.m3u8"}
		got, err := b.measure(ctx, s.name, s.child.pid())
		if err != nil {
			return nil, err
		}
		results = append(results, got)
		if err := r.problem(); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// certificate makes the viewers trust the rig's server.
func (b *viewersBench) certificate(file string) (err error) {
	if file != "" {
		b.cfg.TLS, err = trust(file)
	}
	return err
}
