package main

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"livesrv/internal/bench/process"
	"livesrv/internal/bench/publisher"
	"livesrv/internal/bench/target"
	"livesrv/internal/bench/viewer"
	"livesrv/internal/fault"
	"livesrv/internal/show"
)

// viewersBench are the flags of 'bench viewers'.
type viewersBench struct {
	con   console
	cfg   viewer.Config
	floor bool
	own   bool
	ca    string
	pid   int
	setup viewersSetup
	set   []string
}

// viewersSetup is what the bench makes itself: a server and streams.
type viewersSetup struct {
	Part    time.Duration `json:"partNanos"`
	Window  time.Duration `json:"windowNanos"`
	Bitrate int           `json:"bitrate"`
	Shows   int           `json:"shows"`
	Pins    int           `json:"pins"`
	// Filled says that the windows were full before anything was measured.
	Filled bool `json:"filled"`
}

// mostPins is how many pins a bench may keep in a window: the packager takes 512 cues.
const mostPins = 500

func (s viewersSetup) validate() error {
	switch {
	case s.Shows < 1 || s.Shows > 1000:
		return fault.New(fault.Invalid, "%d shows are out of range", s.Shows).At("shows").WithHint("use 1 to 1000")
	case s.Pins < 0 || s.Pins > mostPins:
		return fault.New(fault.Invalid, "%d pins are out of range", s.Pins).At("pins").WithHint("use 0 to %d", mostPins)
	case s.Window <= 0:
		return fault.New(fault.Invalid, "%s is no window", s.Window).At("window").WithHint("1m is usual")
	}
	return nil
}

// hereOnly are the flags that are for the server that the bench makes itself.
var hereOnly = []string{"floor", "part", "window", "bitrate", "shows", "pins", "fill", "set"}

func newBenchViewers(con console) *cobra.Command {
	b := viewersBench{con: con}
	var ramp time.Duration
	cmd := &cobra.Command{
		Use:   "viewers [URL...]",
		Short: "Watch a show as many viewers of low-latency HLS",
		Long: `Watches a show as many viewers at once: blocking reloads, preload hints, every part, of the sound too where that is
apart, and a player's clock that tells when a viewer would have seen the picture stand still.

Without a URL it makes everything itself, in processes of their own: a server with a show, a stream that is pushed to it
over RTMP, and, one after the other, the viewers on livesrv and on the floor: a bare net/http handler that writes the
same bytes at the same moments. The figures of the two, from the same minute on the same machine, can be compared
anywhere; those of one alone cannot. --shows, --bitrate, --part, --window and --pins change what there is to watch, to
see how the cost grows with it; --fill waits until the windows are full first, which takes as long as they are.

With the URL of a show's multivariant playlist it loads the server that is there; with several, the viewers are shared
out among them. The cost is that of the server's process, where it is on this machine and may be looked at. Servers
other than livesrv are played as well.

The viewers share the processors with the server. When 'load tool' comes near what the machine has, the figures say more
of the machine than of the server: use fewer viewers, or another machine. 'stolen' is what the machine wanted and others
on the same hardware got.`,
		Example: `  livesrv bench viewers
  livesrv bench viewers --viewers 1000 --protocol h2 --part 200ms
  livesrv bench viewers --shows 100 --viewers 100 --window 20s --fill
  livesrv bench viewers http://127.0.0.1:8080/live/spring/index.m3u8 --viewers 500 --for 1m
  livesrv bench viewers https://live.example/live/spring/index.m3u8 --` + target.Flag,
		Args: words(0, 1000),
	}
	f := cmd.Flags()
	f.IntVarP(&b.cfg.Viewers, "viewers", "n", 200, "how many watch at a time")
	f.StringVar(&b.cfg.Protocol, "protocol", "", "h1 (HTTP/1.1) or h2 (HTTP/2 over TLS); the usual one is h1 without TLS and h2 with it")
	f.BoolVar(&b.cfg.Delta, "delta", false, "ask for delta updates of the playlist")
	f.DurationVar(&b.cfg.Duration, "for", 20*time.Second, "how long is measured, once all are there")
	f.DurationVar(&ramp, "ramp", 0, "over how long they come (default a second for every 100, at least 2s)")
	f.DurationVar(&b.cfg.Settle, "settle", 3*time.Second, "how long the server is looked at before they come, and how long all are there before anything counts")
	f.BoolVar(&b.floor, "floor", true, "measure the floor as well, where the bench runs the server itself (with several shows only if asked)")
	f.DurationVar(&b.setup.Part, "part", 500*time.Millisecond, "part duration of the server that the bench runs")
	f.DurationVar(&b.setup.Window, "window", time.Minute, "window of the server that the bench runs")
	f.IntVar(&b.setup.Bitrate, "bitrate", 2_500_000, "bits per second of each stream that the bench pushes, sound included")
	f.IntVar(&b.setup.Shows, "shows", 1, "how many shows the server has that the bench runs, each with a stream; viewers are shared out among them")
	f.IntVar(&b.setup.Pins, "pins", 0, "how many pins each window has: a merchant pins and unpins so that three stand at most (over three: with --fill)")
	f.BoolVar(&b.setup.Filled, "fill", false, "wait until the windows of the server that the bench runs are full")
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
		report, err := b.run(cmd, args)
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(con.out, report)
		}
		return printViewers(con.out, report)
	}
	return cmd
}

