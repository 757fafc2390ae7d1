package rtsp

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"livesrv/ingest"
	"livesrv/internal/fault"
)

const (
	// leastWait and greatestWait bound the time between two tries; it doubles, and varies by a quarter so
	// that cameras behind one switch do not come back together.
	leastWait    = time.Second
	greatestWait = time.Minute
	// steady is how long a camera must have sent for its next failure to count as the first.
	steady = 30 * time.Second
)

// pull fetches from one camera for as long as the server runs.
type pull struct {
	s   *Server
	cam camera
	log *slog.Logger
	// said is the last failure that was logged: the same again is not.
	said string
}

func newPull(s *Server, cam camera) *pull {
	return &pull{s: s, cam: cam, log: s.log.With("camera", cam.name())}
}

func (p *pull) run(ctx context.Context) {
	for wait := leastWait; ; wait = min(2*wait, greatestWait) {
		began := time.Now()
		err := p.fetch(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > steady {
			wait, p.said = leastWait, ""
		}
		pause := wait*3/4 + rand.N(wait/2)
		p.tell(err, pause)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// tell logs a failure once, until another comes.
func (p *pull) tell(err error, pause time.Duration) {
	level := slog.LevelWarn
	if err.Error() == p.said {
		level = slog.LevelDebug
	}
	p.said = err.Error()
	attrs := []any{"reason", err.Error(), "again_in", pause.Round(time.Millisecond)}
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Hint != "" {
		attrs = append(attrs, "hint", e.Hint)
	}
	p.log.Log(context.Background(), level, "camera not pulled", attrs...)
}

// fetch connects, publishes what comes, and gives the reason why it ended.
func (p *pull) fetch(ctx context.Context) error {
	var remote atomic.Value
	remote.Store(p.cam.url.Host)
	c := &gortsplib.Client{
		Scheme: p.cam.url.Scheme, Host: p.cam.url.Host, Transport: p.cam.transport, TLSConfig: p.cam.tls(), UserAgent: "livesrv",
		ReadTimeout: p.s.door.ReadTimeout(), WriteTimeout: p.s.door.ReadTimeout(),
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			nc, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if err == nil {
				remote.Store(nc.RemoteAddr().String())
			}
			return nc, err
		},
		OnPacketsLost: func(uint64) {}, // the publisher finds them earlier
		OnDecodeError: func(error) {},
	}
	if err := c.Start2(); err != nil {
		return unreachable(err)
	}
	// Close waits for the goroutines that call handle: it cannot be the watch's cut itself.
	over, cut := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { <-over.Done(); c.Close() })
	defer wg.Wait()
	defer cut()
	watch := p.s.door.Watch(nil, cut)
	defer watch.Stop()
	stop := context.AfterFunc(ctx, func() { watch.Kick(fault.New(fault.Unavailable, "the server stops")) })
	defer stop()
	desc, _, err := c.Describe(p.cam.url)
	if err != nil {
		return watch.Explain(unreachable(err))
	}
	pub, err := p.s.door.Enter(ctx, ingest.Request{
		Protocol: "rtsp", Remote: remote.Load().(string), Key: p.cam.key, Yields: true, Kick: watch.Kick,
	})
	if err != nil {
		return err
	}
	media, err := newPublisher(pub, desc, watch.Alive, watch.Kick)
	if err == nil {
		err = p.play(c, desc, media, watch)
	}
	err = watch.Explain(err)
	pub.Close(err)
	return err
}

// play fetches the tracks that can be taken, until it ends.
func (p *pull) play(c *gortsplib.Client, desc *description.Session, media *publisher, watch *ingest.Watch) error {
	for _, m := range desc.Medias {
		if media.tracks[m] == nil {
			continue
		}
		if _, err := c.Setup(desc.BaseURL, m, 0, 0); err != nil {
			return unreachable(err)
		}
	}
	c.OnPacketRTCPAny(media.told)
	c.OnPacketRTPAny(func(*description.Media, format.Format, *rtp.Packet) {})             // the tap has them already
	media.ask = func(m *description.Media, pkt rtcp.Packet) { c.WritePacketRTCP(m, pkt) } //nolint:errcheck // it may as well be lost
	if _, err := c.Play(nil); err != nil {
		return unreachable(err)
	}
	watch.Publishing()
	return unreachable(c.Wait())
}

// unreachable is a failure of the camera or of the way to it.
func unreachable(err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	if c, ok := errors.AsType[*tls.CertificateVerificationError](err); ok && len(c.UnverifiedCertificates) > 0 {
		return fault.New(fault.Unavailable, "the camera's certificate is not to be trusted by who signed it").
			WithHint("if it is the camera's own, write %s%x behind its address in rtsp.pull", printPrefix, sha256.Sum256(c.UnverifiedCertificates[0].Raw)).Because(err)
	}
	return fault.New(fault.Unavailable, "the camera does not send").
		WithHint("check rtsp.pull: the camera's address, name and password, and that it is switched on").Because(err)
}
