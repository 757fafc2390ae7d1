package livetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Push describes one run of ffmpeg that encodes a moving, clock-stamped picture and a beep, and pushes it.
type Push struct {
	// URL is where to; empty writes fragmented MP4, a frame a fragment,
	// to Encoder.Out instead.
	URL string
	// Transport is "tcp" or "udp" for rtsp; default tcp.
	Transport string
	// Video is "h264", "hevc" or "" for none.
	Video string
	// Size is "WxH", both even; default 640x360.
	Size string
	// FPS is a whole number or a fraction: "30", "24000/1001". Default "30".
	FPS string
	// GOP is the distance of keyframes in pictures; default two seconds.
	GOP int
	// BFrames is the number of B-pictures between two others; 0 for none.
	BFrames int
	// Kbps is the video bitrate in kbit/s; default 600.
	Kbps int
	// Audio is "aac", "mp3" or "" for none.
	Audio string
	// AudioRate is in Hz; default 48000.
	AudioRate int
	// Channels of the sound; default 2.
	Channels int
	// Profile is H.264's: "baseline", "main" or "high"; default is what costs the least.
	Profile string
}

// Encoder is a running ffmpeg.
type Encoder struct {
	// Out carries fragmented MP4 where Push.URL is empty.
	Out  io.ReadCloser
	cmd  *exec.Cmd
	log  tailBuffer
	done chan struct{}
	err  error
	stop context.CancelFunc
}

// ErrNoFFmpeg says what to do about a machine without ffmpeg.
var ErrNoFFmpeg = errors.New("these tests push with ffmpeg, which is not on PATH: install it (Debian: apt-get install ffmpeg)")

// Start runs ffmpeg. It ends by itself when the receiver closes, by Stop, by Kill, or with ctx.
func (p Push) Start(ctx context.Context) (*Encoder, error) {
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		return nil, ErrNoFFmpeg
	}
	p = p.withDefaults()
	if p.Video == "" && p.Audio == "" {
		return nil, errors.New("livetest: a push needs video or audio")
	}
	w, h, num, den, err := p.numbers()
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	e := &Encoder{cmd: exec.CommandContext(ctx, path, p.args(num, den)...), done: make(chan struct{}), stop: stop}
	e.cmd.Stderr = &e.log
	var pictures io.WriteCloser
	if p.Video != "" {
		if pictures, err = e.cmd.StdinPipe(); err != nil {
			stop()
			return nil, err
		}
	}
	if p.URL == "" {
		if e.Out, err = e.cmd.StdoutPipe(); err != nil {
			stop()
			return nil, err
		}
	}
	if err := e.cmd.Start(); err != nil {
		stop()
		return nil, fmt.Errorf("start ffmpeg: %w", err)
	}
	go e.run(ctx, pictures, newScene(w, h), num, den)
	return e, nil
}

func (p Push) withDefaults() Push {
	set := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	set(&p.Size, "640x360")
	set(&p.FPS, "30")
	if p.Kbps == 0 {
		p.Kbps = 600
	}
	if p.AudioRate == 0 {
		p.AudioRate = 48000
	}
	if p.Channels == 0 {
		p.Channels = 2
	}
	return p
}

// numbers reads size and frame rate.
func (p Push) numbers() (w, h, num, den int, err error) {
	den = 1
	if _, err = fmt.Sscanf(p.Size, "%dx%d", &w, &h); err != nil || w < 64 || h < 64 || w%2+h%2 != 0 {
		return 0, 0, 0, 0, fmt.Errorf("livetest: bad picture size %q", p.Size)
	}
	n, d, frac := strings.Cut(p.FPS, "/")
	if num, err = strconv.Atoi(n); err == nil && frac {
		den, err = strconv.Atoi(d)
	}
	if err != nil || num < 1 || den < 1 {
		return 0, 0, 0, 0, fmt.Errorf("livetest: bad frame rate %q", p.FPS)
	}
	return w, h, num, den, nil
}

