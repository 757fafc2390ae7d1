package e2e

import (
	"bytes"
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"livesrv/ingest"
	"livesrv/ingest/rtmp"
	"livesrv/ingest/rtsp"
	"livesrv/ingest/srt"
	"livesrv/internal/livetest"
	"livesrv/packager"
)

// anyKey lets everybody in: the stream key is the stream's name.
type anyKey struct{}

func (anyKey) Admit(_ context.Context, key string) (ingest.Grant, error) {
	return ingest.Grant{Stream: key}, nil
}

// station is a line with the servers for encoders in front of it and an HTTP server behind, on ports of their own.
type station struct {
	*line
	door *ingest.Door
	push string // rtmp://127.0.0.1:PORT/live/
	srt  string // srt://127.0.0.1:PORT?streamid=publish:
	rtsp string // rtsp://127.0.0.1:PORT/live/
	play string // http://127.0.0.1:PORT/live/
}

// newStation starts one; it ends with the test.
func newStation(t *testing.T, cfg packager.Config) *station {
	t.Helper()
	l, stop := newLine(t, cfg)
	t.Cleanup(stop)
	who := ingest.DefaultConfig()
	who.Takeover = ingest.Newest
	door, err := ingest.NewDoor(who, anyKey{}, l.streams, nil, l.log)
	if err != nil {
		t.Fatal(err)
	}
	rc := rtmp.DefaultConfig()
	rc.Address = "127.0.0.1:0"
	in, err := rtmp.New(rc, door, l.log)
	if err != nil {
		t.Fatal(err)
	}
	if err := in.Listen(); err != nil {
		t.Fatal(err)
	}
	l.group.Go(func() { _ = in.Run(l.ctx) })
	sc, tc := srt.DefaultConfig(), rtsp.DefaultConfig()
	sc.Address, tc.Address, tc.UDPAddress = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	sc.Latency = 500 * time.Millisecond // a busy machine is late with what comes again, too
	lossy, err := srt.New(sc, door, l.log)
	if err != nil {
		t.Fatal(err)
	}
	cameras, err := rtsp.New(tc, door, l.log)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(lossy.Listen(), cameras.Listen()); err != nil {
		t.Fatal(err)
	}
	l.group.Go(func() { _ = lossy.Run(l.ctx) })
	l.group.Go(func() { _ = cameras.Run(l.ctx) })
	out := httptest.NewServer(l.hls)
	t.Cleanup(out.Close)
	return &station{line: l, door: door, push: "rtmp://" + in.Addr().String() + "/live/", srt: "srt://" + lossy.Addr().String() + "?streamid=publish:",
		rtsp: "rtsp://" + cameras.Addr().String() + "/live/", play: out.URL + "/live/"}
}

// bridge pushes HEVC by Enhanced RTMP, which ffmpeg before 6.1 does not speak.
func (s *station) bridge(t *testing.T, key string, p livetest.Push) *livetest.Encoder {
	t.Helper()
	p.URL = ""
	e, err := p.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- livetest.Carry(t.Context(), e.Out, s.push+key, nil) }()
	t.Cleanup(func() {
		e.Kill()
		if err := <-done; err != nil && t.Context().Err() == nil {
			t.Errorf("the HEVC bridge: %v", err)
		}
	})
	return e
}

// start pushes p under name until the test ends or the encoder is killed.
func (s *station) start(t *testing.T, name string, p livetest.Push) *livetest.Encoder {
	t.Helper()
	p.URL = s.push + name
	return s.encode(t, p)
}

// encode pushes p to its own address until the test ends or the encoder is killed.
func (s *station) encode(t *testing.T, p livetest.Push) *livetest.Encoder {
	t.Helper()
	e, err := p.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Kill)
	return e
}

// busy is the slack for real encoders: on a machine that has other things to do they stall for seconds, and
// that is not ours. That the line itself never does is held on a clock of its own, by the other tests.
const busy = 15 * time.Second

