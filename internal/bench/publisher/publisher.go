package publisher

import (
	"context"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"livesrv/internal/fault"
)

// Config says what to push where.
type Config struct {
	// Streams are where each stream goes. 1 to 10,000.
	Streams []Target
	// VideoBits and SoundBits are bits per second of picture and sound. VideoBits is from 50,000 to 100 million,
	// SoundBits from 8,000 to 512,000, or 0 for no sound.
	VideoBits, SoundBits int
	// FPS is pictures per second, from 1 to 120. A keyframe comes every two seconds.
	FPS int
	// Ramp is over how long the streams begin, evenly: over a keyframe interval or more, their keyframes do not all
	// come at once. Duration is how long all go on after that, 0 until the context ends. Together at most MaxDuration.
	Ramp, Duration time.Duration
	// Late is how late a message may be written before it counts.
	Late time.Duration
}

// Target is where a stream goes: "rtmp://HOST:1935/live" and the stream key.
type Target struct{ URL, Key string }

// DefaultConfig is a usual stream: 720p from OBS.
func DefaultConfig() Config {
	return Config{VideoBits: 2_500_000, SoundBits: 128_000, FPS: 30, Ramp: 4 * time.Second, Duration: 30 * time.Second, Late: 100 * time.Millisecond}
}

// Validate says which value cannot be used.
func (c Config) Validate() error {
	out := func(what, hint string, v any) error {
		return fault.New(fault.Invalid, "%s: %v is out of range", what, v).WithHint("%s", hint)
	}
	switch {
	case len(c.Streams) < 1 || len(c.Streams) > 10_000:
		return out("streams", "push 1 to 10000", len(c.Streams))
	case c.VideoBits < 50_000 || c.VideoBits > 100_000_000:
		return out("bits of the picture", "use 50000 to 100000000 a second", c.VideoBits)
	case c.SoundBits != 0 && (c.SoundBits < 8_000 || c.SoundBits > 512_000):
		return out("bits of the sound", "use 8000 to 512000 a second, or 0 for none", c.SoundBits)
	case c.FPS < 1 || c.FPS > 120:
		return out("pictures per second", "use 1 to 120", c.FPS)
	case c.Ramp < 0 || c.Duration < 0 || c.Ramp+c.Duration > MaxDuration:
		return out("duration", "with the ramp, at most "+MaxDuration.String(), c.Ramp+c.Duration)
	case c.Late <= 0:
		return out("lateness", "use 10ms or more", c.Late)
	}
	for _, t := range c.Streams {
		u, err := url.Parse(t.URL)
		if err != nil || u.Scheme != "rtmp" && u.Scheme != "rtmps" || u.Host == "" {
			return fault.New(fault.Invalid, "%q is no address for RTMP", t.URL).WithHint("write it as in rtmp://127.0.0.1:1935/live")
		}
		if t.Key == "" {
			return fault.New(fault.Invalid, "a stream has no key")
		}
	}
	return nil
}

// End is why a stream ended before its time.
type End string

// The ends.
const (
	Unreachable End = "unreachable" // no connection, or no answer to the handshake
	Refused     End = "refused"     // the server let the key not in
	Closed      End = "closed"      // the server ended the connection
	Stuck       End = "stuck"       // the server took nothing for writeTimeout
)

// Result is what has come of it so far.
type Result struct {
	// Streams is how many there are to be, Connected how many the server has let in, Open how many go on.
	Streams   int `json:"streams"`
	Connected int `json:"connected"`
	Open      int `json:"open"`
	// Bytes and messages that the server's end of the connection has taken.
	Bytes    uint64 `json:"bytes"`
	Pictures uint64 `json:"pictures"`
	Frames   uint64 `json:"frames"`
	// Late are messages that were written more than Config.Late after their time, Blocked those of them for which the
	// server had no room for so long; the others are late because this process was. Worst is the greatest lateness.
	Late    uint64        `json:"late"`
	Blocked uint64        `json:"blocked"`
	Worst   time.Duration `json:"worstNanos"`
	// Ended counts the streams that ended before their time, by reason.
	Ended map[End]int `json:"ended"`
}

// Bench pushes streams.
type Bench struct {
	cfg   Config
	clip  *clip
	until time.Time // set by Run

	connected, open                        atomic.Int64
	bytes, pictures, frames, late, blocked atomic.Uint64
	worst                                  atomic.Int64

	mu    sync.Mutex
	ended map[End]int
	first error // why the first of them ended
}

// New makes the clip and connects nothing yet. Errors: Invalid.
func New(cfg Config) (*Bench, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Bench{cfg: cfg, clip: newClip(cfg.VideoBits, cfg.SoundBits, cfg.FPS), ended: map[End]int{}}, nil
}

// Run pushes until the streams' time is over, MaxDuration at most, or until ctx ends. It fails where no stream at all
// was let in, with the reason of the first.
func (b *Bench) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	n := len(b.cfg.Streams)
	start := time.Now()
	if b.cfg.Duration > 0 {
		b.until = start.Add(b.cfg.Ramp + b.cfg.Duration)
	} else {
		b.until = start.Add(MaxDuration)
	}
	for i, t := range b.cfg.Streams {
		// Within the ramp one after the other, and never at the same moment of the picture's interval as another.
		at := time.Duration(i)*b.cfg.Ramp/time.Duration(n) + time.Duration(i)*b.clip.interval/time.Duration(n)
		wg.Go(func() { b.stream(ctx, t, start.Add(at)) })
	}
	wg.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.connected.Load() == 0 && ctx.Err() == nil {
		return b.first
	}
	return nil
}

// Result is what has come of it so far. It may be called at any time.
func (b *Bench) Result() Result {
	r := Result{
		Streams: len(b.cfg.Streams), Connected: int(b.connected.Load()), Open: int(b.open.Load()),
		Bytes: b.bytes.Load(), Pictures: b.pictures.Load(), Frames: b.frames.Load(),
		Late: b.late.Load(), Blocked: b.blocked.Load(), Worst: time.Duration(b.worst.Load()), Ended: map[End]int{},
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for end, n := range b.ended {
		r.Ended[end] = n
	}
	return r
}

// FirstProblem is why the first of the streams that ended before their time did; nil where none has.
func (b *Bench) FirstProblem() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.first
}

func (b *Bench) end(why End, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended[why]++
	if b.first == nil {
		b.first = fault.New(fault.Unavailable, "a stream ended: %s", why).Because(err)
	}
}
