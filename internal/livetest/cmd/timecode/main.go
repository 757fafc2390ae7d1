// Command timecode pushes a moving picture with the wall clock in it (see package livetest) to an RTMP
// address until it is interrupted. Browser tests start it to measure the delay from glass to glass:
//
//	go run ./internal/livetest/cmd/timecode --url rtmp://127.0.0.1:1935/live/KEY --fps 30 --gop 60
//
// With --apart the signal USR1 lets the picture die while the sound goes on, and live again; USR2 the sound.
//
// It prints one line of JSON, {"ready":true}, when ffmpeg runs. Exit codes: 0 interrupted, 1 failed, 2
// wrong usage.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"livesrv/internal/livetest"
)

func main() { os.Exit(run()) }

func run() int {
	var p livetest.Push
	flag.StringVar(&p.URL, "url", "", "where to push: rtmp://HOST:PORT/live/KEY (needed)")
	flag.StringVar(&p.Video, "codec", "h264", "h264, hevc, or empty for audio only")
	flag.StringVar(&p.Size, "size", "640x360", "picture size, WxH")
	flag.StringVar(&p.FPS, "fps", "30", "pictures per second, a whole number or a fraction")
	flag.IntVar(&p.GOP, "gop", 0, "pictures from keyframe to keyframe; 0 is two seconds' worth")
	flag.IntVar(&p.BFrames, "bframes", 0, "B-pictures between two others")
	flag.IntVar(&p.Kbps, "kbps", 0, "video bitrate in kbit/s; 0 is 600")
	flag.StringVar(&p.Audio, "audio", "aac", "aac, mp3, or empty for none")
	flag.IntVar(&p.AudioRate, "rate", 48000, "audio sample rate in Hz")
	flag.IntVar(&p.Channels, "channels", 2, "audio channels")
	flag.StringVar(&p.Profile, "profile", "", "H.264 profile: baseline, main or high; empty for what costs the least")
	apart := flag.Bool("apart", false, "let USR1 and USR2 stop picture and sound")
	length := flag.Duration("for", 0, "stop after this long; 0 goes on until interrupted")
	flag.Parse()
	if p.URL == "" || flag.NArg() > 0 {
		flag.Usage()
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *length > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, *length)
		defer cancel()
	}
	if *apart {
		return carry(ctx, p)
	}
	return push(ctx, p)
}

// carry pushes until ctx ends, without the picture or the sound after a signal, and with it again after the next.
func carry(ctx context.Context, p livetest.Push) int {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGUSR2)
	var picture, sound atomic.Bool // whether it is dead
	go func() {
		for s := range signals {
			dead := &picture
			if s == syscall.SIGUSR2 {
				dead = &sound
			}
			dead.Store(!dead.Load())
		}
	}()
	address := p.URL
	p.URL = ""
	e, err := p.Start(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(`{"ready":true}`)
	err = livetest.Carry(ctx, e.Out, address, func(video bool) bool {
		if video {
			return picture.Load()
		}
		return sound.Load()
	})
	e.Kill()
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// push starts ffmpeg again whenever it ends, as OBS reconnects, until ctx ends. A push that dies within
// its first second is a wrong address or key, and final.
func push(ctx context.Context, p livetest.Push) int {
	for {
		started := time.Now()
		e, err := p.Start(ctx)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Println(`{"ready":true}`)
		<-e.Done()
		if ctx.Err() != nil {
			return 0
		}
		if time.Since(started) < time.Second {
			fmt.Fprintln(os.Stderr, e.Err())
			return 1
		}
	}
}