// atOnce is how many encoders run at the same time: what two processors can encode beside the server.
const atOnce = 4

// TestEncoders pushes with real encoders, some at the same time, plays every rendition strictly, and lets
// ffprobe and a decoder read what came out.
func TestEncoders(t *testing.T) {
	t.Parallel()
	const length = 9 * time.Second
	half, fifth := newStation(t, quick()), newStation(t, shortParts())
	type result struct {
		rep *livetest.Report
		err error
		enc *livetest.Encoder
	}
	cases := map[string]struct {
		at        *station
		push      livetest.Push
		bridge    bool   // ffmpeg 5.1 cannot push it by RTMP
		to        string // where else than to RTMP
		dependent bool
	}{
		"H.264":               {at: half, push: livetest.Push{Video: "h264", FPS: "30", GOP: 30, Audio: "aac"}},
		"H.264 in 200 ms":     {at: fifth, push: livetest.Push{Video: "h264", Size: "320x180", FPS: "30", GOP: 30, Audio: "aac"}},
		"B-pictures":          {at: half, push: livetest.Push{Video: "h264", Size: "320x180", FPS: "25", GOP: 25, BFrames: 2, Audio: "aac", AudioRate: 44100}},
		"HEVC":                {at: half, push: livetest.Push{Video: "hevc", Size: "320x180", FPS: "30", GOP: 30, Audio: "aac"}, bridge: true},
		"HEVC, B-pictures":    {at: half, push: livetest.Push{Video: "hevc", Size: "320x180", FPS: "25", GOP: 25, BFrames: 2, Audio: "aac"}, bridge: true},
		"SRT":                 {at: half, to: half.srt, push: livetest.Push{Video: "h264", Size: "320x180", FPS: "30", GOP: 30, BFrames: 2, Audio: "aac"}},
		"SRT, HEVC":           {at: fifth, to: fifth.srt, push: livetest.Push{Video: "hevc", Size: "320x180", FPS: "25", GOP: 25, Audio: "aac", AudioRate: 44100}},
		"RTSP by TCP":         {at: half, to: half.rtsp, push: livetest.Push{Video: "h264", Size: "320x180", FPS: "30", GOP: 30, BFrames: 2, Audio: "aac"}},
		"RTSP by UDP":         {at: fifth, to: fifth.rtsp, push: livetest.Push{Video: "h264", Size: "320x180", FPS: "25", GOP: 25, Audio: "aac", Transport: "udp"}},
		"sound alone":         {at: half, push: livetest.Push{Audio: "aac", AudioRate: 44100}},
		"picture alone":       {at: fifth, push: livetest.Push{Video: "h264", Size: "320x180", FPS: "25", GOP: 25}},
		"15 fps":              {at: half, push: livetest.Push{Video: "h264", Size: "320x180", FPS: "15", GOP: 15, Audio: "aac"}},
		"23.976 fps":          {at: half, push: livetest.Push{Video: "h264", Size: "320x180", FPS: "24000/1001", GOP: 24, Audio: "aac"}},
		"59.94 fps, B":        {at: half, push: livetest.Push{Video: "h264", Size: "320x180", FPS: "60000/1001", GOP: 60, BFrames: 2, Audio: "aac"}},
		"a GOP of 10 seconds": {at: half, push: livetest.Push{Video: "h264", Size: "320x180", FPS: "30", GOP: 300, Audio: "aac"}, dependent: true},
	}
	results := map[string]*result{}
	var wg sync.WaitGroup
	turn := make(chan struct{}, atOnce)
	for name, c := range cases {
		r := &result{}
		results[name] = r
		key := strings.Map(func(c rune) rune {
			if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
				return c
			}
			return '-'
		}, strings.ToLower(name))
		turn <- struct{}{}
		switch {
		case c.bridge:
			r.enc = c.at.bridge(t, key, c.push)
		case c.to != "":
			c.push.URL = c.to + key
			r.enc = c.at.encode(t, c.push)
		default:
			r.enc = c.at.start(t, key, c.push)
		}
		wg.Go(func() {
			defer func() { r.enc.Kill(); <-turn }()
			if r.err = c.at.ready(key); r.err != nil {
				return
			}
			r.rep, r.err = livetest.Check(t.Context(), livetest.Options{
				URL: c.at.play + key + "/index.m3u8", For: length, Slack: busy, Dependent: c.dependent, KeepSegments: 3,
			})
		})
	}
	wg.Wait()
	for name, r := range results {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if r.err != nil {
				t.Fatalf("%v; encoder: %s", r.err, r.enc.Log())
			}
			for _, f := range r.rep.Findings {
				t.Error(f)
			}
			if r.rep.Segments < 3 {
				t.Errorf("only %d segments were seen; encoder: %s", r.rep.Segments, r.enc.Log())
			}
			c := cases[name]
			for rendition, media := range r.rep.Media {
				video := strings.HasPrefix(rendition, "v")
				picture := probe(t, rendition, media, video, len(r.rep.Renditions) == 1)
				if video && !c.dependent {
					clock(t, c.push, picture, r.rep.MediaStart[rendition])
				}
			}
			if len(r.rep.Media) != len(r.rep.Renditions) {
				t.Errorf("media of %d renditions was read, there are %v", len(r.rep.Media), r.rep.Renditions)
			}
		})
	}
}

