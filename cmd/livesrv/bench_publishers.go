package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"livesrv/internal/bench/process"
	"livesrv/internal/bench/publisher"
	"livesrv/internal/bench/target"
	"livesrv/internal/fault"
)

const (
	defaultPush = "rtmp://127.0.0.1:1935/live"
	// benchShow is what the shows of a bench are called, before their number.
	benchShow = "bench-"
	rtmpPort  = 1935
	// maxKeys bounds what is read of a file of stream keys.
	maxKeys = 1 << 20
)

// publishers are the flags of bench publishers.
type publishers struct {
	con      console
	remote   remote
	cfg      publisher.Config
	url      string
	keys     []string
	keysFrom string
	shows    int
	pid      int
	own      bool
	settle   time.Duration
}

func newBenchPublishers(con console) *cobra.Command {
	p := &publishers{con: con, remote: remote{con: con}, cfg: publisher.DefaultConfig()}
	cmd := &cobra.Command{
		Use:   "publishers",
		Short: "Push many streams by RTMP and measure what they cost the server",
		Long: `Pushes one stream of H.264 and AAC by RTMP for every stream key, in real time, all from this process. The pictures
are noise: the server does not look at them, and a player shows nothing of use. Prints, at the end, what the server
took, how often it fell behind, and what CPU time and memory it used while all streams were on, where it runs on this
machine (Linux).

Stream keys come from --key, from --keys-from (one a line), or from --shows N: it asks the server, with an API token,
for N shows named bench-1, bench-2, …, makes those that are missing and uses those that are there. It ends no show.`,
		Example: `  livesrv bench publishers --shows 100
  livesrv bench publishers --key 0123456789abcdef --bitrate 6000000 --fps 60
  livesrv bench publishers --url rtmp://live.example/live --keys-from keys.txt --for 5m --i-own-the-target`,
		Args: words(0, 0),
	}
	f := cmd.Flags()
	f.StringVar(&p.url, "url", defaultPush, "`URL` to push to, without the stream key")
	f.StringArrayVar(&p.keys, "key", nil, "stream `KEY`; may be given again")
	f.StringVar(&p.keysFrom, "keys-from", "", "`FILE` of stream keys, one a line; - is the standard input")
	f.IntVar(&p.shows, "shows", 0, "push to that many shows of the server, made where they are missing")
	f.IntVar(&p.cfg.VideoBits, "bitrate", p.cfg.VideoBits, "bits per second of the picture")
	f.IntVar(&p.cfg.SoundBits, "sound", p.cfg.SoundBits, "bits per second of the sound; 0 for none")
	f.IntVar(&p.cfg.FPS, "fps", p.cfg.FPS, "pictures per second")
	f.DurationVar(&p.cfg.Ramp, "ramp", p.cfg.Ramp, "over how long the streams begin")
	f.DurationVar(&p.settle, "settle", 0, "how long all of them go on before the server is measured, such as the length of its window")
	f.DurationVar(&p.cfg.Duration, "for", p.cfg.Duration, "how long all of them go on after that")
	f.DurationVar(&p.cfg.Late, "late", p.cfg.Late, "from when on a picture counts as late")
	f.IntVar(&p.pid, "server-pid", 0, "process `ID` of the server (default: whoever listens on the port, on this machine)")
	f.BoolVar(&p.own, target.Flag, false, target.FlagHelp)
	p.remote.flags(cmd)
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		b, err := p.prepare(cmd.Context())
		if err != nil {
			return err
		}
		r, err := p.measure(cmd.Context(), b)
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(con.out, r)
		}
		return r.print(con.out)
	}
	return cmd
}