func (p Push) args(num, den int) []string {
	a := []string{"-hide_banner", "-nostats", "-loglevel", "warning"}
	if p.Video != "" {
		a = append(a, "-probesize", "32", "-analyzeduration", "0", "-f", "rawvideo", "-pix_fmt", "yuv420p",
			"-video_size", p.Size, "-framerate", p.FPS, "-i", "pipe:0")
	}
	if p.Audio != "" {
		a = append(a, "-re", "-f", "lavfi", "-i", fmt.Sprintf("sine=frequency=440:beep_factor=4:sample_rate=%d", p.AudioRate))
	}
	gop := p.GOP
	if gop == 0 {
		gop = (2*num + den/2) / den
	}
	switch p.Video {
	case "h264":
		// What makes x264 fast leaves out what the higher profiles are for.
		preset := "ultrafast"
		if p.Profile == "main" || p.Profile == "high" {
			preset = "superfast"
		}
		a = append(a, "-c:v", "libx264", "-threads", "1", "-preset", preset, "-tune", "zerolatency", "-profile:v", cmp.Or(p.Profile, "main"),
			"-sc_threshold", "0", "-bf", strconv.Itoa(p.BFrames))
	case "hevc":
		a = append(a, "-c:v", "libx265", "-preset", "ultrafast", "-tune", "zerolatency", "-x265-params",
			fmt.Sprintf("log-level=error:keyint=%d:min-keyint=%d:scenecut=0:open-gop=0:bframes=%d:rc-lookahead=%d:b-adapt=0:pools=1:frame-threads=1",
				gop, gop, p.BFrames, p.BFrames+1))
	}
	if p.Video != "" {
		rate := strconv.Itoa(p.Kbps) + "k"
		a = append(a, "-g", strconv.Itoa(gop), "-keyint_min", strconv.Itoa(gop), "-b:v", rate, "-maxrate", rate, "-bufsize", rate)
	}
	switch p.Audio {
	case "aac":
		a = append(a, "-c:a", "aac", "-b:a", "96k", "-ac", strconv.Itoa(p.Channels))
	case "mp3":
		a = append(a, "-c:a", "libmp3lame", "-b:a", "96k", "-ac", strconv.Itoa(p.Channels))
	}
	if p.URL == "" {
		return append(a, "-flush_packets", "1", "-movflags", "frag_every_frame+empty_moov+default_base_moof", "-f", "mp4", "pipe:1")
	}
	switch scheme, _, _ := strings.Cut(p.URL, ":"); scheme {
	case "srt":
		// Each frame of sound in a packet of its own: ffmpeg would collect a sixth of a second.
		return append(a, "-flush_packets", "1", "-pes_payload_size", "0", "-muxdelay", "0", "-f", "mpegts", p.URL)
	case "rtsp":
		return append(a, "-f", "rtsp", "-rtsp_transport", cmp.Or(p.Transport, "tcp"), p.URL)
	}
	return append(a, "-flush_packets", "1", "-flvflags", "no_duration_filesize", "-f", "flv", p.URL)
}

// run feeds pictures in real time and waits for the process.
func (e *Encoder) run(ctx context.Context, pictures io.WriteCloser, s *scene, num, den int) {
	defer close(e.done)
	defer e.stop()
	if pictures != nil {
		fed := make(chan struct{})
		go func() {
			defer close(fed)
			defer pictures.Close()
			feed(ctx, pictures, s, num, den)
		}()
		defer func() { <-fed }()
	}
	if e.err = e.cmd.Wait(); e.err != nil {
		e.err = fmt.Errorf("ffmpeg: %w: %s", e.err, e.log.String())
	}
	e.stop()
}

// settling is how many pictures fit into ffmpeg before its encoder runs, with some to spare.
const settling = 16

// feed writes each picture when it is due, stamped with the moment it is painted.
func feed(ctx context.Context, w io.Writer, s *scene, num, den int) {
	start := time.Now()
	every := time.Second * time.Duration(den) / time.Duration(num)
	for n := 0; ; n++ {
		due := start.Add(time.Duration(n) * time.Second * time.Duration(den) / time.Duration(num))
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(due)):
		}
		if _, err := w.Write(s.paint(n, time.Now())); err != nil {
			return
		}
		// While ffmpeg gets going it reads a few pictures and then none for a while. What it has not read
		// then was never taken: catching up would put the picture ahead of the sound for good.
		if n < settling {
			start = time.Now().Add(-time.Duration(n) * every)
		}
	}
}

// Kill ends ffmpeg as a power cut would, and waits until it is gone.
func (e *Encoder) Kill() {
	e.stop() // exec.CommandContext kills
	<-e.done
}

// Done is closed when ffmpeg has ended.
func (e *Encoder) Done() <-chan struct{} { return e.done }

// Err says how ffmpeg ended, with the end of its log; nil while it runs.
func (e *Encoder) Err() error {
	select {
	case <-e.done:
		return e.err
	default:
		return nil
	}
}

// Log is the end of what ffmpeg printed.
func (e *Encoder) Log() string { return e.log.String() }

// tailBuffer keeps the last 4 KiB written to it.
type tailBuffer struct {
	mu sync.Mutex
	b  []byte
}

func (t *tailBuffer) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if over := len(t.b) - 4096; over > 0 {
		t.b = t.b[over:]
	}
	return len(p), nil
}

func (t *tailBuffer) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.b))
}