func shortParts() packager.Config {
	cfg := quick()
	cfg.PartDuration = 200 * time.Millisecond
	return cfg
}

// probe lets ffprobe and a decoder read an init segment and the segments after it, and allows no warning.
// Sound that also comes with a picture is decoded there. It returns the luma of the first picture.
func probe(t *testing.T, name string, media []byte, video, alone bool) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "media.mp4")
	if err := os.WriteFile(file, media, 0o600); err != nil {
		t.Fatal(err)
	}
	decode := []string{"ffmpeg", "-v", "warning", "-nostdin", "-i", file, "-map", "0", "-enc_time_base:v", "-1", "-f", "null", "-"}
	if video {
		decode = append(decode, "-map", "0:v", "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1")
	}
	var picture bytes.Buffer
	tools := [][]string{{"ffprobe", "-v", "warning", "-show_streams", "-show_packets", file}}
	if video || alone {
		tools = append(tools, decode)
	}
	for _, args := range tools {
		cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
		var said bytes.Buffer
		cmd.Stderr = &said
		if args[0] == "ffmpeg" {
			cmd.Stdout = &picture
		}
		if err := cmd.Run(); err != nil || said.Len() > 0 {
			t.Errorf("%s of %s: %v: %s", args[0], name, err, said.String())
		}
	}
	return picture.Bytes()
}

// clock compares the clock in a picture with the PROGRAM-DATE-TIME of its segment, which is later by the
// time that encoder and network took.
func clock(t *testing.T, p livetest.Push, picture []byte, date time.Time) {
	t.Helper()
	w, h := 640, 360
	if p.Size == "320x180" {
		w, h = 320, 180
	}
	if len(picture) != w*h {
		t.Errorf("the first picture has %d bytes, want %d", len(picture), w*h)
		return
	}
	code, ok := livetest.ReadStamp(picture, w, h)
	if !ok {
		t.Error("the first picture has no clock")
		return
	}
	// The stream's clock believes the first pictures; what ffmpeg waits for between them and the rest, on a
	// busy machine, makes the date that much too early.
	const early = 4 * time.Second
	d := livetest.Since(code, date.Add(early)) - early
	if d > 1500*time.Millisecond {
		t.Errorf("PROGRAM-DATE-TIME %v is %v after the picture was painted", date, d)
	}
	t.Logf("PROGRAM-DATE-TIME is %v after the picture was painted", d)
}