// prepare checks the flags, finds the stream keys and makes the bench.
func (p *publishers) prepare(ctx context.Context) (*publisher.Bench, error) {
	u, err := url.Parse(p.url)
	if err != nil {
		return nil, usageError{fault.New(fault.Invalid, "%q is no address for RTMP", p.url).WithHint("write it as in --url %s", defaultPush)}
	}
	if err := target.Check(u.Host, p.own); err != nil {
		return nil, usageError{err}
	}
	if p.cfg.Duration <= 0 || p.settle < 0 {
		return nil, usageError{fault.New(fault.Invalid, "--for must be longer than nothing, and --settle cannot be less")}
	}
	p.cfg.Duration += p.settle
	keys, err := p.allKeys(ctx)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		p.cfg.Streams = append(p.cfg.Streams, publisher.Target{URL: p.url, Key: k})
	}
	b, err := publisher.New(p.cfg)
	if err != nil {
		return nil, usageError{err}
	}
	if p.pid == 0 && target.Check(u.Host, false) == nil {
		port := rtmpPort
		if n, err := strconv.Atoi(u.Port()); err == nil {
			port = n
		}
		p.pid, _ = process.Listening(port)
	}
	return b, nil
}

// allKeys are the stream keys of all flags.
func (p *publishers) allKeys(ctx context.Context) ([]string, error) {
	keys := p.keys
	if p.keysFrom != "" {
		more, err := p.readKeys()
		if err != nil {
			return nil, err
		}
		keys = append(keys, more...)
	}
	if p.shows > 0 {
		more, err := p.showKeys(ctx)
		if err != nil {
			return nil, err
		}
		keys = append(keys, more...)
	}
	if len(keys) == 0 {
		return nil, usageError{fault.New(fault.Invalid, "there is no stream key").
			WithHint("give --key or --keys-from, or --shows with an API token of the server")}
	}
	return keys, nil
}

func (p *publishers) readKeys() ([]string, error) {
	in := p.con.in
	if p.keysFrom != "-" {
		f, err := os.Open(p.keysFrom)
		if err != nil {
			return nil, fault.New(fault.Invalid, "%s cannot be read", p.keysFrom).Because(err)
		}
		defer f.Close()
		in = f
	}
	var keys []string
	lines := bufio.NewScanner(io.LimitReader(in, maxKeys))
	for lines.Scan() {
		if key := strings.TrimSpace(lines.Text()); key != "" {
			keys = append(keys, key)
		}
	}
	return keys, lines.Err()
}

