package publisher

import (
	"bytes"
	"context"
	"math"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortmplib"
	"github.com/bluenviron/gortmplib/pkg/message"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"livesrv/internal/fault"
	"livesrv/internal/livetest"
)

func TestMain(m *testing.M) { livetest.Main(m) }

// taken is what a server has taken of one stream.
type taken struct {
	ended    chan struct{} // closed when all has been read
	mu       sync.Mutex
	key      string
	sps      []byte
	pictures int
	keys     int
	bytes    int
	frames   int
	last     time.Duration // PTS
	age      time.Duration // the greatest, of a picture's stamp
	bad      int           // pictures that are not as they should be
}

// listen runs a server of the library's, or one that is mute. seen is called with every picture.
func listen(t *testing.T, mute bool, seen func(c net.Conn, pictures int)) (address string, all func() []*taken) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var list []*taken
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer nc.Close()
				conn := &gortmplib.ServerConn{RW: nc}
				if mute || conn.Initialize() != nil || conn.Accept() != nil {
					return
				}
				key := conn.URL.Path[strings.LastIndexByte(conn.URL.Path, '/')+1:]
				s := &taken{key: key, ended: make(chan struct{})}
				defer close(s.ended)
				mu.Lock()
				list = append(list, s)
				mu.Unlock()
				s.read(conn, nc, seen)
			})
		}
	})
	t.Cleanup(func() { ln.Close(); wg.Wait() })
	return "rtmp://" + ln.Addr().String() + "/live", func() []*taken {
		mu.Lock()
		defer mu.Unlock()
		return list
	}
}

func (s *taken) read(conn *gortmplib.ServerConn, nc net.Conn, seen func(net.Conn, int)) {
	for {
		m, err := conn.Read()
		if err != nil {
			return
		}
		switch m := m.(type) {
		case *message.Audio:
			if m.AACType == message.AudioAACTypeAU {
				s.mu.Lock()
				s.frames++
				s.mu.Unlock()
			}
		case *message.Video:
			s.video(m)
			if seen != nil {
				seen(nc, s.pictures)
			}
		}
	}
}

func (s *taken) video(m *message.Video) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.Type == message.VideoTypeConfig {
		s.sps = m.AVCConfig.SequenceParameterSets[0].NALUnit
		return
	}
	var au h264.AVCC
	if err := au.Unmarshal(m.AU); err != nil || m.PTSDelta != 0 || s.pictures > 0 && m.DTS <= s.last {
		s.bad++
	}
	s.last = m.DTS
	s.pictures++
	stamped, key := false, false
	for _, u := range au {
		s.bytes += len(u) + 4
		switch h264.NALUType(u[0] & 0x1f) {
		case h264.NALUTypeIDR:
			key = true
		case h264.NALUTypeSEI:
			at, ok := LastStamp(u)
			stamped = ok
			s.age = max(s.age, time.Since(at))
		}
	}
	if key {
		s.keys++
	}
	if !stamped || key != m.IsKeyFrame {
		s.bad++
	}
}

// TestBench: what a server reads with another's reader is what was to be sent.
func TestBench(t *testing.T) {
	address, all := listen(t, false, nil)
	cfg := DefaultConfig()
	cfg.VideoBits = 4_000_000 // keyframes are longer than a chunk
	cfg.Ramp, cfg.Duration = 200*time.Millisecond, 3500*time.Millisecond
	cfg.Streams = []Target{{address, "a"}, {address, "b"}}
	b, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := b.Result()
	if r.Connected != 2 || r.Open != 0 || len(r.Ended) != 0 || b.FirstProblem() != nil {
		t.Errorf("%+v, %v", r, b.FirstProblem())
	}
	pictures, frames := 0, 0
	for _, s := range all() {
		<-s.ended
		s.mu.Lock()
		pictures, frames = pictures+s.pictures, frames+s.frames
		if s.keys != 2 || s.bad > 0 || s.age <= 0 || s.age > 10*time.Second {
			t.Errorf("stream %s: %d keyframes, %d pictures wrong, up to %v old", s.key, s.keys, s.bad, s.age)
		}
		var sps h264.SPS
		if err := sps.Unmarshal(s.sps); err != nil || sps.Width() != 1280 || sps.Height() != 720 || sps.FPS() != 30 {
			t.Errorf("parameter sets: %v, %dx%d", err, sps.Width(), sps.Height())
		}
		s.mu.Unlock()
	}
	// The last messages may be on their way when the connection is closed.
	if int(r.Pictures)-pictures > 4 || int(r.Frames)-frames > 4 || pictures < 140 || frames < 220 {
		t.Errorf("sent %d pictures and %d frames, %d and %d came", r.Pictures, r.Frames, pictures, frames)
	}
}