// run measures what the arguments name.
func (b *viewersBench) run(cmd *cobra.Command, urls []string) (r viewersReport, err error) {
	r.At = time.Now().UTC().Truncate(time.Second)
	if len(urls) > 0 {
		for _, name := range hereOnly {
			if cmd.Flags().Changed(name) {
				return r, usageError{fault.New(fault.Invalid, "--%s is for the server that the bench makes itself", name).
					WithHint("leave the URL away, or the flag")}
			}
		}
		r.Results, err = b.there(cmd.Context(), urls)
		return r, err
	}
	// The floor fetches each stream once, which is as much as a viewer of it costs.
	b.floor = b.floor && (b.setup.Shows == 1 || cmd.Flags().Changed("floor"))
	// A merchant who may have three on screen at once takes a window's time to have had more.
	b.setup.Filled = b.setup.Filled || b.setup.Pins > show.MaxOpenPins
	r.Setup = &b.setup
	r.Results, err = b.here(cmd.Context())
	return r, err
}

// there loads the server that the URLs name.
func (b *viewersBench) there(ctx context.Context, urls []string) ([]viewersResult, error) {
	for _, address := range urls {
		u, err := url.Parse(address)
		if err != nil {
			return nil, usageError{fmt.Errorf("%q is no address", address)}
		}
		if err := target.Check(u.Host, b.own); err != nil {
			return nil, usageError{err}
		}
	}
	u, err := url.Parse(urls[0])
	if err != nil {
		return nil, err
	}
	if err := b.aim(urls, cmp.Or(b.cfg.Protocol, usualProtocol(u.Scheme))); err != nil {
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
	r, err := b.measure(ctx, "server", pid)
	if err != nil {
		return nil, err
	}
	return []viewersResult{r}, nil
}

// aim points the viewers at playlists and checks all of what they are told to do.
func (b *viewersBench) aim(urls []string, protocol string) error {
	b.cfg.URLs, b.cfg.Protocol, b.cfg.Stamp = urls, protocol, publisher.LastStamp
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
	say := progress{w: b.con.err}
	defer say.end()
	say.say(name + ": looking at it without viewers")
	if err := m.idle(ctx, b.cfg.Settle); err != nil {
		return viewersResult{}, err
	}
	b.cfg.Window = m.window
	report, err := viewer.Run(ctx, b.cfg, func(p viewer.Progress) {
		what := "arriving"
		if p.Measuring {
			what = "measuring"
		}
		say.say(fmt.Sprintf("%s: %d of %d watch, %s, %d stalls, %s", name, p.Watching, b.cfg.Viewers, what, p.Stalls, size(int64(p.Bytes))))
	})
	if err != nil {
		return viewersResult{}, err
	}
	return m.result(name, report), nil
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
	if err := b.setup.validate(); err != nil {
		return nil, usageError{err}
	}
	if err := b.aim([]string{scheme + "://127.0.0.1/"}, cmp.Or(b.cfg.Protocol, viewer.HTTP1)); err != nil {
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
		b.cfg.URLs = r.playlists(s.url)
		got, err := b.measure(ctx, s.name, s.child.pid())
		if err != nil {
			return nil, err
		}
		if s.child == r.serverChild {
			r.weigh(ctx, got.Cost)
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