// showKeys finds or makes the shows of the bench and gives their stream keys.
func (p *publishers) showKeys(ctx context.Context) ([]string, error) {
	c, err := p.remote.dial()
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(c.base)
	if err != nil {
		return nil, err
	}
	if err := target.Check(u.Host, p.own); err != nil {
		return nil, usageError{err}
	}
	keys := make([]string, p.shows)
	for i := range keys {
		if keys[i], err = c.benchKey(ctx, benchShow+number(i+1)); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// benchKey is the stream key of a show, which is made where it is missing.
func (c *client) benchKey(ctx context.Context, slug string) (string, error) {
	var made struct{ Show showView }
	body := map[string]any{"slug": slug, "title": "Bench " + strings.TrimPrefix(slug, benchShow), "currency": "EUR"}
	err := c.call(ctx, http.MethodPost, "/api/shows", body, &made)
	if err == nil {
		return made.Show.StreamKey, nil
	}
	var desk struct {
		Show      showView
		StreamKey string `json:"streamKey"`
	}
	if found := c.call(ctx, http.MethodGet, "/api/shows/"+slug+"/desk", nil, &desk); found != nil {
		return "", err // why it could not be made
	}
	if desk.Show.Status == "ended" {
		return "", fault.New(fault.Conflict, "the show %s has ended", slug).WithHint("a bench uses shows by that name: try a server of its own")
	}
	return desk.StreamKey, nil
}

// publishersResult is what bench publishers prints.
type publishersResult struct {
	publisher.Result
	// Seconds is how long was measured, from the ramp and --settle on; what follows is of that time.
	Seconds        float64 `json:"seconds"`
	BytesPerSecond float64 `json:"bytesPerSecond"`
	// Server is nil where its process is not known.
	Server *processResult `json:"server"`
	Self   *processResult `json:"self"`
	// Problem is why the first of the streams that ended before their time did.
	Problem string `json:"problem,omitempty"`
}

// processResult is what a process used while all streams were on.
type processResult struct {
	PID int `json:"pid"`
	// Cores is CPU time over time; CoresPerStream that over the streams that were on.
	Cores          float64 `json:"cores"`
	CoresPerStream float64 `json:"coresPerStream"`
	// RSS is its memory at the end, MaxRSS the greatest that was seen.
	RSS    int64 `json:"rss"`
	MaxRSS int64 `json:"maxRss"`
}

// watched is a process while it is measured.
type watched struct {
	pid         int
	first, last process.Usage
	most        int64
	bad         bool
}

func (w *watched) look(first bool) {
	u, err := process.Of(w.pid)
	if err != nil {
		w.bad = true
		return
	}
	if first {
		w.first = u
	}
	w.last, w.most = u, max(w.most, u.RSS)
}

func (w *watched) result(seconds float64, streams int) *processResult {
	if w.pid == 0 || w.bad || seconds <= 0 || streams == 0 {
		return nil
	}
	cores := (w.last.CPU - w.first.CPU).Seconds() / seconds
	return &processResult{PID: w.pid, Cores: cores, CoresPerStream: cores / float64(streams), RSS: w.last.RSS, MaxRSS: w.most}
}

// measure runs the bench and watches the processes, from the ramp and --settle on to the first stream's end.
func (p *publishers) measure(ctx context.Context, b *publisher.Bench) (publishersResult, error) {
	server, self := &watched{pid: p.pid}, &watched{pid: os.Getpid()}
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	ticker := time.NewTicker(min(time.Second, (p.cfg.Duration-p.settle)/4))
	defer ticker.Stop()
	begun, bar := time.Now(), &progress{w: p.con.err}
	defer bar.end()
	var from, until time.Time
	var before, after publisher.Result
	look := func() {
		now, r := time.Now(), b.Result()
		bar.say(fmt.Sprintf("%d of %d streams, %s, %s", r.Open, r.Streams, size(int64(r.Bytes)), now.Sub(begun).Round(time.Second)))
		first := from.IsZero()
		switch {
		case first && now.Sub(begun) < p.cfg.Ramp+p.settle, !first && r.Open < before.Open:
			return
		case first:
			from, before = now, r
		}
		until, after = now, r
		server.look(first)
		self.look(first)
	}
	for {
		select {
		case <-ticker.C:
			look()
		case err := <-ended:
			if err != nil {
				return publishersResult{}, err
			}
			res := publishersResult{Result: b.Result(), Seconds: until.Sub(from).Seconds()}
			if res.Seconds > 0 {
				res.BytesPerSecond = float64(after.Bytes-before.Bytes) / res.Seconds
			}
			res.Server, res.Self = server.result(res.Seconds, before.Open), self.result(res.Seconds, before.Open)
			if problem := b.FirstProblem(); problem != nil {
				res.Problem = problem.Error()
			}
			return res, nil
		}
	}
}

// print writes the result for people.
func (r publishersResult) print(w io.Writer) error {
	rows := [][]string{
		{"streams", fmt.Sprintf("%d of %d", r.Connected, r.Streams)},
		{"measured", fmt.Sprintf("%.0f s", r.Seconds)},
		{"sent", fmt.Sprintf("%s, %.1f Mbit/s", size(int64(r.Bytes)), r.BytesPerSecond*8/1e6)},
		{"pictures, audio frames", fmt.Sprintf("%d, %d", r.Pictures, r.Frames)},
		{"late", fmt.Sprintf("%d, of which %d because the server took nothing; at worst %s", r.Late, r.Blocked, r.Worst.Round(time.Millisecond))},
	}
	for _, end := range []publisher.End{publisher.Unreachable, publisher.Refused, publisher.Closed, publisher.Stuck} {
		if n := r.Ended[end]; n > 0 {
			rows = append(rows, []string{string(end), number(n)})
		}
	}
	for _, p := range []struct {
		name string
		of   *processResult
	}{{"server", r.Server}, {"this tool", r.Self}} {
		text := "its process is not known"
		if p.of != nil {
			text = fmt.Sprintf("%.3f cores, %.5f a stream, %.0f MiB", p.of.Cores, p.of.CoresPerStream, math.Ceil(float64(p.of.MaxRSS)/(1<<20)))
		}
		rows = append(rows, []string{p.name, text})
	}
	if r.Problem != "" {
		rows = append(rows, []string{"first problem", r.Problem})
	}
	return printTable(w, []string{"what", "value"}, rows)
}
