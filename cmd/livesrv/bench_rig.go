package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"livesrv/internal/bench/publisher"
	"livesrv/internal/bench/viewer"
	"livesrv/internal/fault"
)

// rig is what 'bench viewers' measures when it is given nothing: a server, a stream and a floor.
type rig struct {
	dir         string
	server      benchServerReady
	floor       benchFloorReady
	serverChild *child
	floorChild  *child

	stopPush context.CancelFunc
	pushed   chan error
}

// onAirWithin is how long the stream may take until there is a playlist.
const onAirWithin = 20 * time.Second

// newRig starts everything and waits until the show is on air.
func newRig(ctx context.Context, b *viewersBench) (_ *rig, err error) {
	r := &rig{}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	if r.dir, err = os.MkdirTemp("", "livesrv-bench-"); err != nil {
		return nil, err
	}
	args := []string{"bench", "server", "--data", r.dir, "--http", "127.0.0.1:0", "--rtmp", "127.0.0.1:0", "--srt=", "--rtsp=", "--set", "admin.address=127.0.0.1:0",
		"--set", "log.level=warn", "--set", "packager.part_duration=" + b.part.String(), "--set", "packager.window=" + b.window.String()}
	for _, s := range b.set {
		args = append(args, "--set", s)
	}
	if b.cfg.Protocol == viewer.HTTP2 {
		args = append(args, "--tls-self-signed")
	}
	say := progress{w: b.con.err}
	defer say.end()
	say.say("starting a server")
	if r.serverChild, err = startChild(ctx, b.con.err, &r.server, args...); err != nil {
		return nil, err
	}
	if err := b.certificate(r.server.Cert); err != nil {
		return nil, err
	}
	say.say("pushing a stream to it")
	if err := r.push(b.bitrate); err != nil {
		return nil, err
	}
	if err := r.onAir(ctx); err != nil {
		return nil, err
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
	return r, nil
}

// push sends one stream of that many bits per second from this process, until close.
func (r *rig) push(bits int) error {
	cfg := publisher.DefaultConfig()
	cfg.Streams = []publisher.Target{{URL: r.server.RTMP, Key: r.server.Keys[0]}}
	cfg.VideoBits = bits - cfg.SoundBits
	cfg.Ramp, cfg.Duration = 0, 0
	p, err := publisher.New(cfg)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.stopPush, r.pushed = cancel, make(chan error, 1)
	go func() {
		err := p.Run(ctx)
		if err == nil {
			err = p.FirstProblem()
		}
		r.pushed <- err
	}()
	return nil
}

// problem is why the stream has ended, nil while it goes on.
func (r *rig) problem() error {
	select {
	case err := <-r.pushed:
		r.pushed <- err
		if err == nil {
			err = errors.New("it was closed")
		}
		return fault.New(fault.Unavailable, "the bench's own stream has ended").WithHint("run again; --set log.level=info shows more").Because(err)
	default:
		return nil
	}
}

// onAir waits for the first playlist: the server holds the request until there is media.
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
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.server.URL+"/live/"+benchSlug(0)+"/index.m3u8", nil)
		if err != nil {
			return err
		}
		res, err := (&http.Client{Transport: t}).Do(req)
		if err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		if err := r.problem(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fault.New(fault.Unavailable, "the stream did not come on air within %s", onAirWithin).Because(err)
		case <-time.After(100 * time.Millisecond): // 404 until the publisher has been let in
		}
	}
}

// close ends everything, in the order in which it depends on the other.
func (r *rig) close() {
	if r.stopPush != nil {
		r.stopPush()
		<-r.pushed
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
