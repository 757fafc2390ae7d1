package demo

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/bluenviron/gortmplib"
	"github.com/bluenviron/gortmplib/pkg/codecs"
)

// Pusher plays a clip to a server over RTMP, as an encoder would, until its context ends. It comes back after
// a broken connection.
type Pusher struct {
	Clip *Clip
	// Server is where the server takes RTMP, "rtmp://127.0.0.1:1935/live"; Key is the stream key.
	Server, Key string
	// Round is called at the start of every round with the wall time of its first picture.
	Round func(start time.Time)
	Log   *slog.Logger
}

const (
	pushRetry   = time.Second      // from a broken connection to the next try
	pushConnect = 10 * time.Second // for dialling and the handshake
	pushWrite   = 5 * time.Second  // for one picture
)

// Run pushes until ctx ends.
func (p *Pusher) Run(ctx context.Context) error {
	for {
		err := p.push(ctx)
		if ctx.Err() != nil {
			return nil
		}
		p.Log.Warn("the demo's encoder lost its connection and tries again", "error", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pushRetry):
		}
	}
}

// push is one connection.
func (p *Pusher) push(ctx context.Context) error {
	u, err := url.Parse(p.Server)
	if err != nil {
		return err
	}
	u.Fragment = p.Key // where the client library looks for it
	client := &gortmplib.Client{URL: u, Publish: true}
	connect, cancel := context.WithTimeout(ctx, pushConnect)
	err = client.Initialize(connect)
	cancel()
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	ended := make(chan struct{})
	defer func() {
		client.Close()
		<-ended
	}()
	ctx, stop := context.WithCancelCause(ctx)
	go func() {
		defer close(ended)
		// Servers answer now and then; nobody reading would stop them in the end. The end of reading is the
		// end of the connection.
		for {
			if _, err := client.Read(); err != nil {
				stop(err)
				return
			}
		}
	}()
	return p.play(ctx, client)
}

// play writes the clip, each unit when the wall clock has come to its time.
func (p *Pusher) play(ctx context.Context, client *gortmplib.Client) error {
	video := &gortmplib.Track{Codec: &codecs.H264{SPS: p.Clip.sps, PPS: p.Clip.pps}}
	audio := &gortmplib.Track{Codec: &codecs.MPEG4Audio{Config: p.Clip.audio}}
	w := &gortmplib.Writer{Conn: client, Tracks: []*gortmplib.Track{video, audio}}
	if err := client.NetConn().SetWriteDeadline(time.Now().Add(pushConnect)); err != nil {
		return err
	}
	if err := w.Initialize(); err != nil {
		return fmt.Errorf("announce the tracks: %w", err)
	}
	start := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for pl := (player{clip: p.Clip}); ; {
		u, newRound := pl.next()
		timer.Reset(time.Until(start.Add(u.dts)))
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-timer.C:
		}
		if newRound {
			p.Round(start.Add(u.pts))
		}
		if err := client.NetConn().SetWriteDeadline(time.Now().Add(pushWrite)); err != nil {
			return err
		}
		var err error
		if u.video {
			err = w.WriteH264(video, u.pts, u.dts, u.units)
		} else {
			err = w.WriteMPEG4Audio(audio, u.pts, u.units[0])
		}
		if err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
}
