package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"livesrv/internal/bench/publisher"
	"livesrv/internal/bench/viewer"
	"livesrv/internal/fault"
)

// rig is what 'bench viewers' measures when it is given nothing: a server, its streams, a merchant and a floor.
type rig struct {
	dir         string
	server      benchServerReady
	floor       benchFloorReady
	serverChild *child
	floorChild  *child

	// stop ends what goes on in this process beside the measurement: the streams, and the merchant's pins.
	stop    context.CancelFunc
	ended   chan error
	beside  int
	streams *publisher.Bench
}

const (
	// onAirWithin is how long the streams may take until there are playlists.
	onAirWithin = 30 * time.Second
	// streamRamp is over how long many streams begin, so that their keyframes do not come together.
	streamRamp = 4 * time.Second
	// outOfList is about how long a segment stays to be had after it has left the playlist: a window is full with it.
	outOfList = 10 * time.Second
)

// newRig starts everything and waits until the shows are on air, and their windows full where that is asked for.
func newRig(ctx context.Context, b *viewersBench) (_ *rig, err error) {
	r := &rig{ended: make(chan error, 2)}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	if r.dir, err = os.MkdirTemp("", "livesrv-bench-"); err != nil {
		return nil, err
	}
	say := progress{w: b.con.err}
	defer say.end()
	say.say("starting a server")
	if r.serverChild, err = startChild(ctx, b.con.err, &r.server, r.serverArgs(b)...); err != nil {
		return nil, err
	}
	if err := b.certificate(r.server.Cert); err != nil {
		return nil, err
	}
	var beside context.Context
	beside, r.stop = context.WithCancel(context.WithoutCancel(ctx))
	say.say("pushing to it")
	if err := r.push(beside, b.setup); err != nil {
		return nil, err
	}
	if err := r.onAir(ctx); err != nil {
		return nil, err
	}
	if b.setup.Pins > 0 {
		if err := r.sell(ctx, beside, b.setup); err != nil {
			return nil, err
		}
	}
	if b.floor {
		args := []string{"bench", "floor", "--origin", r.server.URL}
		if r.server.Cert != "" {
			args = append(args, "--cert", r.server.Cert, "--key", r.server.Key)
		}
		if r.floorChild, err = startChild(ctx, b.con.err, &r.floor, args...); err != nil {
			return nil, err
		}
	}
	if b.setup.Filled {
		return r, r.fill(ctx, b.setup.Window+outOfList, &say)
	}
	return r, nil
}

// serverArgs are the words by which the server is started.
func (r *rig) serverArgs(b *viewersBench) []string {
	args := []string{"bench", "server", "--data", r.dir, "--shows", number(b.setup.Shows), "--http", "127.0.0.1:0", "--rtmp", "127.0.0.1:0",
		"--srt=", "--rtsp=", "--set", "whip.udp_address=", "--set", "whip.tcp_address=", "--set", "admin.address=127.0.0.1:0", "--set", "log.level=warn",
		"--set", "packager.part_duration=" + b.setup.Part.String(), "--set", "packager.window=" + b.setup.Window.String()}
	for _, s := range b.set {
		args = append(args, "--set", s)
	}
	if b.cfg.Protocol == viewer.HTTP2 {
		args = append(args, "--tls-self-signed")
	}
	return args
}

// playlists are the shows' multivariant playlists at a server.
func (r *rig) playlists(base string) []string {
	all := make([]string, len(r.server.Keys))
	for i := range all {
		all[i] = base + "/live/" + benchSlug(i) + "/index.m3u8"
	}
	return all
}

// goBeside runs something beside the measurement until close. It should not end before.
func (r *rig) goBeside(what string, run func() error) {
	r.beside++
	go func() {
		err := run()
		if err == nil {
			err = errors.New("ended too early")
		}
		r.ended <- broken(what, err)
	}()
}

func broken(what string, err error) error {
	return fault.New(fault.Unavailable, "the bench's own %s did not go on", what).WithHint("run again; --set log.level=info shows more").Because(err)
}

