// Command timecode pushes a moving picture with the wall clock in it (see package livetest) to an RTMP
// address until it is interrupted. Browser tests start it to measure the delay from glass to glass:
//
//	go run ./internal/livetest/cmd/timecode --url rtmp://127.0.0.1:1935/live/KEY --fps 30 --gop 60
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
	return push(ctx, p)
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