// TestRate: a GOP of the clip has the bits that were asked for.
func TestRate(t *testing.T) {
	for _, bits := range []int{500_000, 2_500_000, 20_000_000} {
		c := newClip(bits, 0, 30)
		sum := 0
		for i, p := range c.pictures {
			sum += videoHead + p.size
			if p.key != (i == 0) || bytes.Contains(p.wire[:100], []byte{0, 0}) {
				t.Errorf("picture %d: key %v", i, p.key)
			}
		}
		if rate := float64(sum) * 8 / gopLength.Seconds(); math.Abs(rate-float64(bits)) > 100 {
			t.Errorf("%d bits a second became %.0f", bits, rate)
		}
	}
}

// TestEnds: each way a stream can end is counted by its name.
func TestEnds(t *testing.T) {
	cut := func(c net.Conn, pictures int) {
		if pictures == 3 {
			c.Close()
		}
	}
	address, _ := listen(t, false, cut)
	mute, _ := listen(t, true, nil)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for _, c := range []struct {
		target Target
		want   End
		fails  bool
	}{
		{Target{address, "good"}, Closed, false},
		{Target{mute, "good"}, Unreachable, true},
		{Target{"rtmp://" + closed.Addr().String() + "/live", "good"}, Unreachable, true},
	} {
		cfg := DefaultConfig()
		cfg.Streams, cfg.Ramp, cfg.Duration = []Target{c.target}, 0, 20*time.Second
		b, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Run(t.Context()); (err != nil) != c.fails {
			t.Errorf("%v: %v", c.target, err)
		}
		if r := b.Result(); r.Ended[c.want] != 1 || len(r.Ended) != 1 || r.Open != 0 || b.FirstProblem() == nil {
			t.Errorf("%v: %+v", c.target, r)
		}
	}
}

// TestStop: a bench that is stopped leaves nothing behind and blames nobody.
func TestStop(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	address, _ := listen(t, false, func(net.Conn, int) { cancel() })
	cfg := DefaultConfig()
	cfg.Streams, cfg.Duration, cfg.SoundBits = []Target{{address, "a"}}, 0, 0
	b, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if r := b.Result(); r.Connected != 1 || len(r.Ended) != 0 || r.Frames != 0 {
		t.Errorf("%+v", r)
	}
}

func TestValidate(t *testing.T) {
	for name, spoil := range map[string]func(*Config){
		"no stream":  func(c *Config) { c.Streams = nil },
		"scheme":     func(c *Config) { c.Streams[0].URL = "http://127.0.0.1/live" },
		"no key":     func(c *Config) { c.Streams[0].Key = "" },
		"video":      func(c *Config) { c.VideoBits = 1 },
		"sound":      func(c *Config) { c.SoundBits = 1 },
		"fps":        func(c *Config) { c.FPS = 0 },
		"long":       func(c *Config) { c.Duration = MaxDuration },
		"never late": func(c *Config) { c.Late = 0 },
	} {
		cfg := DefaultConfig()
		cfg.Streams = []Target{{"rtmp://127.0.0.1/live", "k"}}
		if err := cfg.Validate(); err != nil {
			t.Fatal(err)
		}
		spoil(&cfg)
		if _, err := New(cfg); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