// push sends the streams from this process, until close.
func (r *rig) push(beside context.Context, s viewersSetup) error {
	cfg := publisher.DefaultConfig()
	for _, key := range r.server.Keys {
		cfg.Streams = append(cfg.Streams, publisher.Target{URL: r.server.RTMP, Key: key})
	}
	cfg.VideoBits = s.Bitrate - cfg.SoundBits
	cfg.Ramp, cfg.Duration = 0, 0
	if len(cfg.Streams) > 1 {
		cfg.Ramp = streamRamp
	}
	var err error
	if r.streams, err = publisher.New(cfg); err != nil {
		return err
	}
	r.goBeside("streams", func() error { return r.streams.Run(beside) })
	return nil
}

// sell pins products as a merchant does, until close.
func (r *rig) sell(ctx, beside context.Context, s viewersSetup) error {
	c, err := (&remote{server: r.server.URL, token: r.server.Token, ca: r.server.Cert}).dial()
	if err != nil {
		return err
	}
	shows := make([]string, len(r.server.Keys))
	for i := range shows {
		shows[i] = benchSlug(i)
	}
	m, err := newMerchant(ctx, c, shows, s.Pins, s.Window)
	if err == nil {
		err = m.begin(ctx)
	}
	if err != nil {
		return err
	}
	r.goBeside("merchant", func() error {
		defer c.http.CloseIdleConnections()
		return m.run(beside)
	})
	return nil
}

// fill waits until the windows are full.
func (r *rig) fill(ctx context.Context, d time.Duration, say *progress) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for full := time.Now().Add(d); time.Now().Before(full); {
		say.say("filling the window: " + time.Until(full).Round(time.Second).String())
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
		if err := r.problem(); err != nil {
			return err
		}
	}
	return nil
}

// retained is the name of the metric by which the server says what it keeps of each stream.
const retained = "livesrv_packager_retained_bytes{"

// weigh puts beside what the server used what its windows hold, where it says so.
func (r *rig) weigh(ctx context.Context, cost *serverCost) {
	if cost == nil || r.server.Admin == "" {
		return
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.server.Admin+"/metrics", nil)
	if err != nil {
		return
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return
	}
	defer res.Body.Close()
	for lines := bufio.NewScanner(io.LimitReader(res.Body, maxAnswer)); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), "} ")
		if n, err := strconv.ParseFloat(value, 64); err == nil && strings.HasPrefix(name, retained) {
			cost.WindowBytes += int64(n)
		}
	}
}

// problem is why something beside the measurement has ended, nil while all goes on.
func (r *rig) problem() error {
	if err := r.streams.FirstProblem(); err != nil { // one of many
		return broken("streams", err)
	}
	select {
	case err := <-r.ended:
		r.ended <- err
		return err
	default:
		return nil
	}
}

// onAir waits for the first playlist of each show: the server holds the request until there is media.
func (r *rig) onAir(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, onAirWithin)
	defer cancel()
	t := http.DefaultTransport.(*http.Transport).Clone()
	defer t.CloseIdleConnections()
	if r.server.Cert != "" {
		conf, err := trust(r.server.Cert)
		if err != nil {
			return err
		}
		t.TLSClientConfig = conf
	}
	for _, playlist := range r.playlists(r.server.URL) {
		for {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, playlist, nil)
			if err != nil {
				return err
			}
			res, err := (&http.Client{Transport: t}).Do(req)
			if err == nil {
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
				if res.StatusCode == http.StatusOK {
					break
				}
			}
			if err := r.problem(); err != nil {
				return err
			}
			select {
			case <-ctx.Done():
				return fault.New(fault.Unavailable, "the streams did not come on air within %s", onAirWithin).Because(err)
			case <-time.After(100 * time.Millisecond): // 404 until the publisher has been let in
			}
		}
	}
	return nil
}

// close ends everything, in the order in which it depends on the other.
func (r *rig) close() {
	if r.stop != nil {
		r.stop()
		for range r.beside {
			<-r.ended
		}
	}
	for _, c := range []*child{r.floorChild, r.serverChild} {
		if c != nil {
			c.stop()
		}
	}
	if r.dir != "" {
		os.RemoveAll(r.dir)
	}
}
